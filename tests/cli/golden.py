"""The help of every command as it was last looked at. Run as a module, it writes the files anew; look at the difference."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from click.testing import CliRunner

from pixmill.cli.program import commands

FOLDER: Final = Path(__file__).with_name("golden")
COLUMNS: Final = 100


def names() -> Iterator[tuple[str, ...]]:
    """Every command and subcommand, as it is typed."""
    yield ()
    context = click.Context(commands)
    for name in commands.list_commands(context):
        yield (name,)
        command = commands.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, each) for each in command.list_commands(context))


def shown(name: tuple[str, ...], option: str = "--help") -> str:
    """The help of a command, in a terminal of ``COLUMNS`` columns."""
    done = CliRunner().invoke(commands, [*name, option], prog_name="pixmill", terminal_width=COLUMNS)
    assert done.exit_code == 0
    return done.output


def file_of(name: tuple[str, ...]) -> Path:
    return FOLDER / f"{'-'.join(('pixmill', *name))}.txt"


def main() -> None:
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for name in names():
        file_of(name).write_text(shown(name), encoding="utf-8")


if __name__ == "__main__":
    main()
