"""What is done to the colours and the detail of a picture."""

from fractions import Fraction
from typing import Any

from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import FLAGS, Choice, Decimal

PARAMS = (
    Param(
        "blur",
        Group.EDIT,
        Decimal(Fraction(1, 10), Fraction(250), or_zero=True),
        "Gaussian blur: sigma in pixels of the result.",
        ("2.5",),
        default="0",
    ),
    Param(
        "grayscale",
        Group.EDIT,
        Choice(FLAGS),
        "Whether the colours are taken out.",
        ("true",),
        default="false",
        aliases=("greyscale",),
    ),
)


def fields(asked: Asked) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    return {"blur": float(asked.get("blur", 0)), "grayscale": asked.get("grayscale", False)}
