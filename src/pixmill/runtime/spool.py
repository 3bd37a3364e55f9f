"""A bounded place for bytes that a worker process can open without another copy.

Knows memory files and descriptors; must never know where the bytes come from.
"""

import fcntl
import mmap
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Final, Protocol, Self

from pixmill.errors import PixmillError, SourceTooLarge

RESERVATION_STEP_BYTES: Final = 2**20
"""What is of unknown size claims so much at a time, at the most."""

RESERVATION_FACTOR: Final = 4
"""So many times what has come is claimed of what is to come: who promises much and sends nothing must not hold what others need."""

_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
_FUTURE_WRITE: Final = 0x10
"""F_SEAL_FUTURE_WRITE of fcntl(2), Linux 5.1: nobody maps a spool for writing, and F_SEAL_WRITE makes sure of that page by page."""


class SpoolReservation(Protocol):
    """The account that the bytes are on (``budget.py``); not imported, since workers, which have no such thing, know spools too."""

    reserved_bytes: int

    async def reserve(self, size: int) -> None: ...

    def shrink_to(self, size: int) -> None: ...

    def retain(self) -> "SpoolReservation": ...

    def release(self) -> None: ...


class Spool:
    """Bytes in an anonymous memory file (a deleted temporary file where the kernel has none).

    ``fd`` may be handed to another process. The spool owns it until ``close``.
    """

    def __init__(
        self,
        max_bytes: int,
        too_large_error: Callable[[str], PixmillError] = SourceTooLarge,
        reservation: SpoolReservation | None = None,
    ) -> None:
        """``claim`` is its own: what it holds is on that account until the last who shares it has closed."""
        self.fd = -1
        self._reservation = reservation
        self.max_bytes = max_bytes
        self.size = 0
        self._expected_bytes = 0
        self._too_large_error = too_large_error
        self.fd = _anonymous_file()

    def expect(self, size: int) -> None:
        """So much is to come, as far as one is told."""
        self._expected_bytes = size

    async def append(self, chunk: bytes | bytearray | memoryview) -> None:
        """``write`` once there is memory for it. Raises MemoryFull."""
        size = self.size + len(chunk)
        if self._reservation and self._reservation.reserved_bytes < size <= self.max_bytes:
            expected = self._expected_bytes or self._reservation.reserved_bytes + RESERVATION_STEP_BYTES
            await self._reservation.reserve(min(max(size, min(expected, RESERVATION_FACTOR * size)), self.max_bytes))
        self.write(chunk)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append; raises ``too_large`` before anything beyond ``max_bytes`` is kept."""
        if self.size + len(chunk) > self.max_bytes:
            msg = f"More than {self.max_bytes} bytes"
            raise self._too_large_error(msg)
        view = memoryview(chunk)
        while view:
            view = view[os.write(self.fd, view) :]
        self.size += len(chunk)

    def mark_received(self, size: int) -> None:
        """So many bytes have been written by whoever has a copy of the descriptor, into what was empty."""
        self.size = size

    def seal(self) -> None:
        """It is complete: from now on nobody can change it, not even another process that holds its descriptor.

        Where the kernel has no seals (memfd_create(2)), or it is sealed already, nothing happens.
        """
        if self._reservation:
            self._reservation.shrink_to(self.size)
        for write_seal in (_FUTURE_WRITE, fcntl.F_SEAL_WRITE):
            with suppress(OSError):
                fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _SEALS | write_seal)
                return

    def share(self) -> "Spool":
        """The same bytes once more, with an owner of their own; nothing is copied. It is complete."""
        other = Spool.__new__(Spool)
        other.max_bytes, other.size, other._expected_bytes = self.max_bytes, self.size, 0  # noqa: SLF001 - it is one of us
        other.fd, other._reservation = -1, None  # noqa: SLF001 - it is one of us
        other.fd = os.dup(self.fd)
        other._reservation = self._reservation.retain() if self._reservation else None  # noqa: SLF001
        return other

    def read(self) -> bytes:
        """All of it, as one copy."""
        return os.pread(self.fd, self.size, 0)

    def view(self) -> mmap.mmap:
        """All of it without a copy; there must be something."""
        return mmap.mmap(self.fd, self.size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)  # as seals demand

    def digest(self) -> str:
        """SHA-256 of the content, as hexadecimal digits."""
        if not self.size:
            return sha256().hexdigest()
        with self.view() as view:
            return sha256(view).hexdigest()

    def close(self) -> None:
        """Give the descriptor back; closing twice is harmless."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)
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


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("pixmill-spool", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
