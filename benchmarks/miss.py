"""CPU time of one cache miss, by part.

    .venv/bin/python -m benchmarks.miss [--rounds 3] [--requests 108]

JPEGs of 2 and of 6 megapixels to 512 pixels, originals over HTTP, results into memory and onto disk, as in ``bars.py``.
The CPU time of the server's processes is read from /proc while they serve; single parts are measured in this process,
on the same originals, with the same code. The remainder that cannot be measured separately has a line of its own.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop
from benchmarks import origin
from benchmarks.bars import MEGAPIXELS, SIDE, load
from benchmarks.material import photos
from benchmarks.peers.pixmill import Pixmill
from benchmarks.processes import free_port, running, tree

from pixmill.engine.config import EngineConfig
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.resample import lanczos
from pixmill.engine.pool.pool import EnginePool
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.source import parse_source
from pixmill.ports.observe import NullObserver
from pixmill.runtime.spool import Spool
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.source import HttpSource

PLAN = Plan(resize=Resize(width=SIDE, height=SIDE), output=Output(formats=(Format.JPEG,), quality=80))
CLIENTS = 4
Parts = dict[str, list[float]]
"""CPU milliseconds per miss, by round."""


@dataclass
class Server:
    """A running Pixmill, and the CPU time of its threads and workers so far."""

    port: int
    pid: int
    pixmill: Pixmill

    def taken(self) -> dict[str, float]:
        """Return milliseconds of the event loop, of the server's other threads, of the workers."""
        own = {int(task.name): _ran_ms(task) for task in Path(f"/proc/{self.pid}/task").iterdir()}
        workers = sum(_ran_ms(task) for pid in tree(self.pid)[1:] for task in Path(f"/proc/{pid}/task").iterdir())
        return {"loop": own[self.pid], "threads": sum(own.values()) - own[self.pid], "workers": workers}

    def ask(self, sources: list[str]) -> dict[str, float]:
        """Request every source once; return CPU milliseconds per request."""
        urls = [f"{self.pixmill.url(source, 'jpeg', 'jpeg', SIDE)}" for source in sources]
        before = self.taken()
        asyncio.run(load(f"http://127.0.0.1:{self.port}", urls))
        after = self.taken()
        return {part: (after[part] - before[part]) / len(sources) for part in after}


def _ran_ms(task: Path) -> float:
    return int((task / "schedstat").read_text().split()[0]) / 1e6


@contextmanager
def start_server(home: Path, source: int, cache: str) -> Iterator[Server]:
    port, pixmill = free_port(), Pixmill()
    start = pixmill.start(home, port, source)
    env = os.environ | dict(start.env) | {"PIXMILL_CACHE": cache}
    with running(start.command, port, home / "out", env) as pid:
        yield Server(port, pid, pixmill)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=108)
    options = parser.parse_args()
    folder = photos()
    numbers = iter(range(10**9))
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixmill-miss-")))
        source = free_port()
        stack.enter_context(running(origin.command(home, folder, source, free_port()), source, home / "origin.out"))
        memory = "memory://?max_bytes=64MiB"
        full = stack.enter_context(start_server(home, source, f"{memory},file://{home}/cache?max_bytes=1GiB"))
        bare = stack.enter_context(start_server(home, source, memory))
        for size in MEGAPIXELS:
            names = [f"/{size}/jpeg/{path.name}" for path in sorted((folder / str(size) / "jpeg").iterdir())]
            parts: Parts = defaultdict(list)
            for turn in range(-1, options.rounds):
                requested = [f"{names[n % len(names)]}?n={next(numbers)}" for n in range(options.requests)]
                found = one_round(full, bare, requested)
                found |= uvloop.run(measure_parts(folder, names, source, options.requests))
                for part, ms in found.items() if turn >= 0 else ():
                    parts[part].append(ms)
            show(size, {part: median(each) for part, each in parts.items()})


