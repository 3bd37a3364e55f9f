"""Clients that name slow origins use up their own share, as seen by other clients of the whole server."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.scenes import metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin("0.0.0.0") as running:
        yield running


def ask(server: Pixmill, url: str, client: str) -> int:
    """Ask from an address of this machine, and return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(client, 0))
    connection.request("GET", f"/resize?width=16&url={url}")
    with connection.getresponse() as response:
        response.read()
        status = response.status
    connection.close()
    return status


def begin(server: Pixmill, url: str, client: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), source_address=(client, 0))
    connection.sendall(f"GET /resize?width=16&url={url} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return connection


def test_a_client_that_names_any_number_of_slow_origins_takes_the_slots_of_nobody_else(origin: Origin) -> None:
    origin.hang("/slow.jpg")
    origin.serve("/good.jpg", small_photo())
    with Pixmill(cache="", allowed_networks="127.0.0.0/8", source_connections=10, source_queue=20) as server:
        slow = [
            begin(server, f"http://127.1.0.{number}:{origin.port}/slow.jpg", "127.0.0.2") for number in range(1, 31)
        ]
        until(lambda: metric(server, "pixmill_source_fetches_in_flight") == 8, 60, "it has four fifths")
        for number in range(1, 11):
            assert ask(server, f"http://127.2.0.{number}:{origin.port}/good.jpg", "127.0.0.3") == 200
        for connection in slow:
            connection.close()


def test_whoever_asks_for_what_another_client_waits_for_has_a_share_of_its_own(origin: Origin) -> None:
    origin.hang("/slow.jpg")
    origin.serve("/good.jpg", small_photo())
    good = f"http://127.2.0.1:{origin.port}/good.jpg"
    limits: dict[str, float] = {"source_connections": 10, "source_queue": 20, "source_queue_max_wait_s": 1}
    with Pixmill(cache="", allowed_networks="127.0.0.0/8", **limits) as server:
        slow = [begin(server, f"http://127.1.0.{number}:{origin.port}/slow.jpg", "127.0.0.2") for number in range(1, 9)]
        until(lambda: metric(server, "pixmill_source_fetches_in_flight") == 8, 60, "it has four fifths")
        slow.append(begin(server, good, "127.0.0.2"))
        until(lambda: metric(server, "pixmill_source_fetches_queued") == 1, 60, "its next fetch must wait")
        assert ask(server, good, "127.0.0.3") == 200
        for connection in slow:
            connection.close()
