"""Fetches from a fast origin while another one trickles under many names.

    .venv/bin/python -m benchmarks.slow_origins [--rates 8,20] [--probes 22] [--names wildcard,domains] [--clients 1]

Sends requests at a constant rate for an origin that answers with a byte every two seconds, under 400 names: below one
wildcard, or each a registrable domain of its own. Meanwhile it asks for new images of a fast origin, one every two
seconds, and prints how many were refused and how long they took. ``--clients`` is the number of addresses that the
requests for the slow origin come from. The others come from the first of these if one wildcard is slow, and from another
address if any number of domains is: a client that names these has only its own share. Exits with 1 if any was refused.

The names are in a hosts file that only the server sees, in a mount namespace: needs Linux, root and unshare(1).
"""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.processes import free_port, running

SLOW, FAST = "127.0.0.2", "127.0.0.3"
NAMES = 400
TRICKLE_S = 2.0
PROBE_EVERY_S = 2.0
LEAD_S = 4.0
"""The load begins before the first probe."""

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "sunset.jpg"
HOSTS = {
    "wildcard": [f"n{number}.slow.test" for number in range(NAMES)],
    "domains": [f"slow{number}.test" for number in range(NAMES)],
}

PROBE_CLIENTS = {"wildcard": "127.0.1.1", "domains": "127.0.9.1"}


@dataclass(slots=True)
class Probes:
    """Status and seconds of each probe."""

    answers: list[tuple[int, float]] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return sum(status != 200 for status, _ in self.answers)


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b"\xff")
            await writer.drain()
            await asyncio.sleep(TRICKLE_S)
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def serve_photo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = PHOTO.read_bytes()
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def ask(port: int, url: str, client: str) -> int:
    """Return the status of a request from the address ``client``; 0 if the connection fails."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0))
    except OSError:
        return 0
    try:
        writer.write(
            f"GET /resize?width=64&url={url} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        return int(head.split(b" ", 2)[1])
    except (OSError, asyncio.IncompleteReadError):
        return 0
    finally:
        writer.close()


async def load(port: int, urls: Iterator[str], clients: Iterator[str], per_s: float) -> None:
    """Send requests at a constant rate until it is cancelled, whatever is returned."""
    tasks: set[asyncio.Task[int]] = set()
    started = time.perf_counter()
    try:
        for number in itertools.count():
            await asyncio.sleep(started + number / per_s - time.perf_counter())
            task = asyncio.create_task(ask(port, next(urls), next(clients)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def probe(port: int, origin_port: int, count: int, client: str) -> Probes:
    probes = Probes()

    async def once(number: int) -> None:
        started = time.perf_counter()
        status = await ask(port, f"http://fast.test:{origin_port}/{number}.jpg", client)
        probes.answers.append((status, time.perf_counter() - started))

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(once(number))
            await asyncio.sleep(PROBE_EVERY_S)
    return probes


async def measure(names: str, per_s: float, count: int, clients: int) -> Probes:
    slow = await asyncio.start_server(trickle, SLOW, 0)
    fast = await asyncio.start_server(serve_photo, FAST, 0)
    slow_port, fast_port = (server.sockets[0].getsockname()[1] for server in (slow, fast))
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pixmill-slow-origins-") as folder, running_server(folder, port):
        urls = (f"http://{name}:{slow_port}/{number}.jpg" for number, name in enumerate(itertools.cycle(HOSTS[names])))
        addresses = itertools.cycle([f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(clients)])
        sending = asyncio.create_task(load(port, urls, addresses, per_s))
        await asyncio.sleep(LEAD_S)
        probes = await probe(port, fast_port, count, PROBE_CLIENTS[names])
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    slow.close()
    fast.close()
    return probes


def running_server(folder: str, port: int) -> AbstractContextManager[int]:
    """Start the server with the names in its /etc/hosts."""
    hosts = Path(folder, "hosts")
    lines = [f"{SLOW} {name}" for names in HOSTS.values() for name in names]
    hosts.write_text("\n".join(["127.0.0.1 localhost", f"{FAST} fast.test", *lines, ""]))
    script = f'mount --bind {hosts} /etc/hosts && exec "$0" -m pixmill serve'
    settings = {
        "port": str(port),
        "cache": "",
        "allowed_networks": "127.0.0.0/8",
        "unsigned": "allow",
        "log_level": "error",
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")}
    environment |= {f"PIXMILL_{key.upper()}": value for key, value in settings.items()}
    command = ["unshare", "--mount", "sh", "-c", script, sys.executable]
    return running(command, port, Path(folder, "log"), environment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="8,20", help="requests per second for the slow origin")
    parser.add_argument("--probes", type=int, default=22)
    parser.add_argument("--names", default="wildcard,domains")
    parser.add_argument("--clients", type=int, default=1)
    options = parser.parse_args()
    print("names      rate/s  refused  median s  max s")
    refused = 0
    for names in options.names.split(","):
        for per_s in map(float, options.rates.split(",")):
            probes = asyncio.run(measure(names, per_s, options.probes, options.clients))
            seconds = sorted(seconds for _, seconds in probes.answers)
            print(
                f"{names:10}{per_s:7g}{probes.refused:6} of {options.probes}{median(seconds):8.2f}{seconds[-1]:8.2f}",
                flush=True,
            )
            refused += probes.refused
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
