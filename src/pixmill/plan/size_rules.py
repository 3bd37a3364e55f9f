"""Rules that depend on the size of the original: when a fit is skipped, and what becomes of a device pixel ratio.

Knows numbers only; ``plan/fit_rules.py`` applies the rules.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class SkipSmaller(StrEnum):
    """Images that are not fitted to a box: those that exceed it with no side, with both sides below it, or with one."""

    NEVER = "never"
    BOTH = "both"
    BELOW = "below"
    EITHER = "either"


class DprRule(StrEnum):
    """What becomes of a device pixel ratio.

    FULL: nothing; it is multiplied into all lengths before. CAPPED: it is reduced where the image would have to be
    enlarged; an image that is too small for the box itself allows none above 1. STEPPED: it is lowered in steps of 0.1,
    above 3 of 0.5, to 1 at the least, until the box lies in the image. DROPPED: it is 1 if the result would exceed the
    maximum side.
    """

    FULL = "full"
    CAPPED = "capped"
    STEPPED = "stepped"
    DROPPED = "dropped"


class Dpr(Struct, frozen=True, omit_defaults=True):
    """A device pixel ratio that depends on the original. It multiplies the box, its limits, offsets and padding."""

    factor: Annotated[float, Meta(gt=0, le=100)]
    rule: DprRule
    max_side: Annotated[int, Meta(ge=0, le=65_535)] = 0
