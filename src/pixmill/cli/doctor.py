"""``pixmill doctor``."""

import sys

import click

from pixmill.cli.options import DocumentedCommand


@click.command(
    cls=DocumentedCommand,
    examples={
        "pixmill doctor": "check formats, sandbox and stores",
        "pixmill doctor --source https://example.com/a.jpg": "try a request, step by step",
        "pixmill doctor --json": "for programs",
    },
)
@click.option("--source", metavar="URL", help="Try a request for this image: a URL, or a path below the image root.")
@click.option(
    "--images", metavar="FOLDER", type=click.Path(), help="The image root, as for serve. [env: PIXMILL_IMAGES]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(source: str | None, images: str | None, *, as_json: bool) -> None:
    """Check this installation: formats, sandbox, stores, and what is wrong with them.

    With --source, try a whole request for an image instead, and explain each step: where it comes from, whether it may,
    how it is reached, what it is, and what to change where a step fails.
    """
    from pixmill.doctor.command import run
    from pixmill.settings import load

    if not run(load({} if images is None else {"images": images}), source, as_json=as_json):
        sys.exit(1)
