"""What sharp makes of a series of calls, as a plan: its order of work is fixed, independent of the order of the calls.

Several services hand the parameters of a URL to sharp. ``SharpImage`` has a method for each of its functions and keeps
their options as sharp does: of equal calls the last one counts. ``plan_of`` puts the operations into stages. Knows
plans; must never know a grammar or a dialect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.kit.effects import vips_blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.resampling import resampled
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Clahe, Convolution, LabSharpen, Levels, Modulate, MorphologyUnit
from pixmill.plan.gravity import Gravity, Interest, Point, Smart
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import (
    MAX_SIDE,
    MAX_STAGES,
    BlurSpace,
    Canvas,
    Clamp,
    Crop,
    CropOverflow,
    CropWindow,
    DecodeScaling,
    Fit,
    Flip,
    Input,
    Kernel,
    Output,
    Plan,
    ResampleSpace,
    Resize,
    Stage,
)
from pixmill.plan.transforms import Extend, Fill, FreeRotation, Trim

BLACK: Final = Colour(0, 0, 0)
MAX_LENGTH: Final = 100_000_000
"""The longest side, offset or margin that sharp takes."""

_MAX_MEDIAN: Final = 5
_MAX_MORPHOLOGY: Final = 20
_MAX_BLUR: Final = 250.0
_MAX_WEIGHT: Final = 999.0
_MAX_MIX: Final = 10.0
_MAX_LAB_SIGMA: Final = 10.0
_MIN_LAB_SIGMA: Final = 0.1
_TRANSPOSING: Final = (90, 270)

FITS: Final = {
    "cover": Fit.COVER,
    "contain": Fit.CONTAIN,
    "fill": Fit.FILL,
    "inside": Fit.INSIDE,
    "outside": Fit.OUTSIDE,
}
KERNELS: Final = {
    "nearest": Kernel.NEAREST,
    "linear": Kernel.LINEAR,
    "cubic": Kernel.CUBIC,
    "mitchell": Kernel.MITCHELL,
    "lanczos2": Kernel.LANCZOS2,
    "lanczos3": Kernel.LANCZOS3,
    "mks2013": Kernel.LANCZOS3,
    "mks2021": Kernel.LANCZOS3,
}
FILLS: Final = {"background": Fill.COLOUR, "copy": Fill.EDGE, "mirror": Fill.MIRROR}

_CENTRE, _N, _E, _S, _W = Point(), Point(0.5, 0), Point(1, 0.5), Point(0.5, 1), Point(0, 0.5)
_NE, _SE, _SW, _NW = Point(1, 0), Point(1, 1), Point(0, 1), Point(0, 0)
_ENTROPY, _ATTENTION = Smart(Interest.ENTROPY), Smart(Interest.ATTENTION)
_GRAVITIES: Final = (_CENTRE, _N, _E, _S, _W, _NE, _SE, _SW, _NW)
POSITIONS: Final[dict[str | int, Gravity]] = {
    **dict(enumerate(_GRAVITIES)),
    16: _ENTROPY,
    17: _ATTENTION,
    "entropy": _ENTROPY,
    "attention": _ATTENTION,
    **dict(zip(("center", "north", "east", "south", "west"), _GRAVITIES, strict=False)),
    "centre": _CENTRE,
    **dict(zip(("northeast", "southeast", "southwest", "northwest"), _GRAVITIES[5:], strict=True)),
    **dict(zip(("top", "right", "bottom", "left"), _GRAVITIES[1:], strict=False)),
    **dict(zip(("right top", "right bottom", "left bottom", "left top"), _GRAVITIES[5:], strict=True)),
}
"""By name and by number."""


@dataclass(slots=True)
class _Box:
    """The options of ``resize``; a side of 0 is free."""

    width: int = 0
    height: int = 0
    clamps: bool = False


class SharpImage:
    """The calls on one image. Methods raise ValueError for what sharp does not accept."""

    def __init__(self) -> None:
        self._box: _Box | None = None
        self._fit = Fit.COVER
        self._gravity: Gravity = _CENTRE
        self._kernel = Kernel.LANCZOS3
        self._without_enlargement = False
        self._first_cut: Crop | CropWindow | None = None
        self._second_cut: Crop | CropWindow | None = None
        self._angle = 0
        self._free_angle = 0.0
        self._rotates_before = False
        self._flips = Flip.NONE
        self._trim: Trim | None = None
        self._margins = (0, 0, 0, 0)
        self._fill = Fill.COLOUR
        self._resize_colour: Colour | None = None
        self._extend_colour: Colour | None = None
        self._rotate_colour = BLACK
        self._flatten: Colour | None = None
        self._grayscale = False
        self._is_gamma_encoded = False
        self._modulation = Modulate()
        self._effects: dict[str, _Operation] = {}

    # ------------------------------------------------------------ geometry

    def resize(
        self,
        width: int = 0,
        height: int = 0,
        *,
        fit: Fit | None = None,
        gravity: Gravity | None = None,
        kernel: Kernel | None = None,
        background: Colour | None = None,
        without_enlargement: bool | None = None,
        clamps: bool = False,
    ) -> None:
        """Take the sides of the last call, and each other option of the last call that has it.

        ``clamps``: the box is shrunk into the original first, keeping its shape.
        """
        self._box = _Box(min(width, MAX_SIDE), min(height, MAX_SIDE), clamps)
        self._fit = fit or self._fit
        self._gravity = gravity or self._gravity
        self._kernel = kernel or self._kernel
        self._resize_colour = background or self._resize_colour
        if without_enlargement is not None:
            self._without_enlargement = without_enlargement
        self._rotates_before = self._rotates_before or self._is_rotated

    def extract(self, left: int, top: int, width: int, height: int) -> None:
        """Cut out a region, before the resize unless that was called first; of two, one before and one after."""
        if not width or not height:
            raise ValueError("extract needs a width and a height")
        self.cut(Crop(left, top, width, height, overflow=CropOverflow.REFUSE))

    def cut(self, region: Crop | CropWindow) -> None:
        """Cut out a region as ``extract`` does, whose position may depend on the size of the original."""
        if self._box or self._first_cut:
            self._second_cut = region
            return
        self._first_cut = region
        self._rotates_before = self._rotates_before or self._is_rotated

    def rotate(self, degrees: float, background: Colour | None = None) -> None:
        clockwise = angle(degrees)
        is_right = clockwise % 90 == 0
        self._angle, self._free_angle = (int(clockwise), 0.0) if is_right else (0, float(clockwise))
        self._rotate_colour = background or BLACK

    def flip(self) -> None:
        self._flips = _combined(self._flips, Flip.VERTICAL)

    def flop(self) -> None:
        self._flips = _combined(self._flips, Flip.HORIZONTAL)

    def trim(self, threshold: float = 10, colour: Colour | None = None, margin: int = 0) -> None:
        self._trim = Trim(tolerance=min(int(threshold), 255), colour=colour, padding=min(margin, MAX_SIDE))
        self._rotates_before = self._rotates_before or self._is_rotated

    def extend(
        self, top: int, right: int, bottom: int, left: int, background: Colour | None = None, fill: Fill | None = None
    ) -> None:
        top, right, bottom, left = (min(margin, MAX_SIDE) for margin in (top, right, bottom, left))
        self._margins = (top, right, bottom, left)
        self._extend_colour = background or self._extend_colour
        self._fill = fill or self._fill

    def flatten(self, background: Colour | None = None) -> None:
        self._flatten = background or BLACK

    @property
    def _is_rotated(self) -> bool:
        return bool(self._angle or self._free_angle)

    # ------------------------------------------------------------ pixels

    def grayscale(self) -> None:
        self._grayscale = True

    def median(self, size: int = 3) -> None:
        radius = min(size // 2, _MAX_MEDIAN)
        self._effects["median"] = _effect("median", radius) if radius else _NOTHING

    def threshold(self, value: int = 128, *, grayscale: bool = True) -> None:
        if grayscale or value == 0:
            self._effects["threshold"] = _colour("threshold", value) if value else _NOTHING
        else:
            self._effects["threshold"] = _tone("levels", Levels(black=value - 1, white=value))

    def dilate(self, width: int = 1) -> None:
        """Let dark areas grow, each bit by itself: so sharp's masks of zeros work."""
        self._effects["dilate"] = _morphology("erode", width)

    def erode(self, width: int = 1) -> None:
        """Let light areas grow, each bit by itself."""
        self._effects["erode"] = _morphology("dilate", width)

    def blur(self, sigma: float | None = None) -> None:
        """Blur by a Gaussian that libvips cuts off at a fifth; without sigma each pixel with its neighbours."""
        if sigma is None:
            self._effects["blur"] = _effect("convolution", Convolution((1 / 9,) * 9))
        else:
            change = min(_MAX_BLUR, vips_blur_sigma(sigma))
            self._effects["blur"] = _Operation(
                _Rank.BLUR, lambda stage: replace(stage, blur=change, blur_space=BlurSpace.SRGB)
            )

    def convolve(self, weights: Sequence[float], offset: float = 0.0) -> None:
        """Convolve by a square of 9, 25 or 49 weights, which are divided already."""
        limited = tuple(max(-_MAX_WEIGHT, min(_MAX_WEIGHT, weight)) for weight in weights)
        self._effects["convolve"] = _effect("convolution", Convolution(limited, max(-255.0, min(255.0, offset))))

    def recomb(self, matrix: Sequence[float]) -> None:
        """Mix the channels by 9 weights, row by row."""
        weights = tuple(max(-_MAX_MIX, min(_MAX_MIX, weight)) for weight in matrix)
        self._effects["recomb"] = _colour("matrix", weights)

    def modulate(
        self,
        brightness: float | None = None,
        saturation: float | None = None,
        hue: int | None = None,
        lightness: float | None = None,
    ) -> None:
        """Change those of the four that are given; the others stay."""
        old = self._modulation
        self._modulation = new = Modulate(
            old.lightness if brightness is None else min(brightness, 10.0),
            old.chroma if saturation is None else min(saturation, 10.0),
            old.hue if hue is None else float(angle(hue)),
        )
        self._effects["modulate"] = _colour("modulate", new) if new != Modulate() else _NOTHING
        if lightness is not None:
            lighter = max(-100.0, min(100.0, lightness))
            self._effects["lightness"] = _colour("lightness", lighter) if lighter else _NOTHING

    def sharpen(
        self,
        sigma: float | None = None,
        flat: float = 1.0,
        jagged: float = 2.0,
        threshold: float = 2.0,
        max_lighten: float = 10.0,
        max_darken: float = 20.0,
    ) -> None:
        """Sharpen L*; without sigma by a mild convolution."""
        if sigma is None:
            self._effects["sharpen"] = _effect("convolution", Convolution((-1 / 24,) * 4 + (32 / 24,) + (-1 / 24,) * 4))
            return
        limits = (min(threshold, 100.0), min(max_lighten, 100.0), min(max_darken, 100.0))
        change = LabSharpen(
            min(max(sigma, _MIN_LAB_SIGMA), _MAX_LAB_SIGMA), min(flat, 10.0), min(jagged, 10.0), *limits
        )
        self._effects["sharpen"] = _effect("sharpen_lab", change)

    def opacity(self, share: float) -> None:
        self._effects["opacity"] = _Operation(
            _Rank.OPACITY, lambda stage: replace(stage, opacity=round(100 * share, 4))
        )

    def gamma(self, encoding: float, decoding: float | None = None) -> None:
        """Apply ``decoding`` after ``encoding``, which is undone unless they differ."""
        self._is_gamma_encoded = True
        exponent = (decoding or encoding) / encoding
        self._effects["gamma"] = _tone("gamma", max(0.1, min(10.0, round(exponent, 4)))) if exponent != 1 else _NOTHING

    def linear(self, factor: float = 1.0, offset: float = 0.0) -> None:
        weights = (0.0,) * 4 + (max(-_MAX_WEIGHT, min(_MAX_WEIGHT, factor)),) + (0.0,) * 4
        self._effects["linear"] = _effect("convolution", Convolution(weights, max(-255.0, min(255.0, offset))))

    def normalise(self) -> None:
        self._effects["normalise"] = _tone("normalise", True)

    def clahe(self, window: int, max_slope: int = 3) -> None:
        change = Clahe(max(2, min(window, 64)), max_slope or 100)
        self._effects["clahe"] = _Operation(
            _Rank.CLAHE, lambda stage: replace(stage, adjust=replace(stage.adjust, clahe=change))
        )

    def tint(self, colour: Colour) -> None:
        self._effects["tint"] = _colour("tint", colour)

    def negate(self) -> None:
        self._effects["negate"] = _tone("invert", True)

    # ------------------------------------------------------------ the plan

    def plan_of(
        self,
        source: Input,
        output: Output,
        *,
        background: Colour = BLACK,
        param: str = "modifiers",
        space: ResampleSpace = ResampleSpace.AUTO,
    ) -> Plan:
        """Return the plan of all calls. Raises InvalidParameter, which names ``param``, if there are too many.

        ``background`` is put behind the result if the format has no transparency, unless the first pass pads.
        ``space``: what resizing mixes: light, as sharp between two gammas, or sRGB values, as sharp without.
        """
        stages = _StageList()
        self._add_geometry(stages)
        if any(self._margins):
            stages.add(_Operation(_Rank.EXTEND, self._extended))
        for name in _EFFECT_ORDER:
            if name != "tint" or not self._grayscale:  # sharp tints, and then puts the image on grey again
                stages.add(self._effects.get(name, _NOTHING))
        first, *others = stages.finished(param)
        if first.canvas or first.extend != Extend() or first.resize.fit is Fit.CONTAIN:
            background = first.background
        plan = plan_of_stages((replace(first, background=background), *others), source, output, param=param)
        return resampled(plan, ResampleSpace.LINEAR if self._is_gamma_encoded else space, self._scaling)

    @property
    def _scaling(self) -> DecodeScaling:
        """Whether sharp scales an original while it decodes it: if nothing comes before the resize."""
        is_rotated_before = self._rotates_before and (self._is_rotated or self._flips is not Flip.NONE)
        if self._first_cut or self._trim or is_rotated_before:
            return DecodeScaling.NONE
        return DecodeScaling.SHARP

    def _extended(self, stage: Stage) -> Stage:
        top, right, bottom, left = self._margins
        return replace(
            stage, extend=Extend(self._fill, top, right, bottom, left), background=self._extend_colour or BLACK
        )

    def _add_geometry(self, stages: "_StageList") -> None:
        """Add geometric operations in sharp's order: rotation comes after the resize unless it was called before."""
        turns_first = self._rotates_before
        if turns_first:
            self._add_turn(stages)
            self._add_free_rotation(stages)
        if self._trim:
            trim = self._trim
            stages.add(_Operation(_Rank.TRIM, lambda stage: replace(stage, trim=trim)))
        if self._first_cut:
            stages.add(_cropped(self._first_cut))
        if turns_first:
            self._add_resize(stages)
        elif self._angle and self._box:
            self._add_resize_then_turn(stages)
        else:
            self._add_turn(stages)  # mirroring before a resize gives the same as after
            self._add_resize(stages)
        if self._grayscale:
            stages.change(_GRAYSCALE)
        if self._flatten:
            stages.flatten(self._flatten)
        if not turns_first:
            self._add_free_rotation(stages)
        if self._second_cut:
            stages.add(_cropped(self._second_cut))

    def _add_turn(self, stages: "_StageList") -> None:
        """Add mirroring, then rotation by right angles; a stage has them in the other order."""
        if self._angle:
            clockwise = self._angle
            stages.add(_Operation(_Rank.ROTATE, lambda stage: replace(stage, rotate=clockwise)))
        if self._flips is not Flip.NONE:
            flips = _transposed(self._flips) if self._angle in _TRANSPOSING else self._flips
            stages.add(_Operation(_Rank.FLIP, lambda stage: replace(stage, flip=flips)))

    def _add_free_rotation(self, stages: "_StageList") -> None:
        if self._free_angle:
            rotation = FreeRotation(self._free_angle, self._rotate_colour, RoundingMode.HALF_UP)
            stages.add(_Operation(_Rank.ROTATE_FREE, lambda stage: replace(stage, rotate_free=rotation)))

    def _add_resize(self, stages: "_StageList") -> None:
        if self._box is None:
            return
        resize, background = self._resize_of(self._box), self._resize_colour or BLACK
        if resize.fit is Fit.CONTAIN:
            contain = _Operation(_Rank.RESIZE, lambda stage: replace(stage, resize=resize, background=background))
            stages.add(contain, until=_Rank.CANVAS)
        else:
            stages.add(_Operation(_Rank.RESIZE, lambda stage: replace(stage, resize=resize)))

    def _add_resize_then_turn(self, stages: "_StageList") -> None:
        """Scale to the box, rotate, then crop or pad to the box as it stands."""
        box = self._box or _Box()
        resize = self._resize_of(box)
        scaled = replace(resize, gravity=_CENTRE, fit=_SCALING_FITS.get(resize.fit, resize.fit))
        stages.add(_Operation(_Rank.RESIZE, lambda stage: replace(stage, resize=scaled)))
        self._add_turn(stages)
        if self._fit is Fit.COVER:
            window = CropWindow(box.width, box.height, self._gravity)
            stages.add(_Operation(_Rank.CROP, lambda stage: replace(stage, crop=window)))
        elif self._fit is Fit.CONTAIN:
            gravity = self._gravity if isinstance(self._gravity, Point) else _CENTRE
            canvas, background = Canvas(box.width, box.height, gravity=gravity), self._resize_colour or BLACK
            stages.add(_Operation(_Rank.CANVAS, lambda stage: replace(stage, canvas=canvas, background=background)))

    def _resize_of(self, box: _Box) -> Resize:
        """Return the resize to a box; with one side every fit but ``fill`` keeps the shape."""
        resize = Resize(
            box.width,
            box.height,
            enlarge=not (self._without_enlargement or box.clamps),
            enlarge_drawings=not (self._without_enlargement or box.clamps),
            kernel=self._kernel,
            rounding=RoundingMode.RECIPROCAL_HALF_UP,
        )
        if box.width and box.height:
            is_placed = self._fit in {Fit.COVER, Fit.CONTAIN}
            gravity = self._gravity if is_placed else _CENTRE
            is_rotated_before = self._rotates_before and bool(self._free_angle)
            is_changed_before = bool(self._first_cut or self._angle in _TRANSPOSING or is_rotated_before)
            clamp = Clamp.SIDES if not box.clamps else Clamp.ORIGINAL if is_changed_before else Clamp.BOX
            is_clamped = not resize.enlarge
            return replace(resize, fit=self._fit, gravity=gravity, clamp=clamp if is_clamped else Clamp.SHAPE)
        if self._fit is Fit.FILL:
            shares = (0.0 if box.width else 1.0, 0.0 if box.height else 1.0)
            return replace(resize, fit=Fit.FILL, width_share=shares[0], height_share=shares[1], clamp=Clamp.SIDES)
        return resize


