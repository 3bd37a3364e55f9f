"""What ``make dist`` builds: the same bytes from any folder, complete, with the metadata of the repository."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest
import yaml
from deploy.release.build import (
    build,
    build_sdist,
    build_url_package,
    build_wheel,
    pack_javascript,
    package_chart,
)
from deploy.release.cut import ROOT, CannotRelease, semver

from pixmill import __version__

URL = "https://git.example.com/owner/pixmill"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``make dist`` fills, for a repository."""
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROJECT_URL", URL)
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        build(folder)
    return folder


def test_everything_is_there_and_named_in_the_sums(built: Path) -> None:
    names = {path.name for path in built.iterdir()}
    expected = {f"pixmill-{__version__}{ending}" for ending in (".tar.gz", ".cdx.json")} | {"SHA256SUMS"}
    expected |= {f"pixmill-{semver(__version__)}.tgz"}
    expected |= {f"pixmill_url-{__version__}{ending}" for ending in (".tar.gz", "-py3-none-any.whl")}
    assert expected < names
    others = {name for name in names - expected if not name.startswith("pixmill-js-")}
    assert len(others) == 1, "one wheel of this machine"
    for line in (built / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((built / name).read_bytes()).hexdigest() == digest


def test_the_same_bytes_come_from_another_folder_without_the_variable_in_the_wheel(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source distribution keeps the repository: who builds from it gets the same wheel."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("PROJECT_URL", URL)
    sdist = build_sdist(ROOT, tmp_path)
    monkeypatch.delenv("PROJECT_URL")
    wheel = build_wheel(sdist, tmp_path)
    assert sdist.read_bytes() == (built / sdist.name).read_bytes()
    assert wheel.read_bytes() == (built / wheel.name).read_bytes()


def test_chart_and_client_packages_have_the_same_bytes_when_they_are_built_again(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("PROJECT_URL", URL)
    chart = package_chart(tmp_path, __version__, 1_700_000_000)
    clients = build_url_package(tmp_path, 1_700_000_000) + pack_javascript(tmp_path, __version__)
    for path in (chart, *clients):
        assert path.read_bytes() == (built / path.name).read_bytes(), path.name


def test_the_readme_of_an_index_has_links_that_work(built: Path) -> None:
    [wheel] = built.glob("pixmill-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = HeaderParser().parsestr(archive.read(f"pixmill-{__version__}.dist-info/METADATA").decode())
    text = metadata.get_payload()
    assert isinstance(text, str)
    assert f"]({URL}/raw/v{__version__}/docs/readme.webp)" in text
    assert f"]({URL}/blob/v{__version__}/docs/parameters.md)" in text
    assert "](docs/" not in text
    assert f"Source, {URL}" in metadata.get_all("Project-URL", ())


def test_the_chart_is_a_package_of_the_same_version_with_a_home(built: Path) -> None:
    with tarfile.open(built / f"pixmill-{semver(__version__)}.tgz") as chart:
        described = chart.extractfile("pixmill/Chart.yaml")
        assert described
        values = yaml.safe_load(described.read())
    assert (values["version"], values["appVersion"], values["home"]) == (semver(__version__), __version__, URL)


def test_the_client_packages_name_the_repository(built: Path) -> None:
    """npm refuses provenance of a package that does not name the repository it was built in."""
    [wheel] = built.glob("pixmill_url-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = HeaderParser().parsestr(archive.read(f"pixmill_url-{__version__}.dist-info/METADATA").decode())
    assert f"Source, {URL}" in metadata.get_all("Project-URL", ())
    for package in built.glob("pixmill-js-*.tgz"):
        with tarfile.open(package) as archive:
            described = archive.extractfile("package/package.json")
            assert described
            manifest = json.loads(described.read())
        assert manifest["repository"]["url"] == f"git+{URL}.git"
        assert manifest["version"] == semver(__version__)


def test_without_a_repository_the_build_says_why_it_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(CannotRelease, match="needs a clone with git"):
        build_sdist(tmp_path, tmp_path)


def test_the_bill_of_materials_has_each_locked_dependency_with_its_hashes(built: Path) -> None:
    sbom = json.loads((built / f"pixmill-{__version__}.cdx.json").read_text())
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["purl"]) == (
        "CycloneDX",
        f"pkg:pypi/pixmill@{__version__}",
    )
    [pillow] = [component for component in sbom["components"] if component["name"] == "pillow"]
    assert pillow["purl"] == f"pkg:pypi/pillow@{pillow['version']}"
    assert pillow["externalReferences"][0]["hashes"]


def test_a_wheel_without_a_compiler_says_that_it_is_the_slow_one(built: Path, tmp_path: Path) -> None:
    [sdist] = built.glob("pixmill-*.tar.gz")
    with tarfile.open(sdist) as tar:
        tar.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    uv = Path(sys.executable).with_name("uv")
    command: list[str | Path] = [
        uv,
        "build",
        "--wheel",
        "--no-build-isolation",
        "-p",
        sys.executable,
        "-o",
        tmp_path,
        source,
    ]
    done = subprocess.run(command, env=os.environ | {"CC": "/bin/false"}, capture_output=True, text=True, check=True)
    assert done.stderr.count("WITHOUT its compiled kernel") == 1
    wheel = tmp_path / f"pixmill-{__version__}-py3-none-any.whl"
    site = tmp_path / "site"
    shutil.unpack_archive(wheel, site, "zip")
    doctor, version = (
        subprocess.run(
            [sys.executable, "-m", "pixmill", argument],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        for argument in ("doctor", "--version")
    )
    assert version.stdout == f"pixmill, version {__version__}, without its compiled kernel (slower)\n"
    assert doctor.returncode == 1
    assert "The compiled kernel is missing: images are resampled in 1.5 times the time" in doctor.stdout
