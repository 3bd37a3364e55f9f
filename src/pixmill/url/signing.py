"""Signatures of URLs, and expiries that leave URLs the same for a while.

The signature is the HMAC-SHA256 of path and query as sent, in base64url; ``docs/how-to/signing.md`` describes it.
"""

from __future__ import annotations

from binascii import b2a_base64

from .errors import InvalidSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    Keys = str | bytes | Sequence[str | bytes]
    Seconds = float | timedelta

MIN_KEY_BYTES = 16
MAX_EXPIRES = 253_402_300_799
"""The end of the year 9999."""


def signing_key(keys: Keys) -> bytes:
    """Return the key that signs: the first one, as in ``PIXMILL_KEYS``. Raises InvalidSetting, which shows no key.

    A text is one key, or several separated by commas, each used as its UTF-8 bytes.
    """
    if isinstance(keys, str):
        found = [key.strip().encode() for key in keys.split(",") if key.strip()]
    elif isinstance(keys, bytes):
        found = [keys]
    else:
        try:
            found = [key.strip().encode() if isinstance(key, str) else bytes(memoryview(key)) for key in keys]
        except TypeError:
            raise InvalidSetting("key must be a text or bytes, or several of them", "key") from None
    if not found:
        raise InvalidSetting("The key is empty: give one of PIXMILL_KEYS, or None for URLs without a signature", "key")
    if min(map(len, found)) < MIN_KEY_BYTES:
        raise InvalidSetting(f"Each key must have at least {MIN_KEY_BYTES} bytes", "key")
    return found[0]


def signature(key: bytes, target: str) -> str:
    """Return the signature of a path with its query."""
    import hmac  # noqa: PLC0415 - a third of the time that the import of the client takes

    digest = hmac.digest(key, target.encode("ascii"), "sha256")
    return b2a_base64(digest, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")


def seconds_of(value: Seconds, name: str) -> int:
    """Return whole seconds, at least 1. Raises InvalidSetting."""
    try:
        total = value.total_seconds() if hasattr(value, "total_seconds") else float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidSetting(f"{name} must be seconds or a timedelta, not {value!r}", name) from None
    if not 1 <= total <= MAX_EXPIRES:
        raise InvalidSetting(f"{name} must be at least 1 second, such as 3600", name)
    return int(total)


def rounded_expiry(now: float, expires_in: int, every: int) -> int:
    """Return the first multiple of ``every`` that is at least ``expires_in`` seconds from now.

    All URLs made until the next multiple are the same, so that browsers and CDNs can keep what they have.
    """
    end = int(now) + expires_in
    return min(-(-end // every) * every, MAX_EXPIRES)
