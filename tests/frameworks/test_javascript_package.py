"""The npm package: its own tests, its types, and what npm would publish."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.frameworks.projects import PACKAGE, ROOT, packed_files, prepare, run

MAX_BYTES: Final = 60_000
"""Of all that runs, in any application: what a browser gets is minified and a fifth of it."""

SOURCES: Final = ROOT / PACKAGE / "src"


@pytest.fixture(scope="module")
def package() -> Path:
    return prepare(PACKAGE)


def test_its_own_tests(package: Path) -> None:
    shown = run(package, "node", "--test", "--test-reporter=tap", timeout_s=120)
    assert int(re.findall(r"^# pass (\d+)$", shown, re.MULTILINE)[0]) >= 28
    assert "# fail 0" in shown


def test_types_accept_and_refuse_what_they_should(package: Path) -> None:
    run(package, "node", "node_modules/typescript/bin/tsc", "--project", "test/types", timeout_s=300)


def test_npm_would_publish_the_sources_only() -> None:
    files = packed_files()
    expected = {f"src/{path.name}" for path in SOURCES.iterdir()} | {"LICENSE", "README.md", "package.json"}
    assert set(files) == expected
    assert sum(size for name, size in files.items() if name.endswith(".js")) < MAX_BYTES


def test_every_entry_has_its_types_and_every_module_is_reached() -> None:
    manifest = json.loads((ROOT / PACKAGE / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in manifest
    assert manifest["sideEffects"] is False
    reached = set()
    for name, entry in manifest["exports"].items():
        if name != "./package.json":
            assert next(iter(entry)) == "types"
            paths = {ROOT / PACKAGE / path for path in entry.values()}
            assert all(path.is_file() for path in paths)
            reached |= paths
    waiting = list(reached)
    while waiting:
        source = waiting.pop()
        for found in re.findall(r'(?:from|import\()\s*"(\./[^"]+)"', source.read_text(encoding="utf-8")):
            path = source.parent / found
            if source.name.endswith(".d.ts"):
                path = path.with_suffix(".d.ts")
            assert path.is_file(), f"{source.name}: {found}"
            if path not in reached:
                reached.add(path)
                waiting.append(path)
    assert set(SOURCES.iterdir()) == reached


def test_lock_files_have_no_address() -> None:
    locks = [path for path in ROOT.glob("*/*/package-lock.json") if "build" not in path.parts]
    assert ROOT / PACKAGE / "package-lock.json" in locks
    for lock in locks:
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
        addresses = {entry["resolved"] for entry in packages.values() if "resolved" in entry}
        assert addresses <= {f"../../{PACKAGE}", f"file:../../{PACKAGE}"}, lock
