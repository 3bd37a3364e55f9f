"""``pixmill batch``."""

import sys
from collections.abc import Callable
from typing import Any

import click

from pixmill.cli.batch_options import EXAMPLES, ROWS
from pixmill.cli.options import DocumentedCommand, with_param_lists, with_row

_REPEATED = ("exclude", "preset")


def _with_own_options(command: Callable[..., None]) -> Callable[..., None]:
    for row in reversed(ROWS):
        command = with_row(row, multiple=row.name in _REPEATED, is_switch=not row.type)(command)
    return command


@click.command(cls=DocumentedCommand, examples=EXAMPLES)
@click.argument("inputs", nargs=-1, metavar="[PATTERN]...")
@_with_own_options
@with_param_lists
def command(inputs: tuple[str, ...], **options: Any) -> None:
    """Resize many originals: each PATTERN is a glob, a folder, a file or a URL, also of a bucket.

    Parameters with several values, such as --width 320,640, make a result of each, from one decode. A batch that was
    interrupted goes on when the same command is run again.
    """
    from pixmill.cli.batch_run import run_command

    sys.exit(run_command(inputs, options))
