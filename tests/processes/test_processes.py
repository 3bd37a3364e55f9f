"""Several server processes on one port are one server: to clients, to operators and to monitoring."""

import io
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.scenes import PHOTOS, is_alive, metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply
from tests.servers.ports import free_port

TOKEN = "a token of the operator"
ADMIN = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
NET = "127.0.0.0/8"


def two(**settings: str | float) -> Pixmill:
    usual: dict[str, str | float] = {"processes": 2, "images": str(PHOTOS), "admin_token": TOKEN}
    return Pixmill(**usual | settings)


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    """For tests that end no process; its images may be changed."""
    images = tmp_path_factory.mktemp("images")
    (images / "wine.jpg").write_bytes((PHOTOS / "wine.jpg").read_bytes())
    with two(images=str(images), allowed_networks=NET, ready_timeout_s=0.5) as server:
        from_both(server, "/health/live")
        yield server


def process_of(reply: Reply) -> str:
    """Ids of requests begin alike in one process."""
    return str(reply.headers["x-request-id"]).partition("-")[0]


def from_both(server: Pixmill, path: str, **query: Any) -> dict[str, Reply]:
    """An answer of each of two processes: the kernel chooses one for each connection."""
    replies: dict[str, Reply] = {}
    until(
        lambda: bool(replies.update({process_of(reply := server.get(path, **query)): reply}) or len(replies) == 2),
        60,
        "both",
    )
    return replies


def test_connections_are_distributed_and_what_one_has_stored_the_other_serves(server: Pixmill) -> None:
    rendered = metric(server, "pixmill_renders_total", outcome="ok")
    replies = from_both(server, "/resize", url="wine.jpg", width=50)
    assert {reply.status for reply in replies.values()} == {200}
    assert metric(server, "pixmill_renders_total", outcome="ok") == rendered + 1
    assert metric(server, "pixmill_processes") == 2
    assert '"processes":2' in server.log()


def test_a_process_that_dies_is_replaced_and_no_counter_decreases() -> None:
    with two() as server:
        from_both(server, "/resize", url="wine.jpg", width=51)
        before = metric(server, "pixmill_requests_total", route="/resize")
        first, victim = server.servers()
        kill(victim)
        assert server.get("/resize", url="wine.jpg", width=51).status == 200
        assert metric(server, "pixmill_requests_total", route="/resize") >= before
        until(lambda: metric(server, "pixmill_requests_total", route="/resize") == before + 1, 30, "it is counted")
        until(lambda: metric(server, "pixmill_processes") == 2, 60, "there are two again")
        assert server.servers()[0] == first
        assert metric(server, "pixmill_process_restarts_total") == 1
        assert server.get("/health").json()["components"]["processes"]["state"] == "2 of 2"
        from_both(server, "/resize", url="wine.jpg", width=51)


