"""Estimates whether a series of measurements grows: the least-squares slope and its standard error.

The standard error comes from the distances of the measurements from the line, so they must be independent of each
other: one per idle period, not one per second. Without idle periods, ``floor`` reduces many measurements to a few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

FEWEST: Final = 4
"""With fewer measurements the error is meaningless."""

STRETCHES: Final = 12
"""Enough to estimate an error, few enough that each is longer than a burst."""

HOUR_S: Final = 3600.0

Points = Sequence[tuple[float, float]]
"""Seconds and mebibytes."""


@dataclass(frozen=True)
class Growth:
    """Slope and standard error in mebibytes per hour."""

    slope: float
    error: float

    @property
    def at_least(self) -> float:
        """Return the lower bound: the slope minus two standard errors."""
        return self.slope - 2 * self.error

    def __str__(self) -> str:
        return f"{self.slope:.1f} ± {self.error:.1f} MiB an hour"


def growth(points: Points) -> Growth | None:
    """Return the growth; None for too few points."""
    if len(points) < FEWEST:
        return None
    at, value = np.array(points).T
    at = at - at.mean()
    slope = float(at @ value / (at @ at))
    rest = value - value.mean() - slope * at
    error = float(np.sqrt(rest @ rest / (len(points) - 2) / (at @ at)))
    return Growth(slope * HOUR_S, error * HOUR_S)


def floor(points: Points) -> Points:
    """Return the minimum of each period, with its time: the memory of a busy process between its bursts."""
    count = min(STRETCHES, len(points) // 2)
    bounds = [len(points) * each // count for each in range(count + 1)] if count else []
    return [min(points[a:b], key=lambda point: point[1]) for a, b in pairwise(bounds)]


def flat_from(values: Sequence[float], share: float = 0.9) -> int:
    """Return the first index at this share of the maximum: from there on a cache is full."""
    return next(index for index, value in enumerate(values) if value >= share * max(values))
