"""The parameters of the native API, each declared once, in ``tables/``; here they are one table.

The parser, the error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from it.
Knows names, grammars and meanings, and which values make which plan.
"""

from pixmill.dialects.param import Asked, Param
from pixmill.dialects.tables import adjust, effects, extend, frames, info, output, overlays, place, shapes, size, source
from pixmill.plan.ops import Plan

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
    *output.PARAMS,
    *info.PARAMS,
    *source.ACCESS_PARAMS,
)

INFO_PARAMS: tuple[Param, ...] = (*source.PARAMS, *info.PARAMS, *source.ACCESS_PARAMS)
"""What ``/info`` takes."""


def plan_of(asked: Asked) -> Plan:
    """The plan of these values, in the one spelling that all equal pictures share."""
    sized = size.fields(asked)
    around = extend.fields(asked, sized["resize"])
    written = output.fields(asked, sized["resize"])
    told = info.fields(asked, written["output"])
    looked = frames.fields(asked, written["output"])
    above = {**shapes.fields(asked), **overlays.fields(asked)}
    plan = Plan(
        **looked,
        **sized,
        **place.fields(asked),
        **around,
        **adjust.fields(asked),
        **effects.fields(asked),
        **above,
        **written,
        **told,
    )
    return info.lightened(plan)


def question_of(asked: Asked) -> Plan:
    """The plan of ``/info``, which makes nothing of a picture."""
    return Plan(question=info.question(asked))
