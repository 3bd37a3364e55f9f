"""thumbor's ``sharpen`` as an unsharp mask. Knows numbers only.

thumbor adds the detail of five octaves, each weighted by a bell curve around ``radius``. The masks below are those
whose effect on photographs, where the power of a frequency falls with its square, is nearest to that.
"""

from itertools import pairwise
from math import exp
from typing import Final

from pixmill.plan.effects import UnsharpMask

_MASKS: Final = (
    (0.0, 1.3, 0.915),
    (0.25, 1.6, 0.889),
    (0.5, 2.0, 0.834),
    (0.75, 2.6, 0.760),
    (1.0, 3.5, 0.680),
    (1.25, 4.5, 0.614),
    (1.5, 5.75, 0.557),
    (1.75, 7.5, 0.505),
    (2.0, 9.5, 0.464),
    (2.5, 10.0, 0.419),
    (3.0, 10.0, 0.367),
    (4.0, 10.0, 0.223),
    (5.0, 10.0, 0.072),
)
"""Radius, sigma, and the amount of a mask for an amount of 1."""

_MAX_AMOUNT: Final = 10.0
_OCTAVE_WIDTH: Final = 1.5


def unsharp_mask(amount: float, radius: float) -> UnsharpMask | None:
    """Return the mask; None if it changes nothing. A negative amount, which blurs, has none."""
    sigma, strength = _interpolate(min(max(radius, 0.0), _MASKS[-1][0]))
    if radius < 0:
        strength *= exp(-radius * radius / _OCTAVE_WIDTH)
    scaled = round(min(amount * strength, _MAX_AMOUNT), 4)
    return UnsharpMask(sigma, scaled) if scaled > 0 else None


def _interpolate(radius: float) -> tuple[float, float]:
    for (low, low_sigma, low_amount), (high, high_sigma, high_amount) in pairwise(_MASKS):
        if radius <= high:
            share = (radius - low) / (high - low)
            return (
                round(low_sigma + share * (high_sigma - low_sigma), 3),
                low_amount + share * (high_amount - low_amount),
            )
    raise AssertionError("the radius is in the table")
