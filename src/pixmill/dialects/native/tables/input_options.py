"""Which frames or pages of the original are looked at."""

from fractions import Fraction
from typing import Any

from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.media import MEDIA
from pixmill.plan.ops import DEFAULT_INPUT, MAX_DPI, MAX_PAGE, MAX_TIME_S, Input, Output

PARAMS = (
    Param(
        "animated",
        Group.SOURCE,
        Choice(FLAGS),
        "Whether an animation stays one, in the formats that can: GIF, WebP, PNG (as APNG) and AVIF, with its timing and the number of times "
        "it plays; each frame gets the same changes. Otherwise, and in the other formats, the result is a still.",
        ("false",),
        default="true",
        aliases=("anim",),
    ),
    Param(
        "page",
        Group.SOURCE,
        Integer(1, MAX_PAGE),
        "Makes a still of this frame of an animation, or this page of a document, counted from 1.",
        ("3",),
        aliases=("frame",),
    ),
    Param(
        "dpi",
        Group.SOURCE,
        Integer(1, MAX_DPI),
        "Pixels an inch of a PDF or an SVG where its own size counts; with a width or height it is drawn at just that size anyway.",
        ("150",),
        default=str(DEFAULT_INPUT.dpi),
    ),
    Param(
        "second",
        Group.SOURCE,
        Decimal(Fraction(0), Fraction(MAX_TIME_S)),
        "Moment of a film whose frame is taken; without it, of frames spread over the film that which shows most.",
        ("12.5",),
    ),
)


def input_fields(values: ParamValues, output: Output) -> dict[str, Any]:
    """The fields of a plan that these parameters make. What can only be a still need not be told to be one."""
    can_animate = not output.formats or output.negotiated or MEDIA[output.formats[0]].animation
    still = "page" in values or not values.get("animated", True)
    time_s = float(values["second"]) if "second" in values else None
    return {
        "input": Input(not (can_animate and still), values.get("page", 1), values.get("dpi", DEFAULT_INPUT.dpi), time_s)
    }
