"""What is written in a file beside its pixels: each fact by whoever reads it, nothing of it when it is broken.

Knows in which block of which format a text is kept.
"""

import warnings
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs.picture import Header
from pixmill.engine.pixels.facts.exif import exif_of, place_of
from pixmill.engine.pixels.facts.iptc import iptc_of
from pixmill.engine.pixels.facts.xmp import xmp_of
from pixmill.media import Format
from pixmill.plan.question import SEEN, Fact, Question

_IN_PHOTOSHOP: Final = 0x0404
"""Photoshop's image resource that holds IPTC."""

_IN_TIFF: Final = 33_723

Reader = Callable[[memoryview, Header, Question], object]


def texts_of(source: memoryview, header: Header, question: Question) -> dict[str, Any]:
    """The fields of Facts that are asked for and there."""
    told = {
        fact.value: _read(_READERS[fact], source, header, question) for fact in question.include if fact not in SEEN
    }
    return {name: value for name, value in told.items() if value}


def _read(reader: Reader, source: memoryview, header: Header, question: Question) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return reader(source, header, question)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - broken metadata raises anything, and is no reason to refuse the picture
            return None


def _exif(source: memoryview, header: Header) -> Image.Exif:
    """A TIFF is itself what an EXIF block is made like."""
    if header.format is Format.TIFF:
        return TiffImageFile(BytesIO(source)).getexif()
    exif = Image.Exif()
    exif.load(header.exif)
    return exif


def _iptc(source: memoryview, header: Header) -> bytes:
    if header.format is Format.JPEG:
        return bytes(JpegImageFile(BytesIO(source)).info.get("photoshop", {}).get(_IN_PHOTOSHOP, b""))
    if header.format is Format.TIFF:
        return bytes(TiffImageFile(BytesIO(source)).tag_v2.get(_IN_TIFF, b""))
    return b""


_READERS: Final[dict[Fact, Reader]] = {
    Fact.HASH: lambda source, _header, _question: sha256(source).hexdigest(),
    Fact.EXIF: lambda source, header, _: exif_of(_exif(source, header)),
    Fact.GPS: lambda source, header, _: place_of(_exif(source, header)),
    Fact.IPTC: lambda source, header, _: iptc_of(_iptc(source, header)),
    Fact.XMP: lambda _, header, question: xmp_of(header.xmp, gps=Fact.GPS in question.include),
}
