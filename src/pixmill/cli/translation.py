"""Finds the dialect of a URL of another service, and prints an image request in the grammar of another one."""

from urllib.parse import SplitResult

import click

from pixmill.cli.error_messages import fail
from pixmill.cli.urls import below_prefix
from pixmill.cli.usage import WrongUsage, did_you_mean
from pixmill.dialects.catalogue import marked_services
from pixmill.dialects.factory import DIALECTS, ad_hoc_registry
from pixmill.dialects.registry import DialectMatch
from pixmill.dialects.writing import named_request, write, write_as, write_everywhere
from pixmill.errors import RouteNotFound
from pixmill.plan.request import ImageRequest
from pixmill.settings import Settings


def match_foreign(settings: Settings, parts: SplitResult, dialect: str | None, mount: str) -> DialectMatch:
    """Return the dialect of a URL: the one named, else one of the settings."""
    if dialect is not None:
        _require_dialect("--dialect", dialect)
    try:
        registry = settings.dialect_registry(None) if dialect is None else ad_hoc_registry(dialect, mount)
    except ValueError as error:
        raise WrongUsage(f"--dialect {dialect}: {error}") from error
    try:
        host, path = parts.netloc.encode(), parts.path.encode()
        path = settings.prefix_for(registry).local_path(path, host) if dialect is None else path
        return registry.require(registry.known_host(host), path)
    except RouteNotFound:
        if dialect is not None:
            raise
        names = [service.name for service in marked_services(parts.path.encode(), parts.query.encode())] or ["NAME"]
        fail(f"no dialect of the settings has this URL; to read it without them, give --dialect {names[0]}")


def print_written(settings: Settings, match: DialectMatch, image_request: ImageRequest, to: str) -> None:
    """Print the URL of a dialect, mounted or not; ``all``: one line of each service. No URL is a failure."""
    image_request = named_request(match, image_request)
    registry = settings.dialect_registry(None)
    if to == "all":
        mounted = {written.name: written for written in write(registry, image_request)}
        for service in write_everywhere(image_request):
            written = mounted.get(service.name, service)
            url = below_prefix(settings, written.url) if written is not service and written.url else written.url
            click.echo(f"{written.name:<13} {url or '-'}{f'  ({written.reason})' if written.reason else ''}")
        return
    _require_dialect("--to", to)
    found = [written for written in write(registry, image_request) if written.name == to]
    written = next((one for one in found if one.url), None) or (found or [write_as(to, image_request)])[0]
    if written.url is None:
        fail(f"{to}: {written.reason}")
    click.echo(below_prefix(settings, written.url) if written in found else written.url)
    if written.reason:
        click.echo(written.reason, err=True)


def _require_dialect(option: str, name: str) -> None:
    if name not in DIALECTS:
        near = did_you_mean(name, DIALECTS) or f"; choose from {', '.join(DIALECTS)}"
        raise WrongUsage(f"{option}: there is no dialect {name[:64]!r}{near}")
