"""Transformations of size and shape: resizes, crops, turns, each into the stages of a plan.

Knows arguments and plans; must never know a chain. All raise InvalidParameter.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from pixmill.dialects.akamai.args import MAX_SIDE, Args, refuse
from pixmill.dialects.akamai.chain import Group
from pixmill.dialects.akamai.gravities import CENTRE, NORTH_WEST, gravity_of, inward
from pixmill.dialects.kit.numbers import angle, decimal
from pixmill.dialects.kit.stages import StageSequence
from pixmill.plan.colour import TRANSPARENT
from pixmill.plan.gravity import Faces, FocalPixels, Gravity, PixelRegion, Point, Smart
from pixmill.plan.ops import Aspect, Canvas, Crop, CropInsets, CropWindow, Fit, Flip, Resize, Stage
from pixmill.plan.transforms import Extend, Fill, FreeRotation, Trim

SIZE: Final = ("width", "height")
SHORTCUTS: Final = {"size": SIZE}
CROP_SHORTCUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "size": SIZE,
    "rect": ("rectx", "recty", "width", "height"),
    "location": ("xposition", "yposition"),
}
_MAX_SCALE: Final = 100
_MAX_RATIO: Final = 10_000
_RIGHT_ANGLE: Final = 90
_FITS: Final = {"fit": Fit.INSIDE, "fill": Fit.OUTSIDE, "ignore": Fit.FILL}
_TYPES: Final = {"normal": (True, True), "upsize": (True, False), "downsize": (False, True)}
"""Whether an image may be enlarged, and shrunk."""
_STYLES: Final = {style: style for style in ("crop", "fill", "zoom")}


def resize(sequence: StageSequence, args: Args) -> None:
    width, height = _sides(args)
    if not width and not height:
        refuse(f"{args.name} needs width or height")
    fit = args.word("aspect", _FITS, Fit.INSIDE)
    enlarge, shrink = args.word("type", _TYPES, (True, True))
    both = bool(width and height)
    _put_resize(sequence, Resize(width, height, fit=fit if both else Fit.INSIDE, enlarge=enlarge, shrink=shrink))


def _put_resize(sequence: StageSequence, value: Resize) -> None:
    sequence.put(("resize",), value)


def _sides(args: Args) -> tuple[int, int]:
    return args.side("width"), args.side("height")


def _both_sides(args: Args) -> tuple[int, int]:
    width, height = _sides(args)
    if not width or not height:
        refuse(f"{args.name} needs width and height")
    return width, height


def scale(sequence: StageSequence, args: Args) -> None:
    factors = [float(args.number(name, 0, 0, _MAX_SCALE)) for name in SIZE]
    width, height = factors[0] or factors[1], factors[1] or factors[0]
    if not width:
        refuse(f"{args.name} needs width and height above 0")
    _put_resize(sequence, Resize(width_share=width, height_share=height, fit=Fit.FILL, enlarge=True))


def crop(sequence: StageSequence, args: Args) -> None:
    width, height = _both_sides(args)
    has_corner = "rectx" in args
    anchor = gravity_of(args, NORTH_WEST if has_corner else CENTRE)
    names = ("rectx", "recty") if has_corner else ("xposition", "yposition")
    x, y = (args.offset(name) for name in names)
    expands = args.flag("allowexpansion")
    if anchor == NORTH_WEST:
        _crop_at(sequence, x, y, width, height, expands=expands)
        return
    if expands and not (x or y):
        _put_canvas(sequence, Canvas(width, height, gravity=Point(*anchor), cut=True))
        return
    margin_x, margin_y = (min(side + abs(by), MAX_SIDE) if expands else 0 for side, by in ((width, x), (height, y)))
    if expands:
        _put_extend(sequence, Extend(top=margin_y, right=margin_x, bottom=margin_y, left=margin_x))
    place = Point(*anchor, _moved(x, anchor[0], margin_x), _moved(y, anchor[1], margin_y))
    sequence.put(("crop",), CropWindow(width, height, place))


def _moved(offset: int, anchor: float, margin: int) -> int:
    """Return an offset in an image that has got margins."""
    if anchor == CENTRE[0]:
        return offset
    return inward(offset + margin, anchor)


def _crop_at(sequence: StageSequence, x: int, y: int, width: int, height: int, *, expands: bool) -> None:
    """Cut out a region; what is outside of the image is transparent if it may expand, else cut."""
    inner_width, inner_height = width + min(x, 0), height + min(y, 0)
    if inner_width <= 0 or inner_height <= 0:
        refuse("Crop lies outside the image")
    sequence.put(("crop",), Crop(max(x, 0), max(y, 0), inner_width, inner_height))
    if not expands:
        return
    if x < 0 or y < 0:
        _put_extend(sequence, Extend(top=max(-y, 0), left=max(-x, 0)))
    _put_canvas(sequence, Canvas(width, height, gravity=Point(0, 0)))


def _put_canvas(sequence: StageSequence, canvas: Canvas) -> None:
    sequence.put(("canvas",), canvas)
    sequence.change(("background",), TRANSPARENT)


def _put_extend(sequence: StageSequence, extend: Extend) -> None:
    sequence.put(("extend",), extend)
    sequence.change(("background",), TRANSPARENT)


def aspect_crop(sequence: StageSequence, args: Args) -> None:
    sides = [args.number(name, 0, 0, _MAX_RATIO) for name in SIZE]
    if not all(sides):
        refuse(f"{args.name} needs width and height above 0")
    ratio = (sides[0] / sides[1]).limit_denominator(_MAX_RATIO)
    aspect = Aspect(max(ratio.numerator, 1), ratio.denominator)
    anchor_x, anchor_y = gravity_of(args, CENTRE)
    x = float(args.number("xposition", Fraction(anchor_x), 0, 1))
    y = float(args.number("yposition", Fraction(anchor_y), 0, 1))
    if args.flag("allowexpansion"):
        _put_canvas(sequence, Canvas(aspect=aspect, gravity=Point(x, y, proportional=True)))
    else:
        sequence.put(("crop",), CropWindow(gravity=Point(x, y), aspect=aspect))


def relative_crop(sequence: StageSequence, args: Args) -> None:
    """Take off what is above 0, add transparent pixels for what is below."""
    top, right, bottom, left = (args.offset(edge) for edge in ("north", "east", "south", "west"))
    if max(top, right, bottom, left) > 0:
        sequence.put(("crop",), CropInsets(max(left, 0), max(top, 0), max(right, 0), max(bottom, 0)))
    if min(top, right, bottom, left) < 0:
        margins = Extend(top=max(-top, 0), right=max(-right, 0), bottom=max(-bottom, 0), left=max(-left, 0))
        _put_extend(sequence, margins)


def _styled_crop(sequence: StageSequence, args: Args, style: str, wide: Gravity, close: Gravity) -> None:
    """Cut to a size around something: without scaling, or scaled with as much or as little as possible around it."""
    width, height = _both_sides(args)
    if style == "crop":
        sequence.put(("crop",), CropWindow(width, height, wide))
    else:
        gravity = close if style == "zoom" else wide
        _put_resize(sequence, Resize(width, height, fit=Fit.COVER, gravity=gravity, enlarge=True))


def face_crop(sequence: StageSequence, args: Args) -> None:
    if not any(_sides(args)):
        sequence.put(("crop",), CropWindow(gravity=Faces(), aspect=Aspect(1, 1)))
        return
    padding = args.number("padding", Fraction(1, 2), 0, 100)
    closeness = round(float(1 / (1 + padding)), 4)
    _styled_crop(sequence, args, args.word("style", _STYLES, "zoom"), Faces(), Faces(closeness=closeness))


def feature_crop(sequence: StageSequence, args: Args) -> None:
    _styled_crop(sequence, args, args.word("style", _STYLES, "fill"), Smart(), Smart())


def region_of_interest_crop(sequence: StageSequence, args: Args) -> None:
    region = _region(args)
    if sequence.current != Stage():
        sequence.begin()  # its pixels are those of the image as it is now
    wide = FocalPixels((region,))
    close = FocalPixels((region,), closeness=1.0) if region.width and region.height else wide
    _styled_crop(sequence, args, args.word("style", _STYLES, "zoom"), wide, close)


def _region(args: Args) -> PixelRegion:
    """Read a point, a circle or a rectangle by place or by name, or the box around a polygon."""
    items = args.group("regionofinterest")
    named = {item.name.lower(): item.value for item in items if item.name}
    try:
        if isinstance(points := named.get("points"), tuple):
            return _box_of_points(points)
        values = [_number(item.value) for item in items if not item.name]
        for name in ("anchor", "center"):
            values += [_number(item.value) for item in named.get(name) or () if isinstance(item, tuple)]
        values += [_number(named[name]) for name in ("x", "y", "width", "height", "radius") if name in named]
        return _region_of(values)
    except ValueError:
        args.fail("regionOfInterest", "a point, a circle or a rectangle: (x,y), (x,y,radius) or (x,y,width,height)")


def _number(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("not a number")  # noqa: TRY004 - a text of another form
    return round(min(max(decimal(value), Fraction(0)), Fraction(MAX_SIDE)))


def _region_of(values: list[int]) -> PixelRegion:
    match values:
        case [x, y]:
            return PixelRegion(x, y)
        case [x, y, radius]:
            return PixelRegion(
                max(x - radius, 0), max(y - radius, 0), min(2 * radius, MAX_SIDE), min(2 * radius, MAX_SIDE)
            )
        case [x, y, width, height]:
            return PixelRegion(x, y, width, height)
        case _:
            raise ValueError("wrong number of values")


def _box_of_points(points: Group) -> PixelRegion:
    pairs = [[_number(part.value) for part in item.value] for item in points if isinstance(item.value, tuple)]
    if not pairs or any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - x and y
        raise ValueError("not points")
    left, top = (min(pair[axis] for pair in pairs) for axis in (0, 1))
    right, bottom = (max(pair[axis] for pair in pairs) for axis in (0, 1))
    return PixelRegion(left, top, right - left, bottom - top)


def fit_and_fill(sequence: StageSequence, args: Args) -> None:
    width, height = _both_sides(args)
    _put_resize(sequence, Resize(width, height, fit=Fit.CONTAIN, enlarge=True))
    sequence.put(("extend",), Extend(Fill.BLUR))


def trim(sequence: StageSequence, args: Args) -> None:
    fuzz = args.number("fuzz", args.number("tolerance", Fraction(8, 100), 0, 1), 0, 1)
    padding = round(args.number("padding", 0, 0, MAX_SIDE))
    sequence.put(("trim",), Trim(tolerance=int(fuzz * 255), padding=padding))


def rotate(sequence: StageSequence, args: Args) -> None:
    degrees = angle(args.number("degrees", 0, -36_000, 36_000))
    if degrees % _RIGHT_ANGLE:
        sequence.put(("rotate_free",), FreeRotation(float(degrees)))
    elif degrees:
        sequence.put(("rotate",), int(degrees))


def mirror(sequence: StageSequence, args: Args) -> None:
    horizontal, vertical = args.flag("horizontal"), args.flag("vertical")
    if horizontal or vertical:
        flips = {(True, False): Flip.HORIZONTAL, (False, True): Flip.VERTICAL, (True, True): Flip.BOTH}
        sequence.put(("flip",), flips[horizontal, vertical])
