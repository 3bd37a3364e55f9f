"""For how long a result may be served, and what the client is told about it: numbers in, numbers out.

Knows no clock and no header: seconds since the epoch come in and whole seconds go out.
"""

import math

from msgspec import Struct

YEAR_S = 31_536_000.0
"""Longer than any cache keeps anything: RFC 9111 §1.2.2 lets 2^31 seconds stand for ever, a year is what browsers honour."""


class Freshness(Struct, frozen=True):
    """The operator's rules. ``ttl_s`` counts where the source is silent; its word is held between ``min_ttl_s`` and
    ``max_ttl_s``. For ``stale_s`` after that a result may still be served while it is refreshed.
    """

    ttl_s: float = 3_600.0
    min_ttl_s: float = 0.0
    max_ttl_s: float = YEAR_S
    stale_s: float = 86_400.0

    def lifetime(self, now: float, fresh_s: float | None) -> "Lifetime":
        """From what the source vouches for (None: it says nothing) to the two moments kept with an entry.

        What a source vouches for not even a second, and ``min_ttl_s`` does not either, is not served stale.
        """
        ttl = min(max(self.vouched(fresh_s), self.min_ttl_s, 0.0), self.max_ttl_s)
        return Lifetime(fresh_until=now + ttl, stale_until=now + ttl + (self.stale_s if ttl else 0.0))

    def vouched(self, fresh_s: float | None) -> float:
        """What a source says, or what counts where it is silent."""
        return self.ttl_s if fresh_s is None or math.isnan(fresh_s) else fresh_s


class Lifetime(Struct, frozen=True):
    """Seconds since the epoch, as in ``ports.Entry``."""

    fresh_until: float
    stale_until: float


class Advice(Struct, frozen=True):
    """Whole seconds for ``Cache-Control: max-age, stale-while-revalidate`` and ``Age``.

    ``max_age_s`` counts from when the result was stored, so what remains is ``max_age_s - age_s`` (RFC 9111 §4.2).
    """

    max_age_s: int
    age_s: int
    stale_while_s: int

    @property
    def remaining_s(self) -> int:
        return max(0, self.max_age_s - self.age_s)


def advise(now: float, stored_at: float, lifetime: Lifetime) -> Advice:
    """What to tell a client; never negative, even when the clock has jumped back."""
    return Advice(
        max_age_s=_whole(lifetime.fresh_until - stored_at),
        age_s=_whole(now - stored_at),
        stale_while_s=_whole(lifetime.stale_until - lifetime.fresh_until),
    )


def _whole(seconds: float) -> int:
    return int(min(max(seconds, 0.0), YEAR_S))
