"""What a fetch is counted by: its origin, the site that the origin belongs to, and the client that waits for it.

Knows references. Must never know limits, nor resolve a name.
"""

from collections.abc import Hashable
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

from pixmill.plan.source import SourceKind, SourceRef
from pixmill.runtime.client import CURRENT_CLIENT
from pixmill.runtime.registrable_domain import registrable_domain

_IPV6_HOST_BITS = 64  # one machine has at least a /64 (RFC 6177 §2)


class FetchKey(NamedTuple):
    """The keys of one fetch. Work that no client waits for has the client None."""

    origin: str
    """Scheme, host and port of a URL, a bucket, or the image root."""
    site: Hashable
    """What one owner has at will: a registrable domain, an IPv4 address, an IPv6 /64, a bucket, or the image root."""
    client: Hashable = None
    is_own: bool = False
    """Whether the origin is the image root, which nobody but the operator can make slow."""


def fetch_key(ref: SourceRef) -> FetchKey:
    """Return the keys of a fetch that the current task begins."""
    origin = origin_key(ref)
    site = _site_of(ref.text) if ref.kind is SourceKind.HTTP else (origin,)
    return FetchKey(origin, site, CURRENT_CLIENT.get(), is_own=ref.kind is SourceKind.PATH)


def origin_key(ref: SourceRef) -> str:
    """Return the key of the origin of a reference."""
    scheme, separator, rest = ref.text.partition("://")
    return (
        scheme + separator + rest.partition("/")[0] if separator and ref.kind is not SourceKind.PATH else ref.kind.value
    )


def _site_of(url: str) -> Hashable:
    host = urlsplit(url).hostname or ""
    domain = registrable_domain(host)
    return int(IPv6Address(domain)) >> _IPV6_HOST_BITS if ":" in domain else domain
