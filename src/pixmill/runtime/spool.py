"""Spool: a memory file of limited size, which a worker process can map without a copy.

Knows memory files and descriptors; must never know where the bytes come from.
"""

import errno
import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Final, Protocol, Self

from pixmill.errors import PixmillError, SourceTooLarge
from pixmill.runtime.operating_system import (
    IS_LINUX,
    SEAL_FUTURE_WRITE,
    SEAL_GROW,
    SEAL_SEAL,
    SEAL_SHRINK,
    SEAL_WRITE,
    add_seals,
    memory_file,
)

RESERVATION_STEP_BYTES: Final = 2**20
"""Maximum step of the reservation for data of unknown size."""

RESERVATION_FACTOR: Final = 4
"""At most this multiple of the received bytes is reserved: a sender that announces much and sends nothing must not
hold memory."""

_SEALS: Final = SEAL_GROW
"""Besides the seal on writing. Not SEAL_SHRINK: the memory of what a worker holds is freed by truncation."""
_WRITE_SEALS: Final = (SEAL_FUTURE_WRITE, SEAL_WRITE)
"""The first one that the kernel has. No spool is mapped for writing, which SEAL_WRITE would check page by page."""


class SpoolReservation(Protocol):
    """A reservation of memory (``memory_budget.py``); not imported, since workers use spools without a budget."""

    reserved_bytes: int

    async def reserve(self, size: int) -> None: ...

    def shrink_to(self, size: int) -> None: ...

    def retain(self) -> "SpoolReservation": ...

    def release(self) -> None: ...


class _MemoryFile:
    """An anonymous file. Its memory is freed with the last reference, even if another process has it open or mapped."""

    __slots__ = ("_reading_fd", "fd", "is_lent", "pid")

    def __init__(self, fd: int = -1) -> None:
        """Take over the descriptor of such a file, or make a new one."""
        self.fd, self._reading_fd = fd, -1
        self.pid = os.getpid()
        self.is_lent = fd >= 0
        if fd < 0:
            self.fd, self._reading_fd = memory_file("pixmill-spool")

    def lend(self) -> int:
        """Open it once more, for reading only (proc(5), /proc/self/fd)."""
        if not IS_LINUX:
            self.is_lent = True
            return os.dup(self._reading_fd if self._reading_fd >= 0 else self.fd)
        try:
            fd = os.open(f"/proc/self/fd/{self.fd}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # there is no /proc
            with suppress(OSError):
                add_seals(self.fd, SEAL_SEAL | SEAL_SHRINK)
            return os.dup(self.fd)
        self.is_lent = True
        return fd

    def __del__(self) -> None:
        if self.fd >= 0:
            if self.is_lent and self.pid == os.getpid():  # a forked process has only copied the reference
                os.ftruncate(self.fd, 0)
            os.close(self.fd)
        if self._reading_fd >= 0:
            os.close(self._reading_fd)


class _View(mmap.mmap):
    """A map that keeps its file."""

    file: _MemoryFile | None


class Spool:
    """Bytes in an anonymous memory file (a deleted temporary file where the kernel has none).

    ``fd`` may be passed to another process. The spool owns it until ``close``. ``identity`` is the same for all spools
    with the same bytes of one source, as far as it is known; else empty.
    """

    identity = b""

    def __init__(
        self,
        max_bytes: int,
        too_large_error: Callable[[str], PixmillError] = SourceTooLarge,
        reservation: SpoolReservation | None = None,
        file: _MemoryFile | None = None,
    ) -> None:
        """Take over ``reservation``, which is released when the last spool that shares the file is closed."""
        self.fd = -1
        self._file: _MemoryFile | None = None
        self._reservation = reservation
        self.max_bytes = max_bytes
        self.size = 0
        self._expected_bytes = 0
        self._too_large_error = too_large_error
        self._file = file or _MemoryFile()
        self.fd = self._file.fd

    def expect(self, size: int) -> None:
        """Set the announced size."""
        self._expected_bytes = size

    async def append(self, chunk: bytes | bytearray | memoryview) -> None:
        """Reserve memory, then ``write``. Raises MemoryExhausted."""
        size = self.size + len(chunk)
        if self._reservation and self._reservation.reserved_bytes < size <= self.max_bytes:
            expected = self._expected_bytes or self._reservation.reserved_bytes + RESERVATION_STEP_BYTES
            await self._reservation.reserve(min(max(size, min(expected, RESERVATION_FACTOR * size)), self.max_bytes))
        self.write(chunk)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append. Raises ``too_large_error`` before anything beyond ``max_bytes`` is written."""
        if self.size + len(chunk) > self.max_bytes:
            msg = f"More than {self.max_bytes} bytes"
            raise self._too_large_error(msg)
        view = memoryview(chunk)
        while view:
            view = view[os.write(self.fd, view) :]
        self.size += len(chunk)

    def mark_received(self, size: int) -> None:
        """Set the size of a spool that another owner of the descriptor has filled."""
        self.size = size

    def seal(self) -> None:
        """Forbid to write to it, also by its own descriptor.

        No effect where the kernel has no seals (memfd_create(2)), or when it is already sealed.
        """
        if self._reservation and self.size < self._reservation.reserved_bytes:
            self._reservation.shrink_to(self.size)
        for write_seal in _WRITE_SEALS:
            with suppress(OSError):
                add_seals(self.fd, _SEALS | write_seal)
                return

    def lend(self) -> int:
        """Seal it, and return a new descriptor that can neither write nor move the position of this one.

        Raises OSError. The content stays until the last spool that shares it is closed; then the memory is freed, even
        if the other process still has it open or mapped.
        """
        if not self._file:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self.seal()
        return self._file.lend()

    def share(self) -> "Spool":
        """Return another spool with the same complete content; nothing is copied."""
        other = Spool.__new__(Spool)
        other.max_bytes, other.size, other._expected_bytes = self.max_bytes, self.size, 0  # noqa: SLF001 - same class
        other.fd, other._file = self.fd, self._file  # noqa: SLF001 - same class
        other._reservation = self._reservation.retain() if self._reservation else None  # noqa: SLF001 - same class
        other.identity = self.identity
        return other

    @classmethod
    def adopt(cls, fd: int, size: int) -> "Spool":
        """Take over a memory file of this size that a worker has filled, and forbid to write to it.

        Raises OSError, and leaves the descriptor to the caller, if it could still be changed.
        """
        add_seals(fd, _SEALS | SEAL_WRITE)  # fails while it is mapped for writing
        spool = cls(size, file=_MemoryFile(fd))
        spool.size = size
        return spool

    def read(self) -> bytes:
        """Return a copy of the content."""
        return os.pread(self.fd, self.size, 0)

    def view(self) -> mmap.mmap:
        """Map the content, which must not be empty, without a copy."""
        file = self._file
        view = _View(file.fd if file else -1, self.size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)  # as seals demand
        view.file = file
        return view

    def digest(self) -> str:
        """Return the SHA-256 of the content in hexadecimal."""
        if not self.size:
            return sha256().hexdigest()
        with self.view() as view:
            return sha256(view).hexdigest()

    def close(self) -> None:
        """Release the file; closing twice is harmless."""
        self.fd, self._file = -1, None
        reservation, self._reservation = self._reservation, None
        if reservation:
            reservation.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
