"""The memory tier keeps to its size and keeps what is requested."""

import tracemalloc
from collections import OrderedDict
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.cache.tier import Miss
from pixmill.cache.tiers.memory import MAX_ENTRY_DIVISOR, OVERHEAD_BYTES, MemoryTier
from pixmill.plan.key import Key
from pixmill.ports.values import Entry
from tests.cache.entries import Recorder, entry_of, key_of

ENTRY = entry_of(bytes(1_024 - 1))
COST = len(ENTRY.body) + OVERHEAD_BYTES


async def held(cache: MemoryTier, keys: range) -> int:
    return sum([isinstance(await cache.get(key_of(key)), Entry) for key in keys])


async def test_the_body_comes_back_without_a_copy() -> None:
    cache = MemoryTier(10 * 2**20)
    await cache.put(key_of(1), ENTRY)
    assert await cache.get(key_of(1)) is ENTRY


async def test_a_scan_of_new_pictures_leaves_the_asked_for_ones_in_place() -> None:
    cache = MemoryTier(100 * COST)
    for key in range(50):
        await cache.put(key_of(key), ENTRY)
    assert await held(cache, range(50)) == 50
    for key in range(1_000, 3_000):
        await cache.put(key_of(key), ENTRY)
    assert await held(cache, range(50)) == 50


async def test_what_nobody_asks_for_any_more_goes_in_the_end() -> None:
    cache = MemoryTier(100 * COST)
    for key in range(50):
        await cache.put(key_of(key), ENTRY)
    await held(cache, range(50))
    for key in range(1_000, 2_000):
        await cache.put(key_of(key), ENTRY)
        await cache.get(key_of(key))
    assert await held(cache, range(50)) == 0


async def test_what_comes_back_soon_after_it_left_is_kept_from_then_on() -> None:
    cache = MemoryTier(100 * COST)
    for key in range(110):
        await cache.put(key_of(key), ENTRY)
    gone = 90  # the first 90 have moved to the main queue while there was space
    assert await cache.get(key_of(gone)) is Miss.ABSENT
    await cache.put(key_of(gone), ENTRY)
    for key in range(1_000, 2_000):
        await cache.put(key_of(key), ENTRY)
    assert await cache.get(key_of(gone)) is ENTRY


async def test_evictions_are_counted() -> None:
    recorder = Recorder()
    cache = MemoryTier(10 * COST, recorder)
    for key in range(25):
        await cache.put(key_of(key), ENTRY)
    assert recorder.counts == {("cache_eviction", "memory"): 15}


async def test_an_entry_beyond_its_share_is_not_admitted_and_takes_the_old_one_away() -> None:
    cache = MemoryTier(80 * COST)
    await cache.put(key_of(1), ENTRY)
    await cache.put(key_of(1), entry_of(bytes(80 * COST // MAX_ENTRY_DIVISOR)))
    assert await cache.get(key_of(1)) is Miss.ABSENT
    assert cache.used_bytes == 0


async def test_a_large_entry_within_its_share_stays_though_the_cache_is_full() -> None:
    cache = MemoryTier(80 * COST)
    for key in range(80):
        await cache.put(key_of(key), ENTRY)
    large = entry_of(bytes(80 * COST // MAX_ENTRY_DIVISOR - OVERHEAD_BYTES))
    await cache.put(key_of("large"), large)
    assert await cache.get(key_of("large")) is large


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "get", "delete"]), st.integers(0, 40), st.integers(0, 4_000)), max_size=200
    )
)
async def test_it_never_holds_more_than_its_bytes_nor_anything_but_the_last_put(
    steps: list[tuple[str, int, int]],
) -> None:
    cache = MemoryTier(40_000)
    last: dict[int, Entry] = {}
    for step, number, size in steps:
        if step == "put":
            last[number] = entry_of(bytes(size))
            await cache.put(key_of(number), last[number])
        elif step == "delete":
            last.pop(number, None)
            await cache.delete(key_of(number))
        found = await cache.get(key_of(number))
        assert found is Miss.ABSENT or found is last.get(number)
        held_cost = sum(slot.cost_bytes for queue in (cache._small, cache._main) for slot in queue.entries.values())
        assert held_cost == cache.used_bytes <= 40_000
        assert len(cache._ghosts) <= 40_000 // OVERHEAD_BYTES


class CountingQueue(OrderedDict[Key, Any]):
    popped = 0

    def popitem(self, last: bool = True) -> tuple[Key, Any]:
        self.popped += 1
        return super().popitem(last)


async def test_no_single_put_moves_more_than_a_few_entries() -> None:
    cache = MemoryTier(2_000 * COST)
    cache._main.entries = queue = CountingQueue()
    for key in range(2_000):
        await cache.put(key_of(key), ENTRY)
    for _ in range(3):
        await held(cache, range(2_000))
    most = 0
    for key in range(2_000, 6_000):
        before = queue.popped
        await cache.put(key_of(key), ENTRY)
        await cache.get(key_of(key))
        most = max(most, queue.popped - before)
    assert 30 < most < 40


async def test_what_an_entry_really_takes_is_within_what_it_is_counted_for() -> None:
    """Half of the keys are ghosts in the end, and their cost is counted with the entries."""
    cache = MemoryTier(4_000 * (OVERHEAD_BYTES + 100))
    random = Random(1)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(12_000):
            key = key_of(random.random())
            await cache.put(key, entry_of(random.randbytes(100), etag=f'"{key[:32]}"', validator=f'"{key}"'))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= cache.used_bytes <= cache.max_bytes
