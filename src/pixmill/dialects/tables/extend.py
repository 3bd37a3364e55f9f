"""What is added around the picture."""

from typing import Any

from pixmill.dialects.measures import Margins
from pixmill.dialects.param import MAX_SIDE, Asked, Group, Param
from pixmill.dialects.scalars import Choice
from pixmill.dialects.tables.size import page_scale
from pixmill.plan.extend import Extend, Fill
from pixmill.plan.lengths import half_up
from pixmill.plan.ops import Fit, Resize

PARAMS = (
    Param(
        "padding",
        Group.SIZE,
        Margins(),
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


def fields(asked: Asked, resize: Resize) -> dict[str, Any]:
    """The field of a plan that these parameters make: a filling needs something to fill."""
    scale = page_scale(asked)
    margins = (min(half_up(margin * scale), MAX_SIDE) for margin in asked.get("padding", (0, 0, 0, 0)))
    extend = Extend(Fill.COLOUR, *margins)
    if not extends(extend, resize):
        return {"extend": Extend()}
    return {"extend": Extend(asked.get("extend", Fill.COLOUR), extend.top, extend.right, extend.bottom, extend.left)}


def extends(extend: Extend, resize: Resize) -> bool:
    """Whether there may be room around the picture."""
    return extend.wide or resize.fit is Fit.CONTAIN
