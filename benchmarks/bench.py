"""Pixmill compared with its peers: the same work on the same cores, in interleaved rounds.

    make bench                                   # sets everything up, measures, writes benchmarks/report.md and
    plot.svg .venv/bin/python -m benchmarks.bench --cells jpeg,png --rounds 3 --requests 54 --peers pixmill,thumbor

A cell is a source format, a size and a result format: photos fitted into 512 × 512, unless it says otherwise. Every
request has a URL of its own. Reported for each server and cell: requests per second, latencies, CPU time per request of
the whole process tree, peak memory, bytes, and mean SSIMULACRA2 against a float64 Lanczos3 resample in linear light.
The load generator and the origin run on the same cores.
"""

import argparse
import asyncio
import io
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any, Self

import aiohttp
import numpy as np
import ssimulacra2
from benchmarks import origin
from benchmarks.material import HOME, photos
from benchmarks.peers.ipx import Ipx
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.peer import Peer
from benchmarks.peers.pixmill import Pixmill
from benchmarks.peers.thumbor import Thumbor
from benchmarks.plot import plot
from benchmarks.processes import PeakMemory, cpu_seconds, free_port, running
from PIL import Image
from yarl import URL

from tests.pixels.reference import resample

PEERS: tuple[Peer, ...] = (Pixmill(), Thumbor(), Ipx(), Nginx())
HERE = Path(__file__).parent
SIDE = 512
WIDTHS = (160, 240, 320, 480, 640, 800, 1024, 1280)


@dataclass(frozen=True)
class Cell:
    """``folder`` is below the photos: megapixels and kind.

    Each original is requested at all ``sides``, one after the other.
    """

    name: str
    folder: str
    kind: str
    into: str
    clients: int = 4
    sides: tuple[int, ...] = (SIDE,)
    prefix: str = ""


CELLS = (
    Cell("jpeg", "2/jpeg", "jpeg", "jpeg"),
    Cell("jpeg 6 MP", "6/jpeg", "jpeg", "jpeg"),
    Cell("jpeg 12 MP", "12/jpeg", "jpeg", "jpeg"),
    Cell("progressive", "2/progressive", "jpeg", "jpeg"),
    Cell("display p3", "2/p3", "jpeg", "jpeg"),
    Cell("png", "2/png", "png", "png"),
    Cell("webp", "2/webp", "webp", "webp"),
    Cell("avif", "2/avif", "avif", "avif"),
    Cell("jpeg to webp", "2/jpeg", "jpeg", "webp"),
    Cell("jpeg to avif", "2/jpeg", "jpeg", "avif"),
    Cell("8 widths", "2/jpeg", "jpeg", "jpeg", sides=WIDTHS),
    Cell("origin 200 ms away, 32 clients", "2/jpeg", "jpeg", "jpeg", clients=32, prefix="/slow"),
    Cell("jpeg 12 MP, 16 clients", "12/jpeg", "jpeg", "jpeg", clients=16),
)


Picture = tuple[str, int]
"""The name of a photo and the side of the box that it is fitted into."""


@dataclass
class Sample:
    """Measurements of one server in one cell, over all rounds."""

    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    taken_s: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    bodies: dict[tuple[str, int], bytes] = field(default_factory=dict)
    failed: str = ""


def main() -> None:
    options = parse_options()
    HOME.mkdir(parents=True, exist_ok=True)
    folder = photos()
    peers = [peer for peer in PEERS if peer.name in options.peers.split(",")]
    cells = [cell for cell in CELLS if not options.cells or cell.name in options.cells.split(",")]
    versions = {peer.name: peer.install(HOME) for peer in peers}
    samples = {(peer.name, cell.name): Sample() for peer in peers for cell in cells}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixmill-bench-")))
        port, sleeper = free_port(), free_port()
        stack.enter_context(running(origin.sleeping(sleeper), sleeper, home / "sleeper.out"))
        stack.enter_context(running(origin.command(home, folder, port, sleeper), port, home / "origin.out"))
        servers = {peer.name: stack.enter_context(start_peer(peer, home, port)) for peer in peers}
        counter = iter(range(1, 10**9))
        for turn in range(-1, options.rounds):
            for cell in cells:
                for peer in peers:
                    count = 9 if turn < 0 else options.requests
                    sample = samples[peer.name, cell.name]
                    measure(servers[peer.name], cell, folder, counter, count, sample, warming=turn < 0)
            print(f"round {turn + 1} of {options.rounds}", flush=True)
    rows = [row(peer, cell, samples[peer.name, cell.name], folder) for cell in cells for peer in peers]
    write(rows, versions, options)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", default="")
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=54)
    parser.add_argument("--report", type=Path, default=HERE / "report.md")
    return parser.parse_args()


def start_peer(peer: Peer, home: Path, source: int) -> "Server":
    port = free_port()
    folder = home / peer.name
    folder.mkdir()
    for name in ("ipx", "thumbor"):
        if (HOME / name).exists():
            (folder / name).symlink_to(HOME / name)
    start = peer.start(folder, port, source)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")} | dict(start.env)
    return Server(peer, port, running(start.command, port, home / f"{peer.name}.out", env))


class Server:
    """A running peer: its port and process id."""

    def __init__(self, peer: Peer, port: int, process: Any) -> None:
        self.peer, self.port, self._process = peer, port, process
        self.pid = 0

    def __enter__(self) -> Self:
        self.pid = self._process.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.__exit__(*error)


