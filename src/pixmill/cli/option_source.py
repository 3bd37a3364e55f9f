"""Derives the options of the command line from the settings and from the parameter table, for ``options.json``.

Imports the models; ``make docs`` and tests use it, the command line itself does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from pixmill.cli.option_rows import OptionRow
from pixmill.dialects.native.grammars.scalars import Grammar
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.runtime.setting_types import quantity_of
from pixmill.setting_errors import display_value, env_name
from pixmill.settings import SETTING_GROUPS, Settings

_METAVARS: Final[dict[object, str]] = {int: "INT", float: "NUMBER", bool: "true|false"}
_SCHEMA_METAVARS: Final = {"integer": "INT", "number": "NUMBER", "boolean": "true|false"}
_UNIT_METAVARS: Final = {"px": "PX", "%": "PERCENT", "°": "DEGREES", "ms": "MS", "bytes": "BYTES"}
_TEXT: Final = "TEXT"
_FLAG_WORDS: Final = ("true", "1", "false", "0")
_MAX_CHOICES: Final = 8
"""Longer lists are in the description."""

_NAMES: Final = "north|northeast|east|southeast|south|southwest|west|northwest|center|auto|smart|face"
_FORMATS: Final = ("auto", *(form.value for form in Format if form in OUTPUT_FORMATS), "original")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "format": _FORMATS,
    "gravity": tuple(_NAMES.split("|")),
    "crop_gravity": tuple(_NAMES.split("|")),
    "include": ("hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"),
    "quality": ("auto",),
    "mask": ("circle", "ellipse", "star", "triangle", "pentagon", "hexagon"),
}
"""Words of grammars whose schema is a pattern, for completion."""


def option_tables() -> dict[str, list[OptionRow]]:
    """Return the rows of every table of ``options.json``."""
    return {
        "settings": [
            setting_row(name, title) for title, config in SETTING_GROUPS.items() for name in config.model_fields
        ],
        "resize": _param_rows(PARAMS),
        "info": _param_rows(INFO_PARAMS),
    }


def setting_row(name: str, title: str) -> OptionRow:
    """Return the option of a setting."""
    field = Settings.model_fields[name]
    return OptionRow(
        name,
        (f"--{kebab_case(name)}",),
        title,
        setting_metavar(field),
        str(field.description),
        setting_default(field),
        env_name(name),
        _setting_words(field.annotation),
        is_flag=field.annotation is bool,
    )


def setting_metavar(field: FieldInfo) -> str:
    """Return the type of a setting: what it measures, a list of choices, or a JSON type."""
    quantity = quantity_of(field)
    words = _setting_words(field.annotation)
    return quantity.name if quantity else "|".join(words) or _METAVARS.get(field.annotation, _TEXT)


def setting_default(field: FieldInfo) -> str:
    """Format a default as it would be written in the environment."""
    default = field.get_default(call_default_factory=True, validated_data={})
    return default.get_secret_value() if isinstance(default, SecretStr) else display_value(field, default)


def _setting_words(annotation: object) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(filter(None, map(str, get_args(annotation))))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    return ("true", "false") if annotation is bool else ()


def is_option(param: Param) -> bool:
    """Return whether a parameter makes sense without a server."""
    return param.group not in {Group.SOURCE, Group.RESPONSE, Group.ACCESS} and param.name not in {"filename", "tags"}


def kebab_case(name: str) -> str:
    return name.replace("_", "-")


def _param_rows(params: Iterable[Param]) -> list[OptionRow]:
    groups = list(Group)
    return [_param_row(param) for param in sorted(filter(is_option, params), key=lambda one: groups.index(one.group))]


def _param_row(param: Param) -> OptionRow:
    words = _param_words(param)
    is_flag = set(_FLAG_WORDS) <= set(words)
    shown = tuple(word for word in words if word not in {"1", "0"}) if is_flag else words
    return OptionRow(
        param.name,
        _flags(param),
        str(param.group),
        _param_metavar(param, shown),
        param.description,
        param.default,
        "",
        shown,
        param.examples[:2],
        is_flag,
    )


def _param_words(param: Param) -> tuple[str, ...]:
    choices = param.grammar.schema.get("enum")
    words = tuple(map(str, choices)) if isinstance(choices, Sequence) else ()
    return words or _WORDS.get(param.name, ())


def _param_metavar(param: Param, words: tuple[str, ...]) -> str:
    """Return the type of a parameter: its words, its unit, or a JSON type."""
    if "enum" in param.grammar.schema and len(words) <= _MAX_CHOICES:
        return "|".join(words)
    return _UNIT_METAVARS.get(param.unit) or _schema_metavar(param.grammar)


def _schema_metavar(grammar: Grammar[object]) -> str:
    return _SCHEMA_METAVARS.get(str(grammar.schema.get("type")), _TEXT)


def _flags(param: Param) -> tuple[str, ...]:
    """Return the spellings in kebab-case; ``-h`` is help, so that height is ``-H``."""
    long_names = tuple(f"--{kebab_case(name)}" for name in param.names if len(name) > 1)
    return (*long_names, *(f"-{'H' if name == 'h' else name}" for name in param.names if len(name) == 1))
