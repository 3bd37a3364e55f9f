"""Command-line options derived from the settings and from the parameter table.

Names are in kebab-case, metavars have types, and ``--help`` has groups.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

import click
from pydantic import ByteSize

from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.settings import SETTING_GROUPS, Settings

Command = Callable[..., None]

_METAVARS: Final[dict[object, str]] = {int: "INT", float: "NUMBER", bool: "true|false", ByteSize: "BYTES"}
_SCHEMA_METAVARS: Final = {"integer": "INT", "number": "NUMBER", "boolean": "true|false"}
_TEXT: Final = "TEXT"
_FLAG_CHOICES: Final = {"true", "1", "false", "0"}
_SNAKE_CASE = re.compile(r", --[a-z0-9]+_[a-z0-9_]+")
_SUMMARY_COLUMNS: Final = 70
_MAX_CHOICES: Final = 8
"""Longer lists are in the description."""


class GroupedOption(click.Option):
    """An option with the title under which ``--help`` lists it."""

    def __init__(self, *args: Any, group: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Leave out the snake_case spellings, which are accepted but not advertised."""
        record = super().get_help_record(ctx)
        return record and (_SNAKE_CASE.sub("", record[0]), record[1])


class GroupedCommand(click.Command):
    """Lists its options under the headings of their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(param, "group", "") or "Options", []).append(record)
        own = groups.pop("Options", [])
        for title, records in (*groups.items(), ("Options", own)):
            with formatter.section(title):
                formatter.write_dl(records)


class GroupedGroup(GroupedCommand, click.Group):
    """A command with options of its own that has subcommands too."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


class SectionedGroup(click.Group):
    """Lists its commands under the headings of ``sections``."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(_SUMMARY_COLUMNS)) for name in names])


def with_settings(command: Command) -> Command:
    """Add every setting as an option."""
    for title, config in reversed(SETTING_GROUPS.items()):
        for name in reversed(config.model_fields):
            field = Settings.model_fields[name]
            metavar = setting_metavar(name, field.annotation)
            option = click.option(
                f"--{kebab_case(name)}",
                name,
                cls=GroupedOption,
                group=title,
                metavar=metavar,
                help=field.description,
            )
            command = option(command)
    return command


def with_params(command: Command) -> Command:
    """Add every parameter that changes the image as an option."""
    return _with_options(command, PARAMS)


def with_info_params(command: Command) -> Command:
    """Add every parameter that selects image information as an option."""
    return _with_options(command, INFO_PARAMS)


def setting_metavar(name: str, annotation: object) -> str:
    """Return the type of a setting: a unit, a list of choices, or a JSON type."""
    if name.endswith("_s"):
        return "SECONDS"
    if name.endswith("_bytes"):
        return "BYTES"
    if get_origin(annotation) is Literal:
        return "|".join(filter(None, map(str, get_args(annotation))))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(member.value) for member in annotation)
    return _METAVARS.get(annotation, _TEXT)


def param_metavar(schema: Mapping[str, object]) -> str:
    """Return the type of a parameter, from its JSON schema."""
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and set(choices) == _FLAG_CHOICES:
        return "true|false"
    if isinstance(choices, Sequence) and len(choices) <= _MAX_CHOICES:
        return "|".join(str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in choices)
    return _SCHEMA_METAVARS.get(str(schema.get("type")), _TEXT)


def kebab_case(name: str) -> str:
    return name.replace("_", "-")


def is_option(param: Param) -> bool:
    """Return whether a parameter makes sense without a server."""
    return param.group not in {Group.SOURCE, Group.RESPONSE, Group.ACCESS} and param.name not in {"filename", "tags"}


def _with_options(command: Command, params: tuple[Param, ...]) -> Command:
    by_group = sorted(filter(is_option, params), key=_group_position)
    for param in reversed(by_group):
        option = click.option(
            *_flags(param),
            param.name,
            cls=GroupedOption,
            group=str(param.group),
            metavar=param_metavar(param.grammar.schema),
            help=param.description,
        )
        command = option(command)
    return command


def _group_position(param: Param) -> int:
    return list(Group).index(param.group)


def _flags(param: Param) -> list[str]:
    """Return all spellings: kebab-case first, snake_case as in URLs is accepted too."""
    long_names = dict.fromkeys(
        spelling for name in param.names if len(name) > 1 for spelling in (f"--{kebab_case(name)}", f"--{name}")
    )
    return [*long_names, *(f"-{name}" for name in param.names if len(name) == 1)]
