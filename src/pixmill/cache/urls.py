"""Tiers as they are written in the settings: ``memory://?max_bytes=256MiB,file:///var/cache/pixmill?max_bytes=10GiB``.

Knows the grammar only; nothing is opened here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from pixmill.cache.bounds import UNBOUNDED, Bounds
from pixmill.cache.disk import LEAST_BUDGET_BYTES
from pixmill.cache.options import TIMEOUT, Options, read_options

SETTING: Final = "PIXMILL_CACHE"
STORES: Final = frozenset({"s3", "gs", "az"})

_DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "memory": {"max_bytes": "256MiB"},
    "file": {"max_bytes": "2GiB", TIMEOUT: "1s"},
    "s3": {TIMEOUT: "1s"},
    "gs": {TIMEOUT: "1s"},
    "az": {TIMEOUT: "1s"},
}
"""The kinds of tiers, with the options that each has besides its bounds and what these are when nothing is said.

A disk or store that takes longer than a second is slower than rendering again.
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


def parse_tiers(text: str) -> tuple[TierUrl, ...]:
    """The tiers in order; none for a blank text. Raises ValueError that says what is wrong with which one."""
    return tuple(_parse(part.strip()) for part in text.split(",") if part.strip())


def _parse(url: str) -> TierUrl:
    parts = _split(url)
    if parts.scheme not in _DEFAULTS or "://" not in url:
        raise ValueError(f"{SETTING}: {url!r} is no tier; write memory://, file:///folder, s3://, gs:// or az://")
    if parts.fragment:
        raise ValueError(f"{SETTING}: {url!r} has a part that means nothing: #{parts.fragment}")
    try:
        options = read_options(parts.query, _DEFAULTS[parts.scheme])
    except ValueError as error:
        raise ValueError(f"{SETTING}: {url!r}: {error}") from error
    return _store(url, parts, options) if parts.scheme in STORES else _local(url, parts, options)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{SETTING}: {url!r} is no URL: {error}") from error
    if "@" in parts.netloc:
        raise ValueError(f"{SETTING}: credentials do not belong into the URL of a tier, but into PIXMILL_STORES")
    return parts


def _store(url: str, parts: SplitResult, options: Options) -> TierUrl:
    if not parts.netloc:
        raise ValueError(f"{SETTING}: {url!r} must be {parts.scheme}://bucket/prefix")
    return TierUrl(parts.scheme, _plain(url), bounds=options.bounds, timeout_s=options.timeout_s)


def _local(url: str, parts: SplitResult, options: Options) -> TierUrl:
    if parts.netloc or (parts.scheme == "memory" and parts.path):
        raise ValueError(f"{SETTING}: {url!r} has a part that means nothing; write file:///folder with three slashes")
    if options.max_bytes < LEAST_BUDGET_BYTES:
        raise ValueError(f"{SETTING}: {url!r}: a tier needs at least {LEAST_BUDGET_BYTES} bytes")
    path = unquote(parts.path)
    return TierUrl(parts.scheme, _plain(url), path, options.max_bytes, options.bounds, options.timeout_s)


def _plain(url: str) -> str:
    return url.partition("?")[0]
