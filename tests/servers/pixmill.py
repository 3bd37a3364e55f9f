"""The installed server as a process of its own, on a free port, stopped by its process id."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from tests.servers.ports import free_port

START_S = 120.0
STOP_S = 40.0

DEFAULT_PROCESSES = os.environ.get("SERVER_PROCESSES", "1")
"""Server processes where a test does not say how many; ``make faults-processes`` sets two."""


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of an answer."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Pixmill:
    """``with Pixmill(images=…) as server: server.get("/resize", url="a.jpg", width=300)``.

    Arguments are those of ``pixmill serve``, keyword arguments are settings; the environment's own ``PIXMILL_*`` are left out. ``environment`` may be added to
    before the start, and ``limits`` (such as ``resource.RLIMIT_NOFILE``) set.
    """

    def __init__(self, *arguments: str, **settings: str | float) -> None:
        self.arguments = arguments
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="pixmill-test-")
        given = {
            "port": self.port,
            "cache": f"memory://?max_bytes=64MiB,file://{self.folder.name}/cache?max_bytes=256MiB",
            "workers": 2,
            "log_format": "json",
            "processes": DEFAULT_PROCESSES,
        } | settings
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")}
        self.environment |= {f"PIXMILL_{key.upper()}": str(value) for key, value in given.items()}
        self.processes = int(str(given["processes"]))
        self._log = Path(self.folder.name, "log")
        self.limits: dict[int, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self.launch()
        self.wait_ready()
        return self

    def launch(self) -> None:
        """Start the process and do not wait until it answers."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "pixmill", "serve", *self.arguments]
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder.name,
                preexec_fn=self._limit,  # noqa: PLW1509 - the child does nothing but lower limits before it becomes another program
            )

    def _limit(self) -> None:
        for limit, value in self.limits.items():
            resource.setrlimit(limit, (value, value))

    def stop(self, number: int = signal.SIGTERM, within_s: float = STOP_S) -> int:
        """Send the signal, wait, and give the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait(within_s)

    def wait(self, within_s: float = STOP_S) -> int:
        assert self._process is not None
        return self._process.wait(within_s)

    def log(self) -> str:
        return self._log.read_text()

    def servers(self) -> list[int]:
        """Process ids of what serves: the process itself, or the children that it supervises."""
        return [self.pid] if self.processes == 1 else _children(self.pid)

    def workers(self) -> list[int]:
        """Process ids of the render workers."""
        return [worker for server in self.servers() for worker in _children(server)]

    def cpu_s(self) -> float:
        """Processor time of the server itself, all threads: unlike the time of a clock, other work does not add to
        it."""
        tasks = (file for pid in self.servers() for file in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return sum(int(file.read_text().split()[0]) for file in tasks) / 1e9

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> Reply:
        return self.ask("GET", path, headers=headers, **query)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        **query: Any,
    ) -> Reply:
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                return Reply(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read())

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, gently if that goes."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.folder.cleanup()

    def wait_ready(self) -> None:
        """Wait until it accepts requests; for those that are launched together."""
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.log()}")
            with contextlib.suppress(OSError):
                if self.get("/health/ready").status == 200 and self._all_listen():
                    return
            time.sleep(0.02)
        raise AssertionError(f"the server is not ready after {START_S} s:\n{self.log()[-4000:]}")

    def _all_listen(self) -> bool:
        """Several processes say so by one line: the first of them is ready before."""
        return self.processes == 1 or '"event":"listening"' in self.log() or " serves " in self.log()


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
