"""Address guard: which IP addresses may be connected (protection against SSRF).

Knows the IANA registries of special-purpose addresses and the ways in which IPv6 embeds IPv4. Must never resolve a
name or open a socket: it checks the address that is about to be connected.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from pixmill.errors import AddressForbidden
from pixmill.sources.causes import address_hint

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry, and the additions of
# clouds.
FORBIDDEN: Final[dict[str, str]] = {
    "0.0.0.0/8": "this network, unspecified (RFC 791 §3.2)",
    "10.0.0.0/8": "private (RFC 1918)",
    "100.64.0.0/10": "carrier-grade NAT (RFC 6598); Alibaba metadata 100.100.100.200",
    "127.0.0.0/8": "loopback (RFC 1122 §3.2.1.3)",
    "161.26.0.0/16": "IBM Cloud services, though in public space: reached only from inside",
    "166.8.0.0/14": "IBM Cloud service endpoints, likewise",
    "168.63.129.16/32": "Azure wire server, though in public space",
    "169.254.0.0/16": "link-local (RFC 3927); metadata of AWS, GCP, Azure and most others 169.254.169.254",
    "172.16.0.0/12": "private (RFC 1918)",
    "192.0.0.0/24": "IETF protocol assignments (RFC 6890); Oracle metadata 192.0.0.192",
    "192.0.2.0/24": "documentation (RFC 5737)",
    "192.31.196.0/24": "AS112 (RFC 7535)",
    "192.52.193.0/24": "automatic multicast tunnelling (RFC 7450)",
    "192.80.8.124/32": "Equinix Metal metadata, though in public space",
    "192.88.99.0/24": "6to4 relays, deprecated (RFC 7526)",
    "192.168.0.0/16": "private (RFC 1918)",
    "192.175.48.0/24": "AS112 (RFC 7534)",
    "198.18.0.0/15": "benchmarking (RFC 2544)",
    "198.51.100.0/24": "documentation (RFC 5737)",
    "203.0.113.0/24": "documentation (RFC 5737)",
    "224.0.0.0/4": "multicast (RFC 5771)",
    "240.0.0.0/4": "reserved (RFC 1112 §4) and broadcast (RFC 919)",
    # Everything outside of 2000::/3 is rejected below: loopback, unspecified, IPv4-compatible (RFC 4291 §2.5), local
    # NAT64 64:ff9b:1::/48 (RFC 8215), discard 100::/64 (RFC 6666), SRv6 5f00::/16 (RFC 9602), ULA fc00::/7 (RFC 4193)
    # with AWS and GCP metadata fd00:ec2::254 and fd20:ce::254, link-local fe80::/10, site-local fec0::/10 (RFC 3879),
    # multicast ff00::/8.
    "2001::/23": "IETF protocol assignments (RFC 2928): Teredo (RFC 4380), benchmarking (RFC 5180), ORCHID (RFC 7343)",
    "2001:db8::/32": "documentation (RFC 3849)",
    "2002::/16": "6to4, deprecated (RFC 7526)",
    "2620:4f:8000::/48": "AS112 (RFC 7534)",
    "3ffe::/16": "6bone, returned (RFC 3701)",
    "3fff::/20": "documentation (RFC 9637)",
}

_FORBIDDEN_V4 = tuple(IPv4Network(cidr) for cidr in FORBIDDEN if ":" not in cidr)
_FORBIDDEN_V6 = tuple(IPv6Network(cidr) for cidr in FORBIDDEN if ":" in cidr)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291 §2.4: all that IANA has allocated
_ALL_ONES = 0xFFFF_FFFF
NAT64_PREFIX_LENGTHS: Final = (32, 40, 48, 56, 64, 96)
_LONGEST_NAT64_PREFIX: Final = NAT64_PREFIX_LENGTHS[-1]
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # RFC 5214 §6.1

ExtractIPv4 = Callable[[IPv6Address], tuple[IPv4Address, ...]]


def _low_32_bits(address: IPv6Address) -> tuple[IPv4Address, ...]:
    return (IPv4Address(int(address) & _ALL_ONES),)


def _ipv4_compatible(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """RFC 4291 §2.5.5.1; the same space holds ``::`` and ``::1``, which embed nothing."""
    return _low_32_bits(address) if int(address) > 1 else ()


def _after_16_bits(address: IPv6Address) -> tuple[IPv4Address, ...]:
    return (IPv4Address((int(address) >> 80) & _ALL_ONES),)


def _teredo_server_and_client(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """RFC 4380 §4: the server as it is, the client inverted."""
    return IPv4Address((int(address) >> 64) & _ALL_ONES), IPv4Address(~int(address) & _ALL_ONES)


def _embedded_address(address: IPv6Address, prefix_length: int) -> IPv4Address:
    """RFC 6052 §2.2: the 32 bits after the prefix, without bits 64 to 71."""
    if prefix_length == _LONGEST_NAT64_PREFIX:
        return IPv4Address(int(address) & _ALL_ONES)
    high, low = int(address) >> 64, int(address) & (1 << 56) - 1
    return IPv4Address((high << 56 | low) >> (88 - prefix_length) & _ALL_ONES)


IPV4_MAPPED: Final = IPv6Network("::ffff:0:0/96")
"""RFC 4291 §2.5.5.2."""

# The system or the next router translates these to IPv4: only the embedded address counts.
_TRANSPARENT: Final[dict[IPv6Network, ExtractIPv4]] = {
    IPV4_MAPPED: _low_32_bits,
    IPv6Network("64:ff9b::/96"): _low_32_bits,  # NAT64 (RFC 6052 §2.1)
}
# Tunnels: both the address itself and every embedded one must be allowed.
_TUNNELS: Final[dict[IPv6Network, ExtractIPv4]] = {
    IPv6Network("::/96"): _ipv4_compatible,
    IPv6Network("::ffff:0:0:0/96"): _low_32_bits,  # translated (RFC 2765 §2.1)
    IPv6Network("2001::/32"): _teredo_server_and_client,  # Teredo
    IPv6Network("2002::/16"): _after_16_bits,  # 6to4 (RFC 3056 §2)
}


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Exceptions to ``FORBIDDEN``: ``allowed`` networks, ``denied`` ones, which win, and prefixes of a local NAT64."""

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()
    nat64: tuple[IPv6Network, ...] = ()


