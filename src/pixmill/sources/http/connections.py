"""Connections to origins, each to an address that the guard has just checked (protection against SSRF and DNS
rebinding).

Knows aiohttp's connector. Two checks, because address literals skip the resolver: names are resolved once and only
allowed addresses are passed on; then the socket address is checked again right before it is connected. Nothing is
resolved after that, so a name that changes its address gains nothing.
"""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial
from typing import Final, Never, cast

from aiohappyeyeballs import AddrInfoType, SocketFactoryType
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from pixmill import __version__
from pixmill.errors import AddressForbidden, SourceUnreachable
from pixmill.plan.url import CDN_ID
from pixmill.sources.addresses import AddressPolicy, check_address
from pixmill.sources.causes import address_hint
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.responses import MAX_FIELDS, MAX_HEAD_BYTES, READ_BUFFER_BYTES, OriginProtocol
from pixmill.sources.names.lookup import Lookup

HEADERS = {
    "User-Agent": f"Pixmill/{__version__}",
    "Accept": "image/*,*/*;q=0.8",
    "Accept-Encoding": "identity",  # images are already compressed
    "Via": "1.1 pixmill",
    "CDN-Loop": CDN_ID,
}

MAX_IDLE_ORIGINS: Final = 128
"""Origins with idle connections. Connections to further ones are closed after their response."""


class ConnectionLost(ClientError):
    """A connection ended before any response."""


class AddressRefused(OSError):
    """AddressForbidden as an OSError, the only error that connection racing passes on; its cause is the real one."""


async def attempt_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Hide lost connections from aiohttp, which would retry by itself: all attempts are counted in one place."""
    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        raise ConnectionLost(repr(error)) from error


def stop_read_timeout(response: ClientResponse) -> None:
    """Disable the client's read timeout once the headers have arrived; the reader of the body has its own.

    aiohttp (3.14) restarts its timer whenever reading resumes, also when the last bytes were read and the connection
    is back in the pool. When it fires, the pooled connection fails and is handed out all the same: the next fetch
    times out before it is sent.
    """
    connection = response.connection
    if connection is not None and connection.protocol is not None:
        connection.protocol.read_timeout = None
        connection.protocol.start_timeout()


class GuardedResolver(AbstractResolver):
    """Resolves a name to its allowed addresses."""

    def __init__(self, lookup: Lookup, policy: AddressPolicy, timeout_s: float) -> None:
        self._lookup = lookup
        self._policy = policy
        self._timeout_s = timeout_s

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - required by the interface; both families are fine
    ) -> list[ResolveResult]:
        """Raises SourceUnreachable when no address of the name is allowed, as when it has none.

        Both must look the same to clients: otherwise responses tell which names exist in an internal network.
        """
        async with asyncio.timeout(self._timeout_s):
            addresses = dict.fromkeys(await self._lookup(host, port))
        permitted = [address for address in addresses if self._is_allowed(address)]
        if not addresses:
            msg = f"{host} has no address"
            raise OSError(msg)
        if not permitted:
            forbidden = AddressForbidden(detail=f"{host} is at {', '.join(addresses)}")
            hint = address_hint(host, addresses)
            raise SourceUnreachable(detail=f"{forbidden.detail}, which is not allowed", hint=hint) from forbidden
        return [_resolve_result(host, address, port) for address in permitted]

    def _is_allowed(self, address: str) -> bool:
        try:
            check_address(address, self._policy)
        except AddressForbidden:
            return False
        return True

    async def close(self) -> None:
        """Nothing to close."""


def _resolve_result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def guarded_sockets(policy: AddressPolicy) -> SocketFactoryType:
    """Return a socket factory that checks each address."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _name, address = info
        try:
            check_address(str(address[0]), policy)
        except AddressForbidden as error:
            raise AddressRefused(error.detail) from error
        return open_socket(family, kind, protocol)

    return make


def open_socket(family: int, kind: int, protocol: int) -> socket.socket:
    """Open a socket, for checked addresses only."""
    return socket.socket(family, kind, protocol)


class BoundedConnector(TCPConnector):
    """Keeps idle connections to at most ``MAX_IDLE_ORIGINS``.

    Names under a wildcard cost nothing, but each idle connection holds a descriptor, and its buffers, for 15 seconds;
    aiohttp limits only those in use. Overrides what opens connections, and what returns them to the pool.
    """

    def __init__(self, tag_header: str = "", **options: object) -> None:
        super().__init__(**cast(dict[str, Never], options))
        factory = partial(OriginProtocol, loop=self._loop, tag_header=tag_header)
        self._factory = cast(partial[ResponseHandler], factory)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        is_full = len(self._conns) >= MAX_IDLE_ORIGINS and key not in self._conns
        if isinstance(protocol, OriginProtocol):
            protocol.is_idle = True
        super()._release(key, protocol, should_close=should_close or is_full)


class NoCookies(DummyCookieJar):
    """Ignores cookies unread: there may be thousands of them."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Read nothing."""


def open_session(config: SourcesConfig, lookup: Lookup) -> ClientSession:
    """Create a pool of guarded connections, for the running event loop.

    No proxy from the environment (it would connect unguarded), no cookies, no DNS cache.
    """
    policy = config.address_policy()
    connector = BoundedConnector(
        config.source_tag_header,
        limit=config.source_connections + config.source_connections_reserved,
        limit_per_host=config.source_connections_per_host,
        resolver=GuardedResolver(lookup, policy, config.source_connect_timeout_s),
        socket_factory=guarded_sockets(policy),
        use_dns_cache=False,
    )
    return ClientSession(
        connector=connector,
        middlewares=(attempt_once,),
        cookie_jar=NoCookies(),
        headers=HEADERS | ({"User-Agent": config.source_user_agent} if config.source_user_agent else {}),
        trust_env=False,
        auto_decompress=False,
        read_bufsize=READ_BUFFER_BYTES,
        max_line_size=MAX_HEAD_BYTES,
        max_field_size=MAX_HEAD_BYTES,
        max_headers=MAX_FIELDS,
        timeout=ClientTimeout(
            total=None, sock_connect=config.source_connect_timeout_s, sock_read=config.source_idle_timeout_s
        ),
    )
