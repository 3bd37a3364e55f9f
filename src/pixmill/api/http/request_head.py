"""Rules for the head of a request that hold before anything in it is used: size, and one Host (RFC 9112 §3.2).

Knows raw headers. What the HTTP server itself rejects or repairs does not arrive here.
"""

import re
from collections.abc import Iterable
from typing import Final

from pixmill.errors import HeadersTooLarge, MalformedRequest

MAX_HEADER_BYTES: Final = 32_768
"""Names and values of all headers together (431 above)."""

MAX_HOST_BYTES: Final = 261
"""A name of 255 bytes (RFC 1035 §3.1) and a port."""

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]*)?")
"""uri-host and port of RFC 3986 §3.2, not empty."""


def is_host(value: bytes) -> bool:
    """Whether a Host field names a host."""
    return len(value) <= MAX_HOST_BYTES and _HOST.fullmatch(value) is not None


def check_head(
    headers: Iterable[tuple[bytes, bytes]], http_version: str, max_header_bytes: int = MAX_HEADER_BYTES
) -> None:
    """Raise HeadersTooLarge or MalformedRequest."""
    hosts, size = [], 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
    if size > max_header_bytes:
        raise HeadersTooLarge(f"All headers together may have at most {max_header_bytes} bytes")
    is_missing = not any(hosts)  # Granian adds an empty one
    if len(hosts) > 1 or (not is_missing and not is_host(hosts[0])) or (is_missing and http_version == "1.1"):
        raise MalformedRequest("A request has exactly one Host header, which names a host")
