"""A bounded set of tasks that outlive the request which started them.

Knows tasks; must never know what they do.
"""

import asyncio
from collections.abc import Awaitable, Callable

from pixmill.errors import release_frames


class BackgroundTasks:
    """At most ``limit`` tasks; ``close`` cancels them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Start ``work`` unless the limit is reached; returns whether it was started. Its errors are ignored."""
        if len(self._tasks) >= self._limit:
            return False
        task = asyncio.create_task(_suppress_errors(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def wait(self) -> None:
        """Wait until the tasks that run now have ended."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _suppress_errors(work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - the parts below have counted it; nobody waits for this task
        release_frames(error)
