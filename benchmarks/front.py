"""Hit path, connections and memory of one server, compared with the minimum; a bar for each figure.

    .venv/bin/python -m benchmarks.front [--rounds 5] [--only hits,saturated,cold,connections,memory] [--json rows.json]

- ``hits``: 30 KB from memory, compared with a bare ASGI app, bare RSGI (``bare.py``) and nginx with one worker,
  interleaved, by wrk with 32 connections; requests per second and CPU time of the server per request.
- ``saturated``: hits once every 5 ms while more misses are queued than the workers can render.
- ``cold``: seconds from start to the first image, and 64 clients that request one new image at the same time.
- ``connections``: 1,000 and 4,000 clients, each with a connection of its own, with probes of /health/live in parallel.
- ``memory``: idle, and the peak under 16 concurrent misses of 12 megapixels.

Load generator, origin files and server share the cores; except for ``hits`` the generator runs at nice 10, and the
timed requests come from a process that does not. Each part prints the load average at its start: above the number of
cores, times include waiting for other processes.
"""

import argparse
import asyncio
import contextlib
import getpass
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import PeakMemory, cpu_seconds, distinct_mib, free_port, memory_mib, running
from PIL import Image

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
HIT = "/resize?url=wine.jpg&width=390&format=jpeg&quality=76"
SECONDS = 2
LOAD_NICE = 10
NGINX = """\
user {user};
worker_processes 1;
daemon off;
pid {home}/nginx.pid;
error_log {home}/nginx.log error;
events {{}}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 100000000;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  server {{ listen 127.0.0.1:{port}; root {home}/www; }}
}}
"""


