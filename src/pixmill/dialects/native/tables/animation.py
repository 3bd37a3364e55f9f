"""Parameters for the timing of animations."""

from fractions import Fraction
from typing import Final

from pixmill.dialects.native.grammars.delays import DelaysGrammar
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.output import MAX_LOOPS, Animation

PARAMS = (
    Param(
        "frame_delay",
        Group.OUTPUT,
        DelaysGrammar(),
        "How long the frames of an animation are shown, in milliseconds or each with a unit, and in their order; the "
        "last delay is that of all further frames. Default: as in the original.",
        ("80", "80,80,400", "80ms,1.5s"),
        unit="ms",
    ),
    Param(
        "loop",
        Group.OUTPUT,
        Integer(0, MAX_LOOPS),
        "How often an animation plays; 0 for ever. Default: as in the original.",
        ("0", "3"),
    ),
    Param(
        "speed",
        Group.OUTPUT,
        Decimal(Fraction(1, 100), Fraction(100)),
        "Speed of an animation: 2 plays twice as fast.",
        ("1.5",),
        default="1",
    ),
    Param(
        "reverse",
        Group.OUTPUT,
        Choice(FLAGS),
        "Plays an animation backwards. All frames of the result are in memory then: at most 128 MiB of pixels.",
        ("true",),
        default="false",
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS)
"""The parameters of ``animation_of``."""


def animation_of(values: ParamValues) -> Animation:
    """Compile the timing. Raises ConflictingParameters."""
    if "frame_delay" in values and values.get("speed", 1) != 1:
        raise ConflictingParameters("frame_delay and speed exclude each other", param="speed")
    return Animation(
        delays_ms=values.get("frame_delay", ()),
        loop=values.get("loop"),
        speed=float(values.get("speed", 1)),
        reverse=values.get("reverse", False),
    )
