"""What the actions of a chain do: stages in the order of the URL, and the output. Knows values and plans."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from msgspec import Struct, structs

from pixmill.dialects.aliyun.chain import Action
from pixmill.dialects.aliyun.options import TABLE, Row
from pixmill.dialects.kit.effects import truncated_gaussian_sigma
from pixmill.dialects.kit.numbers import Reader
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Crop, CropInsets, CropOverflow, CropWindow, Fit, Overlay, Resize
from pixmill.plan.shapes import CornerRadii, Ellipse, Shape
from pixmill.plan.size_rules import SkipSmaller
from pixmill.plan.transforms import FreeRotation

T = TypeVar("T")

INFO: Final = "info"
AVERAGE: Final = "average-hue"
_WHOLE: Final = 65_535
_SHARPENING_SIGMA: Final = 1.0
_RIGHT_ANGLE: Final = 90
_FULL_TURN: Final = 360

_SKIPPED: Final = {
    Fit.COVER: SkipSmaller.EITHER,
    Fit.FILL: SkipSmaller.EITHER,
    Fit.CONTAIN: SkipSmaller.BOTH,
}
"""Without ``limit_0``, an image that would have to be enlarged stays as it is."""

DrawWatermark = Callable[["Values", str], Overlay]


class Values:
    """The values of an action, read."""

    def __init__(self, values: Mapping[str, object], plain: object) -> None:
        self._values = values
        self.plain = plain

    def get(self, name: str, default: T) -> T:
        """Return a value. Its reader gives values of the type of the default."""
        return self._values.get(name, default)  # type: ignore[return-value]

    def find(self, name: str, kind: type[T]) -> T | None:
        value = self._values.get(name)
        return value if isinstance(value, kind) else None

    def __contains__(self, name: str) -> bool:
        return name in self._values


class Output(Struct, frozen=True):
    """What a chain says of the output; ``facts`` names the action that asks for facts."""

    format: Format | None = None
    quality: int = 0
    progressive: bool = False
    as_stored: bool = False
    facts: str = ""


class Chain:
    """The stages of a chain and its output."""

    def __init__(self, param: str, draw: DrawWatermark) -> None:
        """``draw`` returns a watermark. ``param`` is named in errors."""
        self.stages = StageSequence(param)
        self.output = Output()
        self._param, self._draw = param, draw

    def run(self, actions: Iterable[Action]) -> None:
        """Add the actions in their order. Raises InvalidParameter."""
        for action in actions:
            row = TABLE.get(action.name)
            if row is None:
                raise InvalidParameter(f"{self._param} has an unknown action {action.name[:64]!r}", param=self._param)
            values = read_values(action, row, self._param)
            _ACTIONS[action.name](self, values)

    def refuse(self, message: str) -> InvalidParameter:
        return InvalidParameter(f"{self._param}: {message}", param=self._param)

    def set_output(self, **changes: object) -> None:
        self.output = structs.replace(self.output, **changes)

    # Actions

    def resize(self, values: Values) -> None:
        resize = self._sized(values)
        if resize is None:
            raise self.refuse("resize needs one of w, h, l, s and p")
        self.stages.put(("resize",), resize)
        if resize.fit is Fit.CONTAIN:
            self.stages.change(("background",), values.get("color", Colour()))

    def _sized(self, values: Values) -> Resize | None:
        enlarge = not values.get("limit", True)
        fit = values.get("m", Fit.INSIDE)
        width, height = values.get("w", 0), values.get("h", 0)
        longer, shorter = values.get("l", 0), values.get("s", 0)
        if width or height:
            skipped = _SKIPPED.get(fit) if width and height and not enlarge else None
            return Resize(width, height, fit=fit, enlarge=enlarge, skip_smaller=skipped or SkipSmaller.NEVER)
        if longer and shorter:
            skipped = None if enlarge else _SKIPPED.get(fit)
            resize = Resize(longer, shorter, fit=fit, enlarge=enlarge, adaptive=True)
            return structs.replace(resize, skip_smaller=skipped or SkipSmaller.NEVER)
        if longer or shorter:
            side = longer or shorter
            return Resize(side, side, fit=Fit.INSIDE if longer else Fit.OUTSIDE, enlarge=enlarge)
        percent = values.get("p", 0)
        return Resize(zoom=percent / 100, enlarge=percent > 100) if percent else None  # noqa: PLR2004 - percent

    def crop(self, values: Values) -> None:
        self.stages.put(("crop",), _cropped(values))

    def index_crop(self, values: Values) -> None:
        across, down, index = values.get("x", 0), values.get("y", 0), values.get("i", 0)
        if bool(across) == bool(down):
            raise self.refuse("indexcrop needs x or y")
        start = (across or down) * index
        box = (start, 0, across, _WHOLE) if across else (0, start, _WHOLE, down)
        self.stages.put(("crop",), Crop(*box, overflow=CropOverflow.IGNORE))

    def circle(self, values: Values) -> None:
        side = 2 * values.get("r", 0)
        if not side:
            raise self.refuse("circle needs r")
        self.stages.put(("crop",), CropWindow(side, side))
        self.stages.put(("shape",), Shape(mask=Ellipse(circle=True)))

    def round_corners(self, values: Values) -> None:
        radius = float(values.get("r", 0))
        if not radius:
            raise self.refuse("rounded-corners needs r")
        self.stages.put(("shape",), Shape(corner_radii=CornerRadii(radius, radius, radius, radius)))

    def auto_orient(self, values: Values) -> None:
        self.set_output(as_stored=not values.plain)

    def rotate(self, values: Values) -> None:
        angle = _integer(values.plain) % _FULL_TURN
        if angle % _RIGHT_ANGLE == 0:
            self.stages.put(("rotate",), angle)
        else:
            self.stages.put(("rotate_free",), FreeRotation(angle, TRANSPARENT))

    def blur(self, values: Values) -> None:
        radius, sigma = values.get("r", 0), values.get("s", 0)
        if not (radius and sigma):
            raise self.refuse("blur needs r and s")
        self.stages.blur(truncated_gaussian_sigma(radius, sigma))

    def bright(self, values: Values) -> None:
        self.stages.put(("adjust", "tone", "brightness"), float(_integer(values.plain)))

    def contrast(self, values: Values) -> None:
        self.stages.put(("adjust", "tone", "contrast"), float(_integer(values.plain)))

    def sharpen(self, values: Values) -> None:
        amount = _integer(values.plain) / 100
        self.stages.put(("effects", "sharpen"), UnsharpMask(_SHARPENING_SIGMA, amount))

    def watermark(self, values: Values) -> None:
        self.stages.add_overlay(self._draw(values, self._param))

    def format(self, values: Values) -> None:
        self.set_output(format=values.plain)

    def quality(self, values: Values) -> None:
        quality = values.get("Q", 0) or values.get("q", 0)
        if not quality:
            raise self.refuse("quality needs q or Q")
        self.set_output(quality=quality)

    def interlace(self, values: Values) -> None:
        self.set_output(progressive=values.plain)

    def info(self, values: Values) -> None:
        del values
        self.set_output(facts=INFO)

    def average(self, values: Values) -> None:
        del values
        self.set_output(facts=AVERAGE)


_ACTIONS: Final[Mapping[str, Callable[[Chain, Values], None]]] = {
    "resize": Chain.resize,
    "crop": Chain.crop,
    "indexcrop": Chain.index_crop,
    "circle": Chain.circle,
    "rounded-corners": Chain.round_corners,
    "auto-orient": Chain.auto_orient,
    "rotate": Chain.rotate,
    "blur": Chain.blur,
    "bright": Chain.bright,
    "contrast": Chain.contrast,
    "sharpen": Chain.sharpen,
    "watermark": Chain.watermark,
    "format": Chain.format,
    "quality": Chain.quality,
    "interlace": Chain.interlace,
    INFO: Chain.info,
    AVERAGE: Chain.average,
}


def read_values(action: Action, row: Row, param: str) -> Values:
    """Read the values of an action. Raises InvalidParameter."""
    found: dict[str, object] = {}
    for name, text in action.values.items():
        reader = row.values.get(name)
        if reader is None:
            raise InvalidParameter(f"{param}: {action.name[:64]} has no value {name[:64]!r}", param=param)
        found[name] = _read(reader, text, f"{action.name}: {name}", param)
    plain: object = None
    if row.plain is not None:
        plain = _read(row.plain, action.plain, action.name, param)
    elif action.plain:
        raise InvalidParameter(f"{param}: {action.name[:64]} has no value {action.plain[:64]!r}", param=param)
    return Values(found, plain)


def _read(reader: Reader[object], text: str, name: str, param: str) -> object:
    try:
        return reader(text)
    except ValueError:
        raise InvalidParameter(f"{param}: {name[:64]} must be {reader.expects}", param=param) from None


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _cropped(values: Values) -> CropInsets | CropWindow:
    """Return the region: a part beyond the image is cut off, one outside of it is an error."""
    point = values.get("g", Point(0, 0))
    width, height, x, y = (values.get(name, 0) for name in "whxy")
    if point.x == 0.5 or point.y == 0.5:  # noqa: PLR2004 - the centre
        gravity = structs.replace(point, offset_x=x, offset_y=y)
        return CropWindow(width, height, gravity)
    left, right = _insets(point.x, width, x)
    top, bottom = _insets(point.y, height, y)
    return CropInsets(left, top, right, bottom)


def _insets(anchor: float, length: int, offset: int) -> tuple[int, int]:
    """Return what is cut off at both ends; a negative number counts from the other end."""
    if not anchor or not length:
        return offset, -(offset + length) if length else 0
    return (-(length - offset), 0) if offset < length else (_WHOLE, 0)
