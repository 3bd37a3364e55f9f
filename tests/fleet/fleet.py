"""Several servers behind haproxy, what they count together, and clients that ask them.

``with Fleet(tmp_path, cache="memory://,file://{folder}/cache") as fleet: fleet.get("/resize", …)``.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

from tests.e2e.scenes import metric
from tests.servers.pixmill import Pixmill, Reply
from tests.servers.proxies import Haproxy

SERVERS: Final = 4
MAX_DELAY_S: Final = 0.06
"""Between the first and the last request of a herd."""


class Fleet:
    """``servers`` with the same settings behind ``proxy``. ``{folder}`` in a setting is the server's own folder."""

    def __init__(
        self, folder: Path, count: int = SERVERS, *, balance: str = "balance roundrobin", **settings: str | float
    ) -> None:
        self._settings = settings
        self.servers = [self.make_server() for _ in range(count)]
        place = folder / "haproxy"
        place.mkdir()
        self.proxy = Haproxy([f"127.0.0.1:{server.port}" for server in self.servers], place, balance)
        self._open = ExitStack()

    def make_server(self) -> Pixmill:
        """Return one more server with the same settings, which is not started, and not behind the proxy."""
        server = Pixmill(**{"workers": 1, **self._settings})
        given = {name: text.replace("{folder}", server.folder.name) for name, text in server.environment.items()}
        server.environment.update(given)
        return server

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> Reply:
        """Send a request to the proxy."""
        return self.proxy.get(f"{path}?{urlencode(query)}", headers)

    def count(self, name: str, **labels: str) -> int:
        """Sum of a counter over all servers."""
        return round(sum(metric(server, name, **labels) for server in self.servers))

    def renders(self) -> int:
        return self.count("pixmill_renders_total", outcome="ok")

    def downloads(self) -> int:
        return self.count("pixmill_source_fetches_total", outcome="ok")

    def cpu_s(self) -> float:
        """Processor time of the servers without their workers."""
        return sum(server.cpu_s() for server in self.servers)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in self.servers:
                server.launch()
                stack.callback(server.close)
            for server in self.servers:
                server.wait_ready()
            stack.enter_context(self.proxy)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


@dataclass
class Outcomes:
    """What came of requests: how often each status, and the slowest."""

    statuses: Counter[str] = field(default_factory=Counter)
    cache: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    @property
    def asked(self) -> int:
        return sum(self.statuses.values())

    @property
    def failed(self) -> int:
        return self.asked - self.statuses["200"]

    @property
    def stale(self) -> int:
        return sum(count for outcome, count in self.cache.items() if "stale" in outcome)

    def add(self, reply: Reply | OSError, seconds: float) -> None:
        if isinstance(reply, Reply):
            self.statuses[str(reply.status)] += 1
            self.cache[_outcome(str(reply.headers["cache-status"]))] += 1
        else:
            self.statuses[repr(reply)] += 1
        self.slowest_s = max(self.slowest_s, seconds)


def _outcome(cache_status: str) -> str:
    """Return ``hit``, ``stale`` or ``miss`` of a Cache-Status (RFC 9211)."""
    if "; hit" in cache_status:
        return "stale" if "ttl=-" in cache_status else "hit"
    return "miss"


class Load:
    """``with Load(ask, queries, per_s=60) as load: …``: a steady rate of requests, however slow the answers are."""

    def __init__(self, ask: Callable[..., Reply], queries: Sequence[Mapping[str, Any]], per_s: float) -> None:
        self.outcomes = Outcomes()
        self._ask = ask
        self._queries = queries
        self._interval_s = 1 / per_s
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._clients = ThreadPoolExecutor(128)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._clients.shutdown()

    def _run(self) -> None:
        due = time.monotonic()
        for query in self._endless():
            due += self._interval_s
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            self._clients.submit(self._send, query)

    def _endless(self) -> Iterator[Mapping[str, Any]]:
        while True:
            yield from self._queries

    def _send(self, query: Mapping[str, Any]) -> None:
        began = time.monotonic()
        reply: Reply | OSError
        try:
            reply = self._ask("/resize", **query)
        except OSError as error:
            reply = error
        with self._lock:
            self.outcomes.add(reply, time.monotonic() - began)


def herd(fleet: Fleet, queries: Sequence[Mapping[str, Any]], dice: random.Random, clients: int = 32) -> Outcomes:
    """Ask every server for each of these, within ``MAX_DELAY_S``."""
    outcomes, lock = Outcomes(), threading.Lock()

    def ask(server: Pixmill, query: Mapping[str, Any], delay_s: float) -> None:
        time.sleep(delay_s)
        began = time.monotonic()
        reply = server.get("/resize", **query)
        with lock:
            outcomes.add(reply, time.monotonic() - began)

    with ThreadPoolExecutor(clients) as pool:
        asking = [
            pool.submit(ask, server, query, dice.uniform(0, MAX_DELAY_S))
            for query in queries
            for server in fleet.servers
        ]
        for each in asking:
            each.result()
    return outcomes
