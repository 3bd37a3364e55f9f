"""A release is cut as docs/releasing.md says: one version everywhere, a section of the changelog, workflows that hold no
token."""

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from deploy.release.cut import CHANGELOG, PLACES, ROOT, CannotRelease, current_version, cut, notes, unreleased

from pixmill import __version__

DAY = date(2031, 2, 3)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that a release changes, with something unreleased."""
    for path in {CHANGELOG, *(place.path for place in PLACES)}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    changelog = tmp_path / CHANGELOG
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(
        text.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- A parameter.\n", 1), "utf-8"
    )
    return tmp_path


def content(root: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_every_place_has_the_version_of_the_package(place: object) -> None:
    assert place in PLACES
    assert [found.removesuffix(" (unreleased)") for found in PLACES[PLACES.index(place)].versions(ROOT)] == [
        __version__
    ]


def test_a_cut_writes_one_version_everywhere_and_a_section(copy: Path) -> None:
    changed = cut(copy, "7.8.9", DAY)
    assert set(changed) == {CHANGELOG, *(place.path for place in PLACES)}
    assert {version for place in PLACES for version in place.versions(copy)} == {"7.8.9"}
    assert unreleased(copy).strip() == ""
    assert "## 7.8.9 — 2031-02-03\n\n### Added\n\n- A parameter.\n" in (copy / CHANGELOG).read_text(encoding="utf-8")
    assert notes(copy, "7.8.9").startswith("### Added\n\n- A parameter.\n")


def test_notes_end_where_the_release_before_begins(copy: Path) -> None:
    cut(copy, "7.8.9", DAY)
    changelog = copy / CHANGELOG
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- Another one.\n"), encoding="utf-8")
    cut(copy, "7.9.0", DAY)
    assert notes(copy, "7.9.0") == "- Another one.\n"


@pytest.mark.parametrize(
    "version", ["7.8", "v7.8.9", "07.8.9", "7.8.9-beta", __version__, "0.0.9", f"{__version__}rc1"]
)
def test_a_version_that_is_none_or_does_not_follow_is_refused(copy: Path, version: str) -> None:
    before = content(copy)
    with pytest.raises(CannotRelease, match=re.escape(version)):
        cut(copy, version, DAY)
    assert content(copy) == before


def test_a_candidate_precedes_its_release(copy: Path) -> None:
    cut(copy, "7.8.9rc1", DAY)
    changelog = copy / CHANGELOG
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- A fix.\n", 1), encoding="utf-8")
    cut(copy, "7.8.9", DAY)
    assert current_version(copy) == "7.8.9"


def test_a_candidate_has_the_spelling_that_each_kind_of_package_takes(copy: Path) -> None:
    cut(copy, "7.8.9rc2", DAY)
    assert {version for place in PLACES for version in place.versions(copy)} == {"7.8.9rc2"}
    assert '__version__ = "7.8.9rc2"' in (copy / "src/pixmill/__init__.py").read_text(encoding="utf-8")
    assert '"version": "7.8.9-rc.2"' in (copy / "packages/pixmill-js/package.json").read_text(encoding="utf-8")
    chart = yaml.safe_load((copy / "deploy/helm/pixmill/Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == ("7.8.9-rc.2", "7.8.9rc2"), "appVersion is the tag of the image"


def test_nothing_to_release_is_refused(copy: Path) -> None:
    cut(copy, "7.8.9", DAY)
    with pytest.raises(CannotRelease, match="nothing under"):
        cut(copy, "7.9.0", DAY)


def test_what_is_to_be_removed_by_now_is_named(copy: Path) -> None:
    (copy / "src/pixmill/old.py").write_text('"""Old names; remove after 7.7."""\n')
    with pytest.raises(CannotRelease, match=r"src/pixmill/old\.py: something is to be removed after 7\.7"):
        cut(copy, "7.8.0", DAY)
    assert cut(copy, "7.7.5", DAY)


def test_the_command_refuses_a_tree_with_changes(copy: Path) -> None:
    subprocess.run(["git", "init", "-q", copy], check=True)
    command: list[str | Path] = [sys.executable, "-m", "deploy.release.cut", "7.8.9", "--root", copy]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "not committed" in done.stderr) == (1, True)


def test_the_command_refuses_a_version_that_has_a_tag_and_a_folder_without_git(
    copy: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(root: Path) -> str:
        command: list[str | Path] = [sys.executable, "-m", "deploy.release.cut", "7.8.9", "--root", root]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    before = content(copy)
    for command in ("init -q", "add .", "-c user.name=A -c user.email=a@example.com commit -q -m a", "tag v7.8.9"):
        subprocess.run(["git", *command.split()], cwd=copy, check=True)
    assert "the tag v7.8.9 exists" in refusal(copy)
    assert (copy / CHANGELOG).read_text(encoding="utf-8") == before[CHANGELOG]
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(empty.parent))
    assert "not a git repository" in refusal(empty)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_what_it_runs_grants_nothing_by_default_and_has_no_token(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    uses = re.findall(r"uses: (\S+)(.*)", text)
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
    assert set(re.findall(r"secrets\.(\w+)", text)) <= {"GITHUB_TOKEN"}
    assert all("permissions" in job and "timeout-minutes" in job for job in workflow["jobs"].values())


def test_workflows_name_no_registry() -> None:
    for path in WORKFLOWS:
        assert not re.search(r"(ghcr|docker|pypi|quay|npmjs)\.(io|com|org)", path.read_text(encoding="utf-8")), path
