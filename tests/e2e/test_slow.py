"""Clients that are slow on purpose: those who take nothing of their answer, and those who ask too often."""

import socket
from pathlib import Path

from PIL import Image

from tests.e2e.scenes import knock, until
from tests.servers.pixmill import Pixmill


def established(port: int) -> int:
    """Connections that the server has, by the kernel's own table."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(row[1].partition(":")[2], 16) == port and row[3] == "01" for row in rows)


def test_a_client_that_takes_nothing_of_its_answer_is_let_go_and_idle_ones_are_kept(tmp_path: Path) -> None:
    Image.effect_noise((3_000, 3_000), 90).save(tmp_path / "noise.png")
    with Pixmill(images=str(tmp_path), send_timeout_s=1, cache="") as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        with idle, socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect(("127.0.0.1", server.port))
            deaf.sendall(b"GET /resize?url=noise.png&format=png HTTP/1.1\r\nHost: a\r\n\r\n")
            until(lambda: established(server.port) == 2, 30, "both are connected")
            until(lambda: established(server.port) == 1, 25, "the one that takes nothing is let go")
            idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")


def test_one_who_asks_too_often_is_told_so_and_what_memory_has_is_not_counted() -> None:
    photos = Path(__file__).parents[2] / "examples" / "photos"
    with Pixmill(images=str(photos), rate_limit=0.01, rate_limit_burst=3) as server:
        for _ in range(10):
            assert server.get("/resize", url="sunset.jpg", width=30).status == 200
        replies = [server.get("/resize", url="sunset.jpg", width=31 + number) for number in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert replies[-1].json()["code"] == "rate_limited"
        assert int(replies[-1].headers["retry-after"]) > 1
        assert server.get("/health/ready").status == 200
        client = knock(server, "/resize", url="sunset.jpg", width=30)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        client.close()
