"""The parameters of the native API as one table, and how their values are compiled into a plan.

The parser, error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from the table.
Each parameter is declared once, in ``tables/``, beside the function that compiles it.
"""

from typing import Final

from msgspec.structs import replace

from pixmill.dialects.native.param import Param
from pixmill.dialects.native.param_values import ParamValues, select
from pixmill.dialects.native.stages import OverlayStageGrammar, then_param
from pixmill.dialects.native.tables import (
    adjust,
    animation,
    effects,
    info,
    input_options,
    output,
    overlays,
    response,
    rotate_crop,
    shapes,
    size,
    source,
    tags,
)
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.facts import HEADER_FACTS_ONLY
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import DEFAULT_INPUT, MAX_OVERLAY_DEPTH, Flip, Plan, Resize, Stage
from pixmill.plan.references import MAX_REFERENCES, references


def _stage_params(overlay: Param) -> tuple[Param, ...]:
    """Return the parameters of a further stage."""
    return (
        *(param for table in (size, rotate_crop, adjust, effects, shapes) for param in table.PARAMS),
        overlay,
        *output.BACKGROUND,
    )


def _overlay_param(depth: int) -> Param:
    """Declare overlays whose images may have overlays too, down to ``MAX_OVERLAY_DEPTH``."""
    if depth == MAX_OVERLAY_DEPTH:
        return overlays.overlay_param(None)
    return overlays.overlay_param(
        OverlayStageGrammar(
            _stage_params(_overlay_param(depth + 1)), lambda values: _stage_of(values, keeps_alpha=True)
        )
    )


_OVERLAY: Final = _overlay_param(1)
STAGE_PARAMS: tuple[Param, ...] = _stage_params(_OVERLAY)
"""The parameters of a further stage: operations only."""

PARAMS: tuple[Param, ...] = (
    *source.PARAMS,
    *input_options.PARAMS,
    *size.PARAMS,
    *rotate_crop.PARAMS,
    *adjust.PARAMS,
    *effects.PARAMS,
    *shapes.PARAMS,
    _OVERLAY,
    then_param(STAGE_PARAMS),
    *output.PARAMS,
    *animation.PARAMS,
    *tags.PARAMS,
    *response.PARAMS,
    *info.PARAMS,
    *source.ACCESS_PARAMS,
)

INFO_PARAMS: tuple[Param, ...] = (*source.PARAMS, *info.PARAMS, *source.ACCESS_PARAMS)
"""The parameters of ``/info``."""


_UNCHANGED: Final = Stage()
_SHARED_WITH_STAGES: Final = frozenset(("dpr", "dpr_rule", "dpr_max_side", "background"))


def plan_of(values: ParamValues) -> Plan:
    """Compile values into the plan that all spellings of the same image share. Raises BadRequest.

    The order of the steps; each uses only the results of those above, and what has no effect stays at its default:

    1. Output: the format decides which encoder options, facts, frames and background have an effect.
    2. First stage: its operations, in the order of ``_stage_of``.
    3. Further stages, which inherit ``dpr``, its rule and ``background`` unless they have their own.
    4. Input, which concerns the original; image information, which only JSON reports.
    5. The limit on references and the default size of placeholders, which concern the whole plan.
    """
    result = output.output_of(values)
    if not animation.NAMES.isdisjoint(values):
        result = replace(result, animation=animation.animation_of(values, result))
    first = _stage_of(values, keeps_alpha=not result.negotiated and not output.ALPHA_FORMATS.isdisjoint(result.formats))
    plan = Plan(
        rotate=first.rotate,
        flip=first.flip,
        trim=first.trim,
        crop=first.crop,
        resize=first.resize,
        rotate_free=first.rotate_free,
        grayscale=first.grayscale,
        adjust=first.adjust,
        blur=first.blur,
        blur_space=first.blur_space,
        effects=first.effects,
        shape=first.shape,
        opacity=first.opacity,
        flatten=first.flatten,
        canvas=first.canvas,
        extend=first.extend,
        overlays=first.overlays,
        background=first.background,
        stages=_further_stages(values) if "then" in values else (),
        input=DEFAULT_INPUT if input_options.NAMES.isdisjoint(values) else input_options.input_of(values, result),
        output=result,
        fact_selection=info.fact_selection(values) if result.formats == (Format.JSON,) else HEADER_FACTS_ONLY,
    )
    if (plan.stages or plan.overlays) and len(references(plan)) > MAX_REFERENCES:
        param = "then" if plan.stages else "overlay"
        raise InvalidParameter(f"All stages together may refer to at most {MAX_REFERENCES} images", param=param)
    return plan if info.PLACEHOLDER_FORMATS.isdisjoint(result.formats) else info.with_placeholder_size(plan)


