"""A raw query as values: split once, every name known, every value parsed by the grammar of its parameter.

Knows parameters. Must never know what their values mean together. Time is linear in the number of bytes.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from pixmill.dialects.native.param import Param
from pixmill.errors import MalformedRequest, RepeatedParameter, RequestTooLarge, UnknownParameter

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


_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def decode_value(raw: bytes) -> str:
    """A value of a query as text: escapes undone once, ``+`` is a space. Raises MalformedRequest."""
    if b"%" in raw or b"+" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise MalformedRequest("A percent sign must be followed by two hexadecimal digits")
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MalformedRequest("The parameters must be UTF-8") from None
    if not text.isprintable() and _CONTROL.search(text):  # the first is the faster and nearly always enough
        raise MalformedRequest("The parameters must not contain control characters")
    return text
