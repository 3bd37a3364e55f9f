"""Reads the metadata of a file: hash, EXIF, GPS, IPTC, XMP. Broken metadata is left out.

Unless the location is requested, no fact tells it, nor a text that repeats the name of a place.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.metadata.location_names import find_place_names
from pixmill.engine.metadata.place_names import PlaceNames
from pixmill.engine.metadata.xmp_packet import parse_xmp
from pixmill.engine.pixels.facts.exif import read_exif, read_gps
from pixmill.engine.pixels.facts.iptc import read_iptc
from pixmill.engine.pixels.facts.xmp import read_xmp
from pixmill.media import Format
from pixmill.plan.facts import PIXEL_FACTS, Fact, FactSelection


@dataclass(frozen=True)
class FileMetadata:
    """A file, its header, and whether the location may be returned; parsed when needed."""

    source: memoryview
    header: ImageHeader
    gps: bool

    @cached_property
    def exif(self) -> Image.Exif:
        """The EXIF block; a TIFF file has the structure of one."""
        if self.header.format is Format.TIFF:
            return TiffImageFile(BytesIO(self.source)).getexif()
        exif = Image.Exif()
        exif.load(self.header.exif)
        return exif

    @cached_property
    def places(self) -> PlaceNames:
        """The names of places that texts must not repeat."""
        return PlaceNames(find_place_names(parse_xmp(self.header.xmp), self.header.iptc))

    def allow_text(self, text: str) -> bool:
        """Whether a text may be returned."""
        return self.gps or self.places.allows(text)


FactReader = Callable[[FileMetadata], object]


def read_metadata(source: memoryview, header: ImageHeader, selection: FactSelection) -> dict[str, Any]:
    """Return the requested fields of Facts that exist in the file."""
    file = FileMetadata(source, header, Fact.GPS in selection.include)
    values = {fact.value: _read_fact(_READERS[fact], file) for fact in selection.include if fact not in PIXEL_FACTS}
    return {name: value for name, value in values.items() if value}


def _read_fact(reader: FactReader, file: FileMetadata) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return reader(file)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - broken metadata raises anything, and is no reason to reject the image
            return None


_READERS: Final[dict[Fact, FactReader]] = {
    Fact.HASH: lambda file: sha256(file.source).hexdigest(),
    Fact.EXIF: lambda file: read_exif(file.exif, allow_text=file.allow_text),
    Fact.GPS: lambda file: read_gps(file.exif),
    Fact.IPTC: lambda file: read_iptc(file.header.iptc, gps=file.gps, allow_text=file.allow_text),
    Fact.XMP: lambda file: read_xmp(file.header.xmp, gps=file.gps, allow_text=file.allow_text),
}