class _Rank:
    """The order of operations in a stage."""

    ROTATE, FLIP, TRIM, CROP, RESIZE, ROTATE_FREE, GRAYSCALE, CLAHE, NORMALISE, LEVELS, GAMMA, INVERT = range(12)
    LIGHTNESS, MODULATE, MATRIX, TINT, THRESHOLD, BLUR, MEDIAN, MORPHOLOGY, SHARPEN, CONVOLUTION = range(12, 22)
    OPACITY, FLATTEN, CANVAS, EXTEND = range(22, 26)


@dataclass(frozen=True, slots=True)
class _Operation:
    rank: int
    apply: Callable[[Stage], Stage]


_NOTHING: Final = _Operation(-1, lambda stage: stage)
_GRAYSCALE: Final = _Operation(_Rank.GRAYSCALE, lambda stage: replace(stage, grayscale=True))
_EFFECT_ORDER: Final = (
    *("median", "threshold", "dilate", "erode", "blur", "convolve", "recomb", "lightness", "modulate", "sharpen"),
    "opacity",
    *("gamma", "linear", "normalise", "clahe", "tint", "negate"),
)
_RANKS: Final = {
    "median": _Rank.MEDIAN,
    "dilate": _Rank.MORPHOLOGY,
    "erode": _Rank.MORPHOLOGY,
    "sharpen_lab": _Rank.SHARPEN,
    "convolution": _Rank.CONVOLUTION,
    "levels": _Rank.LEVELS,
    "gamma": _Rank.GAMMA,
    "normalise": _Rank.NORMALISE,
    "invert": _Rank.INVERT,
    "lightness": _Rank.LIGHTNESS,
    "modulate": _Rank.MODULATE,
    "matrix": _Rank.MATRIX,
    "tint": _Rank.TINT,
    "threshold": _Rank.THRESHOLD,
}
_SCALING_FITS: Final = {Fit.COVER: Fit.OUTSIDE, Fit.CONTAIN: Fit.INSIDE}


