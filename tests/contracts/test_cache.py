"""Contract of every tier, and of the cache over it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pixmill.cache.disk.tier import DiskResultTier
from pixmill.cache.resilience.guarded import GuardedTier
from pixmill.cache.resilience.write_behind import WriteBehindTier
from pixmill.cache.tier import Miss, ResultTier
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.object_store import ObjectStoreTier
from pixmill.cache.tiers.redis import RedisTier
from pixmill.cache.urls.tier_urls import RedisTierUrl, parse_tiers
from pixmill.media import Format
from pixmill.ports.pipeline import Cache
from pixmill.ports.values import Hit
from pixmill.storage.config import StorageConfig
from pixmill.storage.redis import RedisClient
from pixmill.storage.registry import StoreRegistry
from tests.cache.entries import body_of, entry_of, key_of
from tests.servers.redis import RedisServer, TlsFront
from tests.servers.seaweedfs import SeaweedFS

MIB = 2**20
KEY = key_of("an image")


@dataclass(frozen=True)
class Places:
    """Where a tier can be created: a folder, stores, and a Redis if one is needed."""

    path: Path
    registry: StoreRegistry
    redis: str = ""


Make = Callable[[Places], Awaitable[ResultTier]]


async def memory(_places: Places) -> ResultTier:
    return MemoryTier(32 * MIB)


async def disk(places: Places) -> ResultTier:
    return await DiskResultTier.open(places.path / "disk", 32 * MIB)


async def files(places: Places) -> ResultTier:
    store = places.registry.open(f"file://{places.path}/store", create=True)
    return ObjectStoreTier(store, name="files", max_entry_bytes=4 * MIB)


async def s3(places: Places) -> ResultTier:
    store = places.registry.open(f"s3://cache/{key_of(places.path)[:16]}")
    return ObjectStoreTier(store, name="s3", max_entry_bytes=4 * MIB)


async def redis(places: Places) -> ResultTier:
    (url,) = parse_tiers(f"{places.redis}{'&' if '?' in places.redis else '?'}prefix={key_of(places.path)[:16]}")
    assert isinstance(url, RedisTierUrl)
    return RedisTier(RedisClient(url.target), name="redis", max_entry_bytes=4 * MIB)


async def redis_tls(places: Places) -> ResultTier:
    return await redis(places)


async def redis_cluster(places: Places) -> ResultTier:
    return await redis(places)


async def behind_disk(places: Places) -> ResultTier:
    return WriteBehindTier(GuardedTier(await disk(places), timeout_s=10))


async def behind_redis(places: Places) -> ResultTier:
    return WriteBehindTier(GuardedTier(await redis(places), timeout_s=10))


async def behind_s3(places: Places) -> ResultTier:
    return WriteBehindTier(GuardedTier(await s3(places), timeout_s=10))


NEEDS_SERVER = {s3, behind_s3}


def stacks(*several: list[Make]) -> list[Any]:
    """Tests with a costly server are one group, so that only one test process starts it."""
    grouped = pytest.mark.xdist_group("seaweedfs")
    names = ["+".join(make.__name__ for make in stack) or "none" for stack in several]
    marks = [[grouped] if (NEEDS_SERVER | {redis_cluster}).intersection(stack) else [] for stack in several]
    return [pytest.param(*parts[:1], id=parts[1], marks=parts[2]) for parts in zip(several, names, marks, strict=True)]


@asynccontextmanager
async def opened(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[list[ResultTier]]:
    stores = {}
    if NEEDS_SERVER.intersection(request.param):
        server: SeaweedFS = request.getfixturevalue("seaweedfs")
        server.make_bucket("cache")
        stores["cache"] = server.named_store("cache")
    registry = StoreRegistry(StorageConfig.model_validate({"stores": stores}))
    with ExitStack() as servers:
        places = Places(path, registry, servers.enter_context(redis_url(request, path)))
        try:
            yield [await make(places) for make in request.param]
        finally:
            await registry.close()


@contextmanager
def redis_url(request: pytest.FixtureRequest, path: Path) -> Iterator[str]:
    """Yields the URL of the Redis that the tiers need, with its password and TLS options."""
    if redis_cluster in request.param:
        yield request.getfixturevalue("redis_cluster").url
    elif redis_tls in request.param:
        with RedisServer(password="se/cret") as server, TlsFront(server.port, path) as front:
            yield f"rediss://:se%2Fcret@127.0.0.1:{front.port}/3?ca={front.ca}"
    elif {redis, behind_redis}.intersection(request.param):
        yield request.getfixturevalue("redis_server").url
    else:
        yield ""


@pytest.fixture(params=stacks([memory], [disk], [files], [s3], [redis], [redis_tls], [redis_cluster], [behind_disk]))
async def tier(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ResultTier]:
    async with opened(request, tmp_path) as tiers:
        yield tiers[0]
        await tiers[0].close()


@pytest.fixture(
    params=stacks(
        [], [memory], [disk], [behind_disk], [files], [s3], [redis], [memory, behind_disk, behind_redis, behind_s3]
    )
)
async def cache(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TieredCache]:
    async with opened(request, tmp_path) as tiers:
        made = TieredCache(tiers)
        yield made
        await made.close()


async def test_a_tier_gives_back_what_was_put_whatever_is_in_it(tier: ResultTier) -> None:
    for number, format_ in enumerate(Format):
        entry = entry_of(body_of(KEY, number * 5_000), format=format_, width=number + 1, validator=f'"é{number}"')
        await tier.put(key_of(number), entry)
        assert await tier.get(key_of(number)) == entry


async def test_a_tier_keeps_a_validator_that_is_no_valid_text(tier: ResultTier) -> None:
    entry = entry_of(validator=b'"\xff\xfe"'.decode("utf-8", "surrogateescape"))
    await tier.put(KEY, entry)
    assert await tier.get(KEY) == entry


async def test_a_tier_has_nothing_under_a_key_that_was_never_put(tier: ResultTier) -> None:
    assert await tier.get(KEY) is Miss.ABSENT


async def test_a_tier_gives_the_last_of_several(tier: ResultTier) -> None:
    entries = [entry_of(bytes([number])) for number in range(5)]
    for entry in entries:
        await tier.put(KEY, entry)
    assert await tier.get(KEY) == entries[-1]


async def test_a_tier_forgets_and_forgetting_twice_is_no_error(tier: ResultTier) -> None:
    await tier.put(KEY, entry_of())
    await tier.delete(KEY)
    await tier.delete(KEY)
    assert await tier.get(KEY) is Miss.ABSENT


async def test_a_tier_may_keep_or_forget_an_entry_that_is_long_gone_but_not_what_was_there_before(
    tier: ResultTier,
) -> None:
    await tier.put(KEY, entry_of(b"before"))
    entry = entry_of(stored_at=0.0, fresh_until=1.0, stale_until=2.0)
    await tier.put(KEY, entry)
    assert await tier.get(KEY) in {entry, Miss.ABSENT}


async def test_a_tier_answers_while_it_is_written_with_the_old_entry_or_the_new(tier: ResultTier) -> None:
    bodies = [body_of(KEY, size) for size in range(50_000, 50_020)]
    await tier.put(KEY, entry_of(bodies[0]))

    async def read() -> None:
        for _ in range(40):
            found = await tier.get(KEY)
            assert not isinstance(found, Miss)
            assert found.body in bodies
            await asyncio.sleep(0)

    async def write() -> None:
        for body in bodies:
            await tier.put(KEY, entry_of(body))

    await asyncio.gather(read(), read(), write())


async def test_a_tier_passes_its_own_round_trip(tier: ResultTier) -> None:
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
