"""What the operating system offers, and what is done where it is not Linux.

Linux has all that Pixmill uses. macOS, for development, lacks memory files and their seals, sockets that keep the
bounds of messages, ``/proc``, and limits of memory. What is done instead is here, in ``framed_socket.py``, in
``engine/sandbox/`` and in ``storage/rooted_fs.py``. Must never know images or requests.
"""

import sys

if sys.platform == "win32":
    raise ImportError(
        "Pixmill's server and engine run on Linux and macOS, not on Windows. "
        "Use the Windows Subsystem for Linux (WSL 2) or the container image. pixmill.url works everywhere."
    )

import fcntl
import mmap
import os
import resource
import tempfile
from contextlib import suppress
from typing import Final

IS_LINUX: Final = sys.platform == "linux"

NAME: Final = {"linux": "Linux", "darwin": "macOS"}.get(sys.platform, sys.platform)

FDS: Final = "/proc/self/fd" if IS_LINUX else "/dev/fd"
"""The folder of the descriptors of this process. Only on Linux are its entries links that name what is open."""

MAP_POPULATE: Final = getattr(mmap, "MAP_POPULATE", 0)
"""Read all pages of a map at once; elsewhere each is read when it is used."""

SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE, SEAL_FUTURE_WRITE = 0x1, 0x2, 0x4, 0x8, 0x10
"""Seals of fcntl(2): on further seals, size and content; the last one, of Linux 5.1, spares maps that exist."""

_MAX_OPEN_FILES: Final = 10_240
"""OPEN_MAX of macOS, above which setrlimit(2) refuses, while the hard limit is reported as unlimited."""

_COPY_BYTES: Final = 2**20


def memory_file(name: str) -> tuple[int, int]:
    """Return descriptors of a new anonymous file: to read and write, and, where there are no seals, only to read.

    The second one is -1 on Linux. Elsewhere it is a deleted temporary file: written to the disk if memory is short.
    Raises OSError.
    """
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), -1
    fd, path = tempfile.mkstemp(prefix=f"{name}-")
    try:
        return fd, os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.close(fd)
        raise
    finally:
        os.unlink(path)  # noqa: PTH108 - the path of a call of os


def add_seals(fd: int, seals: int) -> None:
    """Seal a memory file; no effect where there are no seals. Raises OSError if the kernel refuses."""
    if hasattr(fcntl, "F_ADD_SEALS"):
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)


def copy_between_files(destination_fd: int, source_fd: int, offset: int, size: int) -> int:
    """Append up to ``size`` bytes from ``offset`` on; return how many. Within the kernel where it can (sendfile(2)).

    Raises OSError.
    """
    if IS_LINUX:
        return os.sendfile(destination_fd, source_fd, offset, size)
    return os.write(destination_fd, os.pread(source_fd, min(size, _COPY_BYTES), offset))


def nonblocking_pipe() -> tuple[int, int]:
    """Return the ends of a pipe, to read and to write, that never block and are not inherited. Raises OSError."""
    if hasattr(os, "pipe2"):
        return os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    ends = os.pipe()
    for fd in ends:
        os.set_blocking(fd, False)
    return ends


def usable_cores() -> int:
    """Return the number of cores that the scheduler gives to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def max_resident_bytes() -> int:
    """Return the peak of the resident memory of this process (getrusage(2), in bytes on macOS, in KiB elsewhere)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def raise_open_files_limit() -> int:
    """Raise the soft limit of open files, often 256 or 1,024, as far as the system lets us, and return it."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard_limit, _MAX_OPEN_FILES):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard_limit))
            return limit
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
