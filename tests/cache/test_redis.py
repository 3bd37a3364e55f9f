"""The tier in a real Redis: keys, expiry, and the cost for a request when Redis stalls or dies."""

import asyncio
from time import time

import pytest

from pixmill.cache.config import CacheConfig
from pixmill.cache.factory import open_cache
from pixmill.cache.format.entry import encode
from pixmill.cache.tier import Miss
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.redis import RedisTier
from pixmill.errors import StoreDenied
from pixmill.ports.observe import HasCircuitState
from pixmill.ports.storage import Store
from pixmill.ports.values import Hit
from pixmill.storage.redis import RedisClient
from pixmill.storage.redis_url import RedisTarget
from tests.cache.entries import Recorder, body_of, entry_of, key_of
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer
from tests.timers import finished_within

KEY = key_of("an image")


def no_store(url: str) -> Store:
    raise StoreDenied(detail=url)


async def opened(urls: str, recorder: Recorder | None = None, **settings: object) -> TieredCache:
    config = CacheConfig.model_validate({"cache": urls, **settings})
    return await open_cache(config, recorder or Recorder(), no_store)


def tier_of(server: RedisServer, prefix: str, max_entry_bytes: int = 2**20) -> RedisTier:
    client = RedisClient(RedisTarget("127.0.0.1", server.port, prefix=prefix))
    return RedisTier(client, name="redis", max_entry_bytes=max_entry_bytes)


async def test_an_entry_lies_under_the_prefix_until_it_is_over(redis_server: RedisServer) -> None:
    tier = tier_of(redis_server, "layout")
    entry = entry_of(stale_until=time() + 500)
    await tier.put(KEY, entry)
    assert redis_server.keys("layout:*") == [f"layout:e:{KEY}"]
    with redis_server.client() as looking:
        assert 490_000 < looking.pttl(f"layout:e:{KEY}") <= 500_000
    await tier.put(KEY, entry_of(fresh_until=time() - 2, stale_until=time() - 1))
    assert redis_server.keys("layout:*") == []
    await tier.close()


@pytest.mark.parametrize("value", [b"x", bytes(5_000), bytes(2**20 + 70_000)], ids=["short", "zeros", "huge"])
async def test_what_is_no_entry_is_damaged(redis_server: RedisServer, value: bytes) -> None:
    tier = tier_of(redis_server, "damaged")
    with redis_server.client() as looking:
        looking.set(f"damaged:e:{KEY}", value)
    assert await tier.get(KEY) is Miss.DAMAGED
    with redis_server.client() as looking:
        looking.set(f"damaged:e:{KEY}", encode(key_of("another"), entry_of()))
    assert await tier.get(KEY) is Miss.DAMAGED
    await tier.close()


async def test_two_servers_share_what_one_has_made(redis_server: RedisServer) -> None:
    url = f"memory://,{redis_server.url}?prefix=shared"
    one, another = await opened(url), await opened(url)
    entry = entry_of(body_of(KEY, 700_000))
    await one.put(KEY, entry)
    await one.drain()
    assert await another.get(KEY) == Hit(entry, "redis")
    assert await another.get(KEY) == Hit(entry, "memory")
    await one.close()
    await another.close()


async def test_the_password_may_stand_in_a_setting_of_its_own() -> None:
    with RedisServer(password="right") as server:
        for url, password in ((server.url, "right"), (f"redis://:right@127.0.0.1:{server.port}", "wrong")):
            cache = await opened(url, redis_password=password)
            await cache.pingables()["redis"].ping()
            await cache.close()


async def test_limits_stand_in_the_url(redis_server: RedisServer) -> None:
    cache = await opened(f"{redis_server.url}?prefix=limits&max_entry_bytes=10&ttl=30s")
    await cache.put(KEY, entry_of(bytes(10)))
    await cache.put(key_of("large"), entry_of(bytes(11)))
    await cache.drain()
    assert redis_server.keys("limits:*") == [f"limits:e:{KEY}"]
    with redis_server.client() as looking:
        assert looking.pttl(f"limits:e:{KEY}") <= 30_000
    await cache.close()


async def test_a_server_comes_up_while_its_redis_is_down_and_uses_it_later() -> None:
    port = free_port()
    cache = await opened(f"memory://,redis://127.0.0.1:{port}")
    await cache.put(KEY, entry_of())
    assert await cache.get(key_of("another")) is None
    with RedisServer(port=port) as server:
        await cache.put(key_of("later"), entry_of())
        await cache.drain()
        assert server.keys("pixmill:e:*") == [f"pixmill:e:{key_of('later')}"]
    await cache.close()


async def test_a_redis_that_stalls_costs_its_timeout_then_nothing_and_comes_back() -> None:
    recorder = Recorder()
    with RedisServer() as server:
        cache = await opened(f"{server.url}?timeout=200ms", recorder)
        part = cache.pingables()["redis"]
        assert isinstance(part, HasCircuitState)
        entry = entry_of()
        await cache.put(KEY, entry)
        await cache.drain()
        with server.paused():
            waiting = asyncio.gather(*(cache.get(KEY) for _ in range(300)))
            assert set(await finished_within(waiting, 2)) == {None}, "all wait at once, no longer than the timeout"
            assert part.state != "closed"
            for number in range(500):
                assert await cache.get(KEY) is None
                await cache.put(key_of(number), entry)
            await cache.drain()
            assert recorder.lookups("redis")["unavailable"] >= 500
            assert recorder.errors("redis")["bypass"] + recorder.errors("redis")["drop"] == 500
        async with asyncio.timeout(30):
            while part.state != "closed":
                await asyncio.sleep(0.01)
        assert await cache.get(KEY) == Hit(entry, "redis")
        await cache.close()
