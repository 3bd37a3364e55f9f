"""Readiness is what the parts prove, asked rarely, and never takes longer than it may."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from pixmill.errors import StoreUnavailable
from pixmill.ports.observe import Pingable
from pixmill.services.health import TIMEOUT_CODE, HealthService
from tests.timers import finished_within


class Probe:
    """A part that takes ``seconds`` to prove itself, or fails; it notes how often it was asked."""

    def __init__(self, seconds: float = 0, error: Exception | None = None) -> None:
        self.seconds = seconds
        self.error = error
        self.asked = 0

    async def ping(self) -> None:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error


class Uncancellable(Probe):
    """Does not even notice that it is cancelled, until ``released``."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()

    async def ping(self) -> None:
        self.asked += 1
        while not self.released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.released.wait()


class Clock:
    """A clock that moves only by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def serving(
    *, timeout_s: float = 1.0, clock: Callable[[], float] = time.monotonic, **probes: Pingable
) -> AsyncIterator[HealthService]:
    health = HealthService(probes, timeout_s=timeout_s, clock=clock)
    yield health
    await health.close()


async def test_all_parts_well_is_ready() -> None:
    async with serving(engine=Probe(), store=Probe()) as health:
        report = await health.ready()
    assert report.ok
    assert {name: part.ok for name, part in report.components.items()} == {"engine": True, "store": True}


async def test_without_parts_it_is_ready() -> None:
    async with serving() as health:
        assert (await health.ready()).ok


async def test_one_part_unwell_is_not_ready_and_says_by_which_code() -> None:
    async with serving(engine=Probe(), store=Probe(error=StoreUnavailable(detail="10.0.0.7 refused"))) as health:
        report = await health.ready()
    assert not report.ok
    assert report.components["engine"].ok
    assert (report.components["store"].ok, report.components["store"].code) == (False, "store_unavailable")


async def test_an_optional_part_is_reported_but_readiness_does_not_ask_it() -> None:
    for engine_is_well in (True, False):
        engine, tier = Probe(error=None if engine_is_well else StoreUnavailable()), Probe(error=StoreUnavailable())
        health = HealthService({"engine": engine}, optional={"tier": tier})
        assert (await health.ready()).ok == engine_is_well
        assert tier.asked == 0
        report = await health.health()
        assert (report.ok, report.degraded) == (engine_is_well, engine_is_well)
        assert (report.components["tier"].ok, report.components["tier"].required) == (False, False)
        assert (report.components["engine"].ok, report.components["engine"].required) == (engine_is_well, True)
        await health.close()


async def test_readiness_does_not_wait_for_an_optional_part_that_hangs() -> None:
    health = HealthService({"engine": Probe()}, timeout_s=30, optional={"bucket": Probe(30)})
    asking = asyncio.create_task(health.health())
    await asyncio.sleep(0)
    assert (await finished_within(health.ready(), 20)).ok
    await health.close()
    await asyncio.wait((asking,))


async def test_a_watched_part_is_known_to_be_down_and_up_again_though_nobody_asks() -> None:
    tier = Probe(error=StoreUnavailable())
    health = HealthService({}, cache_s=0, optional={"tier": tier})
    assert health.is_up("tier")
    health.start_watching(interval_s=0.001)

    async def until(is_up: bool) -> None:
        while health.is_up("tier") is not is_up:
            await asyncio.sleep(0.001)

    await finished_within(until(is_up=False), 60)
    tier.error = None
    await finished_within(until(is_up=True), 60)
    await health.close()
    asked = tier.asked
    await asyncio.sleep(0.01)
    assert tier.asked == asked


async def test_a_part_that_fails_in_an_unforeseen_way_is_unwell_too() -> None:
    async with serving(store=Probe(error=ZeroDivisionError())) as health:
        assert (await health.ready()).components["store"].code == "internal"


async def test_parts_are_asked_all_at_once() -> None:
    async with serving(a=Probe(0.1), b=Probe(0.1), c=Probe(0.1)) as health:
        report = await finished_within(health.ready(), 0.25)
    assert report.ok
    assert all(part.seconds >= 0.09 for part in report.components.values())


async def test_a_slow_part_is_unwell_and_nobody_waits_longer() -> None:
    async with serving(timeout_s=0.05, slow=Probe(30), quick=Probe()) as health:
        report = await finished_within(health.ready(), 0.5)
    assert (report.components["slow"].ok, report.components["slow"].code) == (False, TIMEOUT_CODE)
    assert report.components["quick"].ok


async def test_a_part_that_cannot_be_cancelled_costs_no_more_and_is_asked_only_once() -> None:
    stubborn, clock = Uncancellable(), Clock()
    async with serving(timeout_s=0.02, clock=clock, store=stubborn) as health:
        for _ in range(3):
            assert (await health.ready()).components["store"].code == TIMEOUT_CODE
            clock.now += 10
        assert stubborn.asked == 1
        stubborn.released.set()
        await asyncio.sleep(0.01)
        assert (await health.ready()).ok


async def test_callers_at_the_same_time_share_one_round() -> None:
    probe = Probe(0.02)
    async with serving(engine=probe) as health:
        reports = await asyncio.gather(*(health.ready() for _ in range(20)))
    assert probe.asked == 1
    assert all(report.ok for report in reports)


async def test_a_report_is_good_for_a_second() -> None:
    probe, clock = Probe(), Clock()
    async with serving(clock=clock, engine=probe) as health:
        await health.ready()
        clock.now += 0.9
        await health.ready()
        assert probe.asked == 1
        clock.now += 0.2
        await health.ready()
        assert probe.asked == 2


async def test_a_caller_who_leaves_does_not_spoil_it_for_the_others() -> None:
    async with serving(engine=Probe(0.05)) as health:
        leaving, staying = asyncio.create_task(health.ready()), asyncio.create_task(health.ready())
        await asyncio.sleep(0.01)
        leaving.cancel()
        assert (await staying).ok


async def test_draining_is_not_ready_at_once_but_alive() -> None:
    probe = Probe(30)
    async with serving(engine=probe) as health:
        assert health.live().ok
        health.drain()
        report = await health.ready()
        assert (report.ok, report.draining, probe.asked) == (False, True, 0)
        assert health.live().ok


async def test_falling_ill_and_recovering_are_logged_once_each() -> None:
    probe, clock = Probe(error=StoreUnavailable(detail="10.0.0.7 refused")), Clock()
    with structlog.testing.capture_logs() as lines:
        async with serving(clock=clock, store=probe) as health:
            for error in (probe.error, probe.error, None, None):
                probe.error = error
                await health.ready()
                clock.now += 10
    assert [(line["event"], line.get("detail")) for line in lines] == [
        ("component_failing", "10.0.0.7 refused"),
        ("component_recovered", None),
    ]


async def test_closing_stops_what_is_still_being_asked() -> None:
    async with serving(engine=Probe(30)) as health:
        asking = asyncio.create_task(health.ready())
        await asyncio.sleep(0.01)
    await asyncio.wait((asking,), timeout=1)
    assert asking.cancelled()
