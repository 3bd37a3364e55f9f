"""``pixmill resize``."""

import sys

import click

from pixmill.cli.options import DocumentedCommand, with_params


@click.command(
    cls=DocumentedCommand,
    options_metavar="INPUT... TARGET [OPTIONS]",
    examples={
        "pixmill resize photo.jpg small.webp -w 400": "one file",
        "pixmill resize *.jpg thumbs/ -w 400 --format webp": "several, into a folder",
        "pixmill resize *.jpg 'out/{stem}-{width}.{ext}' -w 400": "with names of your own",
        "pixmill resize https://example.com/a.jpg a.avif": "from a URL",
        "curl -s https://example.com/a.jpg | pixmill resize - - -w 400": "between programs",
    },
    epilog="Settings come from the environment and from .env in the current folder, such as PIXMILL_WORKERS.",
)
@click.argument("paths", nargs=-1, type=click.Path(), metavar="")
@click.option("--overwrite", is_flag=True, help="Let a result replace an input, or a file that could be meant as one.")
@with_params
def command(paths: tuple[str, ...], *, overwrite: bool, **params: str | None) -> None:
    """Resize images into a file or a folder.

    INPUT is a file, a URL, or - for standard input; there may be several.

    TARGET is a file, - for standard output, a folder (made if its name ends with a slash), or a template with {stem},
    {name}, {parent}, {ext}, {format} or a parameter such as {width}.

    The format is that of --format, else of the ending of TARGET, else of each INPUT. One that fails does not stop the
    others.
    """
    from pixmill.cli.output import without_none
    from pixmill.cli.resizing import resize_all
    from pixmill.cli.usage import WrongUsage

    if len(paths) < 2:  # noqa: PLR2004 - an input and a target
        missing = "INPUT and TARGET are" if not paths else f"TARGET, for {paths[0]}, is"
        raise WrongUsage(f"{missing} missing: the file or the folder to write to comes last")
    *sources, target = paths
    if not resize_all(sources, target, without_none(params), may_overwrite=overwrite):
        sys.exit(1)
