"""The purge log in a real Redis: purges reach every server, also after Redis lost them, and entries are removed."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic, time

import pytest

from pixmill.cache.purge.fence import MAX_GAP_S
from pixmill.cache.purge.redis_log import RESTAMP_S, RedisPurgeLog
from pixmill.cache.purge.rules import PurgeRules
from pixmill.cache.purge.selection import PurgeSelection
from pixmill.cache.purge_log import Confirmation
from pixmill.cache.tiered import TieredCache
from pixmill.cache.tiers.memory import MemoryTier
from pixmill.cache.tiers.redis import HEAD_BYTES, RedisTier
from pixmill.plan.key import SOURCE_DIGITS, Key, source_digits
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.plan.purge_rule import PurgeRule, rule_of
from pixmill.ports.values import PurgeMatch
from pixmill.storage.redis import RedisClient
from pixmill.storage.redis_url import RedisTarget
from tests.cache.entries import entry_of, key_of
from tests.servers.redis import RedisCluster, RedisServer

MIB = 2**20
SOURCE = "https://a.example/1.jpg"
KEY = Key(source_digits(SOURCE) + key_of("an image")[SOURCE_DIGITS:])
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


async def news(log: RedisPurgeLog) -> list[PurgeRule]:
    """Returns the rules that the log has since the last call."""
    return [rule async for part in log.read() for rule in part.rules]


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
            return other.peek(KEY) is None and other.purge_service.count_purges() == 1

        await until(has_heard)

        async def is_removed() -> bool:
            return one.purge_service.removed_by_tier().get("redis") == 1 and not one.purge_service.is_sweeping()

        await until(is_removed)
        assert redis_server.keys("*two:*") == ["two:purge-log", "{two:purge-log}:servers"]
    async with serving(place) as later:
        assert later.purge_rules.match((SOURCE,), (), 0.0) is PurgeMatch.HARD


async def test_a_log_gives_rules_later_times_than_all_before_and_returns_only_what_is_new(
    redis_server: RedisServer, log_of: Logs
) -> None:
    one, other = log_of(redis_server, "order"), log_of(redis_server, "order")
    assert await news(one) == []
    [first] = await other.write([rule_of(EXPECTED, time() + 20)])
    [second] = await one.write([rule_of(PurgeTarget(PurgeScope.TAG, "of a clock that is behind"), time())])
    assert first.at < second.at
    assert await news(one) == [first, second]
    [again] = await other.write([rule_of(EXPECTED, time())])
    assert await news(one) == [again]
    assert await news(one) == []
    assert await news(other) == [second, again], "a target has one rule"


async def test_many_rules_are_read_in_parts_and_old_ones_let_everybody_read_again(
    redis_server: RedisServer, log_of: Logs
) -> None:
    log, other, now = log_of(redis_server, "many"), log_of(redis_server, "many"), time()
    rules = [rule_of(PurgeTarget(PurgeScope.TAG, str(number)), now) for number in range(11_000)]
    await log.write(rules)
    assert await news(other) == rules_by_time(await news(log))
    old = rule_of(EXPECTED, now - RESTAMP_S - 60)
    assert await log.write([old]) == [old]
    assert (await news(other))[0] == old
    [everything] = await log.write([rule_of(PurgeTarget(PurgeScope.ALL), now)])
    assert await news(log_of(redis_server, "many")) == [everything]


def rules_by_time(rules: list[PurgeRule]) -> list[PurgeRule]:
    assert len(rules) == 11_000
    return sorted(rules, key=lambda rule: rule.at)


async def test_what_is_no_rule_is_passed_over(
    redis_server: RedisServer, log_of: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    log = log_of(redis_server, "bad")
    [good] = await log.write([rule_of(EXPECTED, time())])
    with redis_server.client() as client:
        client.zadd("bad:purge-log", {b"\x02short": 1, b"\xff": 2, "no": 3, b"\x00": 1e18, b"\x02": 4})
    assert await news(log) == [good]
    assert len(caplog.records) == 4, "each is named once"


async def test_servers_say_up_to_where_they_have_read(redis_server: RedisServer, log_of: Logs) -> None:
    one, other = log_of(redis_server, "names"), log_of(redis_server, "names")
    await news(one)
    await news(other)
    written = await one.write([rule_of(EXPECTED, time())])
    waiting = await one.confirm(written)
    assert (waiting.confirmed, len(waiting.unconfirmed)) == ((), 1)
    await news(other)
    found = await one.confirm(written)
    assert (found.confirmed, found.unconfirmed) == (waiting.unconfirmed, ())
    with redis_server.client() as client:
        client.delete("{names:purge-log}:servers")
    assert (await one.confirm(written)).unconfirmed == waiting.unconfirmed, "absence proves nothing"
    await news(other)
    await other.close()
    assert await one.confirm(written) == Confirmation()


async def test_a_server_that_was_killed_is_not_waited_for(redis_server: RedisServer, log_of: Logs) -> None:
    log = log_of(redis_server, "killed")
    await news(log)
    with redis_server.client() as client, subprocess.Popen(["true"]) as process:
        process.wait()
        [state] = client.hgetall("{killed:purge-log}:servers").values()
        heartbeat, generation, _, machine, _ = state.decode().split()
        client.hset("{killed:purge-log}:servers", "dead", f"{heartbeat} {generation} 0 {machine} {process.pid}")
    assert await log.confirm(await log.write([rule_of(EXPECTED, time())])) == Confirmation()


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
            assert set(await news(log_of(server, "pixmill"))) == set(cache.purge_service.active_purges())
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
    rules = PurgeRules()
    rules.issue([PurgeTarget(PurgeScope.SOURCE, many[0])])
    log = tier.purge_log()
    await log.write(list(rules.rules()))
    assert await tier.purge(PurgeSelection(rules)) == 10
    assert [number for number in range(20) if await tier.get(key_of(number)) != "miss"] == list(range(1, 20, 2))
    assert redis_cluster.keys("cluster:purge-log") == ["cluster:purge-log"]
    assert len([rule async for part in tier.purge_log().read() for rule in part.rules]) == 1
    await tier.close()


@pytest.mark.parametrize("heartbeat_age_s", [0, 2, 4])
async def test_a_purge_does_not_end_before_a_server_that_stands_still_knows_it(
    redis_server: RedisServer, log_of: Logs, heartbeat_age_s: int
) -> None:
    log = log_of(redis_server, f"still-{heartbeat_age_s}")
    await news(log)
    with redis_server.client() as client:
        [state] = client.hgetall(f"{{still-{heartbeat_age_s}:purge-log}}:servers").values()
        heartbeat, generation, *_ = state.decode().split()
        client.hset(
            f"{{still-{heartbeat_age_s}:purge-log}}:servers",
            "still",
            f"{int(heartbeat) - heartbeat_age_s} {generation} 0 elsewhere 1",
        )
    written = await log.write([rule_of(EXPECTED, time())])
    began = monotonic()
    assert (await log.confirm(written)).unconfirmed == ("still",)
    assert monotonic() - began > MAX_GAP_S, "it may have been stopped right after its last beat"
