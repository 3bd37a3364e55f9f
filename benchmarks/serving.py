"""What servers take besides rendering: to start, to wait, to answer what was asked before, and to hold connections.

    .venv/bin/python -m benchmarks.serving [--peers pixmill,thumbor] [--rounds 3] [--connections 4000]

Per server: seconds and CPU time from the start to the first image, memory after it, requests per second and CPU time of
repeated requests by 16 clients, of conditional ones that are answered 304, and, beside open idle connections, the longest
of 20 repeated requests and the memory. A server that stores no results renders each repeated request again.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import median

import aiohttp
from benchmarks import origin
from benchmarks.bench import SIDE
from benchmarks.material import photos
from benchmarks.measuring import PEERS, Length, Server, installed, run_round, settle, start_peer
from benchmarks.peers.peer import Peer
from benchmarks.processes import cpu_seconds, free_port, memory_mib, running
from yarl import URL

CLIENTS = 16
REQUESTS = Length(200, 2.0)
PROBES = 20
NOT_MODIFIED = 304
CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


@dataclass
class Figures:
    """Of one server in one round; None for what it cannot."""

    start_s: float
    start_cpu_s: float
    idle_mib: float
    repeated_s: float
    repeated_cpu_us: float
    unmodified_s: float | None
    connections: int
    probe_ms: float | None
    connected_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4000, help="Pixmill serves 4,096")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    peers, folder = installed(options.peers.split(",")), photos()
    photo = min((folder / "2" / "jpeg").iterdir()).name
    found: dict[Peer, list[Figures]] = {peer: [] for peer in peers}
    for _ in range(options.rounds):
        for peer in peers:
            with serving(peer, folder) as (server, began):
                found[peer].append(figures(server, f"/2/jpeg/{photo}?n=1", began, options.connections))
    print("\n".join(table({peer.name: each for peer, each in found.items()})))


@contextmanager
def serving(peer: Peer, photos_folder: Path) -> Iterator[tuple[Server, float]]:
    """Start the origin and one peer; also yields the time at which the peer was started."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixmill-serving-")))
        port, sleeper = free_port(), free_port()
        stack.enter_context(running(origin.command(home, photos_folder, port, sleeper), port, home / "origin.out"))
        began = time.perf_counter()
        yield stack.enter_context(start_peer(peer, home, port)), began


def figures(server: Server, source: str, began: float, connections: int) -> Figures:
    path = str(server.peer.url(source, "jpeg", "jpeg", SIDE))
    address = URL(f"http://127.0.0.1:{server.port}{path}", encoded=True)
    validators = asyncio.run(first(address))
    start_s, start_cpu_s = time.perf_counter() - began, cpu_seconds(server.pid)
    settle([server.pid])
    idle = memory_mib(server.pid)[1]
    again = run_round(server, REQUESTS.cut(repeat((("", SIDE), path)), 1), CLIENTS)
    unmodified = asyncio.run(conditional(address, validators)) if validators else None
    opened, probe_ms, connected_mib = asyncio.run(crowd(server, address, connections))
    count = len(again.answers)
    cpu_us = again.cpu_s / count * 1e6
    return Figures(
        start_s, start_cpu_s, idle, count / again.seconds, cpu_us, unmodified, opened, probe_ms, connected_mib
    )


async def first(address: URL) -> dict[str, str]:
    """Request an image until it is there; return the conditions of a repeated request."""
    deadline = time.monotonic() + 30
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(address) as response:
                await response.read()
                if response.ok:
                    return {
                        CONDITIONS[name.lower()]: value
                        for name, value in response.headers.items()
                        if name.lower() in CONDITIONS
                    }
                if time.monotonic() > deadline:
                    response.raise_for_status()


async def conditional(address: URL, validators: dict[str, str]) -> float | None:
    """Return 304s per second; None if the server sends the image again."""
    count, began = 0, time.perf_counter()

    async def client(session: aiohttp.ClientSession) -> bool:
        nonlocal count
        while time.perf_counter() - began < REQUESTS.seconds:
            async with session.get(address, headers=validators) as response:
                await response.read()
                if response.status != NOT_MODIFIED:
                    return False
                count += 1
        return True

    async with aiohttp.ClientSession() as session:
        answered = await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return count / (time.perf_counter() - began) if all(answered) else None


async def crowd(server: Server, address: URL, connections: int) -> tuple[int, float | None, float]:
    """Open idle connections; return how many stayed open, the longest probe in milliseconds, and the memory."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(connections):
            try:
                async with asyncio.timeout(2):
                    writers.append((await asyncio.open_connection("127.0.0.1", server.port))[1])
            except (OSError, TimeoutError):
                break
        probes = []
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
            for _ in range(PROBES):
                began = time.perf_counter()
                try:
                    async with session.get(address) as response:
                        await response.read()
                except (aiohttp.ClientError, TimeoutError):
                    return len(writers), None, memory_mib(server.pid)[1]
                probes.append((time.perf_counter() - began) * 1000)
        opened = sum(not writer.transport.is_closing() for writer in writers)
        return opened, max(probes), memory_mib(server.pid)[1]
    finally:
        for writer in writers:
            writer.close()


def table(found: dict[str, list[Figures]]) -> Iterator[str]:
    """Yield lines of Markdown, medians over the rounds."""
    heads = ("start s", "start CPU s", "idle MiB", "repeated/s", "CPU µs", "304/s", "connections", "longest ms", "MiB")
    yield f"| server | {' | '.join(heads)} |"
    yield "| --- |" + " ---: |" * len(heads)
    for name, rounds in found.items():
        columns = zip(*(vars(each).values() for each in rounds), strict=True)
        yield f"| {name} | {' | '.join(middle(column) for column in columns)} |"


def middle(column: tuple[float | None, ...]) -> str:
    known = [value for value in column if value is not None]
    if len(known) < len(column):
        return "no"
    value = median(known)
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
