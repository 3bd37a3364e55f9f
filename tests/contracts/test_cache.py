"""What every tier promises, and what the cache over any of them promises to the services."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from pixmill.cache.behind import Behind
from pixmill.cache.disk import DiskCache
from pixmill.cache.memory import MemoryCache
from pixmill.cache.store import StoreCache
from pixmill.cache.tier import Absent, Tier
from pixmill.cache.tiered import TieredCache
from pixmill.media import Format
from pixmill.ports import Cache, Hit
from pixmill.storage.config import StorageConfig
from pixmill.storage.memory import MemoryStore
from pixmill.storage.open import open_store
from tests.cache.entries import body_of, entry_of, key_of

MIB = 2**20
KEY = key_of("a picture")


async def memory(_: Path) -> Tier:
    return MemoryCache(32 * MIB)


async def disk(path: Path) -> Tier:
    return await DiskCache.open(path / "disk", 32 * MIB)


async def memory_store(_: Path) -> Tier:
    return StoreCache(MemoryStore(32 * MIB), name="s3", timeout_s=10, max_entry_bytes=4 * MIB)


async def file_store(path: Path) -> Tier:
    store = open_store(f"file://{path}/store", StorageConfig(), create=True)
    return StoreCache(store, name="files", timeout_s=10, max_entry_bytes=4 * MIB)


async def behind_disk(path: Path) -> Tier:
    return Behind(await disk(path))


TIERS = [memory, disk, memory_store, file_store, behind_disk]
STACKS = [[tier] for tier in TIERS] + [[], [memory, behind_disk], [memory, behind_disk, file_store]]
Make = Callable[[Path], Awaitable[Tier]]


@pytest.fixture(params=TIERS, ids=lambda make: make.__name__)
async def tier(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Tier]:
    made: Tier = await request.param(tmp_path)
    yield made
    await made.close()


@pytest.fixture(params=STACKS, ids=lambda stack: "+".join(make.__name__ for make in stack) or "none")
async def cache(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TieredCache]:
    made = TieredCache([await make(tmp_path) for make in request.param])
    yield made
    await made.close()


async def test_a_tier_gives_back_what_was_put_whatever_is_in_it(tier: Tier) -> None:
    for number, format_ in enumerate(Format):
        entry = entry_of(
            body_of(KEY, number * 5_000), format=format_, width=number + 1, source_validator=f'"é{number}"'
        )
        await tier.put(key_of(number), entry)
        assert await tier.get(key_of(number)) == entry


async def test_a_tier_keeps_a_validator_that_is_no_valid_text(tier: Tier) -> None:
    entry = entry_of(source_validator=b'"\xff\xfe"'.decode("utf-8", "surrogateescape"))
    await tier.put(KEY, entry)
    assert await tier.get(KEY) == entry


async def test_a_tier_has_nothing_under_a_key_that_was_never_put(tier: Tier) -> None:
    assert await tier.get(KEY) is Absent.MISS


async def test_a_tier_gives_the_last_of_several(tier: Tier) -> None:
    entries = [entry_of(bytes([number])) for number in range(5)]
    for entry in entries:
        await tier.put(KEY, entry)
    assert await tier.get(KEY) == entries[-1]


async def test_a_tier_forgets_and_forgetting_twice_is_no_error(tier: Tier) -> None:
    await tier.put(KEY, entry_of())
    await tier.delete(KEY)
    await tier.delete(KEY)
    assert await tier.get(KEY) is Absent.MISS


async def test_a_tier_keeps_an_entry_that_is_long_gone(tier: Tier) -> None:
    """Time is not its business."""
    entry = entry_of(stored_at=0.0, fresh_until=1.0, stale_until=2.0)
    await tier.put(KEY, entry)
    assert await tier.get(KEY) == entry


async def test_a_tier_answers_while_it_is_written_with_the_old_entry_or_the_new(tier: Tier) -> None:
    bodies = [body_of(KEY, size) for size in range(50_000, 50_020)]
    await tier.put(KEY, entry_of(bodies[0]))

    async def read() -> None:
        for _ in range(40):
            found = await tier.get(KEY)
            assert not isinstance(found, Absent)
            assert found.body in bodies
            await asyncio.sleep(0)

    async def write() -> None:
        for body in bodies:
            await tier.put(KEY, entry_of(body))

    await asyncio.gather(read(), read(), write())


async def test_a_tier_passes_its_own_round_trip(tier: Tier) -> None:
    await tier.ping()


async def test_the_cache_gives_back_what_was_put_and_says_from_where(cache: TieredCache) -> None:
    port: Cache = cache
    entry = entry_of(body_of(KEY, 30_000))
    await port.put(KEY, entry)
    tiers = list(cache.pingables())
    assert await port.get(KEY) == (Hit(entry, tiers[0]) if tiers else None)
    await cache.drain()
    assert await port.get(KEY) == (Hit(entry, tiers[0]) if tiers else None)
    assert await port.get(key_of("another")) is None


async def test_the_cache_never_gives_what_is_past_its_time(cache: TieredCache) -> None:
    await cache.put(KEY, entry_of(stored_at=0.0, fresh_until=1.0, stale_until=2.0))
    assert await cache.get(KEY) is None


async def test_the_cache_never_raises_not_even_when_it_is_closed(cache: TieredCache) -> None:
    await cache.put(KEY, entry_of())
    await cache.close()
    await cache.put(KEY, entry_of())
    await cache.get(KEY)
    await cache.drain()
