"""Reads the headers of origins: validators, cache directives and surrogate keys; and makes conditional requests.

Knows RFC 9110 §8.8, RFC 9111 and RFC 9213. Accepts any header value at all, in linear time.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

from msgspec import structs
from multidict import MultiMapping

from pixmill.plan.dates import seconds_of
from pixmill.plan.freshness import (
    CLIENT_DEFAULT,
    CLIENT_NO_STORE,
    NO_DIRECTIVES,
    CacheDirectives,
    ClientCaching,
    client_max_age,
)
from pixmill.plan.purge import is_tag

MAX_ORIGIN_TAGS: Final = 64

MAX_LIST_CHARACTERS: Final = 8_192
"""Maximum length of all lines of a field together. Reading all header fields that are allowed would take a tenth of a
second."""

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,256}"')
_ETAG_VALIDATOR = re.compile(f"etag:({_ENTITY_TAG.pattern})")
_MODIFIED_VALIDATOR = re.compile(r"modified:([0-9]{1,11}):[0-9]+")
_SECONDS = re.compile(r'"?([0-9]{1,10})[0-9]*"?')
_NOT_STORABLE: Final = ("no-store", "private")
_NEVER_FRESH: Final = (*_NOT_STORABLE, "no-cache")
_MUST_REVALIDATE: Final = ("must-revalidate", "proxy-revalidate")
_HEURISTICALLY_CACHEABLE: Final = frozenset({200, 203, 206, 304})
"""Statuses of fetches that may be stored without directives (RFC 9110 §15.1); 304 is of the stored response."""

_MAX_AGES: Final = ("s-maxage", "max-age")

MAX_CDN_CHARACTERS: Final = 1_024
"""Maximum length of CDN-Cache-Control: many times what all directives take."""

_CDN_VALUE = (
    r"""-?[0-9]{1,15}(?:\.[0-9]{1,3})?|"(?:[ !#-\[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*|\?[01]"""
)
_CDN_KEY = r"[a-z*][a-z0-9_\-.*]*"
_CDN_MEMBER = re.compile(
    rf"({_CDN_KEY})(?:=({_CDN_VALUE}))?(?:; *{_CDN_KEY}(?:=(?:{_CDN_VALUE}))?)*[ \t]*(?:,[ \t]*(?=.)|\Z)"
)
_CDN_FALSE: Final = "?0"


def validator_from(headers: Mapping[str, str], size: int) -> str | None:
    """Return a validator from ETag, else from Last-Modified and the size in bytes; None without either."""
    tag = headers.get("ETag", "").strip()
    if _ENTITY_TAG.fullmatch(tag):
        return f"etag:{tag}"
    modified = seconds_of(headers.get("Last-Modified"))
    return None if modified is None else f"modified:{modified:.0f}:{size}"


def purge_tags_from(headers: MultiMapping[str], name: str) -> tuple[str, ...]:
    """Return the surrogate keys in a header, separated by commas or spaces; skip invalid ones and those beyond the
    maximum.
    """
    text = combined_field_value(headers, name).replace(",", " ") if name else ""
    words = text[: text.rfind(" ", 0, MAX_LIST_CHARACTERS)] if len(text) > MAX_LIST_CHARACTERS else text
    return tuple(dict.fromkeys(filter(is_tag, words.split())))[:MAX_ORIGIN_TAGS]


def conditional_headers(validator: str) -> dict[str, str]:
    """Return the headers of a conditional request; none for a validator that the origin did not send."""
    if found := _ETAG_VALIDATOR.fullmatch(validator):
        return {"If-None-Match": found[1]}
    if found := _MODIFIED_VALIDATOR.fullmatch(validator):
        return {"If-Modified-Since": formatdate(int(float(found[1])), usegmt=True)}
    return {}


def last_modified_s(headers: Mapping[str, str]) -> float:
    """Return Last-Modified in seconds since the epoch; 0 without one."""
    return max(0.0, seconds_of(headers.get("Last-Modified")) or 0.0)


def cache_directives(headers: MultiMapping[str], status: int = 200) -> CacheDirectives:
    """Return the directives for a shared cache, relative to now (RFC 9111 §4.2, RFC 5861, RFC 8246).

    CDN-Cache-Control replaces all other headers (RFC 9213 §2.2), which then apply to clients only. Without any, what
    came with a status that is not heuristically cacheable is not stored: a 202 may be a placeholder.
    """
    directives = _directives_of_fields(headers)
    is_silent = directives is NO_DIRECTIVES and status not in _HEURISTICALLY_CACHEABLE
    return structs.replace(directives, storable=False) if is_silent else directives


