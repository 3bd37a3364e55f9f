"""Which page is where in the navigation of the site. Knows paths of the repository, not what is in the files.

A pattern takes all pages that it matches and no entry before it has taken, in the order of their names. A page of
``docs/`` that nothing matches is a how-to, so that a new file needs no change here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

HOME = "docs/README.md"
EXCLUDED = ("docs/site/*",)
PARAMETERS = tuple(
    f"docs/gallery/{name}.md"
    for name in ("source", "size", "transformations", "colours", "effects", "overlays", "further-stages", "output")
)
"""In the order in which they work; then all others."""

Entry = str | tuple[str, tuple[str, ...]]
"""A pattern of pages, or a titled group of patterns."""

SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Getting started": ("docs/getting-started.md", "docs/install.md", "docs/playground.md"),
    "How-to": (
        "docs/responsive.md",
        "docs/how-to/responsive*.md",
        "docs/how-to/presets.md",
        "docs/how-to/placeholders.md",
        "docs/how-to/smart-crops.md",
        "docs/how-to/watermarks.md",
        "docs/how-to/animations.md",
        "docs/batch.md",
        "docs/how-to/object-storage.md",
        "docs/how-to/sign*.md",
        "docs/how-to/purging*.md",
        "docs/how-to/*.md",
        ("Migrate from", ("docs/migrate/README.md", "docs/migrate/*.md")),
    ),
    "Reference": (
        ("Parameters", ("docs/parameters.md", "docs/gallery/README.md", *PARAMETERS, "docs/gallery/*.md")),
        "docs/settings.md",
        "docs/command-line.md",
        "docs/errors.md",
        "docs/formats.md",
        "docs/metrics.md",
        "docs/openapi.md",
        "docs/library.md",
        "docs/python-client.md",
        "docs/javascript.md",
        ("URLs of other services", ("docs/dialects.md", "docs/dialects/*.md")),
    ),
    "Explanation": (
        "docs/explanation/colour.md",
        "docs/quality.md",
        "docs/caching.md",
        "docs/freshness.md",
        "docs/overload.md",
        "docs/explanation/*.md",
        "SECURITY.md",
        "docs/speed.md",
        "docs/architecture.md",
    ),
    "Operations": (
        "docs/deployment.md",
        "docs/embedding.md",
        "docs/operations.md",
        "docs/runbook.md",
        "docs/telemetry.md",
        "docs/purging.md",
    ),
    "Comparison": ("docs/features.md",),
    "Benchmarks": ("docs/benchmarks.md", "benchmarks/report.md"),
    "Changelog": ("CHANGELOG.md", "CONTRIBUTING.md", "docs/releasing.md"),
}


@dataclass(frozen=True)
class Page:
    path: str
    """Below the root of the repository."""


@dataclass(frozen=True)
class Group:
    title: str
    items: "tuple[Page | Group, ...]"


def navigation(paths: Iterable[str]) -> tuple[Page | Group, ...]:
    """Return the tree of all pages, each once. Raises ValueError if there is no home."""
    free = sorted(path for path in paths if not any(fnmatch(path, pattern) for pattern in EXCLUDED))
    if HOME not in free:
        raise ValueError(f"{HOME} is missing")
    free.remove(HOME)
    sections = {title: [_entry(entry, free) for entry in entries] for title, entries in SECTIONS.items()}
    sections["How-to"].append(tuple(Page(path) for path in free if path.startswith("docs/")))
    groups = (Group(title, tuple(page for taken in items for page in taken)) for title, items in sections.items())
    return (Page(HOME), *(group for group in groups if group.items))


def pages(items: Iterable[Page | Group]) -> list[str]:
    """Return the paths of a tree in reading order."""
    return [path for item in items for path in ([item.path] if isinstance(item, Page) else pages(item.items))]


def _entry(entry: Entry, free: list[str]) -> tuple[Page | Group, ...]:
    if isinstance(entry, str):
        return _taken(entry, free)
    title, patterns = entry
    items = tuple(page for pattern in patterns for page in _taken(pattern, free))
    return (Group(title, items),) if items else ()


def _taken(pattern: str, free: list[str]) -> tuple[Page, ...]:
    """Remove the pages that a pattern matches from those that are free. ``*`` matches no slash."""
    found = [path for path in free if fnmatch(path, pattern) and path.count("/") == pattern.count("/")]
    for path in found:
        free.remove(path)
    return tuple(map(Page, found))
