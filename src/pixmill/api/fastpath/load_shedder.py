"""Who is refused unread: in a rush, whoever asks for what nobody has been given yet.

While the engine's line has no room, and more comes than can be looked into, a request is refused before its URL is read or its picture is
looked for in the slower tiers of the cache. It would have been refused in the end: that costs a twentieth so, and leaves the time to those
who are answered. What is never refused here is what may be had without the engine: what memory has (``familiar.py`` asks it first), what was
answered before, though it may lie on disk or in Redis by now, and what is being made at this moment. Of all else some is looked into: more
while that finds something, as after a restart, when nothing is known and the cache is full.

Knows requests by the hash of what they are called; must never know pictures.
"""

import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from pixmill.api.fastpath.pacer import Pacer
from pixmill.api.fastpath.probe_limiter import ProbeLimiter
from pixmill.api.http.problems import problem_response
from pixmill.errors import PixmillError, QueueFull
from pixmill.ports.observe import Event, Observer

SHEDDABLE_PATHS: Final = frozenset({b"/resize", b"/api/v1/resize", b"/info", b"/api/v1/info"})
"""Where the engine is needed."""

MAX_TRACKED: Final = 32_768
"""Requests known to have been answered, twice: those that came since the last time there were so many, and those before. About 6 MB."""

RequestKey = tuple[bytes, bytes, bytes]
"""Path, query and Accept of a request, as they came."""

_ID_PLACEHOLDER: Final = "@"


@dataclass(frozen=True, slots=True)
class PreparedRejection:
    """What is the same in all refusals with the same Retry-After; only the id of the request is missing."""

    status: int
    headers: list[tuple[bytes, bytes]]
    cache_status: str
    log_fields: dict[str, object]
    body_prefix: bytes
    body_suffix: bytes

    def body(self, request_id: str) -> bytes:
        """The problem document of one request."""
        return self.body_prefix + request_id.encode() + self.body_suffix


class LoadShedder:
    """Judges by ``refusal_s``: when to come again if the engine would refuse, else None. ``promise`` is entered for who is let in."""

    def __init__(
        self,
        retry_after_s: Callable[[], float | None],
        reserve: Callable[[], AbstractContextManager[None]],
        observer: Observer,
        probe_limiter: ProbeLimiter | None = None,
    ) -> None:
        self._retry_after_s = retry_after_s
        self._reserve = reserve
        self._observer = observer
        self._probe_limiter = probe_limiter or ProbeLimiter()
        self._recent: set[int] = set()
        self._previous: set[int] = set()
        self._rejections: dict[int, PreparedRejection] = {}
        self._pacer = Pacer()

    def rejection(self, request_key: RequestKey) -> PreparedRejection | None:
        """For a request that memory has nothing for; None when it is to be looked into."""
        if request_key[0] not in SHEDDABLE_PATHS:
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
        return self._rejections.get(seconds) or self._rejections.setdefault(seconds, _prepare_rejection(seconds))

    @asynccontextmanager
    async def admit(self, request_key: RequestKey) -> AsyncIterator[None]:
        """While a request is on its long way. It waits for its turn to begin, and counts as a call to come unless it is expected."""
        if request_key[0] not in SHEDDABLE_PATHS:
            yield
            return
        request_hash = hash(request_key)
        try:
            with nullcontext() if self._is_tracked(request_hash) else self._reserve():
                await self._pacer.wait()
                yield
        finally:
            self._probe_limiter.release(request_hash)

    @contextmanager
    def track(self, request_key: RequestKey) -> Iterator[None]:
        """While a request is answered, and from then on, unless that fails: others who ask the same are let through."""
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
        """The cache had what was asked for: looking is worth while."""
        self._probe_limiter.record_hit(hash(request_key))

    def _is_tracked(self, request_hash: int) -> bool:
        return request_hash in self._recent or request_hash in self._previous

    def _remember(self, request_hash: int) -> None:
        if len(self._recent) >= MAX_TRACKED:
            self._previous, self._recent = self._recent, set()
        self._recent.add(request_hash)


def _prepare_rejection(seconds: int) -> PreparedRejection:
    error = QueueFull(retry_after_s=seconds)
    response = problem_response(error, request_id=_ID_PLACEHOLDER)
    body_prefix, _, body_suffix = bytes(response.body).rpartition(_ID_PLACEHOLDER.encode())
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    log_fields: dict[str, object] = {"code": error.code, "detail": "refused unread"}
    return PreparedRejection(
        response.status_code, headers, response.headers["cache-status"], log_fields, body_prefix, body_suffix
    )
