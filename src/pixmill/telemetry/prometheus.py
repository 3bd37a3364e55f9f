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
from pixmill.errors import SourceCredentials, SourceTimeout, leaves
from pixmill.media import Format
from pixmill.plan.purge import Scope
from pixmill.ports import Event, Stage
from pixmill.telemetry.tallies import Tallies

OTHER: Final = "other"

MAX_VALUES: Final = 64
"""How many values a label without a known set may take: our own words, such as routes and tiers, are far fewer."""

_CODES = frozenset(leaves())
_OUTCOMES = frozenset(
    {
        "ok",
        "unchanged",
        "hit",
        "stale",
        "miss",
        "damaged",
        "skipped",
        "won",
        "waited",
        "expired",
        "left",
        "error",
        "shared",
        "cancelled",
    }
    | _CODES
)

LOCKS: Final = ("file", "redis")
ORIGINS: Final = ("http", "store")

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "stage": frozenset(Stage),
    "outcome": _OUTCOMES,
    "kind": frozenset({*ORIGINS, *LOCKS, "path", "upload", "render", "fetch"} | set(Scope)),
    "reason": frozenset({"crash", "deadline", "recycled"}),
    "limit": frozenset({"queue", "wait", "fetches", "client", "rush", "origin", "memory"}),
    "format": frozenset(Format) | {"none"},
    "status": frozenset(str(int(status)) for status in HTTPStatus) | {"499"},
}
"""The values that a label may take. One without an entry takes the first MAX_VALUES that come."""


@dataclass(frozen=True, slots=True)
class Family:
    """A counter: its name without ``pixmill_`` and ``_total``, its labels and its meaning."""

    name: str
    labels: tuple[str, ...]
    meaning: str


EVENTS: Final[Mapping[Event, Family]] = {
    Event.CACHE_LOOKUP: Family("cache_lookups", ("tier", "outcome"), "Lookups in the cache, by tier and outcome."),
    Event.CACHE_EVICTION: Family("cache_evictions", ("tier",), "Entries that a tier of the cache dropped for room."),
    Event.CACHE_ERROR: Family("cache_errors", ("tier", "operation"), "Failures of a tier of the cache."),
    Event.PURGE: Family("purges", ("kind",), "Purges asked for, by what they name: source, tag, prefix or all."),
    Event.PURGED: Family(
        "cache_purged", ("tier",), "Entries removed from a tier of the cache because they were purged."
    ),
    Event.REMEMBERED: Family(
        "negative_hits", ("outcome",), "Failures told again without asking the source or trying the picture, by code."
    ),
    Event.FETCH: Family("source_fetches", ("kind", "outcome"), "Originals asked of their source, by kind and outcome."),
    Event.FETCH_BYTES: Family("source_bytes", (), "Bytes of originals that came in."),
    Event.RESULT_BYTES: Family("result_bytes", (), "Bytes of results that were rendered."),
    Event.RENDER: Family("renders", ("outcome",), "Renders by outcome."),
    Event.REFUSED: Family("refusals", ("limit",), "Requests turned away unserved, by the limit that they ran into."),
    Event.WORKER_RESTART: Family("worker_restarts", ("reason",), "Render workers that were replaced, by reason."),
    Event.FLIGHT_SHARED: Family("flights_shared", ("kind",), "Requests that joined the work of another one."),
    Event.LEASE: Family(
        "leases", ("kind", "outcome"), "Turns taken among servers that share a cache, by how it ended."
    ),
}

REQUEST_SECONDS: Final = Family("request_seconds", ("route",), "Time from a request to its answer's end.")
STAGE_SECONDS: Final = Family("stage_seconds", ("stage",), "Time by stage of a request.")

GAUGES: Final[Mapping[str, Family]] = {
    family.name: family
    for family in (
        Family("requests_in_flight", (), "Requests under way."),
        Family("workers", (), "Render workers alive."),
        Family("workers_busy", (), "Render workers at work."),
        Family("renders_waiting", (), "Renders that wait for a worker."),
        Family("expected_wait_seconds", (), "How long a render that came now would wait for a worker."),
        Family("fetches", (), "Originals that are being fetched."),
        Family("fetches_waiting", (), "Originals that wait to be fetched."),
        Family("budget_bytes", (), "Memory that originals take which are fetched, sent, worked on or kept."),
        Family("cache_bytes", ("tier",), "Bytes that a tier of the cache holds."),
        Family(
            "cache_breaker",
            ("tier",),
            "Whether a tier of the cache is left out: 0 closed (in use), 1 half open (tried again), 2 open (left out).",
        ),
    )
}

REQUESTS: Final = Family("requests", ("route", "status", "format"), "Requests answered, by route, status and format.")
SENT: Final = Family("response_bytes", ("route",), "Bytes of bodies sent, by route.")

