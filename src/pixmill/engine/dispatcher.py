"""The story of the queue: who is admitted, who is served next, and what becomes of a call when its worker is lost.

Knows calls and lanes. Must never know what is asked, pixels or metrics.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pixmill.engine import wire
from pixmill.engine.admission import Admission, Limit, Load
from pixmill.engine.call import Call
from pixmill.engine.config import EngineConfig
from pixmill.engine.crew import Crew
from pixmill.engine.lane import Lane, Loss, Owner
from pixmill.engine.process import Listener, Process
from pixmill.engine.spare import SpareTime
from pixmill.errors import Draining, NoWorker, QueueFull, RenderCrashed, RenderTimeout
from pixmill.pace import Paces

MAX_DEATHS: Final = 2
_REASON: Final[dict[Loss, str]] = {
    "start": "crash",
    "crash": "crash",
    "deadline": "deadline",
    "abandoned": "deadline",  # with nobody waiting, the deadline is the grace
}


class Dispatcher(Owner):
    """Brings calls to lanes. No lane is idle while a call waits, and no call waits for ever."""

    def __init__(
        self,
        config: EngineConfig,
        start: Callable[[Listener], Process],
        replaced: Callable[[str], None],
        refused: Callable[[Limit], None],
    ) -> None:
        """``replaced`` hears the reason whenever a worker is replaced, ``refused`` what it was whenever a call is turned away."""
        max_bytes = int(config.max_result_bytes)
        self.crew = Crew(config, lambda: Lane(start, self, max_bytes))
        self._replaced = replaced
        self._queue: deque[Call] = deque()
        self._is_open = False
        self._settled = asyncio.Event()
        self._paces = Paces()
        self.admission = Admission(config.queue, config.max_wait_s, self._load, lambda: self._paces.typical_s, refused)
        self.spare = SpareTime(max(1, config.crew_size() - 1), config.deadline_s, self._has_time)
        """For what may wait until nobody else does; one worker, where there are several, is left for all others."""

    async def open(self) -> None:
        """Start the workers and return when they are ready. Raises NoWorker when none can be started."""
        self._is_open = True
        self.crew.fill()
        self._settle()
        try:
            await self._settled.wait()
        except asyncio.CancelledError:
            await self.close()
            raise
        if not any(lane.is_ready for lane in self.crew.lanes):
            await self.close()
            raise self._no_worker()

    async def close(self) -> None:
        """End all workers at once; whoever still waits gets Draining."""
        self._is_open = False
        calls = [call for lane in self.crew.lanes for call in (lane.head, lane.ahead) if call]
        for call in (*calls, *self._queue):
            call.fail(Draining())
        self._queue.clear()
        self.spare.close()
        await self.crew.close()

    def waiting(self) -> int:
        """The calls that no worker works on yet: in the queue, or lying ready behind another call."""
        return self.admission.line.count

    @property
    def is_busy(self) -> bool:
        """Whether so many wait that nothing should be begun which nobody waits for."""
        return not self._is_open or self.admission.is_busy

    # ------------------------------------------------------------ calls come and go

    def admit(self, call: Call) -> None:
        """Give it to a worker or let it wait. Raises QueueFull, Draining, NoWorker at once."""
        if not self._is_open:
            raise Draining
        if self.crew.is_hopeless:
            raise self._no_worker()
        self.admission.check()
        call.expected_s = self._paces.expected_s(call.kind)
        call.wait(self.admission.line, self._give_up)
        self._queue.append(call)
        self._dispatch()

    def withdraw(self, call: Call) -> None:
        """Nobody waits for it any more: its place is free."""
        call.stop_waiting()
        if not any(lane.withdraw(call) for lane in self.crew.lanes):
            with suppress(ValueError):  # it may have ended at this moment
                self._queue.remove(call)
        self._dispatch()

    def _give_up(self, call: Call) -> None:
        self.withdraw(call)
        call.fail(RenderTimeout() if call.deaths else QueueFull("No worker came free in time; try again shortly"))

    # ------------------------------------------------------------ who is served next

    def _is_idle(self) -> bool:
        return any(lane.serves and not lane.depth for lane in self.crew.lanes)

    def _dispatch(self) -> None:
        """First to workers with nothing to do, then one behind each running call, the longest-running first."""
        while self._queue and (lane := self._next_lane()):
            lane.take(self._queue.popleft())
        self._share()
        self.spare.offer()

    def _load(self) -> Load:
        """A call that takes longer than expected is expected to take as much longer again."""
        now, running_s, hands, is_idle = asyncio.get_running_loop().time(), 0.0, 0, False
        for lane in self.crew.lanes:
            hands += not lane.is_retired
            head = lane.head
            if head and head.began_at is not None:
                running_s += abs(head.expected_s - (now - head.began_at))
            elif lane.depth:  # it is ending what nobody waits for any more
                running_s += self._paces.typical_s
            is_idle = is_idle or (lane.serves and not lane.depth)
        return Load(running_s, max(1, hands), is_idle)

    def _learn(self, call: Call) -> None:
        if call.began_at is not None:
            self._paces.learn(call.kind, asyncio.get_running_loop().time() - call.began_at)

    def _has_time(self) -> bool:
        return self._is_open and not self._queue and self._is_idle()

    def _next_lane(self) -> Lane | None:
        serving = (lane for lane in self.crew.lanes if lane.serves)
        return min(serving, key=lambda lane: (lane.depth, lane.ends_at), default=None)

    def _share(self) -> None:
        """Whoever has nothing to do takes over a call that lies ready behind another."""
        idle = [lane for lane in self.crew.lanes if lane.serves and not lane.depth]
        ahead = [(lane, call) for lane in self.crew.lanes if idle and (call := lane.ahead)]
        for taker, (lane, call) in zip(idle, ahead, strict=False):
            lane.withdraw(call)
            taker.take(call)

    # ------------------------------------------------------------ what becomes of lanes

    def ready(self, lane: Lane) -> None:
        old = self.crew.welcome(lane)
        if old:
            self._replaced("recycled")
            if not old.depth:
                self.crew.dismiss(old)
        self._settle()
        self._dispatch()

    def finished(self, lane: Lane, call: Call | None, outcome: wire.Outcome, file: wire.File | None) -> None:
        if call:
            self._learn(call)
            call.succeed((outcome, file))
        if lane.is_retired and not lane.depth:
            self.crew.dismiss(lane)
        elif self.crew.is_worn(lane):
            self.crew.relieve(lane)
        self._dispatch()

    def lost(self, lane: Lane, loss: Loss, why: str) -> None:
        head, ahead = lane.head, lane.ahead
        if ahead:  # has not begun: this was no attempt of its own
            self._queue.appendleft(ahead)
        if head and loss == "start":  # nor was this
            self._queue.appendleft(head)
            head = None
        self.crew.dismiss(lane)
        self._replaced(_REASON[loss])
        if loss == "start":
            self.crew.back_off(why)
        fresh = self.crew.fill()
        if head:
            self._after_death(head, loss, why, fresh)
        if self.crew.is_hopeless:
            self._fail_all()
        self._settle()
        self._dispatch()

    def _after_death(self, call: Call, loss: Loss, why: str, fresh: Lane | None) -> None:
        """A call is tried once more, on the worker that replaces the dead one, so that it can harm no other."""
        call.survive(asyncio.get_running_loop().time())
        if loss == "deadline":
            self._learn(call)
            call.fail(RenderTimeout(detail=why))
        elif call.deaths >= MAX_DEATHS:
            call.fail(RenderCrashed(detail=why))
        else:
            call.wait(self.admission.line, self._give_up)
            if fresh:
                fresh.take(call)
            else:
                self._queue.appendleft(call)

    def _fail_all(self) -> None:
        while self._queue:
            self._queue.popleft().fail(self._no_worker())

    def _settle(self) -> None:
        if not self.crew.is_starting:
            self._settled.set()

    def _no_worker(self) -> NoWorker:
        return NoWorker(detail=self.crew.trouble)
