"""Too many clients, clients that leave, pictures that take too long: each costs what it must, and no other client
pays."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.e2e.scenes import COSTLY, at_once, in_flight, knock, metric, noise, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

CLIENTS = 30
WORKERS = 2


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "noise.jpg").write_bytes(noise())
    (folder / "photo.jpg").write_bytes(small_photo())
    return folder


@pytest.fixture(scope="module")
def server(images: Path) -> Iterator[Pixmill]:
    """Two workers, and room for everybody to wait."""
    with Pixmill(
        images=str(images), allowed_networks="127.0.0.0/8", cache="", queue_max_wait_s=99, ready_timeout_s=1
    ) as server:
        yield server


def is_idle(server: Pixmill) -> bool:
    gauges = {name: metric(server, f"pixmill_{name}") for name in ("workers", "workers_busy", "renders_waiting")}
    return in_flight(server) == 0 and gauges == {"workers": 2, "workers_busy": 0, "renders_waiting": 0}


def assert_prompt(server: Pixmill, width: int, within_s: float = 10) -> None:
    began = time.monotonic()
    assert server.get("/resize", url="photo.jpg", width=width).status == 200
    assert time.monotonic() - began < within_s


def test_clients_that_leave_while_their_pictures_are_rendered_free_every_place(server: Pixmill) -> None:
    before = metric(server, "pixmill_renders_total")
    clients = [knock(server, "/resize", **COSTLY, width=4_000 + number) for number in range(CLIENTS)]
    until(lambda: metric(server, "pixmill_renders_queued") >= CLIENTS - 2, 60, "all but one or two wait for a worker")
    for client in clients:
        client.close()
    until(lambda: is_idle(server), 30, "everybody's place is free")
    assert_prompt(server, 50)
    assert metric(server, "pixmill_renders_total", outcome="ok") - before < CLIENTS / 2, "most were never rendered"
    assert metric(server, "pixmill_requests_total", status="499") >= CLIENTS


def test_clients_that_leave_while_their_originals_are_fetched_end_the_fetches(server: Pixmill) -> None:
    with Origin() as origin:
        urls = [origin.hang(f"/{number}.jpg") for number in range(12)]
        clients = [knock(server, "/resize", url=url) for url in urls] + [
            knock(server, "/info", url=url) for url in urls
        ]
        until(lambda: len(origin.requests) == len(urls), 60, "each original is asked for, and once")
        assert in_flight(server) == len(clients)
        for client in clients:
            client.close()
        until(lambda: is_idle(server), 30, "nobody is waited for")
        assert_prompt(server, 51)


def test_one_client_that_leaves_takes_nothing_from_another_who_wants_the_same(server: Pixmill) -> None:
    with Origin() as origin, ThreadPoolExecutor(1) as pool:
        url = origin.serve("/shared.jpg", small_photo(), wait_s=3)
        first = knock(server, "/resize", url=url, width=60)
        until(lambda: bool(origin.requests), 60, "the original is asked for")
        [second] = at_once(pool, server, [{"url": url, "width": 60}])
        until(lambda: in_flight(server) == 2, 60, "both wait")
        first.close()
        assert second.result()[0].status == 200
        assert len(origin.requests) == 1


def test_more_renders_than_may_wait_are_turned_away_at_once_and_the_others_are_served(images: Path) -> None:
    probes: list[int] = []
    settings = {"queue_max_wait_s": 99, "deadline_s": 99}  # the places alone decide, however slow the machine is
    with (
        Pixmill(images=str(images), cache="", workers=1, queue=2, **settings) as small,
        ThreadPoolExecutor(20) as clients,
    ):
        assert small.get("/resize", url="photo.jpg").status == 200
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(small, done, probes))
        watcher.start()
        replies = [f.result() for f in at_once(clients, small, [{**COSTLY, "width": 4_000 + n} for n in range(20)])]
        done.set()
        watcher.join()
        served = [seconds for reply, seconds in replies if reply.status == 200]
        turned_away = [(reply, seconds) for reply, seconds in replies if reply.status == 503]
        assert len(served) in {3, 4}, "one that runs and two that wait; one more if it is done before the last has come"
        assert len(served) + len(turned_away) == 20
        for reply, seconds in turned_away:
            assert reply.json()["code"] == "queue_full"
            assert int(reply.headers["retry-after"]) >= 1
            assert reply.headers["cache-control"] == "no-store"
            assert seconds < min(served), "nobody waits to be turned away"
        assert len(probes) > 1, "it answers probes while renders wait"
        assert set(probes) == {200}
        assert small.get("/resize", url="photo.jpg", width=52).status == 200
        assert small.get("/health/ready").status == 200


def _watch(server: Pixmill, done: threading.Event, probes: list[int]) -> None:
    """Note the status of ``/health/live`` again and again; how fast it answers in a crowd is a figure of
    ``benchmarks.front``."""
    while not done.is_set():
        probes.append(server.get("/health/live").status)
        time.sleep(0.05)


def test_a_picture_that_takes_too_long_is_answered_504_and_the_next_one_is_rendered(images: Path) -> None:
    with Pixmill(images=str(images), cache="", workers=1, deadline_s=0.8) as server:
        began = time.monotonic()
        late = server.get("/resize", **COSTLY)
        assert (late.status, late.json()["code"]) == (504, "render_timeout")
        assert late.headers["cache-control"] == "no-store"
        assert 0.8 <= time.monotonic() - began < 15
        until(lambda: metric(server, "pixmill_workers") == 1, 60, "the worker is replaced")
        assert server.get("/resize", url="photo.jpg", width=53).status == 200
        assert metric(server, "pixmill_worker_restarts_total", reason="deadline") == 1


def test_readiness_is_told_while_all_workers_are_busy(server: Pixmill) -> None:
    """Workers are stopped while they have calls: costly renders, which leave a worker free, would not do."""
    until(lambda: is_idle(server) and len(server.workers()) == WORKERS, 60, "no worker is being replaced")
    workers = server.workers()
    with ExitStack() as cleanup:
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
            cleanup.callback(os.kill, pid, signal.SIGCONT)
        for number in range(6):
            cleanup.enter_context(closing(knock(server, "/resize", url="photo.jpg", width=300 + number)))
        until(lambda: metric(server, "pixmill_workers_busy") == len(workers), 30, "all workers are busy")
        assert server.get("/health/ready").status in {200, 503}, "the probe ends when its time is over"
        assert metric(server, "pixmill_workers_busy") == len(workers), "and before the workers go on"
    until(lambda: is_idle(server), 60, "everybody's place is free")
