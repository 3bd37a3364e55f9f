"""Is the service alive, and are its parts fit for work?

Knows parts only as something that can be pinged. Must never know HTTP, nor take longer than it was told to.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from pixmill.errors import Internal, PixmillError
from pixmill.ports import Pingable, Stateful

TIMEOUT_CODE: Final = "probe_timeout"
"""The code of a part that did not answer in time."""


@dataclass(frozen=True, slots=True)
class Part:
    """How one part answered its probe: ``code`` is empty when it was well. ``detail`` is for the log only.

    Without a part that is not ``required`` the service does its work all the same. ``state`` is that of its breaker, if
    it has one.
    """

    ok: bool
    seconds: float
    code: str = ""
    detail: str = ""
    required: bool = True
    state: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Whether requests should be sent here, and how each part is. While draining no part is asked."""

    ok: bool
    draining: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def degraded(self) -> bool:
        """Whether the service works, but not with all that it could have."""
        return self.ok and not all(part.ok for part in self.parts.values())


class HealthService:
    """Probes the parts, all at once, at most every ``cache_s`` seconds, and never for longer than ``timeout_s``.

    The ``optional`` ones are told, but readiness does not depend on them.
    """

    def __init__(
        self,
        probes: Mapping[str, Pingable],
        timeout_s: float = 2.0,
        cache_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        *,
        optional: Mapping[str, Pingable] | None = None,
    ) -> None:
        self.draining = False
        self._optional = frozenset(optional or ())
        self._probes = {**probes, **(optional or {})}
        self._timeout_s = timeout_s
        self._cache_s = cache_s
        self._clock = clock
        self._round: asyncio.Task[Report] | None = None
        self._fresh_until = 0.0
        self._running: dict[str, asyncio.Task[Part]] = {}
        self._unwell: set[str] = set()
        self._log = structlog.get_logger("health")

    def drain(self) -> None:
        """From now on not ready: no new work, please."""
        self.draining = True

    def live(self) -> Report:
        """That this line runs is the proof."""
        return Report(ok=True, draining=self.draining)

    async def ready(self) -> Report:
        """Whether every required part does its work. Callers at the same time, or within ``cache_s``, share one round of probes."""
        if self.draining:
            return Report(ok=False, draining=True)
        if self._round is None or (self._round.done() and self._clock() >= self._fresh_until):
            self._round = asyncio.create_task(self._ask_all())
        return await asyncio.shield(self._round)

    async def close(self) -> None:
        """Stop whatever is still being probed."""
        tasks = [task for task in (self._round, *self._running.values()) if task and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_all(self) -> Report:
        tasks = {name: self._probe(name) for name in self._probes}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._timeout_s)
        parts = {name: self._outcome(name, task) for name, task in tasks.items()}
        self._fresh_until = self._clock() + self._cache_s
        return Report(ok=all(part.ok for part in parts.values() if part.required), parts=parts)

    def _probe(self, name: str) -> asyncio.Task[Part]:
        """A new probe, or the last one if it hangs so badly that it could not even be cancelled."""
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.create_task(_ask(self._probes[name]))
        return task

    def _outcome(self, name: str, task: asyncio.Task[Part]) -> Part:
        if task.done() and not task.cancelled():
            part = task.result()
        else:
            task.cancel()
            part = Part(ok=False, seconds=self._timeout_s, code=TIMEOUT_CODE)
        self._tell(name, part)
        probe = self._probes[name]
        state = probe.state if isinstance(probe, Stateful) else ""
        return replace(part, required=name not in self._optional, state=state)

    def _tell(self, name: str, part: Part) -> None:
        """Log a part that fell ill or recovered: changes, not states."""
        if part.ok and name in self._unwell:
            self._unwell.remove(name)
            self._log.info("part_well_again", part=name)
        elif not part.ok and name not in self._unwell:
            self._unwell.add(name)
            self._log.warning("part_unwell", part=name, code=part.code, detail=part.detail)


async def _ask(part: Pingable) -> Part:
    begun = time.perf_counter()
    try:
        await part.ping()
    except Exception as error:  # noqa: BLE001 - a part that fails in an unforeseen way is unwell all the same
        code = error.code if isinstance(error, PixmillError) else Internal.code
        detail = (error.detail or error.message) if isinstance(error, PixmillError) else repr(error)
        return Part(ok=False, seconds=time.perf_counter() - begun, code=code, detail=detail)
    return Part(ok=True, seconds=time.perf_counter() - begun)
