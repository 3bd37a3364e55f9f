"""Write-behind: at once for the caller, bounded, in order, and not lost at shutdown."""

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
    write_behind_tier = WriteBehindTier(slow, writers=1)
    entries = [entry_of(bytes([n])) for n in range(3)]
    async with asyncio.timeout(30):
        for n, entry in enumerate(entries):
            await write_behind_tier.put(key_of(n), entry)
        assert [await write_behind_tier.get(key_of(n)) for n in range(3)] == entries
        assert slow.gets == 0
        slow.gate.set()
        await write_behind_tier.drain()
    assert write_behind_tier.pending_count == 0
    assert [await slow.get(key_of(n)) for n in range(3)] == entries


async def test_the_last_put_under_a_key_is_the_one_that_stays() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    write_behind_tier = WriteBehindTier(slow, writers=4)
    for n in range(10):
        await write_behind_tier.put(key_of("same"), entry_of(bytes([n])))
        await asyncio.sleep(0)
    assert write_behind_tier.pending_count == 2
    slow.gate.set()
    await write_behind_tier.drain()
    assert slow.puts == [b"\0", b"\x09"]


@pytest.mark.parametrize(("count", "size"), [(5, 10), (1_000, 20)])
async def test_what_finds_no_room_is_dropped_and_counted(count: int, size: int) -> None:
    recorder, slow = Recorder(), FlakyTier()
    slow.gate.clear()
    write_behind_tier = WriteBehindTier(slow, recorder, max_pending=count, max_pending_bytes=100)
    for n in range(12):
        await write_behind_tier.put(key_of(n), entry_of(bytes(size)))
    assert write_behind_tier.pending_count == 5
    assert recorder.errors("flaky") == {"drop": 7}
    slow.gate.set()
    await write_behind_tier.drain()
    await write_behind_tier.put(key_of("later"), entry_of(bytes(size)))
    await write_behind_tier.drain()
    assert len(slow.puts) == 6


async def test_a_write_that_fails_is_counted_and_the_next_one_goes_on() -> None:
    recorder, broken = Recorder(), FlakyTier()
    write_behind_tier = WriteBehindTier(broken, recorder)
    broken.failure = StoreUnavailable
    await write_behind_tier.put(key_of(1), entry_of())
    await write_behind_tier.drain()
    broken.failure = None
    await write_behind_tier.put(key_of(2), entry_of())
    await write_behind_tier.drain()
    assert recorder.errors("flaky") == {"put": 1}
    assert recorder.stages == {RequestStage.CACHE_WRITE: 2}
    assert isinstance(await write_behind_tier.get(key_of(2)), Entry)


async def test_deleting_also_forgets_what_is_being_written() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    write_behind_tier = WriteBehindTier(slow, writers=1)
    await write_behind_tier.put(key_of(1), entry_of(b"being written"))
    await write_behind_tier.put(key_of(1), entry_of(b"waiting"))
    deleting = asyncio.create_task(write_behind_tier.delete(key_of(1)))
    await asyncio.sleep(0)
    slow.gate.set()
    await deleting
    assert await write_behind_tier.get(key_of(1)) is Miss.ABSENT
    assert await slow.get(key_of(1)) is Miss.ABSENT


async def test_closing_leaves_no_task_behind() -> None:
    slow = FlakyTier()
    slow.gate.clear()
    write_behind_tier = WriteBehindTier(slow)
    for n in range(5):
        await write_behind_tier.put(key_of(n), entry_of())
    await asyncio.sleep(0)
    closing = asyncio.create_task(write_behind_tier.close())
    await asyncio.sleep(0.01)
    slow.gate.set()
    await closing
    assert len(asyncio.all_tasks()) == 1
    assert slow.puts == []


async def test_what_waits_is_written_at_the_end_for_so_long_and_no_longer() -> None:
    slow = FlakyTier()
    write_behind_tier = WriteBehindTier(slow, writers=1)
    for n in range(5):
        await write_behind_tier.put(key_of(n), entry_of(bytes([n])))
    await write_behind_tier.drain_within(10)
    assert slow.puts == [bytes([n]) for n in range(5)]
    slow.gate.clear()
    await write_behind_tier.put(key_of(5), entry_of())
    await write_behind_tier.drain_within(0.01)
    assert write_behind_tier.pending_count == 1
    slow.gate.set()
    await write_behind_tier.drain()
