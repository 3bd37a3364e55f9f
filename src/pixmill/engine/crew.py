"""The lanes that there are: as many as wanted, each replaced when it is lost or worn.

Knows starting, backing off and recycling. Must never know calls.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from pixmill.engine.config import EngineConfig
from pixmill.engine.lane import Lane

_FIRST_PAUSE_S: Final = 0.1
_MAX_PAUSE_S: Final = 10.0
_PATIENCE: Final = 3
"""So often may each worker fail to start before nobody is told to wait for it: one that was killed while it started is no such sign."""


class Crew:
    """Keeps ``config.crew_size()`` lanes. ``start`` makes one; it raises OSError when the system has no room."""

    def __init__(self, config: EngineConfig, start: Callable[[], Lane]) -> None:
        self.lanes: list[Lane] = []
        self.trouble = ""
        """Why the last start failed; empty when it did not."""
        self._size = config.crew_size()
        self._max_jobs = config.worker_max_jobs
        self._max_rss = int(config.worker_max_rss_bytes)
        self._start = start
        self._failures = 0
        self._pause: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def is_hopeless(self) -> bool:
        """There is no worker, and starting one has failed again and again."""
        return not self.lanes and self._failures >= _PATIENCE * self._size

    @property
    def is_starting(self) -> bool:
        return any(not lane.is_ready for lane in self.lanes)

    def fill(self) -> Lane | None:
        """Start what is missing, unless starting failed just now. Returns the last one started."""
        last = None
        while not self._pause and sum(self._counts(lane) for lane in self.lanes) < self._size:
            last = self._add()
        return last

    def welcome(self, lane: Lane) -> Lane | None:
        """A lane is ready; returns the one that it replaces, which gets no more calls."""
        self._failures, self.trouble = 0, ""
        old, lane.replaces = lane.replaces, None
        if old:
            old.is_retired = True
        return old

    def is_worn(self, lane: Lane) -> bool:
        """Whether it has worked or grown too much."""
        old = 0 < self._max_jobs <= lane.done
        return old or 0 < self._max_rss < lane.rss_bytes

    def relieve(self, lane: Lane) -> None:
        """Start its successor; it works on until that is ready. One at a time: starting takes the processor from renders."""
        if not lane.is_retired and not self.is_starting and not self._pause:
            successor = self._add()
            if successor:
                successor.replaces = lane

    def dismiss(self, lane: Lane) -> None:
        """It is gone from the crew; its process is buried behind the scenes."""
        self.lanes.remove(lane)
        for other in self.lanes:
            if other.replaces is lane:
                other.replaces = None
        lane.close()
        burial = asyncio.get_running_loop().create_task(lane.closed())
        self._leaving.add(burial)
        burial.add_done_callback(self._leaving.discard)

    def back_off(self, why: str) -> None:
        """Starting failed: the next try waits, longer each time."""
        self.trouble = why
        pause = min(_FIRST_PAUSE_S * 2**self._failures, _MAX_PAUSE_S)
        self._failures += 1
        if self._pause:
            self._pause.cancel()
        self._pause = asyncio.get_running_loop().call_later(pause, self._try_again)

    async def close(self) -> None:
        """End every process and return when the last is gone."""
        if self._pause:
            self._pause.cancel()
        for lane in list(self.lanes):
            self.dismiss(lane)
        await asyncio.gather(*self._leaving)

    def _add(self) -> Lane | None:
        try:
            lane = self._start()
        except OSError as error:
            self.back_off(f"cannot start a worker: {error.strerror}")
            return None
        self.lanes.append(lane)
        return lane

    def _try_again(self) -> None:
        self._pause = None
        self.fill()

    @staticmethod
    def _counts(lane: Lane) -> bool:
        return not lane.is_retired and not lane.replaces
