"""What is measured, under which names, and the page that Prometheus reads.

Knows the metrics as two tables, one of stages and events, one of requests. Must never let a stranger choose a label:
values outside their known set are counted as ``other``. Counting is on the path of every request, so the child
of each set of label values is looked up once and kept.
"""

import math
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from operator import itemgetter
from typing import Any, Final, TypeVar

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from pixmill import __version__
from pixmill.errors import SourceCredentials, SourceTimeout, error_classes_by_code
from pixmill.media import Format
from pixmill.plan.purge import PurgeScope
from pixmill.ports.observe import Event, RequestStage
from pixmill.telemetry.request_metrics import RequestCollector

OTHER: Final = "other"

MAX_LABEL_VALUES: Final = 64
"""How many values a label without a known set may take: our own words, such as routes and tiers, are far fewer."""

_ERROR_CODES = frozenset(error_classes_by_code())
_OUTCOMES = frozenset(
    {
        "ok",
        "not_modified",
        "hit",
        "stale",
        "miss",
        "damaged",
        "unavailable",
        "acquired",
        "acquired_after_wait",
        "skipped",
        "timeout",
        "error",
        "shared",
        "cancelled",
    }
    | _ERROR_CODES
)

LOCK_KINDS: Final = ("file", "redis")
REMOTE_SOURCE_KINDS: Final = ("http", "store")
RESTART_REASONS: Final = ("crash", "deadline", "recycled")
REJECT_REASONS: Final = ("queue", "queue_wait", "source_queue", "source_rate", "rate_limit", "shed", "memory")

LABEL_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "stage": frozenset(RequestStage),
    "outcome": _OUTCOMES,
    "kind": frozenset({*REMOTE_SOURCE_KINDS, *LOCK_KINDS, "path", "upload", "render", "fetch"} | set(PurgeScope)),
    "reason": frozenset({*RESTART_REASONS, *REJECT_REASONS}),
    "format": frozenset(Format) | {"none"},
    "status": frozenset(str(int(status)) for status in HTTPStatus) | {"499"},
}
"""The values that a label may take. One without an entry takes the first MAX_VALUES that come."""


@dataclass(frozen=True, slots=True)
class MetricDef:
    """A counter: its name without ``pixmill_`` and ``_total``, its labels and its meaning."""

    name: str
    labels: tuple[str, ...]
    documentation: str


EVENT_METRICS: Final[Mapping[Event, MetricDef]] = {
    Event.CACHE_LOOKUP: MetricDef("cache_lookups", ("tier", "outcome"), "Lookups in the cache, by tier and outcome."),
    Event.CACHE_EVICTION: MetricDef("cache_evictions", ("tier",), "Entries that a tier of the cache dropped for room."),
    Event.CACHE_ERROR: MetricDef("cache_errors", ("tier", "operation"), "Failures of a tier of the cache."),
    Event.PURGE: MetricDef("purges", ("kind",), "Purges asked for, by what they name: source, tag, prefix or all."),
    Event.PURGED: MetricDef(
        "cache_purged", ("tier",), "Entries removed from a tier of the cache because they were purged."
    ),
    Event.NEGATIVE_HIT: MetricDef(
        "negative_cache_hits",
        ("outcome",),
        "Failures told again without asking the source or trying the picture, by code.",
    ),
    Event.FETCH: MetricDef(
        "source_fetches", ("kind", "outcome"), "Originals asked of their source, by kind and outcome."
    ),
    Event.FETCH_BYTES: MetricDef("source_bytes", (), "Bytes of originals that came in."),
    Event.RESULT_BYTES: MetricDef("result_bytes", (), "Bytes of results that were rendered."),
    Event.RENDER: MetricDef("renders", ("outcome",), "Renders by outcome."),
    Event.REJECTED: MetricDef(
        "requests_rejected", ("reason",), "Requests turned away unserved, by the limit that they ran into."
    ),
    Event.WORKER_RESTART: MetricDef("worker_restarts", ("reason",), "Render workers that were replaced, by reason."),
    Event.COALESCED: MetricDef("requests_coalesced", ("kind",), "Requests that joined the work of another one."),
    Event.LOCK: MetricDef(
        "lock_acquisitions", ("kind", "outcome"), "Turns taken among servers that share a cache, by how it ended."
    ),
}

REQUEST_DURATION: Final = MetricDef("request_duration_seconds", ("route",), "Time from a request to its answer's end.")
STAGE_DURATION: Final = MetricDef("stage_duration_seconds", ("stage",), "Time by stage of a request.")

GAUGES: Final[Mapping[str, MetricDef]] = {
    family.name: family
    for family in (
        MetricDef("requests_in_flight", (), "Requests under way."),
        MetricDef("workers", (), "Render workers alive."),
        MetricDef("workers_busy", (), "Render workers at work."),
        MetricDef("renders_queued", (), "Renders that wait for a worker."),
        MetricDef("expected_wait_seconds", (), "How long a render that came now would wait for a worker."),
        MetricDef("source_fetches_in_flight", (), "Originals that are being fetched."),
        MetricDef("source_fetches_queued", (), "Originals that wait to be fetched."),
        MetricDef(
            "memory_budget_used_bytes", (), "Memory that originals take which are fetched, sent, worked on or kept."
        ),
        MetricDef("cache_bytes", ("tier",), "Bytes that a tier of the cache holds."),
        MetricDef(
            "cache_breaker",
            ("tier",),
            "Whether a tier of the cache is left out: 0 closed (in use), 1 half open (tried again), 2 open (left out).",
        ),
    )
}

