"""``pixmill resize``."""

from pathlib import Path

import click

from pixmill.cli.options import DocumentedCommand, with_params


@click.command(cls=DocumentedCommand, examples={"pixmill resize photo.jpg small.webp -w 400": "one file"})
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
@with_params
def command(source: str, target: str, **params: str | None) -> None:
    """Resize SOURCE (a file, a URL, or - for standard input) into TARGET (a file, or - for standard output).

    The format is that of --format, else of TARGET's name.
    """
    from pixmill.cli.error_messages import fail
    from pixmill.cli.files import open_source
    from pixmill.cli.output import without_none
    from pixmill.cli.usage import WrongUsage
    from pixmill.library.engine import Engine
    from pixmill.settings import load

    if Path(target).is_dir():
        raise WrongUsage(f"TARGET {target} is a folder, not a file")
    folder = Path(target).parent
    if not folder.is_dir():
        fail(f"{folder}: this folder, for {target}, is not there")
    values = without_none(params)
    values.setdefault("format", _format_of(target))
    with Engine.of(load({"workers": 1})) as engine, open_source(source) as original:
        rendered = engine.render_texts(original, values)
    with click.open_file(target, "wb", atomic=target != "-") as file:
        file.write(rendered.body)
    click.echo(f"{rendered.format} {rendered.width} x {rendered.height}, {len(rendered.body)} bytes", err=True)


def _format_of(target: str) -> str:
    from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format

    suffix = Path(target).suffix.lower().lstrip(".")
    by_extension = {media.extension: form.value for form, media in MEDIA.items() if form not in DESCRIPTION_FORMATS}
    names = by_extension | {"jpeg": Format.JPEG.value, "json": Format.JSON.value, "tif": Format.TIFF.value}
    return names.get(suffix, suffix or "auto")  # an unknown one is refused as a format
