"""The examples of the application in FastAPI, Starlette and Django, run by ASGI servers and asked over HTTP."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.servers.ports import free_port

EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "embedding"
IMAGE: Final = "/images/resize?url=fig.jpg&width=64&format=png"
APPS: Final = {"fastapi": "fastapi_app:app", "starlette": "starlette_app:app", "django": "django_app:application"}
WAIT_S: Final = 120.0


@dataclass
class Host:
    """A server that runs an example."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def get(
        self, target: str, method: str = "GET", body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        with contextlib.closing(connection):
            connection.request(method, target, body)
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def workers(self) -> set[int]:
        """Return the render workers of this machine that descend from the server."""
        parents: dict[int, int] = {}
        workers: set[int] = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                pid = int(folder.name)
                parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if b"pixmill.engine.worker" in (folder / "cmdline").read_bytes():
                    workers.add(pid)
        return {pid for pid in workers if self.process.pid in _ancestors(pid, parents)}


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid := parents.get(pid, 0):
        yield pid


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def command(server: str, app: str, port: int, root_path: str = "") -> list[str]:
    """Return the arguments of Python for a server; those without lifespan send no such events."""
    given = ["--port", str(port)]
    if server.startswith("uvicorn"):
        given += ["--root-path", root_path] if root_path else []
        return ["uvicorn", app, *given, *(["--lifespan", "off"] if "without" in server else [])]
    given += ["--url-path-prefix", root_path] if root_path else []
    return ["granian", app, *given, "--interface", "asginl" if "without" in server else "asgi"]


@contextlib.contextmanager
def running(server: str, app: str, folder: Path, root_path: str = "") -> Iterator[Host]:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIXMILL_")}
    environment |= {"PIXMILL_CACHE": "memory://", "PIXMILL_WORKERS": "1"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command(server, app, port, root_path)],
            cwd=EXAMPLES,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    host = Host(process, port, log)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            return host.get("/")[0] > 0
        return False

    try:
        wait_until(answers, "the server does not answer")
        yield host
    finally:
        process.terminate()
        try:
            process.wait(WAIT_S)
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
@pytest.mark.parametrize("framework", APPS)
def test_images_are_served_below_the_mount(framework: str, server: str, tmp_path: Path, page: Page) -> None:
    with running(server, APPS[framework], tmp_path) as host:
        workers = host.workers()
        assert len(workers) == 1, "they start before the first request"
        page.goto(f"http://127.0.0.1:{host.port}/")
        assert page.evaluate("document.images[0].decode().then(() => document.images[0].naturalWidth)") == 400
        for _ in range(2):
            status, headers, body = host.get(IMAGE)
            assert (status, Image.open(BytesIO(body)).width) == (200, 64)
        assert "detail=memory" in headers["cache-status"]
        status, headers, body = host.get("/images/srcset?url=fig.jpg&widths=64,128")
        assert b'"src":"http://127.0.0.1:%d/images/resize?url=fig.jpg' % host.port in body
        assert host.get("/images/resize?url=http://127.0.0.1/a.jpg")[0] == 403
        assert host.get("/images/metrics")[0] == host.get("/nothing")[0] == 404
        photo = (EXAMPLES.parent / "photos" / "fig.jpg").read_bytes()
        assert host.get("/images/resize?width=64&format=png", "POST", photo)[0] == 200
        if framework == "starlette":
            assert b"pixmill_requests_total" in host.get("/internal/images/metrics")[2]
        host.process.send_signal(signal.SIGTERM)
        wait_until(lambda: host.process.poll() is not None, "the server does not end")
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
        assert "Traceback" not in host.log.read_text()
        assert "started by a request" not in host.log.read_text()


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_a_root_path_of_the_server_is_before_that_of_the_mount(server: str, tmp_path: Path) -> None:
    with running(server, APPS["fastapi"], tmp_path, root_path="/shop") as host:
        found = [(path, host.get(path + "/srcset?url=fig.jpg&widths=64")) for path in ("/images", "/shop/images")]
        answered = [(path, body) for path, (status, _, body) in found if status == 200]
        assert answered, found
        for _, body in answered:
            assert b":%d/shop/images/resize?url=fig.jpg" % host.port in body


@pytest.mark.parametrize("server", ["uvicorn without lifespan", "granian without lifespan"])
def test_without_lifespan_events_the_first_request_starts_it_and_the_end_leaves_no_worker(
    server: str, tmp_path: Path
) -> None:
    with running(server, APPS["fastapi"], tmp_path) as host:
        assert not host.workers()
        assert host.get(IMAGE)[0] == 200
        workers = host.workers()
        assert len(workers) == 1
        host.process.send_signal(signal.SIGTERM)
        wait_until(lambda: host.process.poll() is not None, "the server does not end")
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "a worker is left")
        assert "started by a request" in host.log.read_text()
