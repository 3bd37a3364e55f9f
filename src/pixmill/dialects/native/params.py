"""The parameters of the native API as one table, and how their values are compiled into a plan.

The parser, error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from the table.
Each parameter is declared once, in ``tables/``, beside the function that compiles it.
"""

from collections.abc import Callable
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
from pixmill.plan.geometry import stage_name
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import MAX_OVERLAY_DEPTH, Plan, Stage
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
            _stage_params(_overlay_param(depth + 1)),
            lambda values: _stage_of(values),  # noqa: PLW0108 - defined below
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
_EMPTY: Final = Plan()
_SHARED_WITH_STAGES: Final = frozenset(("dpr", "dpr_rule", "dpr_max_side", "background"))


def plan_of(values: ParamValues) -> Plan:
    """Compile values into the plan that all spellings of the same image share. Raises BadRequest.

    Further stages inherit ``dpr``, its rule and ``background`` unless they have their own. ``normal_form`` drops what
    has no effect.
    """
    fields = _operations(values)
    fields["output"] = output.output_of(values)
    if not animation.NAMES.isdisjoint(values):
        fields["output"] = replace(output.output_of(values), animation=animation.animation_of(values))
    if "then" in values:
        fields["stages"] = _further_stages(values)
    if not input_options.NAMES.isdisjoint(values):
        fields["input"] = input_options.input_of(values)
    if not info.NAMES.isdisjoint(values):
        fields["fact_selection"] = info.fact_selection(values)
    plan = replace(_EMPTY, **fields)
    if (plan.stages or plan.overlays) and len(references(plan)) > MAX_REFERENCES:
        param = "then" if plan.stages else "overlay"
        raise InvalidParameter(f"All stages together may refer to at most {MAX_REFERENCES} images", param=param)
    return normal_form(plan)


def _stage_of(values: ParamValues) -> Stage:
    """Compile the operations of one stage."""
    return replace(_UNCHANGED, **_operations(values))


def _operations(values: ParamValues) -> dict[str, object]:
    """Compile the operations that are given, by the fields of a stage; a table without one of them is not visited."""
    fields: dict[str, object] = {}
    for name in values:
        if name in _FIELD_OF and (field := _FIELD_OF[name]) not in fields:
            fields[field] = _COMPILE[field](values)
    if not rotate_crop.NAMES.isdisjoint(values):
        fields["rotate"], fields["flip"], fields["rotate_free"] = rotate_crop.rotation_of(values)
    return fields


_TABLES: Final[tuple[tuple[str, frozenset[str], Callable[[ParamValues], object]], ...]] = (
    ("trim", frozenset(("trim",)), rotate_crop.trim_of),
    ("crop", rotate_crop.CROP_NAMES, rotate_crop.crop_of),
    ("resize", size.NAMES, size.resize_of),
    ("resample_space", frozenset(("light",)), lambda values: values["light"]),
    ("grayscale", frozenset(("grayscale",)), lambda values: values["grayscale"]),
    ("adjust", adjust.NAMES, adjust.adjust_of),
    ("blur", frozenset(("blur",)), lambda values: float(values["blur"])),
    ("blur_space", frozenset(("blur_space",)), lambda values: values["blur_space"]),
    ("effects", effects.NAMES, effects.effects_of),
    ("shape", shapes.NAMES, shapes.shape_of),
    ("opacity", frozenset(("opacity",)), lambda values: float(values["opacity"])),
    ("flatten", frozenset(("flatten",)), lambda values: values["flatten"]),
    ("canvas", frozenset(("canvas",)), size.canvas_of),
    ("extend", frozenset(("padding", "extend")), size.extend_of),
    ("overlays", frozenset(("overlay",)), lambda values: values["overlay"]),
    ("background", frozenset(("background",)), lambda values: values["background"]),
)
"""The fields of a stage, the parameters that they are compiled from, and how."""

_FIELD_OF: Final = {name: field for field, names, _ in _TABLES for name in names}
_COMPILE: Final = {field: compile_table for field, _, compile_table in _TABLES}


def _further_stages(values: ParamValues) -> tuple[Stage, ...]:
    """Compile the stages after the first."""
    inherited = select(values, _SHARED_WITH_STAGES)
    stages: list[Stage] = []
    for number, stage_values in enumerate(values["then"], 2):
        try:
            stages.append(_stage_of(inherited | stage_values))
        except BadRequest as error:
            raise error.with_subject(stage_name(number), "then") from None
    return tuple(stages)


def info_plan(values: ParamValues) -> Plan:
    """Compile the plan of ``/info``, which renders nothing."""
    return normal_form(Plan(fact_selection=info.fact_selection(values)))
