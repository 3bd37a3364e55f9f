"""Clients that read one byte a second of a large response: memory of the server, and how others are served meanwhile.

    python -m benchmarks.slow_readers --clients 500 --seconds 60

Starts the server on loopback. One URL makes an uncompressed BMP of 60 MB; every client asks for it. Meanwhile other
clients ask for small results that memory has, for new ones, and for ``/health/live``.
"""

import argparse
import asyncio
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from PIL import Image

from tests.servers.pixmill import Pixmill

SIDE = 4_472
"""Of a BMP of 60 MB in 24 bits."""

LARGE = {"url": "wide.png", "format": "bmp"}
SMALL = {"url": "small.png", "width": 64, "format": "jpeg"}
BUDGET_MIB = 512


def memory_mib(pid: int) -> float:
    """Resident memory of the server itself, in MiB; workers are processes of their own."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def trickle(port: int, target: str, received: list[int], number: int) -> None:
    """Ask once, then read a byte a second until the connection ends."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, f"GET {target} HTTP/1.1\r\nHost: slow\r\n\r\n".encode())
        while await loop.sock_recv(client, 1):
            received[number] += 1
            await asyncio.sleep(1)
    except OSError:
        pass
    finally:
        client.close()


def timed(server: Pixmill, seconds: list[float], failures: list[int], path: str, **query: object) -> None:
    started = time.perf_counter()
    status = server.get(path, **query).status
    seconds.append(time.perf_counter() - started)
    if status != 200:
        failures.append(status)


class Others:
    """Ordinary clients, for as long as the block lasts."""

    def __init__(self, server: Pixmill) -> None:
        self._server = server
        self._stop = threading.Event()
        self.times: dict[str, list[float]] = {"memory hit": [], "render": [], "health": []}
        self.failures: list[int] = []
        self.peak_mib = 0.0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.1):
            number += 1
            timed(self._server, self.times["health"], self.failures, "/health/live")
            timed(self._server, self.times["memory hit"], self.failures, "/resize", **SMALL)
            timed(self._server, self.times["render"], self.failures, "/resize", **SMALL | {"width": 64 + number})
            self.peak_mib = max(self.peak_mib, memory_mib(self._server.pid))

    def report(self) -> str:
        lines = [f"  peak memory of the server {self.peak_mib:.0f} MiB; failures of others: {self.failures or 0}"]
        for name, seconds in self.times.items():
            ordered = sorted(seconds)
            lines.append(
                f"  {name:10} n {len(ordered)}  median {statistics.median(ordered) * 1000:.1f} ms  "
                f"p99 {ordered[int(len(ordered) * 0.99)] * 1000:.1f} ms  max {ordered[-1] * 1000:.1f} ms"
            )
        return "\n".join(lines)


async def attack(server: Pixmill, clients: int, seconds: float) -> None:
    received = [0] * clients
    target = "/resize?" + "&".join(f"{name}={value}" for name, value in LARGE.items())
    tasks = [asyncio.create_task(trickle(server.port, target, received, number)) for number in range(clients)]
    await asyncio.wait(tasks, timeout=seconds)
    still_open = sum(not task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(f"  clients that got a byte: {sum(map(bool, received))} of {clients}; still connected: {still_open}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        noise = Image.effect_noise((SIDE // 8, SIDE // 8), 90).resize((SIDE, SIDE))
        Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180))).save(f"{folder}/wide.png")
        Image.effect_noise((640, 480), 90).convert("RGB").save(f"{folder}/small.png")
        budget = BUDGET_MIB * 2**20
        with Pixmill(images=folder, memory_budget_bytes=budget, max_source_bytes=2**26) as server:
            assert len(server.get("/resize", **LARGE).body) >= 3 * SIDE * SIDE
            server.get("/resize", **SMALL)
            with Others(server) as quiet:
                time.sleep(10)
            print(f"quiet, budget {BUDGET_MIB} MiB:\n{quiet.report()}")
            with Others(server) as others:
                asyncio.run(attack(server, options.clients, options.seconds))
            print(f"{options.clients} clients at one byte a second, {options.seconds:.0f} s:\n{others.report()}")
            for line in server.get("/metrics").body.decode().splitlines():
                if line.startswith(("pixmill_responses_aborted", "pixmill_memory_budget", "pixmill_requests_rejected")):
                    print(f"  {line}")


if __name__ == "__main__":
    main()
