"""What an entry is worth at this moment.

Knows an entry's times and the present; how the times came about is in ``plan/freshness.py``.
"""

from dataclasses import replace
from typing import Final

from pixmill.ports.values import Entry

CLOCK_TOLERANCE_S: Final = 60.0
"""Clocks of servers that share a tier may differ by this much."""


def usable_entry(entry: Entry, now: float) -> Entry | None:
    """The entry as it may be used now, fresh, stale or only to be renewed, or None when its time is over.

    An entry from the future tells that a clock was put back. Its times mean nothing, and would keep it for ever: it is
    stale from now on, so that it is refreshed at its first use.
    """
    if entry.stored_at > now + CLOCK_TOLERANCE_S:
        shifted = _stale_since(now, entry)
        return shifted if expiry_of(shifted) > now else None
    return entry if now < expiry_of(entry) else None


def _stale_since(now: float, entry: Entry) -> Entry:
    shift = now - entry.fresh_until
    return replace(
        entry,
        stored_at=now,
        fresh_until=now,
        stale_until=entry.stale_until + shift,
        stale_if_error_until=entry.stale_if_error_until + shift,
        retained_until=entry.retained_until + shift,
    )


def expiry_of(entry: Entry) -> float:
    """From when on it is of no use to anybody."""
    return max(entry.fresh_until, entry.stale_until, entry.retained_until)
