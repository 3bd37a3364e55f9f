"""The operator's warm queue: images to render before they are requested, one batch per original, on idle workers.

Knows originals and plans. Must never know HTTP, nor delay a request.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pixmill.errors import InternalError, PixmillError, QueueFull, release_frames
from pixmill.plan.key import Key, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef

MAX_QUEUED: Final = 10_000
"""Images in the queue: with plans of 2 KB, 20 MB."""

CONCURRENCY: Final = 2
"""One batch fetches while the other renders."""

RETRY_DELAY_S: Final = 1.0
"""After a QueueFull."""

BatchKey = tuple[SourceRef, tuple[str, ...]]
"""An original, and the tags of its results."""

RenderMissing = Callable[[SourceRef, Mapping[Key, Plan], tuple[str, ...]], Coroutine[Any, Any, Counter[str]]]
"""Renders those that are missing, on idle workers; returns counts by outcome. Raises QueueFull if none became idle."""


@dataclass(frozen=True, slots=True)
class WarmProgress:
    """Images queued and in progress; ``done`` counts since the start, by the outcomes of ``RenderMissing``."""

    queued: int
    in_progress: int
    done: Mapping[str, int]


class WarmQueue:
    """A queue without duplicates; all images of one original with the same tags are one batch."""

    def __init__(
        self, render_missing: RenderMissing, *, max_queued: int = MAX_QUEUED, retry_delay_s: float = RETRY_DELAY_S
    ) -> None:
        self._render_missing = render_missing
        self._max_queued = max_queued
        self._retry_delay_s = retry_delay_s
        self._batches: dict[BatchKey, dict[Key, Plan]] = {}
        self._queued = 0
        self._in_progress: dict[BatchKey, int] = {}
        self._done: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, request: ImageRequest) -> bool:
        """Add an image; False if it is queued already. Raises QueueFull."""
        plans = self._batches.setdefault((request.source, request.tags), {})
        key = result_key(request.source.identity, request.plan)
        if key in plans:
            return False
        if self._queued >= self._max_queued:
            if not plans:
                del self._batches[request.source, request.tags]
            raise QueueFull("The warm queue is full: try again later")
        plans[key] = request.plan
        self._queued += 1
        self._start_tasks()
        return True

    def progress(self) -> WarmProgress:
        return WarmProgress(self._queued, sum(self._in_progress.values()), dict(self._done))

    async def close(self) -> None:
        """Cancel the running batches and drop the queue."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start_tasks(self) -> None:
        if len(self._tasks) < min(CONCURRENCY, len(self._batches) + len(self._in_progress)):
            self._tasks.add(asyncio.create_task(self._run(), name="warm-queue"))

    async def _run(self) -> None:
        """Process batches until none is left; ``add`` starts a new task afterwards."""
        try:
            await self._process_batches()
        finally:
            self._tasks = {task for task in self._tasks if task is not asyncio.current_task()}

    async def _process_batches(self) -> None:
        while batch_key := next((one for one in self._batches if one not in self._in_progress), None):
            plans = self._batches.pop(batch_key)
            self._queued -= len(plans)
            self._in_progress[batch_key] = len(plans)
            try:
                self._done += await self._render_batch(batch_key, plans)
            finally:
                del self._in_progress[batch_key]

    async def _render_batch(self, batch_key: BatchKey, plans: Mapping[Key, Plan]) -> Counter[str]:
        source, tags = batch_key
        while True:
            try:
                return await self._render_missing(source, plans, tags)
            except Exception as error:  # noqa: BLE001 - a defect in one batch must not end the queue
                release_frames(error)
                if not isinstance(error, QueueFull):
                    return Counter({error.code if isinstance(error, PixmillError) else InternalError.code: len(plans)})
            await asyncio.sleep(self._retry_delay_s)
