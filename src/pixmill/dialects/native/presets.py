"""Presets: named sets of parameters, declared in the settings and used in URLs.

Knows names and values of parameters. A server in presets-only mode accepts ``url``, ``v``, ``preset``, ``format``,
``expires`` and ``sig`` alone, and requires a preset.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import msgspec

from pixmill.dialects.native.hints import with_hints
from pixmill.dialects.native.param_values import ParamValues, select
from pixmill.dialects.native.params import PARAMS, plan_of
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.dialects.native.tables.srcset import PRESET_NAME
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter, UnknownParameter
from pixmill.runtime.json_errors import json_problem

PRESETS_ONLY_PARAMS: Final = frozenset(("url", "v", "preset", "format", "expires", "sig"))
"""The parameters of a server in presets-only mode: beside presets only the format can vary, of which there are few."""

_PER_REQUEST_PARAMS: Final = ("url", "v", "expires", "sig")
_PRESET_PARAMS: Final = param_table(tuple(param for param in PARAMS if param.name not in _PER_REQUEST_PARAMS))

PresetValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Presets:
    """The values of each preset by its name, and the query that says them. ``only``: presets-only mode."""

    values_by_name: Mapping[str, ParamValues] = field(default_factory=dict)
    only: bool = False
    query_by_name: Mapping[str, str] = field(default_factory=dict)

    def apply(self, values: ParamValues, also_accepted: AbstractSet[str] = frozenset()) -> ParamValues:
        """Merge the named presets, left to right; explicit values take precedence. Raises BadRequest.

        ``also_accepted`` in presets-only mode: parameters that do not change images.
        """
        if self.only:
            _check_presets_only(values, PRESETS_ONLY_PARAMS | also_accepted)
        if "preset" not in values:
            return values
        merged: ParamValues = {}
        for name in values["preset"]:
            if name not in self.values_by_name:
                raise InvalidParameter(f"There is no preset {name}", param="preset")
            merged |= self.values_by_name[name]
        return merged | select(values, values.keys() - {"preset"})


NO_PRESETS: Final = Presets()


def parse_presets(text: str, *, only: bool = False) -> Presets:
    """Parse the setting, a JSON object of query strings or objects by name. Raises ValueError naming the preset."""
    try:
        raw_declarations = msgspec.json.decode(text or "{}", type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise ValueError(
            "must be a JSON object of presets by name, each a query string or an object: it "
            f"{json_problem(error, text)}"
        ) from None
    queries = {name: _preset_query(name, declaration) for name, declaration in raw_declarations.items()}
    return Presets({name: _parse_preset(name, query) for name, query in queries.items()}, only, queries)


def _preset_query(name: str, raw: msgspec.Raw) -> str:
    try:
        declaration = msgspec.json.decode(raw, type=str | dict[str, PresetValue])
    except msgspec.MsgspecError as error:
        raise ValueError(f"preset {name} (a query string or a JSON object): {json_problem(error)}") from None
    if isinstance(declaration, str):
        return declaration
    return urlencode({key: _query_text(value) for key, value in declaration.items()})


def _parse_preset(name: str, query: str) -> ParamValues:
    if not PRESET_NAME.fullmatch(name):
        raise ValueError(f"preset {name[:64]!r}: a name has 1 to 64 letters, digits, - and _")
    try:
        values = parse_query(query.encode(), _PRESET_PARAMS)
        plan_of(with_hints(values))
    except BadRequest as error:
        raise ValueError(f"preset {name}: {error.message}") from error
    return values


def _query_text(value: PresetValue) -> str:
    """Format a JSON value as it would be written in a URL."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _check_presets_only(values: ParamValues, accepted: AbstractSet[str]) -> None:
    unexpected = next((name for name in values if name not in accepted), None)
    if unexpected:
        raise UnknownParameter(
            f"{unexpected} is not accepted: this server answers requests for presets only", param=unexpected
        )
    if "preset" not in values:
        raise MissingParameter("preset is required: this server answers requests for presets only", param="preset")
