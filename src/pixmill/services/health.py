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

WATCH_INTERVAL_S: Final = 15.0
"""Between probes without a request: an alert waits for minutes, and a probe of a bucket is three requests to pay."""


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

    def with_component(self, name: str, component: ComponentHealth) -> "HealthReport":
        """Return the report with one more component."""
        is_ok = self.ok and (component.ok or not component.required)
        return replace(self, ok=is_ok, components={**self.components, name: component})


class HealthService:
    """Probes components concurrently, at most every ``cache_s`` seconds, for at most ``timeout_s``.

    Readiness asks the ``required`` ones only, which are this server's own. A store that servers share is ``optional``:
    if its failure counted, a load balancer would take all servers out at once, though each still answers what it has.
    """

    def __init__(
        self,
        required: Mapping[str, Pingable],
        timeout_s: float = 2.0,
        cache_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        *,
        optional: Mapping[str, Pingable] | None = None,
    ) -> None:
        self.draining = False
        limits = _ProbeLimits(timeout_s, cache_s, clock)
        self._required = _ProbeRound(required, limits, are_required=True)
        self._optional = _ProbeRound(optional or {}, limits, are_required=False)
        self._watching: asyncio.Task[None] | None = None

    @property
    def optional_names(self) -> tuple[str, ...]:
        """The components on which readiness does not depend."""
        return tuple(self._optional.probes)

    def drain(self) -> None:
        """Report not ready from now on, so that load balancers send no new requests."""
        self.draining = True

    def live(self) -> HealthReport:
        """Report liveness: that this code runs is the proof."""
        return HealthReport(ok=True, draining=self.draining)

    async def ready(self) -> HealthReport:
        """Probe what this server itself needs; callers at the same time, and within ``cache_s``, share the probes."""
        if self.draining:
            return HealthReport(ok=False, draining=True)
        return _report(await self._required.components())

    async def health(self) -> HealthReport:
        """Probe all components, as ``ready`` does."""
        if self.draining:
            return HealthReport(ok=False, draining=True)
        required, optional = await asyncio.gather(self._required.components(), self._optional.components())
        return _report({**required, **optional})

    def start_watching(self, interval_s: float = WATCH_INTERVAL_S) -> None:
        """Probe everything now and then, until ``close``, for the log and ``is_up``, without any request."""
        self._watching = asyncio.create_task(self._watch(interval_s), name="health-watch")

    def is_up(self, name: str) -> bool:
        """Whether the last probe of an optional component succeeded; true before the first one has ended."""
        return name not in self._optional.failing

    async def close(self) -> None:
        """Cancel running probes."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(self._required.close(), self._optional.close())

    async def _watch(self, interval_s: float) -> None:
        while not self.draining:
            await self.health()
            await asyncio.sleep(interval_s)


def _report(components: Mapping[str, ComponentHealth]) -> HealthReport:
    return HealthReport(ok=all(each.ok for each in components.values() if each.required), components=components)


@dataclass(frozen=True, slots=True)
class _ProbeLimits:
    """How long a round of probes may take, and for how long its outcome is reused."""

    timeout_s: float
    cache_s: float
    clock: Callable[[], float]


class _ProbeRound:
    """Components that are probed together."""

    def __init__(self, probes: Mapping[str, Pingable], limits: _ProbeLimits, *, are_required: bool) -> None:
        self.probes = dict(probes)
        self.failing: set[str] = set()
        self._are_required = are_required
        self._limits = limits
        self._check_task: asyncio.Task[dict[str, ComponentHealth]] | None = None
        self._fresh_until = 0.0
        self._running: dict[str, asyncio.Task[ComponentHealth]] = {}
        self._log = EventLog("health")

    async def components(self) -> dict[str, ComponentHealth]:
        if self._check_task is None or (self._check_task.done() and self._limits.clock() >= self._fresh_until):
            self._check_task = asyncio.create_task(self._probe_all())
        return await asyncio.shield(self._check_task)

    async def close(self) -> None:
        tasks = [task for task in (self._check_task, *self._running.values()) if task and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe_all(self) -> dict[str, ComponentHealth]:
        tasks = {name: self._probe(name) for name in self.probes}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._limits.timeout_s)
        components = {name: self._collect(name, task) for name, task in tasks.items()}
        self._fresh_until = self._limits.clock() + self._limits.cache_s
        return components

    def _probe(self, name: str) -> asyncio.Task[ComponentHealth]:
        """Start a probe; returns the last one if it hangs and ignores its cancellation."""
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.create_task(_ping(self.probes[name]))
        return task

    def _collect(self, name: str, task: asyncio.Task[ComponentHealth]) -> ComponentHealth:
        if task.done() and not task.cancelled():
            component = task.result()
        else:
            task.cancel()
            component = ComponentHealth(ok=False, seconds=self._limits.timeout_s, code=TIMEOUT_CODE)
        self._log_change(name, component)
        probe = self.probes[name]
        state = probe.state if isinstance(probe, HasCircuitState) else ""
        return replace(component, required=self._are_required, state=state)

    def _log_change(self, name: str, component: ComponentHealth) -> None:
        """Log changes of a component's state."""
        if component.ok and name in self.failing:
            self.failing.remove(name)
            self._log.info("component_recovered", component=name)
        elif not component.ok and name not in self.failing:
            self.failing.add(name)
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
