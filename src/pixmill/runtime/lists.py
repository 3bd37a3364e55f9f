"""Comma-separated lists in settings, and networks in them, with errors for the operator."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

IPNetwork = IPv4Network | IPv6Network

_MAX_CHARACTERS: Final = 64


def parse_network(text: str) -> IPNetwork:
    """Parse a network or an address. Raises ValueError, which says what is wrong with it."""
    with suppress(ValueError):
        return ip_network(text)
    shown, enclosing = repr(text[:_MAX_CHARACTERS]), _enclosing(text)
    if enclosing is None:
        raise ValueError(f"{shown} is no network: write an address and the length of its prefix, such as 10.0.0.0/8")
    address = text.partition("/")[0]
    raise ValueError(f"{shown} is no network, but an address in one: write {enclosing}, or {address} for it alone")


def list_items(text: str) -> Iterator[str]:
    """Yield the items of a comma-separated list; empty ones are skipped. Raises ValueError if there are no others."""
    items = [item for part in text.split(",") if (item := part.strip())]
    if text and not items:
        raise ValueError("has nothing but commas and spaces; leave it empty, or name something")
    yield from items


def _enclosing(text: str) -> IPNetwork | None:
    with suppress(ValueError):
        return ip_network(text, strict=False)
    return None