def one_round(full: Server, bare: Server, targets: list[str]) -> dict[str, float]:
    miss, hit = full.ask(targets), full.ask(targets)
    without = bare.ask(targets)
    return {
        "loop": miss["loop"],
        "threads": miss["threads"],
        "workers": miss["workers"],
        "disk": miss["loop"] + miss["threads"] - without["loop"] - without["threads"],
        "front": hit["loop"] + hit["threads"],
    }


async def measure_parts(folder: Path, names: list[str], source: int, count: int) -> dict[str, float]:
    """Measure single parts in this process."""
    originals = [(folder / name[1:]).read_bytes() for name in names]
    return (
        await measure_fetch(names, source, count)
        | await measure_pool(originals, count)
        | measure_render(originals, count)
    )


async def measure_fetch(names: list[str], source: int, count: int) -> dict[str, float]:
    web = HttpSource(SourcesConfig(allowed_networks="127.0.0.0/8"))
    await web.open()
    began = time.process_time()
    for number in range(count):
        original = await web.fetch(parse_source(f"http://127.0.0.1:{source}{names[number % len(names)]}"))
        original.spool.close()
    elapsed = time.process_time() - began
    await web.close()
    return {"fetch": elapsed / count * 1000}


async def measure_pool(originals: list[bytes], count: int) -> dict[str, float]:
    """Measure the server side of a pool: jobs and results, without the work of the workers."""
    spools = []
    for original in originals:
        spool = Spool(len(original))
        spool.write(original)
        spools.append(spool)
    pool = EnginePool(EngineConfig(workers=1), NullObserver())
    await pool.open()
    began = time.process_time()
    for number in range(count):
        await pool.render(spools[number % len(spools)], PLAN)
    elapsed = time.process_time() - began
    await pool.close()
    return {"jobs": elapsed / count * 1000}


def measure_render(originals: list[bytes], count: int) -> dict[str, float]:
    """Measure the stages of a render; the remainder is the pipeline itself."""
    kernel = timed(lanczos._kernel.resample)  # noqa: SLF001 - measured separately
    seconds: dict[str, float] = defaultdict(float)
    real, lanczos._kernel.resample = lanczos._kernel.resample, kernel  # noqa: SLF001
    began = time.process_time()
    for number in range(count):
        for stage, elapsed in render(memoryview(originals[number % len(originals)]), PLAN, Limits()).seconds.items():
            seconds[stage] += elapsed
    whole = time.process_time() - began
    lanczos._kernel.resample = real  # noqa: SLF001
    stages = {"decode": seconds["decode"], "resample": kernel.seconds, "encode": seconds["encode"]}
    return {stage: elapsed / count * 1000 for stage, elapsed in (stages | {"render": whole}).items()}


class timed:  # noqa: N801 - used as a function
    """A function that adds up the seconds spent in it."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function
        self.seconds = 0.0

    def __call__(self, *args: object) -> object:
        began = time.perf_counter()
        try:
            return self._function(*args)
        finally:
            self.seconds += time.perf_counter() - began


def show(size: int, ms: dict[str, float]) -> None:
    server, images = ms["loop"] + ms["threads"], ms["decode"] + ms["resample"] + ms["encode"]
    known = ms["front"] + ms["fetch"] + ms["jobs"] + ms["disk"]
    rows = (
        ("worker: decode, with shrink-on-load", ms["decode"]),
        ("worker: resample in linear light", ms["resample"]),
        ("worker: encode", ms["encode"]),
        ("worker: rest of the pipeline, with warm CPU caches", ms["render"] - images),
        ("worker: protocol, files, and cold CPU caches", ms["workers"] - ms["render"]),
        ("server: request and response, as for a hit", ms["front"]),
        ("server: fetch of the original into a memory file", ms["fetch"]),
        ("server: job to the worker, and its result", ms["jobs"]),
        ("server: disk lookup, write and lock", ms["disk"]),
        ("server: everything else, and cold CPU caches", server - known),
    )
    print(f"{size} MP to {SIDE} pixels: {server + ms['workers']:.2f} ms of CPU time per miss")
    for name, figure in rows:
        print(f"  {figure:6.2f}  {name}")


if __name__ == "__main__":
    main()
