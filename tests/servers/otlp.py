"""A receiver of OTLP over HTTP (protobuf) on loopback, with the protocol's own definitions: what a collector takes."""

import gzip
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

WAIT_S = 60.0

Value = str | int | float | bool


class Collector:
    """Keeps spans and metrics. ``status`` is what it answers; anything but 200 is a failure."""

    def __init__(self) -> None:
        self.status = 200
        self.spans: list[Span] = []
        self.metrics: dict[str, Metric] = {}
        self.resources: list[dict[str, Value]] = []
        self.requests = 0
        self._changed = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            routes: ClassVar[dict[str, Callable[[bytes], bytes]]] = {
                "/v1/traces": collector._take_traces,
                "/v1/metrics": collector._take_metrics,
            }

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                is_known = self.path in self.routes and self.headers["Content-Type"] == "application/x-protobuf"
                status = collector.status if is_known else 404
                answer = self.routes[self.path](body) if status == 200 else b""
                collector.requests += 1
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, is_there: Callable[[], bool]) -> None:
        """Wait until this is so; asked again after each request."""
        with self._changed:
            assert self._changed.wait_for(is_there, WAIT_S), sorted({span.name for span in self.spans})

    def trace(self, trace_id: str, *names: str) -> "Trace":
        """Wait for the spans with these names in a trace, and give all that it has."""

        def found() -> list[Span]:
            return [span for span in self.spans if span.trace_id.hex() == trace_id]

        self.wait_for(lambda: set(names) <= {span.name for span in found()})
        return Trace(found())

    def _take_traces(self, body: bytes) -> bytes:
        request = ExportTraceServiceRequest.FromString(body)
        with self._changed:
            for resource_spans in request.resource_spans:
                self.resources.append(attributes(resource_spans.resource.attributes))
                for scope in resource_spans.scope_spans:
                    self.spans.extend(scope.spans)
            self._changed.notify_all()
        return bytes(ExportTraceServiceResponse().SerializeToString())

    def _take_metrics(self, body: bytes) -> bytes:
        request = ExportMetricsServiceRequest.FromString(body)
        with self._changed:
            for resource_metrics in request.resource_metrics:
                self.resources.append(attributes(resource_metrics.resource.attributes))
                for scope in resource_metrics.scope_metrics:
                    self.metrics |= {metric.name: metric for metric in scope.metrics}
            self._changed.notify_all()
        return bytes(ExportMetricsServiceResponse().SerializeToString())


class Trace:
    """The spans of one trace."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans

    def all(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Span:
        (span,) = self.all(name)
        return span

    def parent(self, span: Span) -> str:
        """The name of its parent, empty if that is not in the trace."""
        return next((one.name for one in self.spans if one.span_id == span.parent_span_id), "")


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    """Attributes of a span or a resource, as values of Python."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}
