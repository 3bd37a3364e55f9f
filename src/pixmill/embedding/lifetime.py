"""Starts and ends the services of an application that another program runs, in whichever event loop that has.

The services live in a task of their own: who starts them may end, be cancelled, or be one of several. A loop that ends
as ``asyncio.run`` does cancels the task, which then closes everything as at a regular end.
"""

import asyncio
import contextvars
import logging
import time
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp

from pixmill.api.context import Lifecycle
from pixmill.errors import Draining

RETRY_S: Final = 1.0
"""After a failed start on a request, others fail with the same error for as long."""

CANCEL_TIMEOUT_S: Final = 5.0
"""For requests that have been cancelled at the end."""

_LOG = logging.getLogger("pixmill.embedding")


@dataclass(frozen=True, slots=True)
class RunningApps:
    """What services that run can answer: images, and what is for operators. ``drain_timeout_s`` is for their end."""

    images: ASGIApp
    admin: ASGIApp
    lifecycle: Lifecycle
    drain_timeout_s: float


OpenApps = Callable[[], AbstractAsyncContextManager[RunningApps]]


class _Run:
    """One run of the services, in the event loop in which it is made. ``holders`` keep it from ending."""

    def __init__(self, open_apps: OpenApps) -> None:
        self.loop = asyncio.get_running_loop()
        self.apps: RunningApps | None = None
        self.holders = 0
        self.failed_at: float | None = None
        self._open_apps = open_apps
        self._end = asyncio.Event()
        self._ready: asyncio.Future[RunningApps] = self.loop.create_future()
        # Nothing of the request that happens to be the first, such as its id in log lines, belongs to the services.
        self._task = self.loop.create_task(self._live(), name="pixmill", context=contextvars.Context())
        self._task.add_done_callback(_retrieve)
        self._ready.add_done_callback(_retrieve)

    async def _live(self) -> None:
        try:
            async with self._open_apps() as apps:
                self.apps = apps
                self._ready.set_result(apps)
                try:
                    await self._end.wait()
                    await _drain(apps)
                finally:
                    self.apps = None
                    apps.lifecycle.draining.set()
                    apps.lifecycle.in_flight.cancel_all()
        except asyncio.CancelledError:
            if not self._ready.done():
                self._ready.set_exception(Draining())
            raise
        except BaseException as error:
            if not self._ready.done():
                self.failed_at = time.monotonic()
                self._ready.set_exception(error)
            raise

    async def wait_ready(self) -> RunningApps:
        """Return when the services run; raises what their start has failed with."""
        return await asyncio.shield(self._ready)

    @property
    def is_usable(self) -> bool:
        """Whether requests may wait for it or use it: its loop runs, it is not ending, nor failed a while ago."""
        if self.loop.is_closed() or self._end.is_set():
            return False
        if self.failed_at is not None:
            return time.monotonic() - self.failed_at < RETRY_S
        return not self._task.done()

    async def stop(self) -> None:
        """End the services; if this is cancelled, they end by themselves all the same."""
        self._end.set()
        if not self._ready.done():
            self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled() and self.failed_at is None and (error := self._task.exception()):
            raise error


class Lifetime:
    """The runs of one application: at most one at a time."""

    def __init__(self, open_apps: OpenApps) -> None:
        self._open_apps = open_apps
        self._run: _Run | None = None
        self._ended_in: weakref.ref[asyncio.AbstractEventLoop] | None = None

    def running(self) -> RunningApps | None:
        """Return what answers requests in this event loop, None if there is nothing yet."""
        run = self._run
        return run.apps if run is not None and run.loop is asyncio.get_running_loop() else None

    async def on_request(self) -> RunningApps:
        """Return what answers a request; starts the services if nobody has.

        Raises Draining behind the end of a lifespan: nobody would end them again.
        """
        run = self._usable()
        if run is None:
            if self._ended_in is not None and self._ended_in() is asyncio.get_running_loop():
                raise Draining
            _LOG.warning("started by a request: enter app.lifespan() in the lifespan of the application that mounts it")
            run = self._run = _Run(self._open_apps)
        return await run.wait_ready()

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep the services running inside the block; of several blocks, the last one ends them."""
        run = self._usable()
        if run is None or run.failed_at is not None:
            run = self._run = _Run(self._open_apps)
        run.holders += 1
        try:
            await run.wait_ready()
            yield
        finally:
            run.holders -= 1
            if not run.holders:
                if run.failed_at is None:
                    self._ended_in = weakref.ref(run.loop)
                await run.stop()

    def _usable(self) -> _Run | None:
        """Return the run of this event loop. Raises RuntimeError if there is one in another loop, which runs still."""
        run = self._run
        if run is None or not run.is_usable:
            return None
        if run.loop is asyncio.get_running_loop():
            return run
        if run.loop.is_running():
            raise RuntimeError("this Pixmill application runs in another event loop: make one for each")
        return None


async def _drain(apps: RunningApps) -> None:
    """Reject new requests, and let those in flight finish for a while."""
    apps.lifecycle.health.drain()
    apps.lifecycle.draining.set()
    in_flight = apps.lifecycle.in_flight
    if await in_flight.wait_idle(apps.drain_timeout_s):
        return
    _LOG.warning("%d requests cut off after %g s", in_flight.cancel_all(), apps.drain_timeout_s)
    await in_flight.wait_idle(CANCEL_TIMEOUT_S)


def _retrieve(done: "asyncio.Future[RunningApps] | asyncio.Task[None]") -> None:
    """Say that an error has been seen: who waits for it gets it, and nobody may wait."""
    if not done.cancelled():
        done.exception()
