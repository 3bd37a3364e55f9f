"""What transformations do, in the order of the URL. Knows values and plans."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct, structs

from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.twicpics.options import AUTO, TABLE
from pixmill.dialects.twicpics.values import Length, Size
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, Point, Smart
from pixmill.plan.ops import Clamp, Crop, CropUnit, CropWindow, Fit, Flip, Resize
from pixmill.plan.size_rules import SkipSmaller

PARAM: Final = "twic"
MAX_TRANSFORMATIONS: Final = 64
_CENTRE: Final = Point()
_MAX_SHOWN: Final = 64
_OPAQUE: Final = 255
_HALF: Final = Fraction(1, 2)
_FAR: Final = 65_535.0
"""Of a region that reaches to the edge, in pixels."""


class Output(Struct, frozen=True):
    """What the transformations say of the output; ``format`` is None for that of the client."""

    format: Format | None = None
    quality: int = 0
    quality_max: int = 100
    quality_min: int = 1


def split_transformations(text: str) -> list[str]:
    """Split at slashes outside of parentheses. Raises InvalidParameter."""
    pieces: list[str] = []
    depth = start = 0
    for position, letter in enumerate(text):
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "/" and depth <= 0:
            pieces.append(text[start:position])
            start = position + 1
    pieces.append(text[start:])
    found = [piece for piece in pieces if piece]
    if len(found) > MAX_TRANSFORMATIONS:
        raise InvalidParameter(f"There may be at most {MAX_TRANSFORMATIONS} transformations", param=PARAM)
    return found


class Manipulation:
    """The stages of a list of transformations, and the output."""

    def __init__(self) -> None:
        self.stages = StageSequence("transformations")
        self.output = Output()
        self._focus: Gravity = _CENTRE
        self._background: Colour | None = None

    def run(self, text: str) -> None:
        """Add a transformation. Raises InvalidParameter, which names it."""
        name, _, value = text.partition("=")
        row = TABLE.get(name)
        if row is None:
            raise InvalidParameter(f"There is no transformation {name[:_MAX_SHOWN]!r}", param=name[:_MAX_SHOWN])
        try:
            read = row.read(value)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
        first = row.option.names[0]
        if first in _RUN:
            _RUN[first](self, read)

    def finish(self) -> None:
        """Put the background behind all that is transparent."""
        if self._background is None:
            return
        if self.stages.current.resize.fit is Fit.CONTAIN and self.stages.takes(("flatten",)):
            self.stages.change(("background",), self._background)
        self.stages.put(("flatten",), self._background)

    # Sizes

    def _put_resize(self, resize: Resize) -> None:
        self.stages.put(("resize",), resize)

    def _cut_focus(self) -> Gravity:
        """Return the focus of a crop; what matters stays so, a point is then in the centre."""
        focus = self._focus
        if not isinstance(focus, Smart | Faces):
            self._focus = _CENTRE
        return focus

    def resize(self, value: object, **rules: object) -> None:
        if isinstance(value, Size):
            resize = _box(value, Fit.FILL)
            self._put_resize(structs.replace(resize, **rules))

    def resize_max(self, value: object) -> None:
        self.resize(value, skip_smaller=SkipSmaller.BOTH)

    def resize_min(self, value: object) -> None:
        self.resize(value, shrink=False, clamp=Clamp.SIDES)

    def contain(self, value: object, **rules: object) -> None:
        if isinstance(value, Size) and value.aspect is None:
            self._put_resize(structs.replace(_box(value, Fit.INSIDE), **rules))

    def contain_max(self, value: object) -> None:
        self.contain(value, enlarge=False)

    def contain_min(self, value: object) -> None:
        self.contain(value, shrink=False)

    def cover(self, value: object, **rules: object) -> None:
        if not isinstance(value, Size):
            return
        if value.aspect is not None:
            self.stages.put(("crop",), CropWindow(gravity=self._cut_focus(), aspect=value.aspect))
        elif value.width and value.height:
            resize = structs.replace(_box(value, Fit.COVER), gravity=self._cut_focus())
            self._put_resize(structs.replace(resize, **rules))
        else:
            self._put_resize(structs.replace(_box(value, Fit.INSIDE), **rules))

    def cover_max(self, value: object) -> None:
        self.cover(value, skip_smaller=SkipSmaller.BOTH)

    def cover_min(self, value: object) -> None:
        self.cover(value, shrink=False)

    def refit(self, value: object) -> None:
        self._focus = Smart()
        self.cover(value)

    def inside(self, value: object) -> None:
        if isinstance(value, Size):
            self._put_resize(_box(value, Fit.CONTAIN))
            self.stages.change(("background",), TRANSPARENT)

    # Regions

    def crop(self, value: object) -> None:
        if not isinstance(value, tuple):
            return
        size, start = value
        if size.aspect is not None:
            window = CropWindow(gravity=self._cut_focus(), aspect=size.aspect)
            self.stages.put(("crop",), window)
        elif start is None:
            width, height, unit = _sides(size)
            self.stages.put(("crop",), CropWindow(width, height, self._cut_focus(), unit))
        else:
            self._region(size, start)

    def _region(self, size: Size, start: tuple[Length, Length]) -> None:
        """Cut a region with a start out. Along an axis where both have different units, it is moved into the image."""
        self._cut_focus()
        left, width, is_percent_x = _span(size.width, start[0])
        top, height, is_percent_y = _span(size.height, start[1])
        unit = CropUnit.of_axes(is_percent_x=is_percent_x, is_percent_y=is_percent_y)
        self.stages.put(("crop",), Crop(left, top, width, height, unit))
        sides = (size.width, size.height)
        across, down = (side if _has_other_unit(side, one) else None for side, one in zip(sides, start, strict=True))
        if across or down:
            zero = Length(Fraction(0))
            corner = _corner(start[0] if across else zero, start[1] if down else zero)
            width, height, unit = _sides(Size(across, down))
            self.stages.put(("crop",), CropWindow(width, height, corner, unit))

    def focus(self, value: object) -> None:
        if isinstance(value, FocalPixels) and self.stages.current.crop is not None:
            self.stages.begin()
        if isinstance(value, Point | Smart | Faces | FocalPixels):
            self._focus = value

    def zoom(self, value: object) -> None:
        if not isinstance(value, Fraction):
            return
        gravity = structs.replace(self._focus, zoom=round(float(value), 6))
        resize = Resize(width_share=1.0, height_share=1.0, fit=Fit.COVER, gravity=gravity, enlarge=True)
        self._put_resize(resize)

    # Pixels and output

    def flip(self, value: object) -> None:
        if isinstance(value, Flip):
            self._cut_focus()
            self.stages.put(("flip",), value)

    def rotate(self, value: object) -> None:
        self._cut_focus()
        self.stages.put(("rotate",), value)

    def background(self, value: object) -> None:
        is_opaque = self._background is not None and self._background.alpha == _OPAQUE
        if isinstance(value, Colour) and not is_opaque:
            self._background = value

    def achromatopsia(self, value: object) -> None:
        if isinstance(value, int):
            self.stages.put(("adjust", "colour", "saturation"), -float(value))

    def set_format(self, value: object) -> None:
        form = None if value == AUTO else value
        self.output = structs.replace(self.output, format=form)

    def set_quality(self, value: object) -> None:
        self.output = structs.replace(self.output, quality=value)

    def set_quality_max(self, value: object) -> None:
        self.output = structs.replace(self.output, quality_max=value)

    def set_quality_min(self, value: object) -> None:
        self.output = structs.replace(self.output, quality_min=value)


_RUN: Final[Mapping[str, Callable[[Manipulation, object], None]]] = {
    "resize": Manipulation.resize,
    "resize-max": Manipulation.resize_max,
    "resize-min": Manipulation.resize_min,
    "contain": Manipulation.contain,
    "contain-max": Manipulation.contain_max,
    "contain-min": Manipulation.contain_min,
    "cover": Manipulation.cover,
    "cover-max": Manipulation.cover_max,
    "cover-min": Manipulation.cover_min,
    "refit": Manipulation.refit,
    "inside": Manipulation.inside,
    "crop": Manipulation.crop,
    "focus": Manipulation.focus,
    "zoom": Manipulation.zoom,
    "flip": Manipulation.flip,
    "turn": Manipulation.rotate,
    "background": Manipulation.background,
    "achromatopsia": Manipulation.achromatopsia,
    "output": Manipulation.set_format,
    "quality": Manipulation.set_quality,
    "quality-max": Manipulation.set_quality_max,
    "quality-min": Manipulation.set_quality_min,
}


def _box(size: Size, fit: Fit) -> Resize:
    """Return a box, which may enlarge."""
    width, height = size.width, size.height
    return Resize(
        width=width.pixels if width and not width.is_share else 0,
        height=height.pixels if height and not height.is_share else 0,
        width_share=float(width.value) if width and width.is_share else 0.0,
        height_share=float(height.value) if height and height.is_share else 0.0,
        aspect=size.aspect,
        fit=fit if size.aspect or (width and height) else Fit.INSIDE,
        enlarge=True,
    )


def _sides(size: Size) -> tuple[float, float, CropUnit]:
    """Return the sides of a region and their unit; 0 for the whole side."""
    width, height = size.width, size.height
    sides = [float(one.value * 100 if one.is_share else one.value) if one else 0.0 for one in (width, height)]
    unit = CropUnit.of_axes(is_percent_x=bool(width and width.is_share), is_percent_y=bool(height and height.is_share))
    return sides[0], sides[1], unit


def _has_other_unit(length: Length | None, start: Length) -> bool:
    return length is not None and length.is_share is not start.is_share and bool(start.value)


def _span(length: Length | None, start: Length) -> tuple[float, float, bool]:
    """Return start and length of a region along one axis, and whether they are percent; the whole axis if they mix."""
    if _has_other_unit(length, start):
        return 0.0, _FAR, False
    is_share = length.is_share if length else start.is_share
    factor = 100 if is_share else 1
    return (
        float(start.value * factor),
        float(length.value * factor) if length else 100.0 if is_share else _FAR,
        is_share,
    )


def _corner(x: Length, y: Length) -> Point:
    """Return the gravity of a window whose left upper corner is at this point."""
    pixels = [0 if one.is_share else int(one.value + _HALF) for one in (x, y)]
    shares = [float(one.value) if one.is_share else 0.0 for one in (x, y)]
    return Point(0, 0, pixels[0], pixels[1], shares[0], shares[1])
