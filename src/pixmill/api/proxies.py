"""Who asks: the address of a client, also behind proxies.

Knows addresses and which proxies may speak for others. Reads what strangers send: any header at all gives an answer, in linear time.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

MAX_HOPS: Final = 16
"""How far back hops are read: longer chains of trusted proxies are nobody's."""

_PORT = r"(?::(?:[0-9]{1,5}|_[\w.-]{1,64}))?"
_NODE = re.compile(rf"\[([^\[\]]{{2,64}})\]{_PORT}|([0-9.]{{7,15}}){_PORT}", re.ASCII)
"""An address with a port, or in brackets (RFC 7239 §6)."""

_WORD = r"[!#$%&'*+.^`|~\w-]+"
_PAIR = re.compile(rf'({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*)")(?:;|\Z)', re.ASCII)

_SUBSCRIBER_BITS: Final = 64
"""An IPv6 subscriber has at least a /64 (RFC 6177 §2), and so any number of addresses: they share one bucket."""


def networks(text: str) -> tuple[Network, ...]:
    """Comma-separated; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def client_of(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: tuple[Network, ...]) -> str:
    """The last hop that no trusted proxy is: ``X-Forwarded-For``, or ``Forwarded`` where that is not sent, is read from its end, as far as
    those who wrote it are trusted.

    What a client writes there itself stands before that, and is never reached.
    """
    if not _is_trusted(peer, trusted):
        return peer
    for address in _hops(headers):
        if address is None:
            return peer
        peer = address
        if not _is_trusted(address, trusted):
            return address
    return peer


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str | None]:
    """Addresses, the last first; None for what is none."""
    sent: dict[bytes, list[bytes]] = {b"x-forwarded-for": [], b"forwarded": []}
    for name, value in headers:
        if name in sent:
            sent[name].append(value)
    usual, standard = sent.values()
    hops = b",".join(usual or standard).decode("latin-1").rsplit(",", MAX_HOPS)
    for hop in reversed(hops[-MAX_HOPS:]):
        yield _address(hop.strip() if usual else _forwarded_for(hop.strip()))


def _forwarded_for(element: str) -> str:
    """Who is named in an element of ``Forwarded`` (RFC 7239 §4). Whatever lies in quotes, a comma has ended it before: it is no element then."""
    found, at = "", 0
    while at < len(element):
        pair = _PAIR.match(element, at)
        if pair is None:
            return ""
        if pair[1].lower() == "for":
            found = pair[2] or pair[3] or ""
        at = pair.end()
    return found


def _address(node: str) -> str | None:
    named = _NODE.fullmatch(node)
    address = node if named is None else named[1] or named[2]
    try:
        ip_address(address)
    except ValueError:
        return None
    return address


def _is_trusted(peer: str, trusted: tuple[Network, ...]) -> bool:
    if not trusted:
        return False
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in trusted)


def bucket_of(client: str) -> Hashable:
    """Who shares a bucket."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return int(address)
    mapped = address.ipv4_mapped
    return int(mapped) if mapped else ("/64", int(address) >> (128 - _SUBSCRIBER_BITS))
