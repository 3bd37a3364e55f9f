"""Bounds of time that hold on a busy machine too.

They compare with timers of the same event loop, not with a clock: when the machine is busy these are late, and so is
what is tested.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_ITERATIONS = 50
"""Of the event loop, for what has become ready at the same time as the timer."""


async def finished_within(work: Awaitable[T], most_s: float, *, least_s: float = 0) -> T:
    """The outcome of ``work``, which must not end before a timer of ``least_s`` nor after one of ``most_s``."""
    task = asyncio.ensure_future(work)
    was_done: list[bool] = []
    timer = asyncio.get_running_loop().call_later(least_s, lambda: was_done.append(task.done()))
    await asyncio.wait({task}, timeout=most_s)
    for _ in range(_ITERATIONS):
        if not task.done():
            await asyncio.sleep(0)
    timer.cancel()
    if not task.done():
        task.cancel()
        raise AssertionError(f"not done within {most_s} s")
    assert least_s == 0 or was_done == [False], f"done before {least_s} s"
    return await task


async def until(condition: Callable[[], bool], most_s: float = 30) -> None:
    """Wait for an event that only a condition shows; ``most_s`` is a safety net, not a bound that is tested."""
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {most_s} s"
        await asyncio.sleep(0.005)
