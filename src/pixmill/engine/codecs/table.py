"""Which library reads and writes each format, and why: the one table.

Measured with one thread on photographs of 2040 × 1360 pixels (Pillow 13.0 with libjpeg-turbo 3.2, libwebp 1.6, libavif 1.4;
pyvips-binary 8.18.7), in milliseconds. Formats that are not here are not read or written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Final

from PIL import features

from pixmill.engine.codecs import avif, bitmap, gif, icon, jpeg, libwebp, png, svg, tiff, vips, webp
from pixmill.engine.codecs.late import late
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Picture
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.pixels.frame import Frame
from pixmill.errors import UnsupportedOutput
from pixmill.media import Format
from pixmill.plan.output import PLAIN, Encoding

Opener = Callable[[memoryview], Picture]
"""Reads a header; allocates nothing that grows with the picture. Raises anything on a damaged file."""

Writer = Callable[[Frame, int, Kept, Encoding], bytes]
"""A frame, the quality on the one scale of looks, the metadata to keep, and the encoder's options."""


Animator = Callable[[Reel, int, Kept, Encoding], bytes]
"""The same for an animation; asks for each frame when it needs it."""


@dataclass(frozen=True, slots=True)
class Codec:
    """``reader`` and ``writer`` name the libraries; ``needs`` is the part of Pillow without which neither works, ``extra`` the optional
    part of Pixmill that brings them.
    """

    open: Opener
    reader: str
    write: Writer | None = None
    writer: str = ""
    needs: str = ""
    why: str = ""
    animate: Animator | None = None
    extra: str = ""


CODECS: dict[Format, Codec] = {
    Format.JPEG: Codec(
        jpeg.JpegPicture,
        "Pillow",
        jpeg.write,
        "Pillow",
        "jpg",
        "decode 10.2, halved 8.3 (libvips 16.4, 13.2); encode 512 px 0.5 (1.2)",
    ),
    Format.PNG: Codec(
        png.PngPicture,
        "libvips",
        png.write,
        "libvips",
        "",
        "decode 26.6 (Pillow 35.5); encode 512 px 9 (19.7)",
        png.animate,
    ),
    Format.WEBP: Codec(
        webp.webp,
        "libwebp" if libwebp.available else "Pillow",
        webp.write,
        "Pillow",
        "webp",
        "decode 20 (by way of Pillow 40, libvips 56), cut out before; encode 512 px 14.8 (23.8)",
        webp.animate,
    ),
    Format.AVIF: Codec(
        avif.AvifPicture,
        "Pillow",
        avif.write,
        "Pillow",
        "avif",
        "decode with dav1d 37 (libvips with libaom 93); encode 41.8 (48)",
        avif.animate,
    ),
    Format.GIF: Codec(
        vips.gif, "libvips", gif.write, "libvips", "", "streams; bounds its palette by cgif", gif.animate
    ),
    Format.TIFF: Codec(
        tiff.TiffPicture,
        "Pillow",
        tiff.write,
        "libvips",
        why="reads 96 of 103 test files (libvips 88) and notices when one ends too soon",
    ),
    Format.BMP: Codec(bitmap.BmpPicture, "Pillow", bitmap.write, "Pillow", why="libvips' wheel does not read it"),
    Format.ICO: Codec(icon.icon, "Pillow", icon.write, "libvips", why="libvips' wheel does not read it"),
    Format.SVG: Codec(svg.SvgPicture, "libvips", why="librsvg; sanitised before, drawn at the size that is wanted"),
    Format.HEIC: Codec(
        late("heic", "HeicPicture"),
        "libheif",
        late("heic", "write"),
        "libheif",
        why="libvips' wheel has no HEVC; decode 800 px 16, encode 87",
        extra="heic",
    ),
    Format.JXL: Codec(
        late("jxl", "JxlPicture"),
        "libjxl",
        late("jxl", "write"),
        "libjxl",
        why="libvips' wheel has no libjxl; decode 800 px 11, encode 22",
        extra="jxl",
    ),
    Format.PDF: Codec(
        late("pdf", "PdfPicture"), "PDFium", why="libvips' wheel reads none; confined, and kept well", extra="pdf"
    ),
    Format.RAW: Codec(late("raw", "RawPicture"), "LibRaw", why="reads what cameras write", extra="raw"),
    Format.VIDEO: Codec(late("video", "VideoPicture"), "FFmpeg", why="reads what films are in", extra="video"),
}

EXTRAS: Final[dict[str, str]] = {
    "heic": "pillow_heif",
    "jxl": "pillow_jxl",
    "pdf": "pypdfium2",
    "raw": "rawpy",
    "video": "av",
}
"""The optional parts of Pixmill and the module that each of them brings."""


def readable(kind: Format) -> bool:
    """Can this installation decode the format?"""
    return kind in CODECS and _present(CODECS[kind])


def writable(kind: Format) -> bool:
    """Can this installation encode the format?"""
    return readable(kind) and CODECS[kind].write is not None


def how_to_get(kind: Format) -> str:
    """What to add to a sentence about a format that cannot be read or written, if something can be done about it."""
    extra = CODECS[kind].extra if kind in CODECS else ""
    return f": it lacks the extra pixmill[{extra}]" if extra and not installed(extra) else ""


@cache
def installed(extra: str) -> bool:
    """Is the module there that this extra brings? It is imported when it is first needed."""
    return find_spec(EXTRAS[extra]) is not None


def _present(codec: Codec) -> bool:
    if codec.extra:
        return installed(codec.extra)
    return not codec.needs or bool(features.check(codec.needs))


def write(frame: Frame, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """The frame as a file in its format. Raises UnsupportedOutput for one that is not written here."""
    codec = CODECS.get(frame.format)
    if codec is None or codec.write is None:
        raise UnsupportedOutput(detail=frame.format)
    return codec.write(frame, quality, kept, encoding)


def animatable(kind: Format) -> bool:
    """Can this installation encode an animation in the format?"""
    return writable(kind) and CODECS[kind].animate is not None


def animate(reel: Reel, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """The animation as a file in its format. Raises UnsupportedOutput for one that is not written here."""
    codec = CODECS.get(reel.format)
    if codec is None or codec.animate is None:
        raise UnsupportedOutput(detail=reel.format)
    return codec.animate(reel, quality, kept, encoding)
