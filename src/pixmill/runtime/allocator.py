"""Tunes glibc's malloc (mallopt(3)): the number of arenas, the heap that is retained, and when it is trimmed.

By default each thread has an arena of its own. Results that a thread reads stay in the memory tier as long as they
are used, and other arenas cannot use the gaps: with a full tier of 32 MiB and constant misses, 50 MiB are idle after
four minutes, and 18 with a single arena. Threads that allocate hold Python's lock anyway, so they do not contend for
it.

By default glibc also returns larger blocks to the system at once, and the kernel has to find and clear every page of
the next one: 90 page faults per image that passes through the server, and 8 with a retained heap.
"""

import ctypes
from typing import Final

RETAINED_HEAP_BYTES: Final = 16 * 2**20

_MMAP_THRESHOLD_BYTES: Final = 32 * 2**20
"""Maximum that glibc allows: larger blocks are mapped separately."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_LIBC: Final = ctypes.CDLL(None)


def limit_arenas() -> None:
    """Use one arena for all threads that start from now on. No effect with other C libraries."""
    if mallopt := getattr(_LIBC, "mallopt", None):
        mallopt(_ARENA_MAX, 1)


def retain_heap() -> None:
    """Retain up to ``RETAINED_HEAP_BYTES`` of free heap. No effect with other C libraries."""
    if mallopt := getattr(_LIBC, "mallopt", None):
        mallopt(_TRIM_THRESHOLD, RETAINED_HEAP_BYTES)
        mallopt(_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)


def trim_heap() -> None:
    """Return free heap to the system. No effect with other C libraries."""
    if trim := getattr(_LIBC, "malloc_trim", None):
        trim(0)
