"""The files that are compared, by set: those of other projects, and those of our own making.

Other projects' files come from ``tests/material.py``. Knows where files are and what they are called, not how anything
shows them.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pillow_heif
import pillow_jxl  # noqa: F401 - registers its reader with Pillow, which is asked for sizes
from PIL import Image

from pixmill.media import Format
from tests import material
from tests.conformance.made import apng, avif, bmp, gif, heic, ico, jpeg, jxl, png, tiff, webp
from tests.conformance.made.scene import Made

pillow_heif.register_heif_opener()

MAX_BYTES: Final = 1_000_000
MAX_PIXELS: Final = 1_000_000
"""Larger ones cost time and show nothing else."""


@dataclass(frozen=True)
class File:
    name: str
    body: bytes


@dataclass(frozen=True)
class FileSet:
    """Files of one format; ``moving`` if all their frames are compared, and else the first."""

    form: Format
    endings: tuple[str, ...]
    made: tuple[Callable[[], Made], ...] = ()
    moving: bool = False

    def files(self) -> Iterator[File]:
        """Yield each once, also if two projects carry it."""
        seen = set[bytes]()
        for file in (*self._collected(), *self._made()):
            if file.body not in seen:
                seen.add(file.body)
                yield file

    def _collected(self) -> Iterator[File]:
        for project, paths in _PROJECTS.items():
            for path in paths():
                if path.suffix.lower() in self.endings and path.stat().st_size <= MAX_BYTES:
                    body = path.read_bytes()
                    frames, pixels = _extent(body)
                    if pixels <= MAX_PIXELS and (frames > 1 or not self.moving):
                        yield File(f"{project}/{path.name}", body)

    def _made(self) -> Iterator[File]:
        return (File(f"made/{name}", body) for make in self.made for name, body in make())


_PROJECTS: Final[dict[str, Callable[[], list[Path]]]] = {
    "libpng": material.png_suite,
    "pillow": material.pillow_images,
    "libvips": material.libvips_images,
    "libjxl": material.libjxl_images,
    "gdk-pixbuf": material.gdk_pixbuf_images,
    "giflib": material.giflib_images,
    "kimageformats": material.kimageformats_images,
    "x-image": material.go_images,
    "pillow_heif": material.heic_images,
    "libheif": material.libheif_images,
}

SETS: Final = {
    "JPEG": FileSet(Format.JPEG, (".jpg", ".jpeg", ".jpe", ".jfif"), (jpeg.jpeg_files,)),
    "PNG": FileSet(Format.PNG, (".png",), (png.png_files,)),
    "APNG": FileSet(Format.PNG, (".png", ".apng"), (apng.apng_files,), moving=True),
    "GIF": FileSet(Format.GIF, (".gif",), (gif.gif_files,)),
    "GIF, animated": FileSet(Format.GIF, (".gif",), (gif.gif_animations,), moving=True),
    "WebP": FileSet(Format.WEBP, (".webp",), (webp.webp_files,)),
    "WebP, animated": FileSet(Format.WEBP, (".webp",), (webp.webp_animations,), moving=True),
    "AVIF": FileSet(Format.AVIF, (".avif",), (avif.avif_files,)),
    "AVIF, animated": FileSet(Format.AVIF, (".avif", ".avifs"), (avif.avif_animations,), moving=True),
    "BMP": FileSet(Format.BMP, (".bmp", ".dib"), (bmp.bmp_files,)),
    "TIFF": FileSet(Format.TIFF, (".tif", ".tiff"), (tiff.tiff_files,)),
    "HEIC": FileSet(Format.HEIC, (".heic", ".heif", ".hif"), (heic.heic_files,)),
    "JPEG XL": FileSet(Format.JXL, (".jxl",), (jxl.jxl_files,)),
    "ICO": FileSet(Format.ICO, (".ico", ".cur"), (ico.ico_files,)),
}
"""By the names that the table of results has."""


def _extent(body: bytes) -> tuple[int, int]:
    """How many frames and pixels there are, as Pillow says; a file that it cannot read is compared as a small still."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(body)) as image:
            return int(getattr(image, "n_frames", 1)), image.width * image.height
    except Exception:  # noqa: BLE001 - a damaged file may raise anything
        return 1, 0
