"""Opens what is sent to other systems, if it is on: traces and metrics by OTLP, and defects to Sentry.

Knows which settings and variables belong together. Imports none of their libraries while they are off.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Final

from prometheus_client.metrics_core import Metric as Family

from pixmill.api.http.forwarded import is_trusted
from pixmill.api.middleware.telemetry import RequestTracer
from pixmill.ports.observe import Observer
from pixmill.settings import Settings, SettingsError
from pixmill.telemetry.otel import environment
from pixmill.telemetry.prometheus import Metrics
from pixmill.telemetry.sentry import open_error_reports

_MODULE: Final = "opentelemetry.exporter.otlp.proto.http"


@dataclass(frozen=True, slots=True)
class Tracing:
    """The metrics, what observes in front of them, and what begins the traces of requests."""

    metrics: Metrics
    observer: Observer
    tracer: RequestTracer | None = None


@asynccontextmanager
async def open_tracing(settings: Settings) -> AsyncIterator[Tracing]:
    """Yield the metrics alone, or with traces. Raises SettingsError."""
    if not settings.traces:
        metrics = Metrics()
        yield Tracing(metrics, metrics)
        return
    _check("PIXMILL_TRACES", "traces")
    from pixmill.telemetry.otel import export, spans  # noqa: PLC0415 - an extra, and only while traces are on

    metrics = Metrics(spans.current_exemplar)
    count = export.count_dropped(metrics, "traces")
    with _readable_variables():
        provider = export.make_provider(count, environment.queue_size(os.environ))
    tracer = provider.get_tracer("pixmill")
    request_tracer = spans.RequestTracer(metrics, tracer, _trusts_peer(settings))
    try:
        yield Tracing(metrics, spans.SpanObserver(metrics, tracer), request_tracer)
    finally:
        done = export.close_provider(provider)
        await asyncio.to_thread(done.wait, export.SHUTDOWN_TIMEOUT_S)


async def open_metric_export(
    settings: Settings, metrics: Metrics, flush: Callable[[], None], stack: AsyncExitStack
) -> None:
    """Send the metrics by OTLP if that is on; ``flush`` is called before they are read. Raises SettingsError."""
    if not settings.otlp_metrics:
        return
    _check("PIXMILL_OTLP_METRICS", "metrics")
    from pixmill.telemetry.otel.export import count_dropped  # noqa: PLC0415 - an extra, and only while it is on
    from pixmill.telemetry.otel.metrics import MetricExport  # noqa: PLC0415

    def collect() -> Iterable[Family]:
        flush()
        return metrics.registry.collect()

    interval_s = environment.metric_interval_s(os.environ)
    with _readable_variables():
        export = MetricExport(collect, interval_s, count_dropped(metrics, "metrics"))
    stack.push_async_callback(export.close)
    await export.open()


@contextmanager
def error_reports() -> Iterator[None]:
    """Report defects to Sentry in this block, if SENTRY_DSN is set. Raises SettingsError."""
    try:
        close = open_error_reports(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    try:
        yield
    finally:
        close()


@contextmanager
def _readable_variables() -> Iterator[None]:
    """Raise SettingsError for a variable that only the SDK reads."""
    try:
        yield
    except ValueError as error:
        raise SettingsError(f"A variable OTEL_… cannot be read: {error}") from error


def _check(setting: str, *signals: str) -> None:
    """Raise SettingsError without the extra, or for a variable that cannot be meant."""
    if not is_otel_installed():
        raise SettingsError(f"{setting}=true needs the extra pixmill[otel]: pip install 'pixmill[otel]'")
    if problems := tuple(f"{setting}=true: {one}" for one in environment.problems(os.environ, signals)):
        raise SettingsError.of(problems)


def is_otel_installed() -> bool:
    """Return whether the extra is installed; imports nothing of it."""
    try:
        return find_spec(_MODULE) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


def _trusts_peer(settings: Settings) -> Callable[[str], bool]:
    """Return whether the trace of a client with this address is taken over."""
    if settings.trust_traceparent == "proxies":
        return partial(is_trusted, trusted_proxies=settings.proxy_networks())
    is_trusting = settings.trust_traceparent == "all"
    return lambda _peer: is_trusting
