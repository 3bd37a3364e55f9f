"""Sentences for wrong usage: what is wrong, what is near it, and an example. No sentence is click's."""

import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

import click
from click import exceptions

from pixmill.cli.commands import COMMANDS
from pixmill.cli.error_messages import WRONG_USAGE
from pixmill.cli.option_rows import OptionRow
from pixmill.cli.output import print_message


class WrongUsage(click.UsageError):
    """Wrong usage in our own words."""


def exit_wrong_usage(error: click.ClickException) -> NoReturn:
    """Print what is wrong and how it would be right, and exit."""
    if isinstance(error, exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        sys.exit(WRONG_USAGE)
    context: click.Context | None = getattr(error, "ctx", None)
    message = sentence_of(error)
    if context is not None and context.info_name == "serve" and _logged(message):
        sys.exit(WRONG_USAGE)
    path = context.command_path if context is not None else "pixmill"
    print_message(f"{path}: {message}")
    is_typo = isinstance(error, exceptions.NoSuchCommand)
    for command in [] if is_typo else list(getattr(context and context.command, "examples", ()))[:1]:
        click.echo(f"Example: {command}", err=True)
    click.echo(f"Help:    {path} --help", err=True)
    sys.exit(WRONG_USAGE)


def sentence_of(error: click.ClickException) -> str:
    """Return one line about wrong usage."""
    context: click.Context | None = getattr(error, "ctx", None)
    if isinstance(error, exceptions.NoSuchOption):
        return _unknown_option(error.option_name, context)
    if isinstance(error, exceptions.NoSuchCommand):
        return _unknown_command(error.command_name, context)
    if isinstance(error, exceptions.MissingParameter) and error.param is not None:
        return f"{error.param.human_readable_name} is missing"
    if isinstance(error, exceptions.BadOptionUsage):
        return _without_value(error.option_name, context)
    return error.format_message() if isinstance(error, click.BadParameter) else error.message


def _unknown_option(option: str, context: click.Context | None) -> str:
    from pixmill.cli.renamed import renamed_option

    new = renamed_option(option)
    if new:
        return f"{option} was renamed to {new}"
    command = context.command if context is not None else None
    flags = [flag for param in getattr(command, "params", ()) for flag in param.opts]
    return f"there is no option {option}{did_you_mean(option.replace('_', '-'), flags)}"


def _unknown_command(name: str, context: click.Context | None) -> str:
    group = context.command if context is not None else None
    names = group.list_commands(context) if isinstance(group, click.Group) and context is not None else list(COMMANDS)
    near = did_you_mean(name, names) or f"; choose from {', '.join(names)}"
    return f"there is no command {name[:64]!r}{near}"


def _without_value(flag: str, context: click.Context | None) -> str:
    params = context.command.params if context is not None else []
    row: OptionRow | None = next((getattr(param, "row", None) for param in params if flag in param.opts), None)
    if row is None:
        return f"{flag} needs a value"
    example = (*row.examples, *row.words, row.default)[0] or row.type
    return f"{flag} needs a value, such as {flag} {example}"


def _logged(message: str) -> bool:
    """Print wrong usage of the server as a log line, if it would log lines of JSON; return whether it did."""
    from pixmill.startup import log_format_flag, logs_json, print_failure

    flags = log_format_flag(sys.argv)
    if logs_json(flags):
        print_failure(message, flags)
    return logs_json(flags)


def did_you_mean(word: str, words: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the end of a sentence that names the nearest word; empty if none is near."""
    close = get_close_matches(word, words, n=1, cutoff=cutoff)
    return f"; did you mean {close[0]}?" if close else ""
