"""Presets: sets of parameters that have a name, declared in the settings and used in URLs.

Knows names and values of parameters. A server that answers presets only takes ``url``, ``v``, ``preset``, ``format``, ``expires`` and
``sig``, and wants a preset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from pixmill.dialects.native.param import ParamValues
from pixmill.dialects.native.params import PARAMS, plan_of
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.dialects.native.tables.srcset import PRESET_NAME
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter, UnknownParameter

PRESETS_ONLY_PARAMS: Final = frozenset(("url", "v", "preset", "format", "expires", "sig"))
"""What is taken where only presets are answered: of a picture no more than its format, of which there are few."""

_PER_REQUEST_PARAMS: Final = ("url", "v", "expires", "sig")
_PRESET_PARAMS: Final = param_table(tuple(param for param in PARAMS if param.name not in _PER_REQUEST_PARAMS))

PresetValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Presets:
    """The values of each preset by its name; ``only``: nothing else is answered."""

    values_by_name: Mapping[str, ParamValues] = field(default_factory=dict)
    only: bool = False

    def apply(self, values: dict[str, Any]) -> ParamValues:
        """What was asked for, over what the presets named in it say. Raises BadRequest."""
        if self.only:
            _check_presets_only(values)
        if "preset" not in values:
            return values
        preset_values: dict[str, Any] = {}
        for name in values.pop("preset"):
            if name not in self.values_by_name:
                raise InvalidParameter(f"There is no preset {name}", param="preset")
            preset_values |= self.values_by_name[name]
        return preset_values | values


NO_PRESETS: Final = Presets()


def parse_presets(text: str, *, only: bool = False) -> Presets:
    """Presets as settings write them: a JSON object of query strings or objects by name. Raises ValueError that names the bad one."""
    try:
        declared = msgspec.json.decode(text or "{}", type=dict[str, str | dict[str, PresetValue]])
    except msgspec.DecodeError as error:
        raise ValueError(f"must be a JSON object of presets by name, each a text or an object: {error}") from error
    return Presets({name: _parse_preset(name, said) for name, said in declared.items()}, only)


def _parse_preset(name: str, declaration: str | dict[str, PresetValue]) -> ParamValues:
    if not PRESET_NAME.fullmatch(name):
        raise ValueError(f"preset {name[:64]!r}: a name has up to 64 letters, digits, - and _")
    query = (
        declaration
        if isinstance(declaration, str)
        else urlencode({key: _query_text(value) for key, value in declaration.items()})
    )
    try:
        values = parse_query(query.encode(), _PRESET_PARAMS)
        plan_of(values)
    except BadRequest as error:
        raise ValueError(f"preset {name}: {error.message}") from error
    return values


def _query_text(value: PresetValue) -> str:
    """As it would stand in a URL."""
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:.15g}" if isinstance(value, float) else str(value)
    )


def _check_presets_only(values: ParamValues) -> None:
    unexpected = next((name for name in values if name not in PRESETS_ONLY_PARAMS), None)
    if unexpected:
        raise UnknownParameter(f"{unexpected} is not taken here: this server answers presets only", param=unexpected)
    if "preset" not in values:
        raise MissingParameter("preset is required: this server answers presets only", param="preset")
