"""Spans of a request and its stages, and the W3C Trace Context of clients and origins (OpenTelemetry).

An observer in front of the metrics: what is timed for them becomes spans here, what is counted becomes their
attributes. Knows the API of OpenTelemetry; must never know who takes the spans, and costs nothing while tracing is off,
since nothing imports this module then.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import Token
from functools import partial
from time import time_ns
from types import TracebackType
from typing import Final, Self

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pixmill.ports.observe import Event, Measure, Measurement, RequestStage, Timer
from pixmill.telemetry.prometheus import Metrics
from pixmill.telemetry.redaction import redact

MAX_TRACEPARENT_CHARACTERS: Final = 128
"""A ``traceparent`` of version 00 has 55; later versions may be longer."""

MAX_TRACESTATE_CHARACTERS: Final = 512
"""What the specification asks to propagate at least (W3C Trace Context §3.3.1.5); a longer one is left out."""

_MAX_URL_CHARACTERS: Final = 2_048
_NANOSECONDS: Final = 1_000_000_000
_SERVER_ERROR: Final = 500
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_CLIENT_STAGES: Final = frozenset({RequestStage.FETCH})

ANNOTATING_EVENTS: Final = frozenset(
    {
        *(Event.CACHE_LOOKUP, Event.COALESCED, Event.FALLBACK, Event.FETCH, Event.LOCK),
        *(Event.NEGATIVE_HIT, Event.REJECTED, Event.RENDER),
    }
)
"""Events that happen to one request; their labels become attributes, ``pixmill.EVENT.LABEL``."""

Headers = Iterable[tuple[bytes, bytes]]


def _is_sampled(span: Span) -> bool:
    return span.get_span_context().trace_flags.sampled


def current_exemplar() -> dict[str, str] | None:
    """Return the trace and the span of the current task, None if they are not sampled."""
    context = get_current_span().get_span_context()
    if not context.trace_flags.sampled:
        return None
    return _ids_of(context)


def _ids_of(context: SpanContext) -> dict[str, str]:
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


def client_context(headers: Headers) -> Context | None:
    """Return the context that a client has sent; None without a valid one."""
    fields: dict[str, str] = {}
    for name, value in headers:
        if name == b"traceparent":
            if "traceparent" in fields or len(value) > MAX_TRACEPARENT_CHARACTERS:
                return None
            fields["traceparent"] = value.decode("latin-1")
        elif name == b"tracestate":
            fields["tracestate"] = (
                f"{fields['tracestate']},{value.decode('latin-1')}"
                if "tracestate" in fields
                else (value.decode("latin-1"))
            )
    if "traceparent" not in fields:
        return None
    if len(fields.get("tracestate", "")) > MAX_TRACESTATE_CHARACTERS:
        del fields["tracestate"]
    context = _PROPAGATOR.extract(fields, Context())
    return context if get_current_span(context).get_span_context().is_valid else None


class SpanObserver:
    """``TracingObserver``: passes everything on to the metrics, and makes spans of the stages of sampled requests."""

    def __init__(self, metrics: Metrics, tracer: Tracer) -> None:
        self._metrics = metrics
        self._tracer = tracer

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        self.bind_timer(stage)(seconds)

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        self._metrics.increment(event, amount, **labels)
        if amount and event in ANNOTATING_EVENTS:
            _annotate(_attributes(event, labels))

    def bind_counter(self, event: Event, **labels: str) -> Callable[[float], None]:
        count = self._metrics.bind_counter(event, **labels)
        if event not in ANNOTATING_EVENTS:
            return count
        attributes = _attributes(event, labels)

        def count_and_annotate(amount: float) -> None:
            count(amount)
            _annotate(attributes)

        return count_and_annotate

    def bind_timer(self, stage: RequestStage, **labels: str) -> Timer:
        observe, attributes = self._metrics.bind_timer(stage, **labels), _attributes(stage, labels)

        def observe_and_trace(seconds: float, ended_s_ago: float = 0.0) -> None:
            observe(seconds)
            if _is_sampled(get_current_span()):
                ended = time_ns() - int(ended_s_ago * _NANOSECONDS)
                started = ended - int(seconds * _NANOSECONDS)
                self._tracer.start_span(stage, start_time=started, attributes=attributes).end(ended)

        return observe_and_trace

    def bind_measure(self, stage: RequestStage, **labels: str) -> Measure:
        observe, attributes = self._metrics.bind_timer(stage, **labels), _attributes(stage, labels)
        return partial(self._measure, stage, observe, attributes)

    def trace_headers(self) -> Mapping[str, str]:
        """Return the header fields that tell an origin the current span."""
        fields: dict[str, str] = {}
        _PROPAGATOR.inject(fields)
        return fields

    def _measure(
        self,
        stage: RequestStage,
        observe: Timer,
        attributes: Mapping[str, str],
        began_s_ago: float = 0.0,
        /,
        **more_attributes: str,
    ) -> AbstractContextManager[None]:
        if not _is_sampled(get_current_span()):
            return Measurement(observe, began_s_ago)
        span = self._tracer.start_span(
            stage,
            kind=SpanKind.CLIENT if stage in _CLIENT_STAGES else SpanKind.INTERNAL,
            start_time=time_ns() - int(began_s_ago * _NANOSECONDS),
            attributes={**attributes, **_attributes(stage, more_attributes)},
        )
        return StageSpan(observe, span, began_s_ago)


class StageSpan(Measurement):
    """Times its block for the metrics, and by a span, which is the parent of spans inside."""

    __slots__ = ("_span", "_token")

    def __init__(self, observe: Timer, span: Span, began_s_ago: float) -> None:
        super().__init__(observe, began_s_ago)
        self._span = span
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        self._token = attach(set_span_in_context(self._span))

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(error_type, error, traceback)
        if self._token is not None:
            detach(self._token)
        if error is not None:
            _mark_failed(self._span, getattr(error, "code", "") or type(error).__name__)
        self._span.end()


class RequestTracer:
    """Begins the span of each request. ``trusts_peer``: whether the trace of a client's address is taken over."""

    def __init__(self, metrics: Metrics, tracer: Tracer, trusts_peer: Callable[[str], bool]) -> None:
        self._metrics = metrics
        self._tracer = tracer
        self._trusts_peer = trusts_peer

    def begin(self, method: str, headers: Headers, peer: str) -> "RequestTrace":
        """Begin a span in the trace of the client, or in a new one that is linked to it if it is not trusted."""
        context, links = client_context(headers), []
        if context is not None and not self._trusts_peer(peer):
            links = [Link(get_current_span(context).get_span_context())]
            context = None
        span = self._tracer.start_span(method, context or Context(), SpanKind.SERVER, links=links)
        return RequestTrace(span, self._metrics)


