"""Whether a row of measurements grows: the slope of the least squares, and how far that may be trusted.

The standard error comes from how far the measurements lie from the line, so they are to be independent of each other: one of each rest, and not of
each second. Where there are no rests, ``floor`` makes a few of many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

FEWEST: Final = 4
"""Of three measurements or fewer no error can be told that is worth anything."""

STRETCHES: Final = 12
"""Enough to tell an error by, few enough that each is longer than a burst."""

HOUR_S: Final = 3600.0

Points = Sequence[tuple[float, float]]
"""Seconds and mebibytes."""


@dataclass(frozen=True)
class Growth:
    """In mebibytes an hour."""

    slope: float
    error: float

    @property
    def at_least(self) -> float:
        """What it grows by with some certainty: two standard errors less than it seems."""
        return self.slope - 2 * self.error

    def __str__(self) -> str:
        return f"{self.slope:.1f} ± {self.error:.1f} MiB an hour"


def growth(points: Points) -> Growth | None:
    """None where there are too few to tell."""
    if len(points) < FEWEST:
        return None
    at, value = np.array(points).T
    at = at - at.mean()
    slope = float(at @ value / (at @ at))
    rest = value - value.mean() - slope * at
    error = float(np.sqrt(rest @ rest / (len(points) - 2) / (at @ at)))
    return Growth(slope * HOUR_S, error * HOUR_S)


def floor(points: Points) -> Points:
    """When each stretch of time was at its lowest, and how low: what a process that works has between its bursts."""
    count = min(STRETCHES, len(points) // 2)
    bounds = [len(points) * each // count for each in range(count + 1)] if count else []
    return [min(points[a:b], key=lambda point: point[1]) for a, b in pairwise(bounds)]


def flat_from(values: Sequence[float], share: float = 0.9) -> int:
    """The first measurement that has reached this share of the highest: what fills up to a bound is full from there on."""
    return next(index for index, value in enumerate(values) if value >= share * max(values))
