"""Reads the values of Fastly's parameters: lengths with units, regions, margins, colours. Each raises ValueError.

Knows texts and values of plans; must never know which parameter has a value.
"""

from dataclasses import dataclass
from fractions import Fraction

from pixmill.dialects.kit.colours import components_colour, hex_colour, named_colour
from pixmill.dialects.kit.numbers import decimal, four_sides, half_up, integer, share
from pixmill.dialects.kit.plan_values import aspect as read_aspect
from pixmill.plan.colour import Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Gravity, Point, Smart
from pixmill.plan.ops import MAX_SIDE, Aspect, Canvas, Crop, CropInsets, CropOverflow, CropUnit, CropWindow
from pixmill.plan.transforms import Extend, LengthUnit, Trim


@dataclass(frozen=True, slots=True)
class Side:
    """Pixels, or a share of the side."""

    value: Fraction
    is_share: bool = False

    @property
    def number(self) -> float:
        """The number of a crop: pixels or percent."""
        return float(self.value * 100 if self.is_share else self.value)


def side(text: str) -> Side:
    """Read pixels, ``80p``, ``80%``, or a decimal number below 1. Raises ValueError."""
    if text[-1:] in {"p", "%"}:
        value, is_share = share(text), True
    else:
        value = decimal(text)
        is_share = "." in text and value < 1
    if not 0 <= value <= (100 if is_share else MAX_SIDE):
        raise ValueError("out of bounds")
    return Side(value if is_share else Fraction(half_up(value)), is_share)


def positive_side(text: str) -> Side:
    found = side(text)
    if not found.value:
        raise ValueError("must be above 0")
    return found


@dataclass(frozen=True, slots=True)
class Region:
    """A size or a ratio, and where it lies: a corner, or shares of the space that is left."""

    sides: tuple[Side, Side] | None
    aspect: Aspect | None
    corner: tuple[Side, Side] | None
    offset: tuple[float, float] = (0.5, 0.5)
    smart: bool = False
    safe: bool = False

    @property
    def gravity(self) -> Gravity:
        return Smart() if self.smart else self.point

    @property
    def point(self) -> Point:
        x, y = self.offset
        return Point(x, y, proportional=True)

    def crop(self) -> Crop | CropWindow:
        overflow = CropOverflow.CLIP if self.safe else CropOverflow.REFUSE
        if self.sides is None:
            return CropWindow(gravity=self.gravity, aspect=self.aspect)
        width, height = self.sides
        unit = CropUnit.of_axes(is_percent_x=width.is_share, is_percent_y=height.is_share)
        if self.corner is None:
            return CropWindow(width.number, height.number, self.point, unit, overflow=overflow)
        left, top = (
            one.number if one.is_share is size.is_share or not one.value else _mixed()
            for one, size in zip(self.corner, self.sides, strict=True)
        )
        return Crop(left, top, width.number, height.number, unit, overflow)

    def canvas(self) -> Canvas:
        point = self.point
        if self.corner:
            if any(one.is_share for one in self.corner):
                _mixed()
            point = Point(0, 0, int(self.corner[0].value), int(self.corner[1].value))
        if self.sides is None:
            return Canvas(aspect=self.aspect, gravity=point)
        width, height = self.sides
        if width.is_share is not height.is_share:
            _mixed()
        unit = LengthUnit.PERCENT if width.is_share else LengthUnit.PIXELS
        return Canvas(width.number, height.number, gravity=point, cut=True, unit=unit)


def _mixed() -> float:
    raise ValueError("must have one unit for each direction")


