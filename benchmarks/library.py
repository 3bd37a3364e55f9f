"""What the library costs: ``import pixmill``, the first result, and a result over the engine alone.

    python -m benchmarks.library

The last is one interleaved run: each image is rendered by the engine in this process's own event loop, by ``Engine.resize``
and by ``Engine.aresize``, in random order, each with a worker of its own. Bars: 50 ms and 1 ms.
"""

import asyncio
import random
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pixmill
from pixmill.library.params import Compiler, texts_of
from pixmill.library.settings import load_settings
from pixmill.parts import build_engine
from pixmill.plan.ops import Plan
from pixmill.ports.pipeline import Engine
from pixmill.runtime.spool import Spool

PHOTO = Path(__file__).parent.parent / "examples/photos/fig.jpg"
PARAMS = {"width": 320, "format": "jpeg"}
IMPORTS = 11
ROUNDS = 150
WARM_UP = 20


def main() -> None:
    print(f"import pixmill            {_code_ms('import pixmill'):7.1f} ms")
    print(f"import and first result   {_code_ms(f'import pixmill; pixmill.resize({str(PHOTO)!r}, width=320)'):7.1f} ms")
    for name, body in (("photo", PHOTO.read_bytes()), ("small", pixmill.resize(PHOTO, width=64, format="jpeg").body)):
        times = asyncio.run(_interleaved(body))
        alone = times["engine alone"]
        for label, each in times.items():
            over = statistics.median(one - other for one, other in zip(each, alone, strict=True))
            print(f"{name}: {label:16} {statistics.median(each):8.3f} ms; median over the engine alone {over:+.3f} ms")


def _code_ms(code: str) -> float:
    """Return the shortest time that some code takes in an interpreter that has just started."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", timed]
    return min(float(subprocess.check_output(command)) for _ in range(IMPORTS)) * 1000


async def _interleaved(body: bytes) -> dict[str, list[float]]:
    """Return the durations in milliseconds of each way, round by round."""
    settings = load_settings({"workers": 1})
    plan = Compiler(settings.render_mode).plan_of_texts(texts_of(PARAMS))
    times: dict[str, list[float]] = {"engine alone": [], "Engine.resize": [], "Engine.aresize": []}
    async with (
        build_engine(settings, is_shared=False) as alone,
        pixmill.Engine(workers=1) as blocking,
        pixmill.Engine(workers=1) as awaited,
    ):
        ways = {
            "engine alone": lambda: _timed_alone(alone, body, plan),
            "Engine.resize": lambda: _timed(blocking, body),
            "Engine.aresize": lambda: _timed_coroutine(awaited, body),
        }
        for number in range(WARM_UP + ROUNDS):
            durations = {label: await ways[label]() for label in random.sample(list(ways), len(ways))}
            if number >= WARM_UP:
                for label, duration in durations.items():
                    times[label].append(duration * 1000)
    return times


async def _timed_alone(engine: Engine, body: bytes, plan: Plan) -> float:
    started = time.perf_counter()
    spool = Spool(len(body))
    with closing(spool):
        spool.write(body)
        await engine.render(spool, plan)
    return time.perf_counter() - started


async def _timed(engine: pixmill.Engine, body: bytes) -> float:
    started = time.perf_counter()
    engine.resize(body, **PARAMS)
    return time.perf_counter() - started


async def _timed_coroutine(engine: pixmill.Engine, body: bytes) -> float:
    started = time.perf_counter()
    await engine.aresize(body, **PARAMS)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