class RequestTrace:
    """The span of a request: current in its block, ended by ``end``. ``log_fields`` are for lines of JSON."""

    __slots__ = ("_metrics", "_span", "_token", "ids", "is_sampled", "log_fields")

    def __init__(self, span: Span, metrics: Metrics) -> None:
        context = span.get_span_context()
        self._span = span
        self._metrics = metrics
        self._token: Token[Context] | None = None
        self.is_sampled = context.trace_flags.sampled
        self.ids = _ids_of(context)
        self.log_fields = f'"span_id":"{self.ids["span_id"]}","trace_id":"{self.ids["trace_id"]}",'.encode()

    def __enter__(self) -> Self:
        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            detach(self._token)
        if self._span.is_recording():
            self._span.end()

    def describe(self, method: str, path: str, query: str) -> None:
        """Say what is requested, with secrets redacted as in the access log."""
        self._span.set_attributes(
            {
                "http.request.method": method,
                "url.path": redact(path)[:_MAX_URL_CHARACTERS],
                "url.query": redact(query)[:_MAX_URL_CHARACTERS],
            }
        )

    def end(
        self,
        route: str,
        status: int,
        body_bytes: int,
        seconds: float,
        *,
        method: str,
        request_id: str,
        error_code: str = "",
    ) -> None:
        """End the span of a request that is being counted."""
        if not self.is_sampled:
            return
        self._metrics.add_exemplar(route, seconds, self.ids)
        span = self._span
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.route": route,
                "http.response.status_code": status,
                "http.response.body.size": body_bytes,
                "pixmill.request_id": request_id,
            }
        )
        if error_code:
            span.set_attribute("error.type", error_code)
        if status >= _SERVER_ERROR:
            span.set_status(StatusCode.ERROR)
        span.end()


def _attributes(subject: str, labels: Mapping[str, str]) -> dict[str, str]:
    return {f"pixmill.{subject}.{name}": value for name, value in labels.items()}


def _annotate(attributes: Mapping[str, str]) -> None:
    span = get_current_span()
    if span.is_recording():
        span.set_attributes(attributes)


def _mark_failed(span: Span, code: str) -> None:
    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR)
