"""Definitions of all metrics: names, labels, help texts and label values, as tables.

Knows the field names of events and stages; must never know a metrics library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pixmill.errors import SourceCredentials, SourceTimeout, error_classes_by_code
from pixmill.media import Format
from pixmill.plan.purge import PurgeScope
from pixmill.ports.observe import Event, RequestStage

OTHER: Final = "other"

MAX_LABEL_VALUES: Final = 64
"""Maximum number of values of a label without a known set: routes and tiers are far fewer."""

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
        "not_found",
        "rejected",
        "error",
    }
    | _ERROR_CODES
)

LOCK_KINDS: Final = ("file", "redis")
REMOTE_SOURCE_KINDS: Final = ("http", "store")
RESTART_REASONS: Final = ("crash", "deadline", "abandoned", "preempted", "recycled")
REJECT_REASONS: Final = (
    "queue",
    "queue_wait",
    "source_queue",
    "source_rate",
    "name_lookups",
    "rate_limit",
    "shed",
    "memory",
)
ABORT_REASONS: Final = ("rate", "timeout", "memory")
SIGNALS: Final = ("traces", "metrics")
DROP_REASONS: Final = ("queue_full", "export_failed")

LABEL_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "stage": frozenset(RequestStage),
    "outcome": _OUTCOMES,
    "kind": frozenset({*REMOTE_SOURCE_KINDS, *LOCK_KINDS, "path", "upload", "render", "fetch"} | set(PurgeScope)),
    "reason": frozenset({*RESTART_REASONS, *REJECT_REASONS, *ABORT_REASONS, *DROP_REASONS}),
    "signal": frozenset(SIGNALS),
    "format": frozenset(Format) | {"none"},
    "status": frozenset(str(int(status)) for status in HTTPStatus) | {"499"},
}
"""Allowed values by label. A label without an entry takes the first MAX_LABEL_VALUES values."""


@dataclass(frozen=True, slots=True)
class MetricDef:
    """A metric: its name without ``pixmill_`` and ``_total``, its labels and its help text."""

    name: str
    labels: tuple[str, ...]
    documentation: str


EVENT_METRICS: Final[Mapping[Event, MetricDef]] = {
    Event.CACHE_LOOKUP: MetricDef("cache_lookups", ("tier", "outcome"), "Cache lookups, by tier and outcome."),
    Event.CACHE_EVICTION: MetricDef("cache_evictions", ("tier",), "Entries evicted from a cache tier to free space."),
    Event.CACHE_ERROR: MetricDef("cache_errors", ("tier", "operation"), "Failed operations of a cache tier."),
    Event.PURGE: MetricDef("purges", ("kind",), "Purges received, by kind: source, tag, prefix or all."),
    Event.PURGED: MetricDef("cache_purged", ("tier",), "Purged entries removed from a cache tier."),
    Event.NEGATIVE_HIT: MetricDef(
        "negative_cache_hits",
        ("outcome",),
        "Negative-cache hits: errors returned without fetching or rendering again, by error code.",
    ),
    Event.FETCH: MetricDef(
        "source_fetches", ("kind", "outcome"), "Fetches of originals, by kind of source and outcome."
    ),
    Event.FETCH_BYTES: MetricDef("source_bytes", (), "Bytes of originals received."),
    Event.NAME_LOOKUP: MetricDef(
        "name_lookups", ("outcome",), "Look-ups of host names of origins at name servers, by outcome."
    ),
    Event.RESULT_BYTES: MetricDef("result_bytes", (), "Bytes of rendered results."),
    Event.RENDER: MetricDef("renders", ("outcome",), "Renders, by outcome."),
    Event.FALLBACK: MetricDef(
        "fallbacks",
        ("outcome",),
        "Fallback images and redirects sent instead of an error, by its code; error: the fallback failed too.",
    ),
    Event.REJECTED: MetricDef("requests_rejected", ("reason",), "Requests rejected by a limit, by reason."),
    Event.RESPONSE_ABORTED: MetricDef(
        "responses_aborted",
        ("reason",),
        "Connections closed because their client read a response too slowly, by limit: rate, timeout, or memory (the "
        "budget was exhausted).",
    ),
    Event.WORKER_RESTART: MetricDef(
        "worker_restarts",
        ("reason",),
        "Render workers replaced, by reason; abandoned: the client has left during the render.",
    ),
    Event.PROCESS_RESTART: MetricDef("process_restarts", (), "Server processes replaced because they had ended."),
    Event.COALESCED: MetricDef(
        "requests_coalesced",
        ("kind",),
        "Requests coalesced with another one in progress (single flight), by kind of work.",
    ),
    Event.TELEMETRY_DROPPED: MetricDef(
        "telemetry_dropped",
        ("signal", "reason"),
        "Spans and data points that no collector has received, by reason: queue_full or export_failed.",
    ),
    Event.LOCK: MetricDef(
        "lock_acquisitions", ("kind", "outcome"), "Attempts to acquire a render lock, by backend and outcome."
    ),
}

PREREGISTERED: Final[tuple[tuple[Event, Mapping[str, str]], ...]] = (
    *((Event.WORKER_RESTART, {"reason": reason}) for reason in RESTART_REASONS),
    *((Event.REJECTED, {"reason": reason}) for reason in REJECT_REASONS),
    *((Event.RESPONSE_ABORTED, {"reason": reason}) for reason in ABORT_REASONS),
    *((Event.PURGE, {"kind": scope}) for scope in PurgeScope),
    *((Event.COALESCED, {"kind": work}) for work in ("render", "fetch")),
    *((Event.NAME_LOOKUP, {"outcome": one}) for one in ("ok", "not_found", "timeout", "error", "rejected")),
    (Event.FALLBACK, {"outcome": "error"}),
    *((Event.TELEMETRY_DROPPED, {"signal": signal, "reason": reason}) for signal in SIGNALS for reason in DROP_REASONS),
    *((Event.LOCK, {"kind": kind, "outcome": "timeout"}) for kind in LOCK_KINDS),
    *(
        (Event.FETCH, {"kind": kind, "outcome": error.code})
        for kind in REMOTE_SOURCE_KINDS
        for error in (SourceTimeout, SourceCredentials)
    ),
)
"""Counters that alerts and the dashboard look at, which begin at 0."""

REQUEST_DURATION: Final = MetricDef(
    "request_duration_seconds", ("route",), "Request duration, until the last byte of the response."
)
STAGE_DURATION: Final = MetricDef("stage_duration_seconds", ("stage",), "Duration of the stages of a request.")
CACHE_LOOKUP_DURATION: Final = MetricDef(
    "cache_lookup_duration_seconds", ("tier",), "Duration of look-ups in a cache tier, with the copy into faster tiers."
)
STAGE_METRICS: Final[Mapping[RequestStage, MetricDef]] = dict.fromkeys(RequestStage, STAGE_DURATION) | {
    RequestStage.CACHE_LOOKUP: CACHE_LOOKUP_DURATION
}

GAUGES: Final[Mapping[str, MetricDef]] = {
    definition.name: definition
    for definition in (
        MetricDef("processes", (), "Server processes running."),
        MetricDef("requests_in_flight", (), "Requests in progress."),
        MetricDef("workers", (), "Render workers alive."),
        MetricDef("workers_busy", (), "Render workers busy."),
        MetricDef("renders_queued", (), "Renders queued for a worker."),
        MetricDef("expected_wait_seconds", (), "Estimated wait of a new render for a worker."),
        MetricDef("source_fetches_in_flight", (), "Fetches of originals in progress."),
        MetricDef("source_fetches_queued", (), "Fetches of originals queued."),
        MetricDef("name_lookups_in_flight", (), "Look-ups of host names of origins in progress."),
        MetricDef(
            "memory_budget_used_bytes",
            (),
            "Memory used by originals (in download, uploaded, being rendered or cached in memory) and by large "
            "responses being sent.",
        ),
        MetricDef("cache_bytes", ("tier",), "Bytes stored in a cache tier."),
        MetricDef(
            "cache_breaker",
            ("tier",),
            "Circuit breaker of a cache tier: 0 closed (in use), 1 half-open (being probed), 2 open (bypassed).",
        ),
        MetricDef(
            "store_up",
            ("store",),
            "Whether the last probe of a store or cache tier succeeded, by component of /health: 1 or 0. Every 15 s.",
        ),
    )
}

REQUESTS_TOTAL: Final = MetricDef("requests", ("route", "status", "format"), "Requests, by route, status and format.")
RESPONSE_BYTES: Final = MetricDef("response_bytes", ("route",), "Bytes of response bodies, by route.")

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
