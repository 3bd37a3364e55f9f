"""Effects, ``e_NAME:VALUE``: their names, the values that they take, and what they do to the stages of an image.

Knows plans. Where nothing is published about a scale, the row says that it differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from pixmill.dialects.cloudinary.values import Side, colour
from pixmill.dialects.kit.colours import with_opacity
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle, decimal
from pixmill.dialects.kit.options import Option, Status
from pixmill.dialects.kit.stages import Field, StageSequence
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Duotone, RedactionBox, RegionBlur, RegionPixelation, UnsharpMask
from pixmill.plan.transforms import Trim

BLACK: Final = Colour(0, 0, 0)
_RATHER: Final = "The scale is not published."
_WHOLE_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class EffectCall:
    """An effect of a component: its arguments, and the other parameters that it looks at."""

    args: tuple[str, ...]
    number: float
    colour: Colour | None
    region: tuple[Side | None, Side | None, Side | None, Side | None] = (None, None, None, None)


Apply = Callable[[StageSequence, EffectCall], None]


@dataclass(frozen=True, slots=True)
class Effect:
    """A row: ``default`` counts if there is no number; a number is between ``low`` and ``high``."""

    option: Option
    apply: Apply
    default: float = 0
    low: float = 0
    high: float = 0
    has_region: bool = False
    is_trim: bool = False
    names: tuple[str, ...] = field(default=())

    def number(self, text: str) -> float:
        """Read the first argument. Raises ValueError."""
        if not text or self.low == self.high:
            return self.default
        value = float(decimal(text))
        if not self.low <= value <= self.high:
            raise ValueError(f"the value must be from {self.low:g} to {self.high:g}")
        return value


def _put(path: Field, value: Callable[[float], object]) -> Apply:
    return lambda sequence, call: sequence.put(path, value(call.number))


def _tone(name: str, value: Callable[[float], object] = float) -> Apply:
    return _put(("adjust", "tone", name), value)


def _colour(name: str, value: Callable[[float], object] = float) -> Apply:
    return _put(("adjust", "colour", name), value)


def _blur(sequence: StageSequence, call: EffectCall) -> None:
    sigma = blur_sigma(call.number / 20)
    if sigma:
        sequence.blur(sigma)


def _sharpen(sigma: float) -> Apply:
    def apply(sequence: StageSequence, call: EffectCall) -> None:
        sequence.put(("effects", "sharpen"), UnsharpMask(sigma, min(10.0, call.number / 100)))

    return apply


def _pixelate(sequence: StageSequence, call: EffectCall) -> None:
    block = round(call.number)
    if block > 1:
        sequence.put(("effects", "pixelate"), block)


def _pixelate_faces(sequence: StageSequence, call: EffectCall) -> None:
    block = round(call.number)
    if block > 1:
        sequence.put(("effects", "pixelate_faces"), block)


def _region(call: EffectCall) -> tuple[RedactionBox, ...]:
    """Return the region of a component; without sides, the whole image. Raises ValueError."""
    x, y, width, height = call.region
    sides = [one for one in call.region if one is not None and one.value]
    is_share = any(one.is_share for one in sides)
    if any(one.is_share is not is_share for one in sides):
        raise ValueError("a region is in pixels, or in shares")
    factor = _WHOLE_PERCENT if is_share or not sides else 1
    whole = _WHOLE_PERCENT if factor == _WHOLE_PERCENT else 65_535
    left, top = (float((one.value if one else Fraction(0)) * factor) for one in (x, y))
    if left < 0 or top < 0:
        raise ValueError("a region begins in the image")
    right, bottom = (float(one.value * factor) if one else float(whole) for one in (width, height))
    return (RedactionBox(left, top, right, bottom, percent=factor == _WHOLE_PERCENT),)


def _blur_region(sequence: StageSequence, call: EffectCall) -> None:
    sigma = blur_sigma(call.number / 20)
    if sigma:
        sequence.put(("effects", "blur_areas"), RegionBlur(sigma, _region(call)))


def _pixelate_region(sequence: StageSequence, call: EffectCall) -> None:
    block = round(call.number)
    if block > 1:
        sequence.put(("effects", "pixelate_areas"), RegionPixelation(block, _region(call)))


def _colorize(sequence: StageSequence, call: EffectCall) -> None:
    amount = Fraction(round(call.number), 100)
    sequence.put(("adjust", "colour", "colorize"), with_opacity(call.colour or BLACK, amount))


def _tint(sequence: StageSequence, call: EffectCall) -> None:
    args = [arg for arg in call.args if arg != "equalize"]
    if args and args[0] == "rgb":
        raise ValueError("an amount, then colours")
    amount = Fraction(round(_bounded(args[0] if args else "60")), 100)
    colours = _colours(args[1:]) or (Colour(255, 0, 0),)
    if len(colours) == 1:
        sequence.put(("adjust", "colour", "tint"), with_opacity(colours[0], amount))
    else:
        dark, light = (with_opacity(one, amount) for one in (colours[0], colours[-1]))
        sequence.put(("adjust", "colour", "duotone"), Duotone(dark, light))


def _bounded(text: str) -> Fraction:
    value = decimal(text)
    if not 0 <= value <= _WHOLE_PERCENT:
        raise ValueError("an amount is from 0 to 100")
    return value


def _colours(args: list[str]) -> tuple[Colour, ...]:
    """Read colours, ``rgb:`` before digits, and leave out the positions between them."""
    colours: list[Colour] = []
    at = 0
    while at < len(args):
        if args[at] == "rgb" and at + 1 < len(args):
            at += 1
            colours.append(colour(f"rgb:{args[at]}"))
        elif not args[at].removesuffix("p").isdigit():
            colours.append(colour(args[at]))
        at += 1
    return tuple(colours)


def _trim(sequence: StageSequence, call: EffectCall) -> None:
    border = ":".join(call.args[1:])
    sequence.put(("trim",), Trim(round(call.number * 2.55), colour(border) if border else None))


def _hue(degrees: float) -> float:
    return float(angle(degrees * 1.8))


def _threshold(percent: float) -> int:
    return max(1, round(percent * 2.55))


def _row(  # noqa: PLR0913  # the columns of the table
    name: str,
    meaning: str,
    native: str,
    apply: Apply,
    default: float = 0,
    low: float = 0,
    high: float = 0,
    *,
    note: str = "",
    names: tuple[str, ...] = (),
    has_region: bool = False,
    is_trim: bool = False,
) -> Effect:
    status = Status.DIFFERS if note else Status.SUPPORTED
    every = (name, *names)
    option = Option(tuple(f"e_{one}" for one in every), meaning, native, note, status)
    return Effect(option, apply, default, low, high, has_region, is_trim, every)


_AUTOMATIC: Final = "Stretches the contrast from the 1st to the 99th percentile, whatever the amount."

ROWS: Final = (
    _row("grayscale", "Removes colour.", "`grayscale`", _put(("grayscale",), lambda _: True)),
    _row("negate", "Inverts the colours.", "`invert`", _tone("invert", lambda _: True)),
    _row("blackwhite", "Black and white, at 0 to 100.", "`threshold`", _colour("threshold", _threshold), 50, 0, 100),
    _row("sepia", "Sepia, 1 to 100.", "`sepia`", _colour("sepia"), 80, 0, 100),
    _row("blur", "Blur, 1 to 2000.", "`blur` = n/20, `blur_space=srgb`", _blur, 100, 0, 2_000, note=_RATHER),
    _row("pixelate", "Squares of n pixels, 1 to 200.", "`pixelate`", _pixelate, 5, 0, 200),
    _row(
        "blur_region",
        "Blurs the region of `x`, `y`, `w`, `h`.",
        "`blur_areas`",
        _blur_region,
        100,
        0,
        2_000,
        note=_RATHER,
        has_region=True,
    ),
    _row(
        "pixelate_region",
        "Pixelates the region of `x`, `y`, `w`, `h`.",
        "`pixelate_areas`",
        _pixelate_region,
        5,
        0,
        200,
        has_region=True,
    ),
    _row(
        "blur_faces",
        "Blurs all faces.",
        "`blur_faces`",
        _put(("effects", "blur_faces"), lambda n: blur_sigma(n / 20)),
        500,
        0,
        2_000,
        note=_RATHER,
    ),
    _row("pixelate_faces", "Pixelates all faces.", "`pixelate_faces`", _pixelate_faces, 5, 0, 200),
    _row("brightness", "-99 to 100.", "`brightness`", _tone("brightness"), 80, -99, 100, note=_RATHER),
    _row("contrast", "-100 to 100.", "`contrast`", _tone("contrast"), 0, -100, 100, note=_RATHER),
    _row("saturation", "-100 to 100.", "`saturation`", _colour("saturation"), 80, -100, 100, note=_RATHER),
    _row("hue", "-100 to 100; 100 is half a turn.", "`hue` = 1.8·n", _colour("hue", _hue), 80, -100, 100),
    _row(
        "gamma", "-50 to 150.", "`gamma` = 1 + n/100", _tone("gamma", lambda n: 1 + n / 100), 0, -50, 150, note=_RATHER
    ),
    _row("vibrance", "-100 to 100.", "`vibrance`", _colour("vibrance"), 20, -100, 100, note=_RATHER),
    _row("red", "-100 to 100.", "`red`", _tone("red"), 0, -100, 100, note=_RATHER),
    _row("green", "-100 to 100.", "`green`", _tone("green"), 0, -100, 100, note=_RATHER),
    _row("blue", "-100 to 100.", "`blue`", _tone("blue"), 0, -100, 100, note=_RATHER),
    _row("fill_light", "Lightens shadows, -100 to 100.", "`shadows`", _tone("shadows"), 70, -100, 100, note=_RATHER),
    _row("sharpen", "1 to 2000.", "`sharpen` = n/100", _sharpen(1.0), 100, 1, 2_000, note=_RATHER),
    _row("unsharp_mask", "1 to 2000.", "`unsharp` = 2, n/100", _sharpen(2.0), 100, 1, 2_000, note=_RATHER),
    _row("colorize", "Mixes with `co_`, 0 to 100.", "`colorize`", _colorize, 100, 0, 100),
    _row(
        "tint",
        "Amount, then one colour or more.",
        "`tint`, `duotone`",
        _tint,
        note="The first and the last of several colours count, and no positions.",
    ),
    _row(
        "vignette",
        "0 to 100.",
        "`vignette`",
        _put(("effects", "vignette"), float),
        20,
        0,
        100,
        note="Darkens the corners instead of making them transparent.",
    ),
    _row("trim", "Removes borders: tolerance, colour.", "`trim`, `trim_color`", _trim, 10, 0, 100, is_trim=True),
    _row(
        "improve",
        "Corrects colours and contrast.",
        "`normalize`",
        _tone("normalise", lambda _: True),
        note=_AUTOMATIC,
        names=("auto_contrast", "auto_brightness", "auto_color"),
    ),
)
EFFECTS: Final[Mapping[str, Effect]] = {name: row for row in ROWS for name in row.names}

LOOP: Final = "loop"
BLENDS: Final = frozenset({"screen", "multiply", "overlay", "mask", "cut_out"})
"""Effects that say how a layer is mixed with the image."""

OPTIONS: Final = (
    *(row.option for row in ROWS),
    Option(("e_loop",), "How often an animation plays again; for ever without a number.", "`loop`"),
    Option(
        ("e_screen", "e_multiply", "e_overlay", "e_mask", "e_cut_out"), "How a layer is mixed.", "`overlay` … `blend`"
    ),
    Option(
        ("e_*",),
        "All others, such as `cartoonify`, `art`, `outline`, `shadow`, `distort`, `shear`, `gen_…`.",
        "",
        "There is no such operation; ignoring it would show another image.",
        Status.REFUSED,
    ),
)
