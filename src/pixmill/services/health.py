"""Liveness and readiness of the service and its components.

Knows components only as ``Pingable``. Must never know HTTP, nor take longer than its timeout.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pixmill.errors import InternalError, PixmillError, release_frames
from pixmill.ports.observe import HasCircuitState, Pingable
from pixmill.runtime.event_log import EventLog

TIMEOUT_CODE: Final = "probe_timeout"
"""The code of a component that did not answer in time."""


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """The result of one probe: ``code`` is empty if it succeeded. ``detail`` is for the log only.

    Readiness depends on ``required`` components only. ``state`` is that of the circuit breaker, if there is one.
    """

    ok: bool
    seconds: float
    code: str = ""
    detail: str = ""
    required: bool = True
    state: str = ""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Whether requests should be sent here, and the state of each component. No component is probed while draining."""

    ok: bool
    draining: bool = False
    components: Mapping[str, ComponentHealth] = field(default_factory=dict)

    @property
    def degraded(self) -> bool:
        """Whether the service is ready though an optional component fails."""
        return self.ok and not all(component.ok for component in self.components.values())


class HealthService:
    """Probes all components concurrently, at most every ``cache_s`` seconds, for at most ``timeout_s``.

    ``optional`` components are reported, but readiness does not depend on them.
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
        self._check_task: asyncio.Task[HealthReport] | None = None
        self._fresh_until = 0.0
        self._running: dict[str, asyncio.Task[ComponentHealth]] = {}
        self._failing: set[str] = set()
        self._log = EventLog("health")

    def drain(self) -> None:
        """Report not ready from now on, so that load balancers send no new requests."""
        self.draining = True

    def live(self) -> HealthReport:
        """Report liveness: that this code runs is the proof."""
        return HealthReport(ok=True, draining=self.draining)

    async def ready(self) -> HealthReport:
        """Probe all components; concurrent callers, and those within ``cache_s``, share one round of probes."""
        if self.draining:
            return HealthReport(ok=False, draining=True)
        if self._check_task is None or (self._check_task.done() and self._clock() >= self._fresh_until):
            self._check_task = asyncio.create_task(self._probe_all())
        return await asyncio.shield(self._check_task)

    async def close(self) -> None:
        """Cancel running probes."""
        tasks = [task for task in (self._check_task, *self._running.values()) if task and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe_all(self) -> HealthReport:
        tasks = {name: self._probe(name) for name in self._probes}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._timeout_s)
        components = {name: self._collect(name, task) for name, task in tasks.items()}
        self._fresh_until = self._clock() + self._cache_s
        return HealthReport(
            ok=all(component.ok for component in components.values() if component.required), components=components
        )

    def _probe(self, name: str) -> asyncio.Task[ComponentHealth]:
        """Start a probe; returns the last one if it hangs and ignores its cancellation."""
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.create_task(_ping(self._probes[name]))
        return task

    def _collect(self, name: str, task: asyncio.Task[ComponentHealth]) -> ComponentHealth:
        if task.done() and not task.cancelled():
            component = task.result()
        else:
            task.cancel()
            component = ComponentHealth(ok=False, seconds=self._timeout_s, code=TIMEOUT_CODE)
        self._log_change(name, component)
        probe = self._probes[name]
        state = probe.state if isinstance(probe, HasCircuitState) else ""
        return replace(component, required=name not in self._optional, state=state)

    def _log_change(self, name: str, component: ComponentHealth) -> None:
        """Log changes of a component's state."""
        if component.ok and name in self._failing:
            self._failing.remove(name)
            self._log.info("component_recovered", component=name)
        elif not component.ok and name not in self._failing:
            self._failing.add(name)
            self._log.warning("component_failing", component=name, code=component.code, detail=component.detail)


async def _ping(component: Pingable) -> ComponentHealth:
    started = time.perf_counter()
    try:
        await component.ping()
    except Exception as error:  # noqa: BLE001 - a component that fails in an unforeseen way is failing all the same
        release_frames(error)
        code = error.code if isinstance(error, PixmillError) else InternalError.code
        detail = (error.detail or error.message) if isinstance(error, PixmillError) else repr(error)
        return ComponentHealth(ok=False, seconds=time.perf_counter() - started, code=code, detail=detail)
    return ComponentHealth(ok=True, seconds=time.perf_counter() - started)
