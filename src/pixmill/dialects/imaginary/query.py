"""Queries as Go's ``net/url`` reads and writes them: what is signed is exactly what is read.

Knows bytes; must never know what a name means. Pieces with broken escapes or semicolons are not there; of equal names
the first counts. Time is linear in the number of bytes.
"""

import re
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pixmill.errors import RequestTooLarge

MAX_QUERY_BYTES: Final = 65_536

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

RawPair = tuple[bytes, bytes]


def raw_pairs(query: bytes) -> list[RawPair]:
    """Return decoded names and values, in order. Raises RequestTooLarge."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
    found: list[RawPair] = []
    for piece in query.split(b"&"):
        if not piece or b";" in piece or _BROKEN_ESCAPE.search(piece):
            continue
        name, _, value = piece.replace(b"+", b" ").partition(b"=")
        found.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return found


def first_values(pairs: list[RawPair]) -> dict[str, str]:
    """Return the first value of each name; bytes that are not UTF-8 become replacement characters, as in JSON of Go."""
    values: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(name.decode(errors="replace"), value.decode(errors="replace"))
    return values


def encode(pairs: list[RawPair]) -> bytes:
    """Return the canonical query: sorted by name, values of one name in order."""
    ordered = sorted(pairs, key=lambda pair: pair[0])
    return b"&".join(_escape(name) + b"=" + _escape(value) for name, value in ordered)


def _escape(raw: bytes) -> bytes:
    return quote_from_bytes(raw, safe=" ").replace(" ", "+").encode()
