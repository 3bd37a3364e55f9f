"""``pixmill translate``."""

from urllib.parse import SplitResult

import click
from click.shell_completion import CompletionItem

from pixmill.cli.options import DocumentedCommand


def _complete_dialects(_: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from pixmill.dialects.catalogue import SERVICES

    names = ["native", *(service.name for service in SERVICES), *(["all"] if param.name == "to" else [])]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command(
    cls=DocumentedCommand,
    examples={
        "pixmill translate /unsafe/300x200/a.jpg --dialect thumbor": "the native URL and its plan",
        "pixmill translate '/resize?url=a.jpg&width=300' --to imgix": "the URL of another service",
        "pixmill translate '/resize?url=a.jpg&width=300' --to all": "of each of them",
    },
)
@click.argument("url")
@click.option(
    "--dialect",
    metavar="NAME",
    help="Read URL as this dialect, mounted for this purpose alone.",
    shell_complete=_complete_dialects,
)
@click.option("--host", default="", metavar="NAME", help="Host of the entry; that of URL by default.")
@click.option("--mount", default="", metavar="PATH", help="Mount of the entry, in front of the path of URL.")
@click.option(
    "--to",
    metavar="NAME",
    help="Print the URL of this dialect, as the settings mount it; all: of each.",
    shell_complete=_complete_dialects,
)
@click.option("--json", "as_json", is_flag=True, help="Print dialect, native URL, source, plan and cache key as JSON.")
def command(url: str, dialect: str | None, host: str, mount: str, to: str | None, *, as_json: bool) -> None:
    """Print the native URL that means the same as URL, and its plan; or the URL of another dialect."""
    import msgspec

    from pixmill.cli.output import print_json
    from pixmill.cli.translation import match_foreign, print_written
    from pixmill.cli.urls import below_prefix, native_url_of, split
    from pixmill.dialects.native.dialect import explain as explained
    from pixmill.dialects.port import image_of
    from pixmill.settings import load

    parts: SplitResult = split(url)
    parts = parts._replace(netloc=host or parts.netloc, path=mount + parts.path)
    settings = load()
    match = match_foreign(settings, parts, dialect, mount)
    outcome = match.parse(parts.query.encode())
    image_request = image_of(outcome)
    if image_request is None:
        print_json({"dialect": match.mounted.name, "answer": msgspec.to_builtins(outcome)})
        return
    if to is not None:
        print_written(settings, match, image_request, to)
        return
    native = native_url_of(outcome, image_request)
    native = native and below_prefix(settings, native)
    described = {"dialect": match.mounted.name, "native": native} | explained(image_request)
    if as_json:
        print_json(described)
    else:
        click.echo(native or "There is no native URL that says exactly this.")
        print_json(described["plan"])
