"""A purge that everybody has confirmed leaves no stale answer, and a server that was stopped serves nothing purged."""

import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from PIL import Image

from tests.e2e.scenes import until
from tests.fleet.conftest import Bar
from tests.fleet.fleet import Fleet
from tests.servers.pixmill import Pixmill
from tests.servers.redis import RedisServer

TOKEN = "a token of the operator"
PURGES = 100


def paint(folder: Path, number: int) -> None:
    """Replace the image by one of another grey."""
    Image.new("RGB", (8, 8), (number, number, number)).save(folder / "new.png")
    (folder / "new.png").replace(folder / "a.png")


def seen(server: Pixmill) -> int:
    """The grey that a server shows."""
    with Image.open(BytesIO(server.get("/resize", url="a.png", width=1, format="png").body)) as image:
        return image.convert("L").tobytes()[0]


def cached(server: Pixmill) -> str:
    return str(server.get("/resize", url="a.png", width=1, format="png").headers["cache-status"])


def address_of(server: Pixmill) -> str:
    return f"127.0.0.1:{server.port}"


def purge(server: Pixmill) -> Any:
    headers = {"authorization": f"Bearer {TOKEN}"}
    reply = server.ask("POST", "/admin/purge", headers=headers, data=json.dumps({"sources": ["/a.png"]}).encode())
    assert reply.status == 200
    return reply.json()


def fleet_of(tmp_path: Path, cache: str, count: int = 4) -> Fleet:
    images = tmp_path / "images"
    images.mkdir()
    paint(images, 0)
    return Fleet(tmp_path, count, images=str(images), admin_token=TOKEN, cache_ttl_s=3600, cache=cache)


class Polls:
    """Asks every server every 10 ms, and counts answers older than the purge confirmed before the request."""

    def __init__(self, servers: list[Pixmill]) -> None:
        self.purged = self.stale = self.answers = 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._poll, args=(server,)) for server in servers]

    def _poll(self, server: Pixmill) -> None:
        while not self._done.wait(0.01):
            purged = self.purged
            self.stale += seen(server) < purged
            self.answers += 1

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def test_no_answer_is_stale_after_a_purge_that_all_have_confirmed(
    tmp_path: Path, redis: RedisServer, bar: Bar, note: Callable[[str], None]
) -> None:
    with fleet_of(tmp_path, cache=f"memory://,file://{{folder}}/cache,{redis.url}") as fleet:
        with Polls(fleet.servers) as polls:
            unconfirmed = 0
            for number in range(1, PURGES + 1):
                paint(tmp_path / "images", number)
                told = purge(fleet.servers[number % len(fleet.servers)])
                unconfirmed += len(told["unconfirmed"])
                assert len(told["confirmed"]) == len(fleet.servers) - 1
                polls.purged = number
        note(f"{polls.answers} answers")
        bar("servers that did not confirm one of 100 purges", unconfirmed, 0)
        bar("stale answers after 100 purges of 4 servers", polls.stale, 0)


def test_a_server_that_was_stopped_is_named_and_serves_nothing_purged_when_it_goes_on(
    tmp_path: Path, redis: RedisServer, bar: Bar
) -> None:
    with fleet_of(tmp_path, cache=f"memory://,file://{{folder}}/cache,{redis.url}") as fleet:
        one, stopped = fleet.servers[:2]
        stale, named = 0, 0
        for number in range(1, 4):
            seen(stopped)
            os.kill(stopped.pid, signal.SIGSTOP)
            paint(tmp_path / "images", number)
            named += len(purge(one)["unconfirmed"])
            with ThreadPoolExecutor(8) as clients:
                answers = [clients.submit(seen, stopped) for _ in range(8)]
                os.kill(stopped.pid, signal.SIGCONT)
                stale += sum(answer.result() < number for answer in answers)
        bar("servers named as unconfirmed while one was stopped, of 3 purges", named, 3)
        bar("stale answers of a server that was stopped", stale, 0)
        stopped.stop(signal.SIGKILL)
        paint(tmp_path / "images", 4)
        bar("servers named after one was killed", len(purge(one)["unconfirmed"]), 0)
        stopped.start()
        bar("what a server shows that was killed before a purge", seen(stopped), 4)


def test_servers_that_share_nothing_tell_each_other_of_purges(tmp_path: Path, bar: Bar) -> None:
    fleet = fleet_of(tmp_path, "memory://,file://{folder}/cache", count=3)
    peers = ",".join(f"dns:127.0.0.1:{server.port}" for server in fleet.servers)
    for server in fleet.servers:
        server.environment["PIXMILL_PEERS"] = peers
    with fleet:
        one, stopped, other = fleet.servers
        until(lambda: all("; hit" in cached(server) for server in fleet.servers), 60, "all have it")
        paint(tmp_path / "images", 1)
        told = purge(one)
        bar("servers that confirmed a purge", told["confirmed"], sorted(map(address_of, (stopped, other))))
        bar("what they show", [seen(server) for server in fleet.servers], [1, 1, 1])
        os.kill(stopped.pid, signal.SIGSTOP)
        paint(tmp_path / "images", 2)
        bar("servers named as unconfirmed while one was stopped", purge(one)["unconfirmed"], [address_of(stopped)])
        os.kill(stopped.pid, signal.SIGCONT)
        bar("what a server shows that was stopped", seen(stopped), 2)
        other.stop(signal.SIGKILL)
        paint(tmp_path / "images", 3)
        bar("servers named after one was killed", purge(one)["unconfirmed"], [])
        other.start()
        bar("what a server shows that was killed before a purge", seen(other), 3)


def test_a_server_that_starts_without_redis_asks_the_source_until_it_is_there(
    tmp_path: Path, redis: RedisServer, bar: Bar
) -> None:
    with fleet_of(tmp_path, count=2, cache=f"file://{{folder}}/cache,{redis.url}") as fleet:
        one, other = fleet.servers
        seen(other)
        until(lambda: "; hit" in str(other.get("/resize", url="a.png", width=1).headers["cache-status"]), 60, "cached")
        other.stop()
        paint(tmp_path / "images", 1)
        purge(one)
        redis.stop()
        other.start()
        bar("what a server shows that cannot read the log", seen(other), 1)
        redis.start()
        until(lambda: "; hit" in str(other.get("/resize", url="a.png", width=1).headers["cache-status"]), 60, "a hit")
