"""Sends the metrics to a collector by OTLP, from the same registry that Prometheus scrapes.

Knows families of prometheus_client and data points of OpenTelemetry. The registry is read on the event loop; a thread
converts and sends, one export at a time: what a slow collector leaves no time for is dropped and counted.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Full, Queue
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Exemplar as SentExemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Exemplar, Sample

from pixmill.telemetry.otel.export import SHUTDOWN_TIMEOUT_S, CollectorState, CountDropped, make_resource

UNITS: Final = {"seconds": "s", "bytes": "By"}
_NANOSECONDS: Final = 1_000_000_000

Collect = Callable[[], Iterable[Family]]
"""Reads the metrics of a registry; on the event loop."""


class MetricExport:
    """Sends what ``collect`` returns every ``interval_s``, and once more at the end."""

    def __init__(self, collect: Collect, interval_s: float, count: CountDropped) -> None:
        self._collect = collect
        self._interval_s = interval_s
        self._count = count
        self._exporter = OTLPMetricExporter()
        self._resource = make_resource()
        self._started_ns = time.time_ns()
        self._state = CollectorState("metrics")
        self._queue: Queue[list[Family] | None] = Queue(maxsize=1)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._send_all, name="otlp-metrics", daemon=True)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to send."""
        self._thread.start()
        self._task = asyncio.create_task(self._run(), name="otlp-metrics")

    async def close(self) -> None:
        """Send the last counts, for at most ``SHUTDOWN_TIMEOUT_S``."""
        if self._task:
            self._task.cancel()
        self._enqueue()
        await asyncio.to_thread(self._stop)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            self._enqueue()

    def _enqueue(self) -> None:
        families = list(self._collect())
        try:
            self._queue.put_nowait(families)
        except Full:
            self._count(sum(len(family.samples) for family in families), "queue_full")

    def _stop(self) -> None:
        with suppress(Full):
            self._queue.put(None, timeout=SHUTDOWN_TIMEOUT_S)
        self._done.wait(SHUTDOWN_TIMEOUT_S)
        self._exporter.shutdown()

    def _send_all(self) -> None:
        while (families := self._queue.get()) is not None:
            metrics = list(to_metrics(families, self._started_ns, time.time_ns()))
            scope = ScopeMetrics(InstrumentationScope("pixmill"), metrics, "")
            data = MetricsData([ResourceMetrics(self._resource, [scope], "")])
            try:
                result = self._exporter.export(data)
            except Exception:  # noqa: BLE001 - the thread goes on, whatever a collector answers
                result = MetricExportResult.FAILURE
            is_taken = result is MetricExportResult.SUCCESS
            if not is_taken:
                self._count(sum(len(metric.data.data_points) for metric in metrics), "export_failed")
            self._state.note(is_taken=is_taken)
        self._done.set()


def to_metrics(families: Iterable[Family], started_ns: int, now_ns: int) -> Iterator[Metric]:
    """Yield a metric for each family: counters are sums, histograms stay so, all else is a gauge."""
    for family in families:
        unit = UNITS.get(family.name.rpartition("_")[2], "")
        data: Sum | Histogram | Gauge
        if family.type == "counter":
            points = _numbers(family.samples, started_ns, now_ns)
            data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        elif family.type == "histogram":
            data = Histogram(list(_histograms(family, started_ns, now_ns)), AggregationTemporality.CUMULATIVE)
        else:
            data = Gauge(_numbers(family.samples, started_ns, now_ns))
        if data.data_points:
            yield Metric(family.name, family.documentation, unit, data)


def _numbers(samples: Iterable[Sample], started_ns: int, now_ns: int) -> Sequence[NumberDataPoint]:
    return [NumberDataPoint(sample.labels, started_ns, now_ns, float(sample.value)) for sample in samples]


def _histograms(family: Family, started_ns: int, now_ns: int) -> Iterator[HistogramDataPoint]:
    """Yield a point for each set of labels; counts of buckets are not cumulative here."""
    buckets: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in family.samples:
        labels = tuple(pair for pair in sample.labels.items() if pair[0] != "le")
        if sample.name.endswith("_bucket"):
            buckets.setdefault(labels, []).append(sample)
        elif sample.name.endswith("_sum"):
            sums[labels] = sample.value
    for labels, samples in buckets.items():
        totals = [int(sample.value) for sample in samples]
        yield HistogramDataPoint(
            dict(labels),
            started_ns,
            now_ns,
            count=totals[-1],
            sum=sums.get(labels, 0.0),
            bucket_counts=[total - below for total, below in zip(totals, [0, *totals], strict=False)],
            explicit_bounds=[float(sample.labels["le"]) for sample in samples[:-1]],
            min=None,  # type: ignore[arg-type]  # optional in the protocol, and not known
            max=None,  # type: ignore[arg-type]
            exemplars=[_exemplar(sample.exemplar) for sample in samples if sample.exemplar],
        )


def _exemplar(exemplar: Exemplar) -> SentExemplar:
    trace_id, span_id = (int(exemplar.labels.get(name, "0"), 16) for name in ("trace_id", "span_id"))
    return SentExemplar({}, exemplar.value, int(float(exemplar.timestamp or 0) * _NANOSECONDS), span_id, trace_id)
