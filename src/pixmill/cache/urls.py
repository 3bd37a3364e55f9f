"""Tiers as they are written in the settings: ``memory://?max_bytes=256MiB,file:///var/cache/pixmill?max_bytes=10GiB``.

Knows the grammar only; nothing is opened here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from pixmill.cache.bounds import UNBOUNDED, Bounds
from pixmill.cache.options import TIMEOUT, Options, read_options
from pixmill.cache.room import LEAST_BUDGET_BYTES
from pixmill.storage.redis_place import OPTIONS, SCHEMES, RedisPlace, parse_place

SETTING: Final = "PIXMILL_CACHE"
ORIGINALS: Final = "PIXMILL_ORIGINALS"
STORES: Final = frozenset({"s3", "gs", "az"})

_REDIS: Final = {"max_entry_bytes": "8MiB", TIMEOUT: "250ms", **OPTIONS}

_DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "memory": {"max_bytes": "256MiB"},
    "file": {"max_bytes": "2GiB", TIMEOUT: "1s"},
    "s3": {TIMEOUT: "1s"},
    "gs": {TIMEOUT: "1s"},
    "az": {TIMEOUT: "1s"},
    **dict.fromkeys(SCHEMES, _REDIS),
}
"""The kinds of tiers, with the options that each has besides its bounds and what these are when nothing is said.

A disk or store that takes longer than a second is slower than rendering again. A Redis serves everybody in turn:
large values would keep the others waiting, and it is asked because it is fast.
"""


@dataclass(frozen=True, slots=True)
class TierUrl:
    """One tier asked for; ``url`` is what it is without its options.

    ``path`` is that of a ``file``; empty for the user's cache folder. ``timeout_s`` is for how long a request waits for it.
    """

    scheme: str
    url: str
    path: str = ""
    max_bytes: int = 0
    bounds: Bounds = UNBOUNDED
    timeout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RedisTierUrl(TierUrl):
    """A tier in a Redis; its ``url`` is without credentials."""

    place: RedisPlace = field(kw_only=True)


def parse_tiers(text: str, setting: str = SETTING) -> tuple[TierUrl, ...]:
    """The tiers in order; none for a blank text. Raises ValueError that names the setting and says what is wrong with which one.

    Where there may be a password in the text, what is wrong is told by the tier's number, and nothing is repeated: a
    password with a comma or a slash in it would be taken for something else.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(
        _parse(url, f"{setting}: tier {n}" if "@" in text else f"{setting}: {url!r}") for n, url in enumerate(parts, 1)
    )


def _parse(url: str, shown: str) -> TierUrl:
    try:
        return _read(url)
    except ValueError as error:
        raise ValueError(f"{shown} {error}") from None


def _read(url: str) -> TierUrl:
    parts = _split(url)
    if parts.scheme not in _DEFAULTS or "://" not in url:
        raise ValueError("is no tier; write memory://, file:///folder, redis://host, s3://, gs:// or az://")
    if parts.fragment:
        raise ValueError("has a part that means nothing, after the #")
    options = read_options(parts.query, _DEFAULTS[parts.scheme])
    if parts.scheme in SCHEMES:
        return _redis(parts, options)
    if "@" in parts.netloc:
        raise ValueError("has credentials, which do not belong into the URL of a store, but into PIXMILL_STORES")
    return _store(url, parts, options) if parts.scheme in STORES else _local(url, parts, options)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("is no URL") from None


def _redis(parts: SplitResult, options: Options) -> RedisTierUrl:
    place = parse_place(parts, options.texts)
    return RedisTierUrl("redis", place.url, bounds=options.bounds, timeout_s=options.timeout_s, place=place)


def _store(url: str, parts: SplitResult, options: Options) -> TierUrl:
    if not parts.netloc:
        raise ValueError(f"must be {parts.scheme}://bucket/prefix")
    return TierUrl(parts.scheme, _plain(url), bounds=options.bounds, timeout_s=options.timeout_s)


def _local(url: str, parts: SplitResult, options: Options) -> TierUrl:
    if parts.netloc or (parts.scheme == "memory" and parts.path):
        raise ValueError("has a part that means nothing; write file:///folder with three slashes")
    if options.max_bytes < LEAST_BUDGET_BYTES:
        raise ValueError(f"may hold too little: a tier needs at least {LEAST_BUDGET_BYTES} bytes")
    path = unquote(parts.path)
    return TierUrl(parts.scheme, _plain(url), path, options.max_bytes, options.bounds, options.timeout_s)


def _plain(url: str) -> str:
    return url.partition("?")[0]
