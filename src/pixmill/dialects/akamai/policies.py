"""Policies: chains of transformations, or objects as the API of the service has them, with variables of the query.

Knows calls and numbers; must never know an image.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from pixmill.dialects.akamai.args import MAX_SIDE, refuse
from pixmill.dialects.akamai.chain import MAX_DEPTH, MAX_TRANSFORMS, Call, Group, Item, Value, read_chain

BREAKPOINTS: Final = (320, 640, 1024, 2048, 5000)
MAX_VARIABLE_CHARS: Final = 1_000
QUERY: Final = "imquery"
_PERCEPTUAL: Final = {"high": 90, "mediumhigh": 82, "medium": 75, "mediumlow": 65, "low": 55}


class Policy(Struct, frozen=True):
    """A policy. ``before`` and ``after`` are its transformations around the width; None for ``im`` at that place.

    ``variable``: the parameter that has the chain of the URL.
    """

    before: tuple[object, ...] = (None,)
    after: tuple[object, ...] = ()
    widths: tuple[int, ...] = BREAKPOINTS
    quality: int = 0
    variables: dict[str, dict[str, object]] = {}
    allowed: frozenset[str] | None = None
    variable: str = "im"


def read_policy(text: str | dict[str, object]) -> Policy:
    """Read a policy. Raises ValueError."""
    if isinstance(text, str):
        return Policy(before=(*read_chain(text), None))
    variables = text.get("variables", [])
    if not isinstance(variables, list):
        raise ValueError("the variables of a policy are not valid")  # noqa: TRY004 - of a setting
    output = _dict(text.get("output"))
    before, query = _transformations(text.get("transformations", []))
    after, _ = _transformations(text.get("postBreakpointTransformations", []))
    allowed = query.get("allowedTransformations")
    perceptual = _PERCEPTUAL.get(str(output.get("perceptualQuality", "")).lower(), 0)
    quality = output.get("quality", perceptual)
    return Policy(
        before,
        after,
        _widths(_dict(text.get("breakpoints")).get("widths", list(BREAKPOINTS))),
        quality if isinstance(quality, int) and 1 <= quality <= 100 else 0,  # noqa: PLR2004 - percent
        {str(_dict(one).get("name")): _dict(one) for one in variables},
        frozenset(str(name).lower() for name in allowed) if isinstance(allowed, list) else None,
        str(_dict(query.get("query")).get("var", "im")),
    )


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _widths(value: object) -> tuple[int, ...]:
    """Return breakpoints in order. Raises ValueError."""
    widths = value if isinstance(value, list) else []
    if not 0 < len(widths) <= MAX_TRANSFORMS or not all(isinstance(one, int) and 0 < one <= MAX_SIDE for one in widths):
        raise ValueError("the breakpoints of a policy are not valid")
    return tuple(sorted(widths))


def _transformations(value: object) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the objects, None in place of that of the query, and that object."""
    if not isinstance(value, list) or len(value) > MAX_TRANSFORMS or not all(isinstance(one, dict) for one in value):
        raise ValueError("the transformations of a policy are not valid")
    query: dict[str, object] = next((one for one in value if _name(one).lower() == QUERY), {})
    return tuple(None if _name(one).lower() == QUERY else one for one in value), query


def _name(transformation: Mapping[str, object]) -> str:
    return str(transformation.get("transformation", ""))


def calls_of(parts: tuple[object, ...], policy: Policy, query: Mapping[str, str]) -> tuple[Call | None, ...]:
    """Return the calls of a policy, with the variables of a query. Raises InvalidParameter."""
    return tuple(_call(_dict(one), policy, query, 0) if isinstance(one, dict) else _as_call(one) for one in parts)


def _as_call(part: object) -> Call | None:
    return part if isinstance(part, Call) else None


def _call(one: dict[str, object], policy: Policy, query: Mapping[str, str], depth: int) -> Call:
    items = (Item(key, _value(value, policy, query, depth)) for key, value in one.items() if key != "transformation")
    return Call(_name(one), None, tuple(items))


def _value(value: object, policy: Policy, query: Mapping[str, str], depth: int) -> Value:
    """Return a value of an object as a chain has it: texts, and groups of texts."""
    if depth > MAX_DEPTH:
        refuse(f"The policy is more than {MAX_DEPTH} deep")
    match value:
        case {"var": str(name)}:
            return _variable(policy.variables.get(name, {}), name, query)
        case {"transformation": str(name), **others}:
            group = _group(others, policy, query, depth)
            return (Item("", name), *group)
        case {**others}:
            return _group(others, policy, query, depth)
        case list():
            return tuple(Item("", _value(one, policy, query, depth + 1)) for one in value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _group(value: Mapping[object, object], policy: Policy, query: Mapping[str, str], depth: int) -> Group:
    return tuple(Item(str(key), _value(one, policy, query, depth + 1)) for key, one in value.items())


def _variable(variable: dict[str, object], name: str, query: Mapping[str, str]) -> str:
    """Return the value of a variable: that of the query, or its default. Raises InvalidParameter."""
    text = query.get(name, "") or str(variable.get("defaultValue", ""))
    if len(text) > MAX_VARIABLE_CHARS:
        refuse(f"{name} is too long")
    options = variable.get("enumOptions")
    if isinstance(options, list) and options:
        values = {str(_dict(one).get("id")): str(_dict(one).get("value")) for one in options}
        if text not in values and text not in values.values():
            refuse(f"{name} must be one of {', '.join(values)}")
        text = values.get(text, text)
    return f"{variable.get('prefix') or ''}{text}{variable.get('postfix') or ''}"
