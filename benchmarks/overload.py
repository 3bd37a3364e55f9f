"""Behaviour under overload: ten times as many requests as the service can render.

    .venv/bin/python -m benchmarks.overload [--times 10] [--seconds 30] [--megapixels 6] [--workers 0]

Measures the capacity by closed loops that keep every worker busy, then sends a multiple of it at a constant rate,
whatever is returned; each request is a new render. Prints the bars and exits with 1 if one does not hold. The load and
the origin run on the machine's cores beside the server, all on loopback: their CPU time is missing in both figures, so
it is printed too.
"""

import argparse
import asyncio
import http.client
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import cast

import uvloop
from benchmarks import origin
from benchmarks.processes import cpu_seconds, free_port, memory_mib, running
from benchmarks.service import baseline_photo

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "seeding.jpg"
MAX_CONNECTIONS = 2_000
CLOSED_LOOPS = 8
CAPACITY_S = 6.0
LOAD_NICENESS = 10
"""The niceness of the workers, so that the load generator does not take CPU time from the server, as if it were on
another machine."""

SETTLED_S = 8.0
"""After this time memory has reached its steady level."""


@dataclass(slots=True)
class Responses:
    """Responses: by status, the time of each and its latency in seconds."""

    answers: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    failed: int = 0

    def add(self, status: int, at: float, seconds: float) -> None:
        self.answers.setdefault(status, []).append((at, seconds))

    def seconds(self, status: int) -> list[float]:
        return sorted(seconds for _, seconds in self.answers.get(status, []))


class Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._status = self._left = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, target: str) -> "asyncio.Future[int]":
        """Return the status of the response, once it is complete."""
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return self._answer

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            self._status = int(head[9:12])
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            self._left = int(length.partition(b":")[2]) - len(body)
        else:
            self._left -= len(data)
        if not self._left and self._answer and not self._answer.done():
            self._answer.set_result(self._status)

    def connection_lost(self, _why: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionError())

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()


class Clients:
    """A pool of connections that grows as needed."""

    def __init__(self, port: int, targets: Iterator[str]) -> None:
        self._port = port
        self._targets = targets
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self.seen = Responses()

    async def ask(self, target: str | None = None) -> int:
        line = await self._line()
        began = time.perf_counter()
        try:
            status = await line.ask(target or next(self._targets))
        except ConnectionError:
            self.seen.failed += 1
            self._all.discard(line)
            return 0
        now = time.perf_counter()
        self.seen.add(status, now, now - began)
        if line.is_open:
            self._idle.append(line)
        return status

    async def _line(self) -> Connection:
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                return line
            self._all.discard(line)
        if len(self._all) >= MAX_CONNECTIONS:
            raise SystemExit(f"more than {MAX_CONNECTIONS} requests under way: the load cannot be kept up")
        _, line = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port)
        self._all.add(line)
        return line

    def leave(self) -> None:
        for line in self._all:
            if line.transport:
                line.transport.abort()


def targets(origin_port: int) -> Iterator[str]:
    """Yield URLs whose renders cost about the same, none twice."""
    photos, widths, qualities = range(4), range(600, 728), range(70, 90)
    for number in itertools.count():
        for quality, width, photo in itertools.product(qualities, widths, photos):
            url = f"http%3A%2F%2F127.0.0.1%3A{origin_port}%2Fphoto.jpg%3F{number}-{photo}"
            yield f"/resize?url={url}&width={width}&format=jpeg&quality={quality}"


async def closed_loops(clients: Clients, seconds: float) -> float:
    """Return renders per second when nothing is rejected."""
    until = time.perf_counter() + seconds

    async def loop() -> None:
        while time.perf_counter() < until:
            if await clients.ask() != 200:
                raise SystemExit("rejected below capacity")

    began = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(CLOSED_LOOPS)))
    return len(clients.seen.answers[200]) / (time.perf_counter() - began)


async def send_at_rate(clients: Clients, per_s: float, seconds: float) -> int:
    """Send requests at this rate, whatever is returned; return their number."""
    began, requested, tasks = time.perf_counter(), 0, set()
    while (passed := time.perf_counter() - began) < seconds:
        for _ in range(int(passed * per_s) - requested):
            requested += 1
            task = asyncio.ensure_future(clients.ask())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.002)
    return requested


async def measure_recovery(clients: Clients, normal_s: float, patience_s: float = 20.0) -> float:
    """Return seconds until a render is as fast as on an idle server."""
    began = time.perf_counter()
    while time.perf_counter() - began < patience_s:
        requested = time.perf_counter()
        if await clients.ask() == 200 and time.perf_counter() - requested <= normal_s:
            return time.perf_counter() - began
        await asyncio.sleep(0.02)
    return patience_s


