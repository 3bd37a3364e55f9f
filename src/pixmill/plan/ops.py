"""What is wanted of one picture, as immutable values that mean the same to every part.

A plan is pure description: it knows no source, no library and no HTTP. Its field order is its
order of work. Spellings that mean the same picture become equal plans (dialects fold ``dpr`` into the
size, drop what has no effect), so that equal plans are equal cache keys.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.media import Format
from pixmill.plan.colour import Colour as Colour  # noqa: PLC0414 - part of the language spoken here

Side = Annotated[int, Meta(ge=0, le=65_535)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]


class Fit(StrEnum):
    """How a picture meets a box of width × height."""

    COVER = "cover"
    CONTAIN = "contain"
    FILL = "fill"
    INSIDE = "inside"
    OUTSIDE = "outside"


class Flip(StrEnum):
    """Mirroring, applied after the turn."""

    NONE = "none"
    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"
    BOTH = "both"


class Unit(StrEnum):
    """What the four numbers of a crop count."""

    PIXELS = "px"
    PERCENT = "pct"


class Metadata(StrEnum):
    """What of EXIF, XMP and IPTC goes into the result."""

    STRIP = "strip"
    KEEP = "keep"


class Smart(Struct, frozen=True, tag="smart", tag_field="by"):
    """Keep what draws the eye (libvips' attention)."""


class Point(Struct, frozen=True, tag="point", tag_field="by"):
    """Keep the window centred on this point of the picture, as far as the edges allow.

    ``x`` and ``y`` are fractions of the width and the height. The nine directions are points too:
    north-west is (0, 0), centre (0.5, 0.5).
    """

    x: Fraction = 0.5
    y: Fraction = 0.5


class Crop(Struct, frozen=True):
    """A region of the turned picture, in pixels or in percent of its sides."""

    left: Annotated[float, Meta(ge=0)]
    top: Annotated[float, Meta(ge=0)]
    width: Annotated[float, Meta(gt=0)]
    height: Annotated[float, Meta(gt=0)]
    unit: Unit = Unit.PIXELS


class Resize(Struct, frozen=True, omit_defaults=True):
    """The box asked for. A side of 0 is free and follows from the other and the picture's shape."""

    width: Side = 0
    height: Side = 0
    fit: Fit = Fit.INSIDE
    gravity: Point | Smart = Point()
    enlarge: bool = False


class Output(Struct, frozen=True, omit_defaults=True):
    """How the result is written.

    ``formats``: one format asked for by name, or, when ``negotiated``, the modern ones that the client named,
    best first (possibly none); the engine then takes the first it can write, else the plain format that fits the picture.
    ``quality`` is 1 to 100 on one scale of looks for all lossy formats.
    """

    formats: tuple[Format, ...] = ()
    negotiated: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    metadata: Metadata = Metadata.STRIP


class Plan(Struct, frozen=True, omit_defaults=True):
    """Everything that decides the pixels and bytes of a result, but the original itself.

    Order of work: EXIF orientation, ``rotate`` (degrees clockwise), ``flip``, ``crop``, ``resize``,
    ``blur`` (sigma in pixels of the result), ``grayscale``, ``background`` (where the format or the fit needs one).
    """

    rotate: Annotated[int, Meta(ge=0, le=270, multiple_of=90)] = 0
    flip: Flip = Flip.NONE
    crop: Crop | None = None
    resize: Resize = Resize()
    blur: Annotated[float, Meta(ge=0, le=250)] = 0.0
    grayscale: bool = False
    background: Colour = Colour()
    output: Output = Output()


PLAN_VERSION: Final = 1
"""Part of every key: raised when the same plan gives other bytes."""