def kill(pid: int) -> None:
    """Kill a process, and wait until nothing is left of it that a connection could reach."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{pid}").exists(), 30, "it has ended")


def test_a_missing_process_is_told_and_the_others_stay_ready() -> None:
    with two() as server:
        from_both(server, "/health/live")
        kill(server.servers()[1])
        health: dict[str, Any] = {}
        until(lambda: bool(health.update(server.get("/health").json()) or health["status"] == "degraded"), 60, "told")
        assert health["components"]["processes"]["code"] == "process_missing"
        assert server.get("/health/ready").status == 200


def test_a_process_that_hangs_makes_the_server_not_ready_and_leaves_purges_unconfirmed(server: Pixmill) -> None:
    hanging = server.servers()[1]
    os.kill(hanging, signal.SIGSTOP)
    try:
        ready = answered(server, b"GET /health/ready HTTP/1.1\r\nHost: h\r\n\r\n")
        body = b'{"sources": ["wine.jpg"]}'
        head = f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        purged = answered(server, b"POST /admin/purge HTTP/1.1\r\nHost: h\r\n" + head.encode() + b"\r\n" + body)
    finally:
        os.kill(hanging, signal.SIGCONT)
    assert ready.startswith(b"HTTP/1.1 503")
    assert b'"unconfirmed":["processes"]' in purged
    until(lambda: server.get("/health/ready").status == 200, 60, "ready again")


def answered(server: Pixmill, request: bytes) -> bytes:
    """The answer of a process that does not hang: connections are given to both."""
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        for client in clients:
            client.sendall(request)
        readable, _, _ = select.select(clients, [], [], 60)
        return readable[0].recv(65_536)
    finally:
        for client in clients:
            client.close()


def test_a_purge_is_in_force_in_all_processes_when_it_is_confirmed(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(small_photo(64))
    with two(images=str(tmp_path), cache="memory://", cache_ttl_s=3600) as server:
        for side in range(65, 75):
            from_both(server, "/resize", url="a.jpg")
            image.write_bytes(small_photo(side))
            reply = server.ask("POST", "/admin/purge", headers=ADMIN, data=b'{"sources": ["a.jpg"]}')
            assert reply.json()["unconfirmed"] == []
            replies = from_both(server, "/resize", url="a.jpg").values()
            assert {Image.open(io.BytesIO(after.body)).width for after in replies} == {side}


def test_a_herd_at_all_processes_renders_and_downloads_once(server: Pixmill, origin: Origin) -> None:
    before, rendered = len(origin.requests), metric(server, "pixmill_renders_total", outcome="ok")
    with ThreadPoolExecutor(8) as clients:
        for number in range(20):
            origin.serve(f"/{number}.jpg", small_photo(), wait_s=0.05)
            url = origin.url(f"/{number}.jpg")
            replies = clients.map(lambda _, url=url: server.get("/resize", url=url, width=60).status, range(8))
            assert set(replies) == {200}
    assert metric(server, "pixmill_renders_total", outcome="ok") == rendered + 20
    assert len(origin.requests) == before + 20


def test_the_rate_limit_of_a_client_holds_for_the_sum_of_all_processes() -> None:
    with two(rate_limit=0.001, rate_limit_burst=12) as server:
        from_both(server, "/health/live")
        replies = [server.get("/resize", url="wine.jpg", width=40 + number) for number in range(30)]
    assert len({process_of(reply) for reply in replies}) == 2
    assert Counter(reply.status for reply in replies) == {200: 12, 429: 18}


def test_progress_of_warming_is_that_of_all_processes(server: Pixmill) -> None:
    for width in range(30, 42):
        urls = f'["/resize?url=wine.jpg&width={width}"]'.encode()
        assert server.ask("POST", "/admin/warm", headers=ADMIN, data=urls).status == 202
    for _ in range(4):
        until(lambda: server.get("/admin/warm", ADMIN).json()["done"] == {"rendered": 12}, 60, "all are rendered")


def test_a_drain_lets_every_process_finish_and_the_port_is_free_at_the_end(origin: Origin) -> None:
    for number in range(16):
        origin.serve(f"/slow/{number}.jpg", small_photo(), wait_s=1.5)
    with two(allowed_networks=NET) as server, ThreadPoolExecutor(16) as clients:
        from_both(server, "/health/live")
        before = len(origin.requests)
        asked = [clients.submit(server.get, "/resize", url=origin.url(f"/slow/{n}.jpg"), width=30) for n in range(16)]
        until(lambda: len(origin.requests) == before + 16, 30, "all originals are asked for")
        workers = server.workers()
        assert server.stop() == 0
        assert [future.result().status for future in asked] == [200] * 16
        assert len({process_of(future.result()) for future in asked}) == 2
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", server.port))
        assert not any(map(is_alive, workers))
        assert "Traceback" not in server.log()


def test_processes_do_not_outlive_a_supervisor_that_is_killed() -> None:
    with two() as server:
        processes = [*server.servers(), *server.workers()]
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not any(map(is_alive, processes)), 60, "all have ended")


def test_a_free_port_and_an_admin_listener_are_the_same_for_all_processes() -> None:
    admin = free_port()
    server = two(port=0, admin_listen=f"127.0.0.1:{admin}")
    server.launch()
    try:
        until(lambda: '"event":"listening"' in server.log(), 60, "it listens")
        server.port = int(re.findall(r'"url":"http://127.0.0.1:(\d+)', server.log())[0])
        from_both(server, "/health/live")
        assert server.get("/metrics").status == 404
        server.port = admin
        assert metric(server, "pixmill_processes") == 2
        assert len(from_both(server, "/health")) == 2
    finally:
        server.close()


def test_a_start_that_fails_says_why_once_and_ends() -> None:
    with Pixmill(images=str(PHOTOS)) as other:
        server = two(port=other.port)
        server.launch()
        assert server.wait() != 0
        assert server.log().count("another process listens there") == 1
        server.folder.cleanup()
    server = two(cache="file:///proc/none?max_bytes=64MiB")
    server.launch()
    assert server.wait() != 0
    assert server.log().count("PIXMILL_CACHE: tier file:///proc/none") == 1
    server.folder.cleanup()


def test_lines_of_the_log_are_whole_when_processes_write_to_one_pipe() -> None:
    environment = {
        **os.environ,
        "PIXMILL_PROCESSES": "2",
        "PIXMILL_PORT": str(free_port()),
        "PIXMILL_LOG_FORMAT": "json",
    }
    environment |= {"PIXMILL_IMAGES": str(PHOTOS), "PIXMILL_CACHE": "memory://", "PIXMILL_WORKERS": "2"}
    server = two()
    command = [sys.executable, "-m", "pixmill", "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr
        first = process.stderr.readline()
        server.port = int(environment["PIXMILL_PORT"])
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(lambda _: server.get("/" + "x" * 2_000), range(400)))
        process.send_signal(signal.SIGTERM)
        lines = [first, *process.stderr.read().splitlines()]
    assert sum(b'"status":404' in line for line in lines) == 400
    assert all(line.strip().startswith(b"{") and line.strip().endswith(b"}") for line in lines)
    server.folder.cleanup()


def test_a_reload_reaches_all_processes_and_those_that_replace_them(server: Pixmill) -> None:
    Path(server.folder.name, ".env").write_text('PIXMILL_PRESETS={"tiny": "width=33"}\n', encoding="utf-8")
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: server.log().count("settings_reloaded") == 2, 30, "both have reloaded")
    replies = from_both(server, "/resize", url="wine.jpg", preset="tiny")
    assert {reply.status for reply in replies.values()} == {200}
    kill(server.servers()[1])
    until(lambda: server.log().count("settings_reloaded") == 3, 60, "the replacement has reloaded")
    replies = from_both(server, "/resize", url="wine.jpg", preset="tiny")
    assert {reply.status for reply in replies.values()} == {200}
