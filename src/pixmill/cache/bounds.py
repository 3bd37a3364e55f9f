"""What a tier takes in, and for how long: the limits that each tier may be given besides its bytes.

Pure; knows sizes and times, and no tier.
"""

from dataclasses import dataclass, replace
from math import inf

from pixmill.cache.freshness import end_of
from pixmill.ports import Deposit, Entry


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most bytes of one entry, and for how many seconds an entry is good in this tier."""

    max_entry_bytes: float = inf
    ttl_s: float = inf

    def admit(self, entry: Entry, now: float) -> Entry | None:
        """The entry as the tier shall keep it, or None if it shall not."""
        if len(entry.body) > self.max_entry_bytes:
            return None
        end = now + self.ttl_s
        if end_of(entry) <= end:
            return entry
        return replace(
            entry,
            fresh_until=min(entry.fresh_until, end),
            stale_until=min(entry.stale_until, end),
            error_until=min(entry.error_until, end),
            kept_until=min(entry.kept_until, end),
        )


UNBOUNDED = Bounds()


@dataclass(frozen=True, slots=True)
class DepositBounds:
    """The same for originals."""

    bounds: Bounds

    def admit(self, deposit: Deposit, now: float) -> Deposit | None:
        if deposit.size > self.bounds.max_entry_bytes:
            return None
        return replace(deposit, kept_until=min(deposit.kept_until, now + self.bounds.ttl_s))
