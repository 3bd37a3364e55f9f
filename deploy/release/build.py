"""Build what a release consists of, as far as one machine can, and check it.

    python -m deploy.release.build [FOLDER]        (dist/)

Source distribution; the wheel of this platform, built from it; the client packages for Python and, where there is npm,
JavaScript; the chart as a package; the bill of materials of the locked dependencies (CycloneDX); SHA256SUMS. Wheels of
other platforms are cibuildwheel's, the image is buildx's: see docs/releasing.md. With ``PROJECT_URL`` metadata and
chart name the repository, with ``SOURCE_DATE_EPOCH`` (by default the time of the last commit) the packages have the
same bytes wherever they are built.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

import helm_python
import yaml
from deploy.release.cut import ROOT, CannotRelease, current_version, git, semver

BIN: Final = Path(sys.executable).parent
CHART: Final = ROOT / "deploy" / "helm" / "pixmill"
SDIST_FILES: Final = (
    *("CHANGELOG.md", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg", "setup.py"),
    *("src/pixmill/", "src/pixmill.egg-info/"),
)
"""What a source distribution may contain."""


_NOT_SOURCE: Final = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")


class BadPackage(Exception):
    """A package is not as it should be."""


def build(folder: Path) -> list[Path]:
    """Build and check everything; return the files. Raises BadPackage, CannotRelease, CalledProcessError.

    Packages of an earlier build are removed from the folder.
    """
    version, time_s = current_version(ROOT), int(environment()["SOURCE_DATE_EPOCH"])
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("pixmill[-_]*"), folder / "SHA256SUMS"):
        old.unlink(missing_ok=True)
    sdist = build_sdist(ROOT, folder)
    wheel = build_wheel(sdist, folder)
    chart = package_chart(folder, version, time_s)
    sbom = write_sbom(folder, version)
    check_sdist(sdist, version)
    check_wheel(wheel, version)
    files = [sdist, wheel, chart, sbom, *build_url_package(folder, time_s), *pack_javascript(folder, version)]
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files))
    return [*files, sums]


def environment() -> Mapping[str, str]:
    """Return the environment of builds: that of this process, and the time of the last commit."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ
    return os.environ | {"SOURCE_DATE_EPOCH": git(ROOT, "log", "-1", "--format=%ct").strip()}


def repacked(archive: Path, time_s: int) -> Path:
    """Pack the files of an archive again, in order, of nobody, at one time: the same files give the same bytes."""
    with tarfile.open(archive) as tar:
        members = sorted(tar.getmembers(), key=lambda member: member.name)
        contents = [file.read() if (file := tar.extractfile(member)) else b"" for member in members]
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=time_s) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as tar,
    ):
        for member, content in zip(members, contents, strict=True):
            member.mtime, member.uid, member.gid, member.uname, member.gname = time_s, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() else 0o644
            member.pax_headers = {}
            tar.addfile(member, io.BytesIO(content))
    return archive


def build_sdist(root: Path, folder: Path) -> Path:
    """Build the source distribution from a copy of what git knows: a build writes beside it. Raises CannotRelease."""
    with tempfile.TemporaryDirectory() as copy:
        for name in filter(None, git(root, "ls-files", "-z").split("\0")):
            if name.startswith("src/") or "/" not in name:
                target = Path(copy, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, target)
        _run_uv("--sdist", Path(copy), folder)
    [sdist] = folder.glob("pixmill-*.tar.gz")
    return sdist


def build_wheel(sdist: Path, folder: Path) -> Path:
    """Build the wheel of this platform from the source distribution, so that this is known to be complete."""
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(sdist) as tar:
            tar.extractall(unpacked, filter="data")
        [source] = Path(unpacked).iterdir()
        _run_uv("--wheel", source, folder)
    [wheel] = folder.glob("pixmill-*.whl")
    return wheel


def _run_uv(kind: str, source: Path, folder: Path) -> None:
    command: list[str | Path] = [
        BIN / "uv",
        "build",
        kind,
        "-q",
        "--no-build-isolation",
        "-p",
        sys.executable,
        "-o",
        folder,
        source,
    ]
    subprocess.run(command, env=environment(), check=True)  # noqa: S603 - our own build
    (folder / ".gitignore").unlink(missing_ok=True)


def build_url_package(folder: Path, time_s: int) -> list[Path]:
    """Build ``pixmill-url``, whose files are those of ``pixmill.url``, with the repository as its home."""
    with tempfile.TemporaryDirectory() as copy:
        source = shutil.copytree(ROOT / "packages" / "pixmill-url", Path(copy, "source"), ignore=_NOT_SOURCE)
        if url := os.environ.get("PROJECT_URL"):
            with (source / "pyproject.toml").open("a", encoding="utf-8") as project:
                project.write(f"\n[project.urls]\nHomepage = {json.dumps(url)}\nSource = {json.dumps(url)}\n")
        _run_uv("--sdist", source, folder)
        _run_uv("--wheel", source, folder)
    for sdist in folder.glob("pixmill_url-*.tar.gz"):
        repacked(sdist, time_s)
    return sorted(folder.glob("pixmill_url-*"))


