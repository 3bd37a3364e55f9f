"""What an entry is worth at this moment.

Knows an entry's times and the present; how the times came about is in ``plan/freshness.py``.
"""

from dataclasses import replace
from typing import Final

from pixmill.ports import Entry

TOLERANCE_S: Final = 60.0
"""Clocks of servers that share a tier may differ by this much."""


def usable(entry: Entry, now: float) -> Entry | None:
    """The entry as it may be used now, fresh, stale or only to be renewed, or None when its time is over.

    An entry from the future tells that a clock was put back. Its times mean nothing, and would keep it for ever: it is
    stale from now on, so that it is refreshed at its first use.
    """
    if entry.stored_at > now + TOLERANCE_S:
        aged = _stale_from(now, entry)
        return aged if end_of(aged) > now else None
    return entry if now < end_of(entry) else None


def _stale_from(now: float, entry: Entry) -> Entry:
    shift = now - entry.fresh_until
    return replace(
        entry,
        stored_at=now,
        fresh_until=now,
        stale_until=entry.stale_until + shift,
        error_until=entry.error_until + shift,
        kept_until=entry.kept_until + shift,
    )


def end_of(entry: Entry) -> float:
    """From when on it is of no use to anybody."""
    return max(entry.fresh_until, entry.stale_until, entry.kept_until)
