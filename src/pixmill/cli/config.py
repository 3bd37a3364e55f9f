"""``pixmill config`` and ``pixmill config import``."""

import os
from pathlib import Path

import click

from pixmill.cli.options import DocumentedCommand, DocumentedGroup, with_settings


@click.group(
    cls=DocumentedGroup,
    invoke_without_command=True,
    subcommand_metavar="[import]",
    examples={
        "pixmill config": "what is in force here",
        "pixmill config --json": "for programs",
        "pixmill config import imgproxy .env.old > .env": "settings of imgproxy",
    },
)
@click.option("--json", "as_json", is_flag=True, help="Print name, value and source of each setting as JSON.")
@with_settings
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **flags: str | None) -> None:
    """Show every setting, its value and where it came from.

    Sources are, in this order: option, environment, .env in the current folder, the file of --config, default.
    """
    if context.invoked_subcommand:
        return
    from pixmill.cli.output import print_json, without_none
    from pixmill.settings import load, setting_origins
    from pixmill.telemetry.redaction import printable

    values = without_none(flags)
    rows = setting_origins(load(values), values)
    if as_json:
        print_json({row.name: {"value": row.value, "source": row.source} for row in rows})
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.source:<11}  {printable(row.value)}")


@command.command(
    "import",
    cls=DocumentedCommand,
    short_help="Translate the settings of another service.",
    examples={"pixmill config import imgproxy imgproxy.env > .env": "from a file"},
)
@click.argument("service")
@click.argument("envfile", type=click.Path(), required=False)
@click.option("--host", default="", metavar="NAME", help="Host name that clients use.")
def import_config(service: str, envfile: str | None, host: str) -> None:
    """Translate the settings of SERVICE, which is imgproxy, into settings of Pixmill, for .env.

    They are read from ENVFILE, or without one from the environment. What has no equivalent is a comment.
    """
    from dotenv import dotenv_values

    from pixmill.cli.error_messages import fail
    from pixmill.cli.usage import WrongUsage
    from pixmill.dialects.imgproxy.environment import FILES, PREFIX, entry_json, import_environment, quoted

    if service != "imgproxy":
        raise WrongUsage(f"settings of {service[:64]!r} cannot be imported; those of imgproxy can")
    if envfile:
        Path(envfile).open("rb").close()  # a file that is not there would be read as an empty one
    variables = dotenv_values(envfile, interpolate=False) if envfile else os.environ
    given = {name: value for name, value in variables.items() if value is not None}
    paths = [given[PREFIX + name] for name in FILES if PREFIX + name in given]
    try:
        files = {path: Path(path).read_text() for path in paths if Path(path).is_file()}
        imported = import_environment(given, host, files)
    except ValueError as error:
        fail(str(error))
    for name, value in sorted(imported.settings.items()):
        click.echo(f"{name}={quoted(value)}")
    click.echo(f"PIXMILL_DIALECTS={quoted(entry_json(imported))}")
    for name, reason in sorted(imported.comments.items()):
        click.echo(f"# {name}: {reason}")
