"""What the operations of a URL add up to: stages in their order, and what holds for the whole. Knows plans only."""

from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.uploadcare.values import CENTRE, Alignment, Dimensions, Measure
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Canvas, Clamp, Crop, CropUnit, CropWindow, Fit, ImageOverlay, Resize
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.overlays import Align, Length, OverlayFit, Placement, TextOverlay
from pixmill.plan.source import SourceRef, canvas_ref

PARAM: Final = "operations"
BLACK: Final = Colour(0, 0, 0)
WHITE: Final = Colour()
_WHOLE: Final = Measure(Fraction(1), is_share=True)
_ALIGN: Final = {"left": Align.LEFT, "center": Align.CENTRE, "right": Align.RIGHT}
_EDGE: Final = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}


@dataclass(slots=True)
class Recipe:
    """The operations so far. ``source`` is the image itself, for overlays."""

    source: SourceRef
    sequence: StageSequence = field(default_factory=lambda: StageSequence(PARAM))
    stretch: str = "on"
    fill: Colour | None = None
    orientation: int = 0
    quality: str = "normal"
    format: str = "auto"
    progressive: bool = False
    metadata: Metadata = Metadata.STRIP
    profile: Profile = Profile.SRGB
    inline: bool = True
    has_size: bool = False
    largest: tuple[int, int] = (0, 0)
    font_size: int = 10
    font_colour: Colour = BLACK
    text_align: tuple[str, str] = ("center", "center")
    text_box: str = "none"
    box_colour: Colour = WHITE
    box_padding: int = 0

    def resize(self, resize: Resize, size: tuple[int, int]) -> None:
        """Add a resize that the URL gives a size for."""
        self.has_size, self.largest = True, size
        self.sequence.put(("resize",), resize)

    def pad(self, width: float, height: float, gravity: Point) -> None:
        """Grow the canvas to these sides; 0 for that of the image."""
        self.sequence.put(("canvas",), Canvas(width, height, gravity=gravity))

    def preview(self, width: int, height: int) -> None:
        self.resize(Resize(width, height), (width, height))

    def resize_to(self, width: int, height: int) -> None:
        fit = Fit.FILL if width and height else Fit.INSIDE
        may_enlarge = self.stretch == "on"
        self.resize(Resize(width, height, fit, enlarge=may_enlarge, clamp=Clamp.SIDES), (width, height))
        if self.stretch == "fill":
            self.pad(width, height, CENTRE.point)

    def scale_crop(self, width: int, height: int, gravity: Gravity) -> None:
        may_enlarge = self.stretch == "on"
        resize = Resize(width, height, Fit.COVER, gravity, enlarge=may_enlarge, clamp=Clamp.SIDES)
        self.resize(resize, (width, height))
        if self.stretch == "fill":
            self.pad(width, height, CENTRE.point)

    def crop_window(self, window: CropWindow) -> None:
        self.has_size = True
        self.sequence.put(("crop",), window)

    def crop_size(self, size: Dimensions, align: Alignment) -> None:
        """Cut out a size, also where it lies outside the image: that is filled."""
        self.has_size = True
        width, height = size.width, size.height
        unit = CropUnit.of_axes(is_percent_x=width.is_share, is_percent_y=height.is_share)
        sides = (min(width.number, 100.0) if width.is_share else width.number,
                 min(height.number, 100.0) if height.is_share else height.number)  # fmt: skip
        is_outside = any(not one.is_share and one.value < 0 for one in (align.x, align.y))
        if not align.x.is_share and not align.y.is_share and unit is CropUnit.PIXELS:
            self._crop_at(int(align.x.value), int(align.y.value), width, height)
            return
        if is_outside:
            raise ValueError("must not be negative beside percent")
        self.sequence.put(("crop",), CropWindow(*sides, align.point, unit))
        canvas = [0 if side.is_share else side.number for side in (width, height)]
        self.pad(canvas[0], canvas[1], replace(align.point, offset_x=0, offset_y=0, proportional=False))

    def _crop_at(self, left: int, top: int, width: Measure, height: Measure) -> None:
        visible = (int(width.value) + min(left, 0), int(height.value) + min(top, 0))
        if min(visible) <= 0:
            raise ValueError("must not lie outside the image")
        self.sequence.put(("crop",), Crop(max(left, 0), max(top, 0), *visible))
        start = Point(0, 0, offset_x=max(-left, 0), offset_y=max(-top, 0))
        self.pad(width.number, height.number, start)

    def overlay(
        self, source: SourceRef, size: tuple[Measure | None, Measure | None] | None, placement: Placement
    ) -> None:
        """Draw an image inside a box, which is the whole image by default."""
        width, height = size or (_WHOLE, _WHOLE)
        self.sequence.add_overlay(
            ImageOverlay(
                source, width.length if width else None, height.length if height else None, placement=placement
            )
        )

    def rect(self, colour: Colour, size: Dimensions, placement: Placement) -> None:
        self.sequence.add_overlay(
            ImageOverlay(canvas_ref(1, 1, colour), size.width.length, size.height.length, OverlayFit.FILL, placement)
        )

    def text(self, text: str, size: Dimensions, align: Alignment) -> None:
        """Draw a text into a box: wrapped at its width, and aligned in it."""
        if self.text_box == "fill":
            self.rect(self.box_colour, size, align.placement)
        if not text.strip():
            return
        horizontal, vertical = self.text_align
        x, offset_x = _in_box(align.x, size.width, _EDGE[horizontal])
        y, offset_y = _in_box(align.y, size.height, _EDGE[vertical])
        has_box = self.text_box in ("fit", "line")
        self.sequence.add_overlay(
            TextOverlay(
                escape(text, quote=False),
                size=float(min(max(self.font_size, 4), 1_000)),
                colour=self.font_colour,
                width=size.width.length,
                align=_ALIGN[horizontal],
                background=self.box_colour if has_box else None,
                padding=min(self.box_padding, 500) if has_box else 0,
                placement=Placement(x, y, offset_x, offset_y),
            )
        )

    def check_size(self, max_side: int) -> None:
        """Raise InvalidParameter if the last size is too large."""
        if max(self.largest) > max_side:
            raise InvalidParameter(f"{PARAM}: the largest side is {max_side} pixels in this format", param=PARAM)


def _in_box(position: Measure, side: Measure, edge: float) -> tuple[float, Length]:
    """Return where on an axis of the image the edge of a box is that a text is aligned with, as edge and offset."""
    if position.is_share and side.is_share:
        start = float(position.value * (1 - side.value))
        return edge, Length(round(100 * (start + edge * float(side.value) - edge), 4), percent=True)
    if not position.is_share and not side.is_share:
        return 0.0, Length(float(position.value))
    return (min(max(float(position.value), 0.0), 1.0), Length(0.0)) if position.is_share else (0.0, position.length)
