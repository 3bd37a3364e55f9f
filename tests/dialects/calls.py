"""Counts the work of a function in calls, which are the same on any machine."""

import sys
from collections.abc import Callable


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls of functions, in Python and in C."""
    count = [0]

    def profile(_frame: object, event: str, _argument: object) -> None:
        count[0] += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count[0]
