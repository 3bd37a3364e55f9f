"""How the server ends: what is in flight is finished, nobody new is let in, nothing is left behind."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.scenes import COSTLY, PHOTOS, accepts, in_flight, is_alive, knock, noise, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

NET = "127.0.0.0/8"

DEFAULT_DRAIN_S = 25
"""``drain_timeout_s`` where no test sets it."""


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        origin.serve("/slow.jpg", small_photo(), wait_s=6.0)
        origin.serve("/paced.jpg", small_photo(), pace_s=1.0)
        origin.hang("/never.jpg")
        yield origin


def lean(**settings: str | float) -> Pixmill:
    usual: dict[str, str | float] = {"allowed_networks": NET, "cache": "", "workers": 1}
    return Pixmill(**usual | settings)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_requests_in_flight_are_finished_and_nobody_new_is_let_in(origin: Origin, number: int) -> None:
    with ThreadPoolExecutor(6) as clients, lean() as server:
        workers = server.workers()
        before = len(origin.requests)
        asked = [
            clients.submit(server.get, "/resize", url=origin.url(path), width=width)
            for path in ("/slow.jpg", "/paced.jpg")
            for width in (100, 200, 300)
        ]
        until(lambda: len(origin.requests) >= before + 2, 30, "both originals are asked for")
        os.kill(server.pid, number)
        until(lambda: not accepts(server), 5.5, "the listener is closed")
        assert not any(future.done() for future in asked)
        assert [future.result().status for future in asked] == [200] * 6
        assert server.wait(60) == 0
    assert not [pid for pid in workers if is_alive(pid)]


def test_a_request_that_takes_longer_than_the_limit_is_cut_off_and_the_server_still_ends_in_time(
    origin: Origin,
) -> None:
    with ThreadPoolExecutor(1) as clients, lean(drain_timeout_s=1) as server:
        workers = server.workers()
        before = len(origin.requests)
        asked = clients.submit(server.get, "/resize", url=origin.url("/never.jpg"), width=100)
        until(lambda: len(origin.requests) > before, 30, "the original is asked for")
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(60) == 0
        assert 1 <= time.monotonic() - began < DEFAULT_DRAIN_S
        late = asked.result()
        assert (late.status, late.json()["code"]) == (503, "draining")
    assert not [pid for pid in workers if is_alive(pid)]


def test_a_render_that_takes_longer_than_the_limit_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "noise.jpg").write_bytes(noise())
    with lean(drain_timeout_s=0.2, images=str(tmp_path)) as server:
        workers = server.workers()
        client = knock(server, "/resize", **COSTLY)
        until(lambda: b"workers_busy 1" in server.get("/metrics").body, 30, "the worker is busy")
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(60) == 0
        assert time.monotonic() - began < DEFAULT_DRAIN_S
        client.close()
    assert not [pid for pid in workers if is_alive(pid)]


def test_clients_that_send_or_read_too_slowly_are_cut_off(tmp_path: Path) -> None:
    (tmp_path / "noise.jpg").write_bytes(noise())
    with lean(drain_timeout_s=0.2, images=str(tmp_path)) as server:
        reader = knock(server, "/resize", url="noise.jpg", format="png")
        assert reader.recv(15) == b"HTTP/1.1 200 OK"
        sender = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        sender.sendall(b"POST /resize HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf a picture")
        until(lambda: in_flight(server) > 0, 30, "the picture is awaited")
        began = time.monotonic()
        assert server.stop(within_s=60) == 0
        assert time.monotonic() - began < DEFAULT_DRAIN_S
        assert b"draining" in sender.recv(10_000)
        reader.close()
        sender.close()
        assert "Traceback" not in server.log()


def test_the_last_answers_before_the_end_are_logged() -> None:
    with lean(log_format="json", access_log="true", images=str(PHOTOS)) as server:
        for _ in range(21):
            assert server.get("/resize", url="wine.jpg", width=30).status == 200
        assert server.stop(within_s=60) == 0
        assert server.log().count('"route":"/resize"') == 21


def test_more_signals_change_nothing(origin: Origin) -> None:
    with ThreadPoolExecutor(1) as clients, lean() as server:
        before = len(origin.requests)
        asked = clients.submit(server.get, "/resize", url=origin.url("/slow.jpg"), width=101)
        until(lambda: len(origin.requests) > before, 30, "the original is asked for")
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            os.kill(server.pid, number)
            time.sleep(0.05)
        assert asked.result().status == 200
        assert server.wait(60) == 0


def test_connections_on_which_nothing_is_asked_do_not_hold_up_the_end() -> None:
    with lean(drain_timeout_s=20) as server:
        silent = knock(server, "/health/live")
        assert silent.recv(15) == b"HTTP/1.1 200 OK"
        begun = knock(server, "/health/live")
        begun.sendall(b"GET /resize HTTP/1.1\r\nHost:")
        began = time.monotonic()
        assert server.stop(within_s=30) == 0
        assert time.monotonic() - began < 13, "the time that a client has for its headers, and a little"
        silent.close()
        begun.close()


def test_a_signal_during_the_start_ends_the_server_without_leftovers() -> None:
    server = lean(workers=2)
    server.launch()
    try:
        until(lambda: len(server.workers()) == 2, 60, "workers are started")
        workers = server.workers()
        assert server.stop() == 0
    finally:
        server.__exit__(None, None, None)
    until(lambda: not any(map(is_alive, workers)), 30, "the workers are gone")


def test_readiness_goes_off_before_the_listener_closes() -> None:
    with lean(drain_delay_s=6) as server:
        os.kill(server.pid, signal.SIGTERM)
        until(lambda: server.get("/health/ready").status == 503, 5, "not ready")
        assert server.get("/health/live").status == 200
        assert server.get("/health/ready").json() == {"status": "draining"}
        assert server.wait(60) == 0


def test_workers_do_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "noise.jpg").write_bytes(noise())
    with lean(workers=2, images=str(tmp_path)) as server:
        workers = server.workers()
        client = knock(server, "/resize", **COSTLY)
        until(lambda: b"workers_busy 1" in server.get("/metrics").body, 30, "a worker is busy")
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        client.close()
    assert len(workers) == 2
    until(lambda: not any(map(is_alive, workers)), 30, "the workers are gone")
