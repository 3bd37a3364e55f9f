"""The parameters of the native API, each declared once, in ``tables/``; here they are one table.

The parser, the error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from it.
Knows names, grammars and meanings, and which values make which plan.
"""

from typing import Any, Final

from pixmill.dialects.native.param import Param, ParamValues
from pixmill.dialects.native.stages import then_param
from pixmill.dialects.native.tables import (
    adjust,
    effects,
    info,
    input_options,
    output,
    overlays,
    rotate_crop,
    shapes,
    size,
    source,
    tags,
)
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import Plan, Stage
from pixmill.plan.references import MAX_REFERENCES, references

_FIRST_STAGE_ONLY: Final = {"dpr", *(param.name for param in rotate_crop.PARAMS if param.name.startswith("trim"))}
"""``dpr`` counts for all stages; what is trimmed is seen in the pixels, which are not there yet when sizes are resolved."""

STAGE_PARAMS: tuple[Param, ...] = (
    tuple(
        param
        for table in (size, rotate_crop, adjust, effects, shapes, overlays)
        for param in table.PARAMS
        if param.name not in _FIRST_STAGE_ONLY
    )
    + output.BACKGROUND
)
"""What a stage after the first may say: operations only."""

PARAMS: tuple[Param, ...] = (
    *source.PARAMS,
    *input_options.PARAMS,
    *size.PARAMS,
    *rotate_crop.PARAMS,
    *adjust.PARAMS,
    *effects.PARAMS,
    *shapes.PARAMS,
    *overlays.PARAMS,
    then_param(STAGE_PARAMS),
    *output.PARAMS,
    *tags.PARAMS,
    *info.PARAMS,
    *source.ACCESS_PARAMS,
)

INFO_PARAMS: tuple[Param, ...] = (*source.PARAMS, *info.PARAMS, *source.ACCESS_PARAMS)
"""What ``/info`` takes."""


def plan_of(values: ParamValues) -> Plan:
    """The plan of these values, in the one spelling that all equal pictures share."""
    operations = _operations(values)
    output_fields = output.output_fields(values, operations["resize"])
    info_fields = info.info_fields(values, output_fields["output"])
    input_fields = input_options.input_fields(values, output_fields["output"])
    plan = Plan(
        **input_fields,
        **operations,
        trim=rotate_crop.trim_for(values),
        stages=_stages(values),
        **output_fields,
        **info_fields,
    )
    if plan.stages and len(references(plan)) > MAX_REFERENCES:
        raise InvalidParameter(f"All stages together may refer to at most {MAX_REFERENCES} pictures", param="then")
    return info.with_placeholder_size(plan)


def _operations(values: ParamValues) -> dict[str, Any]:
    """What is done to the picture, but for its background."""
    resize_fields = size.resize_fields(values)
    return {
        **resize_fields,
        **rotate_crop.rotate_crop_fields(values),
        **size.extend_fields(values, resize_fields["resize"]),
        **adjust.adjust_fields(values),
        **effects.effect_fields(values),
        **shapes.shape_fields(values),
        **overlays.overlay_fields(values),
    }


def _stages(values: ParamValues) -> tuple[Stage, ...]:
    """Those after the first that do anything. ``dpr`` counts in each, and ``background`` where it says no other."""
    shared = {name: values[name] for name in ("dpr", "background") if name in values}
    stages: list[Stage] = []
    for number, stage_values in enumerate(values.get("then", ()), 2):
        try:
            operations = _operations(shared | stage_values)
        except BadRequest as error:
            raise error.with_subject(stage_name(number), "then") from None
        stages.append(
            Stage(**operations, background=output.stage_background(shared | stage_values, operations["resize"]))
        )
    return tuple(stage for stage in stages if stage != Stage())


def info_plan(values: ParamValues) -> Plan:
    """The plan of ``/info``, which makes nothing of a picture."""
    return Plan(fact_selection=info.fact_selection(values))
