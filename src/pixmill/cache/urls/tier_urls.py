"""Parses the tier URLs of the settings: ``memory://?max_bytes=256MiB,file:///var/cache/pixmill?max_bytes=10GiB``.

Knows the grammar only; must never open a tier.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from pixmill.cache.disk.quota import MIN_QUOTA_BYTES
from pixmill.cache.urls.limits import NO_LIMITS, TierLimits
from pixmill.cache.urls.options import TIMEOUT_OPTION, TierOptions, parse_options
from pixmill.plan.source import OBJECT_STORE_SCHEMES
from pixmill.runtime.quantities import format_size
from pixmill.storage.redis_url import REDIS_OPTIONS, REDIS_SCHEMES, RedisTarget, parse_redis_url

CACHE_SETTING: Final = "PIXMILL_CACHE"
ORIGINALS_SETTING: Final = "PIXMILL_ORIGINALS_CACHE"

_OBJECT_STORE_DEFAULTS: Final = {TIMEOUT_OPTION: "1s"}
_REDIS_DEFAULTS: Final = {"max_entry_bytes": "8MiB", TIMEOUT_OPTION: "250ms", **REDIS_OPTIONS}

_DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "memory": {"max_bytes": "256MiB"},
    "file": {"max_bytes": "2GiB", TIMEOUT_OPTION: "1s"},
    **dict.fromkeys(OBJECT_STORE_SCHEMES, _OBJECT_STORE_DEFAULTS),
    **dict.fromkeys(REDIS_SCHEMES, _REDIS_DEFAULTS),
}
"""The kinds of tiers, with the options that each has besides the common ones and their defaults.

A disk or object store that takes longer than a second is slower than rendering again. A Redis serves its clients one
after the other: large values would delay the others, and it is used because it is fast.
"""


@dataclass(frozen=True, slots=True)
class TierUrl:
    """One tier of the settings; ``url`` is without options, ``path`` empty for the user cache folder.

    ``timeout_s`` is how long a request waits for the tier.
    """

    scheme: str
    url: str
    path: str = ""
    max_bytes: int = 0
    limits: TierLimits = NO_LIMITS
    timeout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RedisTierUrl(TierUrl):
    """A Redis tier; its ``url`` is without credentials."""

    target: RedisTarget = field(kw_only=True)


def parse_tiers(text: str, setting: str = CACHE_SETTING) -> tuple[TierUrl, ...]:
    """Returns the tiers in order; none for a blank text. Raises ValueError, which names the setting and the tier.

    If the text may contain a password, the error names the tier by number and quotes nothing: a password with a comma
    or a slash in it would be parsed as something else.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(
        _parse(url, f"{setting}: tier {n}" if "@" in text else f"{setting}: {url!r}") for n, url in enumerate(parts, 1)
    )


def share_tiers(text: str, count: int) -> str:
    """Returns a valid text with the sizes that one of ``count`` processes has: of memory a part, of a folder all.

    A folder of more than two processes is smaller for each, by what they may write without knowing of each other
    (``disk/quota.py``): a sixteenth for every further one.
    """
    return ",".join(_share_tier(part.strip(), count) for part in text.split(","))


def _share_tier(url: str, count: int) -> str:
    if not url.startswith(("memory:", "file:")):
        return url
    total = _parse_url(url).max_bytes
    part = total // count if url.startswith("memory:") else total * 16 // (16 + max(0, count - 2))
    max_bytes = max(part, MIN_QUOTA_BYTES)
    base, _, query = url.partition("?")
    options = [option for option in query.split("&") if option and not option.startswith("max_bytes=")]
    return f"{base}?{'&'.join([*options, f'max_bytes={max_bytes}'])}"


def _parse(url: str, label: str) -> TierUrl:
    try:
        return _parse_url(url)
    except ValueError as error:
        raise ValueError(f"{label} {error}") from None


def _parse_url(url: str) -> TierUrl:
    parts = _split(url)
    if parts.scheme not in _DEFAULTS or "://" not in url:
        raise ValueError("is not a tier; write memory://, file:///folder, redis://host, s3://, gs:// or az://")
    if parts.fragment:
        raise ValueError("has an unused part after the #")
    options = parse_options(parts.query, _DEFAULTS[parts.scheme])
    if parts.scheme in REDIS_SCHEMES:
        return _redis_tier(parts, options)
    if "@" in parts.netloc:
        raise ValueError("has credentials: put them into PIXMILL_STORES, not into the URL of a store")
    return (
        _object_store_tier(url, parts, options)
        if parts.scheme in OBJECT_STORE_SCHEMES
        else _local_tier(url, parts, options)
    )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("is not a valid URL") from None


def _redis_tier(parts: SplitResult, options: TierOptions) -> RedisTierUrl:
    target = parse_redis_url(parts, options.backend_options)
    return RedisTierUrl("redis", target.display_url, limits=options.limits, timeout_s=options.timeout_s, target=target)


def _object_store_tier(url: str, parts: SplitResult, options: TierOptions) -> TierUrl:
    if not parts.netloc:
        raise ValueError(f"must be {parts.scheme}://bucket/prefix")
    return TierUrl(parts.scheme, _without_options(url), limits=options.limits, timeout_s=options.timeout_s)


def _local_tier(url: str, parts: SplitResult, options: TierOptions) -> TierUrl:
    if parts.netloc or (parts.scheme == "memory" and parts.path):
        raise ValueError("has an unused part; write file:///folder with three slashes")
    if options.max_bytes < MIN_QUOTA_BYTES:
        raise ValueError(f"is too small: a tier needs at least {format_size(MIN_QUOTA_BYTES)}")
    path = unquote(parts.path)
    return TierUrl(parts.scheme, _without_options(url), path, options.max_bytes, options.limits, options.timeout_s)


def _without_options(url: str) -> str:
    return url.partition("?")[0]
