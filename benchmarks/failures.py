"""Memory and pauses of a server that answers failures only: missing originals, and damaged images.

    .venv/bin/python -m benchmarks.failures [--kind missing|broken] [--requests 100000] [--url-bytes 0] [--clients 16]

Requests as many distinct URLs, each once, over HTTP from an origin on loopback. Prints how much memory the server
process has gained (not its workers), and the longest pauses of its event loop, measured inside it: CPU time of the
loop's thread between two ticks of a timer, which other processes on the machine do not lengthen, the same by the wall
clock, and full garbage collections. Exits with 1 if a bar does not hold.
"""

import argparse
import asyncio
import contextlib
import gc
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, cast

import uvloop
from benchmarks.overload import Clients
from benchmarks.processes import free_port, running

from pixmill.server import serve
from pixmill.settings import Settings

MAX_GROWTH_MIB: Final = 40.0
MAX_PAUSE_MS: Final = 50.0
TICK_S: Final = 0.002
WARM_UP: Final = 500
"""Requests before memory is measured the first time: connections, log buffers and caches of parsers."""

LONGEST: Final = 5
_STATUS: Final = {"missing": 404, "broken": 422}
_DAMAGED: Final = b"\x89PNG\r\n\x1a\n" + bytes(300)


class Origin(asyncio.Protocol):
    """Has nothing below ``/missing/``, and a damaged PNG below ``/broken/``."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received and self._transport:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            if head.startswith(b"GET /broken/"):
                length = b"%d" % len(_DAMAGED)
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n" + _DAMAGED)
            else:
                self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@dataclass
class Pauses:
    """The longest stretches for which the event loop ran no other callback, in milliseconds."""

    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    gc_ms: dict[int, list[float]] = field(default_factory=dict)
    _gc_began: float = 0.0

    async def watch(self) -> None:
        """Measure until cancelled."""
        gc.callbacks.append(self._on_gc)
        while True:
            cpu_s, wall_s = time.thread_time(), time.perf_counter()
            await asyncio.sleep(TICK_S)
            _add(self.cpu_ms, time.thread_time() - cpu_s)
            _add(self.wall_ms, time.perf_counter() - wall_s - TICK_S)

    def _on_gc(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._gc_began = time.thread_time()
        else:
            _add(self.gc_ms.setdefault(info["generation"], []), time.thread_time() - self._gc_began)


def _add(longest: list[float], seconds: float) -> None:
    if len(longest) < LONGEST or seconds * 1000 > longest[-1]:
        longest.append(round(seconds * 1000, 1))
        longest.sort(reverse=True)
        del longest[LONGEST:]


def run_server(report: Path) -> None:
    """Serve with the settings of the environment; SIGUSR1 starts the measurement again, SIGUSR2 writes the report."""
    pauses = Pauses()
    tasks: list[asyncio.Task[None]] = []

    def on_ready(_port: int) -> None:
        tasks.append(asyncio.get_running_loop().create_task(pauses.watch()))

    def reset(_number: int, _frame: FrameType | None) -> None:
        pauses.cpu_ms.clear()
        pauses.wall_ms.clear()
        pauses.gc_ms.clear()

    def write(_number: int, _frame: FrameType | None) -> None:
        written = report.with_suffix(".new")
        written.write_text(json.dumps({"cpu": pauses.cpu_ms, "wall": pauses.wall_ms, "gc": pauses.gc_ms}))
        written.rename(report)

    signal.signal(signal.SIGUSR1, reset)
    signal.signal(signal.SIGUSR2, write)
    serve(Settings(), on_ready)


def targets(kind: str, origin_port: int, url_bytes: int, numbers: Iterator[int]) -> Iterator[str]:
    """Yield requests of distinct originals; ``url_bytes`` pads the URL of the original."""
    for number in numbers:
        path = f"http%3A%2F%2F127.0.0.1%3A{origin_port}%2F{kind}%2F{number}"
        yield f"/resize?width=300&url={path}{'p' * max(0, url_bytes - len(path))}"


def resident_mib(pid: int) -> float:
    """Return the memory of one process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:")) / 1024


class Memory:
    """Samples the memory of the server process; ``peak`` is the maximum."""

    def __init__(self, pid: int) -> None:
        self.peak = 0.0
        self._pid, self._going = pid, True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while self._going:
            with contextlib.suppress(OSError):
                self.peak = max(self.peak, resident_mib(self._pid))
            time.sleep(0.2)

    def stop(self) -> None:
        self._going = False
        self._thread.join()


async def load(clients: Clients, requests: int, connections: int) -> Counter[int]:
    """Send this many requests; return how many there were of each status."""
    remaining = iter(range(requests))
    statuses: Counter[int] = Counter()

    async def client() -> None:
        for _ in remaining:
            statuses[await clients.ask()] += 1

    await asyncio.gather(*(client() for _ in range(connections)))
    return statuses


async def measure(options: argparse.Namespace, port: int, origin_port: int, pid: int, report: Path) -> bool:
    """Print the figures; return whether all bars hold."""
    origin = await asyncio.get_running_loop().create_server(Origin, "127.0.0.1", origin_port)
    clients = Clients(port, targets(options.kind, origin_port, options.url_bytes, itertools.count()))
    idle_mib = resident_mib(pid)
    await load(clients, WARM_UP, options.clients)
    warm_mib = resident_mib(pid)
    os.kill(pid, signal.SIGUSR1)
    memory, began = Memory(pid), time.perf_counter()
    statuses = await load(clients, options.requests, options.clients)
    seconds = time.perf_counter() - began
    memory.stop()
    end_mib = resident_mib(pid)
    os.kill(pid, signal.SIGUSR2)
    while not report.exists():
        await asyncio.sleep(0.05)
    clients.leave()
    origin.close()
    pauses = json.loads(report.read_text())
    print(f"{options.requests} distinct {options.kind} originals in {seconds:.0f} s: {dict(statuses)}")
    print(
        f"server process: {idle_mib:.0f} MiB idle, {warm_mib:.0f} after {WARM_UP} requests, {end_mib:.0f} at the end, "
        f"{memory.peak:.0f} peak"
    )
    print(f"longest pauses of the event loop: {pauses['cpu']} ms CPU, {pauses['wall']} ms by the wall clock")
    print("longest collections: " + ", ".join(f"generation {name}: {times} ms" for name, times in pauses["gc"].items()))
    is_expected = set(statuses) == {_STATUS[options.kind]}
    growth, pause = memory.peak - warm_mib, pauses["cpu"][0]
    print(f"{'holds' if growth < MAX_GROWTH_MIB else 'FAILS'}: memory grows by {growth:.1f} MiB (< {MAX_GROWTH_MIB})")
    print(f"{'holds' if pause < MAX_PAUSE_MS else 'FAILS'}: longest pause {pause:.1f} ms (< {MAX_PAUSE_MS})")
    return is_expected and growth < MAX_GROWTH_MIB and pause < MAX_PAUSE_MS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=tuple(_STATUS), default="missing")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--url-bytes", type=int, default=0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        run_server(options.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        folder, port, origin_port = Path(name), free_port(), free_port()
        report = folder / "report.json"
        env = os.environ | {
            "PIXMILL_PORT": str(port),
            "PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PIXMILL_LOG_FORMAT": "json",
        }
        command = [sys.executable, "-m", "benchmarks.failures", "--serve", str(report)]
        with running(command, port, folder / "log", env) as pid:
            is_good = uvloop.run(measure(options, port, origin_port, pid, report))
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