def _directives_of_fields(headers: MultiMapping[str]) -> CacheDirectives:
    control = combined_field_value(headers, "Cache-Control")
    directives = _parse_cache_control(control) if control else {}
    cdn_directives = parse_cdn_cache_control(combined_field_value(headers, "CDN-Cache-Control"))
    if not cdn_directives:
        return _build_directives(headers, directives) if directives or "Expires" in headers else NO_DIRECTIVES
    result = _build_directives({"Age": headers.get("Age", "0")}, cdn_directives)
    return structs.replace(
        result, client_caching=_client_caching(headers, directives), immutable="immutable" in directives
    )


def _build_directives(headers: Mapping[str, str], directives: Mapping[str, str]) -> CacheDirectives:
    stale_while_revalidate_s, stale_if_error_s = (
        _directive_seconds(directives, name) for name in ("stale-while-revalidate", "stale-if-error")
    )
    return CacheDirectives(
        freshness_lifetime_s=_remaining_lifetime_s(headers, directives),
        stale_while_revalidate_s=stale_while_revalidate_s,
        stale_if_error_s=stale_if_error_s,
        # s-maxage implies proxy-revalidate (RFC 9111 §5.2.2.10), unless the origin explicitly allows stale responses.
        must_revalidate=_has_any(directives, _MUST_REVALIDATE)
        or ("s-maxage" in directives and stale_while_revalidate_s is None and stale_if_error_s is None),
        storable=not _has_any(directives, _NOT_STORABLE),
        immutable="immutable" in directives,
    )


def _client_caching(headers: Mapping[str, str], directives: Mapping[str, str]) -> ClientCaching:
    """Return what the origin's directives mean for clients, which are no shared caches."""
    if _has_any(directives, _NOT_STORABLE):
        return CLIENT_NO_STORE
    remaining_s = _remaining_lifetime_s(
        headers, {name: value for name, value in directives.items() if name != "s-maxage"}
    )
    return CLIENT_DEFAULT if remaining_s is None else client_max_age(remaining_s)


def _remaining_lifetime_s(headers: Mapping[str, str], directives: Mapping[str, str]) -> float | None:
    lifetime = _freshness_lifetime_s(headers, directives)
    return None if lifetime is None else max(0.0, lifetime - _parse_delta_seconds(headers.get("Age", "0")))


def _freshness_lifetime_s(headers: Mapping[str, str], directives: Mapping[str, str]) -> float | None:
    if _has_any(directives, _NEVER_FRESH):
        return 0.0
    for name in _MAX_AGES:
        if name in directives:
            return _parse_delta_seconds(directives[name])
    if "Expires" not in headers:
        return None
    expires = seconds_of(headers["Expires"])
    if expires is None:  # RFC 9111 §5.3: an invalid date, 0 above all, is in the past
        return 0.0
    now = seconds_of(headers.get("Date"))
    return max(0.0, expires - (datetime.now(UTC).timestamp() if now is None else now))


def _directive_seconds(directives: Mapping[str, str], name: str) -> float | None:
    return _parse_delta_seconds(directives[name]) if name in directives else None


def _has_any(directives: Mapping[str, str], names: Iterable[str]) -> bool:
    return any(name in directives for name in names)


def combined_field_value(headers: MultiMapping[str], name: str) -> str:
    """Join all lines of a field (RFC 9110 §5.3)."""
    lines = headers.getall(name, ())
    return lines[0] if len(lines) == 1 else ",".join(lines)


def _parse_cache_control(text: str) -> dict[str, str]:
    """Parse Cache-Control; of a repeated directive the first counts (RFC 9111 §4.2.1).

    Text that is too long means no-store.
    """
    if len(text) > MAX_LIST_CHARACTERS:
        return {"no-store": ""}
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found


def parse_cdn_cache_control(text: str) -> dict[str, str]:
    """Parse CDN-Cache-Control, a dictionary of RFC 9651 without lists, which no directive has.

    The last of a repeated directive counts. Malformed text counts as not sent (RFC 9213 §2.1).
    """
    text = text.strip(" ")
    found: dict[str, str] = {}
    position = 0
    while position < len(text) <= MAX_CDN_CHARACTERS:
        member = _CDN_MEMBER.match(text, position)
        if member is None:
            return {}
        found[member[1]] = member[2] or ""
        position = member.end()
    return {name: value for name, value in found.items() if value != _CDN_FALSE}


def _parse_delta_seconds(text: str) -> float:
    """Parse seconds; malformed text is 0, that is stale."""
    found = _SECONDS.fullmatch(text.strip())
    return float(found[1]) if found else 0.0
