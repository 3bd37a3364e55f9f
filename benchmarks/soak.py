"""Soak test: minutes of real traffic, and whether anything grows that should not.

    make soak                                                     # five minutes
    .venv/bin/python -m benchmarks.soak --minutes 60 --clients 8
    .venv/bin/python -m benchmarks.soak --minutes 60 --busy 0     # never idle

Requests the sample photos from an installed Pixmill with a memory and a disk tier, on loopback: mostly hits, some
misses, some information, some invalid requests, some clients that disconnect early; every minute a worker is killed,
but never the oldest. Prints a row per snapshot, and at the end whether each bar holds. Exits with 1 if one does not.

It searches for memory that is never released, where and when that shows:

- In the server process, which lives for months: its anonymous memory minus the bytes in the memory tier, from the time
  when the tiers are full. The memory of the whole tree means nothing within minutes: workers allocate and release tens
  of megabytes per image, a killed worker releases its memory, and the tier fills up to its limit by design.
- In the workers, each of which is replaced when it keeps more than ``PIXMILL_WORKER_MAX_RSS_BYTES``: that none ever
  exceeds it, and that the longest-running one does not grow.
- When idle: every ``--busy`` seconds the clients pause until server and workers have released their reserves, which
  vary by 20 MiB under load. With ``--busy 0`` there is no pause, and the minimum of each twelfth of the time counts.

The slope is printed with its standard error (``growth.py``). In less than ten minutes the error may be larger than the
bar; then only a growth of more than the bar plus twice its error fails, and from ten minutes on everything above the
bar. The worker is always judged in the first way.
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
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.growth import Points, flat_from, floor, growth
from benchmarks.looks import HEADING, Snapshot, take_snapshot, workers_by_age

from pixmill.engine.config import EngineConfig
from pixmill.server import IDLE_CHECK_INTERVAL_S
from tests.e2e.scenes import knock
from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
NAMES = sorted(path.name for path in PHOTOS.glob("*.jpg"))
BUDGETS = {"memory": 32 * 2**20, "disk": 64 * 2**20}
FORMS = ("jpeg", "webp", "png", "auto")
HOT = 50
"""Images that are requested repeatedly; all others are requested once."""

MAX_SLOPE_MIB_H = 20.0
"""A higher growth per hour is a leak: the variation of the allocator is lower than that in a run of ten minutes."""

LONG_MINUTES = 10.0
"""In runs of at least this length the slope itself counts, not its lower bound."""

PAUSE_S = 2 * IDLE_CHECK_INTERVAL_S + 2
"""Requests in flight end, then the server is idle for a whole maintenance interval."""

SERVERS_FAULT = 500
"""The lowest status of a server error."""

RECYCLED_MIB = EngineConfig().worker_max_rss_bytes / 2**20


class Clients:
    """Client threads, each with a random mix of requests."""

    def __init__(self, server: Pixmill, count: int) -> None:
        self.answers: Counter[str] = Counter()
        self._server, self._stop, self._lock = server, threading.Event(), threading.Lock()
        self._going = threading.Event()
        self._going.set()
        self._threads = [threading.Thread(target=self._go, args=(number,), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Send no new requests inside the block."""
        self._going.clear()
        try:
            yield
        finally:
            self._going.set()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _go(self, number: int) -> None:
        dice = random.Random(number)
        while not self._stop.is_set():
            self._going.wait()
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
            self.answers[
                f"{reply.status}" if reply.status < SERVERS_FAULT else f"{reply.status} {reply.json()['code']}"
            ] += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--every", type=float, default=4, help="seconds between two snapshots")
    parser.add_argument("--busy", type=float, default=20, help="seconds between two idle periods; 0 for none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pixmill-soak-") as folder:
        tiers = f"memory://?max_bytes={BUDGETS['memory']},file://{folder}/cache?max_bytes={BUDGETS['disk']}"
        with Pixmill(images=str(PHOTOS), cache=tiers, access_log="false") as server:
            snapshots, answers = watch_server(server, options)
    sys.exit(0 if report_bars(snapshots, answers, is_long=options.minutes >= LONG_MINUTES) else 1)


