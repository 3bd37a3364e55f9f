"""``pixmill info``."""

import click

from pixmill.cli.options import DocumentedCommand, with_info_params


@click.command(cls=DocumentedCommand)
@click.argument("source", type=click.Path())
@with_info_params
def command(source: str, **params: str | None) -> None:
    """Print image information of SOURCE (a file, a URL, or - for standard input) as JSON."""
    from pixmill.cli.files import open_source
    from pixmill.cli.output import print_json, without_none
    from pixmill.library.engine import Engine
    from pixmill.settings import load

    with Engine.of(load({"workers": 1})) as engine, open_source(source) as original:
        print_json(engine.info_texts(original, without_none(params)))
