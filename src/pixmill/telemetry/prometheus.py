"""Metrics of one server: counts, and renders the page that Prometheus scrapes.

Knows prometheus_client; the metrics themselves are tables in ``definitions.py``. Must never let a client choose a
label: values outside the known set count as ``other``. Counting is on the path of every request, so each set of label
values is resolved to its counter once.
"""

import math
import platform
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from pixmill import __version__
from pixmill.ports.observe import Event, RequestStage, Timer
from pixmill.runtime.event_log import EventLog
from pixmill.telemetry.definitions import (
    DURATION_BUCKETS_S,
    EVENT_METRICS,
    GAUGES,
    LABEL_VALUES,
    MAX_LABEL_VALUES,
    OTHER,
    PREREGISTERED,
    REQUEST_DURATION,
    REQUESTS_TOTAL,
    RESPONSE_BYTES,
    STAGE_METRICS,
    MetricDef,
)

Metric = TypeVar("Metric", Counter, Histogram)

CurrentExemplar = Callable[[], dict[str, str] | None]
"""Returns the labels of an exemplar: the trace that the current task belongs to, None without one."""

REQUEST_METRICS: Final = (REQUESTS_TOTAL, REQUEST_DURATION, RESPONSE_BYTES)


class LabelGuard:
    """Limits the values of labels: returns an allowed value, or ``other``."""

    def __init__(self) -> None:
        self._admitted: dict[str, set[str]] = {}

    def __call__(self, label: str, value: str) -> str:
        if label in LABEL_VALUES:
            return value if value in LABEL_VALUES[label] else OTHER
        admitted = self._admitted.setdefault(label, set())
        if len(admitted) < MAX_LABEL_VALUES:
            admitted.add(value)
        return value if value in admitted else OTHER


class LabelledMetric(dict[tuple[str, ...], Metric]):
    """Children of a metric by their label values, each made when it is first counted.

    A value that is not admitted counts as ``other`` and is not stored, so that neither the metric nor this table can be
    made to grow.
    """

    def __init__(self, metric: Metric, labels: tuple[str, ...]) -> None:
        super().__init__()
        self._metric: Metric = metric
        self._labels = labels
        self._label_guard = LabelGuard()

    def __missing__(self, values: tuple[str, ...]) -> Metric:
        admitted = tuple(map(self._label_guard, self._labels, values))
        child = self._metric.labels(*admitted) if admitted else self._metric
        if admitted == values:
            self[values] = child
        return child


@dataclass(slots=True)
class RequestStats:
    """Totals of all requests with the same labels; ``buckets`` are not cumulative, and one more than the bounds."""

    buckets: list[int]
    count: int = 0
    sent_bytes: int = 0
    total_seconds: float = 0.0


