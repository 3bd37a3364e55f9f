"""What commands print: JSON for programs, lines for people."""

import sys

import click
import msgspec

from pixmill.telemetry.redaction import printable


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_message(text: str) -> None:
    """Print lines to standard error, without what would steer a terminal: names and images may contain it."""
    click.echo("\n".join(map(printable, text.split("\n"))), err=True)


def is_terminal() -> bool:
    """Return whether standard output is read by a person."""
    return sys.stdout is not None and sys.stdout.isatty()


def file_size(count: int) -> str:
    """Return a number of bytes as people read it."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - the step of the units
            return f"{count:,} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def without_none(values: dict[str, str | None]) -> dict[str, str]:
    """Return the options that were given."""
    return {name: value for name, value in values.items() if value is not None}
