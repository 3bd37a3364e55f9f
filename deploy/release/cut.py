"""Cut a release: one version in every file that has one, and a section of the changelog for what was unreleased.

    python -m deploy.release.cut 0.2.0 [--date 2026-12-31] [--root FOLDER]

Checks before it writes; writes nothing if a check fails. Commits nothing: ``make release`` does. Needs Python only.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CHANGELOG: Final = "CHANGELOG.md"
UNRELEASED: Final = "## [Unreleased]\n"
VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:rc([1-9]\d*))?")


class CannotRelease(Exception):
    """A check failed; nothing was written."""


@dataclass(frozen=True)
class Place:
    """A file, and a pattern that is in it once, of which the group ``version`` is the version."""

    path: str
    pattern: str
    is_semver: bool = False
    """Helm and npm take ``1.2.3-rc.1`` only, Python's packages ``1.2.3rc1``."""

    def versions(self, root: Path) -> list[str]:
        """Return the versions that are there, in the spelling of Python's packages."""
        found = re.finditer(self.pattern, self._text(root), re.MULTILINE)
        return [match["version"].replace("-rc.", "rc") if self.is_semver else match["version"] for match in found]

    def replaced(self, root: Path, version: str) -> str:
        """Return the text of the file with another version. Raises CannotRelease."""
        pattern = re.compile(self.pattern, re.MULTILINE)
        spelling = semver(version) if self.is_semver else version
        text, count = pattern.subn(lambda found: _replaced(found, spelling), self._text(root))
        if count != 1:
            raise CannotRelease(f"{self.path} has {count} versions instead of one: {self.pattern}")
        return text

    def _text(self, root: Path) -> str:
        return (root / self.path).read_text(encoding="utf-8")


def semver(version: str) -> str:
    """Return the version as Semantic Versioning spells it."""
    return version.replace("rc", "-rc.")


def _replaced(found: re.Match[str], version: str) -> str:
    start, end = (index - found.start() for index in found.span("version"))
    return f"{found[0][:start]}{version}{found[0][end:]}"


PLACES: Final = (
    Place("src/pixmill/__init__.py", r'^__version__ = "(?P<version>[^"]+)"'),
    Place("deploy/helm/pixmill/Chart.yaml", r"^version: (?P<version>\S+)$", is_semver=True),
    Place("deploy/helm/pixmill/Chart.yaml", r'^appVersion: "(?P<version>[^"]+)"$'),
    Place("docs/features.md", r"^Pixmill (?P<version>\d\S*(?: \(unreleased\))?) beside "),
    Place("src/pixmill/url/version.py", r'^VERSION = "(?P<version>[^"]+)"'),
    Place("packages/pixmill-js/package.json", r'^  "version": "(?P<version>[^"]+)"', is_semver=True),
    Place(
        "packages/pixmill-js/package-lock.json",
        r'\A\{\n  "name": "pixmill",\n  "version": "(?P<version>[^"]+)"',
        is_semver=True,
    ),
    Place(
        "packages/pixmill-js/package-lock.json",
        r'^      "name": "pixmill",\n      "version": "(?P<version>[^"]+)"',
        is_semver=True,
    ),
)
"""Every place of a version. What has none here (the image, the SBOM, the tag) gets it from the package."""


def current_version(root: Path) -> str:
    [version] = PLACES[0].versions(root)
    return version


def cut(root: Path, version: str, day: date) -> list[str]:
    """Write the version and the section; return the files that changed. Raises CannotRelease."""
    problems = list(_problems(root, version))
    if problems:
        raise CannotRelease("\n".join(problems))
    changed: dict[str, str] = {}
    for place in PLACES:
        changed[place.path] = place.replaced(root, version)
        (root / place.path).write_text(changed[place.path], encoding="utf-8")
    changelog = (root / CHANGELOG).read_text(encoding="utf-8")
    section = f"{UNRELEASED}\n## {version} — {day.isoformat()}\n"
    (root / CHANGELOG).write_text(changelog.replace(UNRELEASED, section, 1), encoding="utf-8")
    return [*changed, CHANGELOG]


def _problems(root: Path, version: str) -> Iterator[str]:
    """Yield what speaks against the release."""
    if not VERSION.fullmatch(version):
        yield f"{version} is no version such as 0.2.0 or 0.2.0rc1"
        return
    current = current_version(root)
    if _order(version) <= _order(current):
        yield f"{version} does not follow {current}"
    if not unreleased(root).strip():
        yield f"{CHANGELOG} has nothing under [Unreleased]"
    for place in PLACES:
        try:
            place.replaced(root, version)
        except (CannotRelease, OSError) as error:
            yield str(error)
    for path, until in _overdue(root, version):
        yield f"{path}: something is to be removed after {until}; remove it, or say why it stays"


def unreleased(root: Path) -> str:
    """Return what the changelog has below the heading of the unreleased. Raises CannotRelease."""
    _, heading, rest = (root / CHANGELOG).read_text(encoding="utf-8").partition(UNRELEASED)
    if not heading:
        raise CannotRelease(f"{CHANGELOG} has no line {UNRELEASED!r}")
    return re.split(r"(?m)^## ", rest)[0]


def notes(root: Path, version: str) -> str:
    """Return the section of a release. Raises CannotRelease."""
    text = (root / CHANGELOG).read_text(encoding="utf-8")
    found = re.search(rf"(?ms)^## {re.escape(version)} — \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)", text)
    if not found:
        raise CannotRelease(f"{CHANGELOG} has no section for {version}")
    return found[1].strip() + "\n"


def _order(version: str) -> tuple[int, int, int, float]:
    found = VERSION.fullmatch(version)
    if not found:
        return (0, 0, 0, 0)
    return int(found[1]), int(found[2]), int(found[3]), float(found[4] or "inf")


def _overdue(root: Path, version: str) -> Iterator[tuple[str, str]]:
    """Yield files whose comments say that something is to be removed after an earlier minor version, and which one."""
    for path in sorted((root / "src").rglob("*.py")):
        for until in re.findall(r"remove after (\d+\.\d+)\b", path.read_text(encoding="utf-8")):
            if _order(f"{until}.0")[:2] < _order(version)[:2]:
                yield path.relative_to(root).as_posix(), until


def _require_clean_and_new(root: Path, version: str) -> None:
    if git(root, "status", "--porcelain"):
        raise CannotRelease("there are changes that are not committed")
    if git(root, "tag", "--list", f"v{version}"):
        raise CannotRelease(f"the tag v{version} exists, and tags are never replaced: take the next version")


def git(root: Path, *arguments: str) -> str:
    """Return what git prints. Raises CannotRelease where there is no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotRelease(f"needs a clone with git: {getattr(error, 'stderr', '') or error}".strip()) from None
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.release.cut", description=__doc__.partition("\n")[0])
    parser.add_argument("version")
    parser.add_argument("--date", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--notes", action="store_true", help="print the section of the changelog, and change nothing")
    arguments = parser.parse_args()
    try:
        if arguments.notes:
            sys.stdout.write(notes(arguments.root, arguments.version))
            return
        _require_clean_and_new(arguments.root, arguments.version)
        for path in cut(arguments.root, arguments.version, arguments.date):
            print(path)
    except CannotRelease as error:
        sys.exit(f"cannot release {arguments.version}:\n{error}")


if __name__ == "__main__":
    main()