class _StageList:
    """Stages, each filled as far as its own order of work allows."""

    def __init__(self) -> None:
        self._done: list[Stage] = []
        self._stage, self._rank = Stage(), -1

    def add(self, operation: _Operation, until: int = -1) -> None:
        """Add an operation, to a new stage if it would come too early; ``until``: up to where it works in a stage."""
        if operation is _NOTHING:
            return
        if operation.rank <= self._rank:
            self._done.append(self._stage)
            self._stage = Stage()
        self._stage, self._rank = operation.apply(self._stage), max(operation.rank, until)

    def change(self, operation: _Operation) -> None:
        """Add an operation that comes before the canvas of this stage, if that has one."""
        self._stage, self._rank = operation.apply(self._stage), max(self._rank, operation.rank)

    def flatten(self, colour: Colour) -> None:
        """Put a colour behind the image of this stage, before its canvas."""
        self._stage, self._rank = replace(self._stage, flatten=colour), max(self._rank, _Rank.FLATTEN)

    def finished(self, param: str) -> list[Stage]:
        if len(self._done) > MAX_STAGES:
            raise InvalidParameter(f"The operations need more than {MAX_STAGES} passes", param=param)
        return [*self._done, self._stage]


def _effect(name: str, value: object) -> _Operation:
    return _Operation(_RANKS[name], lambda stage: replace(stage, effects=replace(stage.effects, **{name: value})))


def _morphology(name: str, width: int) -> _Operation:
    changes = {name: min(width, _MAX_MORPHOLOGY), "morphology": MorphologyUnit.BITS}
    return _Operation(_Rank.MORPHOLOGY, lambda stage: replace(stage, effects=replace(stage.effects, **changes)))


def _tone(name: str, value: object) -> _Operation:
    return _Operation(
        _RANKS[name],
        lambda stage: replace(stage, adjust=replace(stage.adjust, tone=replace(stage.adjust.tone, **{name: value}))),
    )


def _colour(name: str, value: object) -> _Operation:
    return _Operation(
        _RANKS[name],
        lambda stage: replace(
            stage, adjust=replace(stage.adjust, colour=replace(stage.adjust.colour, **{name: value}))
        ),
    )


def _cropped(region: Crop | CropWindow) -> _Operation:
    return _Operation(_Rank.CROP, lambda stage: replace(stage, crop=region))


def _combined(first: Flip, second: Flip) -> Flip:
    return second if first in {Flip.NONE, second} else Flip.BOTH


def _transposed(flips: Flip) -> Flip:
    return {Flip.HORIZONTAL: Flip.VERTICAL, Flip.VERTICAL: Flip.HORIZONTAL}.get(flips, flips)
