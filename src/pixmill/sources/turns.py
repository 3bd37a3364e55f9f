"""Whose turn it is to be fetched: only so many originals at one time, from all origins together and from each of them.

Knows origins by their names, and how long they take. Must never know how anything is fetched.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from pixmill.errors import SourceBusy
from pixmill.pace import Pace
from pixmill.sources.config import SourcesConfig

SHARE_OF_LINE: Final = 0.5
"""What one origin may take of the places to wait in, so that one that stalls leaves some to the others."""

Coming = asyncio.Future[None]


@dataclass(eq=False, slots=True)
class _Origin:
    """One that is fetched from, or waited for. ``taken`` are its turns; ``began`` tells when each fetch began, the oldest first."""

    taken: int = 0
    began: dict[object, float] = field(default_factory=dict)
    waiting: deque[Coming] = field(default_factory=deque)
    pace: Pace = field(default_factory=lambda: Pace(memory=16))

    def fetch_s(self, now: float) -> float:
        """How long a fetch takes: an origin that stalls has finished none, but the one begun first grows old."""
        return max(self.pace.mean_s, now - next(iter(self.began.values()), now))


class Turns:
    """Origins that are waited for have their turns in rotation. ``refused`` hears of everybody who is sent away."""

    def __init__(self, config: SourcesConfig, refused: Callable[[], None]) -> None:
        self.taken = 0
        self.waiting = 0
        self._most = config.source_connections
        self._most_each = config.source_connections_per_host
        self._max_waiting = config.source_queue
        self._max_wait_s = config.source_max_wait_s
        self._refused = refused
        self._origins: dict[str, _Origin] = {}
        self._rotation: deque[_Origin] = deque()
        self._pace = Pace(memory=64)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises SourceBusy, at once if it would take too long as far as can be told."""
        origin = self._origins.setdefault(name, _Origin())
        try:
            await self._come_round(origin)
            try:
                with _timed(origin, self._pace):
                    yield
            finally:
                self._free(origin)
        finally:
            if not origin.taken and not origin.waiting:
                self._origins.pop(name, None)

    async def _come_round(self, origin: _Origin) -> None:
        if not origin.waiting and self._has_room(origin):
            self._take(origin)
            return
        self._judge(origin)
        coming: Coming = asyncio.get_running_loop().create_future()
        self._enter(origin, coming)
        try:
            await asyncio.wait((coming,), timeout=self._max_wait_s)
        except asyncio.CancelledError:
            self._give_up(origin, coming)
            raise
        if not coming.done():
            self._give_up(origin, coming)
            raise self._busy(self._max_wait_s)

    def _has_room(self, origin: _Origin) -> bool:
        return self.taken < self._most and origin.taken < self._most_each

    def _judge(self, origin: _Origin) -> None:
        now = asyncio.get_running_loop().time()
        of_origin_s = (len(origin.waiting) // self._most_each + 1) * origin.fetch_s(now)
        of_all_s = (self.waiting // self._most + 1) * self._pace.mean_s
        wait_s = max(
            of_origin_s if origin.taken >= self._most_each else 0.0, of_all_s if self.taken >= self._most else 0.0
        )
        full = self.waiting >= self._max_waiting or len(origin.waiting) >= max(1, SHARE_OF_LINE * self._max_waiting)
        if full or wait_s > self._max_wait_s:
            raise self._busy(wait_s / 2)

    def _busy(self, retry_after_s: float) -> SourceBusy:
        self._refused()
        return SourceBusy(retry_after_s=retry_after_s)

    # ------------------------------------------------------------ the line

    def _enter(self, origin: _Origin, coming: Coming) -> None:
        if not origin.waiting:
            self._rotation.append(origin)
        origin.waiting.append(coming)
        self.waiting += 1

    def _left(self, origin: _Origin) -> None:
        """One of those who waited for it does so no more."""
        self.waiting -= 1
        if not origin.waiting:
            self._rotation.remove(origin)

    def _give_up(self, origin: _Origin, coming: Coming) -> None:
        """Cancelled, it may have got its turn at this very moment."""
        if coming.done():
            self._free(origin)
        else:
            origin.waiting.remove(coming)
            self._left(origin)

    def _take(self, origin: _Origin) -> None:
        origin.taken += 1
        self.taken += 1

    def _free(self, origin: _Origin) -> None:
        """A turn is over: the next goes to whoever waits for the origin whose turn it is in the rotation."""
        origin.taken -= 1
        self.taken -= 1
        while following := next((one for one in self._rotation if self._has_room(one)), None):
            self._rotation.remove(following)
            self._rotation.append(following)
            self._take(following)
            coming = following.waiting.popleft()
            self._left(following)
            coming.set_result(None)


@contextmanager
def _timed(origin: _Origin, everything: Pace) -> Iterator[None]:
    """A fetch that was cancelled says nothing of how long it takes; one that failed does."""
    token, clock = object(), asyncio.get_running_loop().time
    began = origin.began[token] = clock()
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        _learn(clock() - began, origin.pace, everything)
        raise
    else:
        _learn(clock() - began, origin.pace, everything)
    finally:
        del origin.began[token]


def _learn(seconds: float, *paces: Pace) -> None:
    for pace in paces:
        pace.learn(seconds)
