"""The caching headers of RFC 9110, 9111 and 9211: what is asked with them, and what is answered.

Knows header syntax. What is fresh was decided in ``services/resize.py``.
"""

import math
import re
import time

from pixmill.plan.dates import date_of, seconds_of
from pixmill.plan.freshness import YEAR_S, CacheControl, Lifetime, cache_control_for
from pixmill.ports.values import Entry
from pixmill.services.results.answer import CacheOutcome, ResizeResult
from pixmill.services.results.revalidation import EntryMetadata

MAX_ENTITY_TAGS = 32
"""Entity tags of an If-None-Match that are looked at; a client that sends more is not a browser."""

_HIT_OUTCOMES = (CacheOutcome.HIT, CacheOutcome.STALE)
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

_CACHE_STATUS = {
    CacheOutcome.HIT: "hit",
    CacheOutcome.STALE: "hit",
    CacheOutcome.MISS: "fwd=uri-miss",
    CacheOutcome.COALESCED: "fwd=uri-miss",
    CacheOutcome.UNCACHED: "fwd=method",
    CacheOutcome.REVALIDATED: "fwd=stale; fwd-status=304",
    CacheOutcome.REPLACED: "fwd=stale; fwd-status=200",
    CacheOutcome.STALE_IF_ERROR: "fwd=stale; detail=stale-if-error",
}
"""RFC 9211. A picture that is served stale is a hit whose ttl is negative."""


class AnyEntityTag:
    """What ``If-None-Match: *`` names: every tag there is."""

    def __contains__(self, tag: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


def entity_tags(if_none_match: str | None) -> "frozenset[str] | AnyEntityTag":
    """The tags of an If-None-Match, compared weakly (RFC 9110 §13.1.2)."""
    if not if_none_match:
        return frozenset()
    if if_none_match.strip() == "*":
        return AnyEntityTag()
    return frozenset(
        match[1] for match, _ in zip(_ENTITY_TAG.finditer(if_none_match), range(MAX_ENTITY_TAGS), strict=False)
    )


def cache_headers(result: ResizeResult, *, negotiated: bool, expires: int | None = None) -> dict[str, str]:
    """Cache-Control, Age, ETag, Vary and Cache-Status of an image answer.

    ``expires`` (seconds since the epoch) is when the signed URL itself ends: nobody may keep the answer longer.
    """
    headers = {"cache-status": cache_status(result)}
    if negotiated:
        headers["vary"] = "Accept"
    if result.outcome is CacheOutcome.UNCACHED:
        return headers | {"cache-control": "no-store"}
    entry, now = result.entry, time.time()
    lifetime = Lifetime(entry.fresh_until, entry.stale_until, entry.stale_if_error_until, entry.retained_until)
    control = cache_control_for(now, entry.stored_at, lifetime)
    headers["etag"] = entry.etag
    headers["age"] = str(control.age_s)
    if entry.modified and isinstance(entry, Entry):
        headers["last-modified"] = date_of(min(entry.modified, now))  # RFC 9110 §8.8.2.1
    headers["cache-control"] = _cache_control(result.entry, control, _max_age_cap_s(entry, expires, now))
    return headers


def not_modified_since(entry: Entry | EntryMetadata, if_modified_since: str) -> bool:
    """Whether a client who has what was there at ``since``, an If-Modified-Since, has this (RFC 9110 §13.1.3)."""
    seconds = seconds_of(if_modified_since) if entry.modified else None
    return seconds is not None and int(entry.modified) <= seconds


def _max_age_cap_s(entry: Entry | EntryMetadata, expires: int | None, now: float) -> int | None:
    """Seconds for which a client may be told that it is fresh, if there is a limit to them."""
    caps_s = [] if expires is None else [expires - int(now)]
    return min([*caps_s, int(entry.client_max_age_s)] if entry.client_max_age_s is not None else caps_s, default=None)


def _cache_control(entry: Entry | EntryMetadata, control: CacheControl, max_age_cap_s: int | None) -> str:
    """``left_s``: see there."""
    if entry.client_max_age_s is not None and entry.client_max_age_s < 0:
        return "no-store"
    if max(entry.stale_until, entry.retained_until) <= entry.stored_at:
        return "no-store"
    if not control.max_age_s or entry.client_max_age_s == 0:
        return "public, no-cache"
    immutable = ", immutable" if entry.immutable else ""
    if max_age_cap_s is not None:
        return f"public, max-age={min(control.max_age_s, max(0, max_age_cap_s) + control.age_s)}{immutable}"
    if immutable and control.max_age_s >= YEAR_S:
        return f"public, max-age={control.max_age_s}, immutable"  # there is no word for what comes after a year
    windows = {"stale-while-revalidate": control.stale_while_revalidate_s, "stale-if-error": control.stale_if_error_s}
    stale = "".join(f", {name}={seconds}" for name, seconds in windows.items() if seconds)
    return f"public, max-age={control.max_age_s}{immutable}{stale or ', must-revalidate'}"


def cache_status(result: ResizeResult) -> str:
    """A Cache-Status of RFC 9211; the detail names the tier."""
    status = f"Pixmill; {_CACHE_STATUS[result.outcome]}"
    if result.stored:
        status += "; stored"
    if result.coalesced:
        status += "; collapsed"
    if result.tier and result.outcome in _HIT_OUTCOMES:
        status += f"; ttl={math.floor(result.entry.fresh_until - time.time())}; detail={result.tier}"
    return status


def server_timing(result: ResizeResult) -> str:
    """A Server-Timing header: milliseconds by stage."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in result.seconds.items())
