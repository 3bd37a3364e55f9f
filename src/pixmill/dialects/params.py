"""The parameters of the native API, each declared once, in ``tables/``; here they are one table.

The parser, the error texts, OpenAPI, the reference page and the options of ``pixmill resize`` are derived from it.
Knows names, grammars and meanings, and which values make which plan.
"""

from pixmill.dialects.param import Asked, Param
from pixmill.dialects.tables import effects, output, size, source
from pixmill.plan.ops import Plan

PARAMS: tuple[Param, ...] = (
    *source.PARAMS,
    *size.PARAMS,
    *effects.PARAMS,
    *output.PARAMS,
    *source.ACCESS_PARAMS,
)

INFO_PARAMS: tuple[Param, ...] = (*source.PARAMS, *source.ACCESS_PARAMS)
"""What ``/info`` takes."""


def plan_of(asked: Asked) -> Plan:
    """The plan of these values, in the one spelling that all equal pictures share."""
    sized = size.fields(asked)
    return Plan(**sized, **effects.fields(asked), **output.fields(asked, sized["resize"]))
