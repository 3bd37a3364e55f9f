"""The standard variables of OpenTelemetry that Pixmill reads or checks, so that a wrong one is an error at the start.

The SDK would log a warning and go on with a default. Imports nothing of it.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

PROTOCOL: Final = "http/protobuf"
SAMPLERS: Final = (
    *("always_on", "always_off", "traceidratio"),
    *("parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
)
DEFAULT_QUEUE_SIZE: Final = 2_048
DEFAULT_INTERVAL_MS: Final = 60_000

_MAX_QUEUE_SIZE: Final = 100_000
_MIN_BATCH: Final = 512
_SIGNAL_VARIABLES: Final = {"traces": "TRACES_", "metrics": "METRICS_"}


def problems(environment: Mapping[str, str], signals: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence for each variable that cannot be meant."""
    for kind in ("", *(_SIGNAL_VARIABLES[signal] for signal in signals)):
        name = f"OTEL_EXPORTER_OTLP_{kind}PROTOCOL"
        if environment.get(name, PROTOCOL) not in {"", PROTOCOL}:
            yield f"{name}={environment[name]} is not supported: unset it, or set {name}={PROTOCOL}"
        name = f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT"
        if (text := environment.get(name, "")) and not _is_web_url(text):
            yield f"{name} must be a URL of http or https; for example {name}=http://localhost:4318"
    sampler = environment.get("OTEL_TRACES_SAMPLER", "")
    if sampler and sampler.lower() not in SAMPLERS:
        yield f"OTEL_TRACES_SAMPLER={sampler} is none of {', '.join(SAMPLERS)}"
    if (text := environment.get("OTEL_TRACES_SAMPLER_ARG", "")) and not _is_share(text):
        yield f"OTEL_TRACES_SAMPLER_ARG={text} must be a share between 0 and 1; for example OTEL_TRACES_SAMPLER_ARG=0.1"
    for name, lowest, highest in (
        ("OTEL_BSP_MAX_QUEUE_SIZE", _MIN_BATCH, _MAX_QUEUE_SIZE),
        ("OTEL_METRIC_EXPORT_INTERVAL", 1_000, 3_600_000),
    ):
        if (text := environment.get(name, "")) and not _is_between(text, lowest, highest):
            yield f"{name}={text} must be a whole number from {lowest} to {highest}"


def queue_size(environment: Mapping[str, str]) -> int:
    """Return OTEL_BSP_MAX_QUEUE_SIZE: spans that wait to be sent."""
    return int(environment.get("OTEL_BSP_MAX_QUEUE_SIZE", "") or DEFAULT_QUEUE_SIZE)


def metric_interval_s(environment: Mapping[str, str]) -> float:
    """Return OTEL_METRIC_EXPORT_INTERVAL in seconds."""
    return int(environment.get("OTEL_METRIC_EXPORT_INTERVAL", "") or DEFAULT_INTERVAL_MS) / 1_000


def _is_web_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _is_share(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


def _is_between(text: str, lowest: int, highest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and lowest <= int(text) <= highest  # noqa: PLR2004 - digits
