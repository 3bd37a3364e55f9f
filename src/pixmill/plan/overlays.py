"""Texts drawn over the result, and the placement, size and blending of texts and images.

Knows values only; must never know how an image is fetched, drawn or blended. Pixels are those of the result.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.plan.colour import Colour
from pixmill.plan.effects import Percent
from pixmill.plan.lengths import exact_fraction, round_position

MAX_OVERLAYS: Final = 16
MAX_TEXT_CHARACTERS: Final = 1_000
"""Of a text as displayed, without markup."""
MAX_TEXT_PIXELS: Final = 16_000_000
"""Of one text: more than a poster needs; each takes one byte for the mask and four for the colours."""

DEFAULT_FONT: Final = "Noto Sans"
"""The font family that is always available."""


class Length(Struct, frozen=True):
    """Pixels, or percent of the result: of its width for horizontal lengths, of its height for vertical ones."""

    value: Annotated[float, Meta(ge=-65_535.0, le=65_535.0)]
    percent: bool = False

    def pixels(self, side: int) -> int:
        """Return whole pixels, rounded half up."""
        return round_position(exact_fraction(self.value) * side / 100 if self.percent else exact_fraction(self.value))


ZERO_LENGTH: Final = Length(0.0)


class Blend(StrEnum):
    """Blend modes of CSS ``mix-blend-mode``, and compositing operators.

    All are limited to the area of the overlay, except ``MASK``, which also makes the image outside of it transparent.
    """

    NORMAL = "normal"
    MULTIPLY = "multiply"
    SCREEN = "screen"
    OVERLAY = "overlay"
    DARKEN = "darken"
    LIGHTEN = "lighten"
    COLOUR_DODGE = "color-dodge"
    COLOUR_BURN = "color-burn"
    HARD_LIGHT = "hard-light"
    SOFT_LIGHT = "soft-light"
    DIFFERENCE = "difference"
    EXCLUSION = "exclusion"
    HUE = "hue"
    SATURATION = "saturation"
    COLOUR = "color"
    LUMINOSITY = "luminosity"
    ADD = "add"
    ATOP = "atop"
    BEHIND = "behind"
    ERASE = "erase"
    XOR = "xor"
    MASK = "mask"


class Repeat(StrEnum):
    """Along which sides an overlay is repeated."""

    NONE = "none"
    HORIZONTAL = "x"
    VERTICAL = "y"
    BOTH = "both"


class OverlayFit(StrEnum):
    """How an overlay image is fitted to a box of two sides; a subset of ``Fit``."""

    INSIDE = "inside"
    COVER = "cover"
    FILL = "fill"
    OUTSIDE = "outside"


class Align(StrEnum):
    """Alignment of the lines of a text."""

    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"
    JUSTIFY = "justify"


class Shadow(Struct, frozen=True):
    """A drop shadow: the alpha in one colour, moved, and blurred by a Gaussian of sigma ``blur``."""

    colour: Colour = Colour(0, 0, 0, 128)
    offset_x: Annotated[int, Meta(ge=-500, le=500)] = 2
    offset_y: Annotated[int, Meta(ge=-500, le=500)] = 2
    blur: Annotated[float, Meta(ge=0.0, le=100.0)] = 2.0


class Placement(Struct, frozen=True, omit_defaults=True):
    """The position of an overlay. ``x`` and ``y`` are shares of the space that it leaves, as in CSS
    ``background-position``: 0 and 1 are the edges of the result; ``offset_x`` and ``offset_y`` move it from there. It
    is first rotated by ``degrees`` clockwise around its centre. Repetitions are ``gap`` pixels apart. ``expand``: the
    canvas grows, transparent, to hold what stands out; not with repetitions, and not for ``Blend.MASK``.
    """

    x: float = 0.5
    y: float = 0.5
    offset_x: Length = ZERO_LENGTH
    offset_y: Length = ZERO_LENGTH
    degrees: Annotated[float, Meta(ge=0.0, lt=360.0)] = 0.0
    opacity: Percent = 100.0
    blend: Blend = Blend.NORMAL
    repeat: Repeat = Repeat.NONE
    gap: Annotated[int, Meta(ge=0, le=1_000)] = 0
    shadow: Shadow | None = None
    expand: bool = False

    @property
    def may_grow(self) -> bool:
        """Whether the canvas grows if the overlay stands out."""
        return self.expand and self.repeat is Repeat.NONE and self.blend is not Blend.MASK


CENTRED_PLACEMENT: Final = Placement()


class Stroke(Struct, frozen=True):
    """The outline of letters."""

    width: Annotated[int, Meta(ge=1, le=20)]
    colour: Colour = Colour(0, 0, 0)


class TextOverlay(Struct, frozen=True, omit_defaults=True, tag="text", tag_field="type"):
    """A text. ``markup`` is Pango markup of plain elements without attributes (``native/grammars/text_markup.py``).

    ``size`` is the font size in pixels. Lines are wrapped at ``width``; by default at the width of the result.
    """

    markup: Annotated[str, Meta(min_length=1, max_length=40_000)]
    font: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{0,63}\Z")] = DEFAULT_FONT
    size: Annotated[float, Meta(ge=4.0, le=1_000.0)] = 32.0
    colour: Colour = Colour(0, 0, 0)
    width: Length | None = None
    align: Align = Align.LEFT
    stroke: Stroke | None = None
    background: Colour | None = None
    padding: Annotated[int, Meta(ge=0, le=500)] = 0
    placement: Placement = CENTRED_PLACEMENT
