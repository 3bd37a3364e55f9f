"""What this installation can do, and what is wrong with it, for people.

Knows settings, the parts' own probes and the report of a worker process.
"""

import asyncio
import subprocess
import sys
from dataclasses import dataclass

import msgspec

from pixmill import __version__
from pixmill.engine.confinement import Confinement
from pixmill.errors import PixmillError
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.serve import FILES_BESIDE, allow_files
from pixmill.settings import Settings, SettingsError
from pixmill.wiring import opened

REPORT_TIMEOUT_S = 30.0
_EXPECTED = tuple(kind.value for kind in OUTPUT_FORMATS if kind is not Format.SVG)  # which is passed on, never written


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the report."""

    text: str
    wrong: bool = False
    weak: bool = False

    @property
    def mark(self) -> str:
        return "✗" if self.wrong else "!" if self.weak else "✓"


class Report(msgspec.Struct, frozen=True):
    """What ``pixmill.engine.capabilities`` prints."""

    reads: dict[str, str]
    writes: dict[str, str]
    lacks: dict[str, str]
    kernel: bool
    confined: list[str]
    unconfined: dict[str, str]
    versions: dict[str, str]


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be said without a request."""
    return [
        Finding(f"Pixmill {__version__}, Python {sys.version.split()[0]}"),
        _files(settings),
        *_formats(settings.confinement),
        *asyncio.run(_parts(settings)),
    ]


def _files(settings: Settings) -> Finding:
    most = allow_files()
    wanted = settings.max_connections + FILES_BESIDE
    few = f": too few for PIXMILL_MAX_CONNECTIONS={settings.max_connections}, raise ulimit -n to {wanted}"
    return Finding(f"May open {most} files{few if most < wanted else ''}", wrong=most < wanted)


def _formats(confinement: Confinement) -> list[Finding]:
    command = [sys.executable, "-m", "pixmill.engine.capabilities", confinement.value]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=REPORT_TIMEOUT_S)  # noqa: S603 - our own module
        report = msgspec.json.decode(done.stdout, type=Report)
    except subprocess.SubprocessError as error:
        stderr = getattr(error, "stderr", None) or b""
        return [Finding(f"The pixel libraries cannot be loaded: {stderr.decode(errors='replace').strip()}", wrong=True)]
    except msgspec.DecodeError as error:
        return [Finding(f"The pixel libraries report nonsense: {error}", wrong=True)]
    return [
        Finding("Libraries: " + ", ".join(f"{name} {version}" for name, version in report.versions.items())),
        Finding("Reads " + _listed(report.reads)),
        Finding("Writes " + _listed(report.writes)),
        *(Finding(f"Without {kind}: pip install 'pixmill[{extra}]' brings it") for kind, extra in report.lacks.items()),
        *(
            Finding(f"Cannot write {kind}", wrong=True)
            for kind in _EXPECTED
            if kind not in (*report.writes, *report.lacks)
        ),
        Finding("Resamples in linear light by the compiled kernel")
        if report.kernel
        else Finding("The compiled kernel is missing (no C compiler at installation): libvips resamples", wrong=True),
        *_confinement(report, confinement),
    ]


def _confinement(report: Report, wanted: Confinement) -> list[Finding]:
    """What was in force in the process that made the report, as it is in workers."""
    held = ", ".join(["limits", *report.confined])
    return [
        Finding(f"Workers are confined by {held}"),
        *(
            Finding(f"Workers are not confined by {layer}: {why}", wrong=wanted is Confinement.STRICT, weak=True)
            for layer, why in report.unconfined.items()
        ),
    ]


def _listed(libraries: dict[str, str]) -> str:
    return ", ".join(f"{kind} ({library})" for kind, library in libraries.items())


async def _parts(settings: Settings) -> list[Finding]:
    """Open everything as the server would, and have each part prove that it works."""
    try:
        async with opened(settings) as services:
            report = await services.health.ready()
    except (PixmillError, SettingsError, OSError) as error:
        detail = getattr(error, "detail", "")
        return [Finding(f"Cannot start: {error} {detail}".strip(), wrong=True)]
    return [
        Finding(f"{name}: {'well' if part.ok else part.code}, {part.seconds * 1000:.0f} ms", wrong=not part.ok)
        for name, part in report.parts.items()
    ]
