"""How long a result may be served, and what is sent to clients about it: numbers in, numbers out.

Knows no clock and no header: times are seconds since the epoch, durations are seconds.
"""

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct, structs

YEAR_S = 31_536_000.0
"""The longest lifetime: RFC 9111 §1.2.2 lets 2^31 seconds stand for "for ever"; a year is what browsers honour."""


class ClientMaxAge(StrEnum):
    """Where the ``max-age`` that clients see comes from."""

    SAME = "same"  # our own lifetime: the source makes no difference between clients and shared caches
    DEFAULT = "default"  # the operator's default TTL: the source has directives for shared caches only
    EXPLICIT = "explicit"  # the source's directives for clients
    NO_STORE = "no-store"  # none: clients must not store the response


class ClientCaching(Struct, frozen=True, gc=False, omit_defaults=True):
    """Client cache policy, where ``CDN-Cache-Control`` (RFC 9213) makes it differ from that of shared caches.

    ``max_age_s`` counts only if ``EXPLICIT``, from the moment of each response.
    """

    kind: ClientMaxAge = ClientMaxAge.SAME
    max_age_s: float = 0.0


CLIENT_SAME = ClientCaching()
CLIENT_DEFAULT = ClientCaching(ClientMaxAge.DEFAULT)
CLIENT_NO_STORE = ClientCaching(ClientMaxAge.NO_STORE)


def client_max_age(seconds: float) -> ClientCaching:
    """Return the policy of a source that gives clients ``seconds``."""
    return ClientCaching(ClientMaxAge.EXPLICIT, seconds)


class CacheDirectives(Struct, frozen=True, gc=False, omit_defaults=True):
    """Cache directives of a source, counted from when it sent them; None where it sent none.

    - ``freshness_lifetime_s``: RFC 9111 §4.2.1.
    - ``stale_while_revalidate_s``, ``stale_if_error_s``: RFC 5861; both begin when the lifetime ends.
    - ``must_revalidate``: never served stale.
    - ``storable``: false for ``no-store`` and ``private``.
    - ``immutable``: does not change while fresh (RFC 8246).
    - ``is_default``: the lifetime is the rest of the operator's default, since the source sent none.
    """

    freshness_lifetime_s: float | None = None
    stale_while_revalidate_s: float | None = None
    stale_if_error_s: float | None = None
    must_revalidate: bool = False
    storable: bool = True
    immutable: bool = False
    client_caching: ClientCaching = CLIENT_SAME
    is_default: bool = False

    @property
    def has_lifetime(self) -> bool:
        """Whether the source sent a lifetime."""
        return self.freshness_lifetime_s is not None and not self.is_default


NO_DIRECTIVES = CacheDirectives()


def merge_directives(stored: CacheDirectives, received: CacheDirectives) -> CacheDirectives:
    """Return the directives after revalidation: a 304 without any leaves the stored ones (RFC 9111 §3.2)."""
    return stored if received == NO_DIRECTIVES else received


class NegativeTtl(Struct, frozen=True):
    """Negative-cache TTLs: definite fetch errors (404 …), failures to reach the source, undecodable originals.

    ``render_timeout_s`` is that of a first render that ran out of time; it doubles with each further one.
    """

    not_found_s: float = 0.0
    unreachable_s: float = 0.0
    undecodable_s: float = 0.0
    render_timeout_s: float = 0.0


NO_NEGATIVE_CACHING = NegativeTtl()