def pack_javascript(folder: Path, version: str) -> list[Path]:
    """Pack the npm package, under a name that is not the chart's; nothing without npm. Raises BadPackage.

    npm publishes with provenance only what names the repository that it was built in.
    """
    npm = shutil.which("npm")
    if npm is None:
        return []
    with tempfile.TemporaryDirectory() as packed:
        ignored = shutil.ignore_patterns("node_modules", "test")
        source = shutil.copytree(ROOT / "packages" / "pixmill-js", Path(packed, "source"), ignore=ignored)
        if url := os.environ.get("PROJECT_URL"):
            manifest = json.loads((source / "package.json").read_text(encoding="utf-8"))
            repository = {"type": "git", "url": f"git+{url}.git", "directory": "packages/pixmill-js"}
            manifest |= {"homepage": url, "bugs": f"{url}/issues", "repository": repository}
            (source / "package.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        command = [npm, "pack", "--silent", "--pack-destination", packed]
        subprocess.run(command, cwd=source, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        archive = Path(packed, f"pixmill-{semver(version)}.tgz")
        if not archive.exists():
            raise BadPackage(f"the npm package is not {semver(version)}")
        return [Path(shutil.copy(archive, folder / f"pixmill-js-{version}.tgz"))]


def package_chart(folder: Path, version: str, time_s: int) -> Path:
    """Package the chart, with the repository as its home. Raises BadPackage if its versions are others."""
    with tempfile.TemporaryDirectory() as copy:
        chart = Path(copy, "pixmill")
        shutil.copytree(CHART, chart)
        described: dict[str, Any] = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
        if (described["version"], described["appVersion"]) != (semver(version), version):
            raise BadPackage(f"the chart is {described['version']} of {described['appVersion']}, the package {version}")
        if url := os.environ.get("PROJECT_URL"):
            described |= {"home": url, "sources": [url]}
            (chart / "Chart.yaml").write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
        return repacked(Path(helm_python.package(chart, destination=folder)), time_s)


def write_sbom(folder: Path, version: str) -> Path:
    """Write the bill of materials: the package and its locked dependencies, with hashes."""
    path = folder / f"pixmill-{version}.cdx.json"
    lock = ROOT / "requirements" / "runtime.txt"
    command: list[str | Path] = [
        BIN / "cyclonedx-py",
        "requirements",
        "--output-reproducible",
        "--of",
        "JSON",
        "-o",
        path,
        lock,
    ]
    subprocess.run(command, check=True)  # noqa: S603 - our own tool
    sbom = json.loads(path.read_text(encoding="utf-8"))
    package = {
        "type": "application",
        "name": "pixmill",
        "version": version,
        "bom-ref": f"pixmill@{version}",
        "purl": f"pkg:pypi/pixmill@{version}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    sbom.setdefault("metadata", {})["component"] = package
    path.write_text(json.dumps(sbom, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    names = {component["name"].lower() for component in sbom["components"]}
    locked = set(re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock.read_text(encoding="utf-8")))
    if names != locked:
        raise BadPackage(f"the bill of materials differs from the lock file: {names ^ locked}")
    return path


def check_sdist(sdist: Path, version: str) -> None:
    """Check what is in it. Raises BadPackage."""
    with tarfile.open(sdist) as tar:
        names = [member.name.partition("/")[2] for member in tar if member.isfile()]
    extra = [name for name in names if not name.startswith(SDIST_FILES) or name.endswith((".so", ".pyc"))]
    if extra or sdist.name != f"pixmill-{version}.tar.gz":
        raise BadPackage(f"{sdist.name} contains {extra}")


def check_wheel(wheel: Path, version: str) -> None:
    """Check name, tags, kernel, metadata and README. Raises BadPackage, CalledProcessError."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = HeaderParser().parsestr(archive.read(f"pixmill-{version}.dist-info/METADATA").decode())
    if not all(any(part in name for name in names) for part in ("/_kernel.", "/_scanlines.")):
        raise BadPackage(f"{wheel.name} was built without a compiler: it has no kernel")
    if "-cp311-abi3-" not in wheel.name:
        raise BadPackage(f"{wheel.name} is not for every Python from 3.11 on")
    if (url := os.environ.get("PROJECT_URL")) and not any(
        url in entry for entry in metadata.get_all("Project-URL", ())
    ):
        raise BadPackage(f"{wheel.name} does not name {url}")
    subprocess.run([BIN / "twine", "check", "--strict", wheel], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    subprocess.run([BIN / "abi3audit", "--strict", wheel], check=True, stderr=subprocess.DEVNULL)  # noqa: S603


if __name__ == "__main__":
    try:
        files = build(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "dist")
    except (BadPackage, CannotRelease) as error:
        sys.exit(f"cannot build: {error}")
    print(*files, sep="\n")
    if "PROJECT_URL" not in os.environ:
        print("Without PROJECT_URL: metadata has no URLs, and links of the README are relative.")
