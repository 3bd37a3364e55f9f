"""What an origin's headers vouch for: which version of the picture this is, and for how long; and how it is asked for another.

Knows RFC 9110 §8.8 and RFC 9111. Reads what strangers send: any header at all gives an answer, in linear time.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import structs
from multidict import MultiMapping

from pixmill.plan.dates import date_of, seconds_of
from pixmill.plan.freshness import (
    CLIENT_DEFAULT,
    CLIENT_NO_STORE,
    NO_DIRECTIVES,
    CacheDirectives,
    ClientCaching,
    client_max_age,
)
from pixmill.plan.purge import is_tag
from pixmill.sources.http.cdn_cache_control import parse_cdn_cache_control

MAX_ORIGIN_TAGS: Final = 64

MAX_LIST_CHARACTERS: Final = 8_192
"""Of all lines of a field together: what one alone may have (aiohttp). Of 128 lines that are full it would take a tenth of a second to read each word."""

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,256}"')
_ETAG_VALIDATOR = re.compile(f"etag:({_ENTITY_TAG.pattern})")
_MODIFIED_VALIDATOR = re.compile(r"modified:([0-9]{1,11}):[0-9]+")
_SECONDS = re.compile(r'"?([0-9]{1,10})[0-9]*"?')
_NOT_STORABLE: Final = ("no-store", "private")
_NEVER_FRESH: Final = (*_NOT_STORABLE, "no-cache")
_MUST_REVALIDATE: Final = ("must-revalidate", "proxy-revalidate")
_MAX_AGES: Final = ("s-maxage", "max-age")


def validator_from(headers: Mapping[str, str], size: int) -> str | None:
    """From the origin's ETag, else from its Last-Modified and the size in bytes; None when it states neither."""
    tag = headers.get("ETag", "").strip()
    if _ENTITY_TAG.fullmatch(tag):
        return f"etag:{tag}"
    modified = seconds_of(headers.get("Last-Modified"))
    return None if modified is None else f"modified:{modified:.0f}:{size}"


def purge_tags_from(headers: MultiMapping[str], name: str) -> tuple[str, ...]:
    """The words of that header, separated by commas or spaces; what is no tag is passed over, and what is too many."""
    text = _combined_field_value(headers, name).replace(",", " ") if name else ""
    words = text[: text.rfind(" ", 0, MAX_LIST_CHARACTERS)] if len(text) > MAX_LIST_CHARACTERS else text
    return tuple(dict.fromkeys(filter(is_tag, words.split())))[:MAX_ORIGIN_TAGS]


def conditional_headers(validator: str) -> dict[str, str]:
    """The headers that ask for another version than this one; none where the origin has stated no validator."""
    if found := _ETAG_VALIDATOR.fullmatch(validator):
        return {"If-None-Match": found[1]}
    if found := _MODIFIED_VALIDATOR.fullmatch(validator):
        return {"If-Modified-Since": date_of(float(found[1]))}
    return {}


def last_modified_s(headers: Mapping[str, str]) -> float:
    """When the picture was last changed, in seconds since the epoch; 0 where the origin does not say."""
    return max(0.0, seconds_of(headers.get("Last-Modified")) or 0.0)


def cache_directives(headers: MultiMapping[str]) -> CacheDirectives:
    """How long from now a shared cache may keep it, and what of it stale (RFC 9111 §4.2, RFC 5861, RFC 8246).

    What is said to us in CDN-Cache-Control counts instead of all else (RFC 9213 §2.2); all else is then for clients.
    """
    control = _combined_field_value(headers, "Cache-Control")
    directives = _parse_cache_control(control) if control else {}
    cdn_directives = parse_cdn_cache_control(_combined_field_value(headers, "CDN-Cache-Control"))
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
        # s-maxage means proxy-revalidate too (RFC 9111 §5.2.2.10), unless the origin itself says what may be served stale.
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
    if expires is None:  # RFC 9111 §5.3: an invalid date, 0 above all, lies in the past
        return 0.0
    now = seconds_of(headers.get("Date"))
    return max(0.0, expires - (datetime.now(UTC).timestamp() if now is None else now))


def _directive_seconds(directives: Mapping[str, str], name: str) -> float | None:
    return _parse_delta_seconds(directives[name]) if name in directives else None


def _has_any(directives: Mapping[str, str], names: Iterable[str]) -> bool:
    return any(name in directives for name in names)


def _combined_field_value(headers: MultiMapping[str], name: str) -> str:
    """All lines of a field as one (RFC 9110 §5.3)."""
    lines = headers.getall(name, ())
    return lines[0] if len(lines) == 1 else ",".join(lines)


def _parse_cache_control(text: str) -> dict[str, str]:
    """Names in lower case and their arguments; of a repeated one the first counts (RFC 9111 §4.2.1). What is too long to be read may say anything."""
    if len(text) > MAX_LIST_CHARACTERS:
        return {"no-store": ""}
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found


def _parse_delta_seconds(text: str) -> float:
    """Nonsense is 0: what cannot be read is stale."""
    found = _SECONDS.fullmatch(text.strip())
    return float(found[1]) if found else 0.0