class Lifetime(Struct, frozen=True, gc=False):
    """The times of an entry, in seconds since the epoch.

        stored_at       fresh_until     stale_until     stale_if_error_until     retained_until
            |    fresh       |    stale      |    stale if error    |      retained       |
            |  a hit: served | served, while | revalidated first;   | revalidated first;  | gone: fetched
            |  without the   | revalidated   | served stale if the  | 304: served again,  | and rendered
            |  source        | in background | source fails         | else rendered again | again

    RFC 5861 defines the second and the third span. Every span may be empty: without ``stored_at < retained_until`` the
    entry is not stored at all. ``stored_at`` is when the source last validated the original.
    """

    stored_at: float
    fresh_until: float
    stale_until: float
    stale_if_error_until: float = 0.0
    retained_until: float = 0.0

    @property
    def ends_at(self) -> float:
        """The time from which the entry is of no use."""
        return max(self.fresh_until, self.stale_until, self.retained_until)

    @property
    def is_storable(self) -> bool:
        """Whether there is any use in storing the entry."""
        return max(self.stale_until, self.retained_until) > self.stored_at

    def is_finite(self) -> bool:
        """Whether all times are numbers."""
        times = (
            self.stored_at,
            self.fresh_until,
            self.stale_until,
            self.stale_if_error_until,
            self.retained_until,
        )
        return all(map(math.isfinite, times))

    def capped(self, end: float) -> "Lifetime":
        """Return the lifetime with every time at most ``end``."""
        return Lifetime(
            self.stored_at,
            min(self.fresh_until, end),
            min(self.stale_until, end),
            min(self.stale_if_error_until, end),
            min(self.retained_until, end),
        )

    def expired(self, now: float) -> "Lifetime":
        """Return the lifetime of an entry that must not be served any more, only revalidated."""
        retained_until = max(self.stale_until, self.retained_until)
        return structs.replace(self.capped(now), retained_until=retained_until)

    def stale_since(self, now: float) -> "Lifetime":
        """Return the lifetime as if stored, and stale, since ``now``; the later spans keep their length."""
        shift_s = now - self.fresh_until
        return Lifetime(
            now,
            now,
            self.stale_until + shift_s,
            self.stale_if_error_until + shift_s,
            self.retained_until + shift_s,
        )


class FreshnessPolicy(Struct, frozen=True):
    """The operator's freshness rules.

    ``default_ttl_s`` applies if the source sends no lifetime; one that it sends is clamped to ``min_ttl_s`` …
    ``max_ttl_s``. A source may only shorten the stale windows (RFC 5861). ``unsigned_version_ttl_s`` limits the
    lifetime of versioned URLs without a signature.
    """

    default_ttl_s: float = 3_600.0
    min_ttl_s: float = 0.0
    max_ttl_s: float = YEAR_S
    stale_while_revalidate_s: float = 86_400.0
    stale_if_error_s: float = 86_400.0
    unsigned_version_ttl_s: float = 300.0

    @property
    def longest_life_s(self) -> float:
        """The time after which no entry is of use, whatever its source sends."""
        return max(self.max_ttl_s, self.min_ttl_s) + max(self.stale_while_revalidate_s, self.stale_if_error_s)

    def versioned(self, directives: CacheDirectives, *, is_signed: bool) -> CacheDirectives:
        """Return the directives of a versioned URL, unless the source forbids storing.

        With a signature: immutable for a year. Without one anybody may have requested the version before its bytes
        were in place, and what that request has stored must not stay: it is revalidated within minutes, and never
        served stale but on errors.
        """
        if not directives.storable:
            return directives
        if is_signed or self.unsigned_version_ttl_s >= YEAR_S:
            return CacheDirectives(freshness_lifetime_s=YEAR_S, immutable=True)
        lifetime_s = min(self.effective_ttl_s(directives), self.unsigned_version_ttl_s)
        return structs.replace(
            directives, freshness_lifetime_s=lifetime_s, stale_while_revalidate_s=0.0, immutable=False
        )

    def lifetime(self, validated_at: float, directives: CacheDirectives = NO_DIRECTIVES) -> Lifetime:
        """Return the times of an entry whose original was validated at ``validated_at``.

        An entry without any freshness lifetime is never served stale. Like all that is storable it is retained for as
        long as others are served stale: if the original has not changed, revalidation costs no render.
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
            stored_at=validated_at,
            fresh_until=fresh_until,
            stale_until=fresh_until + stale_while_revalidate_s,
            stale_if_error_until=fresh_until + stale_if_error_s,
            retained_until=fresh_until + max(retained_s, stale_if_error_s),
        )

    def effective_ttl_s(self, directives: CacheDirectives) -> float:
        """Return the freshness lifetime in seconds."""
        lifetime_s = directives.freshness_lifetime_s
        ttl_s = self.default_ttl_s if lifetime_s is None or math.isnan(lifetime_s) else lifetime_s
        return min(max(ttl_s, self.min_ttl_s, 0.0), self.max_ttl_s)

    def client_caching(self, directives: CacheDirectives) -> ClientCaching:
        """Return the client cache policy with the operator's default filled in and the maximum applied."""
        client = directives.client_caching
        if client.kind is ClientMaxAge.DEFAULT:
            return client_max_age(self.default_ttl_s)
        return client_max_age(min(client.max_age_s, self.max_ttl_s)) if client.kind is ClientMaxAge.EXPLICIT else client

    def age_directives(self, directives: CacheDirectives, age_s: float) -> CacheDirectives:
        """Return the directives as they are ``age_s`` seconds after the source sent them.

        A missing lifetime becomes a number, since it does not start again. At least one second remains of any lifetime,
        as zero would mean that it never was fresh.
        """
        ttl_s = self.effective_ttl_s(directives)
        return (
            structs.replace(
                directives, freshness_lifetime_s=max(1.0, ttl_s - age_s), is_default=not directives.has_lifetime
            )
            if ttl_s and age_s > 0
            else directives
        )

    def most_restrictive(self, all_directives: Sequence[CacheDirectives]) -> CacheDirectives:
        """Return the directives of a result of several originals: the strictest of each."""
        unspecified = all(directives.freshness_lifetime_s is None for directives in all_directives)
        return CacheDirectives(
            freshness_lifetime_s=None if unspecified else min(map(self.effective_ttl_s, all_directives)),
            stale_while_revalidate_s=_min_specified(one.stale_while_revalidate_s for one in all_directives),
            stale_if_error_s=_min_specified(one.stale_if_error_s for one in all_directives),
            must_revalidate=any(one.must_revalidate for one in all_directives),
            storable=all(one.storable for one in all_directives),
            immutable=all(one.immutable for one in all_directives),
            client_caching=min(map(self.client_caching, all_directives), key=_client_strictness),
            is_default=not unspecified and not any(one.has_lifetime for one in all_directives),
        )


