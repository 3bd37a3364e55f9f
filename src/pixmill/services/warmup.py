"""Renders that an operator has asked for before anybody else does: a line of sets, made one after the other in spare time.

Knows originals, plans and turns. Must never know HTTP, nor be in the way of a request.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pixmill.errors import PixmillError, QueueFull
from pixmill.plan.key import Key, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef

MAX_WAITING: Final = 10_000
"""Pictures in line: with plans of 2 KB, 20 MB."""

LANES: Final = 2
"""One fetches while the other renders."""

PAUSE_S: Final = 1.0
"""Before spare time is hoped for again when there was none."""

Set = tuple[SourceRef, tuple[str, ...]]
"""An original, and the tags of what is made of it."""

Make = Callable[[SourceRef, Mapping[Key, Plan], tuple[str, ...]], Coroutine[Any, Any, Counter[str]]]
"""Make what is missing of these, in spare time; how many came to what. Raises PixmillError, of it QueueFull when there was no time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Pictures in line, at work, and what became of the others since the start, by ``made``, ``there``, ``unkept`` or an error code."""

    waiting: int
    at_work: int
    done: Mapping[str, int]


class Warmup:
    """The line. What is asked for twice is in it once; all of one original, with the same tags, is one set."""

    def __init__(self, make: Make, *, max_waiting: int = MAX_WAITING, pause_s: float = PAUSE_S) -> None:
        self._make = make
        self._max_waiting = max_waiting
        self._pause_s = pause_s
        self._line: dict[Set, dict[Key, Plan]] = {}
        self._waiting = 0
        self._at_work: dict[Set, int] = {}
        self._done: Counter[str] = Counter()
        self._lanes: set[asyncio.Task[None]] = set()

    def add(self, request: ImageRequest) -> bool:
        """Put a picture in line; False if it was there already. Raises QueueFull."""
        plans = self._line.setdefault((request.source, request.tags), {})
        key = result_key(request.source.identity, request.plan)
        if key in plans:
            return False
        if self._waiting >= self._max_waiting:
            if not plans:
                del self._line[request.source, request.tags]
            raise QueueFull("So many pictures wait to be warmed already: ask again later")
        plans[key] = request.plan
        self._waiting += 1
        self._open_lanes()
        return True

    def progress(self) -> Progress:
        return Progress(self._waiting, sum(self._at_work.values()), dict(self._done))

    async def close(self) -> None:
        """What is in line is not made any more."""
        lanes = list(self._lanes)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    def _open_lanes(self) -> None:
        if len(self._lanes) < min(LANES, len(self._line) + len(self._at_work)):
            self._lanes.add(asyncio.create_task(self._run(), name="warmup"))

    async def _run(self) -> None:
        """A lane is closed in the step in which it finds nothing: whoever comes next opens another."""
        try:
            await self._work()
        finally:
            self._lanes = {lane for lane in self._lanes if lane is not asyncio.current_task()}

    async def _work(self) -> None:
        while wanted := next((one for one in self._line if one not in self._at_work), None):
            plans = self._line.pop(wanted)
            self._waiting -= len(plans)
            self._at_work[wanted] = len(plans)
            try:
                self._done += await self._made(wanted, plans)
            finally:
                del self._at_work[wanted]

    async def _made(self, wanted: Set, plans: Mapping[Key, Plan]) -> Counter[str]:
        source, tags = wanted
        while True:
            try:
                return await self._make(source, plans, tags)
            except QueueFull:
                await asyncio.sleep(self._pause_s)
            except PixmillError as error:
                return Counter({error.code: len(plans)})
            except Exception:  # noqa: BLE001 - a defect that befalls one set is not to end the line
                return Counter({"internal": len(plans)})
