"""The command line: serve · resize · info · sign · explain · translate · config · purge · warm · doctor.

Options are in ``cli_options.py``. Exit codes: 0 success, 1 failure, 2 wrong usage.
"""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn, TextIO, cast
from urllib.parse import SplitResult, urlsplit

import click
import msgspec
import structlog
from dotenv import dotenv_values

from pixmill import __version__
from pixmill.api.request_parsing import image_of
from pixmill.cli_options import (
    GroupedCommand,
    GroupedGroup,
    SectionedGroup,
    kebab_case,
    with_info_params,
    with_params,
    with_settings,
)
from pixmill.dialects.catalogue import marked_services
from pixmill.dialects.factory import DIALECTS, ad_hoc_registry
from pixmill.dialects.imgproxy.environment import FILES, entry_json, import_environment, quoted
from pixmill.dialects.imgproxy.environment import PREFIX as IMGPROXY_PREFIX
from pixmill.dialects.native.dialect import explain as explained
from pixmill.dialects.native.spelling import native_info_url, native_url
from pixmill.dialects.port import FactsRequest, Outcome
from pixmill.dialects.registry import DialectMatch
from pixmill.dialects.signing import Keyring
from pixmill.dialects.writing import named_request, write, write_as, write_everywhere
from pixmill.errors import PixmillError, RouteNotFound
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format
from pixmill.plan.request import ImageRequest
from pixmill.settings import PREFIX, RENAMED, Settings, SettingsError, env_name, load, setting_origins
from pixmill.startup import load_demo, log_format_flag, log_startup, logs_json, print_failure

if TYPE_CHECKING:
    from pixmill.library.engine import Engine

SECTIONS: Final = {
    "Serve images": ("serve", "doctor", "config"),
    "Work on files": ("resize", "info"),
    "Work on URLs": ("sign", "explain", "translate"),
    "Operate a running server": ("purge", "warm"),
}
"""The commands, as ``--help`` lists them."""


@click.group(
    cls=SectionedGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, prog_name="pixmill")
def commands() -> None:
    """Pixmill resizes images: over HTTP, or files on this machine.

    \b
    pixmill serve --demo                          try it with sample photos
    pixmill serve .                               serve the images of this folder
    pixmill resize photo.jpg small.webp -w 400    resize one file
    pixmill doctor                                find out what is wrong
    """  # noqa: D301 - \b keeps the lines of a paragraph apart


def main() -> None:
    """Run the command line; user errors are reported without a traceback."""
    try:
        commands(prog_name="pixmill", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        _fail_usage(error)
    except SettingsError as error:
        _fail(str(error), 2)
    except PixmillError as error:
        _fail(_sentence(error), 1)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error), 1)


def _fail_usage(error: click.ClickException) -> NoReturn:
    context, flags = getattr(error, "ctx", None), log_format_flag(sys.argv)
    message = _renamed(error.option_name) if isinstance(error, click.NoSuchOption) else ""
    if context is not None and context.command is serve and logs_json(flags):
        _fail_to_start(message or error.format_message(), error.exit_code, flags)
    if message:
        _fail(message, error.exit_code)
    error.show()
    sys.exit(error.exit_code)


def _renamed(option: str) -> str:
    """Return what an option is called now; empty if it was never one."""
    name = RENAMED.get(env_name(option.lstrip("-").replace("-", "_")))
    return f"{option} was renamed to --{kebab_case(name.removeprefix(PREFIX).lower())}" if name else ""


def _sentence(error: PixmillError) -> str:
    detail = "" if error.detail in error.message else error.detail
    return ": ".join(part for part in (error.param, error.message, detail) if part)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"pixmill: {message}", err=True)
    sys.exit(code)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@commands.command(cls=GroupedCommand, short_help="Run the server.")
