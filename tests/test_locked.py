"""Everything that is installed is pinned to content: each requirement has one version and hashes, comes from the
index, and fits pyproject.toml.

Known vulnerabilities need a network: ``make audit``.
"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ["runtime", "dev", "build", "docs", "frameworks", "release"]
PINNED = re.compile(r"([A-Za-z0-9._-]+)(\[[^\]]+\])?==([^\s;]+)(\s*;.*)?")


def locked(name: str) -> dict[str, list[str]]:
    """The versions of each package; markers may choose among several."""
    found: dict[str, list[str]] = {}
    for requirement in requirements(name):
        match = PINNED.fullmatch(requirement[0])
        assert match, f"{requirement[0]} is no pinned version"
        found.setdefault(canonicalize_name(match[1]), []).append(match[3])
    return found


def requirements(name: str) -> list[list[str]]:
    """Each as the requirement itself and its options."""
    text = re.sub(r"(?m)^\s*#.*$", "", (ROOT / "requirements" / f"{name}.txt").read_text()).replace("\\\n", " ")
    return [
        [part.strip() for part in re.split(r"\s(?=--)", line.strip())] for line in text.splitlines() if line.strip()
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_each_requirement_is_one_version_with_hashes_from_the_index(name: str) -> None:
    for requirement, *options in requirements(name):
        assert PINNED.fullmatch(requirement), requirement
        assert options, f"{requirement} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_place_to_get_things_from(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not re.search(r"(?m)^\s*(-i|-f|-e|--index|--extra-index|--find|--trusted|git\+)|://| @ ", text)


def test_the_lock_has_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {"runtime": project["project"]["dependencies"]} | project["dependency-groups"]
    for name, asked in wanted.items():
        versions = locked(name)
        for text in asked:
            requirement = Requirement(text)
            assert requirement.url is None, f"{text} is not from the index"
            found = versions.get(canonicalize_name(requirement.name))
            assert found, f"{text} is not locked: make lock"
            assert any(requirement.specifier.contains(version, prereleases=True) for version in found), text


def test_what_runs_is_what_is_tested() -> None:
    runtime, dev = locked("runtime"), locked("dev")
    assert {name: versions for name, versions in runtime.items() if dev.get(name) != versions} == {}


def test_the_site_is_built_beside_the_tests() -> None:
    """Both are installed into one environment."""
    dev, docs = locked("dev"), locked("docs")
    assert {name: versions for name, versions in docs.items() if dev.get(name, versions) != versions} == {}
