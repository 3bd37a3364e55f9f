"""Pools with workers that obey commands, and what tests ask of them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pixmill.engine.config import EngineConfig
from pixmill.engine.pool.pool import EnginePool
from pixmill.plan.ops import Plan, Resize
from pixmill.ports.observe import Event, RequestStage
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool

HANDLERS = "tests.engine.handlers"
ROOT = Path(__file__).parents[2]
PLAN = Plan(resize=Resize(width=5))


class Notebook:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.times: list[tuple[RequestStage, float]] = []
        self.events: list[tuple[Event, dict[str, str]]] = []

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        self.times.append((stage, seconds))

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        assert amount == 1
        self.events.append((event, labels))

    def restarts(self) -> list[str]:
        return [labels["reason"] for event, labels in self.events if event is Event.WORKER_RESTART]

    def outcomes(self) -> list[str]:
        return [labels["outcome"] for event, labels in self.events if event is Event.RENDER]


@asynccontextmanager
async def pools(
    observer: Notebook | None = None, handlers: str | None = HANDLERS, **settings: Any
) -> AsyncIterator[EnginePool]:
    """An open pool of two workers, unless told otherwise."""
    pool = EnginePool(EngineConfig(**{"workers": 2, **settings}), observer or Notebook(), handlers)
    try:
        await pool.open()
        yield pool
    finally:
        await pool.close()


def restarts(pool: EnginePool) -> int:
    """How many workers the pool has replaced."""
    observer = pool._observer
    assert isinstance(observer, Notebook)
    return len(observer.restarts())


def original(command: str) -> Spool:
    spool = Spool(1000)
    spool.write(command.encode())
    return spool


async def obey(pool: EnginePool, command: str) -> Rendered:
    with original(command) as spool:
        return await pool.render(spool, PLAN)


async def eventually(holds: Callable[[], bool], within_s: float = 15.0) -> None:
    """Wait until it holds; the machine may be busy."""
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.005)


def workers() -> set[int]:
    """The workers that this process started; real servers, which tests share for a whole session, are its children
    too."""
    return {pid for pid in children() if "pixmill.engine" in _command(pid)}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return ""


def children(pid: int | str = "self") -> set[int]:
    """The processes that this one started and that are not dead."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for text in lists for child in text.read_text().split() if is_alive(int(child))}


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_files() -> int:
    gc.collect()  # what others left to the collector is not ours
    return len(list(Path("/proc/self/fd").iterdir()))