REQUESTS_TOTAL: Final = MetricDef(
    "requests", ("route", "status", "format"), "Requests answered, by route, status and format."
)
RESPONSE_BYTES: Final = MetricDef("response_bytes", ("route",), "Bytes of bodies sent, by route.")

# From a memory hit (fractions of a millisecond) to the deadline of a render.
DURATION_BUCKETS_S: Final = (
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)


Metric = TypeVar("Metric", Counter, Histogram)


class LabelGuard:
    """Which values of labels are counted under their own name; the others are ``other``."""

    def __init__(self) -> None:
        self._admitted: dict[str, set[str]] = {}

    def __call__(self, label: str, value: str) -> str:
        if label in LABEL_VALUES:
            return value if value in LABEL_VALUES[label] else OTHER
        admitted = self._admitted.setdefault(label, set())
        if len(admitted) < MAX_LABEL_VALUES:
            admitted.add(value)
        return value if value in admitted else OTHER


class LabelledMetric(dict[Any, Metric]):
    """The children of a metric by their label values, each made when it is first counted.

    The key is one value, or a tuple of them in the order of ``labels``. A value that is not admitted is counted under
    ``other`` and not remembered, so that neither the metric nor this table can be made to grow.
    """

    def __init__(self, metric: Metric, labels: tuple[str, ...]) -> None:
        super().__init__()
        self._metric: Metric = metric
        self._labels = labels
        self._label_guard = LabelGuard()

    def __missing__(self, key: Any) -> Metric:
        values = tuple(str(value) for value in (key if isinstance(key, tuple) else (key,)))
        admitted = tuple(map(self._label_guard, self._labels, values))
        child = self._metric.labels(*admitted) if admitted else self._metric
        if admitted == values:
            self[key] = child
        return child


class Metrics:
    """All metrics of one server: an Observer, and what the middleware tells of requests."""

    def __init__(self) -> None:
        # Without this each counter has a second series, of when it was made, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves this one without types
        self.registry = CollectorRegistry()
        self.in_flight = 0
        self._gauges: dict[str, Gauge] = {}
        self._log = structlog.get_logger("telemetry")
        self._events = {
            event: (_label_key_getter(definition.labels), self._counter(definition))
            for event, definition in EVENT_METRICS.items()
        }
        definitions = (REQUESTS_TOTAL, REQUEST_DURATION, RESPONSE_BYTES)
        names, documentations = (
            tuple(f"pixmill_{each.name}" for each in definitions),
            tuple(each.documentation for each in definitions),
        )
        self._requests = RequestCollector(names, documentations, DURATION_BUCKETS_S, LabelGuard())  # type: ignore[arg-type]  # three of each
        self.registry.register(self._requests)
        self._stage_seconds = self._histogram(STAGE_DURATION)
        self.add_gauge("requests_in_flight", lambda: self.in_flight)
        Info("pixmill_build", "What is running.", registry=self.registry).info(
            {"version": __version__, "python": platform.python_version()}
        )
        ProcessCollector(registry=self.registry)
        for reason in RESTART_REASONS:  # an increase from nothing to 1 would go unseen
            self.increment(Event.WORKER_RESTART, 0, reason=reason)
        for reason in REJECT_REASONS:
            self.increment(Event.REJECTED, 0, reason=reason)
        for kind in LOCK_KINDS:
            self.increment(Event.LOCK, 0, kind=kind, outcome="timeout")
        for kind in REMOTE_SOURCE_KINDS:
            for error in (SourceTimeout, SourceCredentials):
                self.increment(Event.FETCH, 0, kind=kind, outcome=error.code)

    def preregister_tier(self, tier: str) -> None:
        """A tier of the cache, of whose failures the first is to be seen as an increase as well."""
        self.increment(Event.CACHE_LOOKUP, 0, tier=tier, outcome="damaged")
        for operation in ("get", "put", "drop"):
            self.increment(Event.CACHE_ERROR, 0, tier=tier, operation=operation)

    # ---------------------------------------------------------------- Observer

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        self._stage_seconds[stage].observe(seconds)

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        label_key, counters = self._events[event]
        counters[label_key(labels)].inc(amount)

    # ---------------------------------------------------------------- requests

    def record(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        """Requests of a kind are over. ``route`` is their template, ``media`` their format, ``sent`` the bytes of each body."""
        self._requests.add(route, status, format_name, body_bytes, durations_s)

    # ---------------------------------------------------------------- gauges and the page

    def add_gauge(self, name: str, read_value: Callable[[], float], **labels: str) -> None:
        """A value of GAUGES that is read when Prometheus asks. The same name may be given again with other label values."""
        gauge = self._gauges.get(name)
        if gauge is None:
            definition = GAUGES[name]
            gauge = Gauge(f"pixmill_{name}", definition.documentation, definition.labels, registry=self.registry)
            self._gauges[name] = gauge
        (gauge.labels(**labels) if labels else gauge).set_function(lambda: self._read_gauge(name, read_value))

    def render(self, accept: str = "") -> tuple[str, bytes]:
        """Content type and page, in the format that ``Accept`` asks for: OpenMetrics or Prometheus' own."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self.registry)

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


def _label_key_getter(names: tuple[str, ...]) -> Callable[[Mapping[str, str]], object]:
    """Takes the values of these labels out of a mapping, as a key of ``Children``."""
    if not names:
        return lambda _labels: ()
    get_values = itemgetter(*names)

    def label_key(labels: Mapping[str, str]) -> object:
        try:
            return get_values(labels)
        except KeyError:  # an observer must not raise
            return tuple(labels.get(name, OTHER) for name in names)

    return label_key
