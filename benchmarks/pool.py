"""Saturated throughput of the worker processes, compared with threads in one process.

    python benchmarks/pool.py FOLDER [--width 800] [--seconds 6] [--rounds 5]

FOLDER contains JPEGs, such as photos. Both run ``pipeline.render`` on the same originals with as many workers as there
are cores, alternately; the medians of the rounds and their ratio are printed, with the CPU time per image.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import threading
import time
from pathlib import Path

import uvloop

from pixmill.engine.config import EngineConfig, available_cores
from pixmill.engine.pixels import pipeline
from pixmill.engine.pool import worker_handle
from pixmill.engine.pool.pool import EnginePool
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.ports.observe import NullObserver
from pixmill.runtime.spool import Spool

CORES = available_cores()
Round = tuple[float, float]
"""Images per second, and CPU milliseconds of the whole process tree per image."""


def processes() -> list[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return [os.getpid(), *(int(pid) for text in lists for pid in text.read_text().split())]


def cpu_s() -> float:
    ticks = 0
    for pid in processes():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def threads(originals: list[bytes], plan: Plan, seconds: float) -> Round:
    until = time.perf_counter() + seconds
    turns = itertools.count()
    completed: list[float] = []

    def work() -> None:
        while time.perf_counter() < until:
            pipeline.render(memoryview(originals[next(turns) % len(originals)]), plan, Limits())
            completed.append(time.perf_counter())

    cpu, began = cpu_s(), time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(CORES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(completed) / (max(completed) - began), (cpu_s() - cpu) / len(completed) * 1000


async def pool(engine: EnginePool, spools: list[Spool], plan: Plan, seconds: float) -> Round:
    until = time.perf_counter() + seconds
    turns = itertools.count()
    completed: list[float] = []

    async def ask() -> None:
        while time.perf_counter() < until:
            await engine.render(spools[next(turns) % len(spools)], plan)
            completed.append(time.perf_counter())

    cpu, began = cpu_s(), time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(4 * CORES)))
    return len(completed) / (max(completed) - began), (cpu_s() - cpu) / len(completed) * 1000


async def compare(options: argparse.Namespace) -> None:
    originals = [path.read_bytes() for path in sorted(options.folder.glob("*.jpg"))]
    plan = Plan(resize=Resize(width=options.width), output=Output(formats=(Format.JPEG,)))
    spools = [Spool(len(original)) for original in originals]
    for spool, original in zip(spools, originals, strict=True):
        spool.write(original)
    engine = EnginePool(EngineConfig(workers=CORES), NullObserver())
    await engine.open()
    rounds: dict[str, list[Round]] = {}
    for turn in range(options.rounds):
        sides = ["threads", "pool", "pool without a job ahead"]
        for side in sides if turn % 2 else reversed(sides):
            worker_handle.PIPELINE_DEPTH = 1 if "without" in side else 2  # type: ignore[misc]  # what it is worth is the question
            if side == "threads":
                figures = threads(originals, plan, options.seconds)
            else:
                figures = await pool(engine, spools, plan, options.seconds)
            rounds.setdefault(side, []).append(figures)
    await engine.close()
    report(rounds)


def report(rounds: dict[str, list[Round]]) -> None:
    medians = {side: statistics.median(rate for rate, _ in figures) for side, figures in rounds.items()}
    for side, figures in sorted(rounds.items()):
        cpu = statistics.median(cpu for _, cpu in figures)
        ratio = medians[side] / medians["threads"]
        print(f"{side:26} {medians[side]:7.1f} images/s  {ratio:5.3f} of threads  {cpu:6.1f} CPU ms per image")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=800)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    uvloop.run(compare(parser.parse_args()))


if __name__ == "__main__":
    main()
