"""``pixmill doctor``: what this installation can do, and what is wrong with it.

Knows settings, the health checks of the parts, and the capability report of a worker process.
"""

import asyncio
import subprocess
import sys
from dataclasses import dataclass

import msgspec

from pixmill import __version__
from pixmill.doctor.report import SYMBOLS, Outcome
from pixmill.engine.capabilities import NO_JPEGLI, NO_KERNEL, NO_SANDBOX, Capabilities
from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.errors import PixmillError
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.runtime.operating_system import IS_LINUX, raise_open_files_limit
from pixmill.server import RESERVED_OPEN_FILES
from pixmill.settings import Settings, SettingsError
from pixmill.tracing import is_otel_installed
from pixmill.wiring import build_services

REPORT_TIMEOUT_S = 30.0
_EXPECTED_OUTPUTS = tuple(
    kind.value for kind in OUTPUT_FORMATS if kind is not Format.SVG
)  # passed through, never encoded


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A line of the report."""

    text: str
    is_error: bool = False
    is_warning: bool = False
    is_optional: bool = False

    @property
    def outcome(self) -> Outcome:
        if self.is_error:
            return Outcome.ERROR
        if self.is_warning:
            return Outcome.WARNING
        return Outcome.OPTIONAL if self.is_optional else Outcome.OK

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.outcome]


def diagnose(settings: Settings) -> list[CheckResult]:
    """Run all checks that need no request."""
    return [
        CheckResult(f"Pixmill {__version__}, Python {sys.version.split()[0]}"),
        _describe_processes(settings),
        _check_open_files(settings),
        *_check_formats(settings.sandbox),
        *asyncio.run(_check_parts(settings)),
    ]


def _describe_processes(settings: Settings) -> CheckResult:
    count, workers = settings.process_count(), settings.worker_count()
    shared = f", {max(1, workers // count)} or more for each" if count > 1 else ""
    return CheckResult(f"Server processes: {count}; render workers: {max(workers, count)}{shared}")


def _check_open_files(settings: Settings) -> CheckResult:
    limit = raise_open_files_limit()
    needed = settings.max_connections + RESERVED_OPEN_FILES
    if limit >= needed:
        return CheckResult(f"Open files: {limit}")
    lower = f", or set PIXMILL_MAX_CONNECTIONS={limit - RESERVED_OPEN_FILES}" if limit > RESERVED_OPEN_FILES else ""
    return CheckResult(
        f"Open files: {limit}, too few for PIXMILL_MAX_CONNECTIONS={settings.max_connections}: "
        f"raise ulimit -n to {needed} (containers: --ulimit nofile={needed}){lower}",
        is_error=True,
    )


def _check_formats(sandbox: SandboxMode) -> list[CheckResult]:
    command = [sys.executable, "-m", "pixmill.engine.capability_probe", sandbox.value]
    try:
        completed = subprocess.run(command, capture_output=True, check=True, timeout=REPORT_TIMEOUT_S)  # noqa: S603 - our own module
        report = msgspec.json.decode(completed.stdout, type=Capabilities)
    except subprocess.SubprocessError as error:
        stderr = getattr(error, "stderr", None) or b""
        return [
            CheckResult(
                f"The pixel libraries cannot be loaded: {stderr.decode(errors='replace').strip()}", is_error=True
            )
        ]
    except msgspec.DecodeError as error:
        return [CheckResult(f"The capability report is invalid: {error}", is_error=True)]
    return [
        CheckResult(
            "Libraries: " + ", ".join(f"{name} {version}" for name, version in report.library_versions.items())
        ),
        CheckResult("Reads " + _format_list(report.decoders)),
        CheckResult("Writes " + _format_list(report.encoders)),
        *(
            CheckResult(f"{kind} is not installed: pip install 'pixmill[{extra}]'", is_optional=True)
            for kind, extra in report.missing_extras.items()
        ),
        *(
            CheckResult(f"Cannot write {kind}", is_error=True)
            for kind in _EXPECTED_OUTPUTS
            if kind not in (*report.encoders, *report.missing_extras)
        ),
        *([] if report.encoders.get(Format.JPEG) == "jpegli" else [CheckResult(NO_JPEGLI, is_optional=True)]),
        CheckResult(f"Detects faces by {report.face_detector}")
        if report.face_detector
        else CheckResult("Faces are not detected: pip install 'pixmill[faces]'", is_optional=True),
        CheckResult("Recognises objects by EfficientNet-Lite0")
        if report.has_object_network
        else CheckResult("Objects are not recognised: pip install 'pixmill[objects]'", is_optional=True),
        CheckResult("Can send traces by OTLP")
        if is_otel_installed()
        else CheckResult("Traces cannot be sent: pip install 'pixmill[otel]'", is_optional=True),
        CheckResult("Resamples in linear light by the compiled kernel")
        if report.has_kernel
        else CheckResult(f"{NO_KERNEL[0].upper()}{NO_KERNEL[1:]}", is_error=True),
        *_check_sandbox(report, sandbox),
    ]


def _check_sandbox(report: Capabilities, mode: SandboxMode) -> list[CheckResult]:
    """Check the sandbox of the process that made the report, which is that of workers."""
    if not IS_LINUX:
        is_error = mode is SandboxMode.STRICT
        return [CheckResult(f"{NO_SANDBOX[0].upper()}{NO_SANDBOX[1:]}", is_error=is_error, is_warning=True)]
    layers = ", ".join(["limits", *report.sandbox_layers])
    return [
        CheckResult(f"Workers are sandboxed by {layers}"),
        *(
            CheckResult(
                f"Workers are not sandboxed by {layer}: {why}", is_error=mode is SandboxMode.STRICT, is_warning=True
            )
            for layer, why in report.missing_sandbox_layers.items()
        ),
    ]


def _format_list(libraries: dict[str, str]) -> str:
    return ", ".join(f"{kind} ({library})" for kind, library in libraries.items())


async def _check_parts(settings: Settings) -> list[CheckResult]:
    """Open everything as the server does, and run the health check of each part."""
    try:
        async with build_services(settings) as services:
            report = await services.lifecycle.health.health()
    except (PixmillError, SettingsError, OSError) as error:
        detail = getattr(error, "detail", "")
        return [CheckResult(f"Cannot start: {error} {detail}".strip(), is_error=True)]
    return [
        CheckResult(f"{name}: {'ok' if part.ok else part.code}, {part.seconds * 1000:.0f} ms", is_error=not part.ok)
        for name, part in report.components.items()
    ]
