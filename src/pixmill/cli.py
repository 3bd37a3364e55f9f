"""The command line: serve · resize · info · sign · explain · config · purge · warm · doctor.

Options are derived from the settings and from the parameter table. Exit codes: 0 done, 1 could not be done, 2 wrong usage.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NoReturn, TextIO
from urllib.parse import SplitResult, urlencode, urlsplit

import click
import msgspec

from pixmill import __version__
from pixmill.api.request_parsing import image_of
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.dialect import explain as explained
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.dialects.registry import DialectMatch
from pixmill.dialects.signing import Keyring
from pixmill.errors import PixmillError
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format
from pixmill.plan.facts import Facts
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.ops import Plan
from pixmill.ports.observe import NullObserver
from pixmill.ports.pipeline import Engine
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caches import InputCaches, VersionCache
from pixmill.services.inputs.loader import InputLoader
from pixmill.settings import Settings, SettingsError, load, setting_origins
from pixmill.wiring import build_sources_and_engine

Command = Callable[..., None]

CHUNK_BYTES = 2**20


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="pixmill")
def commands() -> None:
    """Pixmill resizes images: over HTTP (serve) or here (resize)."""


def main() -> None:
    """The entry point: no traceback for what a user did."""
    try:
        commands(prog_name="pixmill", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SettingsError as error:
        _fail(str(error), 2)
    except PixmillError as error:
        _fail(": ".join(part for part in (error.param, error.message, error.detail) if part), 1)
    except OSError as error:
        _fail(str(error), 1)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"pixmill: {message}", err=True)
    sys.exit(code)


def _with_settings(command: Command) -> Command:
    """Every setting as an option of the same name."""
    for name, field in reversed(Settings.model_fields.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, metavar="VALUE", help=field.description)(command)
    return command


def _with_params(command: Command) -> Command:
    """Every parameter of the API that changes the picture as an option of the same name."""
    return _with_options(command, PARAMS)


def _with_info_params(command: Command) -> Command:
    """Every parameter that says what is told of a picture."""
    return _with_options(command, INFO_PARAMS)


def _with_options(command: Command, params: tuple[Param, ...]) -> Command:
    for param in reversed(params):
        if _is_option(param):
            command = click.option(*_flags(param), param.name, metavar="VALUE", help=param.description)(command)
    return command


def _is_option(param: Param) -> bool:
    return param.group not in {Group.SOURCE, Group.ACCESS} and param.name not in {"filename", "tags"}


def _flags(param: Param) -> list[str]:
    return [f"--{param.name}", *(f"-{alias}" if len(alias) == 1 else f"--{alias}" for alias in param.aliases)]


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@commands.command()
@_with_settings
def serve(**flags: str | None) -> None:
    """Run the service until SIGTERM or Ctrl-C."""
    from pixmill.server import serve as run  # noqa: PLC0415 - the other commands need no server

    settings = load(_without_none(flags))
    run(settings, lambda port: click.echo(_startup_message(settings, port), err=True))


def _startup_message(settings: Settings, port: int) -> str:
    """What to try first."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{port}"
    lines = [f"Pixmill {__version__} answers on {base}"]
    if settings.admin_listen:
        lines.append(f"Operators are answered on {settings.admin_listen}")
    root = Path(settings.images)
    if settings.images and root.is_dir() and not settings.keys.get_secret_value():
        images = sorted(
            path.name for path in root.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}
        )
        if images:
            lines.append(f"Try {base}/resize?{urlencode({'url': images[0], 'width': 800})}")
    return "\n".join(lines)


@commands.command()
@click.argument("source")
@click.argument("target", type=click.Path(dir_okay=False, allow_dash=True))
@_with_params
def resize(source: str, target: str, **params: str | None) -> None:
    """Resize SOURCE (a file, a URL, or - for standard input) into TARGET (a file, or - for standard output).

    The format is that of --format, else of TARGET's name.
    """
    values = _without_none(params)
    values.setdefault("format", _format_of(target))
    rendered = asyncio.run(_render(source, values))
    with click.open_file(target, "wb", atomic=target != "-") as file:
        file.write(rendered.body)
    click.echo(f"{rendered.format} {rendered.width} x {rendered.height}, {len(rendered.body)} bytes", err=True)


def _format_of(target: str) -> str:
    suffix = Path(target).suffix.lower().lstrip(".")
    by_extension = {media.extension: form.value for form, media in MEDIA.items() if form not in DESCRIPTION_FORMATS}
    names = by_extension | {"jpeg": Format.JPEG.value, "json": Format.JSON.value}
    return names.get(suffix, "auto")


@commands.command()
@click.argument("source")
@_with_info_params
def info(source: str, **params: str | None) -> None:
    """Tell the facts of SOURCE (a file, a URL, or - for standard input) as JSON."""
    _print_json(asyncio.run(_inspect(source, _without_none(params))))


@commands.command()
@click.argument("url")
@click.option(
    "--expires-in", type=click.IntRange(1), metavar="SECONDS", help="Let the URL end so many seconds from now."
)
def sign(url: str, expires_in: int | None) -> None:
    """Sign URL (a path with its query, or a whole URL) with the newest key of PIXMILL_KEYS."""
    settings = load()
    keys = settings.keys.get_secret_value()
    if not keys and not any(entry.keys for entry in settings.parsed_mounts()):
        _fail("PIXMILL_KEYS is not set: there is nothing to sign with", 1)
    parts = _split(url)
    expires = None if expires_in is None else int(time.time()) + expires_in
    match = _match(settings, Keyring.from_text(keys) if keys else None, parts)
    signed = match.sign(parts.query.encode(), expires)
    click.echo(f"{parts.scheme}://{parts.netloc}{signed}" if parts.netloc else signed)


