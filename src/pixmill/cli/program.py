"""The command ``pixmill``: finds its subcommands when they are used, and turns every failure into a sentence.

Exit codes: 0 success, 1 failure, 2 wrong usage or invalid settings, 130 interrupted.
"""

import sys
from importlib import import_module

import click

from pixmill import __version__
from pixmill.cli.commands import COMMANDS
from pixmill.cli.options import DocumentedGroup

INTERRUPTED = 130


class CommandTable(DocumentedGroup):
    """Imports the module of a command when that is used, and lists all below their headings from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        row = COMMANDS[cmd_name]
        command: click.Command = import_module(row.module).command
        command.short_help = row.summary
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, row in COMMANDS.items():
            sections.setdefault(row.section, []).append((name, row.summary))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def _show_version(context: click.Context, _option: click.Parameter, is_given: bool) -> None:
    """Print the version, and whether this is the installation without the compiled kernel."""
    if not is_given or context.resilient_parsing:
        return
    from pixmill.engine.kernel import has_kernel

    click.echo(f"pixmill, version {__version__}{'' if has_kernel() else ', without its compiled kernel (slower)'}")
    context.exit()


@click.group(
    cls=CommandTable,
    context_settings={"max_content_width": 120},
    subcommand_metavar="COMMAND [ARGUMENTS]",
    options_metavar="",
    epilog="Each command has its own help: pixmill COMMAND --help",
    examples={
        "pixmill serve --demo": "try it with sample photos",
        "pixmill serve .": "serve the images of this folder",
        "pixmill resize photo.jpg small.webp -w 400": "resize one file",
        "pixmill resize *.jpg thumbs/ -w 400 -f webp": "resize many, into a folder",
        "pixmill doctor": "find out what is wrong",
    },
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def commands() -> None:
    """Pixmill resizes images: over HTTP, or files on this machine."""


def main() -> None:
    """Run the command line; user errors are reported without a traceback."""
    try:
        commands(prog_name="pixmill", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        from pixmill.cli.usage import exit_wrong_usage

        exit_wrong_usage(error)
    except Exception as error:
        from pixmill.cli.error_messages import failure_of
        from pixmill.cli.output import print_message

        failure = failure_of(error)
        if failure is None:
            raise
        print_message(f"pixmill: {failure.text}")
        sys.exit(failure.code)
