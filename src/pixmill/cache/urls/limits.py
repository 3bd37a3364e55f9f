"""What a tier takes in, and for how long: the limits that each tier may be given besides its bytes.

Pure; knows sizes and times, and no tier.
"""

from dataclasses import dataclass, replace
from math import inf

from pixmill.cache.freshness import expiry_of
from pixmill.ports.values import CachedOriginal, Entry


@dataclass(frozen=True, slots=True)
class TierLimits:
    """The most bytes of one entry, and for how many seconds an entry is good in this tier."""

    max_entry_bytes: float = inf
    ttl_s: float = inf

    def admit(self, entry: Entry, now: float) -> Entry | None:
        """The entry as the tier shall keep it, or None if it shall not."""
        if len(entry.body) > self.max_entry_bytes:
            return None
        expires_at = now + self.ttl_s
        if expiry_of(entry) <= expires_at:
            return entry
        return replace(
            entry,
            fresh_until=min(entry.fresh_until, expires_at),
            stale_until=min(entry.stale_until, expires_at),
            stale_if_error_until=min(entry.stale_if_error_until, expires_at),
            retained_until=min(entry.retained_until, expires_at),
        )


NO_LIMITS = TierLimits()


@dataclass(frozen=True, slots=True)
class OriginalLimits:
    """The same for originals."""

    limits: TierLimits

    def admit(self, cached_original: CachedOriginal, now: float) -> CachedOriginal | None:
        if cached_original.size > self.limits.max_entry_bytes:
            return None
        return replace(cached_original, retained_until=min(cached_original.retained_until, now + self.limits.ttl_s))
