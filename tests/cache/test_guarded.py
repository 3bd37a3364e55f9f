"""Timeout and circuit breaker: the cost of a slow or failed tier for a request, and its recovery."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pixmill.cache.resilience.guarded import (
    MAX_CONSECUTIVE_FAILURES,
    RECOVERY_BACKOFF,
    WINDOW_CALLS,
    Breaker,
    BreakerState,
    GuardedTier,
)
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tier import Miss
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import OVERHEAD_BYTES, MemoryTier
from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.ports.values import Entry, Hit
from pixmill.runtime.backoff import Backoff
from tests.cache.entries import Recorder, entry_of, key_of
from tests.cache.tiers import FlakyTier

KEY = key_of("an image")


@asynccontextmanager
async def guarded(
    tier: FlakyTier, recorder: Recorder | None = None, *, timeout_s: float = 0.05, initial_backoff_s: float = 0.01
) -> AsyncIterator[GuardedTier[Entry]]:
    made = GuardedTier(
        tier,
        recorder,
        timeout_s=timeout_s,
        write_timeout_s=timeout_s,
        recovery_backoff=Backoff(initial_backoff_s, 30.0, jitter=True),
    )
    yield made
    tier.failure = None
    tier.gate.set()
    await made.close()


async def tried(tier: GuardedTier[Entry], times: int = MAX_CONSECUTIVE_FAILURES) -> None:
    for _ in range(times):
        with pytest.raises(StoreError):
            await tier.get(KEY)


# ---------------------------------------------------------------- the breaker


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker()
    for _ in range(3):
        assert not any(breaker.record(failed=True) for _ in range(MAX_CONSECUTIVE_FAILURES - 1))
        breaker.record(failed=False)
    assert breaker.is_closed
    assert [breaker.record(failed=True) for _ in range(MAX_CONSECUTIVE_FAILURES)] == [False] * (
        MAX_CONSECUTIVE_FAILURES - 1
    ) + [True]
    assert breaker.state is BreakerState.OPEN


def test_it_opens_when_half_of_the_last_calls_were_slow() -> None:
    breaker = Breaker()
    opened = [breaker.record(failed=False, slow=bool(number % 2)) for number in range(WINDOW_CALLS)]
    assert opened == [False] * (WINDOW_CALLS - 1) + [True]


def test_a_few_slow_calls_are_no_reason() -> None:
    breaker = Breaker()
    assert not any(breaker.record(failed=False, slow=number % 3 == 0) for number in range(10 * WINDOW_CALLS))


def test_what_ends_after_it_opened_tells_nothing_new_and_a_probe_decides() -> None:
    breaker = Breaker()
    for _ in range(MAX_CONSECUTIVE_FAILURES):
        breaker.record(failed=True)
    assert not breaker.record(failed=True)
    assert not breaker.record(failed=False)
    for well, state in ((False, BreakerState.OPEN), (True, BreakerState.CLOSED)):
        breaker.start_probe()
        assert (breaker.state, breaker.is_closed) == (BreakerState.HALF_OPEN, False)
        breaker.finish_probe(healthy=well)
        assert breaker.state is state
    assert not breaker.record(failed=True), "the past is forgotten"


def test_pauses_double_up_to_half_a_minute_and_differ_between_servers() -> None:
    one, another = ([RECOVERY_BACKOFF.delay_s(attempt) for attempt in range(9)] for _ in range(2))
    for number, pause in enumerate(one):
        assert min(2**number, 30) / 2 <= pause <= min(2**number, 30)
    assert one != another


# ---------------------------------------------------------------- around a tier


async def test_a_stalled_tier_costs_its_time_at_most_and_after_a_few_calls_nothing() -> None:
    tier, recorder = FlakyTier(), Recorder()
    tier.gate.clear()
    async with guarded(tier, recorder, initial_backoff_s=60) as slow, asyncio.timeout(30):
        for operation in (slow.get(KEY), slow.put(KEY, entry_of()), slow.delete(KEY), slow.ping()):
            with pytest.raises(StoreUnavailable):
                await operation
        await tried(slow, 1)
        assert slow.state == "open"
        gets_before = tier.gets
        cache = TieredCache([MemoryTier(2**20), slow], recorder)
        for _ in range(1_000):
            assert await cache.get(KEY) is None
        assert tier.gets == gets_before
        assert recorder.lookups("flaky") == {"unavailable": 1_000}


async def test_while_it_rests_writes_are_dropped_and_counted_and_a_deletion_is_refused() -> None:
    tier, recorder = FlakyTier(), Recorder()
    tier.failure = StoreUnavailable
    async with guarded(tier, recorder, initial_backoff_s=60) as bypassed:
        await tried(bypassed)
        await bypassed.put(KEY, entry_of())
        assert (tier.puts, recorder.errors("flaky")) == ([], {"bypass": 1})
        with pytest.raises(StoreUnavailable):
            await bypassed.delete(KEY)
        with pytest.raises(StoreUnavailable):
            await bypassed.ping()


async def test_a_queue_before_a_tier_that_is_down_empties_itself() -> None:
    tier, recorder = FlakyTier(), Recorder()
    tier.gate.clear()
    async with guarded(tier, recorder, initial_backoff_s=60) as slow, asyncio.timeout(30):
        write_behind_tier = WriteBehindTier(slow, recorder)
        for number in range(100):
            await write_behind_tier.put(key_of(number), entry_of())
        await write_behind_tier.drain()
        assert slow.state == "open"
        assert recorder.errors("flaky")["put"] + recorder.errors("flaky")["bypass"] == 100


async def test_it_is_asked_again_behind_the_scenes_and_used_when_it_is_well() -> None:
    tier = FlakyTier()
    entry = entry_of()
    await tier.put(KEY, entry)
    tier.failure = StoreUnavailable
    async with guarded(tier) as it, asyncio.timeout(30):
        await tried(it)
        assert await it.get(KEY) is Miss.UNAVAILABLE
        tier.failure = None
        while it.state != "closed":
            await asyncio.sleep(0.002)
        assert await it.get(KEY) is entry
        assert tier.used_bytes == MemoryTier(2**20).used_bytes + len(entry.body) + OVERHEAD_BYTES, (
            "a probe leaves nothing"
        )


async def test_a_tier_that_takes_nothing_more_can_still_be_read() -> None:
    class Full(FlakyTier):
        full: Callable[[], Exception] | None = None

        async def put(self, key: Key, entry: Entry) -> None:
            if self.full:
                raise self.full()
            await super().put(key, entry)

    tier = Full()
    await tier.put(KEY, entry_of())
    async with guarded(tier) as it, asyncio.timeout(30):
        for full in (StoreFull, StoreDenied):
            tier.full = full
            for _ in range(2 * WINDOW_CALLS):
                with pytest.raises(full):
                    await it.put(key_of("another"), entry_of())
            assert it.state == "closed"
        tier.failure = StoreUnavailable
        await tried(it)
        tier.failure = None
        while it.state != "closed":
            await asyncio.sleep(0.002)
        assert isinstance(await it.get(KEY), Entry)


async def test_a_request_that_gives_up_says_nothing_about_the_tier() -> None:
    tier = FlakyTier()
    tier.gate.clear()
    async with guarded(tier, timeout_s=60) as it:
        for _ in range(2 * MAX_CONSECUTIVE_FAILURES):
            asking = asyncio.create_task(it.get(KEY))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert it.state == "closed"


async def test_the_state_is_told_to_metrics_and_health() -> None:
    tier = FlakyTier()
    tier.failure = StoreUnavailable
    async with guarded(tier, initial_backoff_s=60) as it:
        cache = TieredCache([MemoryTier(2**20), WriteBehindTier(it)])
        read = cache.breakers()
        assert list(read) == ["flaky"]
        assert read["flaky"]() == 0
        await tried(it)
        assert read["flaky"]() == 2
        assert cache.pingables()["flaky"] is it


async def test_one_tier_that_is_down_leaves_the_others_at_work() -> None:
    broken, working = FlakyTier("broken"), FlakyTier("working")
    broken.failure = StoreUnavailable
    entry = entry_of()
    async with guarded(broken, initial_backoff_s=60) as first, guarded(working) as second:
        cache = TieredCache([first, second])
        for _ in range(2 * MAX_CONSECUTIVE_FAILURES):
            await cache.put(KEY, entry)
            assert await cache.get(KEY) == Hit(entry, "working")
        assert (first.state, second.state) == ("open", "closed")
