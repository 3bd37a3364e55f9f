"""Facts about an image: which are requested, and the values that ``/info`` and ``format=json`` return.

Knows the names of facts. Must never know how one is determined.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.media import Format
from pixmill.plan.lengths import RealSize, exact_fraction


class Fact(StrEnum):
    """Facts that are requested by name, beyond what the header says."""

    HASH = "hash"
    EXIF = "exif"
    GPS = "gps"
    IPTC = "iptc"
    XMP = "xmp"
    AVERAGE = "average"
    PALETTE = "palette"
    BLURHASH = "blurhash"
    THUMBHASH = "thumbhash"
    PHASH = "phash"
    LQIP = "lqip"


PIXEL_FACTS: Final = frozenset((Fact.AVERAGE, Fact.PALETTE, Fact.BLURHASH, Fact.THUMBHASH, Fact.PHASH, Fact.LQIP))
"""The facts for which pixels must be decoded."""

MAX_PALETTE_COLOURS: Final = 16


class FactSelection(Struct, frozen=True, omit_defaults=True):
    """Requested facts: ``include`` in the order of ``Fact``, each once; ``palette_colours`` is a maximum."""

    include: tuple[Fact, ...] = ()
    palette_colours: Annotated[int, Meta(ge=1, le=MAX_PALETTE_COLOURS)] = 6

    @property
    def needs_pixels(self) -> bool:
        """Whether pixels must be decoded."""
        return not PIXEL_FACTS.isdisjoint(self.include)


HEADER_FACTS_ONLY: Final = FactSelection()


ExifValue = str | int | float | tuple[int | float, ...]
"""The value of an EXIF tag."""


class GpsLocation(Struct, frozen=True, omit_defaults=True):
    """Where an image was taken: degrees, north and east positive; metres above sea level."""

    latitude: float
    longitude: float
    altitude: float | None = None


class Swatch(Struct, frozen=True):
    """A palette colour (``#rrggbb``) and its share of the image, 0 to 1."""

    colour: str
    share: float


class VisualFacts(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Facts that need decoded pixels; each only if requested."""

    average: str | None = None
    palette: tuple[Swatch, ...] | None = None
    blurhash: str | None = None
    thumbhash: str | None = None
    phash: str | None = None
    lqip: str | None = None


class Facts(VisualFacts, frozen=True, omit_defaults=True):
    """The response of ``/info``; width and height are as displayed, after orientation.

    ``exact_width`` and ``exact_height`` are present if the sides of a vector drawing are not whole pixels: results have
    their shape. ``frames`` counts the images in the file, ``pages`` those that are not animation frames. The fields
    after ``exact_height`` are present only if requested and found; ``hash`` is the SHA-256 of the file.
    """

    format: Format
    width: int
    height: int
    frames: int
    alpha: bool
    orientation: int
    colour_space: str
    profile: str
    bytes: int
    pages: int = 1
    exact_width: float | None = None
    exact_height: float | None = None
    hash: str | None = None
    exif: dict[str, ExifValue] | None = None
    gps: GpsLocation | None = None
    iptc: dict[str, list[str]] | None = None
    xmp: str | None = None


def exact_size(facts: Facts) -> RealSize | None:
    """Return the exact sides of a vector drawing; None where they are whole pixels."""
    if facts.exact_width is None or facts.exact_height is None:
        return None
    return RealSize(exact_fraction(facts.exact_width), exact_fraction(facts.exact_height))


class Description(VisualFacts, frozen=True, omit_defaults=True):
    """The response of ``format=json``: size and visual facts of the result, and facts of the original."""

    width: int
    height: int
    original: Facts
