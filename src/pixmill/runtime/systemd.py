"""Takes the listening socket of systemd, and notifies it when the service is ready and when it stops.

Knows sd_listen_fds(3) and sd_notify(3). Does nothing in a process that systemd has not started.
"""

import os
import socket
from contextlib import suppress
from typing import Final

_FIRST_FD: Final = 3
"""SD_LISTEN_FDS_START."""

_VARIABLES: Final = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


def inherited_listener() -> socket.socket | None:
    """Return the socket of the unit's ``.socket``, listening, and forget it for child processes; None without one.

    Raises ValueError if there is more than one, or one that is not TCP.
    """
    given = {name: os.environ.pop(name, "") for name in _VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdecimal():
        return None
    count = int(given["LISTEN_FDS"])
    if count != 1:
        raise ValueError(f"systemd passes {count} sockets, and one is used: leave one ListenStream= in the socket unit")
    listener = socket.socket(fileno=_FIRST_FD)
    if listener.family not in {socket.AF_INET, socket.AF_INET6} or listener.type != socket.SOCK_STREAM:
        raise ValueError("systemd passes a socket that is not TCP: write ListenStream=8080 in the socket unit")
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def notify(state: str) -> None:
    """Send ``READY=1`` or ``STOPPING=1`` to systemd."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = f"\0{path[1:]}" if path.startswith("@") else path
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
        notifier.sendto(state.encode(), address)
