"""Unix sockets that keep the bounds of messages, and pass descriptors with them.

Linux has them (SOCK_SEQPACKET). macOS does not: there each message is preceded by its length on a stream. Must never
know what the messages mean.
"""

import select
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from pixmill.runtime.operating_system import IS_LINUX

_LENGTH: Final = struct.Struct("=I")
_SEND_TIMEOUT_MS: Final = 1_000
"""How long the rest of a message may wait for a peer that does not read."""
_BUFFER_BYTES: Final = 2**20


class FramedSocket(socket.socket):
    """A stream socket with the methods ``send``, ``sendmsg`` and ``recvmsg`` of one that keeps the bounds of messages.

    Descriptors belong to the first byte of a message, so the length is read alone, and never more than one message.
    """

    def __init__(self, fileno: int) -> None:
        """Take over the descriptor."""
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            with suppress(OSError):  # more than the system permits
                self.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        self._received = bytearray()
        self._ancillary: list[tuple[int, int, bytes]] = []

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send one message. Raises OSError."""
        return self.sendmsg([data], (), flags)

    def sendmsg(self, buffers: Iterable[Any], ancdata: Any = (), flags: int = 0, _address: Any = None, /) -> int:
        """Send one message of these parts. Raises OSError; BlockingIOError if nothing of it was sent."""
        body = b"".join(buffers)
        rest = memoryview(_LENGTH.pack(len(body)) + body)
        rest = rest[super().sendmsg([rest], ancdata, flags) :]
        while rest:
            try:
                rest = rest[super().send(rest, flags) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self, select.POLLOUT)
                if not poll.poll(_SEND_TIMEOUT_MS):
                    raise TimeoutError("the peer does not read") from None
        return len(body)

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, Any]:
        """Return one message; an empty one at the end of the stream.

        Raises OSError; BlockingIOError while the message is incomplete: what has come is kept.
        """
        result_flags = 0
        while missing_bytes := self._missing_bytes():
            if missing_bytes > bufsize:
                return b"", self._take_ancillary(), socket.MSG_TRUNC, None
            part, ancillary, part_flags, _ = super().recvmsg(missing_bytes, ancbufsize, flags)
            if not part:
                return b"", self._take_ancillary(), 0, None
            self._received += part
            self._ancillary += ancillary
            result_flags |= part_flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
        message = bytes(self._received[_LENGTH.size :])
        self._received.clear()
        return message, self._take_ancillary(), result_flags, None

    def _missing_bytes(self) -> int:
        """Return how much is missing of the length, or of the message."""
        if len(self._received) < _LENGTH.size:
            return _LENGTH.size - len(self._received)
        (length,) = _LENGTH.unpack_from(self._received)
        return int(length) + _LENGTH.size - len(self._received)

    def _take_ancillary(self) -> list[tuple[int, int, bytes]]:
        ancillary, self._ancillary = self._ancillary, []
        return ancillary


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that keep the bounds of messages. Raises OSError."""
    if IS_LINUX:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return FramedSocket(left.detach()), FramedSocket(right.detach())


def open_socket(fd: int) -> socket.socket:
    """Return the socket of a descriptor that another process got from ``socket_pair``."""
    channel = socket.socket(socket.AF_UNIX, fileno=fd)
    return FramedSocket(channel.detach()) if channel.type == socket.SOCK_STREAM else channel
