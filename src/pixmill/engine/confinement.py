"""What a worker takes from itself before it touches a stranger's bytes.

Knows the kernel's calls for it. Must never know jobs.
"""

import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_NO_NEW_PRIVS: Final = 38
_MAX_FILES: Final = 128
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_STATM: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = resource.getpagesize()


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, however that happens.

    Whoever calls looks at ``os.getppid()`` afterwards: the parent may have died before.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def confine(memory_bytes: int) -> None:
    """No new privileges, no core dumps, few files, and at most this much private memory (0: no bound).

    The bound is on data, not on address space: maps of shared files, such as originals and libraries, do not count.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for name in (signal.SIGINT, signal.SIGTERM):  # the server decides when a worker ends
        signal.signal(name, signal.SIG_IGN)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _MAX_FILES)
    if memory_bytes:
        _lower(resource.RLIMIT_DATA, memory_bytes)


def resident_bytes() -> int:
    """The memory of this process that is in use right now (proc(5), the second field of statm)."""
    with _STATM.open("rb", buffering=0) as file:
        return int(file.read(128).split()[1]) * _PAGE_BYTES


def give_back_memory() -> None:
    """Return what the allocator keeps in reserve to the system, where the C library can (glibc's malloc_trim)."""
    if trim := getattr(_LIBC, "malloc_trim", None):
        trim(0)


def _lower(limit: int, value: int) -> None:
    _, most = resource.getrlimit(limit)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(limit, (value, value))


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