class Monitor:
    """Probes ``/health/live`` ten times per second and memory once per second, in a thread of its own."""

    def __init__(self, port: int, pid: int) -> None:
        self.lives: list[float] = []
        self.memory: list[tuple[float, float]] = []
        self._port, self._pid, self._going = port, pid, True
        self._threads = [threading.Thread(target=self._look_at_life), threading.Thread(target=self._look_at_memory)]
        for thread in self._threads:
            thread.start()

    def _look_at_life(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while self._going:
            began = time.perf_counter()
            connection.request("GET", "/health/live")
            connection.getresponse().read()
            self.lives.append(time.perf_counter() - began)
            time.sleep(0.1)
        connection.close()

    def _look_at_memory(self) -> None:
        while self._going:
            self.memory.append((time.perf_counter(), memory_mib(self._pid)[1]))
            time.sleep(1)

    def stop(self) -> None:
        self._going = False
        for thread in self._threads:
            thread.join()


def per_cent(seconds: list[float], share: int) -> float:
    return quantiles(seconds, n=100)[share - 1] if len(seconds) > 1 else float("nan")


async def measure(port: int, pid: int, origin_port: int, options: argparse.Namespace) -> bool:
    asked_for = targets(origin_port)
    warm = Clients(port, asked_for)
    await closed_loops(warm, 2)
    before = Clients(port, asked_for)
    capacity = await closed_loops(before, CAPACITY_S)
    alone = [await timed_request(before) for _ in range(20)]
    normal_s = 3 * median(alone) + 0.02
    print(
        f"capacity {capacity:.1f} renders/s in {CLOSED_LOOPS} closed loops; one alone takes {median(alone) * 1000:.0f} ms"
    )
    watch = Monitor(port, pid)
    os.nice(LOAD_NICENESS)  # of this thread alone, which generates the load
    flood = Clients(port, asked_for)
    began, cpu, own = time.perf_counter(), cpu_seconds(pid), time.process_time()
    requested = await send_at_rate(flood, options.times * capacity, options.seconds)
    ended = time.perf_counter()
    cpu, own = cpu_seconds(pid) - cpu, time.process_time() - own
    back_s = await measure_recovery(Clients(port, asked_for), normal_s)
    watch.stop()
    flood.leave()
    served = sum(began < at <= ended for at, _ in flood.seen.answers.get(200, []))
    rejected = flood.seen.seconds(503)
    print(
        f"{requested} requests in {ended - began:.0f} s: {served} rendered, {len(rejected)} rejected, {flood.seen.failed} failed"
    )
    print(f"cores: server {cpu / (ended - began):.2f}, load {own / (ended - began):.2f} of {os.cpu_count()}")
    waits = flood.seen.seconds(200)
    print(f"rendered after {per_cent(waits, 50) * 1000:.0f} ms (median), {per_cent(waits, 99) * 1000:.0f} ms (p99)")
    early = median([pss for at, pss in watch.memory if began + SETTLED_S <= at < began + SETTLED_S + 5])
    late = median([pss for at, pss in watch.memory if ended - 5 <= at <= ended])
    peak = max(pss for _, pss in watch.memory)
    return judge(
        {
            f"completed {served / (ended - began) / capacity:.2f} of capacity, at least 0.90": served / (ended - began)
            >= 0.9 * capacity,
            f"rejected after {per_cent(rejected, 99) * 1000:.1f} ms (p99), at most 50": per_cent(rejected, 99) <= 0.05,
            f"memory {early:.0f} MiB, then {late:.0f}, peak {peak:.0f}: flat within a tenth": late <= 1.1 * early + 8,
            f"/health/live after {max(watch.lives) * 1000:.1f} ms (the longest of {len(watch.lives)}), less than 100": max(
                watch.lives
            )
            < 0.1,
            f"normal again {back_s:.2f} s after the load ended, within 1": back_s <= 1.0,
            f"answers other than 200 and 503: {set(flood.seen.answers) - {200, 503}}, failures {flood.seen.failed}, none": not (
                set(flood.seen.answers) - {200, 503} or flood.seen.failed
            ),
        }
    )


async def timed_request(clients: Clients) -> float:
    began = time.perf_counter()
    await clients.ask()
    return time.perf_counter() - began


def judge(bars: dict[str, bool]) -> bool:
    for messages, holds in bars.items():
        print("holds " if holds else "FAILS ", messages)
    return all(bars.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=PHOTO)
    parser.add_argument("--megapixels", type=float, default=6)
    parser.add_argument("--times", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "photo.jpg").write_bytes(baseline_photo(options.photo, options.megapixels))
        port, origin_port = free_port(), free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith("PIXMILL_")}
        env |= {
            "PIXMILL_PORT": str(port),
            "PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PIXMILL_CACHE": f"memory://?max_bytes=32MiB,file://{home}/cache?max_bytes=256MiB",
            "PIXMILL_LOG_LEVEL": "error",
            "PIXMILL_WORKERS": str(options.workers),
        }
        server = [sys.executable, "-m", "pixmill", "serve"]
        with (
            running(origin.command(home, home, origin_port, free_port()), origin_port, home / "log"),
            running(server, port, home / "log", env) as pid,
        ):
            held = uvloop.run(measure(port, pid, origin_port, options))
    sys.exit(not held)


if __name__ == "__main__":
    main()