class CacheControl(Struct, frozen=True):
    """Whole seconds for ``Cache-Control: max-age, stale-while-revalidate, stale-if-error`` and ``Age``.

    ``max_age_s`` counts from when the result was stored, so what remains is ``max_age_s - age_s`` (RFC 9111 §4.2).
    ``storable`` is false for ``no-store``.
    """

    max_age_s: int
    age_s: int
    stale_while_revalidate_s: int
    stale_if_error_s: int
    storable: bool = True


def cache_control_for(now: float, lifetime: Lifetime) -> CacheControl:
    """Return the seconds to send to clients; never negative, even if the clock has jumped back."""
    return CacheControl(
        max_age_s=_whole_seconds(lifetime.fresh_until - lifetime.stored_at),
        age_s=_whole_seconds(now - lifetime.stored_at),
        stale_while_revalidate_s=_whole_seconds(lifetime.stale_until - lifetime.fresh_until),
        stale_if_error_s=_whole_seconds(lifetime.stale_if_error_until - lifetime.fresh_until),
        storable=lifetime.is_storable,
    )


def _whole_seconds(seconds: float) -> int:
    """Round first: differences of times since the epoch are off by fractions of a microsecond."""
    return int(round(min(max(seconds, 0.0), YEAR_S), 3))


def _capped_by_source(policy_s: float, source_s: float | None) -> float:
    return policy_s if source_s is None else min(policy_s, source_s)


def _min_specified(values: Iterable[float | None]) -> float | None:
    return min((number for number in values if number is not None), default=None)


def _client_strictness(client: ClientCaching) -> tuple[bool, bool, float]:
    """Order from ``NO_STORE`` over the shortest ``max-age`` to ``SAME``."""
    return client.kind is ClientMaxAge.SAME, client.kind is not ClientMaxAge.NO_STORE, client.max_age_s
