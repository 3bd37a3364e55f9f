"""The normal form of a plan: fields without an effect are at their defaults, so that equal images have equal keys.

Pure functions over plans, for all dialects. Must never know a URL. Each rule changes a plan only if it has to, so that
a plan in normal form is returned as it is.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pixmill.media import MEDIA, Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, Modulate, MorphologyUnit, ToneAdjustment
from pixmill.plan.facts import HEADER_FACTS_ONLY, Fact, FactSelection
from pixmill.plan.gravity import Gravity, Point, Smart, normal_point
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.normal_crop import normal_crop
from pixmill.plan.normal_output import ALPHA_FORMATS, normal_output
from pixmill.plan.ops import (
    DEFAULT_INPUT,
    BlurSpace,
    Canvas,
    Clamp,
    Fit,
    Flip,
    ImageOverlay,
    Input,
    Kernel,
    Output,
    Overlay,
    Plan,
    ResampleSpace,
    Resize,
    Stage,
)
from pixmill.plan.output import AS_RECORDED
from pixmill.plan.shapes import NO_SHAPE, CornerRadii, Shape
from pixmill.plan.size_rules import Dpr, DprRule, SkipSmaller
from pixmill.plan.transforms import Extend, Fill, LengthUnit, Trim, TrimCorner

S = TypeVar("S", bound=Stage)
T = TypeVar("T", bound=Struct)

Changes = dict[str, object]

_UNCHANGED: Final = Stage()
_DEFAULT_RESIZE: Final = Resize()
_CENTRE: Final = Point()
_PLACEHOLDER_FORMATS: Final = frozenset((Format.BLURHASH, Format.THUMBHASH, Format.LQIP))
_FULL_PERCENT: Final = 100
_PLACEHOLDER_RESIZE: Final = Resize(100, 100)
"""A placeholder holds no more detail than an image of this size."""


def normal_form(plan: Plan) -> Plan:
    """Return the plan that all spellings of the same image share. The function is idempotent.

    1. Output: the format decides which encoder options, facts, frames and background have an effect.
    2. First stage, then further stages; those that do nothing are dropped.
    3. Input, which concerns the original; image information, which only JSON reports.
    4. The default size of placeholders, which concerns the whole plan.
    """
    output = normal_output(plan.output)
    plan = normal_stage(plan, keeps_alpha=not output.negotiated and not ALPHA_FORMATS.isdisjoint(output.formats))
    changes: Changes = {} if output is plan.output else {"output": output}
    if plan.stages and (stages := _normal_stages(plan.stages)) != plan.stages:
        changes["stages"] = stages
    if plan.input is not DEFAULT_INPUT and (source := _normal_input(plan.input, output)) is not plan.input:
        changes["input"] = source
    if output.animation is not AS_RECORDED and not _has_timing(plan.input, output):
        changes["output"] = replace(output, animation=AS_RECORDED)
    if plan.fact_selection is not HEADER_FACTS_ONLY:
        changes["fact_selection"] = _normal_facts(plan.fact_selection, output)
    normal = _changed(plan, changes)
    return normal if _PLACEHOLDER_FORMATS.isdisjoint(output.formats) else _with_placeholder_size(normal)


def normal_stage(stage: S, *, keeps_alpha: bool) -> S:
    """Return the normal form of the operations of a stage.

    ``keeps_alpha``: the result can be transparent, so that a background behind the image has no effect.
    """
    if _operations(stage) == _NO_OPERATIONS:  # most requests only resize
        resize = normal_resize(stage.resize)
        return stage if resize is stage.resize else replace(stage, resize=resize)
    changes: Changes = {}
    extend, resize, canvas = stage.extend, stage.resize, stage.canvas
    if extend is not _UNCHANGED.extend:
        changes["extend"] = extend = _normal_margins(extend)
    if canvas is not None:
        changes["canvas"] = canvas = _normal_canvas(canvas)
    is_padded = canvas is not None or _has_margins(extend)
    if resize is not _DEFAULT_RESIZE:
        changes["resize"] = resize = normal_resize(resize, is_padded=is_padded)
    if stage.flip is not Flip.NONE:
        changes["rotate"], changes["flip"] = _normal_orientation(stage.rotate, stage.flip)
    for name, default, normal_value in _NORMAL_VALUES:
        value = getattr(stage, name)
        if value is not default:
            changes[name] = normal_value(value)
    changes |= _space_changes(stage, changes)
    if not is_padded and resize.fit is not Fit.CONTAIN:
        changes["extend"] = _changed(extend, _COLOUR_FILL)
        changes["background"] = _UNCHANGED.background if keeps_alpha else stage.background
    return _changed(stage, changes)


def _space_changes(stage: Stage, changes: Changes) -> Changes:
    """Drop the spaces of blurs and of resampling where nothing is mixed; ``changes`` are those of the stage so far."""
    spaces: Changes = {} if stage.blur else {"blur_space": BlurSpace.LINEAR}
    mixing = (changes.get(name, getattr(stage, name)) for name in ("resize", "crop", "rotate_free", "overlays"))
    if tuple(mixing) == _NOTHING_MIXED:
        spaces["resample_space"] = ResampleSpace.AUTO
    return spaces


def _has_margins(extend: Extend) -> bool:
    return bool(extend.top or extend.right or extend.bottom or extend.left)


def _normal_margins(extend: Extend) -> Extend:
    """Drop the unit of margins of nothing."""
    return extend if _has_margins(extend) else _changed(extend, {"unit": LengthUnit.PIXELS})


def _normal_canvas(canvas: Canvas) -> Canvas | None:
    """Drop a canvas that no image is smaller than."""
    canvas = replace(canvas, gravity=normal_point(canvas.gravity))
    if canvas.unit is LengthUnit.PIXELS or canvas.aspect is not None:
        return canvas
    sides = (canvas.width or _FULL_PERCENT, canvas.height or _FULL_PERCENT)
    has_effect = max(sides) > _FULL_PERCENT or (canvas.cut and min(sides) < _FULL_PERCENT)
    return canvas if has_effect else None


_operations: Final = attrgetter(
    "extend",
    "flip",
    "trim",
    "blur_space",
    "resample_space",
    "crop",
    "adjust",
    "effects",
    "shape",
    "flatten",
    "canvas",
    "overlays",
    "background",
)
"""The fields of a stage that may have no effect, apart from ``resize``."""
_NOTHING_MIXED: Final = (_DEFAULT_RESIZE, None, None, ())
_COLOUR_FILL: Final[Changes] = {"fill": Fill.COLOUR}
_NO_OPERATIONS: Final = _operations(_UNCHANGED)


def _visible(colour: Colour) -> Colour | None:
    return colour if colour.alpha else None


def normal_resize(resize: Resize, *, is_padded: bool = False) -> Resize:
    """Return the normal form of a box; ``is_padded``: there is padding or a canvas, which a ratio may multiply."""
    if resize is _DEFAULT_RESIZE or (_rare_fields(resize) == _RARE_DEFAULTS and _is_plain_box(resize)):
        return resize
    is_wide, is_high = bool(resize.width or resize.width_share), bool(resize.height or resize.height_share)
    is_sized = is_wide or is_high
    if is_sized:
        keeps_aspect = not (is_wide and is_high) and bool(resize.width_share or resize.height_share)
        aspect = resize.aspect if keeps_aspect else None
        changes: Changes = {"aspect": aspect, "zoom": 1.0}
    else:
        aspect = resize.aspect
        changes = _free_changes(resize)
    is_placed = resize.fit is Fit.COVER and _is_close_up(resize.gravity)
    completes_box = is_sized and resize.rounding is RoundingMode.COMPLETED_BOX
    has_shape = (is_wide and is_high) or aspect is not None or is_placed or completes_box
    if not has_shape and (resize.fit is not Fit.INSIDE or resize.adaptive):
        changes |= {"fit": Fit.INSIDE, "adaptive": False}
    elif resize.adaptive and _is_square(resize):
        changes["adaptive"] = False
    resize = _changed(resize, changes)
    if resize.gravity is not _CENTRE or resize.clamp is not Clamp.SHAPE:
        resize = _changed(resize, _fitting_changes(resize, has_shape=has_shape))
    if _has_rules(resize):
        resize = _changed(resize, _rule_changes(resize, is_sized=is_sized, is_padded=is_padded))
    if is_sized:
        return resize
    if resize.kernel is not Kernel.LANCZOS3 or resize.rounding is not RoundingMode.HALF_UP:
        plain = replace(resize, kernel=Kernel.LANCZOS3, rounding=RoundingMode.HALF_UP)
        return resize if plain != _DEFAULT_RESIZE else _DEFAULT_RESIZE
    return resize if resize != _DEFAULT_RESIZE else _DEFAULT_RESIZE


_rare_fields: Final = attrgetter(
    "aspect",
    "zoom",
    "adaptive",
    "clamp",
    "gravity",
    "refuse_enlarging",
    "enlarge_drawings",
    "skip_smaller",
    "max_enlarged_side",
    "min_fitted_side",
    "dpr",
    "width_share",
    "height_share",
    "refuse_exceeding",
)
"""The fields of a box that may have no effect, apart from those that ``_is_plain_box`` looks at."""
_RARE_DEFAULTS: Final = _rare_fields(_DEFAULT_RESIZE)


def _is_plain_box(resize: Resize) -> bool:
    """Return whether all of the common fields have an effect, as those of most requests."""
    if resize.fit is Fit.INSIDE:
        return resize.width > 0 or resize.height > 0
    return resize.width > 0 and resize.height > 0


def _has_rules(resize: Resize) -> bool:
    """Return whether there may be a rule that depends on the size of the image."""
    return (
        resize.refuse_enlarging
        or resize.refuse_exceeding
        or not resize.enlarge_drawings
        or resize.dpr is not None
        or resize.skip_smaller is not SkipSmaller.NEVER
        or resize.max_enlarged_side > 0
        or resize.min_fitted_side > 0
    )


def _free_changes(resize: Resize) -> Changes:
    """Drop what a box without sides does not need: most are as large as the image, so that only a zoom changes it."""
    if resize.aspect is not None and (resize.fit not in (Fit.COVER, Fit.FILL) or not resize.shrink):
        return {}
    zoom = resize.zoom if resize.shrink else max(resize.zoom, 1.0)
    is_close_up = resize.fit is Fit.COVER and _is_close_up(resize.gravity)
    return {"zoom": zoom, "shrink": True, "enlarge": resize.enlarge and (zoom > 1 or is_close_up)}


def _is_square(resize: Resize) -> bool:
    if resize.width or resize.height:
        return resize.width == resize.height
    if resize.width_share or resize.height_share:
        return False
    return resize.aspect is not None and resize.aspect.width == resize.aspect.height


def _fitting_changes(resize: Resize, *, has_shape: bool) -> Changes:
    """Drop a gravity that places nothing, and a clamp that limits nothing."""
    changes: Changes = {}
    if resize.gravity is not _CENTRE:
        is_used = resize.fit in (Fit.COVER, Fit.AUTO) or (
            resize.fit is Fit.CONTAIN and isinstance(resize.gravity, Point)
        )
        if not (is_used and has_shape):
            changes["gravity"] = _CENTRE
        elif resize.fit is Fit.CONTAIN and isinstance(resize.gravity, Point):
            changes["gravity"] = _changed(resize.gravity, {"proportional": False, "zoom": 1.0})
    if resize.clamp is not Clamp.SHAPE and not (has_shape and _is_clamp_used(resize)):
        changes["clamp"] = Clamp.SHAPE
    return changes


def _is_close_up(gravity: Gravity) -> bool:
    return gravity.zoom != 1 or (not isinstance(gravity, Point | Smart) and gravity.closeness > 0)


def _is_clamp_used(resize: Resize) -> bool:
    """Return False for boxes that every image may be scaled to, and for fits that do not reach both sides of a box."""
    is_sized = bool(resize.width or resize.width_share or resize.height_share)
    if resize.clamp is Clamp.ORIGINAL:
        return not resize.enlarge and resize.shrink and bool(resize.width and resize.height)
    if resize.clamp is Clamp.BOX:
        return not resize.enlarge and (is_sized or resize.zoom > 1 or resize.fit is Fit.CONTAIN)
    is_in_image = not is_sized and resize.zoom <= 1 and resize.shrink and resize.fit is not Fit.CONTAIN
    return resize.fit not in (Fit.INSIDE, Fit.OUTSIDE) and not (resize.enlarge and resize.shrink) and not is_in_image


def _rule_changes(resize: Resize, *, is_sized: bool, is_padded: bool) -> Changes:
    """Drop the rules that depend on the size of the image where there is nothing that they apply to."""
    changes: Changes = {}
    has_minimum = bool(resize.min_width or resize.min_height)
    has_limits = has_minimum or bool(resize.max_width or resize.max_height)
    if resize.refuse_enlarging and not (is_sized or has_minimum or resize.zoom > 1):
        changes["refuse_enlarging"] = False
    if not resize.enlarge_drawings and (resize.enlarge or not (is_sized or resize.zoom > 1)):
        changes["enlarge_drawings"] = True
    if resize.skip_smaller is not SkipSmaller.NEVER and not is_sized:
        changes["skip_smaller"] = SkipSmaller.NEVER
    if resize.max_enlarged_side and not (resize.enlarge or resize.fit is Fit.CONTAIN or has_minimum):
        changes["max_enlarged_side"] = 0
    if resize.refuse_exceeding and not (resize.max_width or resize.max_height or resize.max_area):
        changes["refuse_exceeding"] = False
    is_limited = has_limits or resize.max_area > 0
    if resize.min_fitted_side and not (is_sized or is_limited or resize.aspect is not None or resize.zoom != 1):
        changes["min_fitted_side"] = 0
    if resize.dpr is not None:
        changes["dpr"] = _normal_dpr(resize.dpr) if is_sized or is_padded or has_limits else None
    return changes


def _normal_dpr(dpr: Dpr) -> Dpr | None:
    if dpr.factor == 1 or dpr.rule is DprRule.FULL:
        return None
    return replace(dpr, max_side=0) if dpr.max_side and dpr.rule is not DprRule.DROPPED else dpr


def _normal_orientation(rotate: int, flip: Flip) -> tuple[int, Flip]:
    """Choose the smaller rotation of the two spellings of each orientation; both flips are a half turn."""
    if flip is Flip.BOTH:
        return (rotate + 180) % 360, Flip.NONE
    if rotate < 180:  # noqa: PLR2004 - degrees
        return rotate, flip
    return rotate - 180, Flip.VERTICAL if flip is Flip.HORIZONTAL else Flip.HORIZONTAL


def _normal_adjust(adjust: Adjust) -> Adjust:
    tone = _changed(adjust.tone, _tone_changes(adjust.tone))
    colour = _changed(adjust.colour, _colour_changes(adjust.colour))
    return _changed(adjust, {"tone": tone, "colour": colour})


def _tone_changes(tone: ToneAdjustment) -> Changes:
    return {"normalise": False} if tone.equalise and tone.normalise else {}


def _colour_changes(colour: ColourAdjustment) -> Changes:
    """Drop colours that are fully transparent: the alpha of a colour is its strength."""
    changes: Changes = {}
    if colour.tint and not colour.tint.alpha:
        changes["tint"] = None
    if colour.colorize and not colour.colorize.alpha:
        changes["colorize"] = None
    if colour.duotone and not _are_visible(colour.duotone.dark, colour.duotone.light):
        changes["duotone"] = None
    if colour.modulate == _NO_MODULATION:
        changes["modulate"] = None
    if colour.matrix == _NO_MIXING:
        changes["matrix"] = None
    return changes


_NO_MIXING: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


_NO_MODULATION: Final = Modulate()


def _are_visible(*colours: Colour) -> bool:
    return any(colour.alpha for colour in colours)


def _normal_effects(effects: Effects) -> Effects:
    """Drop blocks of one pixel, gradients that cannot be seen, and what is not used."""
    changes: Changes = {name: 0 for name in ("pixelate", "pixelate_faces") if getattr(effects, name) == 1}
    if not effects.dilate and not effects.erode:
        changes["morphology"] = MorphologyUnit.VALUES
    if effects.gradient and not _are_visible(effects.gradient.start, effects.gradient.stop):
        changes["gradient"] = None
    for name in ("blur_areas", "pixelate_areas"):
        redaction = getattr(effects, name)
        if redaction is not None:
            changes[name] = _changed(redaction, {"regions": tuple(sorted(set(redaction.regions)))})
    return _changed(effects, changes)


_NO_RADII: Final = (CornerRadii(), CornerRadii(percent=True))


def _normal_shape(shape: Shape) -> Shape:
    changes: Changes = {}
    if shape.corner_radii in _NO_RADII:
        changes["corner_radii"] = None
    if shape.border and not shape.border.colour.alpha:
        changes["border"] = None
    return _changed(shape, changes)


def _normal_stages(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Drop stages that do nothing."""
    normal = (normal_stage(stage, keeps_alpha=True) for stage in stages)
    return tuple(stage for stage in normal if stage != _UNCHANGED)