def region(text: str) -> Region:
    """Read ``W,H`` or ``W:H``, then ``xN,yN`` or ``offset-xN,offset-yN``, ``smart``, ``safe``."""
    parts = text.split(",", 8)
    if ":" in parts[0]:
        sides, aspect, rest = None, read_aspect(parts[0]), parts[1:]
    else:
        if len(parts) < 2:  # noqa: PLR2004 - width and height
            raise ValueError("needs width and height")
        sides, aspect, rest = (positive_side(parts[0]), positive_side(parts[1])), None, parts[2:]
    corner: dict[str, Side] = {}
    offsets: dict[str, float] = {}
    words: set[str] = set()
    for part in rest:
        if part.startswith(("offset-x", "offset-y")):
            offsets[part[7]] = float(_between(decimal(part[8:]), 0, 100) / 100)
        elif part[:1] in {"x", "y"}:
            corner[part[0]] = side(part[1:])
        elif part in {"smart", "safe"}:
            words.add(part)
        else:
            raise ValueError("unknown part")
    if "smart" in words and aspect is None:
        raise ValueError("smart needs a ratio")
    zero = Side(Fraction(0))
    found = (corner.get("x", zero), corner.get("y", zero)) if corner and sides else None
    offset = (offsets.get("x", 0.5), offsets.get("y", 0.5))
    return Region(sides, aspect, found, offset, "smart" in words, "safe" in words)


def _between(value: Fraction, low: int, high: int) -> Fraction:
    if not low <= value <= high:
        raise ValueError("out of bounds")
    return value


def _four(text: str) -> tuple[Side, Side, Side, Side]:
    """Read one to four lengths, as the margins of CSS: top, right, bottom, left."""
    return four_sides([side(part) for part in text.split(",", 4)])


def padding(text: str) -> Extend:
    sides = _four(text)
    kinds = {one.is_share for one in sides if one.value}
    if len(kinds) > 1:
        _mixed()
    if True in kinds:
        margins = (min(half_up(one.value * 10_000), MAX_SIDE) for one in sides)
        top, right, bottom, left = margins
        return Extend(top=top, right=right, bottom=bottom, left=left, unit=LengthUnit.PERCENT)
    top, right, bottom, left = (int(one.value) for one in sides)
    return Extend(top=top, right=right, bottom=bottom, left=left)


def insets(text: str) -> CropInsets:
    top, right, bottom, left = _four(text)
    kinds = [{one.is_share for one in pair if one.value} for pair in ((left, right), (top, bottom))]
    if any(len(kind) > 1 for kind in kinds):
        _mixed()
    unit = CropUnit.of_axes(is_percent_x=True in kinds[0], is_percent_y=True in kinds[1])
    return CropInsets(left.number, top.number, right.number, bottom.number, unit)


def colour(text: str) -> Colour:
    """Read 3 or 6 hexadecimal digits, ``r,g,b``, ``r,g,b,a``, or a name."""
    if "," in text:
        return components_colour(text.split(",", 4))
    try:
        return named_colour(text)
    except ValueError:
        return hex_colour(text)


def border(text: str) -> Trim:
    """Read ``auto``, or a colour and a tolerance from 0 to 1: ``white,t0.1``."""
    start, comma, last = text.rpartition(",")
    has_tolerance = bool(comma) and last[:1] == "t"
    body = start if has_tolerance else text
    tolerance = int(_between(decimal(last[1:]), 0, 1) * 255) if has_tolerance else 0
    return Trim(tolerance=tolerance, colour=None if body == "auto" else colour(body))


def sharpening(text: str) -> UnsharpMask | None:
    """Read ``a5,r2,t0``: amount, radius, threshold."""
    found = {part[:1]: decimal(part[1:]) for part in text.split(",", 3)}
    if not found.keys() <= {"a", "r", "t"}:
        raise ValueError("unknown part")
    amount = float(_between(found.get("a", Fraction(1)), 0, 10))
    radius = float(_between(found.get("r", Fraction(1)), 0, 1_000))
    threshold = int(_between(found.get("t", Fraction(0)), 0, 255))
    return UnsharpMask(min(max(radius, 0.3), 10.0), amount, threshold) if amount else None


def threshold(text: str) -> int:
    """Read ``threshold`` or ``threshold,49``, in percent, as an 8-bit value."""
    word, _, number = text.partition(",")
    if word != "threshold":
        raise ValueError("not threshold")
    return max(1, round(float(_between(decimal(number or "49"), 0, 100)) * 2.55))


def quality(text: str) -> tuple[int, ...]:
    found = tuple(integer(part) for part in text.split(",", 2))
    if not 1 <= len(found) <= 2 or not all(0 <= one <= 100 for one in found):  # noqa: PLR2004 - percent
        raise ValueError("out of bounds")
    return tuple(max(one, 1) for one in found)
