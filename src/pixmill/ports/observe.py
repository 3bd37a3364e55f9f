"""Ports of observation: metrics events, stage durations, health.

Knows nothing of the metrics backend, and imports nothing of Pixmill.
"""

from enum import StrEnum
from typing import Protocol, runtime_checkable


class Pingable(Protocol):
    """A part whose health can be checked by a real round trip."""

    async def ping(self) -> None:
        """Return if the part works; raise a PixmillError if not. The caller sets the timeout."""


@runtime_checkable
class HasCircuitState(Protocol):
    """A part behind a circuit breaker."""

    @property
    def state(self) -> str:
        """``closed`` while it is used, ``open`` while it is skipped, ``half_open`` while one call tries it again."""


class RequestStage(StrEnum):
    """Stages of a request whose duration is measured."""

    QUEUE = "queue"
    FETCH = "fetch"
    DECODE = "decode"
    PROCESS = "process"
    ENCODE = "encode"
    RENDER = "render"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"


class Event(StrEnum):
    """Counted events; ``telemetry/prometheus.py`` maps each to a metric and its labels."""

    CACHE_LOOKUP = "cache_lookup"  # tier, outcome: hit · stale · miss · damaged · skipped · error
    CACHE_EVICTION = "cache_eviction"  # tier
    CACHE_ERROR = "cache_error"  # tier, operation
    PURGE = "purge"  # kind: source · tag · prefix · all
    PURGED = "purged"  # tier; amount
    NEGATIVE_HIT = "remembered"  # outcome: the error code that was returned again without trying
    FETCH = "fetch"  # kind: http · store · path · upload; outcome: ok or an error code
    FETCH_BYTES = "fetch_bytes"  # amount
    RESULT_BYTES = "result_bytes"  # amount
    RENDER = "render"  # outcome: ok or an error code
    REJECTED = "refused"  # limit: the limit that rejected the request
    WORKER_RESTART = "worker_restart"  # reason: crash · deadline · recycled
    COALESCED = "flight_shared"  # kind: render · fetch
    LOCK = "lease"  # kind: file · redis; outcome: won · waited · left · expired · error


class Observer(Protocol):
    """Receives counts and durations. Must neither raise nor block."""

    def observe_duration(self, stage: RequestStage, seconds: float) -> None: ...

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None: ...


class NullObserver:
    """Ignores all observations."""

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        """Ignore."""

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        """Ignore."""
