"""A Redis that is killed, stalls, is wiped, or comes back: as a tier of the cache that two servers share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import metric, until
from tests.faults.conftest import PHOTOS
from tests.faults.traffic import Traffic, Wanted, sizes, while_going
from tests.servers.pixmill import Pixmill
from tests.servers.redis import RedisServer

MORE = 60


def charts() -> list[Wanted]:
    forms = ("png", "webp", "jpeg")
    return [
        one
        for number in range(1, PHOTOS + 1)
        for one in sizes("charts", f"{number}.png", [number], range(20, 90, 3), forms)
    ]


def is_killed(_redis: RedisServer, traffic: Traffic) -> None:
    _redis.stop()
    while_going(traffic, MORE)


def comes_back(redis: RedisServer, traffic: Traffic) -> None:
    redis.stop()
    while_going(traffic, MORE)
    redis.start()
    while_going(traffic, MORE)


def stalls(redis: RedisServer, traffic: Traffic) -> None:
    with redis.paused():
        while_going(traffic, MORE)


def is_wiped(redis: RedisServer, traffic: Traffic) -> None:
    for _ in range(3):
        with redis.client() as client:
            client.flushall()
        while_going(traffic, MORE // 3)


def is_full(redis: RedisServer, traffic: Traffic) -> None:
    with redis.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1mb")
    while_going(traffic, MORE)


@pytest.mark.parametrize("fault", [is_killed, comes_back, stalls, is_wiped, is_full], ids=lambda fault: fault.__name__)
def test_a_redis_that_fails_costs_no_answer(
    images: Path, fault: Callable[[RedisServer, Traffic], None], survived: Callable[..., None]
) -> None:
    with RedisServer() as redis:
        cache = f"memory://?max_bytes=1MiB,{redis.url}"
        with Pixmill(images=str(images), cache=cache) as one, Pixmill(images=str(images), cache=cache) as other:
            with Traffic(one, charts(), clients=6).also(other) as traffic:
                while_going(traffic, MORE)
                fault(redis, traffic)
                while_going(traffic, MORE)
                for server in (one, other):
                    assert server.get("/health/ready").status == 200
            traffic.assert_only("charts")
            for server in (one, other):
                assert metric(server, "pixmill_cache_lookups_total", outcome="damaged") == 0
            survived(traffic)


def test_a_redis_that_comes_back_is_shared_again(images: Path, survived: Callable[..., None]) -> None:
    with (
        RedisServer() as redis,
        Pixmill(images=str(images), cache=redis.url) as one,
        Pixmill(images=str(images), cache=redis.url) as other,
    ):
        with Traffic(one, charts()) as traffic:
            while_going(traffic, MORE)
            redis.stop()
            while_going(traffic, MORE)
            redis.start()
            while_going(traffic, 1)
        fresh = iter(range(200, 400))

        def shared() -> bool:
            query: dict[str, Any] = {"url": "1.png", "width": next(fresh), "enlarge": "true"}
            assert one.get("/resize", **query).status == 200
            return "hit" in str(other.get("/resize", **query).headers["cache-status"])

        until(shared, 30, "what one has made the other finds")
        traffic.assert_only("charts")
        survived(traffic)