@click.argument("root", required=False, metavar="[IMAGES]")
@click.option("--demo", is_flag=True, help="Serve sample photos, and store results in memory only.")
@with_settings
def serve(root: str | None, *, demo: bool, **flags: str | None) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    IMAGES is the image root, as in --images: a folder, or the URL of a store such as s3://bucket/prefix.

    \b
    pixmill serve --demo      sample photos
    pixmill serve .           images of this folder
    pixmill serve             images of the web
    """  # noqa: D301 - see above
    from pixmill.server import serve as run  # noqa: PLC0415 - the other commands need no server

    roots = _without_none({"IMAGES": root, "--images": flags["images"], "--demo": demo or None})
    if len(roots) > 1:
        raise click.UsageError(f"Give one of {' and '.join(roots)}: each says which images are served")
    given = _without_none(flags | {"images": root or flags["images"]})
    try:
        settings = load_demo(given) if demo else load(given)
        run(settings, lambda port: log_startup(settings, port))
    except SettingsError as error:
        _fail_to_start(str(error), 2, flags)
    except PixmillError as error:
        _fail_to_start(_sentence(error), 1, flags)
    except OSError as error:
        _fail_to_start(str(error), 1, flags)
    except Exception:
        if not logs_json(flags):
            raise
        structlog.get_logger().critical("stopped by an error", exc_info=True)
        sys.exit(1)


def _fail_to_start(message: str, code: int, flags: Mapping[str, str | None]) -> NoReturn:
    print_failure(message, flags)
    sys.exit(code)


@commands.command(cls=GroupedCommand, short_help="Resize a file or a URL into a file.")
@click.argument("source")
@click.argument("target", type=click.Path(dir_okay=False, allow_dash=True))
@with_params
def resize(source: str, target: str, **params: str | None) -> None:
    """Resize SOURCE (a file, a URL, or - for standard input) into TARGET (a file, or - for standard output).

    The format is that of --format, else of TARGET's name.
    """
    folder = Path(target).parent
    if not folder.is_dir():
        _fail(f"{folder}: this folder, for {target}, is not there", 1)
    values = _without_none(params)
    values.setdefault("format", _format_of(target))
    with _open_engine() as engine, _open_source(source) as original:
        rendered = engine.render_texts(original, values)
    with click.open_file(target, "wb", atomic=target != "-") as file:
        file.write(rendered.body)
    click.echo(f"{rendered.format} {rendered.width} x {rendered.height}, {len(rendered.body)} bytes", err=True)


def _format_of(target: str) -> str:
    suffix = Path(target).suffix.lower().lstrip(".")
    by_extension = {media.extension: form.value for form, media in MEDIA.items() if form not in DESCRIPTION_FORMATS}
    names = by_extension | {"jpeg": Format.JPEG.value, "json": Format.JSON.value, "tif": Format.TIFF.value}
    return names.get(suffix, suffix or "auto")  # an unknown one is refused as a format


@commands.command(cls=GroupedCommand, short_help="Print format, size and more of an image.")
@click.argument("source")
@with_info_params
def info(source: str, **params: str | None) -> None:
    """Print image information of SOURCE (a file, a URL, or - for standard input) as JSON."""
    with _open_engine() as engine, _open_source(source) as original:
        _print_json(engine.info_texts(original, _without_none(params)))


def _open_engine() -> "Engine":
    from pixmill.library.engine import Engine  # noqa: PLC0415 - the other commands need none

    return Engine.of(load({"workers": 1}))


def _open_source(source: str) -> "AbstractContextManager[str] | AbstractContextManager[BinaryIO]":
    """Open a file, or standard input; a URL stays as it is. Raises OSError."""
    return (
        nullcontext(source)
        if "://" in source
        else cast("AbstractContextManager[BinaryIO]", click.open_file(source, "rb"))
    )


@commands.command(short_help="Sign a URL with the newest key.")
@click.argument("url")
@click.option("--expires-in", type=click.IntRange(1), metavar="SECONDS", help="Lifetime of the URL.")
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


@commands.command(short_help="Explain a URL: dialect, source, plan and cache key.")
@click.argument("url")
def explain(url: str) -> None:
    """Explain a URL (a path with its query, or a whole URL): dialect, source, plan and cache key."""
    parts = _split(url)
    settings = load()
    match = _match(settings, None, parts)
    outcome = match.parse(parts.query.encode())
    image_request = image_of(outcome)
    if image_request is None:
        _print_json({"dialect": match.mounted.name, "answer": msgspec.to_builtins(outcome)})
    else:
        _print_json({"dialect": match.mounted.name} | explained(image_request))


@commands.command(short_help="Print the native URL of a URL of another service.")
@click.argument("url")
@click.option("--dialect", metavar="NAME", help="Read URL as this dialect, mounted for this purpose alone.")
@click.option("--host", default="", help="Host of the entry; that of URL by default.")
@click.option("--mount", default="", help="Mount of the entry, in front of the path of URL.")
@click.option("--to", metavar="NAME", help="Print the URL of this dialect, as the settings mount it; all: of each.")
@click.option("--json", "as_json", is_flag=True, help="Print dialect, native URL, source, plan and cache key as JSON.")
def translate(url: str, dialect: str | None, host: str, mount: str, to: str | None, *, as_json: bool) -> None:
    """Print the native URL that means the same as URL, and its plan; or the URL of another dialect."""
    parts = _split(url)
    parts = parts._replace(netloc=host or parts.netloc, path=mount + parts.path)
    settings = load()
    try:
        registry = settings.dialect_registry(None) if dialect is None else ad_hoc_registry(dialect, mount)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--dialect") from error
    try:
        match = registry.require(registry.known_host(parts.netloc.encode()), parts.path.encode())
    except RouteNotFound:
        if dialect is not None:
            raise
        names = [service.name for service in marked_services(parts.path.encode(), parts.query.encode())] or ["NAME"]
        _fail(f"no dialect of the settings has this URL; to read it without them, give --dialect {names[0]}", 1)
    outcome = match.parse(parts.query.encode())
    image_request = image_of(outcome)
    if image_request is None:
        _print_json({"dialect": match.mounted.name, "answer": msgspec.to_builtins(outcome)})
        return
    if to is not None:
        _print_written(settings, named_request(match, image_request), to)
        return
    native = _native_url(outcome, image_request)
    described = {"dialect": match.mounted.name, "native": native} | explained(image_request)
    if as_json:
        _print_json(described)
    else:
        click.echo(native or "There is no native URL that says exactly this.")
        _print_json(described["plan"])


def _print_written(settings: Settings, image_request: ImageRequest, to: str) -> None:
    """Print the URL of a dialect, mounted or not; ``all``: one line of each service. No URL is a failure."""
    registry = settings.dialect_registry(None)
    if to == "all":
        mounted = {written.name: written for written in write(registry, image_request)}
        for service in write_everywhere(image_request):
            written = mounted.get(service.name, service)
            click.echo(f"{written.name:<13} {written.url or '-'}{f'  ({written.reason})' if written.reason else ''}")
        return
    if to not in DIALECTS:
        raise click.BadParameter(f"there is no dialect {to[:64]!r}", param_hint="--to")
    found = [written for written in write(registry, image_request) if written.name == to]
    written = next((one for one in found if one.url), None) or (found or [write_as(to, image_request)])[0]
    if written.url is None:
        _fail(f"{to}: {written.reason}", 1)
    click.echo(written.url)
    if written.reason:
        click.echo(written.reason, err=True)


def _native_url(outcome: Outcome, image_request: ImageRequest) -> str | None:
    """Return the native URL of a request, None if there is none."""
    if isinstance(outcome, FactsRequest):
        return native_info_url(image_request)
    try:
        return native_url(image_request)
    except PixmillError:
        return None


def _match(settings: Settings, keyring: Keyring | None, parts: SplitResult) -> DialectMatch:
    dialects = settings.dialect_registry(keyring)
    return dialects.require(dialects.known_host(parts.netloc.encode()), parts.path.encode())


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from error


@commands.group(
    cls=GroupedGroup, invoke_without_command=True, short_help="Show every setting, its value and its source."
)
@with_settings
@click.pass_context
def config(context: click.Context, /, **flags: str | None) -> None:
    """Show every setting, its value and where it came from."""
    if context.invoked_subcommand:
        return
    values = _without_none(flags)
    rows = setting_origins(load(values), values)
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.source:<11}  {row.value}")


@config.command("import")
@click.argument("service", type=click.Choice(["imgproxy"]))
@click.argument("envfile", type=click.Path(exists=True, dir_okay=False), required=False)
@click.option("--host", default="", metavar="NAME", help="Host name that clients use.")
def import_config(service: str, envfile: str | None, host: str) -> None:
    """Translate the settings of SERVICE into settings of Pixmill, for .env.

    They are read from ENVFILE, or without one from the environment. What has no equivalent is a comment.
    """
    del service  # there is one
    variables = dotenv_values(envfile, interpolate=False) if envfile else os.environ
    given = {name: value for name, value in variables.items() if value is not None}
    paths = [given[IMGPROXY_PREFIX + name] for name in FILES if IMGPROXY_PREFIX + name in given]
    try:
        files = {path: Path(path).read_text() for path in paths if Path(path).is_file()}
        imported = import_environment(given, host, files)
    except ValueError as error:
        _fail(str(error), 1)
    for name, value in sorted(imported.settings.items()):
        click.echo(f"{name}={quoted(value)}")
    click.echo(f"PIXMILL_DIALECTS={quoted(entry_json(imported))}")
    for name, reason in sorted(imported.comments.items()):
        click.echo(f"# {name}: {reason}")


@commands.command(short_help="Remove or expire cached results.")
@click.option("--source", "sources", multiple=True, metavar="URL", help="Results of this original.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Results with this tag.")
@click.option(
    "--prefix", "prefixes", multiple=True, metavar="PREFIX", help="Results of originals whose URL begins with this."
)
@click.option("--all", "everything", is_flag=True, help="All results.")
@click.option("--soft", is_flag=True, help="Mark results stale instead of removing them.")
@click.option("--server", metavar="URL", help="URL of the server; default: host and port of the settings.")
def purge(server: str | None, *, everything: bool, soft: bool, **named: tuple[str, ...]) -> None:
    """Purge results from the cache of a running server, with the first token of PIXMILL_ADMIN_TOKEN."""
    from pixmill.admin_client import purge as send_purge  # noqa: PLC0415 - the other commands need no HTTP client

    if not everything and not any(named.values()):
        raise click.UsageError("Nothing to purge: give --source, --tag, --prefix or --all")
    result = send_purge(load(), server, {**named, "all": everything, "soft": soft})
    click.echo(f"{result['issued']} purges are in force; {result['removed']} entries removed from memory")
    if result["unsynced"]:
        _fail(f"not yet logged, will be retried: {', '.join(result['unsynced'])}", 1)


@commands.command(short_help="Queue URLs for rendering ahead of requests.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--server", metavar="URL", help="URL of the server; default: host and port of the settings.")
def warm(file: TextIO, server: str | None) -> None:
    """Queue URLs for cache warming on a running server.

    FILE (- for standard input) has one URL per line, as clients would request it.
    """
    from pixmill.admin_client import warm as send_warm  # noqa: PLC0415 - the other commands need no HTTP client

    rejected: list[str] = []

    def on_rejected(url: str, reason: str) -> None:
        rejected.append(url)
        click.echo(f"{url}: {reason}", err=True)

    added = send_warm(load(), server, (line.strip() for line in file if line.strip()), on_rejected)
    click.echo(f"{added} URLs queued")
    if rejected:
        _fail(f"{len(rejected)} rejected", 1)


@commands.command(short_help="Check this installation, or try a request step by step.")
@click.option("--source", metavar="URL", help="Try a request for this image: a URL, or a path below the image root.")
@click.option("--images", metavar="FOLDER", help="The image root, as for serve.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def doctor(source: str | None, images: str | None, *, as_json: bool) -> None:
    """Check this installation: formats, sandbox, stores, and what is wrong with them.

    With --source, try a whole request for an image instead, and explain each step: where it comes from, whether it may,
    how it is reached, what it is, and what to change where a step fails.
    """
    from pixmill.doctor.command import run  # noqa: PLC0415 - it starts a worker

    if not run(load(_without_none({"images": images})), source, as_json=as_json):
        sys.exit(1)


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
