"""Load shedding: while the render queue is full, rejects unknown requests before parsing them.

Such a request would be rejected in the end; this costs a twentieth, and leaves the time to those who are answered.
Never shed is what may not need the engine: memory hits (``middleware.py`` looks first), requests answered before,
which a slower cache tier may still have, and requests for what is being rendered. Of all others a sample is probed,
at a rate that adapts to its hits: after a restart nothing is known, but the cache may be full.

Knows requests by the hash of their key; must never know images.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, NamedTuple

from pixmill.api.fastpath.request_cache import RequestKey
from pixmill.api.http.dialect_answers import own_error_response
from pixmill.api.http.error_display import NO_DISPLAY, ErrorDisplay, FailedRequest
from pixmill.api.http.error_form import ErrorForm
from pixmill.api.http.problems import problem_response
from pixmill.dialects.port import Text
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import PixmillError, QueueFull
from pixmill.ports.observe import Event, Observer
from pixmill.runtime.rate_limiter import RateLimiter

MAX_TRACKED: Final = 32_768
"""Tracked requests per generation; two generations are kept, which takes about 6 MB."""

DECAY: Final = 0.95
GROWTH: Final = 1.3
"""The probe rate is multiplied by these with each probe and with each hit: it rises when more than one in six
probes hits."""

_ID_PLACEHOLDER: Final = "@request-id@"


class ProbeRates(NamedTuple):
    """Probes per second, and the burst."""

    min_per_s: float = 10.0
    initial_per_s: float = 50.0
    max_per_s: float = 200.0
    burst: int = 10


DEFAULT_PROBE_RATES: Final = ProbeRates()
"""A probe that misses costs 1 to 2 milliseconds: at the minimum rate a fiftieth of one core. A hit costs less than
half of one, and is an answer."""


class ProbeLimiter:
    """Limits probes of unknown requests, at a rate that adapts to how many of them hit the cache."""

    def __init__(
        self, probe_rates: ProbeRates = DEFAULT_PROBE_RATES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._probe_rates = probe_rates
        self._limiter = RateLimiter(probe_rates.initial_per_s, probe_rates.burst, clock=clock)
        self._in_flight: set[int] = set()

    @property
    def per_s(self) -> float:
        return self._limiter.per_s

    def try_acquire(self, request_hash: int) -> bool:
        """Return whether this request is probed."""
        if self._limiter.try_acquire(None):
            return False
        self._limiter.per_s = max(self._probe_rates.min_per_s, DECAY * self.per_s)
        self._in_flight.add(request_hash)
        return True

    def record_hit(self, request_hash: int) -> None:
        if request_hash in self._in_flight:
            self._limiter.per_s = min(self._probe_rates.max_per_s, GROWTH * self.per_s)

    def release(self, request_hash: int) -> None:
        self._in_flight.discard(request_hash)


class Pacer:
    """Lets one request per event-loop tick start; the others wait in order of arrival.

    A start costs about a millisecond: a URL is parsed, a cache is read. Hundreds at once would all start in one
    tick, and a hit or a rejection, which costs microseconds, would wait behind all of them.
    """

    def __init__(self) -> None:
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._is_tick_used = False

    async def wait(self) -> None:
        """Return when this request may start. A cancelled waiter is skipped."""
        loop = asyncio.get_running_loop()
        if not self._is_tick_used:
            self._is_tick_used = True
            loop.call_soon(self._release_next)
            return
        waiter = loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def _release_next(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                asyncio.get_running_loop().call_soon(self._release_next)
                return
        self._is_tick_used = False


@dataclass(frozen=True, slots=True)
class PreparedRejection:
    """What all rejections of a route with the same Retry-After share; only the request id is missing."""

    route: str
    status: int
    headers: list[tuple[bytes, bytes]]
    cache_status: str
    log_fields: dict[str, object]
    body_parts: tuple[bytes, ...]

    def body(self, request_id: str) -> bytes:
        """Return the body for one request."""
        return request_id.encode().join(self.body_parts)


class LoadShedder:
    """Rejects requests while ``retry_after_s`` returns a number of seconds.

    ``reserve`` is entered for each admitted request.
    The dialect of a request says whether it needs the engine; no other is shed.
    """

    def __init__(
        self,
        retry_after_s: Callable[[], float | None],
        reserve: Callable[[], AbstractContextManager[None]],
        observer: Observer,
        probe_limiter: ProbeLimiter | None = None,
        display: ErrorDisplay = NO_DISPLAY,
    ) -> None:
        self._retry_after_s = retry_after_s
        self._reserve = reserve
        self._observer = observer
        self._probe_limiter = probe_limiter or ProbeLimiter()
        self._recent: set[int] = set()
        self._previous: set[int] = set()
        self._rejections: dict[tuple[str, str, int, ErrorForm], PreparedRejection] = {}
        self._display = display
        self._pacer = Pacer()

    def rejection(
        self,
        request_key: RequestKey,
        match: DialectMatch | None,
        headers: Iterable[tuple[bytes, bytes]] = (),
        prefix: str = "",
    ) -> PreparedRejection | None:
        """Return the rejection of a request that missed memory; None to admit it.

        What people see is made for each request, as sizes and links differ; all else is prepared once.
        """
        if match is None or not match.route.needs_engine:
            return None
        retry_after_s = self._retry_after_s()
        if (
            retry_after_s is None
            or self._is_tracked(request_hash := hash(request_key))
            or self._probe_limiter.try_acquire(request_hash)
        ):
            return None
        self._observer.increment(Event.REJECTED, reason="shed")
        seconds = max(1, math.ceil(retry_after_s))
        form = self._display.form(headers) if self._display.is_on else ErrorForm.PROBLEM
        if form is not ErrorForm.PROBLEM:
            path, query = request_key[:2] if form is ErrorForm.IMAGE else (b"", b"")
            failed = FailedRequest(QueueFull(retry_after_s=seconds), _ID_PLACEHOLDER, path, query, prefix=prefix)
            return _prepare_rejection(match, seconds, self._display, form, failed)
        key = match.mounted.name, match.route.label, seconds, form
        return self._rejections.get(key) or self._rejections.setdefault(
            key, _prepare_rejection(match, seconds, self._display, form)
        )

    @asynccontextmanager
    async def admit(self, request_key: RequestKey, match: DialectMatch | None) -> AsyncIterator[None]:
        """Pace the start of an admitted request, and reserve a render while it is answered, unless it is tracked."""
        if match is None or not match.route.needs_engine:
            yield
            return
        request_hash = hash(request_key)
        with nullcontext() if self._is_tracked(request_hash) else self._reserve():
            try:
                await self._pacer.wait()
                yield
            finally:
                self._probe_limiter.release(request_hash)

    @contextmanager
    def track(self, request_key: RequestKey) -> Iterator[None]:
        """Track a request while it is answered, and afterwards unless it fails: equal requests are not shed."""
        request_hash = hash(request_key)
        if request_hash not in self._recent:
            self._remember(request_hash)
        try:
            yield
        except PixmillError:
            self._recent.discard(request_hash)
            self._previous.discard(request_hash)
            raise

    def record_hit(self, request_key: RequestKey) -> None:
        """Record that the cache had the result of a probe."""
        self._probe_limiter.record_hit(hash(request_key))

    def _is_tracked(self, request_hash: int) -> bool:
        return request_hash in self._recent or request_hash in self._previous

    def _remember(self, request_hash: int) -> None:
        if len(self._recent) >= MAX_TRACKED:
            self._previous, self._recent = self._recent, set()
        self._recent.add(request_hash)


def _prepare_rejection(
    match: DialectMatch, seconds: int, display: ErrorDisplay, form: ErrorForm, failed: FailedRequest | None = None
) -> PreparedRejection:
    """Prepare what clients of the dialect expect for a full queue, in the form for those who ask.

    An answer that depends on the query is not available: nothing is parsed.
    """
    error = QueueFull(retry_after_s=seconds)
    response = problem_response(error, request_id=_ID_PLACEHOLDER)
    answer = match.error_answer(error, response.status_code, b"")
    if isinstance(answer, Text):
        response = own_error_response(answer, response, head=False)
    response = display.show(form, failed or FailedRequest(error, _ID_PLACEHOLDER), response)
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    log_fields: dict[str, object] = {"code": error.code, "detail": "shed before parsing"}
    return PreparedRejection(
        match.route.label,
        response.status_code,
        headers,
        response.headers["cache-status"],
        log_fields,
        tuple(bytes(response.body).split(_ID_PLACEHOLDER.encode())),
    )
