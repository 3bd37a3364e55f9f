"""Names of hosts, resolved."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""From a host name and a port to its addresses; raises OSError."""


async def system_lookup(host: str, port: int) -> list[str]:
    """As the operating system resolves it."""
    address_infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for _family, _type, _protocol, _name, address in address_infos]
