"""Accepted TCP connections of this process: the kernel's counters of what was sent, and reset.

Knows sockets and the descriptors of this process; must never know what is sent over them. An HTTP server that owns its
sockets, as Granian does, offers neither. Only Linux tells what was sent.
"""

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from stat import S_ISSOCK
from typing import Final, NamedTuple

from pixmill.runtime.operating_system import FDS, IS_LINUX

_TCP_INFO_BYTES: Final = 256
_OPEN_STATES: Final = frozenset({1, 8})
"""TCP_ESTABLISHED, and TCP_CLOSE_WAIT: the client has sent all it had, and still reads."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of 0 (socket(7)): closing discards unsent data and sends a reset."""

_MAPPED_IPV4: Final = "::ffff:"


class Endpoints(NamedTuple):
    """What tells a connection from others: the port that accepted it, and host and port of its peer."""

    local_port: int
    host: str
    port: int

    @classmethod
    def of(cls, local_port: object, host: str, port: object) -> "Endpoints":
        """Return them for addresses as an ASGI server writes them, which may be texts."""
        return cls(int(str(local_port)), _unmapped(host), int(str(port)))


@dataclass(frozen=True, slots=True)
class SendProgress:
    """Bytes that the peer of a connection has acknowledged, and those that have been or wait to be sent."""

    acked_bytes: int
    pending_bytes: int

    @property
    def is_pending(self) -> bool:
        return self.pending_bytes > 0


def accepted_connections(ports: frozenset[int]) -> Iterator[tuple[str, int, SendProgress]]:
    """Yield socket inode, descriptor and progress of every open connection that was accepted on one of the ports.

    None where the kernel does not tell the progress.
    """
    if not hasattr(socket, "TCP_INFO"):
        return
    for inode, fd in _sockets():
        with suppress(OSError), _borrowed(fd) as connection:
            if _local_port(connection) in ports and (progress := _send_progress(connection)):
                yield inode, fd, progress


def reset_socket(inode: str, fd: int) -> bool:
    """Reset the connection of this descriptor; return False if it has been closed meanwhile."""
    return _inode(fd) == inode and _reset(fd)


def reset_connections(endpoints: Collection[Endpoints]) -> int:
    """Reset the connections between these endpoints; return how many there were. Takes one pass over all descriptors.

    Their owner notices at its next read or write.
    """
    resets = 0
    for _, fd in _sockets():
        with suppress(OSError), _borrowed(fd) as connection:
            local_port, peer = _local_port(connection), connection.getpeername()
            if local_port and Endpoints.of(local_port, *peer[:2]) in endpoints:
                resets += _reset(fd)
    return resets


def _sockets() -> Iterator[tuple[str, int]]:
    for name in os.listdir(FDS):  # noqa: PTH208 - names suffice
        inode = _inode(int(name))
        if inode is not None:
            yield inode, int(name)


def _inode(fd: int) -> str | None:
    """Return the inode of a socket, as text; None if the descriptor is none."""
    try:
        if not IS_LINUX:
            status = os.fstat(fd)
            return f"socket:{status.st_ino}" if S_ISSOCK(status.st_mode) else None
        target = os.readlink(f"{FDS}/{fd}")  # noqa: PTH115 - thousands of them
    except OSError:
        return None
    return target if target.startswith("socket:") else None


@contextmanager
def _borrowed(fd: int) -> Iterator[socket.socket]:
    """Yield a socket object for a descriptor that stays open and with its owner. Raises OSError."""
    borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=fd)
    try:
        yield borrowed
    finally:
        borrowed.detach()


def _local_port(connection: socket.socket) -> int | None:
    """Return its port; None for a socket of another family, as those of workers are."""
    name = connection.getsockname()
    return int(name[1]) if isinstance(name, tuple) else None


def _send_progress(connection: socket.socket) -> SendProgress | None:
    """Read ``struct tcp_info`` (linux/tcp.h, since Linux 4.1) and SIOCOUTQ (tcp(7)); None if it is not open."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    if info[0] not in _OPEN_STATES:
        return None
    (acked_bytes,) = struct.unpack_from("=Q", info, 120)
    (pending_bytes,) = struct.unpack("=i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))
    return SendProgress(acked_bytes, pending_bytes)


def _reset(fd: int) -> bool:
    """Shut the connection down for its owner as well; what is unsent is discarded when the owner closes it."""
    try:
        with _borrowed(fd) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return False
    return True


def _unmapped(host: str) -> str:
    return host.removeprefix(_MAPPED_IPV4)