def _stage_of(values: ParamValues, *, keeps_alpha: bool) -> Stage:
    """Compile the operations of one stage, in their order of work, except that ``resize`` comes first.

    ``extend`` and ``background`` depend on its box. A table is visited only when one of its parameters is given.
    ``keeps_alpha``: the result can be transparent, so that a background behind the image has no effect.
    """
    resize = _UNCHANGED.resize if size.NAMES.isdisjoint(values) else size.resize_of(values)
    rotate, flip, rotate_free = (
        (0, Flip.NONE, None) if rotate_crop.NAMES.isdisjoint(values) else rotate_crop.rotation_of(values)
    )
    return Stage(
        rotate=rotate,
        flip=flip,
        trim=rotate_crop.trim_of(values) if "trim" in values else None,
        crop=None if rotate_crop.CROP_NAMES.isdisjoint(values) else rotate_crop.crop_of(values),
        resize=resize,
        rotate_free=rotate_free,
        grayscale=values.get("grayscale", False),
        adjust=_UNCHANGED.adjust if adjust.NAMES.isdisjoint(values) else adjust.adjust_of(values),
        blur=float(values.get("blur", 0)),
        blur_space=values.get("blur_space", _UNCHANGED.blur_space) if values.get("blur") else _UNCHANGED.blur_space,
        effects=_UNCHANGED.effects if effects.NAMES.isdisjoint(values) else effects.effects_of(values),
        shape=_UNCHANGED.shape if shapes.NAMES.isdisjoint(values) else shapes.shape_of(values),
        opacity=float(values.get("opacity", _UNCHANGED.opacity)),
        flatten=_flatten(values) if "flatten" in values else None,
        canvas=size.canvas_of(values, resize) if "canvas" in values else None,
        extend=size.extend_of(values, resize) if "padding" in values or "extend" in values else _UNCHANGED.extend,
        overlays=values.get("overlay", ()),
        background=_background(values, resize, keeps_alpha=keeps_alpha)
        if "background" in values
        else _UNCHANGED.background,
    )


def _flatten(values: ParamValues) -> Colour | None:
    """Drop a colour that cannot be seen."""
    return values["flatten"] if values["flatten"].alpha else None


def _background(values: ParamValues, resize: Resize, *, keeps_alpha: bool) -> Colour:
    """Drop a background that cannot be seen: without padding, in a result that keeps its transparency."""
    return values["background"] if not keeps_alpha or size.is_padded(values, resize) else _UNCHANGED.background


def _further_stages(values: ParamValues) -> tuple[Stage, ...]:
    """Compile the stages after the first that have an effect."""
    inherited = select(values, _SHARED_WITH_STAGES)
    stages: list[Stage] = []
    for number, stage_values in enumerate(values["then"], 2):
        try:
            stages.append(_stage_of(inherited | stage_values, keeps_alpha=True))
        except BadRequest as error:
            raise error.with_subject(stage_name(number), "then") from None
    return tuple(stage for stage in stages if stage != _UNCHANGED)


def info_plan(values: ParamValues) -> Plan:
    """Compile the plan of ``/info``, which renders nothing."""
    return Plan(fact_selection=info.fact_selection(values))