def _normal_overlay(overlay: Overlay) -> Overlay:
    if not isinstance(overlay, ImageOverlay) or not overlay.is_processed:
        return overlay
    return _changed(overlay, {"prepare": _normal_stages(overlay.prepare), "stages": _normal_stages(overlay.stages)})


def _normal_input(source: Input, output: Output) -> Input:
    """Drop the choice of frames if the format cannot be animated; a page is a still."""
    can_animate = _can_animate(output) or output.passthrough_animations
    is_still = source.page > 1 or not source.animated or source.max_frames == 1
    changes: Changes = {"animated": not (can_animate and is_still)}
    if not can_animate or is_still:
        changes |= {"max_frames": 0, "frame_step": 1, "animated_formats": ()}
    elif source.animated_formats:
        changes["animated_formats"] = tuple(sorted(set(source.animated_formats)))
    if source.rejected:
        changes["rejected"] = tuple(sorted(set(source.rejected)))
    normal = _changed(source, changes)
    return normal if normal != DEFAULT_INPUT else DEFAULT_INPUT


def _has_timing(source: Input, output: Output) -> bool:
    """Return whether the result may be an animation."""
    is_still = source.page > 1 or not source.animated or source.max_frames == 1
    return _can_animate(output) and not is_still and output.animation != AS_RECORDED


