"""Limits of one tier: the size of an entry, and how long it stays.

Pure; knows sizes and times, and no tier.
"""

from dataclasses import dataclass, replace
from math import inf

from pixmill.ports.values import CachedOriginal, Entry


@dataclass(frozen=True, slots=True)
class TierLimits:
    """Maximum bytes of an entry, and its maximum seconds in this tier."""

    max_entry_bytes: float = inf
    ttl_s: float = inf

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.max_entry_bytes < inf or self.ttl_s < inf

    def admit(self, entry: Entry, now: float) -> Entry | None:
        """Return the entry as the tier shall store it, None if it shall not."""
        if len(entry.body) > self.max_entry_bytes:
            return None
        lifetime, end = entry.meta.lifetime, now + self.ttl_s
        return entry if self.ttl_s == inf or lifetime.ends_at <= end else entry.with_lifetime(lifetime.capped(end))


NO_LIMITS = TierLimits()


@dataclass(frozen=True, slots=True)
class OriginalLimits:
    """The same limits for originals."""

    limits: TierLimits

    def admit(self, cached_original: CachedOriginal, now: float) -> CachedOriginal | None:
        """Return the original as the tier shall store it, None if it shall not."""
        if cached_original.size > self.limits.max_entry_bytes:
            return None
        return replace(cached_original, retained_until=min(cached_original.retained_until, now + self.limits.ttl_s))