def watch_server(server: Pixmill, options: argparse.Namespace) -> tuple[list[Snapshot], Counter[str]]:
    clients, snapshots, began, kills = Clients(server, options.clients), [], time.monotonic(), 0
    print(HEADING)
    rested = began
    while time.monotonic() - began < options.minutes * 60:
        if is_rest := 0 < options.busy <= time.monotonic() - rested:
            with clients.pause():
                time.sleep(PAUSE_S)
                snapshots.append(take_snapshot(server, time.monotonic() - began, at_rest=True))
            rested = time.monotonic()
        else:
            time.sleep(options.every)
            snapshots.append(take_snapshot(server, time.monotonic() - began))
        print(snapshots[-1], flush=True)
        if not is_rest and snapshots[-1].seconds // 60 > kills:
            kills += 1
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(workers_by_age(server)[1:]), signal.SIGKILL)
    clients.close()
    return snapshots, clients.answers


def report_bars(looks: list[Snapshot], answers: Counter[str], *, is_long: bool) -> bool:
    """Print a line per bar; return whether all hold."""
    early, late = looks[: len(looks) // 4], looks[len(looks) // 4 :]
    failed = sum(count for answer, count in answers.items() if int(answer[:3]) >= SERVERS_FAULT)
    bars = {
        **judge_server(looks, is_long=is_long),
        **judge_workers(looks),
        f"descriptors: {late[0].descriptors} to {max(each.descriptors for each in late)}": (
            max(each.descriptors for each in late) <= max(each.descriptors for each in early) + 32
        ),
        f"memory tier at most {max(each.memory_bytes for each in looks):.0f} of {BUDGETS['memory']}": all(
            each.memory_bytes <= BUDGETS["memory"] for each in looks
        ),
        f"disk tier at most {max(each.disk_bytes for each in looks):.0f} of {BUDGETS['disk']}": all(
            each.disk_bytes <= BUDGETS["disk"] for each in looks
        ),
        f"answers by status: {dict(sorted(answers.items()))}; of the server's fault: {failed}": failed == 0,
        f"worker restarts: {looks[-1].restarts:.0f}, those killed among them": True,
    }
    for bar, holds in bars.items():
        print(f"{'holds' if holds else 'FAILS'}  {bar}")
    return all(bars.values())


def judge_server(looks: list[Snapshot], *, is_long: bool) -> dict[str, bool]:
    """Judge the growth of the server, from the time when the tiers are full."""
    full = looks[
        max(flat_from([each.memory_bytes for each in looks]), flat_from([each.disk_bytes for each in looks])) :
    ]
    found = growth(idle_snapshots([(each, each.own_mib) for each in full]))
    if found is None:
        return {f"server: the tiers were full only after {full[0].seconds:.0f} s, too late to tell": False}
    bar, most = allowed(is_long=is_long), max(each.own_mib for each in full)
    values = f"server: its own memory, {most:.1f} MiB at most, grows by {found} from {full[0].seconds:.0f} s on ({bar})"
    return {values: (found.slope if is_long else found.at_least) <= MAX_SLOPE_MIB_H}


def judge_workers(looks: list[Snapshot]) -> dict[str, bool]:
    """Judge the peak of all workers, and the growth of the longest-running one after a few images."""
    pids = Counter(pid for each in looks for pid in each.workers)
    peak = max(memory.peak for each in looks for memory in each.workers.values())
    oldest = max(pids, key=pids.__getitem__)
    life = [(each, each.workers[oldest].anonymous) for each in looks if oldest in each.workers]
    life = life[len(life) // 4 :]
    found = growth(idle_snapshots(life))
    span = f"{life[0][0].seconds:.0f} to {life[-1][0].seconds:.0f} s"
    return {
        f"workers: {len(pids)} of them had {peak:.1f} MiB at most (recycled above {RECYCLED_MIB:.0f})": peak
        < RECYCLED_MIB,
        f"workers: the oldest grows by {found} from {span} ({allowed(is_long=False)})": (
            found is not None and found.at_least <= MAX_SLOPE_MIB_H
        ),
    }


def idle_snapshots(measured: Sequence[tuple[Snapshot, float]]) -> Points:
    """Return the snapshots of idle periods; without any, the floor of all."""
    at_rest = [(each.seconds, value) for each, value in measured if each.at_rest]
    return at_rest or floor([(each.seconds, value) for each, value in measured])


def allowed(*, is_long: bool) -> str:
    return f"at most {MAX_SLOPE_MIB_H}" if is_long else f"at most {MAX_SLOPE_MIB_H} beyond twice the error"


if __name__ == "__main__":
    main()
