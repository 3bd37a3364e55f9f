"""Pictures and texts that are laid over the result, in their order, and where each goes.

Knows what is laid and where, as values. Must never know how a picture is fetched, drawn or mixed. Pixels are those of the result.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.plan.colour import Colour
from pixmill.plan.effects import Percent
from pixmill.plan.lengths import exact_fraction, round_position
from pixmill.plan.source import SourceRef

MAX_OVERLAYS: Final = 16
MAX_TEXT_CHARACTERS: Final = 1_000
"""Of a text, as it is shown."""

DEFAULT_FONT: Final = "Noto Sans"
"""The family that is always there."""


class Length(Struct, frozen=True):
    """Pixels, or percent of the width of the result for what lies across and of its height for what goes down."""

    value: Annotated[float, Meta(ge=-65_535.0, le=65_535.0)]
    percent: bool = False

    def pixels(self, side: int) -> int:
        """Rounded half up."""
        return round_position(exact_fraction(self.value) * side / 100 if self.percent else exact_fraction(self.value))


ZERO_LENGTH: Final = Length(0.0)


class Blend(StrEnum):
    """How colours mix: those of CSS ``mix-blend-mode``, and compositing operators that leave what lies around alone."""

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
    ADD = "add"
    ATOP = "atop"
    BEHIND = "behind"
    ERASE = "erase"
    XOR = "xor"


class Repeat(StrEnum):
    """Along which sides an overlay is repeated."""

    NONE = "none"
    HORIZONTAL = "x"
    VERTICAL = "y"
    BOTH = "both"


class OverlayFit(StrEnum):
    """How an overlay's picture meets a box of two sides; the words of ``Fit``."""

    INSIDE = "inside"
    COVER = "cover"
    FILL = "fill"
    OUTSIDE = "outside"


class Align(StrEnum):
    """Where the lines of a text begin or end."""

    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"
    JUSTIFY = "justify"


class Shadow(Struct, frozen=True):
    """What is opaque, in one colour, moved and blurred by a Gaussian of sigma ``blur``."""

    colour: Colour = Colour(0, 0, 0, 128)
    offset_x: Annotated[int, Meta(ge=-500, le=500)] = 2
    offset_y: Annotated[int, Meta(ge=-500, le=500)] = 2
    blur: Annotated[float, Meta(ge=0.0, le=100.0)] = 2.0


class Placement(Struct, frozen=True, omit_defaults=True):
    """``x`` and ``y``, 0, 0.5 or 1, are the edge or the middle of the result at which the overlay lies; ``right`` and
    ``down`` move it from there. Turned by ``degrees`` clockwise around its middle before that. Repeated with ``gap`` pixels between.
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


CENTRED_PLACEMENT: Final = Placement()


class ImageOverlay(Struct, frozen=True, omit_defaults=True, tag="image", tag_field="type"):
    """Another picture, at its own size where none is given."""

    source: SourceRef
    width: Length | None = None
    height: Length | None = None
    fit: OverlayFit = OverlayFit.INSIDE
    placement: Placement = CENTRED_PLACEMENT


class Stroke(Struct, frozen=True):
    """A line around letters."""

    width: Annotated[int, Meta(ge=1, le=20)]
    colour: Colour = Colour(0, 0, 0)


class TextOverlay(Struct, frozen=True, omit_defaults=True, tag="text", tag_field="type"):
    """Letters. ``markup`` is Pango's, with no other elements than plain ones without attributes (``dialects/native/grammars/text_markup.py``).

    ``size`` is that of the font in pixels. Lines are broken at ``width``, without one at the width of the result.
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


Overlay = ImageOverlay | TextOverlay
Overlays = Annotated[tuple[Overlay, ...], Meta(max_length=MAX_OVERLAYS)]
