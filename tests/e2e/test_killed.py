"""What is kept when the server or a worker is killed at any moment: no wrong picture, no failed request, no
leftovers."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import at_once, is_alive, metric, random_of, small_photo, until
from tests.servers.pixmill import Pixmill

ROUNDS = 5
QUERIES: list[dict[str, Any]] = [
    {"url": "photo.jpg", "width": width, "format": form}
    for form in ("jpeg", "png", "webp")
    for width in range(40, 600, 70)
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "photo.jpg").write_bytes(small_photo())
    return folder


@pytest.fixture(scope="module")
def expected(images: Path) -> list[bytes]:
    """From a server that keeps nothing."""
    with Pixmill(images=str(images), cache="") as server, ThreadPoolExecutor(4) as clients:
        replies = [future.result()[0] for future in at_once(clients, server, QUERIES)]
    assert {reply.status for reply in replies} == {200}
    return [reply.body for reply in replies]


def test_what_a_killed_server_has_written_is_whole_or_not_there(
    images: Path, expected: list[bytes], tmp_path: Path
) -> None:
    dice = random_of(1)
    cache = f"file://{tmp_path}/cache?max_bytes=64MiB"
    kept = 0
    for _ in range(ROUNDS):
        with Pixmill(images=str(images), cache=cache) as server, load(server):
            wanted = min(len(results_in(tmp_path)) + dice.randint(1, 4), len(QUERIES))
            until(lambda: len(results_in(tmp_path)) >= wanted, 120, "some results are written")  # noqa: B023 - used at once
            time.sleep(dice.uniform(0, 0.05))  # anywhere in the next write
            server.stop(signal.SIGKILL)
    with Pixmill(images=str(images), cache=cache) as server:
        for query, body in zip(QUERIES, expected, strict=True):
            reply = server.get("/resize", **query)
            assert (reply.status, reply.body == body) == (200, True)
            kept += "hit" in str(reply.headers["cache-status"])
        assert metric(server, "pixmill_cache_lookups_total", outcome="damaged") == 0
    assert kept, "something was written before the end"


def results_in(folder: Path) -> list[Path]:
    """The results that are written, without those that are being written, locks and purges."""
    return [path for path in folder.rglob("*") if path.parent.name == path.name[:2] and not path.suffix]


def test_a_worker_that_is_killed_under_load_costs_no_request(images: Path) -> None:
    with Pixmill(images=str(images), cache="") as server, ThreadPoolExecutor(4) as clients:
        queries: list[dict[str, Any]] = [
            {"url": "photo.jpg", "width": width, "format": "webp"} for width in range(100, 1_000)
        ]
        asked = at_once(clients, server, queries)
        for restarts in (1, 2):
            until(lambda: metric(server, "pixmill_workers_busy") > 0, 60, "a worker is busy")
            victim = server.workers()[0]
            os.kill(victim, signal.SIGKILL)
            until(lambda: metric(server, "pixmill_worker_restarts_total") >= restarts, 60, "it is missed")  # noqa: B023 - used at once
            until(lambda: metric(server, "pixmill_workers") == 2, 60, "it is replaced")
            until(lambda: not is_alive(victim), 60, "it is gone")  # noqa: B023 - used at once
        answered = [future for future in asked if not future.cancel()]
        assert len(answered) < len(asked), "the load went on through both deaths"
        assert {future.result()[0].status for future in answered} == {200}


class load:  # noqa: N801 - reads as a verb
    """Clients that ask for everything, in random order, until the server is gone."""

    def __init__(self, server: Pixmill, clients: int = 4) -> None:
        self._server = server
        self._gone = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, number: int) -> None:
        dice = random_of(number)
        while not self._gone.is_set():
            try:
                self._server.get("/resize", **dice.choice(QUERIES))
            except (OSError, HTTPException, ValueError):  # the last two: half an answer
                return
