"""A soak: real traffic for minutes, and whether anything grows that should not.

    make soak                                                     # five minutes
    .venv/bin/python -m benchmarks.soak --minutes 60 --clients 8

An installed Pixmill with a memory and a disk tier, on loopback, is asked for the sample photos: mostly hits, some misses, some information, some
nonsense, some clients that leave in the middle; a worker is killed every minute. Printed a row a sample: memory of the whole process tree, descriptors of
the server, worker restarts, bytes in the tiers. At the end the slope of memory after the first quarter (least squares over the lowest of each eighth), and whether each
bar holds. Exits with 1 when one does not.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.processes import memory_mib

from tests.e2e.scenes import knock, metric
from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
NAMES = sorted(path.name for path in PHOTOS.glob("*.jpg"))
BUDGETS = {"memory": 32 * 2**20, "disk": 64 * 2**20}
FORMS = ("jpeg", "webp", "png", "auto")
HOT = 50
"""Pictures that are asked for again and again; all others are asked for once."""

MAX_SLOPE_MIB_H = 20.0
"""Memory may grow by so much in an hour before it is called a leak: the allocator's own unrest is below that in a run of ten minutes."""


@dataclass
class Row:
    """One look at the server."""

    seconds: float
    pss_mib: float
    descriptors: int
    restarts: float
    memory_bytes: float
    disk_bytes: float


class Clients:
    """Threads that ask, each in its own way from request to request."""

    def __init__(self, server: Pixmill, count: int) -> None:
        self.statuses: Counter[int] = Counter()
        self._server, self._stop, self._lock = server, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._go, args=(number,), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _go(self, number: int) -> None:
        dice = random.Random(number)
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                self._once(dice)

    def _once(self, dice: random.Random) -> None:
        kind, name = dice.random(), dice.choice(NAMES)
        if kind < 0.02:
            knock(self._server, "/resize", url=name, width=dice.randrange(10, 2_000)).close()
            return
        if kind < 0.05:
            reply = self._server.get("/resize", url=name, width="none")
        elif kind < 0.1:
            reply = self._server.get("/info", url=name, include="palette,blurhash")
        elif kind < 0.3:
            reply = self._server.get("/resize", url=name, width=dice.randrange(10, 2_000), format=dice.choice(FORMS))
        else:
            reply = self._server.get("/resize", url=NAMES[0], width=100 + dice.randrange(HOT), format="jpeg")
        with self._lock:
            self.statuses[reply.status] += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--every", type=float, default=5, help="seconds between two looks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pixmill-soak-") as folder:
        tiers = f"memory://?max_bytes={BUDGETS['memory']},file://{folder}/cache?max_bytes={BUDGETS['disk']}"
        with Pixmill(images=str(PHOTOS), cache=tiers, access_log="false") as server:
            rows, statuses = watched(server, options)
    sys.exit(0 if told(rows, statuses) else 1)


def watched(server: Pixmill, options: argparse.Namespace) -> tuple[list[Row], Counter[int]]:
    clients, rows, began, kills = Clients(server, options.clients), [], time.monotonic(), 0
    print("seconds  PSS MiB  descriptors  restarts  memory tier  disk tier")
    while (elapsed := time.monotonic() - began) < options.minutes * 60:
        time.sleep(options.every)
        if elapsed // 60 > kills:
            kills += 1
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(server.workers()), signal.SIGKILL)
        rows.append(look(server, elapsed))
        row = rows[-1]
        print(
            f"{row.seconds:7.0f}  {row.pss_mib:7.1f}  {row.descriptors:11}  {row.restarts:8.0f}  {row.memory_bytes / 2**20:11.1f}  "
            f"{row.disk_bytes / 2**20:9.1f}",
            flush=True,
        )
    clients.close()
    return rows, clients.statuses


def look(server: Pixmill, seconds: float) -> Row:
    return Row(
        seconds,
        memory_mib(server.pid)[1],
        sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir()),
        metric(server, "pixmill_worker_restarts_total"),
        metric(server, "pixmill_cache_bytes", tier="memory"),
        metric(server, "pixmill_cache_bytes", tier="disk"),
    )


def told(rows: list[Row], statuses: Counter[int]) -> bool:
    """Whether all bars hold; a line each."""
    late = rows[len(rows) // 4 :]
    ground = [min(each, key=lambda row: row.pss_mib) for each in parts(late, 8)]
    slope = float(np.polyfit([row.seconds for row in ground], [row.pss_mib for row in ground], 1)[0]) * 3600
    failed = sum(count for status, count in statuses.items() if status >= 500)
    bars = {
        f"memory grows by {slope:.1f} MiB an hour (at most {MAX_SLOPE_MIB_H})": slope <= MAX_SLOPE_MIB_H,
        f"descriptors: {late[0].descriptors} to {max(row.descriptors for row in late)}": (
            max(row.descriptors for row in late) <= max(row.descriptors for row in rows[: len(rows) // 4]) + 32
        ),
        f"memory tier at most {max(row.memory_bytes for row in rows)} of {BUDGETS['memory']}": all(
            row.memory_bytes <= BUDGETS["memory"] for row in rows
        ),
        f"disk tier at most {max(row.disk_bytes for row in rows)} of {BUDGETS['disk']}": all(
            row.disk_bytes <= BUDGETS["disk"] for row in rows
        ),
        f"answers by status: {dict(sorted(statuses.items()))}; of the server's fault: {failed}": failed == 0,
        f"worker restarts: {rows[-1].restarts:.0f}, those killed among them": True,
    }
    for bar, holds in bars.items():
        print(f"{'holds' if holds else 'FAILS'}  {bar}")
    return all(bars.values())


def parts(rows: list[Row], count: int) -> list[list[Row]]:
    """So many stretches of time; the lowest of each tells what stays between renders."""
    length = max(1, len(rows) // count)
    return [rows[start : start + length] for start in range(0, len(rows), length)]


if __name__ == "__main__":
    main()
