"""Headers of image responses, and conditional requests: caching (RFC 9110, 9111, 9211), type, download name.

Knows header syntax. What is answered, and its freshness, was decided in ``services/``.
"""

import math
import re
import time
from email.utils import formatdate
from typing import Final
from urllib.parse import quote

from pixmill.api.http.dialect_answers import own_headers
from pixmill.media import MEDIA, Format
from pixmill.plan.dates import seconds_of
from pixmill.plan.freshness import YEAR_S, CacheControl, ClientMaxAge, cache_control_for
from pixmill.plan.request import Headers, ImageRequest
from pixmill.ports.values import EntryMetadata
from pixmill.services.results.answer import CacheOutcome, ResizeResult

MAX_ENTITY_TAGS = 32
"""Entity tags of an If-None-Match that are read; no browser sends more."""

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
"""RFC 9211. A stale image is a hit with a negative ttl."""

_SECURITY_HEADERS: Final = {
    Format.SVG: {
        "content-security-policy": (
            "default-src 'none'; style-src 'unsafe-inline' data:; img-src data:; font-src data:; sandbox"
        ),
    }
}
"""An SVG opened directly is a document: although sanitised, it may run and load nothing."""

_EXTENSIONS = {f".{media.extension}" for media in MEDIA.values()} | {".jpeg", ".tif", ".heif"}


