"""A raw query as values: split once, every name known, every value parsed by the grammar of its parameter.

Knows parameters. Must never know what their values mean together. Time is linear in the number of bytes.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pixmill.dialects.param import Param
from pixmill.dialects.scalars import decoded
from pixmill.errors import RepeatedParameter, RequestTooLarge, UnknownParameter

MAX_QUERY_BYTES = 65_536
"""More than the longest URL that any server in front of us lets through; ``max_url_bytes`` is the bound that counts."""

Table = Mapping[bytes, Param]
"""Parameters by each of their names."""

_LONGEST_GUESS: Final = 32
"""Longer names get no suggestion: difflib's time grows with the square."""


def table_of(params: tuple[Param, ...]) -> Table:
    return {name.encode(): param for param in params for name in param.names}


def read(query: bytes, table: Table) -> dict[str, Any]:
    """The values by the parameters' names. Names are taken as they stand: none of them needs an escape."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The parameters may have at most {MAX_QUERY_BYTES} bytes")
    asked: dict[str, Any] = {}
    for piece in query.split(b"&"):
        name, _, raw = piece.partition(b"=")
        param = table.get(name)
        if param is None:
            if piece:
                raise _unknown(name, table)
            continue
        if param.name in asked:
            raise RepeatedParameter(f"{param.name} is given more than once", param=param.name)
        asked[param.name] = param.parse(decoded(raw))
    return asked


def _unknown(raw: bytes, table: Table) -> UnknownParameter:
    name = raw[: _LONGEST_GUESS * 2].decode("ascii", "backslashreplace")
    shown = name if name.isprintable() else repr(name)
    close = get_close_matches(name, map(bytes.decode, table), n=1) if len(name) <= _LONGEST_GUESS else []
    hint = f"; did you mean {close[0]}?" if close else ""
    return UnknownParameter(f"There is no parameter {shown}{hint}", param=shown)