@commands.command()
@click.argument("url")
def explain(url: str) -> None:
    """Say what URL (a path with its query, or a whole URL) means: the source, the plan, the cache key."""
    parts = _split(url)
    settings = load()
    match = _match(settings, None, parts)
    outcome = match.parse(parts.query.encode())
    image_request = image_of(outcome)
    if image_request is None:
        _print_json({"dialect": match.mounted.name, "answer": msgspec.to_builtins(outcome)})
    else:
        _print_json({"dialect": match.mounted.name} | explained(image_request))


def _match(settings: Settings, keyring: Keyring | None, parts: SplitResult) -> DialectMatch:
    dialects = settings.dialect_registry(keyring)
    return dialects.require(dialects.known_host(parts.netloc.encode()), parts.path.encode())


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from error


@commands.command()
@_with_settings
def config(**flags: str | None) -> None:
    """Show every setting, its value and where it came from."""
    values = _without_none(flags)
    rows = setting_origins(load(values), values)
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.source:<11}  {row.value}")


@commands.command()
@click.option("--source", "sources", multiple=True, metavar="URL", help="An original: everything made of it.")
@click.option("--tag", "tags", multiple=True, help="Everything that has this tag.")
@click.option("--prefix", "prefixes", multiple=True, help="Everything made of originals that begin with this.")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@click.option("--soft", is_flag=True, help="Let it be served as stale until it is made anew.")
@click.option("--server", metavar="URL", help="Where the server is; otherwise the host and port of the settings.")
def purge(server: str | None, *, everything: bool, soft: bool, **named: tuple[str, ...]) -> None:
    """Take results out of the cache of a running server, with the first token of PIXMILL_ADMIN_TOKEN."""
    from pixmill.admin_client import purge as order  # noqa: PLC0415 - the other commands need no HTTP client

    if not everything and not any(named.values()):
        raise click.UsageError("Name what to purge: --source, --tag, --prefix or --all")
    result = order(load(), server, {**named, "all": everything, "soft": soft})
    click.echo(
        f"purges in force from now on: {result['issued']}; {result['removed']} entries removed from memory at once"
    )
    if result["unsynced"]:
        _fail(f"not written up yet, and tried again: {', '.join(result['unsynced'])}", 1)


@commands.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--server", metavar="URL", help="Where the server is; otherwise the host and port of the settings.")
def warm(file: TextIO, server: str | None) -> None:
    """Let a running server make pictures in its spare time: one URL, as clients would ask, in each line of FILE (- for standard input)."""
    from pixmill.admin_client import warm as order  # noqa: PLC0415 - the other commands need no HTTP client

    rejected: list[str] = []

    def on_rejected(url: str, reason: str) -> None:
        rejected.append(url)
        click.echo(f"{url}: {reason}", err=True)

    added = order(load(), server, (line.strip() for line in file if line.strip()), on_rejected)
    click.echo(f"{added} pictures in line")
    if rejected:
        _fail(f"{len(rejected)} refused", 1)


@commands.command()
def doctor() -> None:
    """Say what this installation can read and write, and what is wrong with it."""
    from pixmill.doctor import diagnose  # noqa: PLC0415 - it starts a worker

    results = diagnose(load())
    for result in results:
        click.echo(f"{result.symbol} {result.text}")
    if any(finding.is_error for finding in results):
        sys.exit(1)


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


async def _render(source: str, params: dict[str, str]) -> Rendered:
    async with _open_render_context(source, params) as (engine, spool, plan, referenced):
        return await engine.render(spool, plan, referenced)


async def _inspect(source: str, params: dict[str, str]) -> Facts:
    async with _open_render_context(source, params, b"/info") as (engine, spool, plan, _):
        return await engine.inspect(spool, plan.fact_selection)


@asynccontextmanager
async def _open_render_context(
    source: str, params: dict[str, str], path: bytes = b"/resize"
) -> AsyncIterator[tuple[Engine, Spool, Plan, list[Spool]]]:
    """An engine of one worker, the original, what is wanted of it, and the other pictures that this needs."""
    is_local = "://" not in source
    query = urlencode(params if is_local else params | {"url": source})
    settings = load({"workers": 1})
    request = NativeDialect(default_mode=settings.render_mode).parse(path, query.encode(), upload=is_local)
    async with build_sources_and_engine(settings) as (sources, engine):
        freshness = FreshnessPolicy()
        inputs = InputLoader(sources, engine.announce, InputCaches(VersionCache(freshness)), freshness, NullObserver())
        original = (
            _read_file(source, settings.max_source_bytes) if is_local else (await sources.fetch(request.source)).spool
        )
        with closing(original):
            async with inputs.load_references(request.plan) as referenced:
                yield engine, original, request.plan, [image.spool for image in referenced]


def _read_file(path: str, max_bytes: int) -> Spool:
    spool = Spool(max_bytes)
    with click.open_file(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            spool.write(chunk)
    return spool
