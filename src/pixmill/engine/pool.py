"""The engine port: pictures are rendered in worker processes and come back as values.

Knows calls, outcomes and what is observed of them. Must never know pixels or a pixel library.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from pixmill.engine import wire
from pixmill.engine.admission import Limit, Promise
from pixmill.engine.call import Answer, Call
from pixmill.engine.config import EngineConfig
from pixmill.engine.dispatcher import Dispatcher
from pixmill.engine.process import Listener, Process
from pixmill.engine.sample import PLAN, sample
from pixmill.errors import Internal, PixmillError, QueueFull, RenderCrashed, RequestTooLarge
from pixmill.plan.ops import Plan
from pixmill.plan.question import NOTHING_MORE, Question
from pixmill.ports import MAX_PLANS, Event, Facts, Observer, Rendered, Stage
from pixmill.spool import Spool

_READ_HERE_BYTES: Final = 2**20
"""A larger result is copied by a thread: the event loop must not stand still for more than about a millisecond."""
_CPU_PER_DEADLINE: Final = 2
"""A decoder may use a thread of its own; whoever outworks this has escaped the deadline."""
_WORKER_STAGES: Final = (Stage.DECODE, Stage.PROCESS, Stage.ENCODE)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PoolStats:
    """The pool at this moment; ``wait_s`` is what a call would wait that came now, ``restarts`` counts since it was made."""

    workers: int
    busy: int
    waiting: int
    wait_s: float
    restarts: int


class EnginePool:
    """Renders in processes: a crash costs one call, a deadline one worker, and the worker is replaced at once."""

    def __init__(self, config: EngineConfig, observer: Observer, handlers: str | None = None) -> None:
        """``handlers`` names a module whose ``render`` and ``inspect`` stand in for the real ones."""
        self._deadline_s = config.deadline_s
        self._observer = observer
        self._restarts = 0
        self._handlers = handlers
        self._memory_bytes = int(config.worker_memory_bytes)
        self._confinement = config.confinement
        self._limits = config.limits()
        self._dispatcher = Dispatcher(config, self._start, self._replaced, self._refused)

    async def open(self) -> None:
        """Start the workers and return when they are ready. Raises NoWorker when none can be started."""
        await self._dispatcher.open()

    async def close(self) -> None:
        """End all workers at once and return when they are gone; calls still under way raise Draining."""
        await self._dispatcher.close()

    async def render(self, original: Spool, plan: Plan, extras: Sequence[Spool] = ()) -> Rendered:
        call = self._call(original, plan)
        if extras:
            self._bring(call, extras)
        try:
            rendered = await self._render(call)
        except PixmillError as error:
            self._observer.counted(Event.RENDER, outcome=error.code)
            raise
        self._observer.counted(Event.RENDER, outcome="ok")
        return rendered

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        call = self._call(original, tuple(plans))
        self._bring(call, extras)
        if len(plans) > MAX_PLANS or not wire.fits(call.order(0)):
            raise RequestTooLarge(f"One job makes at most {MAX_PLANS} results, of plans that are not too long")
        results = await self._render_all(call) if plans else []
        for result in results:
            self._observer.counted(Event.RENDER, outcome=result.code if isinstance(result, PixmillError) else "ok")
        return results

    def coming(self) -> AbstractContextManager[None]:
        return self._dispatcher.admission.coming()

    def promise(self) -> AbstractContextManager[None]:
        return Promise(self._dispatcher.admission)

    def refusal_s(self) -> float | None:
        return self._dispatcher.admission.refusal_s()

    @asynccontextmanager
    async def spare_time(self) -> AsyncIterator[None]:
        if self._dispatcher.is_busy:
            raise QueueFull
        async with self._dispatcher.spare.turn():
            yield

    async def inspect(self, original: Spool, question: Question = NOTHING_MORE) -> Facts:
        call = self._call(original, None)
        call.question = question
        match await self._answer(call):
            case (wire.Found(facts=facts), _):
                return facts
            case (outcome, _):
                raise Internal(detail=f"an inspection was answered by {type(outcome).__name__}")

    async def ping(self) -> None:
        """A real render of a small picture.

        Workers that are all at work prove themselves: each has a deadline. A queue must not look like an illness, or under load every
        replica would be taken out of service at once.
        """
        stats = self.stats()
        if stats.busy == stats.workers > 0:
            return
        with sample() as original:
            await self._answer(self._call(original, PLAN))

    def stats(self) -> PoolStats:
        lanes = [lane for lane in self._dispatcher.crew.lanes if lane.is_ready]
        busy = sum(1 for lane in lanes if lane.depth)
        admission = self._dispatcher.admission
        return PoolStats(len(lanes), busy, self._dispatcher.waiting(), admission.wait_s(), self._restarts)

    async def _render(self, call: Call) -> Rendered:
        match await self._answer(call):
            case (wire.Picture() as picture, wire.File() as file):
                self._time(call, picture.seconds)
                body = await self._read(file, partial(file.read, self._limits.max_result_bytes))
                return Rendered(body, picture.format, picture.width, picture.height, picture.seconds)
            case (outcome, _):
                raise Internal(detail=f"a render was answered by {type(outcome).__name__}")

    async def _render_all(self, call: Call) -> list[Rendered | PixmillError]:
        match await self._answer(call):
            case (wire.Pictures(results=results), file):
                self._time(call, *(result.seconds for result in results if isinstance(result, wire.Made)))
                return await self._read(file, partial(_parted, results, file))
            case (outcome, _):
                raise Internal(detail=f"several renders were answered by {type(outcome).__name__}")

    def _call(self, original: Spool, plan: Plan | tuple[Plan, ...] | None) -> Call:
        original.seal()
        loop = asyncio.get_running_loop()
        return Call(original, plan, loop.create_future(), loop.time(), self._deadline_s)

    def _bring(self, call: Call, extras: Sequence[Spool]) -> None:
        """The other pictures with the call. Raises RequestTooLarge when they, or what is said of them, are too many."""
        call.extras = tuple(extras)
        for extra in extras:
            extra.seal()
        if len(extras) > wire.MAX_EXTRAS or not wire.fits(call.order(0)):
            raise RequestTooLarge(f"One job takes at most {wire.MAX_EXTRAS} pictures, and texts that are not too long")

    async def _answer(self, call: Call) -> Answer:
        self._dispatcher.admit(call)
        try:
            outcome, file = await call.answer
        except asyncio.CancelledError:
            self._dispatcher.withdraw(call)
            raise
        if isinstance(outcome, wire.Failed):
            raise wire.revive(outcome)
        return outcome, file

    async def _read(self, file: wire.File | None, read: Callable[[], T]) -> T:
        try:
            return read() if not file or file.size <= _READ_HERE_BYTES else await asyncio.to_thread(read)
        except wire.Garbled as error:
            raise RenderCrashed(detail=str(error)) from error

    def _time(self, call: Call, *seconds: dict[str, float]) -> None:
        now = asyncio.get_running_loop().time()
        began = now if call.began_at is None else call.began_at
        self._observer.timed(Stage.QUEUE, began - call.admitted_at)
        self._observer.timed(Stage.RENDER, now - began)
        for stage in _WORKER_STAGES:
            for times in seconds:
                if stage in times:
                    self._observer.timed(stage, times[stage])

    def _start(self, listener: Listener) -> Process:
        cpu_s = _CPU_PER_DEADLINE * self._deadline_s
        setup = wire.Setup(os.getpid(), self._memory_bytes, cpu_s, self._confinement, self._limits)
        return Process(setup, self._handlers, listener)

    def _refused(self, limit: Limit) -> None:
        self._observer.counted(Event.REFUSED, limit=limit)

    def _replaced(self, reason: str) -> None:
        self._restarts += 1
        self._observer.counted(Event.WORKER_RESTART, reason=reason)


def _parted(results: tuple[wire.Made | wire.Failed, ...], file: wire.File | None) -> list[Rendered | PixmillError]:
    """Several results out of one file. Raises Garbled."""
    return [wire.revive(result) if isinstance(result, wire.Failed) else _part(result, file) for result in results]


def _part(made: wire.Made, file: wire.File | None) -> Rendered:
    if not file:
        raise wire.Garbled("Results without a file")
    return Rendered(file.part(made.at, made.bytes), made.format, made.width, made.height, made.seconds)
