"""Ports on loopback that nobody else takes before the server that they are for has started.

They lie below those that the kernel gives to outgoing connections and to whoever asks for any port (from 32768 on,
by default), and test processes tell each other by locks which ones they use: bytes of one file, which the kernel
lets go when the process ends.
"""

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import Final

_PORTS: Final = range(10_000, 20_000)
SECOND: Final = 10_000
"""Some servers also listen so much higher, whatever they are told: that port comes with the first one."""

_TAKEN: Final = set[int]()


@cache
def _locks() -> int:
    """Open for as long as the process lives: closing it would let go of all its locks."""
    return os.open(Path(tempfile.gettempdir(), f"pixmill-test-ports-{os.getuid()}"), os.O_RDWR | os.O_CREAT, 0o600)


def free_port() -> int:
    """A port that nobody listens on; from now on this process's own."""
    for port in SystemRandom().sample(_PORTS, len(_PORTS)):
        if port not in _TAKEN and _lock(port):
            _TAKEN.add(port)
            if _is_free(port) and _is_free(port + SECOND):
                return port
    raise RuntimeError("All ports for tests are in use")


def _lock(port: int) -> bool:
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):  # POSIX lets it be either
        return False
    return True


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return True
    return False


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port where connections are refused, and which nobody else can take meanwhile: it is bound and does not
    listen."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
