"""Presets: sets of parameters that have a name, declared in the settings and used in URLs.

Knows names and values of parameters. A server that answers presets only takes ``url``, ``v``, ``preset``, ``format``, ``expires`` and
``sig``, and wants a preset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from pixmill.dialects.param import Asked
from pixmill.dialects.params import PARAMS, plan_of
from pixmill.dialects.reading import read, table_of
from pixmill.dialects.tables.sets import PRESET_NAME
from pixmill.errors import BadRequest, InvalidParameter, MissingParameter, UnknownParameter

ALONE: Final = frozenset(("url", "v", "preset", "format", "expires", "sig"))
"""What is taken where only presets are answered: of a picture no more than its format, of which there are few."""

_OF_THE_REQUEST: Final = ("url", "v", "expires", "sig")
_TABLE: Final = table_of(tuple(param for param in PARAMS if param.name not in _OF_THE_REQUEST))

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Presets:
    """The values of each preset by its name; ``only``: nothing else is answered."""

    asked: Mapping[str, Asked] = field(default_factory=dict)
    only: bool = False

    def applied(self, asked: dict[str, Any]) -> Asked:
        """What was asked for, over what the presets named in it say. Raises BadRequest."""
        if self.only:
            _check(asked)
        if "preset" not in asked:
            return asked
        whole: dict[str, Any] = {}
        for name in asked.pop("preset"):
            if name not in self.asked:
                raise InvalidParameter(f"There is no preset {name}", param="preset")
            whole |= self.asked[name]
        return whole | asked


NO_PRESETS: Final = Presets()


def read_presets(text: str, *, only: bool = False) -> Presets:
    """Presets as settings write them: a JSON object of query strings or objects by name. Raises ValueError that names the bad one."""
    try:
        declared = msgspec.json.decode(text or "{}", type=dict[str, str | dict[str, Value]])
    except msgspec.DecodeError as error:
        raise ValueError(f"must be a JSON object of presets by name, each a text or an object: {error}") from error
    return Presets({name: _preset(name, said) for name, said in declared.items()}, only)


def _preset(name: str, said: str | dict[str, Value]) -> Asked:
    if not PRESET_NAME.fullmatch(name):
        raise ValueError(f"preset {name[:64]!r}: a name has up to 64 letters, digits, - and _")
    query = said if isinstance(said, str) else urlencode({key: _text(value) for key, value in said.items()})
    try:
        asked = read(query.encode(), _TABLE)
        plan_of(asked)
    except BadRequest as error:
        raise ValueError(f"preset {name}: {error.message}") from error
    return asked


def _text(value: Value) -> str:
    """As it would stand in a URL."""
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:.15g}" if isinstance(value, float) else str(value)
    )


def _check(asked: Asked) -> None:
    strange = next((name for name in asked if name not in ALONE), None)
    if strange:
        raise UnknownParameter(f"{strange} is not taken here: this server answers presets only", param=strange)
    if "preset" not in asked:
        raise MissingParameter("preset is required: this server answers presets only", param="preset")
