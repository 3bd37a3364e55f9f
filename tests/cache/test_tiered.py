"""Tiers in order: the fastest answers, the slower ones fill it, and none of them fails a request."""

import asyncio
from itertools import product
from pathlib import Path
from time import time

import pytest

from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.object_store import ObjectStoreTier
from pixmill.errors import StoreError, StoreUnavailable
from pixmill.plan.key import Key
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.ports.observe import RequestStage
from pixmill.ports.values import Entry, Hit
from pixmill.storage.memory import MemoryStore
from tests.cache.entries import Recorder, changed, entry_of, key_of
from tests.cache.tiers import FlakyTier

KEY = key_of("an image")


async def test_a_hit_in_a_slow_tier_fills_the_faster_ones() -> None:
    recorder = Recorder()
    fast, middle, slow = (
        MemoryTier(2**20, name="fast"),
        WriteBehindTier(FlakyTier("middle")),
        WriteBehindTier(FlakyTier("slow")),
    )
    cache = TieredCache([fast, middle, slow], recorder)
    entry = entry_of()
    await slow.put(KEY, entry)
    assert await cache.get(KEY) == Hit(entry, "slow")
    assert await cache.get(KEY) == Hit(entry, "fast")
    await cache.drain()
    assert await middle.get(KEY) is entry
    assert (recorder.lookups("fast"), recorder.lookups("middle"), recorder.lookups("slow")) == (
        {"miss": 1, "hit": 1},
        {"miss": 1},
        {"hit": 1},
    )
    assert recorder.stages[RequestStage.CACHE_READ] == 2


async def test_a_put_reaches_every_tier_and_waits_for_none() -> None:
    fast, slow = MemoryTier(2**20), FlakyTier()
    slow.gate.clear()
    cache = TieredCache([fast, WriteBehindTier(slow)])
    async with asyncio.timeout(30):
        await cache.put(KEY, entry_of())
        assert await cache.get(KEY) is not None
        slow.gate.set()
        await cache.drain()
    assert slow.puts == [b"pixels"]


async def test_an_entry_is_fresh_then_stale_then_gone() -> None:
    now, recorder = 1_000.0, Recorder()
    cache = TieredCache([MemoryTier(2**20)], recorder, clock=lambda: now)
    entry = entry_of(stored_at=1_000.0, fresh_until=1_060.0, stale_until=1_120.0)
    await cache.put(KEY, entry)
    for moment in (1_059.0, 1_060.0, 1_119.0):
        now = moment
        assert await cache.get(KEY) == Hit(entry, "memory")
    now = 1_120.0
    assert await cache.get(KEY) is None
    assert recorder.lookups("memory") == {"hit": 1, "stale": 2, "miss": 1}


async def test_when_the_fast_tier_s_entry_is_gone_a_slower_one_may_have_a_newer() -> None:
    now = 2_000.0
    fast, slow = MemoryTier(2**20), WriteBehindTier(FlakyTier())
    cache = TieredCache([fast, slow], clock=lambda: now)
    await fast.put(KEY, entry_of(b"old", stored_at=0.0, fresh_until=1.0, stale_until=2.0))
    newer = entry_of(b"new", stored_at=2_000.0, fresh_until=3_000.0, stale_until=3_000.0)
    await slow.put(KEY, newer)
    assert await cache.get(KEY) == Hit(newer, "flaky")
    assert await fast.get(KEY) is newer


async def test_a_clock_put_back_makes_entries_stale_not_eternal() -> None:
    now, recorder = 1e9, Recorder()
    cache = TieredCache([MemoryTier(2**20)], recorder, clock=lambda: now)
    await cache.put(KEY, entry_of(stored_at=1e9, fresh_until=1e9 + 60, stale_until=1e9 + 120))
    now = 1e8
    hit = await cache.get(KEY)
    assert hit is not None
    assert hit.entry.meta.lifetime.fresh_until <= now < hit.entry.meta.lifetime.stale_until <= now + 60
    assert recorder.lookups("memory") == {"stale": 1}


