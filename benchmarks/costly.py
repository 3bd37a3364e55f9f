"""The most expensive requests per byte sent, and whether they make the requests of other clients fail.

    .venv/bin/python -m benchmarks.costly [--requests 200] [--per-second 4] [--loops 2]

Starts a server with the default limits on loopback and sends each request of the table once: prints the bytes sent, the
CPU time of the server's processes, and the answer. Then two clients (addresses of their own) repeat the most expensive
of those that are still answered, each with ``--loops`` connections and every request new, while a third asks for small
images that are new too. Exits with 1 if one of these fails.
"""

import argparse
import http.client
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.processes import cpu_seconds, free_port, running

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
LINE_BYTES = 60
"""Of the request line and the Host header beside the path."""
HUGE = "/resize?url=mill.png&width=7000&height=7000&fit=fill&enlarge=true&"
LARGE = "/resize?url=mill.png&width=4000&height=4000&fit=fill&enlarge=true&"
FILTERED = '<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000"><filter id="f">{}</filter>{}</svg>'
RECTANGLE = '<rect width="4000" height="4000" fill="#f80" filter="url(#f)"/>'
EFFECTS = "clahe=64&progressive_blur=down,250&median=5&dilate=20&erode=20&unsharp=10,1"


class Request(NamedTuple):
    """What is asked: a path, and a body if an image is sent."""

    name: str
    path: str
    body: str = ""

    @property
    def size_bytes(self) -> int:
        return len(self.path) + LINE_BYTES + len(self.body)


def drawing(name: str, primitives: str, content: str = RECTANGLE) -> Request:
    return Request(f"SVG {name}", "/resize?format=png", FILTERED.format(primitives, content))


REQUESTS = (
    drawing("feMorphology radius 500", '<feMorphology radius="500"/>'),
    drawing("20 × feDiffuseLighting", "<feDiffuseLighting><feDistantLight/></feDiffuseLighting>" * 20),
    drawing("30 × blur 300", '<feGaussianBlur stdDeviation="300"/>' * 30),
    drawing("numOctaves 999999", '<feTurbulence baseFrequency=".05" numOctaves="999999"/>'),
    drawing("kernelUnitLength .01", '<feConvolveMatrix kernelUnitLength=".01" kernelMatrix="1 1 1 1 1 1 1 1 1"/>'),
    drawing("300 layers", "", '<g opacity=".5"><path d="M0 0H9V9"/></g>' * 300),
    drawing(
        "60 × radial gradient",
        "<feOffset/>",
        '<radialGradient id="g"><stop/></radialGradient>' + '<rect width="4000" height="4000" fill="url(#g)"/>' * 60,
    ),
    Request("progressive_blur=down,250 at 7000²", HUGE + "format=jpeg&progressive_blur=down,250"),
    Request("clahe=64 at 7000²", HUGE + "format=jpeg&clahe=64"),
    Request("all effects at 7000²", HUGE + "format=jpeg&" + EFFECTS),
    Request("all effects at 2000²", LARGE.replace("4000", "2000") + "format=jpeg&" + EFFECTS),
    Request("webp max_bytes at 7000²", HUGE + "format=webp&max_bytes=100000"),
    Request("avif effort=9 at 7000²", HUGE + "format=avif&effort=9"),
    Request("webp lossless effort=9 at 7000²", HUGE + "format=webp&lossless=true&effort=9"),
    Request("avif lossless at 4000²", LARGE + "format=avif&lossless=true"),
    Request("webp lossless at 4000²", LARGE + "format=webp&lossless=true"),
    Request("median=5 at 7000²", HUGE + "format=jpeg&median=5"),
    Request("median=5 at 4000²", LARGE + "format=jpeg&median=5"),
    Request("clahe=64 at 4000²", LARGE + "format=jpeg&clahe=64"),
    Request("heic at 7000²", HUGE + "format=heic"),
    Request("png effort=9 at 7000²", HUGE + "format=png&effort=9"),
    Request("avif quality=auto at 7000²", HUGE + "format=avif&quality=auto"),
    Request("avif at 7000²", HUGE + "format=avif"),
)


