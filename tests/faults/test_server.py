"""The server itself killed, twice on one folder, out of descriptors, and with a clock that jumps."""

import re
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.scenes import metric, random_of, until
from tests.faults.conftest import PHOTOS
from tests.faults.traffic import Traffic, Wanted, shows, sizes, while_going
from tests.servers.clock import DAY_S, Clock
from tests.servers.pixmill import Pixmill

WIDTHS = range(20, 80, 10)
DEATHS = 4
DESCRIPTORS = 96
CACHE_TTL_S = 60


def charts(forms: tuple[str, ...] = ("webp", "png", "jpeg")) -> list[Wanted]:
    return [
        wanted
        for number in range(1, PHOTOS + 1)
        for wanted in sizes("charts", f"{number}.png", [number], WIDTHS, forms)
    ]


def kept(server: Pixmill, asked: list[Wanted]) -> dict[Wanted, bytes]:
    """What the cache answers for each of these; every answer is looked at."""
    found = {}
    for wanted in asked:
        reply = server.get("/resize", **wanted.query)
        assert reply.status == 200
        assert shows(reply.body, wanted.numbers[0], wanted.width)
        if "hit" in str(reply.headers["cache-status"]):
            found[wanted] = reply.body
    return found


def test_a_server_killed_under_load_again_and_again_loses_nothing_that_was_stored(
    images: Path, tmp_path: Path, survived: Callable[..., None]
) -> None:
    dice, asked = random_of(11), charts()
    cache = f"file://{tmp_path}/cache?max_bytes=256MiB"
    traffics: list[Traffic] = []
    stored: dict[Wanted, bytes] = {}
    looked = 0
    for _ in range(DEATHS):
        server = Pixmill(images=str(images), cache=cache)
        with server:
            traffic = Traffic(server, asked, lives=False)
            with traffic:
                while_going(traffic, 40)
                threading.Event().wait(dice.uniform(0, 0.3))
                server.stop(signal.SIGKILL)
            traffics.append(traffic)
        with Pixmill(images=str(images), cache=cache) as server:
            found = kept(server, asked)
            assert metric(server, "pixmill_cache_lookups_total", outcome="damaged") == 0
            assert stored.items() <= found.items(), "what was stored before is there, unchanged"
            assert found, "something was stored"
            looked += len(found)
            stored = found
    survived(*traffics, stored=looked)


def test_two_servers_on_one_cache_folder_disturb_nobody(
    images: Path, tmp_path: Path, survived: Callable[..., None]
) -> None:
    cache, asked = f"file://{tmp_path}/cache?max_bytes=256MiB", charts()
    with Pixmill(images=str(images), cache=cache) as one, Pixmill(images=str(images), cache=cache) as other:
        with Traffic(one, asked).also(other, lives=False) as traffic:
            while_going(traffic, 100)
            other.stop(signal.SIGKILL)
            other.start()
            while_going(traffic, 100)
        traffic.assert_only("charts")
        for server in (one, other):
            assert metric(server, "pixmill_cache_lookups_total", outcome="damaged") == 0
        survived(traffic, stored=len(kept(one, asked)))


def test_a_small_cache_folder_shared_by_two_servers_stays_within_its_budget(
    images: Path, tmp_path: Path, survived: Callable[..., None]
) -> None:
    budget = 512 * 1024
    cache, asked = f"file://{tmp_path}/cache?max_bytes={budget}", charts()
    with Pixmill(images=str(images), cache=cache) as one, Pixmill(images=str(images), cache=cache) as other:
        with Traffic(one, asked).also(other) as traffic:
            while_going(traffic, 300)
        traffic.assert_only("charts")
        survived(traffic)
    used = sum(file.stat().st_blocks * 512 for file in (tmp_path / "cache").rglob("*") if file.is_file())
    assert used <= budget


def test_a_server_out_of_descriptors_serves_again_when_they_are_back(
    images: Path, survived: Callable[..., None]
) -> None:
    server = Pixmill(images=str(images))
    server.limits[resource.RLIMIT_NOFILE] = DESCRIPTORS
    with server:
        crowd = [socket.socket() for _ in range(4 * DESCRIPTORS)]
        for client in crowd:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", server.port))
        time.sleep(1)
        for client in crowd:
            client.close()
        until(lambda: _status(server, "/health/live") == 200, 60, "alive after the crowd")
        until(lambda: _status(server, "/health/ready") == 200, 60, "ready after the crowd")
        with Traffic(server, charts()) as traffic:
            while_going(traffic, 30)
        traffic.assert_only("charts")
        survived(traffic)


def _status(server: Pixmill, path: str) -> int:
    try:
        return server.get(path).status
    except OSError:
        return 0


def test_a_clock_that_jumps_forth_and_back_makes_no_picture_wrong_and_keeps_none_for_ever(
    images: Path, tmp_path: Path, survived: Callable[..., None]
) -> None:
    clock = Clock(tmp_path)
    server = Pixmill(images=str(images), cache_ttl_s=CACHE_TTL_S)
    server.environment |= clock.environment
    with server:
        with Traffic(server, charts()) as traffic:
            for days in (2, -2, 400, -400, 0):
                clock.jump(days * DAY_S)
                until(partial(_is_off_by, server, days * DAY_S), 60, "the server has heard of it")
                while_going(traffic, 40)
        traffic.assert_only("charts")
        clock.jump(-DAY_S)
        reply = server.get("/resize", **_first())
        assert reply.status == 200
        assert 0 <= int(str(reply.headers["age"])) <= CACHE_TTL_S
        survived(traffic)


def _is_off_by(server: Pixmill, seconds: int) -> bool:
    """By the time of its last line in the log."""
    told = re.findall(r'"timestamp": ?"([^"]+)"', server.log())
    return bool(told) and abs(datetime.fromisoformat(told[-1]).timestamp() - time.time() - seconds) < DAY_S


def _first() -> dict[str, Any]:
    return charts()[0].query
