"""Independent decoders of what Chromium does not show, to PNG, which it does: djxl, ``heif-convert`` and libvips.

Debian's programs, of other versions of the libraries than the service has; libvips, with a TIFF reader that the service
does not use.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyvips

from pixmill.media import Format
from tests import material
from tests.differential import lenient_references

CONVERT_S: Final = 60


def by_djxl(body: bytes) -> bytes | None:
    return _by_program("libjxl-tools", "djxl", body, ".jxl")


def by_heif_convert(body: bytes) -> bytes | None:
    return _by_program("libheif-examples", "heif-convert", body, ".heic")


def by_libvips(body: bytes) -> bytes | None:
    with lenient_references():
        try:
            image: Any = pyvips.Image.tiffload_buffer(body, fail_on="none").autorot()
            if image.interpretation not in ("srgb", "rgb16", "b-w", "grey16"):
                image = (
                    image.icc_transform("srgb", embedded=True)
                    if image.interpretation == "cmyk"
                    else image.colourspace("srgb")
                )
            return bytes(image.pngsave_buffer(compression=1))
        except pyvips.Error:
            return None


CONVERTERS: Final[dict[Format, Callable[[bytes], bytes | None]]] = {
    Format.JXL: by_djxl,
    Format.HEIC: by_heif_convert,
    Format.TIFF: by_libvips,
}


def _by_program(package: str, name: str, body: bytes, ending: str) -> bytes | None:
    """Return the first image that the program writes; none if it writes none."""
    command, extra = material.program(name, package)
    with tempfile.TemporaryDirectory(prefix="pixmill-converted-") as folder:
        original = Path(folder, "original").with_suffix(ending)
        original.write_bytes(body)
        subprocess.run(
            [*command, str(original), str(Path(folder, "out.png"))],
            env=os.environ | extra,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=CONVERT_S,
        )
        found = sorted(Path(folder).glob("out*.png"))
        return _upright(found[0].read_bytes()) if found else None


def _upright(png: bytes) -> bytes:
    """Leave EXIF out, whose orientation has been applied: a browser would apply it again."""
    at, kept = 8, [png[:8]]
    while at < len(png):
        size = 12 + int.from_bytes(png[at : at + 4], "big")
        kept.append(b"" if png[at + 4 : at + 8] == b"eXIf" else png[at : at + size])
        at += size
    return b"".join(kept)
