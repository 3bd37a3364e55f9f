"""Reads the metadata of a file: hash, EXIF, GPS, IPTC, XMP. Broken metadata is left out.

Knows in which block of which format each is stored.
"""

import warnings
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.pixels.facts.exif import read_exif, read_gps
from pixmill.engine.pixels.facts.iptc import read_iptc
from pixmill.engine.pixels.facts.xmp import read_xmp
from pixmill.media import Format
from pixmill.plan.facts import PIXEL_FACTS, Fact, FactSelection

_PHOTOSHOP_IPTC_RESOURCE: Final = 0x0404
"""The Photoshop image resource that contains IPTC."""

_TIFF_IPTC_TAG: Final = 33_723

FactReader = Callable[[memoryview, ImageHeader, FactSelection], object]


def read_metadata(source: memoryview, header: ImageHeader, selection: FactSelection) -> dict[str, Any]:
    """Return the requested fields of Facts that exist in the file."""
    values = {
        fact.value: _read_fact(_READERS[fact], source, header, selection)
        for fact in selection.include
        if fact not in PIXEL_FACTS
    }
    return {name: value for name, value in values.items() if value}


def _read_fact(reader: FactReader, source: memoryview, header: ImageHeader, selection: FactSelection) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return reader(source, header, selection)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - broken metadata raises anything, and is no reason to reject the image
            return None


def _load_exif(source: memoryview, header: ImageHeader) -> Image.Exif:
    """Return the EXIF block; a TIFF file has the structure of one."""
    if header.format is Format.TIFF:
        return TiffImageFile(BytesIO(source)).getexif()
    exif = Image.Exif()
    exif.load(header.exif)
    return exif


def _iptc_block(source: memoryview, header: ImageHeader) -> bytes:
    if header.format is Format.JPEG:
        return bytes(JpegImageFile(BytesIO(source)).info.get("photoshop", {}).get(_PHOTOSHOP_IPTC_RESOURCE, b""))
    if header.format is Format.TIFF:
        return bytes(TiffImageFile(BytesIO(source)).tag_v2.get(_TIFF_IPTC_TAG, b""))
    return b""


_READERS: Final[dict[Fact, FactReader]] = {
    Fact.HASH: lambda source, _header, _selection: sha256(source).hexdigest(),
    Fact.EXIF: lambda source, header, _: read_exif(_load_exif(source, header)),
    Fact.GPS: lambda source, header, _: read_gps(_load_exif(source, header)),
    Fact.IPTC: lambda source, header, _: read_iptc(_iptc_block(source, header)),
    Fact.XMP: lambda _, header, selection: read_xmp(header.xmp, gps=Fact.GPS in selection.include),
}
