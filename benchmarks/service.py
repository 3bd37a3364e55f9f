"""The whole service: hits, misses, CPU time, memory and start-up.

    .venv/bin/python -m benchmarks.service [PHOTO] [--misses 200] [--clients 4]

Starts an origin and an installed Pixmill on loopback, each on a free port, and prints one figure per line. The load
generator (this process, and ``wrk`` for hits if it is installed) and the origin share the machine's cores with the
server, so CPU time per request, read from /proc for the server's whole process tree, is more reliable than requests per
second.
"""

import argparse
import asyncio
import contextlib
import functools
import http.server
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import aiohttp
from benchmarks.processes import PeakMemory, cpu_seconds, free_port, memory_mib
from PIL import Image


class Origin(http.server.BaseHTTPRequestHandler):
    """Serves the same photo under every path."""

    protocol_version = "HTTP/1.1"
    photo = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "image/jpeg")
        self.send_header("content-length", str(len(self.photo)))
        self.send_header("etag", '"one"')
        self.end_headers()
        self.wfile.write(self.photo)

    def log_message(self, *_: object) -> None:
        pass


def baseline_photo(path: Path, megapixels: float) -> bytes:
    """Return the photo at about ``megapixels``, as a baseline JPEG of quality 92 with 4:2:0."""
    with Image.open(path) as image:
        scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = (round(image.width * scale), round(image.height * scale))
        out = io.BytesIO()
        image.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=92)
        print(f"source: {size[0]}x{size[1]}, {len(out.getvalue())} bytes")
        return out.getvalue()


@contextlib.contextmanager
def origin(photo: bytes) -> Iterator[int]:
    handler = type("Photo", (Origin,), {"photo": photo})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@contextlib.contextmanager
def pixmill(cache: str) -> Iterator[tuple[int, int, float]]:
    """Start a server; yield port, pid and seconds from start to the first response."""
    port = free_port()
    env = os.environ | {
        "PIXMILL_PORT": str(port),
        "PIXMILL_CACHE": f"memory://?max_bytes=256MiB,file://{cache}?max_bytes=1GiB",
        "PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8",
        "PIXMILL_ACCESS_LOG": os.environ.get("PIXMILL_ACCESS_LOG", "true"),
        "PIXMILL_LOG_FORMAT": "json",
    }
    began = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, "-m", "pixmill", "serve"], env=env, stdout=log, stderr=log)
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                    break
                time.sleep(0.005)
            yield port, process.pid, time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


async def load(urls: list[str], clients: int) -> list[float]:
    """Request every URL once, with ``clients`` clients; return seconds per request."""
    queue, latencies = iter(urls), []

    async def client(session: aiohttp.ClientSession) -> None:
        for url in queue:
            began = time.perf_counter()
            async with session.get(url) as response:
                body = await response.read()
                if response.status != 200:
                    raise SystemExit(f"{response.status}: {body[:300]!r}")
            latencies.append(time.perf_counter() - began)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))
    return latencies


def report(name: str, count: int, seconds: float, cpu: float, taken: list[float]) -> None:
    taken.sort()
    print(
        f"{name}: {count / seconds:.1f} requests/s, {cpu / count * 1000:.2f} ms CPU a request, "
        f"p50 {median(taken) * 1000:.1f} ms, p95 {taken[int(len(taken) * 0.95)] * 1000:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", nargs="?", default="examples/photos")
    parser.add_argument("--megapixels", type=float, default=6.0)
    parser.add_argument("--width", type=int, default=800)
    parser.add_argument("--misses", type=int, default=200)
    parser.add_argument("--hits", type=int, default=5_000)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    given = Path(options.photo)
    photo = baseline_photo(
        max(given.glob("*.jpg"), key=lambda p: p.stat().st_size) if given.is_dir() else given, options.megapixels
    )
    with tempfile.TemporaryDirectory() as cache, origin(photo) as source, pixmill(cache) as (port, pid, started):
        url = f"http://127.0.0.1:{port}/resize?width={options.width}&format=jpeg&url=http://127.0.0.1:{source}/"
        print(f"start to first connection: {started:.2f} s")
        measure = functools.partial(run, pid)
        asyncio.run(load([f"{url}warm{i}" for i in range(8)], 2))
        time.sleep(0.5)
        print("resident idle: {:.0f} MiB RSS, {:.0f} MiB PSS".format(*memory_mib(pid)))
        measure("miss", [f"{url}{i}" for i in range(options.misses)], options.clients)
        peak = PeakMemory(pid)
        measure("16 misses at a time", [f"{url}many{i}" for i in range(64)], 16)
        print("resident peak under 16 concurrent misses: {:.0f} MiB RSS, {:.0f} MiB PSS".format(*peak.stop()))
        measure("hit", [f"{url}0"] * options.hits, options.clients)
        if shutil.which("wrk"):
            before = cpu_seconds(pid)
            completed = subprocess.run(
                ["wrk", "-t1", "-c32", "-d5s", f"{url}0"], check=True, capture_output=True, text=True
            )
            count = int(completed.stdout.split(" requests in")[0].split()[-1])
            print(
                f"hit, wrk: {count / 5:.0f} requests/s, {(cpu_seconds(pid) - before) / count * 1e6:.0f} us CPU a request"
            )


def run(pid: int, name: str, urls: list[str], clients: int) -> None:
    before, began = cpu_seconds(pid), time.perf_counter()
    latencies = asyncio.run(load(urls, clients))
    report(name, len(urls), time.perf_counter() - began, cpu_seconds(pid) - before, latencies)


if __name__ == "__main__":
    main()
