"""``pixmill explain``."""

import click

from pixmill.cli.options import DocumentedCommand


@click.command(
    cls=DocumentedCommand,
    examples={"pixmill explain '/resize?url=a.jpg&width=400'": "as this server would read it"},
)
@click.argument("url")
def command(url: str) -> None:
    """Explain a URL (a path with its query, or a whole URL): dialect, source, plan and cache key, as JSON."""
    import msgspec

    from pixmill.cli.output import print_json
    from pixmill.cli.urls import match_of, split
    from pixmill.dialects.native.dialect import explain as explained
    from pixmill.dialects.port import image_of
    from pixmill.settings import load

    parts = split(url)
    match = match_of(load(), None, parts)
    outcome = match.parse(parts.query.encode())
    image_request = image_of(outcome)
    if image_request is None:
        print_json({"dialect": match.mounted.name, "answer": msgspec.to_builtins(outcome)})
    else:
        print_json({"dialect": match.mounted.name} | explained(image_request))
