"""Splits raw queries into decoded names and values. Knows the syntax of queries; must never know what a name means.

Which of several equal names counts differs among services, hence three ways to collect them. Time is linear in the
number of bytes.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Final

from pixmill.dialects.kit.encodings import form_decode
from pixmill.errors import MalformedRequest, RequestTooLarge

MAX_QUERY_BYTES: Final = 65_536
"""More than any server in front of us lets through; ``PIXMILL_MAX_URL_BYTES`` is the limit that takes effect."""

MAX_PATH_BYTES: Final = 65_536

Pair = tuple[str, str]
Decoder = Callable[[bytes], str]

_SHOWN_CHARS: Final = 64


def check_path_length(path: bytes, max_bytes: int = MAX_PATH_BYTES) -> None:
    """Raise RequestTooLarge for a path that is longer."""
    if len(path) > max_bytes:
        raise RequestTooLarge(f"The path may have at most {max_bytes} bytes")


def pairs(
    query: bytes,
    names: Container[str] | None = None,
    *,
    decode: Decoder = form_decode,
    separator: bytes = b"&",
) -> list[Pair]:
    """Return names and values in the order of the query; a name without ``=`` has the value ``""``.

    ``names``: others are left out, whatever their values are; None for all. ``decode``: ``form_decode`` (``+`` is a
    space), ``percent_decode``, or another one that raises ValueError. Raises BadRequest.
    """
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
    return list(_pairs(query, names, decode, separator))


def _pairs(query: bytes, names: Container[str] | None, decode: Decoder, separator: bytes) -> Iterator[Pair]:
    for piece in query.split(separator):
        if not piece:
            continue
        raw_name, _, raw = piece.partition(b"=")
        name = _name(raw_name, decode)
        if names is None or name in names:
            yield name, _value(raw, name, decode)


def _name(raw: bytes, decode: Decoder) -> str:
    if raw.isalnum():
        return raw.decode()
    try:
        return decode(raw)
    except ValueError:
        return raw.decode("latin-1")  # no parameter has such a name


def _value(raw: bytes, name: str, decode: Decoder) -> str:
    if raw.isalnum():  # of ASCII: letters and digits need no decoding
        return raw.decode()
    try:
        return decode(raw)
    except ValueError as error:
        shown = name[:_SHOWN_CHARS] if name.isprintable() else repr(name[:_SHOWN_CHARS])
        reason = "the value is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise MalformedRequest(f"{shown}: {reason}", param=shown) from None


def first_values(found: Iterable[Pair]) -> dict[str, str]:
    """Return the first value of each name, in the order of first appearance."""
    values: dict[str, str] = {}
    for name, value in found:
        values.setdefault(name, value)
    return values


def last_values(found: Iterable[Pair]) -> dict[str, str]:
    """Return the last value of each name, in the order of first appearance, as PHP and Go's ``map`` keep them."""
    return dict(found)


def all_values(found: Iterable[Pair]) -> dict[str, list[str]]:
    """Return all values of each name, in the order of first appearance."""
    values: dict[str, list[str]] = {}
    for name, value in found:
        values.setdefault(name, []).append(value)
    return values


def remove(query: bytes, names: Container[bytes], *, separator: bytes = b"&") -> bytes:
    """Return the query without the pieces whose names, as sent, are in ``names``: the text that is signed."""
    return separator.join(piece for piece in query.split(separator) if piece.partition(b"=")[0] not in names)