# From a memory hit (fractions of a millisecond) to the deadline of a render.
SECONDS: Final = (
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


class Admission:
    """Which values of labels are counted under their own name; the others are ``other``."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}

    def __call__(self, label: str, value: str) -> str:
        if label in KNOWN:
            return value if value in KNOWN[label] else OTHER
        seen = self._seen.setdefault(label, set())
        if len(seen) < MAX_VALUES:
            seen.add(value)
        return value if value in seen else OTHER


class Children(dict[Any, Metric]):
    """The children of a metric by their label values, each made when it is first counted.

    The key is one value, or a tuple of them in the order of ``labels``. A value that is not admitted is counted under
    ``other`` and not remembered, so that neither the metric nor this table can be made to grow.
    """

    def __init__(self, metric: Metric, labels: tuple[str, ...]) -> None:
        super().__init__()
        self._metric: Metric = metric
        self._labels = labels
        self._admit = Admission()

    def __missing__(self, key: Any) -> Metric:
        values = tuple(str(value) for value in (key if isinstance(key, tuple) else (key,)))
        admitted = tuple(map(self._admit, self._labels, values))
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
        self._events = {event: (_picker(family.labels), self._counter(family)) for event, family in EVENTS.items()}
        told = (REQUESTS, REQUEST_SECONDS, SENT)
        names, meanings = tuple(f"pixmill_{each.name}" for each in told), tuple(each.meaning for each in told)
        self._requests = Tallies(names, meanings, SECONDS, Admission())  # type: ignore[arg-type]  # three of each
        self.registry.register(self._requests)
        self._stage_seconds = self._histogram(STAGE_SECONDS)
        self.gauge("requests_in_flight", lambda: self.in_flight)
        Info("pixmill_build", "What is running.", registry=self.registry).info(
            {"version": __version__, "python": platform.python_version()}
        )
        ProcessCollector(registry=self.registry)
        for reason in KNOWN["reason"]:  # an increase from nothing to 1 would go unseen
            self.counted(Event.WORKER_RESTART, 0, reason=reason)
        for limit in KNOWN["limit"]:
            self.counted(Event.REFUSED, 0, limit=limit)
        for kind in LOCKS:
            self.counted(Event.LEASE, 0, kind=kind, outcome="expired")
        for kind in ORIGINS:
            for error in (SourceTimeout, SourceCredentials):
                self.counted(Event.FETCH, 0, kind=kind, outcome=error.code)

    def expect(self, tier: str) -> None:
        """A tier of the cache, of whose failures the first is to be seen as an increase as well."""
        self.counted(Event.CACHE_LOOKUP, 0, tier=tier, outcome="damaged")
        for operation in ("get", "put", "drop"):
            self.counted(Event.CACHE_ERROR, 0, tier=tier, operation=operation)

    # ---------------------------------------------------------------- Observer

    def timed(self, stage: Stage, seconds: float) -> None:
        self._stage_seconds[stage].observe(seconds)

    def counted(self, event: Event, amount: float = 1, **labels: str) -> None:
        pick, counters = self._events[event]
        counters[pick(labels)].inc(amount)

    # ---------------------------------------------------------------- requests

    def answered(self, route: str, status: int, media: str, sent: int, seconds: Sequence[float]) -> None:
        """Requests of a kind are over. ``route`` is their template, ``media`` their format, ``sent`` the bytes of each body."""
        self._requests.add(route, status, media, sent, seconds)

    # ---------------------------------------------------------------- gauges and the page

    def gauge(self, name: str, read: Callable[[], float], **labels: str) -> None:
        """A value of GAUGES that is read when Prometheus asks. The same name may be given again with other label values."""
        gauge = self._gauges.get(name)
        if gauge is None:
            family = GAUGES[name]
            gauge = Gauge(f"pixmill_{name}", family.meaning, family.labels, registry=self.registry)
            self._gauges[name] = gauge
        (gauge.labels(**labels) if labels else gauge).set_function(lambda: self._read(name, read))

    def render(self, accept: str = "") -> tuple[str, bytes]:
        """Content type and page, in the format that ``Accept`` asks for: OpenMetrics or Prometheus' own."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self.registry)

    def _read(self, name: str, read: Callable[[], float]) -> float:
        try:
            return read()
        except Exception:  # noqa: BLE001 - one broken gauge must not cost the whole page
            self._log.exception("gauge_failed", gauge=name)
            return math.nan

    def _counter(self, family: Family) -> Children[Counter]:
        name = f"pixmill_{family.name}_total"
        return Children(Counter(name, family.meaning, family.labels, registry=self.registry), family.labels)

    def _histogram(self, family: Family) -> Children[Histogram]:
        name = f"pixmill_{family.name}"
        histogram = Histogram(name, family.meaning, family.labels, registry=self.registry, buckets=SECONDS)
        return Children(histogram, family.labels)


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, str]], object]:
    """Takes the values of these labels out of a mapping, as a key of ``Children``."""
    if not names:
        return lambda _labels: ()
    swift = itemgetter(*names)

    def pick(labels: Mapping[str, str]) -> object:
        try:
            return swift(labels)
        except KeyError:  # an observer must not raise
            return tuple(labels.get(name, OTHER) for name in names)

    return pick
