"""An engine at work: a thread with an event loop in it, the workers, and what fetches originals.

Callers may be in any thread and any event loop. The workers belong to the thread, and die with it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from threading import Lock, Thread, current_thread
from typing import Final, TypeVar, cast

from pixmill.errors import Draining, InvalidParameter, PixmillError, QueueFull
from pixmill.image_config import ImageConfig
from pixmill.library.limiter import InFlightLimiter
from pixmill.parts import build_engine, build_sources
from pixmill.plan.facts import Facts, FactSelection
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import NullObserver
from pixmill.ports.pipeline import Engine
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool
from pixmill.services.inputs.caches import InputCaches, VersionCache
from pixmill.services.inputs.loader import InputLoader

T = TypeVar("T")

Original = Spool | SourceRef
"""Bytes that the callee closes, or where they are to be fetched."""

Operation = Callable[[Engine, Spool, Sequence[Spool]], Awaitable[T]]

_IN_MEMORY_PER_WORKER: Final = 4
"""Originals in memory, or on their way there, for each worker: enough that fetches do not leave workers idle."""

_CLOSE_TIMEOUT_S: Final = 10.0
_RETRY_S: Final = 0.05


class Core:
    """Open from the constructor until ``close``. Raises what the parts raise when they are opened."""

    def __init__(self, settings: ImageConfig) -> None:
        self.max_bytes = settings.max_source_bytes
        self.worker_count = settings.worker_count()
        self.limiter = InFlightLimiter(_IN_MEMORY_PER_WORKER * self.worker_count)
        self.is_closed = False
        self._settings = settings
        self._lock = Lock()
        self._pending: set[Future[object]] = set()
        self._loop = asyncio.new_event_loop()
        self._engine: Engine | None = None
        opened: Future[None] = Future()
        self._server = self._loop.create_task(self._serve(opened))
        self._thread = Thread(target=self._run, args=(opened,), name="pixmill-engine", daemon=True)
        self._thread.start()
        try:
            opened.result()
        except ValueError as error:  # it names the setting
            raise InvalidParameter(str(error)) from error
        except BaseException:
            self.close()
            raise

    def render(self, original: Original, plan: Plan) -> "Future[Rendered]":
        """Render one result; the future raises PixmillError, or is cancelled when the engine is closed."""
        return self._submit(original, (plan,), lambda engine, spool, extras: engine.render(spool, plan, extras))

    def render_all(self, original: Original, plans: Sequence[Plan]) -> "Future[list[Rendered | PixmillError]]":
        """Render several results of one original, at most ``MAX_PLANS``, from one decode."""
        return self._submit(original, plans, lambda engine, spool, extras: engine.render_all(spool, plans, extras))

    def fetch(self, ref: SourceRef) -> "Future[Spool]":
        """Fetch an original, into a spool that the caller closes."""
        return self._submit(ref, (), _share)

    def inspect(self, original: Original, selection: FactSelection) -> "Future[Facts]":
        """Return facts about the original."""
        return self._submit(original, (), lambda engine, spool, _: engine.inspect(spool, selection))

    def close(self) -> None:
        """Kill the workers, and cancel all calls; closing twice is harmless."""
        with self._lock:
            self.is_closed = True
            pending = list(self._pending)
        self.limiter.close()
        for future in pending:
            future.cancel()
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._server.cancel)
            if self._thread is not current_thread():  # in which garbage may be collected, too
                self._thread.join(_CLOSE_TIMEOUT_S)

    def _submit(self, original: Original, plans: Sequence[Plan], operation: Operation[T]) -> "Future[T]":
        with self._lock:
            if self.is_closed:
                raise closed_error()
            future = asyncio.run_coroutine_threadsafe(self._work(original, plans, operation), self._loop)
            pending = cast("Future[object]", future)
            self._pending.add(pending)
        pending.add_done_callback(self._pending.discard)
        return future

    # ------------------------------------------------------------ in the thread

    def _run(self, opened: "Future[None]") -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server)
        except BaseException as error:  # noqa: BLE001 - it is raised where the engine is opened
            if not opened.done():
                opened.set_exception(error)
        finally:
            self.is_closed = True
            self._end_loop()

    async def _serve(self, opened: "Future[None]") -> None:
        async with AsyncExitStack() as stack:
            _, source = await stack.enter_async_context(build_sources(self._settings))
            engine = await stack.enter_async_context(build_engine(self._settings, is_shared=False))
            freshness = FreshnessPolicy()
            caches = InputCaches(VersionCache(freshness))
            self._engine = engine
            self._inputs = InputLoader(source, engine.announce, caches, freshness, NullObserver())
            self._places = asyncio.Semaphore(self.worker_count + 1)  # one waits, so that no worker does
            opened.set_result(None)
            await self._loop.create_future()

    def _end_loop(self) -> None:
        """Close the loop without a new thread, which an interpreter that ends does not start any more."""
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self._loop.close()

    async def _work(self, original: Original, plans: Sequence[Plan], operation: Operation[T]) -> T:
        try:
            async with self._loaded(original, plans) as (spool, extras, engine):
                while True:
                    async with self._places:
                        try:
                            return await operation(engine, spool, extras)
                        except QueueFull:  # the workers took longer than expected; nobody else is to have them
                            await asyncio.sleep(_RETRY_S)
        except PixmillError as error:
            for text in filter(None, (error.detail, error.hint)):
                error.add_note(text)
            raise

    @asynccontextmanager
    async def _loaded(
        self, original: Original, plans: Sequence[Plan]
    ) -> AsyncIterator[tuple[Spool, Sequence[Spool], Engine]]:
        """Yield the original, the images that the plans refer to, and the engine."""
        if self._engine is None:
            raise closed_error()
        if isinstance(original, SourceRef):
            async with self._inputs.load(original, *plans) as loaded:
                yield loaded.spool, loaded.extras, self._engine
            return
        with closing(original):
            async with self._inputs.load_references(*plans) as referenced:
                yield original, [image.spool for image in referenced], self._engine


async def _share(_: Engine, spool: Spool, extras: Sequence[Spool]) -> Spool:
    del extras
    return spool.share()


def closed_error() -> Draining:
    """Return the error of a call to an engine that is closed."""
    return Draining("The engine is closed")
