"""``pixmill warm``."""

import click

from pixmill.cli.options import DocumentedCommand


@click.command(
    cls=DocumentedCommand,
    examples={
        "pixmill warm urls.txt": "one URL per line, as clients request it",
        "grep resize access.log | pixmill warm -": "from standard input",
    },
)
@click.argument("file", type=click.Path())
@click.option("--server", metavar="URL", help="URL of the server. [default: host and port of the settings]")
def command(file: str, server: str | None) -> None:
    """Queue URLs for cache warming on a running server, with the first token of PIXMILL_ADMIN_TOKEN.

    FILE (- for standard input) has one URL per line, as clients would request it.
    """
    from pixmill.admin_client import warm as send_warm
    from pixmill.cli.error_messages import fail, reaching
    from pixmill.cli.output import print_message
    from pixmill.settings import load

    rejected: list[str] = []

    def on_rejected(url: str, reason: str) -> None:
        rejected.append(url)
        print_message(f"{url}: {reason}")

    with click.open_file(file, encoding="utf-8") as lines, reaching(server):
        added = send_warm(load(), server, (line.strip() for line in lines if line.strip()), on_rejected)
    click.echo(f"{added} URLs queued")
    if rejected:
        fail(f"{len(rejected)} rejected")
