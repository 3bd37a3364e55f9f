"""The functions of Photon's URLs as one table. Each adds to the work, in the order of the URL.

A number is what stands in front of a value, as PHP reads it; what is no number has no effect. Knows plans, and no
source.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.kit.colours import Alpha, css_colour
from pixmill.dialects.kit.effects import GAUSSIAN_3X3, contrast_of_slope
from pixmill.dialects.kit.numbers import leading_decimal, leading_integer
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Convolution, Effects, ToneAdjustment
from pixmill.plan.gravity import Gravity, Interest, Point, Smart
from pixmill.plan.lengths import RoundingMode, round_length
from pixmill.plan.ops import MAX_SIDE, MAX_STAGES, Clamp, Crop, CropInsets, CropOverflow, CropUnit, Fit, Resize, Stage
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller
from pixmill.plan.transforms import Trim

MAX_ENLARGED: Final = 2_000
MIN_SIDE: Final = 3
_MAX_ZOOM: Final = 10
_FINE_ZOOM: Final = 3
_MAX_FILTERS: Final = 3
_LEVELS: Final = 255
_BLACK: Final = Colour(0, 0, 0)
_TRUE: Final = frozenset({"1", "true"})

_TRIM, _CROP, _RESIZE, _COLOUR, _EFFECT = range(5)
"""The order of work of a stage."""


@dataclass(slots=True)
class Work:
    """The stages so far; what belongs before the last thing of the last one begins a new one."""

    values: Mapping[str, str]
    is_tachyon: bool = False
    stages: list[Stage] = field(default_factory=lambda: [Stage()])
    phase: int = -1
    last_side: str = ""

    def add(self, phase: int, **changes: object) -> None:
        self.last_side = ""
        if phase <= self.phase:
            if len(self.stages) > MAX_STAGES:
                raise InvalidParameter(f"There may be at most {MAX_STAGES + 1} steps")
            self.stages.append(Stage())
        self.stages[-1] = replace(self.stages[-1], **changes)
        self.phase = phase

    @property
    def zoom(self) -> Fraction:
        """The device pixel ratio: 1 to 10, above 3 in steps of a half."""
        zoom = min(max(leading_decimal(self.values.get("zoom", "")), Fraction(1)), Fraction(_MAX_ZOOM))
        return Fraction(ceil(zoom * 2), 2) if zoom > _FINE_ZOOM and not self.is_tachyon else zoom

    @property
    def enlarges(self) -> bool:
        return self.values.get("upscale", "") in _TRUE and not self.is_tachyon

    @property
    def gravity(self) -> Gravity:
        if self.is_tachyon:
            strategy = _STRATEGIES.get(self.values.get("crop_strategy", ""))
            return strategy or _COMPASS.get(self.values.get("gravity", ""), Point())
        x, _, y = self.values.get("crop_offset", "").partition(",")
        return Point(_percent(x), _percent(y)) if x.strip() and y.strip() else Point()


_STRATEGIES: Final[Mapping[str, Gravity]] = {
    "smart": Smart(),
    "entropy": Smart(Interest.ENTROPY),
    "attention": Smart(Interest.ATTENTION),
}
_COMPASS: Final[Mapping[str, Gravity]] = {
    "north": Point(0.5, 0.0),
    "northeast": Point(1.0, 0.0),
    "east": Point(1.0, 0.5),
    "southeast": Point(1.0, 1.0),
    "south": Point(0.5, 1.0),
    "southwest": Point(0.0, 1.0),
    "west": Point(0.0, 0.5),
    "northwest": Point(0.0, 0.0),
}


def _percent(text: str) -> float:
    return min(max(leading_integer(text), 0), 100) / 100


def _numbers(text: str, count: int) -> list[int]:
    """Return the whole numbers of a list, none if there are fewer."""
    pieces = text.split(",", count)[:count]
    return [leading_integer(piece) for piece in pieces] if len(pieces) == count else []


def _side(work: Work, text: str) -> int:
    side = round_length(leading_integer(text) * work.zoom) if leading_integer(text) > 0 else 0
    return min(side, MAX_SIDE) if side >= MIN_SIDE else 0


def _rules(work: Work) -> dict[str, object]:
    """Return what holds for ``w``, ``h`` and ``fit``."""
    if work.is_tachyon:
        return {"rounding": RoundingMode.RECIPROCAL_HALF_EVEN}
    limits: dict[str, object] = {"enlarge": True, "max_enlarged_side": MAX_ENLARGED} if work.enlarges else {}
    return limits | {"min_fitted_side": MIN_SIDE}


def _one_side(work: Work, name: str, text: str) -> None:
    """Fit one side; beside the other one the image fits into both."""
    side = _side(work, text)
    if not side:
        return
    other = {"width": "height", "height": "width"}[name]
    if work.last_side == other:
        resize = replace(work.stages[-1].resize, **{name: side})
        work.stages[-1] = replace(work.stages[-1], resize=resize)
        work.last_side = ""
        return
    rules: dict[str, object] = {"rounding": RoundingMode.TRUNCATE, name: side}
    rules |= _rules(work)
    work.add(_RESIZE, resize=replace(Resize(), **rules))
    work.last_side = name


def _width(work: Work, text: str) -> None:
    _one_side(work, "width", text)


def _height(work: Work, text: str) -> None:
    _one_side(work, "height", text)


def cover_box(work: Work) -> bool:
    """Cut to ``w`` × ``h``, each at most that of the image, for ``crop=1``. Return whether there are both."""
    width, height = (_side(work, work.values.get(name, "")) for name in ("w", "h"))
    if not width or not height:
        return False
    work.add(_RESIZE, resize=Resize(width, height, fit=Fit.COVER, clamp=Clamp.SIDES, gravity=work.gravity))
    return True


def _crop(work: Work, text: str) -> None:
    """Cut a region out: x,y,width,height, each in percent or with ``px``."""
    pieces = [piece.strip() for piece in text.split(",", 4)]
    if len(pieces) != 4:  # noqa: PLR2004 - x, y, width, height
        return
    x, y, width, height = (min(max(leading_integer(piece), 0), MAX_SIDE) for piece in pieces)
    percent = [not piece.endswith("px") for piece in pieces]
    if not width or not height:
        return
    if percent[:2] != percent[2:]:
        start = CropInsets(
            x, y, unit=CropUnit.of_axes(is_percent_x=percent[0], is_percent_y=percent[1]), overflow=CropOverflow.IGNORE
        )
        work.add(_CROP, crop=start)
        x = y = 0
    work.add(
        _CROP,
        crop=Crop(
            x, y, width, height, CropUnit.of_axes(is_percent_x=percent[2], is_percent_y=percent[3]), CropOverflow.RESET
        ),
    )


def _box(work: Work, text: str) -> tuple[int, int] | None:
    sides = _numbers(text, 2)
    if not sides or min(sides) < 1:
        return None
    if work.is_tachyon:
        sides = [round_length(side * work.zoom) for side in sides]
    return min(sides[0], MAX_SIDE), min(sides[1], MAX_SIDE)


def _dpr(work: Work) -> Dpr | None:
    return Dpr(float(work.zoom), DprRule.STEPPED) if work.zoom > 1 and not work.is_tachyon else None


def _resize(work: Work, text: str) -> None:
    box = _box(work, text)
    if box is None:
        return
    if work.is_tachyon:
        work.add(_RESIZE, resize=Resize(*box, fit=Fit.COVER, clamp=Clamp.SIDES, gravity=work.gravity))
        return
    work.add(
        _RESIZE,
        resize=Resize(
            *box,
            fit=Fit.COVER,
            gravity=work.gravity,
            enlarge=True,
            max_enlarged_side=MAX_ENLARGED,
            min_fitted_side=MIN_SIDE,
            dpr=_dpr(work),
        ),
    )


def _fit(work: Work, text: str) -> None:
    box = _box(work, text)
    if box:
        work.add(_RESIZE, resize=replace(Resize(*box, dpr=_dpr(work)), **_rules(work)))


def _letterbox(work: Work, text: str) -> None:
    box = _box(work, text)
    if box is None:
        return
    colour = work.values.get("background", "") if work.is_tachyon else text.split(",", 3)[2:][:1]
    try:
        background = css_colour(colour if isinstance(colour, str) else colour[0], Alpha.NONE)
    except (ValueError, IndexError):
        background = _BLACK
    resize = Resize(*box, fit=Fit.CONTAIN, skip_smaller=SkipSmaller.BOTH)
    work.add(_RESIZE, resize=resize, background=background)


def _unletterbox(work: Work, text: str) -> None:
    if text in _TRUE:
        work.add(_TRIM, trim=Trim(colour=_BLACK, equal_vertical=True))


def _tone(**changes: float | bool) -> Adjust:
    return Adjust(tone=ToneAdjustment(**changes))  # type: ignore[arg-type]


def _weights(*rows: float, divisor: float = 1, offset: float = 0) -> Convolution:
    return Convolution(tuple(weight / divisor for weight in rows), offset)


_FILTERS: Final[Mapping[str, tuple[int, dict[str, object]]]] = {
    "negate": (_COLOUR, {"adjust": _tone(invert=True)}),
    "grayscale": (_COLOUR, {"grayscale": True}),
    "sepia": (_COLOUR, {"adjust": Adjust(colour=ColourAdjustment(sepia=100.0))}),
    "edgedetect": (_EFFECT, {"effects": Effects(convolution=_weights(-1, 0, -1, 0, 4, 0, -1, 0, -1, offset=127))}),
    "emboss": (_EFFECT, {"effects": Effects(convolution=_weights(1.5, 0, 0, 0, 0, 0, 0, 0, -1.5, offset=127))}),
    "blurgaussian": (_EFFECT, {"effects": Effects(convolution=GAUSSIAN_3X3)}),
    "blurselective": (_EFFECT, {"effects": Effects(median=1)}),
    "meanremoval": (_EFFECT, {"effects": Effects(convolution=_weights(-1, -1, -1, -1, 9, -1, -1, -1, -1))}),
}


def _filter(work: Work, text: str) -> None:
    for name in text.split(",", _MAX_FILTERS)[:_MAX_FILTERS]:
        phase, changes = _FILTERS.get(name.strip(), (0, {}))
        if changes:
            work.add(phase, **changes)


def _brightness(work: Work, text: str) -> None:
    level = min(max(leading_integer(text), -_LEVELS), _LEVELS)
    work.add(_COLOUR, adjust=_tone(brightness=level * 100 / _LEVELS))


def _contrast(work: Work, text: str) -> None:
    percent = min(max(leading_integer(text), -100), 100)
    work.add(_COLOUR, adjust=_tone(contrast=contrast_of_slope(((100 - percent) / 100) ** 2)))


def _colorize(work: Work, text: str) -> None:
    levels = [min(max(level, -_LEVELS), _LEVELS) * 100 / _LEVELS for level in _numbers(text, 3)]
    if levels:
        work.add(_COLOUR, adjust=_tone(red=levels[0], green=levels[1], blue=levels[2]))


def _smooth(work: Work, text: str) -> None:
    weight = min(max(leading_integer(text), -2_048), 2_048)
    if weight != -8:  # noqa: PLR2004 - the sum of the weights would be 0
        matrix = _weights(1, 1, 1, 1, weight, 1, 1, 1, 1, divisor=weight + 8)
        work.add(_EFFECT, effects=Effects(convolution=matrix))


@dataclass(frozen=True, slots=True)
class Row:
    """A function; without ``run`` its value counts for others."""

    option: Option
    run: Callable[[Work, str], None] | None = None
    for_tachyon: bool = True


def _row(
    name: str,
    run: Callable[[Work, str], None] | None,
    meaning: str,
    native: str = "",
    note: str = "",
    *,
    for_tachyon: bool = True,
) -> Row:
    status = Status.DIFFERS if note else Status.SUPPORTED
    return Row(Option((name,), meaning, native, note, status), run, for_tachyon)


ROWS: Final = (
    _row("w", _width, "Width; the other side is truncated", "`width`, `rounding=truncate`"),
    _row("h", _height, "Height; the other side is truncated", "`height`, `rounding=truncate`"),
    _row("crop", _crop, "`1`: cuts to `w` and `h`, each at most that of the image; or a region `x,y,w,h` in percent or "
         "with `px`", "`fit=cover&clamp=sides`, `crop`"),
    _row("crop_offset", None, "Where `crop=1` and `resize` cut: x,y in percent", "`gravity`", for_tachyon=False),
    _row("resize", _resize, "Fills the box and enlarges, up to 2000 pixels a side", "`fit=cover&enlarge=true`",
         "for GIF too"),
    _row("fit", _fit, "Fits into the box", "`width`, `height`"),
    _row("lb", _letterbox, "Letterbox: width,height and a colour, black without one", "`fit=contain`"),
    _row("ulb", _unletterbox, "Removes black rows", "`trim`", "by Pixmill's trim", for_tachyon=False),
    _row("filter", _filter, "Up to 3 of `negate`, `grayscale`, `sepia`, `edgedetect`, `emboss`, `blurgaussian`, "
         "`blurselective`, `meanremoval`", "`invert`, `grayscale`, `sepia`, `convolution`",
         "`blurselective` is a median", for_tachyon=False),
    _row("brightness", _brightness, "-255 to 255", "`brightness`", for_tachyon=False),
    _row("contrast", _contrast, "-100 to 100; less is more contrast", "`contrast`", for_tachyon=False),
    _row("colorize", _colorize, "red,green,blue: -255 to 255, which is added", "`rgb`", for_tachyon=False),
    _row("smooth", _smooth, "Weight of the pixel among its neighbours", "`convolution`", for_tachyon=False),
    _row("zoom", None, "Multiplies `w`, `h`, `fit` and `resize`, from 1 to 10", "`dpr`, `dpr_rule=stepped`"),
    _row("upscale", None, "`1`: `w`, `h` and `fit` enlarge too", "`enlarge=true`", for_tachyon=False),
    _row("quality", None, "0 to 100; at least 20, at most 89", "`quality`",
         "one scale for all formats; without it 80, not that of the original"),
    _row("strip", None, "`all` or `info`: without metadata", "`metadata`", "colours are always in sRGB"),
    _row("webp", None, "`1`: WebP in any case", "`format=webp`"),
    _row("ssl", None, "The original is fetched with https", "`url`", for_tachyon=False),
    _row("q", None, "The query of the original", "`url`", "for all hosts", for_tachyon=False),
    Row(Option(("crop_strategy",), "Tachyon: `smart`, `entropy` or `attention`", "`gravity`")),
    Row(Option(("gravity",), "Tachyon: a direction such as `northwest`", "`gravity`")),
    Row(Option(("background",), "Tachyon: colour of `lb`", "`background`")),
)  # fmt: skip
OPTIONS: Final = options_of(ROWS)
BY_NAME: Final = by_name(ROWS)


def stages_of(values: Mapping[str, str], *, is_tachyon: bool) -> list[Stage]:
    """Run the functions of a URL in its order. Raises InvalidParameter."""
    work = Work(values, is_tachyon)
    is_cut = values.get("crop", "").strip() in _TRUE and cover_box(work)
    for name, text in values.items():
        row = BY_NAME[name]
        if row.run is None or (is_tachyon and not row.for_tachyon) or (is_cut and name in {"w", "h"}):
            continue
        row.run(work, text)
    return work.stages