class Results:
    """Rows for the table and for JSON; ``bar`` is None if a figure is for comparison only."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, what: str, value: float, unit: str, bar: str = "", *, holds: bool | None = None) -> None:
        self.rows.append({"what": what, "value": round(value, 4), "unit": unit, "bar": bar, "holds": holds})
        verdict = {None: "", True: "ok", False: "MISSED"}[holds]
        print(f"{what:58} {value:12.2f} {unit:10} {bar:12} {verdict}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if missing := [name for name in ("wrk", "nginx") if not shutil.which(name)]:
        subprocess.run(["apt-get", "install", "-y", "-qq", *missing], check=True)
    results = Results()
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix="pixmill-front-") as home:
            Path(home).chmod(0o755)  # nginx reads as a different user
            results.add(f"load average before {name}", os.getloadavg()[0], f"of {os.cpu_count()}")
            PARTS[name](Path(home), results, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(results.rows, indent=1))
    sys.exit(any(row["holds"] is False for row in results.rows))


@contextlib.contextmanager
def pixmill(home: Path, **settings: object) -> Iterator[tuple[int, int]]:
    """Start a server; yield its port and process id."""
    port = free_port()
    given = {"port": port, "images": PHOTOS, "cache": "memory://?max_bytes=64MiB", "log_format": "json", "workers": 2}
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIXMILL_")}
    env |= {f"PIXMILL_{name.upper()}": str(value) for name, value in (given | settings).items()}
    with running([sys.executable, "-m", "pixmill", "serve"], port, home / f"{port}.log", env) as pid:
        yield port, pid


def fetch(port: int, path: str) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as reply:
        return reply.read(), {name.lower(): value for name, value in reply.headers.items()}


def metric(port: int, name: str) -> float:
    page = fetch(port, "/metrics")[0].decode()
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name))


# ---------------------------------------------------------------- hits


def hits(home: Path, results: Results, rounds: int) -> None:
    with ExitStack() as stack:
        logged, quiet = (stack.enter_context(pixmill(home, workers=1, access_log=log)) for log in ("true", "false"))
        (body, headers), _ = fetch(logged[0], HIT), fetch(quiet[0], HIT)
        www = home / "www"
        www.mkdir()
        (www / "hit.jpg").write_bytes(body)
        tag = f"If-None-Match: {headers['etag']}"
        targets: dict[str, tuple[int, int, str, list[str]]] = {
            "hit": (*logged, HIT, []),
            "304": (*logged, HIT, ["-H", tag]),
            "hit without access log": (*quiet, HIT, []),
        }
        dress = home / "headers.json"
        dress.write_text(
            json.dumps([pair for pair in headers.items() if pair[0] not in ("connection", "date", "server")])
        )
        for name in ("asgi", "rsgi", "dressed"):
            port = free_port()
            command = [sys.executable, "-m", "benchmarks.bare", str(port), name, str(www / "hit.jpg")]
            command += [str(dress)] if name == "dressed" else []
            targets[f"bare {name}"] = (port, stack.enter_context(running(command, port, home / name)), "/", [])
        port = free_port()
        config = home / "nginx.conf"
        config.write_text(NGINX.format(user=getpass.getuser(), home=home, port=port))
        server = running(["nginx", "-c", str(config), "-p", str(home)], port, home / "nginx.out")
        targets["nginx"] = (port, stack.enter_context(server), "/hit.jpg", [])
        measurements: dict[str, list[tuple[float, float]]] = {name: [] for name in targets}
        for turn in range(rounds):
            for name in targets if turn % 2 else reversed(targets):
                measurements[name].append(run_wrk(*targets[name]))
    rate = {name: median(rate for rate, _ in rounds) for name, rounds in measurements.items()}
    cpu = {name: median(cpu for _, cpu in rounds) for name, rounds in measurements.items()}
    for name in targets:
        results.add(f"{name}: rate", rate[name], "req/s")
        results.add(f"{name}: CPU time of the server", cpu[name], "us/req")
    share = median(
        mine / bare for (mine, _), (bare, _) in zip(measurements["hit"], measurements["bare asgi"], strict=True)
    )
    results.add(f"hit of {len(body)} bytes / bare ASGI, rate", share, "", ">= 0.75", holds=share >= 0.75)
    results.add("bare ASGI / hit, CPU time", cpu["bare asgi"] / cpu["hit"], "")
    results.add("bare ASGI with our headers and limits / hit, CPU time", cpu["bare dressed"] / cpu["hit"], "")
    results.add("hit / nginx, rate", rate["hit"] / rate["nginx"], "")
    faster = rate["304"] / rate["hit"]
    results.add("304 / hit, rate", faster, "", "> 1", holds=faster > 1)


def run_wrk(port: int, pid: int, path: str, more: list[str]) -> tuple[float, float]:
    """Return requests per second, and CPU microseconds of the server per request."""
    before = cpu_seconds(pid)
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s", *more, f"http://127.0.0.1:{port}{path}"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) requests in ([\d.]+)s", out)
    if not found or ("Non-2xx" in out and not more):
        raise SystemExit(out)
    return int(found[1]) / float(found[2]), (cpu_seconds(pid) - before) / int(found[1]) * 1e6


# ---------------------------------------------------------------- saturated


def measure_saturated(home: Path, results: Results, rounds: int) -> None:
    with pixmill(home, queue=64) as (port, _):
        fetch(port, HIT)
        latencies = asyncio.run(_while_saturated(port, rounds * SECONDS))
    latencies.sort()
    p99 = latencies[int(len(latencies) * 0.99)] * 1000
    results.add("hit while workers are saturated: p50", median(latencies) * 1000, "ms")
    results.add("hit while workers are saturated: p99", p99, "ms", "<= 5", holds=p99 <= 5)


async def _while_saturated(port: int, seconds: float) -> list[float]:
    end = time.perf_counter() + seconds

    async def miss(number: int) -> None:
        client = await Client.connect(port)
        while time.perf_counter() < end:
            number += 8
            await client.get(f"/resize?url=seeding.jpg&width={300 + number}&format=jpeg")
        client.close()

    async with probe_during(port, HIT, 0.005) as latencies:
        with low_priority():
            await asyncio.gather(*(miss(number) for number in range(8)))
    return latencies


@contextlib.contextmanager
def low_priority() -> Iterator[None]:
    """Run the load generator at a lower priority than the server, as if it were on another machine."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, LOAD_NICE)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):  # only root may raise it again
            os.setpriority(os.PRIO_PROCESS, 0, before)


@contextlib.asynccontextmanager
async def probe_during(port: int, path: str, pause_s: float) -> AsyncIterator[list[float]]:
    """Request ``path`` repeatedly during the load; the list contains the seconds of each response."""
    command = [sys.executable, "-c", PROBE, str(port), path, str(pause_s)]
    watch = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    await asyncio.sleep(0.5)
    latencies: list[float] = []
    yield latencies
    out, _ = await watch.communicate(b"\n")
    latencies.extend(map(float, out.split()))


PROBE = """
import http.client, select, sys, time
client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
taken = []
while not select.select([sys.stdin], [], [], float(sys.argv[3]))[0]:
    began = time.perf_counter()
    client.request("GET", sys.argv[2])
    client.getresponse().read()
    taken.append(time.perf_counter() - began)
print(*taken)
"""
"""A separate process at normal priority: in that of the clients it would measure waiting for them, not for the
server."""


