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

from pixmill.api.looks import Looks
from pixmill.api.problems import problem_response
from pixmill.api.turnstile import Turnstile
from pixmill.errors import PixmillError, QueueFull
from pixmill.ports import Event, Observer

PATHS: Final = frozenset({b"/resize", b"/api/v1/resize", b"/info", b"/api/v1/info"})
"""Where the engine is needed."""

MAX_NAMES: Final = 32_768
"""Requests known to have been answered, twice: those that came since the last time there were so many, and those before. About 6 MB."""

Name = tuple[bytes, bytes, bytes]
"""Path, query and Accept of a request, as they came."""

_ID: Final = "@"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is the same in all refusals with the same Retry-After; only the id of the request is missing."""

    status: int
    headers: list[tuple[bytes, bytes]]
    cached: str
    facts: dict[str, object]
    before: bytes
    after: bytes

    def body(self, request_id: str) -> bytes:
        """The problem document of one request."""
        return self.before + request_id.encode() + self.after


class Rush:
    """Judges by ``refusal_s``: when to come again if the engine would refuse, else None. ``promise`` is entered for who is let in."""

    def __init__(
        self,
        refusal_s: Callable[[], float | None],
        promise: Callable[[], AbstractContextManager[None]],
        observer: Observer,
        looks: Looks | None = None,
    ) -> None:
        self._refusal_s = refusal_s
        self._promise = promise
        self._observer = observer
        self._looks = looks or Looks()
        self._recent: set[int] = set()
        self._before: set[int] = set()
        self._refusals: dict[int, Refusal] = {}
        self._turnstile = Turnstile()

    def refusal(self, name: Name) -> Refusal | None:
        """For a request that memory has nothing for; None when it is to be looked into."""
        if name[0] not in PATHS:
            return None
        retry_s = self._refusal_s()
        if retry_s is None or self._is_expected(known := hash(name)) or self._looks.take(known):
            return None
        self._observer.counted(Event.REFUSED, limit="rush")
        seconds = max(1, math.ceil(retry_s))
        return self._refusals.get(seconds) or self._refusals.setdefault(seconds, _refusal(seconds))

    @asynccontextmanager
    async def let_in(self, name: Name) -> AsyncIterator[None]:
        """While a request is on its long way. It waits for its turn to begin, and counts as a call to come unless it is expected."""
        if name[0] not in PATHS:
            yield
            return
        known = hash(name)
        try:
            with nullcontext() if self._is_expected(known) else self._promise():
                await self._turnstile.passed()
                yield
        finally:
            self._looks.end(known)

    @contextmanager
    def expected(self, name: Name) -> Iterator[None]:
        """While a request is answered, and from then on, unless that fails: others who ask the same are let through."""
        known = hash(name)
        if known not in self._recent:
            self._note(known)
        try:
            yield
        except PixmillError:
            self._recent.discard(known)
            self._before.discard(known)
            raise

    def found(self, name: Name) -> None:
        """The cache had what was asked for: looking is worth while."""
        self._looks.found(hash(name))

    def _is_expected(self, known: int) -> bool:
        return known in self._recent or known in self._before

    def _note(self, known: int) -> None:
        if len(self._recent) >= MAX_NAMES:
            self._before, self._recent = self._recent, set()
        self._recent.add(known)


def _refusal(seconds: int) -> Refusal:
    error = QueueFull(retry_after_s=seconds)
    answer = problem_response(error, request_id=_ID)
    before, _, after = bytes(answer.body).rpartition(_ID.encode())
    headers = [(name, value) for name, value in answer.raw_headers if name != b"content-length"]
    facts: dict[str, object] = {"code": error.code, "detail": "refused unread"}
    return Refusal(answer.status_code, headers, answer.headers["cache-status"], facts, before, after)
