"""The memory file for the results of one job: the server makes it, and takes its memory back.

A worker makes no files and sends none. If it keeps this one, open or mapped, it keeps an empty file once the server
has closed it.
Must never know formats or plans.
"""

import fcntl
import os

from pixmill.engine.protocol import ProtocolError


class ResultFile:
    """An empty memory file; ``size`` is that of ``measure``. Its memory is freed with the last reference."""

    __slots__ = ("fd", "size")

    def __init__(self) -> None:
        """Raises OSError when the system has no resources."""
        self.fd = -1
        self.size = 0
        self.fd = os.memfd_create("pixmill-result", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)

    def measure(self) -> int:
        """Return the size, which counts from now on, whatever the worker does to the file."""
        self.size = os.fstat(self.fd).st_size
        return self.size

    def read(self, max_bytes: int) -> bytes:
        """Return the whole content. Raises ProtocolError when it is empty or more than ``max_bytes``."""
        if self.size > max_bytes:
            raise ProtocolError(f"A result of {self.size} bytes")
        return self.read_range(0, self.size)

    def read_range(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes from ``offset`` on. Raises ProtocolError when there are fewer."""
        if not 0 <= offset < offset + size <= self.size:
            raise ProtocolError(f"A result of {size} bytes from {offset} on")
        try:
            body = os.pread(self.fd, size, offset)
        except OSError as error:
            raise ProtocolError("A result cannot be read") from error
        if len(body) != size:
            raise ProtocolError(f"A result of {size} bytes")
        return body

    def close(self) -> None:
        """Free the memory, also for a worker that still has it open: it cannot grow again.

        Closing twice is harmless.
        """
        fd, self.fd = self.fd, -1
        if fd >= 0:
            try:
                fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
                os.ftruncate(fd, 0)
            finally:
                os.close(fd)

    def __del__(self) -> None:
        self.close()
