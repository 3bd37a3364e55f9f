"""For how long a result may be served, and what the client is told about it: numbers in, numbers out.

Knows no clock and no header: seconds since the epoch come in and whole seconds go out.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

YEAR_S = 31_536_000.0
"""Longer than any cache keeps anything: RFC 9111 §1.2.2 lets 2^31 seconds stand for ever, a year is what browsers honour."""


class Vouched(Struct, frozen=True):
    """What a source says of how long its original is good, all of it from the moment that it says so; None where it is silent.

    ``fresh_s``, then ``stale_while_s`` during which it may be served while it is asked for again, and ``stale_on_error_s`` during which
    it may be served if that fails (RFC 5861). ``strict``: never served stale. ``may_keep``: not even to be stored where it is false.
    ``immutable``: while fresh it does not change (RFC 8246). ``told_s``: for how long clients may be told that it is fresh, each from when it is
    answered, where that is another matter than for how long it is for us; ``UNSAID``, or ``NOT_TOLD_TO_KEEP`` it at all.
    """

    fresh_s: float | None = None
    stale_while_s: float | None = None
    stale_on_error_s: float | None = None
    strict: bool = False
    may_keep: bool = True
    immutable: bool = False
    told_s: float | None = None


SILENT = Vouched()

NOT_TOLD_TO_KEEP = -1.0
UNSAID = math.nan


def repeated(before: Vouched, now: Vouched) -> Vouched:
    """What holds after a source was asked again: silence does not take back what was said (RFC 9111 §3.2)."""
    return before if now == SILENT else now


def promised(version: str, said: Vouched) -> Vouched:
    """What holds for an original whose version is part of its URL: it does not change, whatever its source says but that it may not be kept."""
    return Vouched(fresh_s=YEAR_S, immutable=True) if version and said.may_keep else said


class Patience(Struct, frozen=True):
    """For how many seconds a source is not asked again: after it said that there is no such picture for us, and after it failed;
    and for how many one that is of no use is not tried again unless it has changed.
    """

    refused_s: float = 0.0
    failed_s: float = 0.0
    unusable_s: float = 0.0


NO_PATIENCE = Patience()


class Lifetime(Struct, frozen=True):
    """Seconds since the epoch, as in ``ports.Entry``."""

    fresh_until: float
    stale_until: float
    error_until: float
    kept_until: float


class Freshness(Struct, frozen=True):
    """The operator's rules. ``ttl_s`` counts where the source is silent; its word is held between ``min_ttl_s`` and
    ``max_ttl_s``. For ``stale_s`` after that a result may still be served while it is refreshed, for ``stale_on_error_s``
    if that fails; a source may make both shorter.
    """

    ttl_s: float = 3_600.0
    min_ttl_s: float = 0.0
    max_ttl_s: float = YEAR_S
    stale_s: float = 86_400.0
    stale_on_error_s: float = 86_400.0

    def lifetime(self, checked_at: float, vouched: Vouched = SILENT) -> Lifetime:
        """The moments kept with an entry whose original was vouched for at ``checked_at``.

        What a source vouches for not even a second, and ``min_ttl_s`` does not either, is not served stale. It is kept all the same, as
        is everything that may be, for as long as anything is served stale: an original that has not changed renews it.
        """
        ttl = self.ttl(vouched)
        fresh_until = checked_at + ttl
        strict = vouched.strict or not ttl
        stale = 0.0 if strict else _shorter(self.stale_s, vouched.stale_while_s)
        on_error = 0.0 if strict else max(stale, _shorter(self.stale_on_error_s, vouched.stale_on_error_s))
        kept = max(self.stale_s, self.stale_on_error_s) if vouched.may_keep else 0.0
        return Lifetime(
            fresh_until=fresh_until,
            stale_until=fresh_until + stale,
            error_until=fresh_until + on_error,
            kept_until=fresh_until + max(kept, on_error),
        )

    def ttl(self, vouched: Vouched) -> float:
        """For how many seconds it is fresh."""
        said = vouched.fresh_s
        ttl = self.ttl_s if said is None or math.isnan(said) else said
        return min(max(ttl, self.min_ttl_s, 0.0), self.max_ttl_s)

    def told(self, vouched: Vouched) -> float | None:
        """For how many seconds clients are told that it is fresh, where that is another matter: our own rule where nothing is said."""
        said = vouched.told_s
        if said is None:
            return None
        return self.ttl_s if math.isnan(said) else min(said, self.max_ttl_s)

    def remaining(self, vouched: Vouched, age_s: float) -> Vouched:
        """The same words ``age_s`` seconds after they were said: silence becomes a number, since it does not start anew.

        Of what was fresh at all a second remains, or it would count as never vouched for.
        """
        ttl = self.ttl(vouched)
        return structs.replace(vouched, fresh_s=max(1.0, ttl - age_s)) if ttl and age_s > 0 else vouched

    def weakest(self, words: Sequence[Vouched]) -> Vouched:
        """What holds for something made of several: of everything the least."""
        silent = all(one.fresh_s is None for one in words)
        return Vouched(
            fresh_s=None if silent else min(map(self.ttl, words)),
            stale_while_s=_least(one.stale_while_s for one in words),
            stale_on_error_s=_least(one.stale_on_error_s for one in words),
            strict=any(one.strict for one in words),
            may_keep=all(one.may_keep for one in words),
            immutable=all(one.immutable for one in words),
            told_s=_least(map(self.told, words)),
        )


class Advice(Struct, frozen=True):
    """Whole seconds for ``Cache-Control: max-age, stale-while-revalidate, stale-if-error`` and ``Age``.

    ``max_age_s`` counts from when the result was stored, so what remains is ``max_age_s - age_s`` (RFC 9111 §4.2).
    """

    max_age_s: int
    age_s: int
    stale_while_s: int
    stale_on_error_s: int


def advise(now: float, stored_at: float, lifetime: Lifetime) -> Advice:
    """What to tell a client; never negative, even when the clock has jumped back."""
    return Advice(
        max_age_s=_whole(lifetime.fresh_until - stored_at),
        age_s=_whole(now - stored_at),
        stale_while_s=_whole(lifetime.stale_until - lifetime.fresh_until),
        stale_on_error_s=_whole(lifetime.error_until - lifetime.fresh_until),
    )


def _whole(seconds: float) -> int:
    """Differences of times since the epoch are wrong by fractions of a microsecond."""
    return int(round(min(max(seconds, 0.0), YEAR_S), 3))


def _shorter(ours: float, said: float | None) -> float:
    return ours if said is None else min(ours, said)


def _least(numbers: Iterable[float | None]) -> float | None:
    return min((number for number in numbers if number is not None), default=None)
