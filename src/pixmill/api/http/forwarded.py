"""Client addresses and URLs behind trusted proxies (X-Forwarded-For, -Proto and -Host, RFC 7239).

Any header at all is parsed in linear time.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.types import Scope

from pixmill.runtime.lists import list_items, parse_network

ProxyNetwork = IPv4Network | IPv6Network

MAX_HOPS: Final = 16
"""Maximum hops that are read: no real chain of trusted proxies is longer."""

_PORT = r"(?::(?:[0-9]{1,5}|_[\w.-]{1,64}))?"
_NODE = re.compile(rf"\[([^\[\]]{{2,64}})\]{_PORT}|([0-9.]{{7,15}}){_PORT}", re.ASCII)
"""An address, optionally followed by a port, or in brackets (RFC 7239 §6)."""

_TOKEN = r"[!#$%&'*+.^`|~\w-]+"  # noqa: S105 - a token of RFC 9110 §5.6.2
_PAIR = re.compile(rf'({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")(?:;|\Z)', re.ASCII)

_AUTHORITY = re.compile(rb"[A-Za-z0-9._~:\[\]-]{1,261}")
"""A host name of DNS, or an address, and a port."""

_ORIGIN = re.compile(
    r"https?://(?P<host>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,31}\.?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII
)
"""Scheme, host and port in lower case."""

_LOCAL_NAME = re.compile(r"[a-z0-9_-]{1,63}|(?:[a-z0-9_-]{1,63}\.)+(?:localhost|local|internal|home\.arpa|test)")
"""Names that nobody can register: of one label, or below a domain that is reserved (RFC 6761, 6762, 8375)."""

_MARKS_OF_PROXIES: Final = frozenset(
    (
        *(b"via", b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"),
        *(b"x-forwarded-server", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip", b"cf-ray"),
    )
)
_HTTP_1_0: Final = ("1.0", "1")
"""As the ASGI specification names it, and as Granian does."""

_IPV6_PREFIX_BITS: Final = 64
"""An IPv6 subscriber has at least a /64 (RFC 6177 §2): all its addresses share one bucket."""


def parse_networks(text: str) -> tuple[ProxyNetwork, ...]:
    """Parse comma-separated networks; raises ValueError."""
    return tuple(map(parse_network, list_items(text)))


def client_address(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted_proxies: tuple[ProxyNetwork, ...]) -> str:
    """Return the last hop that is not a trusted proxy.

    X-Forwarded-For, or else Forwarded, is read from its end while hops are trusted.
    What the client itself wrote there comes before that, and is never reached.
    """
    if not is_trusted(peer, trusted_proxies):
        return peer
    for address in _hops(headers):
        if address is None:
            return peer
        peer = address
        if not is_trusted(address, trusted_proxies):
            return address
    return peer


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str | None]:
    """Yield addresses, last first; None for anything else."""
    values_by_name: dict[bytes, list[bytes]] = {b"x-forwarded-for": [], b"forwarded": []}
    for name, value in headers:
        if name in values_by_name:
            values_by_name[name].append(value)
    x_forwarded_for, forwarded = values_by_name.values()
    hops = b",".join(x_forwarded_for or forwarded).decode("latin-1").rsplit(",", MAX_HOPS)
    for hop in reversed(hops[-MAX_HOPS:]):
        yield _parse_address(hop.strip() if x_forwarded_for else _forwarded_for(hop.strip()))


def _forwarded_for(element: str) -> str:
    """Return ``for`` of an element of Forwarded (RFC 7239 §4).

    An element that was split at a quoted comma is invalid.
    """
    address, position = "", 0
    while position < len(element):
        pair = _PAIR.match(element, position)
        if pair is None:
            return ""
        if pair[1].lower() == "for":
            address = pair[2] or pair[3] or ""
        position = pair.end()
    return address


def _parse_address(node: str) -> str | None:
    match = _NODE.fullmatch(node)
    address = node if match is None else match[1] or match[2]
    try:
        ip_address(address)
    except ValueError:
        return None
    return address


def is_local_name(host: str) -> bool:
    """Whether a host in lower case is an address, or a name that nobody can register to make it mean this machine."""
    if _LOCAL_NAME.fullmatch(host):
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_trusted(peer: str, trusted_proxies: tuple[ProxyNetwork, ...]) -> bool:
    """Whether the peer of a connection is a trusted proxy."""
    if not trusted_proxies:
        return False
    address = unmapped_address(peer)
    return address is not None and any(address in network for network in trusted_proxies)


def unmapped_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, an IPv4 one for one that is mapped into IPv6; None for anything else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def names_client(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the address of the last hop can be read: a proxy may send none, or one that is obfuscated."""
    return next(_hops(headers), None) is not None


