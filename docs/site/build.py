"""Builds the site of the documentation into ``build/site`` (``make docs-site``).

    python -m docs.site.build

Copies the pages to ``build/site-source``, with links that work in the site, adds the navigation, and renders them with
Zensical, where a warning is an error. A link to a file of the repository that is no page leads to a copy of that file.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from docs.site import llms, markdown
from docs.site.navigation import EXCLUDED, HOME, Group, Page, navigation, pages

from pixmill.api.routes.openapi import document

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
BUILD = ROOT / "build"
SOURCE = BUILD / "site-source"
SITE = BUILD / "site"

OUTSIDE = ("SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/report.md")
"""Pages that are not in ``docs/``."""

LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json", ".js": "javascript"}
WITH_ANCHORS = {"docs/settings.md", "docs/errors.md", "docs/metrics.md"}
"""Pages that are linked to by the names in their tables."""
OTHER = {"README.md": "docs/README.md"}
"""Pages that the site has under another name: its home takes the place of the repository's."""


class Staging:
    """Copies pages and the files that they refer to into a folder."""

    def __init__(self, paths: Iterable[str], folder: Path) -> None:
        self._folder = folder
        self._places = {path: site_path(path) for path in paths}
        self._copied: set[str] = set()

    def page(self, path: str) -> str:
        """Write one page, and return its text."""
        text = (ROOT / path).read_text(encoding="utf-8")
        text = markdown.with_lists(markdown.without_comments(text))
        if path in WITH_ANCHORS:
            text = markdown.with_anchors(text)
        shown = markdown.with_drawings(text, lambda target: _inlined(ROOT / PurePosixPath(path).parent / target))
        self._write(self._places[path], self._linked(path, shown).encode())
        return self._linked(path, text)

    def _linked(self, path: str, text: str) -> str:
        return markdown.with_links(text, lambda target: self._target(path, target))

    def _target(self, page: str, target: str) -> str:
        """Return what a link of a page is in the site."""
        if target.startswith(("http:", "https:", "mailto:", "#", "data:")):
            return target
        name, mark, anchor = target.partition("#")
        path = os.path.normpath(PurePosixPath(page).parent / name)
        path = OTHER.get(path, path)
        if (ROOT / path).is_dir():
            path = next((each for each in (f"{path}/README.md",) if each in self._places), path)
        place = self._places.get(path) or self._copy(path)
        return os.path.relpath(place, PurePosixPath(self._places[page]).parent) + mark + anchor

    def _copy(self, path: str) -> str:
        """Copy a file that is no page: an image as it is, text as a page that shows it."""
        source = ROOT / path
        if not source.exists():
            raise SystemExit(f"{path} does not exist")
        if source.suffix in {".webp", ".svg", ".png", ".jpg", ".json"}:
            place = path.removeprefix("docs/")
            self._write(place, source.read_bytes())
            return place
        place = f"files/{path}.md"
        shown = self._listing(path, place) if source.is_dir() else self._shown(source)
        self._write(place, f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n{shown}\n".encode())
        return place

    def _shown(self, source: Path) -> str:
        fence, text = "`" * 6, source.read_text(encoding="utf-8")
        return f"{fence}{LANGUAGES.get(source.suffix, 'text')}\n{text}{fence}"

    def _listing(self, path: str, place: str) -> str:
        files = sorted(file for file in (ROOT / path).iterdir() if file.is_file())
        links = ((file.name, self._copy(file.relative_to(ROOT).as_posix())) for file in files)
        return "\n".join(f"- [{name}]({os.path.relpath(copy, PurePosixPath(place).parent)})" for name, copy in links)

    def _write(self, place: str, content: bytes) -> None:
        if place not in self._copied:
            self._copied.add(place)
            (self._folder / place).parent.mkdir(parents=True, exist_ok=True)
            (self._folder / place).write_bytes(content)


def _inlined(drawing: Path) -> str:
    """Return a drawing as HTML in a page, without the colours that the site gives it."""
    text = drawing.read_text(encoding="utf-8")
    return f'<figure class="drawing">{re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)}</figure>'.replace(
        "\n", ""
    )


def page_paths() -> list[str]:
    """Return the paths of all pages below the root."""
    found = (path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return [*sorted(path for path in found if not path.startswith(EXCLUDED[0].rstrip("*"))), *OUTSIDE]


def site_path(path: str) -> str:
    """Return where a page is in the site's sources."""
    place = PurePosixPath(path.removeprefix("docs/"))
    if place.name == "README.md":
        place = place.with_name("index.md")
    return place.name.lower() if path in OUTSIDE and "/" not in path else place.as_posix()


def nav(items: Iterable[Page | Group], titles: dict[str, str], above: str = "") -> str:
    """Return the navigation as a value of TOML. A title does not repeat that of the group ``above`` it."""
    parts = (
        f"{{ {json.dumps(_short(titles[item.path], above))} = {json.dumps(site_path(item.path))} }}"
        if isinstance(item, Page)
        else f"{{ {json.dumps(item.title)} = {nav(item.items, titles, item.title)} }}"
        for item in items
    )
    return f"[{', '.join(parts)}]"


def _short(title: str, above: str) -> str:
    return title.removeprefix(f"{above} ") if above else title


def stage() -> dict[str, str]:
    """Write the sources of the site, and return the text of each page in reading order."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(HERE / "assets", SOURCE / "assets")
    tree = navigation(page_paths())
    staging = Staging(pages(tree), SOURCE)
    texts = {path: staging.page(path) for path in pages(tree)}
    titles = {path: markdown.title(text) for path, text in texts.items()} | {HOME: "Home"}
    config = (HERE / "zensical.toml").read_text(encoding="utf-8")
    config = config.replace("[project]\n", f"[project]\nnav = {nav(tree, titles)}\n", 1)
    (BUILD / "zensical.toml").write_text(config, encoding="utf-8")
    return texts


def render() -> None:
    """Render the sources. A warning ends the program."""
    shutil.rmtree(SITE, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=BUILD, env=os.environ | {"NO_COLOR": "1"}, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise SystemExit("the site has not been built")


def complete(texts: dict[str, str]) -> None:
    """Add what the renderer does not make."""
    worker = next((SITE / "assets" / "javascripts" / "workers").glob("search.*.js"))
    code = f"window.searchWorker = {json.dumps(worker.read_text(encoding='utf-8'))};\n"
    (SITE / "assets" / "search-worker.js").write_text(code, encoding="utf-8")
    (SITE / "llms.txt").write_text(llms.index(navigation(page_paths()), texts, site_path), encoding="utf-8")
    (SITE / "openapi.json").write_text(json.dumps(document(), indent=1), encoding="utf-8")
    (SITE / "llms-full.txt").write_text(llms.full(texts), encoding="utf-8")
    for path, text in texts.items():
        (SITE / site_path(path)).write_text(text, encoding="utf-8")


def main() -> None:
    texts = stage()
    render()
    complete(texts)
    print(f"{len(texts)} pages in {SITE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
