"""A raw query as values: split once, every name known, every value parsed by the grammar of its parameter.

Knows parameters. Must never know what their values mean together. Time is linear in the number of bytes.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pixmill.dialects.native.grammars.scalars import decode_value
from pixmill.dialects.native.param import Param
from pixmill.errors import RepeatedParameter, RequestTooLarge, UnknownParameter

MAX_QUERY_BYTES = 65_536
"""More than the longest URL that any server in front of us lets through; ``max_url_bytes`` is the bound that counts."""

ParamTable = Mapping[bytes, Param]
"""Parameters by each of their names."""

_MAX_SUGGESTED_CHARS: Final = 32
"""Longer names get no suggestion: difflib's time grows with the square."""


def param_table(params: tuple[Param, ...]) -> ParamTable:
    return {name.encode(): param for param in params for name in param.names}


def parse_query(query: bytes, table: ParamTable) -> dict[str, Any]:
    """The values by the parameters' names. Names are taken as they stand: none of them needs an escape."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The parameters may have at most {MAX_QUERY_BYTES} bytes")
    values: dict[str, Any] = {}
    for piece in query.split(b"&"):
        name, _, raw = piece.partition(b"=")
        param = table.get(name)
        if param is None:
            if piece:
                raise _unknown_parameter(name, table)
            continue
        if param.name in values:
            raise RepeatedParameter(f"{param.name} is given more than once", param=param.name)
        values[param.name] = param.parse(decode_value(raw))
    return values


def _unknown_parameter(raw: bytes, table: ParamTable) -> UnknownParameter:
    name = raw[: _MAX_SUGGESTED_CHARS * 2].decode("ascii", "backslashreplace")
    shown = name if name.isprintable() else repr(name)
    matches = get_close_matches(name, map(bytes.decode, table), n=1) if len(name) <= _MAX_SUGGESTED_CHARS else []
    hint = f"; did you mean {matches[0]}?" if matches else ""
    return UnknownParameter(f"There is no parameter {shown}{hint}", param=shown)
