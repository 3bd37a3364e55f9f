"""Locks among the processes that share a folder of this machine: bytes of one file, the place of each given by a key.

Knows the calls of the kernel. Locks of one byte each need no file for each key, cost 2 µs, and are let go by the kernel when
their process ends in whatever way. They belong to the process, so they keep nobody apart within it: flights do.

Not for network file systems: there a lock may block the event loop, or mean nothing. Servers on several machines have a Redis.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from pixmill.plan.key import Key

LOCK_FILE_NAME: Final = "render.lock"

_KEY_DIGITS: Final = 15
"""Of a key, in hexadecimal: 60 bits, which every offset can hold."""

_MOUNTINFO: Final = Path("/proc/self/mountinfo")
_NETWORK_FILE_SYSTEMS: Final = ("nfs", "cifs", "smb", "fuse", "9p", "ceph", "lustre", "gfs", "ocfs", "afs")


class FileLocks:
    """Locks in a file of the folder ``path``, which is made if need be. Raises OSError."""

    kind = "file"
    initial_retry_delay_s = 0.002
    max_retry_delay_s = 0.025

    def __init__(self, path: Path) -> None:
        if is_network_file_system(path):
            raise OSError(f"{path} lies on a network file system")
        self._fd = os.open(path / LOCK_FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def try_acquire(self, key: Key) -> "HeldFileLock | None":
        """Ours if nobody else has it, at once."""
        offset = int(key[:_KEY_DIGITS], 16)
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except (BlockingIOError, PermissionError):  # POSIX lets it be either
            return None
        return HeldFileLock(self._fd, offset)

    async def close(self) -> None:
        """All that is still claimed is let go with it."""
        os.close(self._fd)


class HeldFileLock:
    """A byte that is locked."""

    __slots__ = ("_fd", "_offset")

    def __init__(self, fd: int, offset: int) -> None:
        self._fd = fd
        self._offset = offset

    async def release(self) -> None:
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, self._offset)


def is_network_file_system(path: Path) -> bool:
    """Whether the kernel says that this lies on another machine, or in a file system that a program makes up."""
    try:
        device = path.stat().st_dev
        mounts = _MOUNTINFO.read_text(errors="replace").splitlines()
    except OSError:
        return False
    file_systems = {fields[2]: line.partition(" - ")[2] for line in mounts if len(fields := line.split(" ", 3)) > 2}  # noqa: PLR2004 - proc(5)
    return file_systems.get(f"{os.major(device)}:{os.minor(device)}", "").startswith(_NETWORK_FILE_SYSTEMS)
