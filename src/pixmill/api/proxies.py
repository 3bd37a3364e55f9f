"""Who asks: the address of a client, also behind proxies.

Knows addresses and which proxies may speak for others. Reads what strangers send: any header at all gives an answer, in linear time.
"""

from collections.abc import Hashable, Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

MAX_HOPS: Final = 16
"""How far back ``X-Forwarded-For`` is read: longer chains of trusted proxies are nobody's."""

_SUBSCRIBER_BITS: Final = 64
"""An IPv6 subscriber has at least a /64 (RFC 6177 §2), and so any number of addresses: they share one bucket."""


def networks(text: str) -> tuple[Network, ...]:
    """Comma-separated; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def client_of(peer: str, forwarded: Iterable[bytes], trusted: tuple[Network, ...]) -> str:
    """The last hop that no trusted proxy is: ``X-Forwarded-For`` is read from its end, as far as those who wrote it are trusted.

    What a client writes there itself stands before that, and is never reached.
    """
    if not _is_trusted(peer, trusted):
        return peer
    hops = b",".join(forwarded).decode("latin-1").rsplit(",", MAX_HOPS)
    for hop in reversed(hops[-MAX_HOPS:]):
        address = hop.strip().strip("[]")
        try:
            ip_address(address)
        except ValueError:
            return peer
        peer = address
        if not _is_trusted(address, trusted):
            return address
    return peer


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
