"""A socket and messages as systemd has them: no request is lost while the server restarts."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import PHOTOS, until
from tests.fleet.fleet import Load
from tests.servers.pixmill import Pixmill

AS_SYSTEMD = """
import os, sys
fds = list(map(int, sys.argv[1].split(",")))
for number, fd in enumerate(fds, 3):
    os.dup2(fd, number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds))}
os.execv(sys.executable, [sys.executable, "-m", "pixmill", "serve"])
"""
"""Becomes the server, with sockets from descriptor 3 on, as sd_listen_fds(3) says."""


class Activated(Pixmill):
    """A server that gets listening sockets."""

    def __init__(self, *listeners: socket.socket, **settings: str | float) -> None:
        usual: dict[str, str | float] = {"images": str(PHOTOS), "cache": "memory://", "workers": 1}
        super().__init__(**usual | settings)
        self.listeners = listeners
        self.port = listeners[0].getsockname()[1]

    def launch(self) -> None:
        spares = [os.dup(each.fileno()) for each in self.listeners]
        fds = [fd + 100 for fd in spares]  # out of the way of 3 and 4
        for spare, fd in zip(spares, fds, strict=True):
            os.dup2(spare, fd)
            os.close(spare)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", AS_SYSTEMD, ",".join(map(str, fds))],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder.name,
                pass_fds=fds,
            )
        for fd in fds:
            os.close(fd)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1_024) as listening:
        yield listening


def test_no_request_is_lost_while_a_server_with_an_inherited_socket_restarts(listener: socket.socket) -> None:
    server = Activated(listener)
    query: dict[str, Any] = {"url": "sunset.jpg", "width": 40}
    with server, Load(server.get, [query], 30) as load:
        for _ in range(2):
            before = load.outcomes.asked
            until(lambda: load.outcomes.asked > before + 10, 60, "requests are answered")  # noqa: B023 - at once
            assert server.stop() == 0
            server.start()
    assert load.outcomes.asked > 20
    assert load.outcomes.failed == 0


def test_several_processes_share_an_inherited_socket(listener: socket.socket) -> None:
    server = Activated(listener, processes=2)
    query: dict[str, Any] = {"url": "sunset.jpg", "width": 40}
    with server, Load(server.get, [query], 30) as load:
        before = load.outcomes.asked
        until(lambda: load.outcomes.asked > before + 10, 60, "requests are answered")
        assert server.stop() == 0
        server.start()
    assert load.outcomes.failed == 0


def test_an_inherited_socket_that_others_can_reach_needs_access_control() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        server = Activated(listening)
        server.launch()
        with contextlib.closing(server):
            assert server.wait() == 2
            assert "can be reached by other machines" in server.log()


def test_two_sockets_are_refused(listener: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as another:
        server = Activated(listener, another)
        server.launch()
        with contextlib.closing(server):
            assert server.wait() == 2
            assert "systemd passes 2 sockets" in server.log()


def test_the_service_manager_hears_when_the_server_is_ready_and_when_it_stops(
    listener: socket.socket, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        server = Activated(listener)
        server.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        with server:
            assert manager.recv(100) == b"READY=1"
            os.kill(server.pid, signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"