def measure(
    server: Server, cell: Cell, folder: Path, counter: Iterator[int], count: int, sample: Sample, *, warming: bool
) -> None:
    """Measure one round of one cell; the warm-up round keeps the images for the score."""
    peer = server.peer
    names = sorted(path.name for path in (folder / cell.folder).iterdir())
    paths = [(name, f"{cell.prefix}/{cell.folder}/{name}?n={next(counter)}") for name in (names * count)[:count]]
    requested = [(name, path, side) for name, path in paths for side in cell.sides][:count]
    urls = [((name, side), peer.url(path, cell.kind, cell.into, side)) for name, path, side in requested]
    if sample.failed or any(url is None for _, url in urls):
        sample.failed = sample.failed or "cannot"
        return
    peak = PeakMemory(server.pid)
    before, began = cpu_seconds(server.pid), time.perf_counter()
    try:
        base = f"http://127.0.0.1:{server.port}"
        answers = asyncio.run(load(base, [(name, str(url)) for name, url in urls], cell.clients))
    except RuntimeError as error:
        sample.failed = str(error)
        return
    finally:
        _, pss = peak.stop()
    seconds = time.perf_counter() - began
    if warming:
        sample.bodies = {image: body for image, _, body in answers}
        return
    sample.rates.append(count / seconds)
    sample.cpu_ms.append((cpu_seconds(server.pid) - before) / count * 1000)
    sample.taken_s += [elapsed for _, elapsed, _ in answers]
    sample.peak_mib = max(sample.peak_mib, pss)


async def load(base: str, urls: list[tuple[Picture, str]], clients: int) -> list[tuple[Picture, float, bytes]]:
    """Request every URL once, with ``clients`` clients; return image, seconds, body."""
    queue, answers = iter(urls), []

    async def client(session: aiohttp.ClientSession) -> None:
        for image, url in queue:
            began = time.perf_counter()
            async with session.get(URL(base + url, encoded=True)) as response:
                body = await response.read()
                if response.status != 200:
                    raise RuntimeError(f"{response.status} {body[:120]!r}")
            answers.append((image, time.perf_counter() - began, body))

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(120)) as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))
    return answers


class WrongSize(Exception):
    """A server returned an image of another size than requested."""


def row(peer: Peer, cell: Cell, sample: Sample, folder: Path) -> dict[str, object]:
    if sample.failed or not sample.rates:
        return {"cell": cell.name, "server": peer.name, "failed": sample.failed or "no round"}
    elapsed = sorted(sample.taken_s)
    try:
        snapshots = mean(score(folder / cell.folder / name, side, body) for (name, side), body in sample.bodies.items())
    except WrongSize as wrong:
        return {"cell": cell.name, "server": peer.name, "failed": str(wrong)}
    return {
        "cell": cell.name,
        "server": peer.name,
        "requests_s": round(median(sample.rates), 1),
        "p50_ms": round(median(elapsed) * 1000, 1),
        "p95_ms": round(elapsed[int(len(elapsed) * 0.95)] * 1000, 1),
        "p99_ms": round(elapsed[int(len(elapsed) * 0.99)] * 1000, 1),
        "cpu_ms": round(median(sample.cpu_ms), 2),
        "peak_mib": round(sample.peak_mib),
        "bytes": round(mean(map(len, sample.bodies.values()))),
        "score": round(snapshots, 1),
    }


def score(source: Path, side: int, body: bytes) -> float:
    with Image.open(io.BytesIO(body)) as image, tempfile.TemporaryDirectory() as scratch:
        expected = reference(source, image.size)
        if max(image.size) != min(side, longer_side(source)):
            raise WrongSize(f"{source.name} came out as {image.size[0]} × {image.size[1]}")
        image.convert("RGB").save(f"{scratch}/ours.png")
        Image.fromarray(expected).save(f"{scratch}/reference.png")
        return float(ssimulacra2.compute_ssimulacra2(f"{scratch}/reference.png", f"{scratch}/ours.png"))


def longer_side(source: Path) -> int:
    """Return the longer side: nothing is enlarged."""
    with Image.open(source) as image:
        return max(image.size)


@cache
def reference(source: Path, size: tuple[int, int]) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    with Image.open(source) as image:
        codes = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    expected, _ = resample(codes, (0, 0, codes.shape[1], codes.shape[0]), size, alpha=False)
    return (expected * 255).round().astype(np.uint8)


def write(rows: list[dict[str, object]], versions: dict[str, str], options: argparse.Namespace) -> None:
    columns = ("cell", "server", "requests_s", "p50_ms", "p95_ms", "p99_ms", "cpu_ms", "peak_mib", "bytes", "score")
    lines = [
        "# Report",
        "",
        f"{datetime.now(UTC).date().isoformat()}, {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + f". {options.rounds} interleaved rounds of {options.requests} requests, by 4 clients where a cell names no other number; medians. The origin and the "
        "load generator share the cores. Memory is the peak sum of PSS over the process tree. Made by `make bench`.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + " --- |" * len(columns),
    ]
    for each in rows:
        values = {"requests_s": each.get("failed", "")} | each
        cells = [str(values.get(column, "")) for column in columns]
        lines.append("| " + " | ".join(cells) + " |")
    options.report.write_text("\n".join(lines) + "\n")
    options.report.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    plot(rows, options.report.with_name("plot.svg"))
    print("\n".join(lines))


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
