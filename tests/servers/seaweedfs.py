"""A real S3 server: SeaweedFS from its wheel, on free ports, with real signature checks.

``with SeaweedFS() as server: server.make_bucket("photos")``. It keeps all its files in a temporary folder and is
killed by its process id at the end. The fixture ``seaweedfs`` is one server for the whole session of a test process.
"""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.servers.ports import free_port

START_S = 60.0


@dataclass(frozen=True)
class Identity:
    """Credentials that the server knows."""

    access_key_id: str
    secret_access_key: str


OWNER = Identity("owner", "owner-secret")
STRANGER = Identity("owner", "not-the-secret")
READER = Identity("reader", "reader-secret")
"""May read and list, and no more."""

_OTHER_PORTS = [
    *("master.port", "volume.port", "s3.port.lance", "metricsPort"),
    *("master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc"),
]
"""All that would else be fixed."""

_MAX_VOLUMES = 10_000
"""Each bucket takes a volume at its first write. By default there are as many as there are free GiB on the disk, one
of 77 GiB was full after 76 buckets, and each further write was a 500 InternalError: "No writable volumes and no free
volumes left".
"""

_ACTIONS = {OWNER: ["Admin", "Read", "Write", "List", "Tagging"], READER: ["Read", "List"]}


class SeaweedFS:
    """One server process. ``stop`` kills it for good; ``pause`` and ``resume`` make it stall and go on."""

    def __init__(self, data: Path | None = None) -> None:
        """``data`` is where objects are kept, an empty folder; otherwise a temporary one."""
        self._data = data
        self.port, self._filer_port, *self._other_ports = (free_port() for _ in range(2 + len(_OTHER_PORTS)))
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="pixmill-seaweedfs-", ignore_cleanup_errors=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def metrics_port(self) -> int:
        """Where it tells Prometheus of its requests."""
        return self._other_ports[_OTHER_PORTS.index("metricsPort")]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def named_store(self, bucket: str, who: Identity = OWNER) -> dict[str, Any]:
        """A bucket of this server, as ``PIXMILL_STORES`` names one."""
        return {
            "url": f"s3://{bucket}",
            "endpoint": self.endpoint,
            "access_key_id": who.access_key_id,
            "secret_access_key": who.secret_access_key,
        }

    def make_bucket(self, name: str) -> None:
        """Through the filer, which keeps a bucket as a folder; making one twice is no error."""
        url = f"http://127.0.0.1:{self._filer_port}/buckets/{name}/"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=5):
                pass
        except HTTPError as error:
            with error:
                if error.code != HTTPStatus.CONFLICT:
                    raise

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Store an object, by none of the code under test."""
        obstore.put(self._client(bucket), key, data, use_multipart=False)

    def start(self) -> Self:
        folder = Path(self._folder.name)
        self._data = self._data or folder / "data"
        self._data.mkdir(exist_ok=True)
        (folder / "s3.json").write_text(json.dumps({"identities": [_identity(who) for who in _ACTIONS]}))
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(folder),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env={"HOME": str(folder), "PATH": os.environ["PATH"], "TMPDIR": str(folder)},
                start_new_session=True,
            )
        atexit.register(self.stop)
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """Kill it: a clean shutdown takes many seconds and its data are thrown away."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
        self._folder.cleanup()

    def pause(self) -> None:
        """Stall: connections stay open and nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # until its last thread stands still

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self, folder: Path) -> list[str]:
        ports = dict(zip(_OTHER_PORTS, self._other_ports, strict=True))
        # The worker looks for the gRPC port of the admin 10,000 higher, whatever is said.
        ports |= {"filer.port": self._filer_port, "s3.port": self.port, "admin.port": free_port()}
        return [
            str(Path(sys.executable).with_name("weed")),
            "mini",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={self._data}",
            f"-s3.config={folder / 's3.json'}",
            f"-volume.max={_MAX_VOLUMES}",
            "-master.volumeSizeLimitMB=1024",
            "-s3.port.iceberg=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            *(f"-{name}={port}" for name, port in ports.items()),
        ]

    def _wait_until_ready(self) -> None:
        """Until an object can be stored, which is later than until a port is open."""
        end = time.monotonic() + START_S
        while True:
            try:
                self.make_bucket("ready")
                self.put("ready", "ready", b"ready")
            except (OSError, BaseError) as error:
                if time.monotonic() > end or self._process is None or self._process.poll() is not None:
                    log = Path(self._folder.name, "log").read_text()[-4000:]
                    self.stop()
                    raise RuntimeError(f"SeaweedFS did not start:\n{log}") from error
                time.sleep(0.05)
            else:
                return

    def _client(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            endpoint=self.endpoint,
            access_key_id=OWNER.access_key_id,
            secret_access_key=OWNER.secret_access_key,
            region="us-east-1",
            client_options={"allow_http": True, "timeout": "20s"},
            retry_config={"max_retries": 0},
        )


def _identity(who: Identity) -> dict[str, Any]:
    return {
        "name": who.access_key_id,
        "credentials": [{"accessKey": who.access_key_id, "secretKey": who.secret_access_key}],
        "actions": _ACTIONS[who],
    }


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """A server with no buckets but its own; tests make theirs, each with another name."""
    with SeaweedFS() as server:
        yield server
