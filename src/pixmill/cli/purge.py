"""``pixmill purge``."""

import click

from pixmill.cli.options import DocumentedCommand


@click.command(
    cls=DocumentedCommand,
    examples={
        "pixmill purge --source https://example.com/a.jpg": "all results of one original",
        "pixmill purge --prefix https://example.com/2024/ --soft": "renew them at the next request",
        "pixmill purge --all --server http://10.0.0.7:8080": "everything, on another machine",
    },
)
@click.option("--source", "sources", multiple=True, metavar="URL", help="Results of this original; repeatable.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Results with this tag; repeatable.")
@click.option(
    "--prefix",
    "prefixes",
    multiple=True,
    metavar="PREFIX",
    help="Results of originals whose URL begins with this; repeatable.",
)
@click.option("--all", "everything", is_flag=True, help="All results.")
@click.option("--soft", is_flag=True, help="Mark results stale instead of removing them.")
@click.option("--server", metavar="URL", help="URL of the server. [default: host and port of the settings]")
def command(server: str | None, *, everything: bool, soft: bool, **named: tuple[str, ...]) -> None:
    """Purge results from the cache of a running server, with the first token of PIXMILL_ADMIN_TOKEN."""
    from pixmill.admin_client import purge as send_purge
    from pixmill.cli.error_messages import fail, reaching
    from pixmill.cli.usage import WrongUsage
    from pixmill.settings import load

    if not everything and not any(named.values()):
        raise WrongUsage("nothing to purge: give --source, --tag, --prefix or --all")
    with reaching(server):
        result = send_purge(load(), server, {**named, "all": everything, "soft": soft})
    click.echo(f"{result['issued']} purges are in force; {result['removed']} entries removed from memory")
    if result["unsynced"]:
        fail(f"not yet logged, will be retried: {', '.join(result['unsynced'])}")
