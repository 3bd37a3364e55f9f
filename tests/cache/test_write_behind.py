"""Writing behind the answer: at once for the caller, bounded, in order, and not lost at the end."""

import asyncio

import pytest

from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tier import Miss
from pixmill.errors import StoreUnavailable
from pixmill.ports.observe import RequestStage
from pixmill.ports.values import Entry
from tests.cache.entries import Recorder, entry_of, key_of
from tests.cache.tiers import FlakyTier


async def test_what_waits_to_be_written_can_be_read_already() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    behind = WriteBehindTier(slow, writers=1)
    entries = [entry_of(bytes([n])) for n in range(3)]
    async with asyncio.timeout(1):
        for n, entry in enumerate(entries):
            await behind.put(key_of(n), entry)
        assert [await behind.get(key_of(n)) for n in range(3)] == entries
        assert slow.gets == 0
        slow.gate.set()
        await behind.drain()
    assert behind.pending_count == 0
    assert [await slow.get(key_of(n)) for n in range(3)] == entries


async def test_the_last_put_under_a_key_is_the_one_that_stays() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    behind = WriteBehindTier(slow, writers=4)
    for n in range(10):
        await behind.put(key_of("same"), entry_of(bytes([n])))
        await asyncio.sleep(0)
    assert behind.pending_count == 2
    slow.gate.set()
    await behind.drain()
    assert slow.puts == [b"\0", b"\x09"]


@pytest.mark.parametrize(("count", "size"), [(5, 10), (1_000, 20)])
async def test_what_finds_no_room_is_dropped_and_counted(count: int, size: int) -> None:
    seen, slow = Recorder(), FlakyTier()
    slow.gate.clear()
    behind = WriteBehindTier(slow, seen, max_pending=count, max_pending_bytes=100)
    for n in range(12):
        await behind.put(key_of(n), entry_of(bytes(size)))
    assert behind.pending_count == 5
    assert seen.errors("flaky") == {"drop": 7}
    slow.gate.set()
    await behind.drain()
    await behind.put(key_of("later"), entry_of(bytes(size)))
    await behind.drain()
    assert len(slow.puts) == 6


async def test_a_write_that_fails_is_counted_and_the_next_one_goes_on() -> None:
    seen, broken = Recorder(), FlakyTier()
    behind = WriteBehindTier(broken, seen)
    broken.failure = StoreUnavailable
    await behind.put(key_of(1), entry_of())
    await behind.drain()
    broken.failure = None
    await behind.put(key_of(2), entry_of())
    await behind.drain()
    assert seen.errors("flaky") == {"put": 1}
    assert seen.stages == {RequestStage.CACHE_WRITE: 2}
    assert isinstance(await behind.get(key_of(2)), Entry)


async def test_deleting_also_forgets_what_is_being_written() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    behind = WriteBehindTier(slow, writers=1)
    await behind.put(key_of(1), entry_of(b"being written"))
    await behind.put(key_of(1), entry_of(b"waiting"))
    deleting = asyncio.create_task(behind.delete(key_of(1)))
    await asyncio.sleep(0)
    slow.gate.set()
    await deleting
    assert await behind.get(key_of(1)) is Miss.ABSENT
    assert await slow.get(key_of(1)) is Miss.ABSENT


async def test_closing_leaves_no_task_behind() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    behind = WriteBehindTier(slow)
    for n in range(5):
        await behind.put(key_of(n), entry_of())
    await asyncio.sleep(0)
    closing = asyncio.create_task(behind.close())
    await asyncio.sleep(0.01)
    slow.gate.set()
    await closing
    assert len(asyncio.all_tasks()) == 1
    assert slow.puts == []


async def test_what_waits_is_written_at_the_end_for_so_long_and_no_longer() -> None:
    slow = FlakyTier()
    behind = WriteBehindTier(slow, writers=1)
    for n in range(5):
        await behind.put(key_of(n), entry_of(bytes([n])))
    await behind.drain_within(10)
    assert slow.puts == [bytes([n]) for n in range(5)]
    slow.gate.clear()
    await behind.put(key_of(5), entry_of())
    await behind.drain_within(0.01)
    assert behind.pending_count == 1
    slow.gate.set()
    await behind.drain()