def throttle_key(client: str) -> Hashable:
    """Return the key of the bucket that a client shares."""
    address = unmapped_address(client)
    if address is None:
        return client
    is_v6 = isinstance(address, IPv6Address)
    return ("/64", int(address) >> (128 - _IPV6_PREFIX_BITS)) if is_v6 else int(address)


def requested_url(scope: Scope, trusted_proxies: tuple[ProxyNetwork, ...]) -> str:
    """Return the URL of a request as its client sees it, without the query.

    Scheme and host are those of X-Forwarded-Proto and X-Forwarded-Host, or else Forwarded, if a trusted proxy sent
    them: the first value of each, which is that of the proxy next to the client.
    """
    scheme: bytes = scope["scheme"].encode()
    host = b""
    peer = scope["client"][0] if scope.get("client") else ""
    from_proxy = is_trusted(peer, trusted_proxies)
    forwarded: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"host":
            host = host or value
        elif from_proxy and name in (b"x-forwarded-proto", b"x-forwarded-host"):
            forwarded[name.decode()[len("x-forwarded-") :]] = value.partition(b",")[0].strip().decode("latin-1")
        elif from_proxy and name == b"forwarded":
            for key, text in _forwarded_pairs(value.partition(b",")[0].strip().decode("latin-1")):
                forwarded.setdefault(key, text)
    proto, forwarded_host = forwarded.get("proto", "").lower(), forwarded.get("host", "").encode("latin-1")
    if proto in ("http", "https"):
        scheme = proto.encode()
    if _AUTHORITY.fullmatch(forwarded_host):
        host = forwarded_host
    raw_path: bytes = scope["raw_path"]
    return (scheme + b"://" + host + raw_path).decode("latin-1")


def bears_mark_of_proxy(scope: Scope) -> bool:
    """Whether a request shows that a proxy has forwarded it: by its headers, or by HTTP/1.0.

    nginx speaks that unless it is configured otherwise, and no browser does.
    """
    is_marked = not _MARKS_OF_PROXIES.isdisjoint(name for name, _ in scope["headers"])
    return is_marked or scope.get("http_version", "1.1") in _HTTP_1_0


def trusted_origin(scope: Scope, trusted_proxies: tuple[ProxyNetwork, ...]) -> str:
    """Return scheme and host of this server as the client sees them, empty if somebody else may have made them up.

    The host is that of a trusted proxy, if only one is named: of several, the first may be what the client wrote. Or it
    is a name of the client's own machine, and nothing shows that a proxy has replaced the name that the client used.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    if not is_trusted(peer, trusted_proxies):
        match = _ORIGIN.fullmatch(_origin(scope, ()))
        return match[0] if match and not bears_mark_of_proxy(scope) and is_own_machine(match["host"]) else ""
    for source in (b"host", b"x-forwarded-host", b"forwarded"):
        values = [value for name, value in scope["headers"] if name == source]
        if len(values) > 1 or any(b"," in value for value in values):
            return ""
    match = _ORIGIN.fullmatch(_origin(scope, trusted_proxies))
    return match[0] if match else ""


def _origin(scope: Scope, trusted_proxies: tuple[ProxyNetwork, ...]) -> str:
    return requested_url({**scope, "raw_path": b""}, trusted_proxies).lower()


def is_own_machine(host: str) -> bool:
    """Whether a host names the machine of the client itself (RFC 6761 section 6.3)."""
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _forwarded_pairs(element: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of an element of Forwarded up to the first that is invalid, names in lower case."""
    position = 0
    while position < len(element) and (pair := _PAIR.match(element, position)):
        yield pair[1].lower(), pair[2] or pair[3] or ""
        position = pair.end()
