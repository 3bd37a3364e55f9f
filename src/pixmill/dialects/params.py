"""The parameters of the native API, each declared once, in ``tables/``; here they are one table.

The parser, the error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from it.
Knows names, grammars and meanings, and which values make which plan.
"""

from typing import Any, Final

from pixmill.dialects.param import Asked, Param
from pixmill.dialects.stages import then
from pixmill.dialects.tables import (
    adjust,
    effects,
    extend,
    frames,
    info,
    output,
    overlays,
    place,
    shapes,
    size,
    source,
    tags,
)
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import Plan, Stage
from pixmill.plan.references import MAX_PICTURES, references

_NOT_AGAIN: Final = {"dpr", *(param.name for param in place.PARAMS if param.name.startswith("trim"))}
"""``dpr`` counts for all stages; what is trimmed is seen in the pixels, which are not there yet when sizes are resolved."""

STAGE_PARAMS: tuple[Param, ...] = (
    tuple(
        param
        for table in (size, extend, place, adjust, effects, shapes, overlays)
        for param in table.PARAMS
        if param.name not in _NOT_AGAIN
    )
    + output.BACKGROUND
)
"""What a stage after the first may say: operations only."""

PARAMS: tuple[Param, ...] = (
    *source.PARAMS,
    *frames.PARAMS,
    *size.PARAMS,
    *extend.PARAMS,
    *place.PARAMS,
    *adjust.PARAMS,
    *effects.PARAMS,
    *shapes.PARAMS,
    *overlays.PARAMS,
    then(STAGE_PARAMS),
    *output.PARAMS,
    *tags.PARAMS,
    *info.PARAMS,
    *source.ACCESS_PARAMS,
)

INFO_PARAMS: tuple[Param, ...] = (*source.PARAMS, *info.PARAMS, *source.ACCESS_PARAMS)
"""What ``/info`` takes."""


def plan_of(asked: Asked) -> Plan:
    """The plan of these values, in the one spelling that all equal pictures share."""
    done = _done(asked)
    written = output.fields(asked, done["resize"])
    told = info.fields(asked, written["output"])
    looked = frames.fields(asked, written["output"])
    plan = Plan(**looked, **done, trim=place.trimmed(asked), stages=_stages(asked), **written, **told)
    if plan.stages and len(references(plan)) > MAX_PICTURES:
        raise InvalidParameter(f"All stages together may refer to at most {MAX_PICTURES} pictures", param="then")
    return info.lightened(plan)


def _done(asked: Asked) -> dict[str, Any]:
    """What is done to the picture, but for its background."""
    sized = size.fields(asked)
    return {
        **sized,
        **place.fields(asked),
        **extend.fields(asked, sized["resize"]),
        **adjust.fields(asked),
        **effects.fields(asked),
        **shapes.fields(asked),
        **overlays.fields(asked),
    }


def _stages(asked: Asked) -> tuple[Stage, ...]:
    """Those after the first that do anything. ``dpr`` counts in each, and ``background`` where it says no other."""
    shared = {name: asked[name] for name in ("dpr", "background") if name in asked}
    stages: list[Stage] = []
    for number, said in enumerate(asked.get("then", ()), 2):
        try:
            done = _done(shared | said)
        except BadRequest as error:
            raise error.about(stage_name(number), "then") from None
        stages.append(Stage(**done, background=output.canvas(shared | said, done["resize"])))
    return tuple(stage for stage in stages if stage != Stage())


def question_of(asked: Asked) -> Plan:
    """The plan of ``/info``, which makes nothing of a picture."""
    return Plan(question=info.question(asked))