class RequestCollector(Collector):
    """Counts requests in plain numbers, and makes metrics of them when the page is rendered.

    For a cached response the counters and histograms of prometheus_client, each with a lock, would cost four times as
    much. Runs on the event loop only, which also renders the page.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        documentations: tuple[str, ...],
        bucket_bounds: tuple[float, ...],
        label_guard: Callable[[str, str], str],
    ) -> None:
        """Takes names and help texts of three metrics: requests, their durations, the bytes sent."""
        self._names = names
        self._documentations = documentations
        self._bucket_bounds = bucket_bounds
        self._label_guard = label_guard
        self._by_request: dict[tuple[str, int, str], RequestStats] = {}
        self._by_labels: dict[tuple[str, str, str], RequestStats] = {}
        self._exemplars: dict[tuple[str, int], Exemplar] = {}

    def add_exemplar(self, route: str, duration_s: float, labels: Mapping[str, str]) -> None:
        """Name a request that ``add`` counts as the example of its bucket, in place of an earlier one."""
        bucket = bisect_left(self._bucket_bounds, duration_s)
        self._exemplars[self._label_guard("route", route), bucket] = Exemplar(dict(labels), duration_s, time())

    def add(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        """Count as many requests as there are durations, each with ``body_bytes``."""
        stats = self._by_request.get((route, status, format_name)) or self._stats_for(route, status, format_name)
        stats.count += len(durations_s)
        stats.sent_bytes += body_bytes * len(durations_s)
        stats.total_seconds += sum(durations_s)
        bounds, buckets = self._bucket_bounds, stats.buckets
        for duration_s in durations_s:
            buckets[bisect_left(bounds, duration_s)] += 1

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        by_route: dict[str, RequestStats] = {}
        requests = CounterMetricFamily(self._names[0], self._documentations[0], labels=("route", "status", "format"))
        for labels, stats in self._by_labels.items():
            requests.add_metric(labels, stats.count)
            total = by_route.setdefault(labels[0], RequestStats([0] * len(stats.buckets)))
            total.sent_bytes += stats.sent_bytes
            total.total_seconds += stats.total_seconds
            total.buckets = [one + other for one, other in zip(total.buckets, stats.buckets, strict=True)]
        seconds = HistogramMetricFamily(self._names[1], self._documentations[1], labels=("route",))
        sent = CounterMetricFamily(self._names[2], self._documentations[2], labels=("route",))
        for route, stats in by_route.items():
            seconds.add_metric((route,), self._cumulative(route, stats), stats.total_seconds)
            sent.add_metric((route,), stats.sent_bytes)
        yield from (requests, seconds, sent)

    def _stats_for(self, route: str, status: int, format_name: str) -> RequestStats:
        """Returns the totals of these labels; those that are not admitted are resolved each time."""
        values = (route, str(status), format_name)
        labels = (
            self._label_guard("route", values[0]),
            self._label_guard("status", values[1]),
            self._label_guard("format", values[2]),
        )
        stats = self._by_labels.setdefault(labels, RequestStats([0] * (len(self._bucket_bounds) + 1)))
        if labels == values:
            self._by_request[route, status, format_name] = stats
        return stats

    def _cumulative(self, route: str, stats: RequestStats) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
        format_bound: Callable[[float], str] = floatToGoString
        total = 0
        buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
        bounds = (*self._bucket_bounds, float("inf"))
        for index, (bound, count) in enumerate(zip(bounds, stats.buckets, strict=True)):
            total += count
            exemplar, text = self._exemplars.get((route, index)), format_bound(bound)
            buckets.append((text, float(total), exemplar) if exemplar else (text, float(total)))
        return buckets


class Metrics:
    """All metrics of one server: ``BindableObserver``, request metrics and gauges."""

    def __init__(self, current_exemplar: CurrentExemplar | None = None) -> None:
        # Without this each counter has a second series with its creation time, which nothing uses.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves this one without types
        self.registry = CollectorRegistry()
        self.in_flight = 0
        self._gauges: dict[str, Gauge] = {}
        self._log = EventLog("telemetry")
        self._counters = {event: self._counter(definition) for event, definition in EVENT_METRICS.items()}
        self._bound_counters: dict[tuple[str, ...], Counter] = {}
        self._current_exemplar = current_exemplar
        self._stage_durations = {one.name: self._histogram(one) for one in dict.fromkeys(STAGE_METRICS.values())}

        self._requests = RequestCollector(
            tuple(f"pixmill_{each.name}" for each in REQUEST_METRICS),
            tuple(each.documentation for each in REQUEST_METRICS),
            DURATION_BUCKETS_S,
            LabelGuard(),
        )
        self.registry.register(self._requests)
        self.add_gauge("requests_in_flight", lambda: self.in_flight)
        Info("pixmill_build", "Versions of Pixmill and Python.", registry=self.registry).info(
            {"version": __version__, "python": platform.python_version()}
        )
        ProcessCollector(registry=self.registry)
        self._preregister()

    def preregister_tier(self, tier: str) -> None:
        """Create the counters of a cache tier at 0, so that its first failure shows as an increase."""
        self.increment(Event.CACHE_EVICTION, 0, tier=tier)
        self.increment(Event.PURGED, 0, tier=tier)
        self.increment(Event.CACHE_LOOKUP, 0, tier=tier, outcome="damaged")
        for operation in ("get", "put", "drop"):
            self.increment(Event.CACHE_ERROR, 0, tier=tier, operation=operation)

    # ---------------------------------------------------------------- Observer

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        self.bind_timer(stage)(seconds)

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        counter = self._bound_counters.get((event, *labels, *labels.values()))
        if counter is None:
            counter = self._bind_counter(event, labels)
        counter.inc(amount)

    def bind_timer(self, stage: RequestStage, **labels: str) -> Timer:
        definition, values = STAGE_METRICS[stage], {"stage": stage, **labels}
        children = self._stage_durations[definition.name]
        observe = children[tuple(values.get(name, OTHER) for name in definition.labels)].observe
        exemplar = self._current_exemplar
        if exemplar is None:
            return lambda seconds, _ended_s_ago=0.0: observe(seconds)
        return lambda seconds, _ended_s_ago=0.0: observe(seconds, exemplar())

    def bind_counter(self, event: Event, **labels: str) -> Callable[[float], None]:
        return self._bind_counter(event, labels).inc

    # ---------------------------------------------------------------- requests

    def record(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        """Count finished requests of one kind: ``route`` is the template, ``body_bytes`` the size of each body."""
        self._requests.add(route, status, format_name, body_bytes, durations_s)

    def add_exemplar(self, route: str, duration_s: float, labels: Mapping[str, str]) -> None:
        """Name the trace of a request, as an example of its duration."""
        self._requests.add_exemplar(route, duration_s, labels)

    # ---------------------------------------------------------------- gauges and the page

    def add_gauge(self, name: str, read_value: Callable[[], float], **labels: str) -> None:
        """Add a value of GAUGES that is read at each scrape; a name may be added again with other label values."""
        gauge = self._gauges.get(name)
        if gauge is None:
            definition = GAUGES[name]
            gauge = Gauge(f"pixmill_{name}", definition.documentation, definition.labels, registry=self.registry)
            self._gauges[name] = gauge
        (gauge.labels(**labels) if labels else gauge).set_function(lambda: self._read_gauge(name, read_value))

    def render(self, accept: str = "") -> tuple[str, bytes]:
        """Returns content type and page in the format of ``Accept``: OpenMetrics or the Prometheus text format."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self.registry)

    def _bind_counter(self, event: Event, labels: dict[str, str]) -> Counter:
        """Returns the counter of these labels; a missing one counts as ``other``: an observer must not raise."""
        names, children = EVENT_METRICS[event].labels, self._counters[event]
        values = tuple(str(labels.get(name, OTHER)) for name in names)
        counter = children[values]
        if values in children and labels.keys() == set(names):
            self._bound_counters[event, *labels, *labels.values()] = counter
        return counter

    def _preregister(self) -> None:
        """Create counters at 0: Prometheus does not see an increase from nothing to 1."""
        for event, labels in PREREGISTERED:
            self.increment(event, 0, **labels)

    def _read_gauge(self, name: str, read_value: Callable[[], float]) -> float:
        try:
            return read_value()
        except Exception:  # noqa: BLE001 - one broken gauge must not cost the whole page
            self._log.exception("gauge_failed", gauge=name)
            return math.nan

    def _counter(self, definition: MetricDef) -> LabelledMetric[Counter]:
        name = f"pixmill_{definition.name}_total"
        return LabelledMetric(
            Counter(name, definition.documentation, definition.labels, registry=self.registry), definition.labels
        )

    def _histogram(self, definition: MetricDef) -> LabelledMetric[Histogram]:
        name = f"pixmill_{definition.name}"
        histogram = Histogram(
            name, definition.documentation, definition.labels, registry=self.registry, buckets=DURATION_BUCKETS_S
        )
        return LabelledMetric(histogram, definition.labels)
