"""The lanes that there are: as many as wanted, each replaced when it is lost or worn.

Knows starting, backing off and recycling. Must never know calls.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from pixmill.engine.config import EngineConfig
from pixmill.engine.pool.worker_handle import WorkerHandle

_MIN_BACKOFF_S: Final = 0.1
_MAX_BACKOFF_S: Final = 10.0
_MAX_FAILED_STARTS_PER_WORKER: Final = 3
"""So often may each worker fail to start before nobody is told to wait for it: one that was killed while it started is no such sign."""


class WorkerSupervisor:
    """Keeps ``config.crew_size()`` lanes. ``start`` makes one; it raises OSError when the system has no room."""

    def __init__(self, config: EngineConfig, start_worker: Callable[[], WorkerHandle]) -> None:
        self.workers: list[WorkerHandle] = []
        self.last_error = ""
        """Why the last start failed; empty when it did not."""
        self._worker_count = config.worker_count()
        self._max_jobs = config.worker_max_jobs
        self._max_rss_bytes = int(config.worker_max_rss_bytes)
        self._start_worker = start_worker
        self._failed_starts = 0
        self._backoff_timer: asyncio.TimerHandle | None = None
        self._reaping: set[asyncio.Task[None]] = set()

    @property
    def has_given_up(self) -> bool:
        """There is no worker, and starting one has failed again and again."""
        return not self.workers and self._failed_starts >= _MAX_FAILED_STARTS_PER_WORKER * self._worker_count

    @property
    def is_starting(self) -> bool:
        return any(not worker.is_ready for worker in self.workers)

    def start_missing(self) -> WorkerHandle | None:
        """Start what is missing, unless starting failed just now. Returns the last one started."""
        last = None
        while (
            not self._backoff_timer
            and sum(self._counts_towards_size(worker) for worker in self.workers) < self._worker_count
        ):
            last = self._start_one()
        return last

    def mark_ready(self, worker: WorkerHandle) -> WorkerHandle | None:
        """A lane is ready; returns the one that it replaces, which gets no more calls."""
        self._failed_starts, self.last_error = 0, ""
        predecessor, worker.replaces = worker.replaces, None
        if predecessor:
            predecessor.is_retired = True
        return predecessor

    def needs_recycling(self, worker: WorkerHandle) -> bool:
        """Whether it has worked or grown too much."""
        has_done_enough = 0 < self._max_jobs <= worker.completed_jobs
        return has_done_enough or 0 < self._max_rss_bytes < worker.rss_bytes

    def recycle(self, worker: WorkerHandle) -> None:
        """Start its successor; it works on until that is ready. One at a time: starting takes the processor from renders."""
        if not worker.is_retired and not self.is_starting and not self._backoff_timer:
            successor = self._start_one()
            if successor:
                successor.replaces = worker

    def remove(self, worker: WorkerHandle) -> None:
        """It is gone from the crew; its process is buried behind the scenes."""
        self.workers.remove(worker)
        for other in self.workers:
            if other.replaces is worker:
                other.replaces = None
        worker.close()
        reaping = asyncio.get_running_loop().create_task(worker.wait_closed())
        self._reaping.add(reaping)
        reaping.add_done_callback(self._reaping.discard)

    def back_off(self, error: str) -> None:
        """Starting failed: the next try waits, longer each time."""
        self.last_error = error
        delay_s = min(_MIN_BACKOFF_S * 2**self._failed_starts, _MAX_BACKOFF_S)
        self._failed_starts += 1
        if self._backoff_timer:
            self._backoff_timer.cancel()
        self._backoff_timer = asyncio.get_running_loop().call_later(delay_s, self._retry)

    async def close(self) -> None:
        """End every process and return when the last is gone."""
        if self._backoff_timer:
            self._backoff_timer.cancel()
        for worker in list(self.workers):
            self.remove(worker)
        await asyncio.gather(*self._reaping)

    def _start_one(self) -> WorkerHandle | None:
        try:
            worker = self._start_worker()
        except OSError as error:
            self.back_off(f"cannot start a worker: {error.strerror}")
            return None
        self.workers.append(worker)
        return worker

    def _retry(self) -> None:
        self._backoff_timer = None
        self.start_missing()

    @staticmethod
    def _counts_towards_size(worker: WorkerHandle) -> bool:
        return not worker.is_retired and not worker.replaces
