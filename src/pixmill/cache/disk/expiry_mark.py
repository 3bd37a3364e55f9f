"""Expiry of a blob, stored as its file's access time with a mark in the nanoseconds.

Knows times only. A program that sets the access time itself removes the mark: the blob then has no known expiry and
stays until it is evicted.
"""

from typing import Final

EXPIRY_GRACE_S: Final = 60.0
"""Clocks of servers that share the folder may differ by this much."""

NS_PER_S: Final = 1_000_000_000

_MARK_NS: Final = 770_000_000
"""Survives file systems that store hundredths of a second; the kernel's own clock does not hit it by chance."""

_MAX_EXPIRY_S: Final = 2**33
"""The year 2242: the largest time that an inode can hold."""


def expiry_ns(expires_at: float) -> int:
    """Returns the access time that encodes this expiry."""
    return int(min(max(expires_at, 0.0), _MAX_EXPIRY_S)) * NS_PER_S + _MARK_NS


def is_expired(atime_ns: int, now_ns: int) -> bool:
    """Whether this access time carries the mark and lies more than the grace in the past."""
    return atime_ns % NS_PER_S == _MARK_NS and atime_ns + EXPIRY_GRACE_S * NS_PER_S < now_ns
