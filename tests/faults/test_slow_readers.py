"""Clients that read large responses slowly, or not at all: what they hold of the server's memory, and for how long."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.e2e.scenes import knock, metric, until
from tests.servers.pixmill import Pixmill

SIDE = 2_000
LARGE = 3 * SIDE * SIDE
"""Bytes of an uncompressed BMP of that side, without its header."""

PATIENT: dict[str, Any] = {"send_timeout_s": 3_600, "send_min_rate": 0}
"""No limit but those that a test sets."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    bands = [Image.linear_gradient("L").rotate(90 * number).resize((SIDE, SIDE)) for number in range(3)]
    Image.merge("RGB", bands).save(folder / "large.png", compress_level=1)
    return folder


def large(number: int = 0) -> dict[str, Any]:
    """The query of a large result; another one for each number."""
    return {"url": "large.png", "format": "bmp", "width": SIDE - number}


def read_nothing(server: Pixmill, query: dict[str, Any]) -> socket.socket:
    """Ask, read the beginning, and no more."""
    client = knock(server, "/resize", **query)
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


def memory(server: Pixmill) -> int:
    """Resident bytes of the server itself."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def is_closed(client: socket.socket) -> bool:
    """Whether the server has closed the connection; reads what has arrived."""
    client.settimeout(0.1)
    try:
        while client.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("cache", ["memory://?max_bytes=256MiB", "file", ""])
def test_one_result_that_many_read_slowly_is_in_memory_once(images: Path, tmp_path: Path, cache: str) -> None:
    tiers = f"file://{tmp_path}/cache?max_bytes=256MiB" if cache == "file" else cache
    with Pixmill(images=str(images), cache=tiers, **PATIENT) as server, ExitStack() as clients:
        assert len(server.get("/resize", **large()).body) > LARGE
        before = memory(server)
        for _ in range(24):
            clients.enter_context(read_nothing(server, large()))
            if cache == "file":  # a condition that fails must not read a copy of its own either
                server.ask("HEAD", "/resize", headers={"If-None-Match": '"other"'}, **large())
        held = metric(server, "pixmill_memory_budget_used_bytes")
        copies = 24 if not cache else 1  # without a cache each request renders a result of its own, and claims it
        assert copies * LARGE < held < (copies + 1) * LARGE
        if cache:
            assert memory(server) - before < 4 * LARGE, "24 copies would be 288 MB"
        clients.close()
        until(lambda: metric(server, "pixmill_memory_budget_used_bytes") < LARGE, 60, "what nobody reads is given back")


def test_without_memory_for_a_large_result_others_are_served_and_the_slowest_gives_way(images: Path) -> None:
    small: dict[str, Any] = {"url": "large.png", "width": 16}
    settings: dict[str, Any] = {"memory_budget_bytes": 16_000_000, "max_source_bytes": 3_000_000, **PATIENT}
    with Pixmill(images=str(images), **settings) as server:
        assert server.get("/resize", **small).status == 200
        for number in range(2):
            assert server.get("/resize", **large(number)).status == 200, "one after the other, both fit"
        with read_nothing(server, large()) as slow:
            refused = server.get("/resize", **large(1))
            assert refused.status == 503
            assert refused.json()["code"] == "memory_exhausted"
            assert int(refused.headers["retry-after"]) > 0
            assert server.get("/resize", **small).status == 200
            until(lambda: server.get("/resize", **large(1)).status == 200, 30, "the one who reads nothing has lost")
            until(lambda: is_closed(slow), 60, "and was let go")
        assert metric(server, "pixmill_responses_aborted_total", reason="memory") == 1


@contextmanager
def read_at(server: Pixmill, query: dict[str, Any], rate: int) -> Iterator[None]:
    """Ask, and read at this rate in bytes per second, until the end of the block."""
    is_over = Event()

    def read(client: socket.socket) -> None:
        while not is_over.wait(0.1) and client.recv(rate // 10, socket.MSG_WAITALL):
            pass

    with socket.socket() as client, ThreadPoolExecutor(1) as pool:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET /resize?{urlencode(query)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        reading = pool.submit(read, client)
        try:
            yield
        finally:
            is_over.set()
        with suppress(ConnectionResetError):
            reading.result()


TIGHT: dict[str, Any] = {"memory_budget_bytes": 16_000_000, "max_source_bytes": 3_000_000, **PATIENT}
"""A budget for one large result."""


def test_without_memory_a_large_result_must_be_read_at_a_rate_in_proportion_to_its_size(images: Path) -> None:
    with Pixmill(images=str(images), **TIGHT) as server:
        for number in range(2):
            assert server.get("/resize", **large(number)).status == 200
        with read_at(server, large(), 90_000):  # it would take more than two minutes
            until(lambda: server.get("/resize", **large(1)).status == 200, 30, "another client has its turn")
        assert metric(server, "pixmill_responses_aborted_total", reason="memory") == 1


def test_one_fast_reader_of_a_large_result_does_not_protect_the_slow_ones(images: Path) -> None:
    with Pixmill(images=str(images), **TIGHT) as server, ExitStack() as stack:
        assert server.get("/resize", **large()).status == 200
        stack.enter_context(read_at(server, large(), 300_000))
        for _ in range(7):
            stack.enter_context(read_nothing(server, large()))
        assert server.get("/resize", **large()).status == 503, "the budget is exhausted"
        until(lambda: server.get("/resize", **large()).status == 200, 30, "a slow reader has given way")
        assert 0 < metric(server, "pixmill_responses_aborted_total", reason="memory") < 7


def read_all(client: socket.socket, part_bytes: int = 65_536) -> int:
    """Read until the server closes the connection, one way or the other; return the number of bytes."""
    size = 0
    with suppress(ConnectionResetError):
        while part := client.recv(part_bytes):
            size += len(part)
    return size


@pytest.mark.parametrize(("width", "requests"), [(SIDE, 1), (190, 10)], ids=["one large", "ten small ones"])
def test_a_client_below_the_minimum_rate_is_let_go_whatever_the_size(images: Path, width: int, requests: int) -> None:
    query: dict[str, Any] = large(SIDE - width)
    with Pixmill(images=str(images), send_timeout_s=3_600, send_min_rate=10_000) as server, socket.socket() as client:
        size = len(server.get("/resize", **query).body)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        client.connect(("127.0.0.1", server.port))
        request = f"GET /resize?{urlencode(query)} HTTP/1.1\r\nHost: a\r\n\r\n"
        client.sendall(request.encode() * requests)
        until(lambda: metric(server, "pixmill_responses_aborted_total", reason="rate") > 0, 60, "it is counted")
        assert read_all(client) < requests * size
        until(lambda: metric(server, "pixmill_memory_budget_used_bytes") < LARGE, 60, "and its memory is free")
        assert server.get("/resize", **query).status == 200


def test_a_large_response_has_a_time_at_which_it_ends_however_steadily_it_is_read(images: Path) -> None:
    with Pixmill(images=str(images), response_timeout_s=2, **PATIENT) as server:
        server.get("/resize", **large())
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            client.connect(("127.0.0.1", server.port))
            client.sendall(f"GET /resize?{urlencode(large())} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert read_all(client, part_bytes=1) < LARGE
        assert metric(server, "pixmill_responses_aborted_total", reason="timeout") == 1


def test_large_bodies_arrive_whole_on_connections_that_go_on(images: Path) -> None:
    with Pixmill(images=str(images), http2="true") as server:
        whole = server.get("/resize", **large()).body
        assert whole[:2] == b"BM"
        assert int.from_bytes(whole[2:6], "little") == len(whole) > LARGE
        request = f"/resize?url=large.png&format=bmp&width={SIDE} HTTP/1.1\r\nHost: a\r\n"
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=60) as client,
            client.makefile("rb") as answers,
        ):
            for method in ("GET", "HEAD", "GET"):
                client.sendall(f"{method} {request}\r\n".encode())
                head = b"".join(iter(answers.readline, b"\r\n"))
                assert head.startswith(b"HTTP/1.1 200")
                assert f"content-length: {len(whole)}".encode() in head
                assert method == "HEAD" or answers.read(len(whole)) == whole
            client.sendall(f"GET {request}Connection: close\r\n\r\n".encode())
            assert answers.read().endswith(whole)