@pytest.mark.parametrize("failure", [StoreUnavailable, RuntimeError, OSError, UnicodeError])
async def test_a_tier_that_fails_is_a_tier_that_has_nothing(failure: type[Exception]) -> None:
    recorder = Recorder()
    broken, working = FlakyTier("broken"), FlakyTier("working")
    cache = TieredCache([broken, WriteBehindTier(working)], recorder)
    broken.failure = failure
    entry = entry_of()
    await cache.put(KEY, entry)
    assert await cache.get(KEY) == Hit(entry, "working")
    assert recorder.lookups("broken") == {"error": 1}
    assert recorder.errors("broken") == {"put": 2, "get": 1}  # once more to fill it from below
    await cache.close()
    assert recorder.errors("broken")["close"] == 1


async def test_a_cancelled_request_stays_cancelled() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    asking = asyncio.create_task(TieredCache([slow]).get(KEY))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_what_memory_has_can_be_had_without_waiting_and_is_counted_once() -> None:
    now, recorder = 1_000.0, Recorder()
    memory = MemoryTier(2**20)
    cache = TieredCache([memory, WriteBehindTier(FlakyTier())], recorder, clock=lambda: now)
    entry = entry_of(stored_at=1_000.0, fresh_until=1_060.0, stale_until=1_120.0)
    assert cache.peek(KEY) is None
    assert recorder.lookups("memory") == {}
    await memory.put(KEY, entry)
    assert cache.peek(KEY) == Hit(entry, "memory")
    now = 1_061.0
    assert cache.peek(KEY) == Hit(entry, "memory")
    now = 1_121.0
    assert cache.peek(KEY) is None
    assert recorder.lookups("memory") == {"hit": 1, "stale": 1}


async def test_what_is_fresh_in_memory_is_counted_by_whoever_uses_it() -> None:
    now, recorder = 1_000.0, Recorder()
    memory = MemoryTier(2**20)
    cache = TieredCache([memory], recorder, clock=lambda: now)
    assert cache.peek_fresh(KEY) is None
    entry = entry_of(stored_at=1_000.0, fresh_until=1_060.0, stale_until=1_120.0)
    await memory.put(KEY, entry)
    assert cache.peek_fresh(KEY) == Hit(entry, "memory")
    cache.record_hits(3)
    now = 1_060.0
    assert cache.peek_fresh(KEY) is None, "it is stale"
    now = 900.0
    assert cache.peek_fresh(KEY) is None, "it comes from the future"
    assert recorder.lookups("memory") == {"hit": 3}


@pytest.mark.parametrize("hard", [True, False])
async def test_what_was_purged_is_not_fresh_and_what_was_not_is(hard: bool) -> None:
    memory = MemoryTier(2**20)
    cache = TieredCache([memory], clock=lambda: 1_010.0)
    await memory.put(KEY, entry_of(stored_at=1_000.0, fresh_until=1_060.0, stale_until=1_120.0, sources=("a",)))
    cache.purge_rules.issue([PurgeTarget(PurgeScope.SOURCE, "another", hard)])
    assert cache.peek_fresh(KEY) is not None
    cache.purge_rules.issue([PurgeTarget(PurgeScope.SOURCE, "a", hard)])
    assert cache.peek_fresh(KEY) is None


async def test_a_first_tier_that_must_be_waited_for_cannot_be_peeked_into() -> None:
    cache = TieredCache([WriteBehindTier(FlakyTier())])
    await cache.put(KEY, entry_of())
    assert cache.peek(KEY) is None
    assert cache.peek_fresh(KEY) is None
    await cache.close()


async def test_no_tiers_are_no_cache() -> None:
    cache = TieredCache([])
    await cache.put(KEY, entry_of())
    assert await cache.get(KEY) is None
    assert cache.pingables() == {}
    await cache.close()


