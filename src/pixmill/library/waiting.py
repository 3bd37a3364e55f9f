"""Waits for calls that run in the thread of an engine: in other threads, and in event loops.

A caller that stops waiting cancels the call.
"""

import asyncio
from concurrent.futures import CancelledError, Future
from typing import TypeVar

from pixmill.library.core import Core, closed_error
from pixmill.library.limiter import InFlightLimiter, Slot

T = TypeVar("T")


def wait(future: "Future[T]") -> T:
    """Wait for a call; an interrupt cancels it."""
    try:
        return future.result()
    except CancelledError:
        raise closed_error() from None
    finally:
        future.cancel()


def wait_for_slot(waiting: "Future[Slot]") -> Slot:
    try:
        return waiting.result()
    except CancelledError:
        raise closed_error() from None
    except BaseException:
        InFlightLimiter.abandon(waiting)
        raise


async def await_call(core: Core, future: "Future[T]") -> T:
    """Await a call of another thread; cancelling the task cancels it."""
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if core.is_closed and not (task and task.cancelling()):
            raise closed_error() from None
        raise
