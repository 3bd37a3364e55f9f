"""Resolves host names. Apart from ``http/``, so that it can be named before aiohttp is loaded."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host name and port; raises OSError."""


async def system_lookup(host: str, port: int) -> list[str]:
    """Resolve with the operating system."""
    address_infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for _family, _type, _protocol, _name, address in address_infos]
