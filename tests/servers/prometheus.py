"""A real Prometheus on loopback, that scrapes each second."""

import contextlib
import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from tests import material
from tests.servers.ports import free_port

START_S = 120.0
WAIT_S = 60.0


class Prometheus:
    """``with Prometheus("127.0.0.1:8080") as prometheus: prometheus.query("up")``."""

    def __init__(self, *targets: str) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="pixmill-prometheus-")
        self._configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "pixmill", "static_configs": [{"targets": list(targets)}]}],
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        folder = Path(self._folder.name)
        (folder / "prometheus.yml").write_text(json.dumps(self._configuration))
        command, environment = material.program("prometheus", "prometheus")
        command += [
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--enable-feature=exemplar-storage",
            "--web.console.templates=.",
            "--web.console.libraries=.",
        ]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._get("/-/ready")
                return self
            time.sleep(0.05)
        text = (folder / "log").read_text()
        self.__exit__(None, None, None)
        raise AssertionError(f"Prometheus does not start:\n{text[-4000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(START_S)
        self._folder.cleanup()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression, now."""
        result: list[dict[str, Any]] = json.loads(self._get(f"/api/v1/query?{urlencode({'query': expression})}"))[
            "data"
        ]["result"]
        return result

    def exemplars(self, expression: str, since_s: float) -> list[dict[str, Any]]:
        """The exemplars of the series of an expression."""
        asked = urlencode({"query": expression, "start": since_s, "end": time.time()})
        found: list[dict[str, Any]] = json.loads(self._get(f"/api/v1/query_exemplars?{asked}"))["data"]
        return found

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=WAIT_S) as response:
            body: bytes = response.read()
            return body
