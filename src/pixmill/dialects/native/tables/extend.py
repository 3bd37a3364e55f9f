"""What is added around the picture."""

from typing import Any

from pixmill.dialects.native.grammars.measurements import MarginGrammar
from pixmill.dialects.native.grammars.scalars import Choice
from pixmill.dialects.native.param import MAX_SIDE, Group, Param, ParamValues
from pixmill.dialects.native.tables.size import effective_dpr
from pixmill.plan.lengths import round_position
from pixmill.plan.ops import Fit, Resize
from pixmill.plan.transforms import Extend, Fill

PARAMS = (
    Param(
        "padding",
        Group.SIZE,
        MarginGrammar(),
        "Pixels added around the result, outside of the box: on all sides, or top and bottom then left and right, or top, right, "
        "bottom, left.",
        ("10", "10,20", "10,20,30,40"),
        default="0",
    ),
    Param(
        "extend",
        Group.SIZE,
        Choice({fill.value: fill for fill in Fill} | {"colour": Fill.COLOUR}),
        "What padding and the room around the picture of fit=contain show: the background (color), the picture blurred (blur), its "
        "outermost pixels drawn out (edge), or the picture mirrored (mirror).",
        ("blur",),
        default=Fill.COLOUR.value,
    ),
)


def extend_fields(values: ParamValues, resize: Resize) -> dict[str, Any]:
    """The field of a plan that these parameters make: a filling needs something to fill."""
    dpr = effective_dpr(values)
    margins = (min(round_position(margin * dpr), MAX_SIDE) for margin in values.get("padding", (0, 0, 0, 0)))
    extend = Extend(Fill.COLOUR, *margins)
    if not may_extend(extend, resize):
        return {"extend": Extend()}
    return {"extend": Extend(values.get("extend", Fill.COLOUR), extend.top, extend.right, extend.bottom, extend.left)}


def may_extend(extend: Extend, resize: Resize) -> bool:
    """Whether there may be room around the picture."""
    return extend.has_margins or resize.fit is Fit.CONTAIN
