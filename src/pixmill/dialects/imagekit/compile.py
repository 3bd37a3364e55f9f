"""Makes stages of the steps of a chain: in each crop and resize, padding, rotation, effects, then layers.

Steps share a stage where the order of work allows it, so that equal images have equal plans.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.imagekit.chain import PARAM, Step
from pixmill.dialects.imagekit.options import TABLE
from pixmill.dialects.imagekit.values import AUTO, Size
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle, half_up
from pixmill.dialects.kit.options import Status
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import Adjust, Effects, Gradient, ToneAdjustment, UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Point, Smart
from pixmill.plan.hints import HintValues
from pixmill.plan.ops import (
    MAX_SIDE,
    Aspect,
    BlurSpace,
    Canvas,
    Crop,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Overlay,
    Resize,
    Stage,
)
from pixmill.plan.overlays import DEFAULT_FONT, Align, Blend, Length
from pixmill.plan.shapes import Border, CornerRadii, Shape
from pixmill.plan.size_rules import Dpr, DprRule
from pixmill.plan.transforms import Extend, Fill, FreeRotation, LengthUnit, Trim

BLACK: Final = Colour(0, 0, 0)
_MAX_DPR_SIDE: Final = 5_000
_SHARPENING_SIGMA: Final = 1.0
_MAX_AMOUNT: Final = 10.0
_HALF_TURN: Final = 180
_NO_STAGE: Final = Stage()
_SCALING: Final = frozenset((Fit.INSIDE, Fit.OUTSIDE, Fit.FILL))
_CUTTING: Final = frozenset(("extract", "pad_extract", "pad_extract_no_shrink"))

_FITS: Final[Mapping[str, tuple[Fit, bool]]] = {
    "maintain_ratio": (Fit.COVER, True),
    "maintain_ratio_no_enlarge": (Fit.COVER, False),
    "force": (Fit.FILL, True),
    "at_max": (Fit.INSIDE, False),
    "at_max_enlarge": (Fit.INSIDE, True),
    "at_least": (Fit.OUTSIDE, True),
    "pad_resize": (Fit.CONTAIN, True),
    "pad_resize_no_enlarge": (Fit.CONTAIN, False),
}
"""The fit, and whether it enlarges, of each mode that scales."""


def error(text: str) -> InvalidParameter:
    return InvalidParameter(text, param=PARAM)


class Values(Struct, frozen=True):
    """What the parameters of a step say, by their names; None for those that it lacks."""

    w: Size | None = None
    h: Size | None = None
    ar: Aspect | None = None
    c: str | None = None
    cm: str | None = None
    fo: Gravity | None = None
    x: Length | None = None
    y: Length | None = None
    xc: Length | None = None
    yc: Length | None = None
    z: Fraction = Fraction(1)
    dpr: Fraction | None = None
    t: int | None = None
    bg: Colour | Fill | None = None
    rt: Fraction = Fraction(0)
    fl: Flip = Flip.NONE
    r: CornerRadii | None = None
    b: Border | None = None
    o: float = 100.0
    bl: Fraction = Fraction(0)
    e_grayscale: bool = False
    e_contrast: bool = False
    e_sharpen: Fraction = Fraction(0)
    e_usm: UnsharpMask | None = None
    e_gradient: Gradient | None = None
    q: int | None = None
    f: Format | str | None = None
    pr: bool | None = None
    lo: bool | None = None
    cp: bool | None = None
    md: bool | None = None
    orig: bool | None = None
    pg: int | None = None
    di: str | None = None
    n: str | None = None
    i: str = ""
    ie: str | None = None
    lx: Length | None = None
    ly: Length | None = None
    lxc: Length | None = None
    lyc: Length | None = None
    lfo: Point | None = None
    lm: Blend = Blend.NORMAL
    fs: float = 14.0
    ff: str = DEFAULT_FONT
    co: Colour = BLACK
    ia: Align = Align.LEFT
    pa: int = 0
    al: int = 10
    tg: str = ""
    lh: str = ""


def read_values(step: Step, *, ignore_unsupported: bool = False) -> Values:
    """Read the parameters of a step; of equal ones the last counts, unknown ones are ignored.

    Raises InvalidParameter.
    """
    values: dict[str, object] = {}
    for name, text in step.params:
        key, value = name, text
        if name == "e":
            effect, _, value = text.partition("-")
            key = f"e-{effect}"
        row = TABLE.get(key)
        if row is None or (ignore_unsupported and row.option.status is Status.REFUSED):
            continue
        if row.option.status is Status.REFUSED:
            raise error(f"{key} is not supported here")
        try:
            values[key.replace("-", "_")] = row.read(value)
        except (ValueError, ZeroDivisionError):
            raise error(f"{key} must be {row.read.expects}") from None
    return replace(_NO_VALUES, **values) if values else _NO_VALUES


_NO_VALUES: Final = Values()


class StageList:
    """Stages in order; what can be done in the last one is added to it."""

    def __init__(self) -> None:
        self._stages: list[Stage] = []

    def add(self, stage: Stage) -> None:
        if stage == _NO_STAGE:
            return
        if self._stages and _follows(self._stages[-1], stage):
            self._stages[-1] = replace(self._stages[-1], **_changes(stage))
        else:
            self._stages.append(stage)

    def add_step(self, values: Values, overlays: Iterable[Overlay], hinted: HintValues) -> None:
        """Add what a step does. Raises InvalidParameter."""
        self.add(_geometry(values, hinted))
        self.add(_appearance(values))
        layers = tuple(overlays)
        if layers:
            self.add(Stage(overlays=layers))

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(self._stages)


def _changes(struct: Struct) -> dict[str, object]:
    default = type(struct)()
    pairs = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    return {name: value for name, value in pairs if value != getattr(default, name)}


_GEOMETRY: Final = frozenset(("trim", "crop", "resize", "background"))
_PADDING: Final = frozenset(("canvas", "extend"))


def _follows(last: Stage, new: Stage) -> bool:
    """Return whether a stage that does both does the same."""
    done, wanted = _changes(last).keys(), _changes(new).keys()
    if not wanted.isdisjoint((*_GEOMETRY, *_PADDING)):
        return False
    if wanted == {"overlays"}:
        return "overlays" not in done
    is_padded = not done.isdisjoint(_PADDING) or last.resize.fit is Fit.CONTAIN
    if is_padded or not done <= _GEOMETRY:
        return False
    turns = new.rotate or new.flip is not Flip.NONE
    only_scales = last.crop is None and last.trim is None and last.resize.fit in _SCALING
    return not turns or (new.rotate in {0, _HALF_TURN} and only_scales)


def _geometry(values: Values, hinted: HintValues) -> Stage:
    width, height = _sides(values, hinted)
    mode = values.cm or values.c or "maintain_ratio"
    trim = Trim(tolerance=values.t) if values.t is not None else None
    background = values.bg or BLACK
    colour = background if isinstance(background, Colour) else BLACK
    extend = Extend(fill=background) if isinstance(background, Fill) else Extend()
    stage = Stage(trim=trim, background=colour if values.bg else Colour())
    if not width and not height:
        return stage
    if mode == "extract":
        return replace(stage, crop=_extract(values, width, height))
    gravity = _gravity(values)
    if mode in _CUTTING:
        place = gravity if isinstance(gravity, Point) else Point()
        canvas = _canvas(width, height, place, cut=mode == "pad_extract")
        return replace(stage, canvas=canvas, extend=extend, background=colour)
    fit, enlarges = _FITS[mode]
    has_both = bool(width and height)
    resize = _boxed(Resize(enlarge=enlarges), width, height)
    if has_both:
        is_placed = fit in {Fit.COVER, Fit.CONTAIN}
        is_fixed = fit is Fit.CONTAIN and not isinstance(gravity, Point)
        resize = replace(resize, fit=fit, gravity=gravity if is_placed and not is_fixed else Point())
    resize = _with_dpr(resize, values, hinted)
    if fit is Fit.CONTAIN and has_both:
        return replace(stage, resize=resize, extend=extend, background=colour)
    return replace(stage, resize=resize)


def _sides(values: Values, hinted: HintValues) -> tuple[Size | None, Size | None]:
    """Return both sides, None for free ones; a ratio sets the one that is missing."""
    width, height = (_known(side, hinted) for side in (values.w, values.h))
    if any(side and side.of_base for side in (width, height)):
        raise error("bw and bh are sides of the image below a layer")
    aspect = values.ar
    if aspect and bool(width) != bool(height):
        ratio = Fraction(aspect.width, aspect.height)
        if width and width.pixels:
            height = Size(_side(width.pixels / ratio))
        elif height and height.pixels:
            width = Size(_side(height.pixels * ratio))
        else:
            raise error("ar needs a side in pixels")
    return width, height


def _known(size: Size | None, hinted: HintValues) -> Size | None:
    if size == AUTO:
        return Size(hinted.width) if hinted.width else None
    return size


def _side(value: Fraction) -> int:
    return min(max(half_up(value), 1), MAX_SIDE)


def _boxed(resize: Resize, width: Size | None, height: Size | None) -> Resize:
    return replace(
        resize,
        width=width.pixels if width else 0,
        height=height.pixels if height else 0,
        width_share=float(width.share) if width else 0.0,
        height_share=float(height.share) if height else 0.0,
    )


def _with_dpr(resize: Resize, values: Values, hinted: HintValues) -> Resize:
    """Multiply the sides in pixels, at once where the sides of the result are known."""
    dpr = hinted.dpr if values.dpr == 0 else values.dpr
    if not dpr or dpr == 1 or not (resize.width or resize.height):
        return resize
    if resize.width and resize.height and resize.enlarge and resize.fit in {Fit.COVER, Fit.FILL, Fit.CONTAIN}:
        sides = half_up(resize.width * dpr), half_up(resize.height * dpr)
        fits = min(sides) >= 1 and max(sides) <= _MAX_DPR_SIDE
        return replace(resize, width=sides[0], height=sides[1]) if fits else resize
    return replace(resize, dpr=Dpr(float(dpr), DprRule.DROPPED, _MAX_DPR_SIDE))


def _gravity(values: Values) -> Gravity:
    gravity = values.fo or Point()
    zoom = max(float(values.z), 1.0)
    return replace(gravity, zoom=zoom) if zoom > 1 and isinstance(gravity, Faces | Smart) else gravity


def _extract(values: Values, width: Size | None, height: Size | None) -> Crop | CropWindow:
    """Cut without scaling. Raises InvalidParameter."""
    gravity = _gravity(values)
    is_centred = bool(values.xc or values.yc)
    if not is_centred and not values.x and not values.y:
        return CropWindow(_length(width)[0], _length(height)[0], gravity, _unit(width, height))
    names = ("xc", "yc") if is_centred else ("x", "y")
    across, down = (_span(values, name, size, is_centred) for name, size in zip(names, (width, height), strict=True))
    overflow = CropOverflow.REFUSE if is_centred else CropOverflow.CLIP
    return Crop(
        across[0], down[0], across[1], down[1], CropUnit.of_axes(is_percent_x=across[2], is_percent_y=down[2]), overflow
    )


def _span(values: Values, name: str, size: Size | None, is_centred: bool) -> tuple[float, float, bool]:
    """Return start and length of a region along one side, and whether they are in percent. Raises InvalidParameter."""
    start: Length | None = getattr(values, name)
    if is_centred and (start is None or size is None):
        raise error("xc, yc, w and h need each other")
    side, percent = _length(size)
    start = start or Length(0.0, percent)
    if size is None:
        side, percent = (100.0 if start.percent else float(MAX_SIDE)), start.percent
    if start.percent is not percent and start.value:
        raise error(f"{name} must be in the unit of its side")
    first = start.value - side / 2 if is_centred else start.value
    if first < 0:
        raise error("The region must lie in the image")
    return first, side, percent


def _length(size: Size | None) -> tuple[float, bool]:
    """Return a length, and whether it is in percent; 0 for the whole side."""
    if size is None:
        return 0.0, False
    return (min(float(size.share * 100), 100.0), True) if size.share else (float(size.pixels), False)


def _unit(width: Size | None, height: Size | None) -> CropUnit:
    kinds = [size and bool(size.share) for size in (width, height)]
    across, down = (kinds[1] if kinds[0] is None else kinds[0]), (kinds[0] if kinds[1] is None else kinds[1])
    return CropUnit.of_axes(is_percent_x=bool(across), is_percent_y=bool(down))


def _canvas(width: Size | None, height: Size | None, gravity: Point, *, cut: bool) -> Canvas:
    kinds = {bool(size.share) for size in (width, height) if size}
    if len(kinds) > 1:
        raise error("w and h of this mode must be in the same unit")
    across, down = (
        float(size.share * 100) if size and size.share else float(size.pixels if size else 0)
        for size in (width, height)
    )
    unit = LengthUnit.PERCENT if kinds == {True} else LengthUnit.PIXELS
    return Canvas(min(across, MAX_SIDE), min(down, MAX_SIDE), gravity=gravity, cut=cut, unit=unit)


def _appearance(values: Values) -> Stage:
    degrees = angle(values.rt)
    is_right = degrees % 90 == 0
    colour = values.bg
    corners = colour if isinstance(colour, Colour) else TRANSPARENT
    sharpen = values.e_usm
    if values.e_sharpen:
        sharpen = UnsharpMask(_SHARPENING_SIGMA, min(float(values.e_sharpen), _MAX_AMOUNT))
    blur = blur_sigma(float(values.bl))
    return Stage(
        rotate=int(degrees) if is_right else 0,
        flip=values.fl,
        rotate_free=None if is_right else FreeRotation(float(degrees), corners),
        grayscale=values.e_grayscale,
        adjust=Adjust(tone=ToneAdjustment(normalise=values.e_contrast)),
        blur=blur,
        blur_space=BlurSpace.SRGB if blur else BlurSpace.LINEAR,
        effects=Effects(sharpen=sharpen, gradient=values.e_gradient),
        shape=Shape(corner_radii=values.r, border=values.b),
        opacity=values.o,
    )
