"""Locks among the processes of one machine that share a folder: byte ranges of one file, at an offset given by the key.

Knows the system calls. A lock of one byte needs no file per key, costs 2 µs, and is released by the kernel when its
process ends in any way. POSIX locks belong to a process, so they do not exclude requests of the same process: single
flight does.

Not for network file systems: there a lock may block the event loop, or have no effect. Servers on several machines use
Redis.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pixmill.plan.key import Key
from pixmill.runtime.backoff import Backoff

LOCK_FILE_NAME: Final = "render.lock"

_KEY_DIGITS: Final = 15
"""Hexadecimal digits that make the offset, the last ones of a key: its first are the same for all results of a source.

60 bits, which every offset can hold.
"""

_MOUNTINFO: Final = Path("/proc/self/mountinfo")
_NETWORK_FILE_SYSTEMS: Final = ("nfs", "cifs", "smb", "fuse", "9p", "ceph", "lustre", "gfs", "ocfs", "afs")


class FileLocks:
    """``LockBackend`` in a file of the folder ``path``, created if missing. Raises OSError."""

    kind = "file"
    retry_backoff = Backoff(initial_s=0.002, max_s=0.025, growth=1.5, jitter=True)

    def __init__(self, path: Path, is_stored: Callable[[str], bool]) -> None:
        """``is_stored`` tells whether the folder has a file for a key: 2 µs, from the kernel's cache of names."""
        if is_network_file_system(path):
            raise OSError(f"{path} lies on a network file system")
        self._is_stored = is_stored
        self._fd = os.open(path / LOCK_FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def try_acquire(self, key: Key) -> "HeldFileLock | None":
        """Returns the lock without waiting, or None while another process holds it."""
        offset = int(key[-_KEY_DIGITS:], 16)
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except (BlockingIOError, PermissionError):  # POSIX allows either
            return None
        return HeldFileLock(self._fd, offset, may_be_stored=self._is_stored(key))

    async def close(self) -> None:
        """Close the file, which releases all locks."""
        os.close(self._fd)


class HeldFileLock:
    """A locked byte."""

    __slots__ = ("_fd", "_offset", "may_be_stored")

    def __init__(self, fd: int, offset: int, *, may_be_stored: bool) -> None:
        self.may_be_stored = may_be_stored
        self._fd = fd
        self._offset = offset

    async def release(self, *, stored: bool) -> None:  # noqa: ARG002 - the next holder sees the file
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, self._offset)


def is_network_file_system(path: Path) -> bool:
    """Whether the path is on a network file system or in FUSE, as the kernel's mount table says."""
    try:
        device = path.stat().st_dev
        mounts = _MOUNTINFO.read_text(errors="replace").splitlines()
    except OSError:
        return False
    file_systems = {}
    for line in mounts:  # proc(5): id, parent, device, …, "-", file system
        if " - " in line:
            device_id, file_system = line.split(" ", 3)[2], line.partition(" - ")[2]
            file_systems[device_id] = file_system
    return file_systems.get(f"{os.major(device)}:{os.minor(device)}", "").startswith(_NETWORK_FILE_SYSTEMS)
