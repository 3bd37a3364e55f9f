"""Whether a cached entry may be used now.

Knows an entry's lifetime and the present; how lifetimes come about is in ``plan/freshness.py``.
"""

from typing import Final

from pixmill.ports.values import Entry

CLOCK_TOLERANCE_S: Final = 60.0
"""The clocks of servers that share a tier may differ by this much."""


def usable_entry(entry: Entry, now: float) -> Entry | None:
    """Return the entry as it may be used now: fresh, stale or only for revalidation; None after its lifetime.

    An entry from the future means that a clock was set back. Its times mean nothing, and would keep it for ever: it
    becomes stale now, so that its first use revalidates it.
    """
    lifetime = entry.meta.lifetime
    if lifetime.stored_at <= now + CLOCK_TOLERANCE_S:
        return entry if now < lifetime.fresh_until or now < lifetime.ends_at else None
    moved = lifetime.stale_since(now)
    return entry.with_lifetime(moved) if moved.ends_at > now else None
