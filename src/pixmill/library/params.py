"""Compiles the arguments of a call into a request, by the parameter table of URLs.

An argument is written as it would be in a URL, and then parsed by the grammar of its parameter: whatever a URL can say,
a call can say, with the same bounds and errors.
"""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from threading import Lock
from typing import Final, SupportsIndex
from urllib.parse import urlencode

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.dialects.native.tables.info import fact_selection
from pixmill.errors import InvalidParameter, UnknownParameter
from pixmill.media import MODERN_FORMATS
from pixmill.plan.facts import FactSelection
from pixmill.plan.negotiation import ordered_plans
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode

_SERVER_NAMES: Final = frozenset(("url", "v", "filename", "tags"))
_SERVER_GROUPS: Final = frozenset((Group.RESPONSE, Group.ACCESS))


def is_image_param(param: Param) -> bool:
    """Return whether a parameter has a meaning without a server."""
    return param.name not in _SERVER_NAMES and param.group not in _SERVER_GROUPS


IMAGE_PARAMS: Final = tuple(filter(is_image_param, PARAMS))
"""The parameters of ``resize``."""

FACT_PARAMS: Final = tuple(filter(is_image_param, INFO_PARAMS))
"""The parameters of ``info``."""

_FACT_TABLE: Final = param_table(FACT_PARAMS)
_SERVER_ONLY: Final = {name: param for param in PARAMS if not is_image_param(param) for name in param.names}
_FRACTION_DIGITS: Final = 6
"""Digits after the point of a fraction: as many as any grammar takes."""

_MAX_INTEGER: Final = 10**18
"""A larger one is none of any parameter, and would take long to write."""

_SEPARATORS: Final = {"then": "|", "overlay": ";"}
"""What separates the members of a list, where it is no comma."""


class Compiler:
    """Compiles arguments into plans; threads may share it."""

    def __init__(self, default_mode: RenderMode) -> None:
        self._dialect = NativeDialect(default_mode=default_mode)
        self._lock = Lock()

    def plan_of_query(self, query: bytes) -> Plan:
        """Return the plan of a query with a source, which is not looked at. Raises BadRequest."""
        with self._lock:  # the dialect caches plans
            return self._dialect.parse(b"/resize", query).plan

    def plan_of_texts(self, texts: Mapping[str, str]) -> Plan:
        """Return the plan of parameters as a URL has them, already decoded. Raises BadRequest."""
        _reject_server_params(texts)
        query = _query_of(texts)
        with self._lock:  # the dialect caches plans
            plan = self._dialect.parse(b"/resize", query, upload=True).plan
        return ordered_plans(plan, frozenset(MODERN_FORMATS))[0] if plan.output.ordered else plan


def selection_of_texts(texts: Mapping[str, str]) -> FactSelection:
    """Return the facts that ``info`` is asked for. Raises BadRequest."""
    _reject_server_params(texts)
    return fact_selection(parse_query(_query_of(texts), _FACT_TABLE))


def _query_of(texts: Mapping[str, str]) -> bytes:
    """Write a query. Raises InvalidParameter for a text with half of a surrogate pair, which no URL can have."""
    for name, text in texts.items():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidParameter(f"{name} must be Unicode text", param=name) from None
    return urlencode(texts).encode()


def _reject_server_params(names: Iterable[str]) -> None:
    for name in names:
        if name in _SERVER_ONLY:
            raise UnknownParameter(f"{name} is a parameter of URLs: it has no meaning without a server", param=name)


def texts_of(params: Mapping[str, object]) -> dict[str, str]:
    """Write arguments as a URL has them; None is not given. Raises InvalidParameter."""
    return {name: _text(name, value) for name, value in params.items() if value is not None}


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)  # an enumeration of texts has a name besides
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return _list_text(name, value)
    number = _number(value)
    if number is None:
        raise InvalidParameter(f"{name} must not be {_kind(value)}", param=name)
    return number


def _number(value: object) -> str | None:
    """Write a number, also one of NumPy; None if the value is none, or not one of a size that a parameter may have."""
    match value:
        case float() if math.isfinite(value):
            return _decimal(Decimal(float.__repr__(value)))
        case Decimal() if value.is_finite() and abs(value) <= _MAX_INTEGER:
            return _decimal(value)
        case Fraction() if abs(value) <= _MAX_INTEGER:
            return _decimal(Decimal(round(value * 10**_FRACTION_DIGITS)).scaleb(-_FRACTION_DIGITS))
        case SupportsIndex() if abs(number := value.__index__()) <= _MAX_INTEGER:
            return int.__repr__(number)
        case _:
            return None


def _kind(value: object) -> str:
    if isinstance(value, SupportsIndex | Fraction):
        return "so large a number"
    return f"{value}" if isinstance(value, float | Decimal) else f"of type {type(value).__name__}"


def _decimal(value: Decimal) -> str:
    """Write a number without an exponent, and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _list_text(name: str, values: list[object] | tuple[object, ...]) -> str:
    return _SEPARATORS.get(name, ",").join(
        urlencode(texts_of(value)) if name == "then" and isinstance(value, Mapping) else _text(name, value)
        for value in values
    )
