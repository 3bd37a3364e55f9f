"""The C library's allocator (glibc's, mallopt(3)): how much it keeps in reserve, and when it gives that back.

Left to itself it returns the memory of each larger piece at once, and the kernel has to find and clear every page of the next one: 90 page
faults for a picture that passes through the server, and 8 with a reserve.
"""

import ctypes
from typing import Final

RESERVE_BYTES: Final = 16 * 2**20

_PIECE_BYTES: Final = 32 * 2**20
"""The most that glibc lets come out of the heap, rather than from the system alone."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

_LIBC: Final = ctypes.CDLL(None)


def keep_reserve() -> None:
    """From now on so much may stay free in the heap. Nothing happens where the C library cannot."""
    if mallopt := getattr(_LIBC, "mallopt", None):
        mallopt(_TRIM_THRESHOLD, RESERVE_BYTES)
        mallopt(_MMAP_THRESHOLD, _PIECE_BYTES)


def give_back() -> None:
    """Return what is free to the system, where the C library can."""
    if trim := getattr(_LIBC, "malloc_trim", None):
        trim(0)
