"""The caching headers of RFC 9110, 9111 and 9211: what is asked with them, and what is answered.

Knows header syntax. What is fresh was decided in ``services/resize.py``.
"""

import math
import re
import time

from pixmill.plan.dates import date_of, seconds_of
from pixmill.plan.freshness import YEAR_S, Advice, Lifetime, advise
from pixmill.ports import Entry
from pixmill.services.answers import Answer, Outcome
from pixmill.services.renewal import Unchanged

MAX_TAGS = 32
"""Entity tags of an If-None-Match that are looked at; a client that sends more is not a browser."""

_FOUND = (Outcome.HIT, Outcome.STALE)
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

_STATUS = {
    Outcome.HIT: "hit",
    Outcome.STALE: "hit",
    Outcome.MISS: "fwd=uri-miss",
    Outcome.SHARED: "fwd=uri-miss",
    Outcome.UNCACHED: "fwd=method",
    Outcome.RENEWED: "fwd=stale; fwd-status=304",
    Outcome.REPLACED: "fwd=stale; fwd-status=200",
    Outcome.SAVED: "fwd=stale; detail=stale-if-error",
}
"""RFC 9211. A picture that is served stale is a hit whose ttl is negative."""


class AnyTag:
    """What ``If-None-Match: *`` names: every tag there is."""

    def __contains__(self, tag: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


def entity_tags(if_none_match: str | None) -> "frozenset[str] | AnyTag":
    """The tags of an If-None-Match, compared weakly (RFC 9110 §13.1.2)."""
    if not if_none_match:
        return frozenset()
    if if_none_match.strip() == "*":
        return AnyTag()
    return frozenset(match[1] for match, _ in zip(_TAG.finditer(if_none_match), range(MAX_TAGS), strict=False))


def caching_headers(answer: Answer, *, negotiated: bool, expires: int | None = None) -> dict[str, str]:
    """Cache-Control, Age, ETag, Vary and Cache-Status of an image answer.

    ``expires`` (seconds since the epoch) is when the signed URL itself ends: nobody may keep the answer longer.
    """
    headers = {"cache-status": cache_status(answer)}
    if negotiated:
        headers["vary"] = "Accept"
    if answer.outcome is Outcome.UNCACHED:
        return headers | {"cache-control": "no-store"}
    entry, now = answer.entry, time.time()
    lifetime = Lifetime(entry.fresh_until, entry.stale_until, entry.error_until, entry.kept_until)
    advice = advise(now, entry.stored_at, lifetime)
    headers["etag"] = entry.etag
    headers["age"] = str(advice.age_s)
    if entry.modified and isinstance(entry, Entry):
        headers["last-modified"] = date_of(min(entry.modified, now))  # RFC 9110 §8.8.2.1
    headers["cache-control"] = _cache_control(answer.entry, advice, _left_s(entry, expires, now))
    return headers


def is_unmodified(entry: Entry | Unchanged, since: str) -> bool:
    """Whether a client who has what was there at ``since``, an If-Modified-Since, has this (RFC 9110 §13.1.3)."""
    seconds = seconds_of(since) if entry.modified else None
    return seconds is not None and int(entry.modified) <= seconds


def _left_s(entry: Entry | Unchanged, expires: int | None, now: float) -> int | None:
    """Seconds for which a client may be told that it is fresh, if there is a limit to them."""
    ends = [] if expires is None else [expires - int(now)]
    return min([*ends, int(entry.told_s)] if entry.told_s is not None else ends, default=None)


def _cache_control(entry: Entry | Unchanged, advice: Advice, left_s: int | None) -> str:
    """``left_s``: see there."""
    if entry.told_s is not None and entry.told_s < 0:
        return "no-store"
    if max(entry.stale_until, entry.kept_until) <= entry.stored_at:
        return "no-store"
    if not advice.max_age_s or entry.told_s == 0:
        return "public, no-cache"
    immutable = ", immutable" if entry.immutable else ""
    if left_s is not None:
        return f"public, max-age={min(advice.max_age_s, max(0, left_s) + advice.age_s)}{immutable}"
    if immutable and advice.max_age_s >= YEAR_S:
        return f"public, max-age={advice.max_age_s}, immutable"  # there is no word for what comes after a year
    windows = {"stale-while-revalidate": advice.stale_while_s, "stale-if-error": advice.stale_on_error_s}
    stale = "".join(f", {name}={seconds}" for name, seconds in windows.items() if seconds)
    return f"public, max-age={advice.max_age_s}{immutable}{stale or ', must-revalidate'}"


def cache_status(answer: Answer) -> str:
    """A Cache-Status of RFC 9211; the detail names the tier."""
    status = f"Pixmill; {_STATUS[answer.outcome]}"
    if answer.stored:
        status += "; stored"
    if answer.collapsed:
        status += "; collapsed"
    if answer.tier and answer.outcome in _FOUND:
        status += f"; ttl={math.floor(answer.entry.fresh_until - time.time())}; detail={answer.tier}"
    return status


def server_timing(answer: Answer) -> str:
    """A Server-Timing header: milliseconds by stage."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in answer.seconds.items())
