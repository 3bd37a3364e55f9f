"""Plans for properties: fields of native plans, mixed at random, so that many have no effect."""

from functools import cache
from random import Random
from typing import Any, Final, TypeVar
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import fields

from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import PARAMS, plan_of
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.errors import BadRequest
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, ToneAdjustment
from pixmill.plan.ops import Input, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding
from pixmill.plan.shapes import Shape
from pixmill.plan.transforms import Extend

T = TypeVar("T", bound=Struct)

MIXED: Final = (Plan, Stage, Input, Resize, Output, Encoding, Adjust, ToneAdjustment, ColourAdjustment, Effects, Shape)
MIXED_TYPES: Final = (*MIXED, Extend)
PER_REQUEST: Final = frozenset(("url", "v", "expires", "sig", "filename", "tags"))

_TABLE: Final = param_table(PARAMS)
_CONTEXTS: Final = ("", "width=300&height=200&fit=cover&", "format=png&", "format=webp&", "aspect=3:2&fit=contain&")


def texts_of(param: Param) -> list[str]:
    """Return values of a parameter as they are written: examples, the default, the words of a choice."""
    words = param.grammar.schema.get("enum")
    listed = [str(word) for word in words] if isinstance(words, list) else []
    return [*dict.fromkeys([*param.examples, *([param.default] if param.default else []), *listed])]


def query_of(values: dict[str, str]) -> bytes:
    """Return a native query."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items()).encode()


def random_query(random: Random, max_params: int = 6) -> bytes:
    """Return a native query of some parameters with values of their own kind; it may be refused."""
    chosen = random.sample([param for param in PARAMS if param.name not in PER_REQUEST], random.randint(0, max_params))
    return query_of({param.name: random.choice(texts_of(param)) for param in chosen})


def native_plan(query: bytes) -> Plan | None:
    """Return the plan of a native query; None if it is refused."""
    try:
        return plan_of(parse_query(query, _TABLE))
    except BadRequest:
        return None


@cache
def _pool() -> dict[tuple[type[Struct], str], tuple[Any, ...]]:
    """Return the values that each field has in native plans of one parameter."""
    found: dict[tuple[type[Struct], str], dict[Any, None]] = {}
    for param in PARAMS:
        if param.name in PER_REQUEST:
            continue
        for text in texts_of(param):
            for context in _CONTEXTS:
                plan = native_plan(context.encode() + query_of({param.name: text}))
                if plan is not None:
                    _collect(plan, found)
    return {key: tuple(values) for key, values in found.items()}


def _collect(value: Struct, found: dict[tuple[type[Struct], str], dict[Any, None]]) -> None:
    for field in fields(value):
        inner = getattr(value, field.name)
        if type(inner) in MIXED_TYPES:
            _collect(inner, found)
        else:
            for owner in (Stage, Plan) if isinstance(value, Stage) else (type(value),):
                found.setdefault((owner, field.name), {})[inner] = None


def mixed_plan(random: Random) -> Plan:
    """Return a plan whose fields come from different native plans."""
    return _mixed(Plan, random)


def _mixed(kind: type[T], random: Random) -> T:
    values: dict[str, Any] = {}
    for field in fields(kind):
        if type(field.default) in MIXED_TYPES:
            if random.random() < 0.5:
                values[field.name] = _mixed(type(field.default), random)
        elif random.random() < 0.25 and (kind, field.name) in _pool():
            values[field.name] = random.choice(_pool()[kind, field.name])
    return kind(**values)
