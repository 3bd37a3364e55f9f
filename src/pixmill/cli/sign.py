"""``pixmill sign``."""

import time

import click

from pixmill.cli.options import DocumentedCommand


@click.command(
    cls=DocumentedCommand,
    examples={
        "pixmill sign '/resize?url=a.jpg&width=400'": "a path with its query",
        "pixmill sign 'https://img.example.com/resize?url=a.jpg' --expires-in 1h": "a whole URL, for an hour",
    },
)
@click.argument("url")
@click.option("--expires-in", metavar="DURATION", help="Lifetime of the URL, such as --expires-in 12h.")
def command(url: str, expires_in: str | None) -> None:
    """Sign URL (a path with its query, or a whole URL) with the newest key of PIXMILL_KEYS."""
    from pixmill.cli.error_messages import fail
    from pixmill.cli.urls import below_prefix, match_of, split
    from pixmill.cli.usage import WrongUsage
    from pixmill.dialects.signing import Keyring
    from pixmill.runtime.quantities import InvalidQuantity, parse_duration
    from pixmill.settings import load

    try:
        lifetime_s = None if expires_in is None else int(parse_duration(expires_in))
    except InvalidQuantity as error:
        raise WrongUsage(f"--expires-in {error}; for example --expires-in 12h") from None
    if lifetime_s == 0:
        raise WrongUsage("--expires-in must be at least 1s; for example --expires-in 12h")
    parts = split(url)
    settings = load()
    keys = settings.keys.get_secret_value()
    if not keys and not any(entry.keys for entry in settings.parsed_mounts()):
        fail("PIXMILL_KEYS is not set: there is nothing to sign with; set it to the keys of the server")
    expires = None if lifetime_s is None else int(time.time()) + lifetime_s
    signed = match_of(settings, Keyring.from_text(keys) if keys else None, parts).sign(parts.query.encode(), expires)
    signed = below_prefix(settings, signed, parts.netloc)
    click.echo(f"{parts.scheme}://{parts.netloc}{signed}" if parts.netloc else signed)
