"""The caching headers of RFC 9110, 9111 and 9211: what is asked with them, and what is answered.

Knows header syntax. What is fresh was decided in ``services/resize.py``.
"""

import re
import time

from pixmill.plan.freshness import Lifetime, advise
from pixmill.ports import Entry
from pixmill.services.resize import Answer, Outcome

MAX_TAGS = 32
"""Entity tags of an If-None-Match that are looked at; a client that sends more is not a browser."""

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

_STATUS = {
    Outcome.HIT: "hit",
    Outcome.STALE: "hit",
    Outcome.MISS: "fwd=uri-miss",
    Outcome.SHARED: "fwd=uri-miss; collapsed",
    Outcome.UNCACHED: "fwd=method",
}


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
    advice = advise(now, entry.stored_at, Lifetime(entry.fresh_until, entry.stale_until))
    max_age_s, stale_s = advice.max_age_s, advice.stale_while_s
    if expires is not None:
        max_age_s, stale_s = min(max_age_s, max(0, expires - int(now)) + advice.age_s), 0
    headers["etag"] = entry.etag
    headers["age"] = str(advice.age_s)
    headers["cache-control"] = f"public, max-age={max_age_s}" + (
        f", stale-while-revalidate={stale_s}" if stale_s else ""
    )
    return headers


def cache_status(answer: Answer) -> str:
    """A Cache-Status of RFC 9211; the detail names the tier."""
    status = f"Pixmill; {_STATUS[answer.outcome]}{'; stored' if _is_stored(answer) else ''}"
    if answer.tier:
        status += f"; ttl={int(answer.entry.fresh_until - time.time())}; detail={answer.tier}"
    return status


def _is_stored(answer: Answer) -> bool:
    """Whether this very answer was made and kept; ``ResizeService.keep`` decides by the same times."""
    entry = answer.entry
    return answer.outcome is Outcome.MISS and isinstance(entry, Entry) and entry.stale_until > entry.stored_at


def server_timing(answer: Answer) -> str:
    """A Server-Timing header: milliseconds by stage."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in answer.seconds.items())
