"""What operations do: stages in the order of the pipeline, and the output. Knows values and plans."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, structs

from pixmill.dialects.cos.options import MAX_SIDE, MOGR_TABLE, VIEW_TABLE, Row
from pixmill.dialects.cos.pipelines import MOGR, VIEW, Operation
from pixmill.dialects.kit.effects import truncated_gaussian_sigma
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Faces, Point
from pixmill.plan.ops import Clamp, Crop, CropWindow, Fit, Flip, Resize
from pixmill.plan.shapes import CornerRadii, Ellipse, Shape
from pixmill.plan.transforms import FreeRotation

Value = tuple[str, object]

_PERCENT: Final = re.compile(r"!(?:([0-9]{1,4})p|([0-9]{1,4})px|x([0-9]{1,4})p)")
_AREA: Final = re.compile(r"([0-9]{1,9})@")
_BOX: Final = re.compile(r"([0-9]{0,5})x([0-9]{0,5})([<>!]?)")
_LEAST: Final = re.compile(r"!([0-9]{0,5})x([0-9]{0,5})r")
_MOVED: Final = re.compile(r"!?([0-9]{0,5})x([0-9]{0,5})(?:([a-])([0-9]{1,5})([a-])([0-9]{1,5}))?")
_CUT: Final = re.compile(r"([0-9]{1,5})x([0-9]{1,5})(?:x([0-9]{1,5})x([0-9]{1,5}))?")
_MAX_PERCENT: Final = 1_000
_SHARPENING_SIGMA: Final = 1.0
_RIGHT_ANGLE: Final = 90
_FULL_TURN: Final = 360


class Output(Struct, frozen=True):
    """What a pipeline says of the output. ``encoded_again``: the bytes of the original are no result."""

    format: Format | None = None
    quality: int = 0
    progressive: bool = False
    max_bytes: int = 0
    encoded_again: bool = False


def read_values(operation: Operation, table: Mapping[str, Row]) -> list[Value]:
    """Read the values of an operation. Raises InvalidParameter."""
    found: list[Value] = []
    for name, text in operation.values:
        row = table.get(name)
        if row is None:
            raise InvalidParameter(f"{operation.interface} has no {name[:64]!r}", param=operation.interface)
        try:
            found.append((row.option.names[0], row.read(text)))
        except (ValueError, IndexError):
            message = f"{operation.interface}: {name} must be {row.read.expects}"
            raise InvalidParameter(message, param=operation.interface) from None
    return found


class Work:
    """The stages of a pipeline and its output."""

    def __init__(self) -> None:
        self.stages = StageSequence(MOGR)
        self.output = Output()

    def view(self, operation: Operation) -> None:
        """Add an imageView2. Raises InvalidParameter."""
        found = read_values(operation, VIEW_TABLE)
        values = dict(found)
        width, height = (value if isinstance(value := values.get(name), int) else 0 for name in "wh")
        mode = values["mode"]
        if not (width or height):
            raise InvalidParameter(f"{VIEW} needs w or h", param=VIEW)
        self.stages.put(("resize",), _viewed(mode if isinstance(mode, int) else 0, width, height))
        self._write(found)

    def mogr(self, operation: Operation) -> None:
        """Add an imageMogr2. Raises InvalidParameter."""
        found = read_values(operation, MOGR_TABLE)
        values = dict(found)
        for number, (name, value) in enumerate(found):
            run = _RUN.get(name)
            if run is not None:
                run(self, value, _Context(values, _gravity(found, number)))
        self._write(found)

    def slim(self) -> None:
        """Add an imageSlim: the result is encoded again, also if nothing else changes."""
        self.output = structs.replace(self.output, encoded_again=True)

    def _write(self, found: list[Value]) -> None:
        values = dict(found)
        changes = {own: values[name] for name, own in _OUTPUT.items() if name in values}
        self.output = structs.replace(self.output, **changes)


_OUTPUT: Final = {
    "format": "format",
    "quality": "quality",
    "interlace": "progressive",
    "size-limit": "max_bytes",
}


class _Context(Struct, frozen=True):
    """The other values of an operation, and the gravity that counts for this one."""

    values: Mapping[str, object]
    gravity: Point | None

    def colour(self, name: str, default: Colour) -> Colour:
        value = self.values.get(name)
        return value if isinstance(value, Colour) else default


def _gravity(found: list[Value], number: int) -> Point | None:
    """Return the last gravity in front of a value, else the first behind it."""
    before = [value for name, value in found[:number] if name == "gravity"]
    after = [value for name, value in found[number:] if name == "gravity"]
    value = before[-1] if before else after[0] if after else None
    return value if isinstance(value, Point) else None


def _invalid(name: str, form: str) -> InvalidParameter:
    return InvalidParameter(f"{MOGR}: {name} must be {form}", param=MOGR)


def _side(text: str | None) -> int:
    return min(int(text), MAX_SIDE) if text else 0


# imageView2


def _viewed(mode: int, width: int, height: int) -> Resize:
    """Return the box of a mode; nothing is enlarged."""
    if mode == 2:  # noqa: PLR2004 - as it is written in URLs
        return Resize(width, height)
    if mode == 0:
        if width and height and height <= width:
            return Resize(width, height, adaptive=True)
        side = width or height
        return Resize(side, side, fit=Fit.INSIDE if width else Fit.OUTSIDE)
    by_length = mode in _BY_LENGTH
    width, height = width or height, height or width
    if mode in _CUT_MODES:
        return Resize(width, height, fit=Fit.COVER, clamp=Clamp.SIDES, adaptive=by_length)
    return Resize(max(width, height) if by_length else width, height, fit=Fit.OUTSIDE, adaptive=by_length)


_BY_LENGTH: Final = (4, 5)
_CUT_MODES: Final = (1, 5)
"""Modes that name the longer and the shorter side, and modes that cut."""


# imageMogr2


def _thumbnail(work: Work, value: object, context: _Context) -> None:
    resize = _resized(str(value))
    if context.values.get("pad") is True and resize.width and resize.height:
        work.stages.put(("resize",), structs.replace(resize, fit=Fit.CONTAIN))
        work.stages.change(("background",), context.colour("color", Colour()))
    else:
        work.stages.put(("resize",), resize)


def _resized(text: str) -> Resize:
    """Return the box of a thumbnail. Raises InvalidParameter."""
    if match := _PERCENT.fullmatch(text):
        return _scaled(*(int(number) if number else None for number in match.groups()))
    if match := _AREA.fullmatch(text):
        return Resize(max_area=max(int(match[1]), 1))
    if match := _LEAST.fullmatch(text):
        width, height = _side(match[1]), _side(match[2])
        if width or height:
            return Resize(width, height, fit=Fit.OUTSIDE, enlarge=True)
    if match := _BOX.fullmatch(text):
        width, height = _side(match[1]), _side(match[2])
        if width or height:
            fit = Fit.FILL if match[3] == "!" else Fit.INSIDE
            return Resize(width, height, fit=fit, enlarge=match[3] != ">", shrink=match[3] != "<")
    raise _invalid("thumbnail", "a size such as 300x200, !50p or !300x200r")


def _scaled(both: int | None, across: int | None, down: int | None) -> Resize:
    """Return the box in percent; a number out of bounds has no effect."""
    percent = both or across or down or 0
    if not 1 <= percent <= _MAX_PERCENT:
        return Resize()
    if both:
        return Resize(zoom=percent / 100, enlarge=True)
    width, height = (percent / 100, 1.0) if across else (1.0, percent / 100)
    return Resize(width_share=width, height_share=height, fit=Fit.FILL, enlarge=True)


def _crop(work: Work, value: object, context: _Context) -> None:
    match = _MOVED.fullmatch(str(value))
    if match is None or not (_side(match[1]) or _side(match[2])):
        raise _invalid("crop", "a size such as 300x200, 300x or !300x200a10a10")
    width, height = _side(match[1]), _side(match[2])
    across, down = (
        -int(number) if sign == "-" else int(number or 0)
        for sign, number in ((match[3], match[4]), (match[5], match[6]))
    )
    work.stages.put(("crop",), _window(width, height, context.gravity or Point(0, 0), across, down))


def _window(width: int, height: int, point: Point, across: int, down: int) -> Crop | CropWindow:
    """Return a region moved to the right and down; from the left upper corner it is cut at the edges."""
    if (point.x, point.y) == (0, 0) and width and height and across >= 0 and down >= 0:
        return Crop(across, down, width, height)
    return CropWindow(width, height, structs.replace(point, offset_x=across, offset_y=down))


def _cut(work: Work, value: object, context: _Context) -> None:
    match = _CUT.fullmatch(str(value))
    if match is None or not (_side(match[1]) and _side(match[2])):
        raise _invalid("cut", "a region such as 300x200x10x20")
    across, down = (int(number or 0) for number in (match[3], match[4]))
    point = context.gravity or Point(0, 0)
    work.stages.put(("crop",), _window(_side(match[1]), _side(match[2]), point, across, down))


def _face_crop(work: Work, value: object, context: _Context) -> None:
    del context
    match = _CUT.fullmatch(str(value))
    if match is None or match[3] or not (_side(match[1]) and _side(match[2])):
        raise _invalid("scrop", "a size such as 300x200")
    resize = Resize(_side(match[1]), _side(match[2]), fit=Fit.COVER, gravity=Faces(), enlarge=True)
    work.stages.put(("resize",), resize)


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _circle(work: Work, value: object, context: _Context) -> None:
    del context
    side = 2 * _integer(value)
    work.stages.put(("crop",), CropWindow(side, side))
    work.stages.put(("shape",), Shape(mask=Ellipse(circle=True)))


def _corners(work: Work, value: object, context: _Context) -> None:
    del context
    radius = float(_integer(value))
    work.stages.put(("shape",), Shape(corner_radii=CornerRadii(radius, radius, radius, radius)))


def _rotate(work: Work, value: object, context: _Context) -> None:
    angle = _integer(value) % _FULL_TURN
    if angle % _RIGHT_ANGLE == 0:
        work.stages.put(("rotate",), angle)
    else:
        work.stages.put(("rotate_free",), FreeRotation(angle, context.colour("background", TRANSPARENT)))


def _flip(work: Work, value: object, context: _Context) -> None:
    del context
    if isinstance(value, Flip):
        work.stages.put(("flip",), value)


def _blur(work: Work, value: object, context: _Context) -> None:
    del context
    if isinstance(value, tuple):
        work.stages.blur(truncated_gaussian_sigma(*value))


def _sharpen(work: Work, value: object, context: _Context) -> None:
    del context
    work.stages.put(("effects", "sharpen"), UnsharpMask(_SHARPENING_SIGMA, _integer(value) / 100))


def _bright(work: Work, value: object, context: _Context) -> None:
    del context
    work.stages.put(("adjust", "tone", "brightness"), float(_integer(value)))


def _contrast(work: Work, value: object, context: _Context) -> None:
    del context
    work.stages.put(("adjust", "tone", "contrast"), float(_integer(value)))


def _grey(work: Work, value: object, context: _Context) -> None:
    del context
    if value is True:
        work.stages.put(("grayscale",), value)


_RUN: Final[Mapping[str, Callable[[Work, object, _Context], None]]] = {
    "thumbnail": _thumbnail,
    "crop": _crop,
    "cut": _cut,
    "scrop": _face_crop,
    "iradius": _circle,
    "rradius": _corners,
    "rotate": _rotate,
    "flip": _flip,
    "blur": _blur,
    "sharpen": _sharpen,
    "bright": _bright,
    "contrast": _contrast,
    "grayscale": _grey,
}
