"""What the options and the filters of one URL make together: stages, output, and properties of the answer.

Filters change it in two passes: those that say how the image is cut and resized, then, after that, the others in the
order of the URL. Knows plans; must never know how a filter is written.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from msgspec import Struct, field, structs

from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.thumbor.grammar import PathOptions
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import Canvas, Fit, Resize
from pixmill.plan.overlays import Placement
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import Extend, Fill, Trim

FindSource = Callable[[str], SourceRef]
"""From the name or the URL of an image, decoded, to its source. Raises InvalidParameter."""

FILTERS: Final = "filters"

Padding = tuple[int, int, int, int]
"""Left, top, right, bottom."""

NO_PADDING: Final[Padding] = (0, 0, 0, 0)

UNKNOWN: Final = (0, 0)
"""A size that depends on the original."""

_RESIZE: Final = ("resize",)
_CANVAS: Final = ("canvas",)
_EXTEND: Final = ("extend",)
_BACKGROUND: Final = ("background",)
_FLATTEN: Final = ("flatten",)
_TRIM: Final = ("trim",)
_MIN_ZOOM: Final = 0.000001


def invalid_filter(name: str, reason: str) -> InvalidParameter:
    return InvalidParameter(f"{name}: {reason}", param=FILTERS)


class Focus(Struct, frozen=True):
    """A region to keep: its centre and its weight, in pixels, or in shares of the sides if ``is_share``."""

    x: float
    y: float
    weight: float = 1.0
    is_share: bool = False


def _sequence() -> StageSequence:
    return StageSequence(FILTERS)


AddNestedImage = Callable[["Recipe", str, Placement], None]
"""Draws the image of a path with options and filters of its own. Raises InvalidParameter."""


class Recipe(Struct):
    """One image in the making."""

    options: PathOptions
    find_source: FindSource
    add_nested_image: AddNestedImage
    depth: int = 0
    """How many images this one is nested in."""
    sequence: StageSequence = field(default_factory=_sequence)

    # How the image is cut and resized.
    may_upscale: bool | None = None
    lets_fit_in_enlarge: bool = False
    is_stretched: bool = False
    is_decoded_whole: bool = False
    """Whether imagor does not shrink the image while it decodes it, and then rounds in another way."""
    focus: list[Focus] = field(default_factory=list[Focus])
    extracts_focal: bool = False
    orient: int = 0
    ignores_orientation: bool = False
    canvas: tuple[int, int] = UNKNOWN
    """The sides that ``fill`` pads to; 0 for the image's own."""
    is_canvas_adaptive: bool = False
    padding: Padding = NO_PADDING
    """What ``fill`` adds on each side."""
    shape: tuple[int, int] = UNKNOWN
    """The size of the image at this point of the URL."""

    # What is decoded.
    is_still: bool = False
    page: int = 0
    dpi: int = 0
    max_frames: int = 0

    # Output.
    output_format: Format | None = None
    converts_opaque_png: bool | None = None
    quality: int | None = None
    max_bytes: int = 0
    is_lossless: bool = False
    colours: int = 0
    effort: int = 0
    keeps_metadata: bool = True
    keeps_profile: bool = True
    profile_name: str = ""
    is_raw: bool = False

    # The answer.
    max_age_s: int | None = None
    expires_s: float | None = None
    filename: str | None = None
    facts: tuple[str, ...] = ()

    def fill_canvas(self, colour: Colour, fill: Fill = Fill.COLOUR) -> None:
        """Pad the image to the canvas, then on each side."""
        sequence = self.sequence
        resize = sequence.current.resize
        width, height = (0 if has == wants else wants for has, wants in zip(self.shape, self.canvas, strict=True))
        left, top, right, bottom = self.padding
        if (
            (width and height)
            and sequence.takes(_EXTEND)
            and resize.fit is Fit.INSIDE
            and (resize.width, resize.height) == (width, height)
        ):
            sequence.change(_RESIZE, structs.replace(resize, fit=Fit.CONTAIN))
        elif self.is_canvas_adaptive:
            sequence.put(_RESIZE, Resize(width, height, Fit.CONTAIN, adaptive=True))
        elif width or height:
            sequence.put(_CANVAS, Canvas(width=width, height=height, cut=True))
        elif self.padding == NO_PADDING:
            return
        self._extend(Extend(fill, top, right, bottom, left), colour)
        self.shape = UNKNOWN

    def pad(self, colour: Colour, padding: Padding) -> None:
        """Add margins."""
        left, top, right, bottom = padding
        if padding != NO_PADDING:
            if not self.sequence.takes(_EXTEND):
                self.sequence.begin()
            self._extend(Extend(Fill.COLOUR, top, right, bottom, left), colour)
            self.shape = UNKNOWN

    def _extend(self, extend: Extend, colour: Colour) -> None:
        self.sequence.put_together(_EXTEND, extend)
        self.sequence.change(_BACKGROUND, colour)

    def flatten(self, colour: Colour) -> None:
        """Put a colour behind the whole image."""
        if colour.alpha:
            self.sequence.put(_FLATTEN, colour)

    def transpose_canvas(self) -> None:
        """Turn what later filters pad to, with the image."""
        left, top, right, bottom = self.padding
        self.canvas, self.padding = self.canvas[::-1], (top, left, bottom, right)
        self.shape = self.shape[::-1]

    def scale(self, factor: Fraction) -> None:
        """Scale the image as it is."""
        zoom = max(round(float(factor), 6), _MIN_ZOOM)
        self.sequence.put(_RESIZE, Resize(zoom=zoom, rounding=RoundingMode.TRUNCATE))
        self.shape = UNKNOWN

    def trim(self, trim: Trim) -> None:
        """Cut off borders at this point."""
        self.sequence.put(_TRIM, trim)
        self.shape = UNKNOWN

    def strip_metadata(self) -> None:
        self.keeps_metadata = self.keeps_profile = False
