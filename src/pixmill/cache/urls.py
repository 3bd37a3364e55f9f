"""Tiers as they are written in the settings: ``memory://?max_bytes=256MiB,file:///var/cache/pixmill?max_bytes=10GiB``.

Knows the grammar only; nothing is opened here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pixmill.cache.disk import LEAST_BUDGET_BYTES
from pixmill.storage.sizes import parse_size

SETTING: Final = "PIXMILL_CACHE"
STORES: Final = frozenset({"s3", "gs", "az"})

_DEFAULT_SIZES: Final[Mapping[str, str]] = {"memory": "256MiB", "file": "2GiB"}


@dataclass(frozen=True, slots=True)
class TierUrl:
    """One tier asked for. ``path`` is that of a ``file``; empty for the user's cache folder."""

    scheme: str
    url: str
    path: str = ""
    max_bytes: int = 0


def parse_tiers(text: str) -> tuple[TierUrl, ...]:
    """The tiers in order; none for a blank text. Raises ValueError that says what is wrong with which one."""
    return tuple(_parse(part.strip()) for part in text.split(",") if part.strip())


def _parse(url: str) -> TierUrl:
    parts = _split(url)
    if parts.scheme in STORES and "://" in url:
        return _store(url, parts)
    if parts.scheme not in _DEFAULT_SIZES or "://" not in url:
        raise ValueError(f"{SETTING}: {url!r} is no tier; write memory://, file:///folder, s3://, gs:// or az://")
    if parts.netloc or parts.fragment or (parts.scheme == "memory" and parts.path):
        raise ValueError(f"{SETTING}: {url!r} has a part that means nothing; write file:///folder with three slashes")
    return TierUrl(parts.scheme, url, unquote(parts.path), _max_bytes(url, parts))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{SETTING}: {url!r} is no URL: {error}") from error
    if "@" in parts.netloc:
        raise ValueError(f"{SETTING}: credentials do not belong into the URL of a tier, but into PIXMILL_STORES")
    return parts


def _store(url: str, parts: SplitResult) -> TierUrl:
    if not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{SETTING}: {url!r} must be {parts.scheme}://bucket/prefix, without options")
    return TierUrl(parts.scheme, url)


def _max_bytes(url: str, parts: SplitResult) -> int:
    options = parse_qsl(parts.query, keep_blank_values=True)
    unknown = sorted({name for name, _ in options} - {"max_bytes"})
    if unknown or len(options) > 1:
        wrong = f"unknown option {', '.join(unknown)}" if unknown else "max_bytes is given twice"
        raise ValueError(f"{SETTING}: {url!r}: {wrong}; max_bytes is the only option")
    try:
        size = parse_size(dict(options).get("max_bytes", _DEFAULT_SIZES[parts.scheme]))
    except ValueError as error:
        raise ValueError(f"{SETTING}: {url!r}: {error}") from error
    if size < LEAST_BUDGET_BYTES:
        raise ValueError(f"{SETTING}: {url!r}: a tier needs at least {LEAST_BUDGET_BYTES} bytes")
    return size
