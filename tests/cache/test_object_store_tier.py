"""The object-store tier: bounded in time, and safe for any bytes that it reads."""

import asyncio

import pytest

from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tier import Miss
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.object_store import ObjectStoreTier
from pixmill.ports.values import Hit
from pixmill.storage.config import StorageConfig
from pixmill.storage.memory import MemoryStore
from pixmill.storage.registry import StoreRegistry
from tests.cache.entries import Recorder, body_of, entry_of, key_of
from tests.servers.seaweedfs import SeaweedFS

KEY = key_of("an image")
PLACE = f"{KEY[:16]}/{KEY[16:]}"


def tier(store: MemoryStore, max_entry_bytes: int = 2**20) -> ObjectStoreTier:
    return ObjectStoreTier(store, name="s3", max_entry_bytes=max_entry_bytes)


async def test_objects_lie_in_the_folder_of_their_source() -> None:
    store = MemoryStore(2**22)
    await tier(store).put(KEY, entry_of())
    assert [facts.path async for facts in store.list()] == [PLACE]


@pytest.mark.parametrize("size", [0, 30_000, 700_000])
async def test_entries_of_any_size_come_back(size: int) -> None:
    cache, entry = tier(MemoryStore(2**22)), entry_of(body_of(KEY, size))
    await cache.put(KEY, entry)
    assert await cache.get(KEY) == entry


@pytest.mark.parametrize("blob", [b"", b"<html>", bytes(5_000), bytes(700_000)])
async def test_an_object_that_is_no_entry_is_damaged(blob: bytes) -> None:
    store = MemoryStore(2**22)
    await store.put(PLACE, blob)
    assert await tier(store, 100_000).get(KEY) is Miss.DAMAGED


async def test_closing_the_tier_leaves_the_store_to_whoever_opened_it() -> None:
    store = MemoryStore(2**22)
    cache = tier(store)
    await cache.put(KEY, entry_of())
    await cache.close()
    assert [facts.path async for facts in store.list()] == [PLACE]


@pytest.mark.xdist_group("seaweedfs")
async def test_a_server_that_stalls_costs_a_request_little_and_is_used_again_when_it_goes_on(
    seaweedfs: SeaweedFS,
) -> None:
    recorder = Recorder()
    seaweedfs.make_bucket("stalls")
    stores = StoreRegistry(StorageConfig.model_validate({"stores": {"it": seaweedfs.named_store("stalls")}}))
    s3 = ObjectStoreTier(stores.open("s3://stalls"), name="s3", max_entry_bytes=2**20)
    guarded = GuardedTier(s3, recorder, timeout_s=0.3, write_timeout_s=0.3)
    cache = TieredCache([MemoryTier(2**20), WriteBehindTier(guarded, recorder)], recorder)
    entry = entry_of()
    await s3.put(KEY, entry)
    with seaweedfs.paused():
        async with asyncio.timeout(30):
            assert await cache.get(KEY) is None
            await cache.put(key_of("another"), entry)
            assert await cache.get(key_of("another")) == Hit(entry, "memory")
            await cache.drain()
    assert recorder.lookups("s3") == {"error": 1}
    assert recorder.errors("s3") == {"get": 1, "put": 1}
    assert await cache.get(KEY) == Hit(entry, "s3")
    await cache.close()
    await stores.close()
