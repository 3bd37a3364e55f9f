"""The event loop of the server: uvloop, whose connections to addresses do not wait for look-ups of names."""

import socket
from ipaddress import ip_address

import uvloop

AddressInfos = list[
    tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]
]


class ServerLoop(uvloop.Loop):
    """A loop whose ``sock_connect`` needs no thread.

    uvloop passes even an address to ``getaddrinfo``, with type 0, for which it asks libuv's pool; two threads of that
    look up names. Two look-ups that hang, say those of a Redis server, would hold up every connection of the process.
    """

    async def getaddrinfo(  # type: ignore[override] # the stubs of asyncio and uvloop disagree
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the name in asyncio
        proto: int = 0,
        flags: int = 0,
    ) -> AddressInfos:
        """Ask for a stream where an address is given without a type: that, uvloop answers at once."""
        if not type and isinstance(host, str) and _is_address(host):
            type = socket.SOCK_STREAM  # noqa: A001
        return await super().getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
