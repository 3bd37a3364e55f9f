"""Worker supervisor: keeps the wanted number of workers, and replaces each that is lost or due for recycling.

Knows starting, back-off and recycling. Must never know calls.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from pixmill.engine.pool.worker_handle import WorkerHandle
from pixmill.runtime.backoff import Backoff

_START_BACKOFF: Final = Backoff(initial_s=0.1, max_s=10.0)
_MAX_FAILED_STARTS_PER_WORKER: Final = 3
"""Failed starts per worker before calls are rejected instead of queued: a single one may have been killed by chance."""


class WorkerSupervisor:
    """Keeps ``worker_count`` workers.

    ``start_worker`` starts one; it raises OSError when the system has no resources.
    """

    def __init__(self, worker_count: int, start_worker: Callable[[], WorkerHandle]) -> None:
        self.workers: list[WorkerHandle] = []
        self.last_error = ""
        """Why the last start failed; empty when it succeeded."""
        self._worker_count = worker_count
        self._start_worker = start_worker
        self._failed_starts = 0
        self._backoff_timer: asyncio.TimerHandle | None = None
        self._reaping: set[asyncio.Task[None]] = set()

    @property
    def has_given_up(self) -> bool:
        """Whether there is no worker, and starting one has failed again and again."""
        return not self.workers and self._failed_starts >= _MAX_FAILED_STARTS_PER_WORKER * self._worker_count

    @property
    def is_starting(self) -> bool:
        return any(not worker.is_ready for worker in self.workers)

    def start_missing(self) -> WorkerHandle | None:
        """Start the missing workers, unless backing off. Return the last one started."""
        last = None
        while (
            not self._backoff_timer
            and sum(self._counts_towards_size(worker) for worker in self.workers) < self._worker_count
        ):
            last = self._start_one()
        return last

    def mark_ready(self, worker: WorkerHandle) -> WorkerHandle | None:
        """Record that a worker is ready; retire and return the one that it replaces."""
        self._failed_starts, self.last_error = 0, ""
        predecessor, worker.replaces = worker.replaces, None
        if predecessor:
            predecessor.retire()
        return predecessor

    def recycle(self, worker: WorkerHandle) -> None:
        """Start its successor; it works until that is ready.

        One at a time: starting takes the processor from renders.
        """
        if not worker.is_retired and not self.is_starting and not self._backoff_timer:
            successor = self._start_one()
            if successor:
                successor.replaces = worker

    def remove(self, worker: WorkerHandle) -> None:
        """Kill a worker; its process is reaped in the background."""
        self.workers.remove(worker)
        for other in self.workers:
            if other.replaces is worker:
                other.replaces = None
        worker.close()
        reaping = asyncio.get_running_loop().create_task(worker.wait_closed())
        self._reaping.add(reaping)
        reaping.add_done_callback(self._reaping.discard)

    def back_off(self, error: str) -> None:
        """Record a failed start, and wait before the next one, longer each time."""
        self.last_error = error
        delay_s = _START_BACKOFF.delay_s(self._failed_starts)
        self._failed_starts += 1
        if self._backoff_timer:
            self._backoff_timer.cancel()
        self._backoff_timer = asyncio.get_running_loop().call_later(delay_s, self._retry)

    async def close(self) -> None:
        """Kill every worker and return when the last process is gone."""
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
