"""The purge log in a real Redis: purges reach every server, also after Redis lost them, and entries are removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import time

import pytest

from pixmill.cache.purge.redis_log import MAX_OBSOLETE_RULES, RedisPurgeLog
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.redis import HEAD_BYTES, RedisTier
from pixmill.plan.purge import Purge, PurgeScope, PurgeTarget
from pixmill.storage.redis import RedisClient
from pixmill.storage.redis_url import RedisTarget
from tests.cache.entries import entry_of, key_of
from tests.servers.redis import RedisCluster, RedisServer

MIB = 2**20
SOURCE = "https://a.example/1.jpg"
KEY = key_of("an image")
EXPECTED = PurgeTarget(PurgeScope.SOURCE, SOURCE)


Logs = Callable[[RedisServer, str], RedisPurgeLog]


@pytest.fixture
async def log_of() -> AsyncIterator[Logs]:
    """Purge logs in a Redis below a prefix, each with its own connection."""
    clients: list[RedisClient] = []

    def opened(server: RedisServer, prefix: str) -> RedisPurgeLog:
        clients.append(RedisClient(RedisTarget("127.0.0.1", server.port, prefix=prefix)))
        return RedisPurgeLog(clients[-1], name="redis")

    yield opened
    for client in clients:
        await client.close()


@asynccontextmanager
async def serving(place: RedisTarget) -> AsyncIterator[TieredCache]:
    cache = TieredCache([MemoryTier(8 * MIB), RedisTier(RedisClient(place), name="redis", max_entry_bytes=MIB)])
    await cache.purge_service.open()
    try:
        yield cache
    finally:
        await cache.close()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.01)


async def test_what_one_server_purges_another_hears_by_nothing_but_redis(redis_server: RedisServer) -> None:
    place = RedisTarget("127.0.0.1", redis_server.port, prefix="two")
    entry = entry_of(sources=(SOURCE,), stale_until=time() + 500)
    async with serving(place) as one, serving(place) as other:
        await one.put(KEY, entry)
        assert await other.get(KEY)
        assert other.peek(KEY)
        assert (await one.purge_service.purge([EXPECTED])).unsynced == ()
        assert await one.get(KEY) is None

        async def has_heard() -> bool:
            return other.peek(KEY) is None and other.purge_service.active_purges() == one.purge_service.active_purges()

        await until(has_heard)

        async def is_removed() -> bool:
            return one.purge_service.removed_by_tier().get("redis") == 1 and not one.purge_service.is_sweeping()

        await until(is_removed)
        assert redis_server.keys("two:*") == ["two:purges"]
    async with serving(place) as later:
        assert [rule.target for rule in later.purge_service.active_purges()] == [EXPECTED]


async def test_rules_come_to_the_same_set_in_any_order(redis_server: RedisServer, log_of: Logs) -> None:
    one, other = log_of(redis_server, "order"), log_of(redis_server, "order")
    now = time()
    early, late, soft = (
        Purge(EXPECTED, now),
        Purge(EXPECTED, now + 0.000_001),
        Purge(PurgeTarget(PurgeScope.SOURCE, SOURCE, hard=False), now),
    )
    assert await one.read() == []
    await other.write([late, soft])
    assert set(await one.read()) == {late, soft}
    await one.write([early])
    assert set(await other.read()) == set(await one.read()) == {late, soft}


async def test_many_rules_fit_and_those_that_mean_nothing_any_more_are_taken_down(
    redis_server: RedisServer, log_of: Logs
) -> None:
    log, now = log_of(redis_server, "many"), time()
    rules = [Purge(PurgeTarget(PurgeScope.TAG, str(number)), now + number / 1e6) for number in range(5_000)]
    await log.write(rules)
    assert set(await log.read()) == set(rules)
    await log.compact(rules[MAX_OBSOLETE_RULES:])
    assert len(await log.read()) == 5_000, "not worth it yet"
    again = Purge(rules[1].target, now + 60)
    await log_of(redis_server, "many").write([again])
    await log.compact(rules[MAX_OBSOLETE_RULES + 1 :])
    assert set(await log.read()) == {again, *rules[MAX_OBSOLETE_RULES + 1 :]}, (
        "what was purged once more meanwhile stays"
    )


async def test_what_is_no_rule_is_passed_over(
    redis_server: RedisServer, log_of: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    log, good = log_of(redis_server, "bad"), Purge(EXPECTED, time())
    await log.write([good])
    with redis_server.client() as client:
        client.hset(
            "bad:purges",
            mapping={"{}": "1", "no": "1", '{"scope":"tag","value":"a"}': "x", '{"scope":"tag","value":"b"}': "nan"},
        )
        client.hset("bad:purges", mapping={'{"scope":"tag","value":"c"}': "1e300", "": "another word"})
    for _ in range(2):
        assert await log.read() == [good]
        with redis_server.client() as client:
            client.hset("bad:purges", "", "one more")
    assert len(caplog.records) == 3, "each is named once"


async def test_a_redis_that_comes_back_empty_is_told_all_again(log_of: Logs) -> None:
    with RedisServer() as server:
        async with serving(RedisTarget("127.0.0.1", server.port)) as cache:
            await cache.purge_service.purge([EXPECTED])
            server.stop()
            done = await cache.purge_service.purge([PurgeTarget(PurgeScope.TAG, "sale")])
            assert done.unsynced == ("redis",)
            await cache.put(KEY, entry_of(sources=(SOURCE,)))
            assert cache.peek(KEY) is None, "in force here all the same"
            server.start()
            await cache.purge_service.pull()
            assert set(await log_of(server, "pixmill").read()) == set(cache.purge_service.active_purges())
            assert len(cache.purge_service.active_purges()) == 2


async def test_purged_entries_are_found_in_a_cluster_too_however_long_their_headers(
    redis_cluster: RedisCluster,
) -> None:
    node = redis_cluster.nodes[0]
    place = RedisTarget("127.0.0.1", node.port, cluster=True, prefix="cluster")
    tier = RedisTier(RedisClient(place), name="redis", max_entry_bytes=MIB)
    many = tuple(f"https://a.example/{number:>0100}" for number in range(HEAD_BYTES // 50))
    end = time() + 500
    for number in range(20):
        gone = number % 2 == 0
        entry = entry_of(bytes(10_000), sources=many if gone else (SOURCE,), stale_until=end)
        await tier.put(key_of(number), entry)
    await tier.purge_log().write([Purge(EXPECTED, time())])
    assert await tier.purge(lambda entry: entry.sources == many) == 10
    assert [number for number in range(20) if await tier.get(key_of(number)) != "miss"] == list(range(1, 20, 2))
    assert redis_cluster.keys("cluster:purges") == ["cluster:purges"]
    assert await tier.purge_log().read()
    await tier.close()
