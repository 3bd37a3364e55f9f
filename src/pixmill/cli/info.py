"""``pixmill info``."""

import sys

import click

from pixmill.cli.options import DocumentedCommand, with_info_params


@click.command(
    cls=DocumentedCommand,
    options_metavar="INPUT... [OPTIONS]",
    examples={
        "pixmill info photo.jpg": "one image",
        "pixmill info *.jpg": "a table of several",
        "pixmill info photo.jpg --include palette,exif": "with more facts",
        "pixmill info photo.jpg --json | jq .width": "for programs",
    },
)
@click.argument("sources", nargs=-1, type=click.Path(), metavar="")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; so it is by default if the output is no terminal.")
@with_info_params
def command(sources: tuple[str, ...], *, as_json: bool, **params: str | None) -> None:
    """Print image information of each INPUT: a file, a URL, or - for standard input.

    On a terminal it is a table, otherwise JSON: an object, or for several inputs an object a line, with the input as
    "source".
    """
    from pixmill.cli.inspecting import print_facts
    from pixmill.cli.output import is_terminal, without_none
    from pixmill.cli.usage import WrongUsage

    if not sources:
        raise WrongUsage("INPUT is missing: a file, a URL, or - for standard input")
    if not print_facts(sources, without_none(params), as_json=as_json or not is_terminal()):
        sys.exit(1)
