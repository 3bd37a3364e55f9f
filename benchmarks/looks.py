"""Snapshots of a running Pixmill from outside: memory of its processes, descriptors, cache metrics."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import memory_mib

from tests.e2e.scenes import metric
from tests.servers.pixmill import Pixmill

HEADING = "seconds  tree PSS  server own  worst worker  descriptors  restarts  memory tier  disk tier"


@dataclass(frozen=True)
class Memory:
    """Memory of one process in mebibytes: private pages, and the peak of resident memory."""

    anonymous: float
    peak: float


@dataclass(frozen=True)
class Snapshot:
    """``at_rest``: no requests for a while. ``workers`` are by process id."""

    seconds: float
    at_rest: bool
    tree_mib: float
    server: Memory
    workers: dict[int, Memory]
    descriptors: int
    restarts: float
    memory_bytes: float
    disk_bytes: float

    @property
    def own_mib(self) -> float:
        """Memory of the server without its memory tier."""
        return self.server.anonymous - self.memory_bytes / 2**20

    def __str__(self) -> str:
        worst = max((each.anonymous for each in self.workers.values()), default=0)
        return (
            f"{self.seconds:7.0f}  {self.tree_mib:8.1f}  {self.own_mib:10.1f}  {worst:12.1f}  {self.descriptors:11}  {self.restarts:8.0f}  "
            f"{self.memory_bytes / 2**20:11.1f}  {self.disk_bytes / 2**20:9.1f}{'  at rest' if self.at_rest else ''}"
        )


def take_snapshot(server: Pixmill, seconds: float, *, at_rest: bool = False) -> Snapshot:
    workers: dict[int, Memory] = {}
    for pid in server.workers():
        with contextlib.suppress(OSError, KeyError):
            workers[pid] = memory_of(pid)
    return Snapshot(
        seconds,
        at_rest,
        memory_mib(server.pid)[1],
        memory_of(server.pid),
        workers,
        sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir()),
        metric(server, "pixmill_worker_restarts_total"),
        metric(server, "pixmill_cache_bytes", tier="memory"),
        metric(server, "pixmill_cache_bytes", tier="disk"),
    )


def memory_of(pid: int) -> Memory:
    """Raises OSError or KeyError if the process has ended."""
    lines = [Path(f"/proc/{pid}/{name}").read_text().splitlines() for name in ("smaps_rollup", "status")]
    facts = {name: value for name, _, value in (line.partition(":") for each in lines for line in each)}
    own, swapped, peak = (int(facts[name].split()[0]) / 1024 for name in ("Anonymous", "Swap", "VmHWM"))
    return Memory(own + swapped, peak)


def workers_by_age(server: Pixmill) -> list[int]:
    """Return the workers, the oldest first."""
    started: dict[int, int] = {}
    for pid in server.workers():
        with contextlib.suppress(OSError):
            started[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return sorted(started, key=started.__getitem__)