class AnyEntityTag:
    """Matches every tag, as ``If-None-Match: *`` does."""

    def __contains__(self, tag: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


def entity_tags(if_none_match: str) -> "frozenset[str] | AnyEntityTag":
    """Return the tags of an If-None-Match without their weakness (RFC 9110 §13.1.2)."""
    if if_none_match.strip() == "*":
        return AnyEntityTag()
    return frozenset(
        match[1] for match, _ in zip(_ENTITY_TAG.finditer(if_none_match), range(MAX_ENTITY_TAGS), strict=False)
    )


def image_headers(
    image_request: ImageRequest,
    result: ResizeResult,
    expires: int | None = None,
    etag_prefix: str = "",
    result_headers: Headers = (),
) -> dict[str, str]:
    """Return all headers; those of a 304 if the client has the bytes.

    ``etag_prefix`` is what the URL itself says of the entity tag: while the result has that tag, it is immutable.
    ``result_headers`` are those of the dialect that depend on the result.
    """
    headers = own_headers((*image_request.headers, *result_headers)) | cache_headers(image_request, result, expires)
    entry = result.entry
    is_immutable = etag_prefix and result.meta.etag.startswith(f'"{etag_prefix}')
    if is_immutable and expires is None and headers["cache-control"].startswith("public"):
        headers["cache-control"] = f"public, max-age={YEAR_S:.0f}, immutable"
    if entry:
        headers["content-type"] = MEDIA[entry.format].mime
        headers |= _SECURITY_HEADERS.get(entry.format, {})
        headers["content-length"] = str(len(entry.body))
        if image_request.filename:
            headers["content-disposition"] = content_disposition(
                image_request.filename,
                entry.format,
                inline=image_request.inline,
                extension=dict(image_request.extensions).get(entry.format, ""),
            )
    return headers


def redirect_headers(image_request: ImageRequest, result: ResizeResult, expires: int | None) -> dict[str, str]:
    """Return the caching headers of a redirect to a result: those of the result, without its validators."""
    headers = cache_headers(image_request, result, expires)
    return {name: value for name, value in headers.items() if name not in {"etag", "last-modified"}}


def cache_headers(image_request: ImageRequest, result: ResizeResult, expires: int | None = None) -> dict[str, str]:
    """Return Cache-Control, Age, ETag, Last-Modified, Vary and Cache-Status of an image response.

    ``expires`` (seconds since the epoch) is when the signed URL ends: no cache may keep the response longer.
    """
    headers = {"cache-status": cache_status(result)}
    if image_request.vary:
        headers["vary"] = ", ".join(image_request.vary)
    if result.outcome is CacheOutcome.UNCACHED:
        return headers | {"cache-control": "no-store"}
    meta, now = result.meta, time.time()
    control = cache_control_for(now, meta.lifetime)
    headers["etag"] = meta.etag
    headers["age"] = str(control.age_s)
    if meta.version.modified and result.entry:
        headers["last-modified"] = formatdate(int(min(meta.version.modified, now)), usegmt=True)  # RFC 9110 §8.8.2.1
    remaining_s = _remaining_s(meta, control, image_request, expires, now)
    end = ", must-revalidate" if image_request.min_age_s else ""
    headers["cache-control"] = _cache_control(meta, control, remaining_s, end)
    return headers


def not_modified_since(meta: EntryMetadata, if_modified_since: str) -> bool:
    """Whether the original has not changed since the date of an If-Modified-Since (RFC 9110 §13.1.3)."""
    modified = meta.version.modified
    seconds = seconds_of(if_modified_since) if modified else None
    return seconds is not None and int(modified) <= seconds


def _remaining_s(
    meta: EntryMetadata, control: CacheControl, image_request: ImageRequest, expires: int | None, now: float
) -> int | None:
    """Return for how long a client may keep the response, in seconds from now; None for the lifetime of the result.

    What the request asks for is longer than that only while the result is fresh, and if its source does not insist on
    revalidation. Signature and source limit both.
    """
    fresh_for_s = control.max_age_s - control.age_s
    requested_s = image_request.max_age_s
    if requested_s is None and not meta.version.directives.has_lifetime:
        requested_s = image_request.default_age_s
    if image_request.min_age_s:
        requested_s = max(image_request.min_age_s, fresh_for_s)
    limits_s = [] if expires is None else [max(0, expires - int(now))]
    if meta.client_caching.kind is ClientMaxAge.EXPLICIT:
        limits_s.append(int(meta.client_caching.max_age_s))
    if requested_s is not None:
        limits_s.append(requested_s)
    if not limits_s:
        return None
    may_be_longer = requested_s is not None and fresh_for_s > 0 and not meta.version.directives.must_revalidate
    return min(limits_s) if may_be_longer else min(*limits_s, fresh_for_s)


def _cache_control(meta: EntryMetadata, control: CacheControl, remaining_s: int | None, end: str = "") -> str:
    client = meta.client_caching
    if client.kind is ClientMaxAge.NO_STORE or not control.storable:
        return "no-store"
    if not control.max_age_s or (client.kind is ClientMaxAge.EXPLICIT and not client.max_age_s):
        return "public, no-cache"
    immutable = ", immutable" if meta.version.directives.immutable else ""
    if remaining_s is not None:
        return f"public, max-age={remaining_s + control.age_s}{immutable}{end}"
    if immutable and control.max_age_s >= YEAR_S:
        return f"public, max-age={control.max_age_s}, immutable"  # there is nothing to say about the time after a year
    windows = {"stale-while-revalidate": control.stale_while_revalidate_s, "stale-if-error": control.stale_if_error_s}
    stale = "".join(f", {name}={seconds}" for name, seconds in windows.items() if seconds)
    return f"public, max-age={control.max_age_s}{immutable}{stale or ', must-revalidate'}"


def cache_status(result: ResizeResult) -> str:
    """Return Cache-Status (RFC 9211); ``detail`` names the tier."""
    status = f"Pixmill; {_CACHE_STATUS[result.outcome]}"
    if result.stored:
        status += "; stored"
    if result.coalesced:
        status += "; collapsed"
    if result.tier and result.outcome in _HIT_OUTCOMES:
        status += f"; ttl={math.floor(result.meta.lifetime.fresh_until - time.time())}; detail={result.tier}"
    return status


def content_disposition(filename: str, form: Format, *, inline: bool = False, extension: str = "") -> str:
    """Return Content-Disposition (RFC 6266) for a download, or for an image in a page.

    An image extension in ``filename`` is replaced by that of the format.
    """
    stem, dot, suffix = filename.rpartition(".")
    name = stem if dot and stem and f".{suffix.lower()}" in _EXTENSIONS else filename
    full_name = f"{name}.{extension or MEDIA[form].extension}"
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in full_name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(full_name, safe='')}"


def server_timing(result: ResizeResult) -> str:
    """Return Server-Timing: milliseconds by stage."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in result.seconds.items())
