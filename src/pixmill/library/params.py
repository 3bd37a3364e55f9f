"""Compiles the arguments of a call into a request, by the parameter table of URLs.

An argument is written as it would be in a URL, and then parsed by the grammar of its parameter: whatever a URL can say,
a call can say, with the same bounds and errors.
"""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from threading import Lock
from typing import Final
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
        query = urlencode(texts).encode(errors="surrogateescape")
        with self._lock:  # the dialect caches plans
            plan = self._dialect.parse(b"/resize", query, upload=True).plan
        return ordered_plans(plan, frozenset(MODERN_FORMATS))[0] if plan.output.ordered else plan


def selection_of_texts(texts: Mapping[str, str]) -> FactSelection:
    """Return the facts that ``info`` is asked for. Raises BadRequest."""
    _reject_server_params(texts)
    return fact_selection(parse_query(urlencode(texts).encode(), _FACT_TABLE))


def _reject_server_params(names: Iterable[str]) -> None:
    for name in names:
        if name in _SERVER_ONLY:
            raise UnknownParameter(f"{name} is a parameter of URLs: it has no meaning without a server", param=name)


def texts_of(params: Mapping[str, object]) -> dict[str, str]:
    """Write arguments as a URL has them; None is not given. Raises InvalidParameter."""
    return {name: _text(name, value) for name, value in params.items() if value is not None}


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return _list_text(name, value)
    number = _number(value)
    if number is None:
        raise InvalidParameter(f"{name} must not be {_kind(value)}", param=name)
    return number


def _number(value: object) -> str | None:
    """Write a number; None if the value is none, or not a finite one."""
    match value:
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return _decimal(Decimal(repr(value)))
        case Decimal() if value.is_finite():
            return _decimal(value)
        case Fraction():
            return _decimal(round(Decimal(value.numerator) / Decimal(value.denominator), _FRACTION_DIGITS))
        case _:
            return None


def _kind(value: object) -> str:
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