def _can_animate(output: Output) -> bool:
    return not output.formats or output.negotiated or MEDIA[output.formats[0]].animation


def _normal_facts(selection: FactSelection, output: Output) -> FactSelection:
    """Drop facts that are not reported, and the number of colours of no palette.

    A plan without any format is that of a request for facts alone.
    """
    is_reported = output.formats == (Format.JSON,) or not (output.formats or output.negotiated or output.source_format)
    if not is_reported:
        return HEADER_FACTS_ONLY
    return selection if Fact.PALETTE in selection.include else FactSelection(selection.include)


def _with_placeholder_size(plan: Plan) -> Plan:
    """Render a placeholder without a size from a small image, unless an operation counts pixels of the result."""
    if plan.resize != _DEFAULT_RESIZE:
        return plan
    reducible = Plan(
        rotate=plan.rotate,
        flip=plan.flip,
        crop=plan.crop,
        grayscale=plan.grayscale,
        background=plan.background,
        output=plan.output,
    )
    return replace(plan, resize=_PLACEHOLDER_RESIZE) if plan == reducible else plan


def _normal_trim(trim: Trim) -> Trim:
    """Drop the corner if the colour is given, and the unit of no padding."""
    changes: Changes = {} if trim.colour is None else {"corner": TrimCorner.TOP_LEFT}
    return _changed(trim, changes if trim.padding else changes | {"padding_unit": LengthUnit.PIXELS})


_NORMAL_VALUES: Final[tuple[tuple[str, object, Callable[..., object]], ...]] = (
    ("trim", None, _normal_trim),
    ("crop", None, normal_crop),
    ("adjust", _UNCHANGED.adjust, _normal_adjust),
    ("effects", _UNCHANGED.effects, _normal_effects),
    ("shape", NO_SHAPE, _normal_shape),
    ("flatten", None, _visible),
    ("overlays", (), lambda overlays: tuple(map(_normal_overlay, overlays))),
)
"""Fields of a stage whose normal form depends on no other field: the name, the default, and the function."""


def _changed(value: T, changes: Changes) -> T:
    """Return the value with these fields; the value itself if it has them already."""
    for name, field in changes.items():
        if getattr(value, name) != field:
            return replace(value, **changes)
    return value
