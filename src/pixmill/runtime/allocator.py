"""The C library's allocator (glibc's, mallopt(3)): how many heaps it has, how much it keeps in reserve, and when it gives that back.

Left to itself it gives each thread a heap of its own. Results that one of them reads lie in the memory tier for as long as they are used, and what they leave
is of no use to the others: with a tier of 32 MiB that is full, and misses all the time, 50 MiB lie idle after four minutes and 18 in a single heap. Threads
that ask for memory have Python's lock anyway, so they do not get into each other's way there.

Left to itself it also returns the memory of each larger piece at once, and the kernel has to find and clear every page of the next one: 90 page
faults for a picture that passes through the server, and 8 with a reserve.
"""

import ctypes
from typing import Final

RETAINED_HEAP_BYTES: Final = 16 * 2**20

_MMAP_THRESHOLD_BYTES: Final = 32 * 2**20
"""The most that glibc lets come out of the heap, rather than from the system alone."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_LIBC: Final = ctypes.CDLL(None)


def limit_arenas() -> None:
    """One heap for all threads that start from now on. Nothing happens where the C library cannot."""
    if mallopt := getattr(_LIBC, "mallopt", None):
        mallopt(_ARENA_MAX, 1)


def retain_heap() -> None:
    """From now on so much may stay free in the heap. Nothing happens where the C library cannot."""
    if mallopt := getattr(_LIBC, "mallopt", None):
        mallopt(_TRIM_THRESHOLD, RETAINED_HEAP_BYTES)
        mallopt(_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)


def trim_heap() -> None:
    """Return what is free to the system, where the C library can."""
    if trim := getattr(_LIBC, "malloc_trim", None):
        trim(0)
