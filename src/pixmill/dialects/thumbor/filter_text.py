"""Splits the text of filters into names and arguments: ``blur(2):watermark(a.png,10,10,0)``.

thumbor ends a filter at ``):`` and knows no nesting; imagor counts parentheses, up to any depth, without recursion.
Reads each character a bounded number of times. Knows no filter.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.errors import InvalidParameter

MAX_FILTERS: Final = 64
"""More filters than any page asks for; a stage of the plan is needed for far fewer."""


class FilterCall(Struct, frozen=True):
    """A filter as it is called. Arguments are text: decoded for thumbor, as sent for imagor."""

    name: str
    args: tuple[str, ...]
    text: str = ""
    """All arguments, undivided."""


def split_flat(raw: bytes) -> tuple[FilterCall, ...]:
    """Split filters as thumbor does. Raises InvalidParameter."""
    try:
        text = percent_decode(raw)
    except ValueError as error:
        raise InvalidParameter(f"filters: {error}", param="filters") from None
    pieces = text.split("):", MAX_FILTERS)
    _check_number(len(pieces))
    return tuple(_flat_call(piece if number == len(pieces) else f"{piece})") for number, piece in enumerate(pieces, 1))


def _flat_call(piece: str) -> FilterCall:
    name, _, rest = piece.partition("(")
    text = rest[: max(rest.rfind(")"), 0)]
    return FilterCall(name, tuple(_flat_args(text)), text)


_FLAT_ARGUMENT: Final = re.compile(r"\s*+(?:'([^']++)'\s*+|(\[[^\]]*+\])\s*+|([^,]*+))(,|\Z)")


def _flat_args(text: str) -> Iterator[str]:
    """Yield arguments between commas; those in quotes or square brackets may contain some."""
    if not text.strip():
        return
    position = 0
    while match := _FLAT_ARGUMENT.match(text, position):
        quoted, bracketed, plain = match.group(1, 2, 3)
        yield quoted if quoted is not None else bracketed if bracketed is not None else plain.rstrip()
        position = match.end()
        if not match[4]:
            return
    yield text[position:]  # not well-formed: no argument of any filter


_NESTING: Final = re.compile(r"[(),:]")


def split_nested(raw: bytes) -> tuple[FilterCall, ...]:
    """Split filters as imagor does: at colons outside of parentheses. Raises InvalidParameter."""
    text = decode_latin(raw)
    calls: list[FilterCall] = []
    depth = start = 0
    name = args = ""
    for match in _NESTING.finditer(text):
        mark = match[0]
        if mark == "(":
            if depth == 0:
                name, start = text[start : match.start()], match.end()
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth == 0:
                args, start = text[start : match.start()], match.end()
        elif mark == ":" and depth == 0:
            calls.append(FilterCall(name, split_args(args), args))
            _check_number(len(calls))
            name, args, start = "", "", match.end()
    if name:
        calls.append(FilterCall(name, split_args(args), args))
    _check_number(len(calls))
    return tuple(calls)


def split_args(text: str) -> tuple[str, ...]:
    """Split arguments at commas outside of parentheses."""
    args: list[str] = []
    depth = start = 0
    for match in _NESTING.finditer(text):
        mark = match[0]
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif mark == "," and depth == 0:
            args.append(text[start : match.start()])
            start = match.end()
    if start < len(text):
        args.append(text[start:])
    return tuple(args)


def decode_latin(raw: bytes) -> str:
    """Return bytes as text of the same length: arguments that may hold other characters are decoded one by one."""
    return raw.decode("latin-1")


def _check_number(number: int) -> None:
    if number > MAX_FILTERS:
        raise InvalidParameter(f"filters may be at most {MAX_FILTERS}", param="filters")