class Client:
    """One connection by asyncio streams alone, so that the client costs little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str) -> int:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        await self._reader.readexactly(int(length[1]) if length else 0)
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


# ---------------------------------------------------------------- cold


def cold(home: Path, results: Results, rounds: int) -> None:
    starts = []
    for _ in range(rounds):
        began = time.perf_counter()
        with pixmill(home) as (port, _):
            fetch(port, HIT)
            starts.append(time.perf_counter() - began)
    results.add("from start to the first image", median(starts), "s")
    with pixmill(home) as (port, _):
        before = metric(port, 'pixmill_renders_total{outcome="ok"}')
        statuses = asyncio.run(_simultaneous(port, HIT, 64))
        renders = metric(port, 'pixmill_renders_total{outcome="ok"}') - before
    good = renders == 1 and statuses == [200] * 64
    results.add("renders for 64 clients of one new image", renders, "", "1", holds=good)


async def _simultaneous(port: int, path: str, count: int) -> list[int]:
    clients = [await Client.connect(port) for _ in range(count)]
    try:
        return list(await asyncio.gather(*(client.get(path) for client in clients)))
    finally:
        for client in clients:
            client.close()


# ---------------------------------------------------------------- connections


def connections(home: Path, results: Results, _rounds: int) -> None:
    for count in (1_000, 4_000):
        with pixmill(home) as (port, pid):
            fetch(port, HIT)
            peak = PeakMemory(pid)
            answers, failures, probes = asyncio.run(_many_clients(port, count))
            _, pss = peak.stop()
        odd = {status: answers.count(status) for status in set(answers) - {200, 304}}
        honest = not failures and set(odd) <= {503}
        results.add(f"{count} connections: answers", len(answers), "")
        results.add(f"{count} connections: 503", odd.get(503, 0), "")
        results.add(
            f"{count} connections: failures", failures + sum(odd.values()) - odd.get(503, 0), "", "0", holds=honest
        )
        slowest = max(probes) * 1000
        results.add(f"{count} connections: slowest /health/live", slowest, "ms", "< 100", holds=slowest < 100)
        results.add(f"{count} connections: peak PSS", pss, "MiB")


async def _many_clients(port: int, count: int) -> tuple[list[int], int, list[float]]:
    """Send three hits per connection, and a miss on every fortieth.

    Returns statuses, broken connections, seconds of probes.
    """
    answers: list[int] = []
    failures = 0

    async def one(number: int) -> None:
        nonlocal failures
        try:
            client = await Client.connect(port)
            for turn in range(3):
                answers.append(await client.get(HIT))
                if turn == 1 and number % 40 == 0:
                    answers.append(await client.get(f"/resize?url=wine.jpg&width={100 + number // 40}&format=jpeg"))
                await asyncio.sleep(0.5)
            client.close()
        except (OSError, EOFError):
            failures += 1

    async with probe_during(port, "/health/live", 0.05) as probes:
        with low_priority():
            await asyncio.gather(*(one(number) for number in range(count)))
    return answers, failures, probes


# ---------------------------------------------------------------- memory


def memory(home: Path, results: Results, _rounds: int) -> None:
    images = home / "images"
    images.mkdir()
    for number in range(16):
        (images / f"{number}.jpg").write_bytes(twelve_megapixels(number))
    with pixmill(home, images=images) as (port, pid):
        time.sleep(2)  # workers release the memory of their start
        rss, pss = memory_mib(pid)
        alone = distinct_mib(pid) * 2**20 / 1e6
        results.add("idle, server and 2 workers: distinct pages", alone, "MB", "<= 120", holds=alone <= 120)
        results.add("idle: PSS", pss * 2**20 / 1e6, "MB")
        results.add("idle: RSS, shared pages in each", rss * 2**20 / 1e6, "MB")
        peak = PeakMemory(pid)
        statuses = asyncio.run(_misses(port))
        rss, pss = (mib * 2**20 / 1e6 for mib in peak.stop())
        held = rss <= 300 and set(statuses) == {200}
        results.add("peak under 16 misses of 12 MP at a time: RSS", rss, "MB", "<= 300", holds=held)
        results.add("peak: PSS", pss, "MB")


async def _misses(port: int) -> list[int]:
    found: list[int] = []
    clients = [await Client.connect(port) for _ in range(16)]
    for width in (800, 801, 802):
        requested = enumerate(clients)
        found += await asyncio.gather(
            *(client.get(f"/resize?url={n}.jpg&width={width}&format=jpeg") for n, client in requested)
        )
    return found


def twelve_megapixels(number: int) -> bytes:
    out = io.BytesIO()
    with Image.open(PHOTOS / "seeding.jpg") as photo:
        photo.convert("RGB").resize((4000, 3000 + number)).save(out, "JPEG", quality=90)
    return out.getvalue()


PARTS = {"hits": hits, "saturated": measure_saturated, "cold": cold, "connections": connections, "memory": memory}

if __name__ == "__main__":
    main()
