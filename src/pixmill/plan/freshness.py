"""For how long a result may be served, and what the client is told about it: numbers in, numbers out.

Knows no clock and no header: seconds since the epoch come in and whole seconds go out.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

YEAR_S = 31_536_000.0
"""Longer than any cache keeps anything: RFC 9111 §1.2.2 lets 2^31 seconds stand for ever, a year is what browsers honour."""


class CacheDirectives(Struct, frozen=True):
    """What a source says of how long its original is good, all of it from the moment that it says so; None where it is silent.

    ``fresh_s``, then ``stale_while_s`` during which it may be served while it is asked for again, and ``stale_on_error_s`` during which
    it may be served if that fails (RFC 5861). ``strict``: never served stale. ``may_keep``: not even to be stored where it is false.
    ``immutable``: while fresh it does not change (RFC 8246). ``told_s``: for how long clients may be told that it is fresh, each from when it is
    answered, where that is another matter than for how long it is for us; ``UNSAID``, or ``NOT_TOLD_TO_KEEP`` it at all.
    """

    freshness_lifetime_s: float | None = None
    stale_while_revalidate_s: float | None = None
    stale_if_error_s: float | None = None
    must_revalidate: bool = False
    storable: bool = True
    immutable: bool = False
    client_max_age_s: float | None = None


NO_DIRECTIVES = CacheDirectives()

CLIENT_NO_STORE = -1.0
CLIENT_UNSPECIFIED = math.nan


def merge_directives(stored: CacheDirectives, received: CacheDirectives) -> CacheDirectives:
    """What holds after a source was asked again: silence does not take back what was said (RFC 9111 §3.2)."""
    return stored if received == NO_DIRECTIVES else received


def directives_for_version(version: str, directives: CacheDirectives) -> CacheDirectives:
    """What holds for an original whose version is part of its URL: it does not change, whatever its source says but that it may not be kept."""
    return (
        CacheDirectives(freshness_lifetime_s=YEAR_S, immutable=True) if version and directives.storable else directives
    )


class NegativeTtl(Struct, frozen=True):
    """For how many seconds a source is not asked again: after it said that there is no such picture for us, and after it failed;
    and for how many one that is of no use is not tried again unless it has changed.
    """

    not_found_s: float = 0.0
    unreachable_s: float = 0.0
    undecodable_s: float = 0.0


NO_NEGATIVE_CACHING = NegativeTtl()


class Lifetime(Struct, frozen=True):
    """Seconds since the epoch, as in ``ports.Entry``."""

    fresh_until: float
    stale_until: float
    stale_if_error_until: float
    retained_until: float


class FreshnessPolicy(Struct, frozen=True):
    """The operator's rules. ``ttl_s`` counts where the source is silent; its word is held between ``min_ttl_s`` and
    ``max_ttl_s``. For ``stale_s`` after that a result may still be served while it is refreshed, for ``stale_on_error_s``
    if that fails; a source may make both shorter.
    """

    default_ttl_s: float = 3_600.0
    min_ttl_s: float = 0.0
    max_ttl_s: float = YEAR_S
    stale_while_revalidate_s: float = 86_400.0
    stale_if_error_s: float = 86_400.0

    def lifetime(self, validated_at: float, directives: CacheDirectives = NO_DIRECTIVES) -> Lifetime:
        """The moments kept with an entry whose original was vouched for at ``checked_at``.

        What a source vouches for not even a second, and ``min_ttl_s`` does not either, is not served stale. It is kept all the same, as
        is everything that may be, for as long as anything is served stale: an original that has not changed renews it.
        """
        ttl_s = self.effective_ttl_s(directives)
        fresh_until = validated_at + ttl_s
        never_stale = directives.must_revalidate or not ttl_s
        stale_while_revalidate_s = (
            0.0
            if never_stale
            else _capped_by_source(self.stale_while_revalidate_s, directives.stale_while_revalidate_s)
        )
        stale_if_error_s = (
            0.0
            if never_stale
            else max(stale_while_revalidate_s, _capped_by_source(self.stale_if_error_s, directives.stale_if_error_s))
        )
        retained_s = max(self.stale_while_revalidate_s, self.stale_if_error_s) if directives.storable else 0.0
        return Lifetime(
            fresh_until=fresh_until,
            stale_until=fresh_until + stale_while_revalidate_s,
            stale_if_error_until=fresh_until + stale_if_error_s,
            retained_until=fresh_until + max(retained_s, stale_if_error_s),
        )

    def effective_ttl_s(self, directives: CacheDirectives) -> float:
        """For how many seconds it is fresh."""
        lifetime_s = directives.freshness_lifetime_s
        ttl_s = self.default_ttl_s if lifetime_s is None or math.isnan(lifetime_s) else lifetime_s
        return min(max(ttl_s, self.min_ttl_s, 0.0), self.max_ttl_s)

    def client_max_age_s(self, directives: CacheDirectives) -> float | None:
        """For how many seconds clients are told that it is fresh, where that is another matter: our own rule where nothing is said."""
        max_age_s = directives.client_max_age_s
        if max_age_s is None:
            return None
        return self.default_ttl_s if math.isnan(max_age_s) else min(max_age_s, self.max_ttl_s)

    def age_directives(self, directives: CacheDirectives, age_s: float) -> CacheDirectives:
        """The same words ``age_s`` seconds after they were said: silence becomes a number, since it does not start anew.

        Of what was fresh at all a second remains, or it would count as never vouched for.
        """
        ttl_s = self.effective_ttl_s(directives)
        return (
            structs.replace(directives, freshness_lifetime_s=max(1.0, ttl_s - age_s))
            if ttl_s and age_s > 0
            else directives
        )

    def most_restrictive(self, all_directives: Sequence[CacheDirectives]) -> CacheDirectives:
        """What holds for something made of several: of everything the least."""
        unspecified = all(directives.freshness_lifetime_s is None for directives in all_directives)
        return CacheDirectives(
            freshness_lifetime_s=None if unspecified else min(map(self.effective_ttl_s, all_directives)),
            stale_while_revalidate_s=_min_specified(one.stale_while_revalidate_s for one in all_directives),
            stale_if_error_s=_min_specified(one.stale_if_error_s for one in all_directives),
            must_revalidate=any(one.must_revalidate for one in all_directives),
            storable=all(one.storable for one in all_directives),
            immutable=all(one.immutable for one in all_directives),
            client_max_age_s=_min_specified(map(self.client_max_age_s, all_directives)),
        )


class CacheControl(Struct, frozen=True):
    """Whole seconds for ``Cache-Control: max-age, stale-while-revalidate, stale-if-error`` and ``Age``.

    ``max_age_s`` counts from when the result was stored, so what remains is ``max_age_s - age_s`` (RFC 9111 §4.2).
    """

    max_age_s: int
    age_s: int
    stale_while_revalidate_s: int
    stale_if_error_s: int


def cache_control_for(now: float, stored_at: float, lifetime: Lifetime) -> CacheControl:
    """What to tell a client; never negative, even when the clock has jumped back."""
    return CacheControl(
        max_age_s=_whole_seconds(lifetime.fresh_until - stored_at),
        age_s=_whole_seconds(now - stored_at),
        stale_while_revalidate_s=_whole_seconds(lifetime.stale_until - lifetime.fresh_until),
        stale_if_error_s=_whole_seconds(lifetime.stale_if_error_until - lifetime.fresh_until),
    )


def _whole_seconds(seconds: float) -> int:
    """Differences of times since the epoch are wrong by fractions of a microsecond."""
    return int(round(min(max(seconds, 0.0), YEAR_S), 3))


def _capped_by_source(policy_s: float, source_s: float | None) -> float:
    return policy_s if source_s is None else min(policy_s, source_s)


def _min_specified(values: Iterable[float | None]) -> float | None:
    return min((number for number in values if number is not None), default=None)