PUBLIC_ONLY: Final = AddressPolicy()


def check_address(ip: str, policy: AddressPolicy = PUBLIC_ONLY) -> None:
    """Raise AddressForbidden unless ``ip`` is global unicast or allowed by the policy.

    Also raised for text that is not a plain IP address, or has a scope id.
    """
    try:
        address = ip_address(ip)
    except ValueError as error:
        raise AddressForbidden(detail=f"{ip!r} is not an IP address") from error
    if "%" in ip:
        raise AddressForbidden(detail=f"{ip} has a scope id, which is valid on one machine only")
    reachable = _reachable_addresses(address, policy.nat64)
    is_denied = any(each in network for each in (address, *reachable) for network in policy.denied)
    if is_denied or not all(_is_permitted(each, policy.allowed) for each in reachable):
        raise AddressForbidden(detail=f"{ip} is not allowed", hint=address_hint(ip, [ip]))


def _reachable_addresses(address: Address, nat64: tuple[IPv6Network, ...]) -> tuple[Address, ...]:
    """Return every address that packets to this one may reach."""
    if isinstance(address, IPv4Address):
        return (address,)
    for network in nat64:
        if address in network:
            return (_embedded_address(address, network.prefixlen),)
    for network, extract in _TRANSPARENT.items():
        if address in network:
            return extract(address)
    for network, extract in _TUNNELS.items():
        if address in network:
            return (address, *extract(address))
    if (int(address) >> 32) & _ALL_ONES in _ISATAP:
        return (address, *_low_32_bits(address))
    return (address,)


def _is_permitted(address: Address, allowed: tuple[Network, ...]) -> bool:
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _FORBIDDEN_V4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _FORBIDDEN_V6)
