"""Fetches from a good origin while name servers of other names are silent.

    .venv/bin/python -m benchmarks.names [--names 64] [--rate 20] [--seconds 60] [--system] [--python …]

Fetches new images of one origin, ten a second, each by a connection of its own, alone and while names that hang are
asked for at ``--rate``, in turns of ten seconds, so that other work of the machine counts for both. The
bars: none of the fetches fails, and the 99th percentile is below twice its quiet value. ``--system`` lets the server
find the name server in /etc/resolv.conf, of a mount namespace of its own (needs root and port 53), and so also measures
versions without PIXMILL_DNS_SERVERS; ``--python`` names the interpreter of such a version.
"""

import argparse
import asyncio
import io
import itertools
import os
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

from benchmarks.processes import free_port, running
from PIL import Image

from tests.servers.names import NameServer
from tests.servers.origin import Origin

GOOD_RATE = 10
WINDOW_S = 10.0
SYSTEM_ADDRESS = "127.0.0.77"

Ask = Callable[[], Awaitable[None]]


class Client:
    """Sends requests, each by a connection of its own, and notes status and time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []

    async def get(self, url: str) -> None:
        began = time.perf_counter()
        status = 0
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            target = f"/resize?url={quote(url, safe='')}&width=32"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            status = int((await reader.read())[9:12])
            writer.close()
        except (OSError, ValueError):
            pass
        self.statuses[status] += 1
        self.seconds.append(time.perf_counter() - began)

    def report(self, title: str) -> None:
        print(
            f"{title:28} {sum(self.statuses.values()):5} requests {dict(self.statuses)}  "
            f"p50 {median(self.seconds) * 1000:7.1f} ms  p99 {self.p99_ms():8.1f} ms  max {max(self.seconds) * 1000:8.1f} ms"
        )

    def p99_ms(self) -> float:
        return quantiles(self.seconds, n=100)[98] * 1000

    @property
    def failed(self) -> int:
        return sum(self.statuses.values()) - self.statuses[200]


async def at_rate(rate: float, seconds: float, ask: Ask) -> None:
    """Start a request every ``1 / rate`` seconds, whatever becomes of those before."""
    tasks, began = [], time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.ensure_future(ask()))
    await asyncio.gather(*tasks)


async def measure(port: int, origin: Origin, options: argparse.Namespace) -> bool:
    numbers = itertools.count()
    hosts = itertools.cycle(f"n{number}.{options.domain}" for number in range(options.names))

    def good(client: Client) -> Ask:
        return lambda: client.get(f"http://good.test:{origin.port}/{next(numbers)}.png")

    warm, quiet, busy, hanging = (Client(port) for _ in range(4))
    await at_rate(GOOD_RATE, 3, good(warm))
    for _ in range(int(options.seconds / WINDOW_S)):
        await at_rate(GOOD_RATE, WINDOW_S, good(quiet))
        await asyncio.gather(
            at_rate(GOOD_RATE, WINDOW_S, good(busy)),
            at_rate(
                options.rate, WINDOW_S, lambda: hanging.get(f"http://{next(hosts)}:{origin.port}/{next(numbers)}.png")
            ),
        )
    quiet.report("good, alone")
    busy.report("good, while names hang")
    hanging.report("names that hang")
    ratio = busy.p99_ms() / quiet.p99_ms()
    print(f"failed: {busy.failed} (bar: 0); p99: {ratio:.2f} of the quiet one (bar: 2)")
    return not busy.failed and ratio < 2


def image() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "PNG")
    return out.getvalue()


def command(port: int, names: NameServer, options: argparse.Namespace, home: Path) -> tuple[list[str], dict[str, str]]:
    serve = [options.python, "-m", "pixmill", "serve"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIXMILL_")} | {
        "PIXMILL_PORT": str(port),
        "PIXMILL_CACHE": "memory://?max_bytes=64MiB",
        "PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8",
        "PIXMILL_ACCESS_LOG": "false",
    }
    if not options.system:
        return serve, env | {"PIXMILL_DNS_SERVERS": names.address}
    (home / "resolv.conf").write_text(f"nameserver {names.host}\n")
    script = f"mount --bind {shlex.quote(str(home / 'resolv.conf'))} /etc/resolv.conf && exec {shlex.join(serve)}"
    return ["unshare", "--mount", "sh", "-c", script], env


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--names", type=int, default=64)
    arguments.add_argument(
        "--domain", default="hang.test", help="'test' gives each name a registrable domain of its own"
    )
    arguments.add_argument("--rate", type=float, default=20.0)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--system", action="store_true")
    arguments.add_argument("--python", default=sys.executable)
    options = arguments.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixmill-names-")))
        origin = stack.enter_context(Origin())
        names = stack.enter_context(NameServer(SYSTEM_ADDRESS, 53) if options.system else NameServer())
        names.serve("good.test", "127.0.0.1")
        names.hang(f"*.{options.domain}")
        body = image()
        for number in range(int((2 * options.seconds + 10) * (GOOD_RATE + options.rate))):
            origin.serve(f"/{number}.png", body, close=True)
        port = free_port()
        started, env = command(port, names, options, home)
        stack.enter_context(running(started, port, home / "log", env))
        held = asyncio.run(measure(port, origin, options))
    raise SystemExit(0 if held else 1)


if __name__ == "__main__":
    main()