async def test_too_large_an_entry_is_kept_nowhere() -> None:
    cache = TieredCache([MemoryTier(2**20)], max_entry_bytes=10)
    await cache.put(KEY, entry_of(bytes(11)))
    assert await cache.get(KEY) is None
    await cache.put(KEY, entry_of(bytes(10)))
    assert await cache.get(KEY) is not None


async def test_closing_writes_what_waits_and_does_not_wait_for_ever() -> None:
    prompt, stuck = FlakyTier("prompt"), FlakyTier("stuck")
    cache = TieredCache([WriteBehindTier(prompt), WriteBehindTier(stuck)])
    stuck.gate.clear()
    for n in range(20):
        await cache.put(key_of(n), entry_of(bytes([n])))
    closing = asyncio.create_task(cache.close(timeout_s=0.05))
    await asyncio.sleep(0.1)
    stuck.gate.set()
    await closing
    assert sorted(prompt.puts) == [bytes([n]) for n in range(20)]
    assert len(stuck.puts) < 20


async def test_every_tier_proves_itself_by_a_round_trip_that_leaves_nothing(tmp_path: Path) -> None:
    memory, store = MemoryTier(2**20), MemoryStore(2**20)
    disk = await DiskResultTier.open(tmp_path, 2**20)
    s3 = ObjectStoreTier(store, name="s3", max_entry_bytes=1_000)
    cache = TieredCache([memory, WriteBehindTier(disk), WriteBehindTier(s3)])
    probes = cache.pingables()
    assert list(probes) == ["memory", "disk", "s3"]
    for probe in probes.values():
        await probe.ping()
    assert memory.used_bytes == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [facts async for facts in store.list()] == []
    await cache.close()


async def test_a_tier_that_loses_what_it_is_given_does_not_pass_its_round_trip() -> None:
    class Forgetful(FlakyTier):
        async def put(self, key: Key, entry: Entry) -> None:
            await super().put(key, entry)
            await super().delete(key)

    with pytest.raises(StoreError):
        await TieredCache([WriteBehindTier(Forgetful())]).pingables()["flaky"].ping()


async def test_whatever_the_mix_of_fresh_stale_and_gone_what_is_served_may_be_served() -> None:
    now = 100.0
    for ages in product((50, 150, 250, None), repeat=3):
        tiers = [MemoryTier(2**20, name=str(n)) for n in range(3)]
        cache = TieredCache(tiers, clock=lambda: now)
        for tier, until in zip(tiers, ages, strict=True):
            if until is not None:
                entry = entry_of(str(until).encode(), stored_at=0.0)
                await tier.put(KEY, changed(entry, fresh_until=until - 60.0, stale_until=float(until)))
        hit = await cache.get(KEY)
        usable = [until for until in ages if until is not None and until > now]
        assert (hit.entry.body if hit else None) == (str(usable[0]).encode() if usable else None)


async def test_what_another_server_has_renewed_is_newer_than_what_memory_has() -> None:
    fast, slow = MemoryTier(2**20, name="fast"), FlakyTier("slow")
    cache = TieredCache([fast, slow], Recorder())
    stale = entry_of(stored_at=time() - 50, fresh_until=time() - 10)
    await cache.put(KEY, stale)
    assert await cache.get_newer(KEY, stale) is None, "it is what one has"
    revalidated = entry_of(stored_at=time() - 1)
    await slow.put(KEY, revalidated)
    assert await cache.get(KEY) == Hit(stale, "fast")
    assert await cache.get_newer(KEY, stale) == Hit(revalidated, "slow")
    assert cache.peek_fresh(KEY) == Hit(revalidated, "fast")
    await slow.put(KEY, entry_of(stored_at=time() - 5, fresh_until=time() - 1))
    assert await cache.get_newer(KEY, stale) is None, "what is stale too is not worth having"
    slow.failure = StoreUnavailable
    assert await cache.get_newer(KEY, stale) is None