def send(port: int, request: Request, client: str = "127.0.0.1", version: str = "") -> tuple[int, str]:
    """Send one request from this address; return the status, and the code of an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120, source_address=(client, 0))
    try:
        if request.body:
            connection.request("POST", request.path, request.body.replace("<svg", f"<svg id='{version}'", 1))
        else:
            connection.request("GET", f"{request.path}&v={version}" if version else request.path)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status < http.client.BAD_REQUEST:
        return response.status, ""
    with suppress(ValueError):
        return response.status, str(json.loads(body).get("code", ""))
    return response.status, ""


def print_table(port: int, pid: int) -> list[tuple[float, Request]]:
    """Send each request once; return those that are answered with an image, with their CPU seconds."""
    answered = []
    print(f"{'bytes':>6} {'CPU s':>6} {'s/kB':>6}  answer")
    for request in REQUESTS:
        before = cpu_seconds(pid)
        status, code = send(port, request)
        seconds = cpu_seconds(pid) - before
        size = request.size_bytes
        print(f"{size:6} {seconds:6.1f} {1000 * seconds / size:6.1f}  {status} {code:16} {request.name}", flush=True)
        if status == http.client.OK:
            answered.append((seconds, request))
    return sorted(answered, key=lambda pair: -pair[0])


class Attack:
    """Two clients that repeat costly requests until stopped."""

    def __init__(self, port: int, requests: list[Request], loops: int) -> None:
        self.answers: Counter[str] = Counter()
        self._port, self._going, self._versions = port, True, itertools.count()
        clients = ("127.0.0.2", "127.0.0.3")
        self._threads = [
            threading.Thread(target=self._loop, args=(client, itertools.cycle(requests[number:] + requests[:number])))
            for client in clients
            for number in range(loops)
        ]
        for thread in self._threads:
            thread.start()

    def _loop(self, client: str, requests: Iterator[Request]) -> None:
        while self._going:
            with suppress(OSError):
                status, code = send(self._port, next(requests), client, f"a{next(self._versions)}")
                self.answers[f"{status} {code}".strip()] += 1

    def stop(self) -> None:
        self._going = False
        for thread in self._threads:
            thread.join()


def measure_others(port: int, count: int, per_s: float, first: int = 0) -> tuple[Counter[str], list[float]]:
    """Ask for small images from a third address, at a constant rate; return the answers and the latencies."""
    answers: Counter[str] = Counter()
    latencies: list[float] = []

    def ask(number: int) -> None:
        started = time.perf_counter()
        small = Request("", f"/resize?url=fig.jpg&width={200 + number % 200}&format=webp")
        try:
            status, code = send(port, small, "127.0.0.4", f"o{number}")
        except OSError as error:
            status, code = 0, type(error).__name__
        answers[f"{status} {code}".strip()] += 1
        latencies.append(time.perf_counter() - started)

    threads = []
    for number in range(first, first + count):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
        time.sleep(1 / per_s)
    for thread in threads:
        thread.join()
    return answers, latencies


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=200)
    arguments.add_argument("--per-second", type=float, default=4.0)
    arguments.add_argument("--loops", type=int, default=2)
    options = arguments.parse_args()
    port = free_port()
    environment = {**os.environ, "PIXMILL_UNSIGNED": "allow", "PIXMILL_CACHE": "memory://?max_bytes=64MiB"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pixmill", "serve", "--images", str(PHOTOS), "--port", str(port)]
        with running(command, port, Path(folder) / "log", environment) as pid:
            answered = print_table(port, pid)
            costliest = [request for _, request in answered[:4]]
            print("repeated by two clients: " + "; ".join(request.name for request in costliest), flush=True)
            _, quiet = measure_others(port, 20, options.per_second)
            attack = Attack(port, costliest, options.loops)
            time.sleep(2)
            answers, latencies = measure_others(port, options.requests, options.per_second, first=1_000)
            attack.stop()
    print(f"the two clients: {dict(attack.answers)}; others before: median {median(quiet):.2f} s")
    print(f"others: {dict(answers)}; median {median(latencies):.2f} s, p99 {quantiles(latencies, n=100)[98]:.2f} s")
    failed = options.requests - answers["200"]
    print(f"{'OK' if not failed else 'NO'}: {failed} of {options.requests} ordinary requests of others failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
