"""Query parsing: splits a raw query once, looks up each name, parses each value with the grammar of its parameter.

Knows parameters; must never know what their values mean together. Time is linear in the number of bytes.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, cast
from urllib.parse import unquote_to_bytes

from pixmill.dialects.native.other_words import name_hint
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.errors import MalformedRequest, RepeatedParameter, RequestTooLarge, UnknownParameter

MAX_QUERY_BYTES = 65_536
"""More than any server in front of us lets through; ``max_url_bytes`` is the limit that takes effect."""

ParamTable = Mapping[bytes, Param]
"""Parameters by each of their names."""

_MAX_SUGGESTED_CHARS: Final = 32
"""Longer names get no suggestion: the time of difflib grows with the square of the length."""

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def param_table(params: tuple[Param, ...]) -> ParamTable:
    return {name.encode(): param for param in params for name in param.names}


def parse_query(query: bytes, table: ParamTable) -> ParamValues:
    """Parse a query into values by parameter name. Names are matched as sent: none of them needs an escape.

    Raises BadRequest.
    """
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
    values: dict[str, object] = {}
    for piece in query.split(b"&"):
        name, _, raw = piece.partition(b"=")
        param = table.get(name)
        if param is None:
            if piece:
                raise _unknown_parameter(name, table)
            continue
        if param.name in values:
            raise RepeatedParameter(f"{param.name} is given more than once", param=param.name)
        text = raw.decode() if raw.isalnum() else decode_value(raw)  # letters and digits need no decoding
        try:  # not param.parse: most of the time of a request in another spelling is spent in this loop
            values[param.name] = param.grammar.parse(text)
        except ValueError:
            values[param.name] = param.parse_synonym(text)
    return cast("ParamValues", values)  # proved by tests/dialects/test_param_values.py


def decode_value(raw: bytes) -> str:
    """Percent-decode a query value once; ``+`` is a space. Raises MalformedRequest."""
    if b"%" in raw or b"+" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise MalformedRequest(
                "A percent sign must be followed by two hexadecimal digits; the sign itself is written %25"
            )
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MalformedRequest("Parameter values must be UTF-8") from None
    if not text.isprintable() and _CONTROL.search(text):  # isprintable is faster and nearly always sufficient
        raise MalformedRequest("Parameter values must not contain control characters")
    return text


def _unknown_parameter(raw: bytes, table: ParamTable) -> UnknownParameter:
    name = raw[: _MAX_SUGGESTED_CHARS * 2].decode("ascii", "backslashreplace")
    shown = name if name.isprintable() else repr(name)
    hint = f"; {_name_hint(name, table)}".rstrip("; ") if len(name) <= _MAX_SUGGESTED_CHARS else ""
    return UnknownParameter(f"There is no parameter {shown}{hint}", param=shown)


def _name_hint(name: str, table: ParamTable) -> str:
    """Say how it is said here, or which name is near; empty if neither is known."""
    matches = get_close_matches(name.lower().replace("-", "_"), map(bytes.decode, table), n=1)
    return name_hint(name) or (f"did you mean {matches[0]}?" if matches else "")
