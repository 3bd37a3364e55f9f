"""What ``pixmill serve`` prints when it starts, or cannot, in the log format: sentences for people, or a line of JSON.

Knows settings and folders. Must never send anything over a network, nor look at more than ``MAX_ENTRIES`` files.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from shlex import quote
from typing import Final
from urllib.parse import unquote, urlencode, urlsplit

import click
import structlog

from pixmill import __version__
from pixmill.api.config import is_loopback
from pixmill.engine.capabilities import startup_warnings
from pixmill.errors import PixmillError
from pixmill.media import DESCRIPTION_FORMATS, MEDIA
from pixmill.plan.source import parse_source
from pixmill.setting_sources import read_sources
from pixmill.settings import Settings, is_default, load
from pixmill.telemetry.config import TelemetryConfig
from pixmill.telemetry.log_writer import stderr_writer
from pixmill.telemetry.logs import configure_logging, is_json
from pixmill.telemetry.redaction import printable, redact

DEMO_PHOTOS: Final = Path(__file__).with_name("demo") / "photos"
"""Sample photos in the package, with their authors in ``demo/ATTRIBUTION.md``."""

MAX_ENTRIES: Final = 2_000
"""Files and folders that are looked at to count images: the count is for people, and the start does not wait for it."""

MAX_DEPTH: Final = 3
"""Levels of folders that are looked at."""

_SUFFIXES: Final = frozenset(
    {f".{media.extension}" for form, media in MEDIA.items() if form not in DESCRIPTION_FORMATS} | {".jpeg", ".tif"}
)
_NAMES: Final = 4
_TRY_WIDTH: Final = 400
_OF_THIS_MACHINE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound
"""Addresses to connect to a server that listens on all of them."""

_LOG_FORMAT: Final = "log_format"


@dataclass(frozen=True, slots=True)
class FoundImages:
    """Names of images below a folder; ``has_more`` if not all of it was looked at."""

    names: tuple[str, ...]
    has_more: bool = False

    def __str__(self) -> str:
        count = len(self.names)
        return f"{'more than ' * self.has_more}{count:,} image{'s' * (count != 1 or self.has_more)}"

    def summary(self) -> str:
        """Return the first names, and the number of the others."""
        shown, others = ", ".join(self.names[:_NAMES]), len(self.names) - _NAMES
        return f"{shown} and {others:,} more" if others > 0 else shown


def find_images(root: Path, *, hidden: bool = False) -> FoundImages:
    """Find images by the endings of their names, in order, those at the top first."""
    entries = list(islice(_entries(root, hidden), MAX_ENTRIES + 1))
    names = [path.relative_to(root).as_posix() for path in entries[:MAX_ENTRIES] if path.suffix.lower() in _SUFFIXES]
    return FoundImages(tuple(sorted(names, key=lambda name: (name.count("/"), name))), len(entries) > MAX_ENTRIES)


def _entries(root: Path, hidden: bool) -> Iterator[Path]:
    for depth, (folder, folders, files) in enumerate(os.walk(root)):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        if len(Path(folder).relative_to(root).parts) + 1 >= MAX_DEPTH:
            folders.clear()
        folders.sort()
        yield from (Path(folder, name) for name in files if hidden or not name.startswith("."))
        if depth >= MAX_ENTRIES:
            return


@dataclass(frozen=True, slots=True)
class StartupReport:
    """What a server serves, where, and what to try. ``images`` is None without an image root that is a folder."""

    url: str
    root: str
    images: FoundImages | None
    example: str
    hint: str
    admin: str
    playground: str
    warnings: tuple[str, ...] = ()
    processes: int = 1

    def fields(self) -> dict[str, object]:
        """Return the fields of the line of JSON; what is empty is left out."""
        fields: dict[str, object] = {"url": self.url, "version": __version__, "root": self.root}
        if self.images is not None:
            fields["images"] = len(self.images.names)
        fields |= {"playground": self.playground, "try": self.example, "hint": self.hint, "admin": self.admin}
        fields |= {"processes": self.processes} if self.processes > 1 else {}
        fields |= {"warnings": list(self.warnings)} if self.warnings else {}
        return {name: value for name, value in fields.items() if value != ""}

    def lines(self) -> list[str]:
        """Return the lines for people."""
        served = self.root if self.images is None else f"{self.images} of {self.root}"
        if self.root == str(DEMO_PHOTOS):
            served = "sample photos"
        rows = {
            "Images": self.images.summary() if self.images else "",
            "Open": self.playground,
            "Try": f"curl -o out.webp {quote(self.example)}" if self.example.startswith("http") else self.example,
            "Hint": self.hint,
            "Runs": f"{self.processes} server processes" if self.processes > 1 else "",
            "Admin": f"http://{self.admin}" if self.admin else "",
            "Stop": "Ctrl-C",
        }
        return [
            f"Pixmill {__version__} serves {served or 'images of the web'} on {self.url}",
            "",
            *(f"  Warning {text}" for text in self.warnings),
            *(f"  {name:<8}{text}" for name, text in rows.items() if text),
            "",
        ]


def describe(settings: Settings, port: int) -> StartupReport:
    """Describe a server that listens on ``port``."""
    host = _OF_THIS_MACHINE.get(settings.host, settings.host)
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    url += settings.url_prefix()
    folder = _folder(settings.images)
    images = find_images(folder, hidden=settings.images_hidden) if folder else None
    root = str(folder.resolve()) if folder else redact(settings.images or settings.allowed_sources)
    return StartupReport(
        url,
        root,
        images,
        _example(settings, url, images),
        _hint(settings, images),
        settings.admin_listen,
        _playground(settings, url),
        tuple(startup_warnings()),
        settings.process_count(),
    )


def _playground(settings: Settings, url: str) -> str:
    """Return the address of the playground; empty if it is off, as by default on an address that is not loopback."""
    return f"{url}/" if settings.has_playground() else ""


def _folder(images: str) -> Path | None:
    """Return the image root if it is a folder of this machine."""
    parts = urlsplit(images)
    path = unquote(parts.path) if parts.scheme == "file" else "" if "://" in images else images
    folder = Path(path).expanduser()
    return folder if path and folder.is_dir() else None


def _example(settings: Settings, url: str, images: FoundImages | None) -> str:
    """Return a URL that works, or the command that signs one; empty if nothing is known that could be requested."""
    name = next((name for name in images.names if _is_allowed(settings, name)), None) if images else None
    if name is None:
        return ""
    target = f"/resize?{urlencode({'url': name, 'width': _TRY_WIDTH, 'format': 'webp'})}"
    return f"pixmill sign {quote(url + target)}" if settings.keyring() else url + target


def _is_allowed(settings: Settings, name: str) -> bool:
    with suppress(PixmillError):
        return settings.allow_list().allows(parse_source(name))
    return False


def _hint(settings: Settings, images: FoundImages | None) -> str:
    if images is not None:
        return "" if images.names else "there are no images in this folder yet"
    if settings.images:
        return ""
    here = find_images(Path.cwd())
    if here.names:
        return f"there is no image root; `pixmill serve .` serves this folder, which has {here}"
    return "there is no image root; `pixmill serve FOLDER` serves a folder, `pixmill serve --demo` sample photos"


def log_startup(settings: Settings, port: int) -> None:
    """Print where the server listens, what it serves and what to try first."""
    report = describe(settings, port)
    writer = stderr_writer()
    if is_json(settings, writer):
        structlog.get_logger().info("listening", **report.fields())
    else:
        writer.write_lines([printable(line).encode() for line in report.lines()])


def load_demo(flags: Mapping[str, str]) -> Settings:
    """Load the settings of a server of the sample photos.

    Unless settings say otherwise, results are in memory only, this machine sees errors as images and pages, and other
    machines may request nothing but the photos.
    """
    given: dict[str, str] = {"cache": "memory://"} if is_default("cache", flags) else {}
    given |= {**flags, "images": str(DEMO_PHOTOS)}
    is_closed = not all(is_default(name, flags) for name in ("keys", "allowed_sources", "unsigned"))
    settings = load(given if is_closed else {**given, "allowed_sources": "path:"})
    if not is_loopback(settings.host):
        return settings
    errors = {"error_images": "development"} if is_default("error_images", flags) else {}
    return load(given | errors)


def logs_json(flags: Mapping[str, str | None]) -> bool:
    """Return whether a server with these flags, which may be invalid, logs lines of JSON."""
    return is_json(_telemetry_config(flags), stderr_writer())


def print_failure(message: str, flags: Mapping[str, str | None]) -> None:
    """Print why the server does not start; ``flags`` are those of the command line."""
    if logs_json(flags):
        configure_logging(_telemetry_config(flags))
        structlog.get_logger().critical("cannot start", error=message)
        stderr_writer().flush()
    else:
        click.echo(f"pixmill: {message}", err=True)


def log_format_flag(arguments: list[str]) -> dict[str, str | None]:
    """Return the flag of the log format among arguments that cannot be parsed."""
    name = "--log-format"
    pairs = [each.partition("=")[::2] for each in arguments if each.startswith(f"{name}=")]
    pairs += [(flag, value) for flag, value in pairwise(arguments) if flag == name]
    return {_LOG_FORMAT: pairs[-1][1]} if pairs else {}


def _telemetry_config(flags: Mapping[str, str | None]) -> TelemetryConfig:
    """Return the log format of settings that are not valid as a whole."""
    flags = {name: value for name, value in flags.items() if value is not None}
    given = read_sources({_LOG_FORMAT: TelemetryConfig.model_fields[_LOG_FORMAT]}, flags).given
    text = given[_LOG_FORMAT].value if _LOG_FORMAT in given else "auto"
    return TelemetryConfig(log_format="json" if text == "json" else "console" if text == "console" else "auto")
