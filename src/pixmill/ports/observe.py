"""Ports of observation: metrics events, stage durations, health.

Each stage is timed in one place, by ``timer_of`` or ``measure_of``; metrics and traces are its observers. Knows nothing
of their backends, and imports nothing of Pixmill.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial
from time import perf_counter
from types import TracebackType
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
    CACHE_LOOKUP = "cache_lookup"  # in one tier; label tier
    CACHE_WRITE = "cache_write"
    LOCK = "lock"


class Event(StrEnum):
    """Counted events; ``telemetry/definitions.py`` maps each to a metric and its labels."""

    CACHE_LOOKUP = "cache_lookup"  # tier, outcome: hit · stale · miss · damaged · unavailable · error
    CACHE_EVICTION = "cache_eviction"  # tier
    CACHE_ERROR = "cache_error"  # tier, operation
    PURGE = "purge"  # kind: source · tag · prefix · all
    PURGED = "purged"  # tier; amount
    NEGATIVE_HIT = "negative_hit"  # outcome: the error code that was returned again without trying
    FETCH = "fetch"  # kind: http · store · path · upload; outcome: ok or an error code
    FETCH_BYTES = "fetch_bytes"  # amount
    NAME_LOOKUP = "name_lookup"  # outcome: ok · not_found · timeout · error · rejected
    RESULT_BYTES = "result_bytes"  # amount
    RENDER = "render"  # outcome: ok or an error code
    FALLBACK = "fallback"  # outcome: the error code that it was sent instead of, or error if it failed too
    REJECTED = "rejected"  # reason: the limit that rejected the request
    RESPONSE_ABORTED = "response_aborted"  # reason: rate · timeout · memory
    WORKER_RESTART = "worker_restart"  # reason: crash · deadline · abandoned · preempted · recycled
    PROCESS_RESTART = "process_restart"
    COALESCED = "coalesced"  # kind: render · fetch
    TELEMETRY_DROPPED = "telemetry_dropped"  # signal: traces · metrics; reason: queue_full · export_failed; amount
    LOCK = "lock"  # kind: file · redis; outcome: acquired · acquired_after_wait · skipped · timeout · error


class Observer(Protocol):
    """Receives counts and durations. Must neither raise nor block."""

    def observe_duration(self, stage: RequestStage, seconds: float) -> None: ...

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None: ...


class Timer(Protocol):
    """Observes durations of a stage."""

    def __call__(self, seconds: float, ended_s_ago: float = 0.0, /) -> None: ...


class Measure(Protocol):
    """Times a stage: the block of the context manager, and ``began_s_ago`` before it.

    ``attributes`` are for traces, where they need not be bounded.
    """

    def __call__(self, began_s_ago: float = 0.0, /, **attributes: str) -> AbstractContextManager[None]: ...


@runtime_checkable
class BindableObserver(Protocol):
    """An observer that resolves a stage or an event with labels once, for code that counts on every request."""

    def bind_timer(self, stage: RequestStage, **labels: str) -> Timer: ...

    def bind_counter(self, event: Event, **labels: str) -> Callable[[float], None]: ...


@runtime_checkable
class TracingObserver(BindableObserver, Protocol):
    """An observer that knows to which request an observation belongs, and what happens inside a stage."""

    def bind_measure(self, stage: RequestStage, **labels: str) -> Measure: ...

    def trace_headers(self) -> Mapping[str, str]:
        """Return the header fields that tell an origin the current trace (W3C Trace Context)."""


def timer_of(observer: Observer, stage: RequestStage, **labels: str) -> Timer:
    """Return a function that observes durations of this stage."""
    if isinstance(observer, BindableObserver):
        return observer.bind_timer(stage, **labels)

    def observe(seconds: float, _ended_s_ago: float = 0.0) -> None:
        observer.observe_duration(stage, seconds)

    return observe


def measure_of(observer: Observer, stage: RequestStage, **labels: str) -> Measure:
    """Return what times this stage: ``with measure():``."""
    if isinstance(observer, TracingObserver):
        return observer.bind_measure(stage, **labels)
    return partial(Measurement, timer_of(observer, stage, **labels))


class Measurement:
    """Times its block for one observer of durations."""

    __slots__ = ("_began", "_observe")

    def __init__(self, observe: Timer, began_s_ago: float = 0.0, **_attributes: str) -> None:
        self._observe = observe
        self._began = perf_counter() - began_s_ago

    def __enter__(self) -> None:
        """Nothing: the time runs since the call."""

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Exception):  # a cancelled stage has no duration
            self._observe(perf_counter() - self._began)


class BoundMeasures(dict[str, Measure]):
    """Measures of a stage by the value of its one ``label``; each is bound when it is first used."""

    def __init__(self, observer: Observer, stage: RequestStage, label: str) -> None:
        super().__init__()
        self._observer = observer
        self._stage = stage
        self._label = label

    def __missing__(self, value: str) -> Measure:
        measure = self[value] = measure_of(self._observer, self._stage, **{self._label: value})
        return measure


def counter_of(observer: Observer, event: Event, **labels: str) -> Callable[[float], None]:
    """Return a function that increments this event with these labels by an amount."""
    if isinstance(observer, BindableObserver):
        return observer.bind_counter(event, **labels)
    return lambda amount: observer.increment(event, amount, **labels)


class BoundCounters(dict[tuple[str, ...], Callable[[float], None]]):
    """Functions that increment an event, by the values of its ``labels``; each is bound when it is first used."""

    def __init__(self, observer: Observer, event: Event, *labels: str) -> None:
        super().__init__()
        self._observer = observer
        self._event = event
        self._labels = labels

    def __missing__(self, values: tuple[str, ...]) -> Callable[[float], None]:
        labels = dict(zip(self._labels, values, strict=True))
        counter = self[values] = counter_of(self._observer, self._event, **labels)
        return counter


def no_trace_headers() -> Mapping[str, str]:
    """Tell origins nothing."""
    return {}


class NullObserver:
    """Ignores all observations."""

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        """Ignore."""

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        """Ignore."""
