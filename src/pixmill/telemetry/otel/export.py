"""Sends spans to a collector by OTLP over HTTP, with the SDK of OpenTelemetry.

Where to, how much and how often is what the standard variables ``OTEL_*`` say. Spans wait in a bounded queue for a
thread that sends them: a collector that is slow or gone costs spans, which are counted, and never a request any time.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from pixmill import __version__
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.event_log import EventLog

SHUTDOWN_TIMEOUT_S: Final = 2.0
"""Time at the end for sending what is queued."""

MAX_BATCH: Final = 512
"""Spans of one export, also the smallest queue."""

_LIBRARY_LOGGER: Final = "opentelemetry"

CountDropped = Callable[[int, str], None]
"""Counts spans or data points that are lost, with the reason."""


def count_dropped(observer: Observer, signal: str) -> CountDropped:
    """Return a function that counts what is lost of this signal."""

    def count(amount: int, reason: str) -> None:
        observer.increment(Event.TELEMETRY_DROPPED, amount, signal=signal, reason=reason)

    return count


def make_resource() -> Resource:
    """Return who sends: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, else Pixmill and a new id of this process."""
    defaults = {
        "service.name": "pixmill",
        "service.version": __version__,
        "service.instance.id": str(uuid.uuid4()),
    }
    given = OTELResourceDetector().detect().attributes
    return Resource.create({name: value for name, value in defaults.items() if name not in given})


def make_provider(count: CountDropped, max_queue_size: int) -> TracerProvider:
    """Return a provider that samples as OTEL_TRACES_SAMPLER says, and sends in the background."""
    provider = TracerProvider(resource=make_resource(), shutdown_on_exit=False)
    provider.add_span_processor(BoundedProcessor(OTLPSpanExporter(), count, max_queue_size))
    return provider


def close_provider(provider: TracerProvider) -> threading.Event:
    """Send what is queued in a thread that no exit waits for; the event is set when it has."""
    done = threading.Event()

    def close() -> None:
        provider.shutdown()
        done.set()

    threading.Thread(target=close, name="otel-shutdown", daemon=True).start()
    return done


class CollectorState:
    """Logs when a collector stops to take what is sent, and when it takes it again."""

    def __init__(self, signal: str) -> None:
        logging.getLogger(_LIBRARY_LOGGER).setLevel(logging.CRITICAL)  # it would write a line for each attempt
        self._signal = signal
        self._is_failing = False
        self._log = EventLog("telemetry")

    def note(self, *, is_taken: bool) -> None:
        """Record the outcome of an export."""
        if self._is_failing is not is_taken:
            return
        self._is_failing = not is_taken
        component = f"the OTLP collector of {self._signal}"
        if is_taken:
            self._log.info("component_recovered", component=component)
        else:
            detail = "what it does not take is dropped, and counted in pixmill_telemetry_dropped_total"
            self._log.warning("component_failing", component=component, code="export_failed", detail=detail)


class BoundedProcessor(SpanProcessor):
    """The SDK's batch processor, with drops that are counted: of spans beyond the queue, and of failed exports."""

    def __init__(self, exporter: SpanExporter, count: CountDropped, max_queue_size: int) -> None:
        self._exporter = _CountingExporter(exporter, count)
        self._processor = BatchSpanProcessor(self._exporter, max_queue_size, max_export_batch_size=MAX_BATCH)
        self._count = count
        self._max_queue_size = max_queue_size
        self._accepted = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing is done with a span before its end."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue it. On the thread of the event loop, as the count."""
        if self._accepted - self._exporter.taken >= self._max_queue_size:
            self._count(1, "queue_full")
            return
        self._accepted += 1
        self._processor.on_end(span)

    def shutdown(self) -> None:
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves this one without types

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._processor.force_flush(timeout_millis)


class _CountingExporter(SpanExporter):
    """``taken`` counts spans that have left the queue; only the thread of the processor writes it."""

    def __init__(self, exporter: SpanExporter, count: CountDropped) -> None:
        self._exporter = exporter
        self._count = count
        self._state = CollectorState("traces")
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        try:
            result = self._exporter.export(spans)
        except Exception:  # noqa: BLE001 - the thread goes on, whatever a collector answers
            result = SpanExportResult.FAILURE
        is_taken = result is SpanExportResult.SUCCESS
        if not is_taken:
            self._count(len(spans), "export_failed")
        self._state.note(is_taken=is_taken)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)
