"""The performance bars of Pixmill, each with its figure and whether it is reached.

    .venv/bin/python -m benchmarks.bars [--rounds 3] [--requests 54]

L is the CPU time of a bare loop in one process (``loop.py``: libvips alone, in gamma light); ours is that of the whole
service per request, server and workers, originals over HTTP, results into the cache, every request with a URL of its
own. Baseline photos of 2 and 6 megapixels to 512 pixels at quality 80, interleaved rounds, medians. Scores are mean
SSIMULACRA2 against a float64 Lanczos3 resample in linear light; ``reference`` is that resample through our own encoder.
"""

import argparse
import asyncio
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

import aiohttp
import numpy as np
import ssimulacra2
from benchmarks import origin
from benchmarks.loop import loop
from benchmarks.material import photos
from benchmarks.peers.pixmill import Pixmill
from benchmarks.processes import cpu_seconds, free_port, running
from PIL import Image
from yarl import URL

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.table import encode_frame
from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from tests.pixels.reference import resample

MEGAPIXELS = (2, 6)
SIDE, QUALITY, CLIENTS = 512, 80, 4
WIDTHS = (320, 480, 640, 828, 1080, 1280, 1600, 1920)  # the default widths of /srcset
L, REFERENCE = "L", "reference"
Cell = tuple[int, str]


@dataclass
class VariantResult:
    """Results of one variant for the photos of one size: CPU ms per round, one result per photo, score."""

    ms: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    score: float = 0.0

    @property
    def bytes(self) -> float:
        return mean(map(len, self.bodies))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=54)
    options = parser.parse_args()
    folder = photos()
    sources = {size: sorted((folder / str(size) / "jpeg").iterdir()) for size in MEGAPIXELS}
    actual = measure(folder, sources, options.rounds, options.requests)
    for size in MEGAPIXELS:
        fill_scores(size, [path.read_bytes() for path in sources[size]], actual)
    shown = [show(*bar) for bar in (*bars(actual), widths(sources[6]))]
    sys.exit(not all(shown))


def measure(folder: Path, sources: dict[int, list[Path]], rounds: int, requests: int) -> dict[Cell, VariantResult]:
    """Alternate between the loop and the service in each mode; the first round only warms up."""
    ways = (L, *RenderMode)
    actual = {(size, way): VariantResult() for size in MEGAPIXELS for way in (*ways, REFERENCE)}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixmill-bars-")))
        port, ours, pixmill = free_port(), free_port(), Pixmill()
        stack.enter_context(running(origin.command(home, folder, port, free_port()), port, home / "origin.out"))
        start = pixmill.start(home, ours, port)
        pid = stack.enter_context(running(start.command, ours, home / "out", os.environ | dict(start.env)))
        numbers = iter(range(10**9))
        for turn in range(-1, rounds):
            for size, way in ((size, way) for size in MEGAPIXELS for way in ways):
                one = actual[size, way]
                count = requests if turn >= 0 else len(sources[size])
                if way is L:
                    ms, bodies = run_loop([path.read_bytes() for path in sources[size]], count)
                else:
                    names = [f"/{size}/jpeg/{path.name}" for path in sources[size]]
                    urls = [f"{names[n % len(names)]}?n={next(numbers)}" for n in range(count)]
                    requested = [f"{pixmill.url(url, 'jpeg', 'jpeg', SIDE)}&mode={way}" for url in urls]
                    before = cpu_seconds(pid)
                    bodies = asyncio.run(load(f"http://127.0.0.1:{ours}", requested))
                    ms = (cpu_seconds(pid) - before) / count * 1000
                if turn < 0:
                    one.bodies = bodies
                else:
                    one.ms.append(ms)
    return actual


def run_loop(sources: list[bytes], count: int) -> tuple[float, list[bytes]]:
    began = time.process_time()
    bodies = [loop(sources[n % len(sources)]) for n in range(count)]
    return (time.process_time() - began) / count * 1000, bodies


async def load(base: str, urls: list[str]) -> list[bytes]:
    """Request every URL once, with a few clients."""
    queue, bodies = iter(enumerate(urls)), [b""] * len(urls)

    async def client(session: aiohttp.ClientSession) -> None:
        for number, url in queue:
            async with session.get(URL(base + url, encoded=True)) as response:
                bodies[number] = await response.read()
                response.raise_for_status()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return bodies


def fill_scores(size: int, sources: list[bytes], seen: dict[Cell, VariantResult]) -> None:
    """Fill in the scores, and the results of the reference."""
    scores: dict[str, list[float]] = {way: [] for way in (L, *RenderMode, REFERENCE)}
    with tempfile.TemporaryDirectory() as scratch:
        for number, source in enumerate(sources):
            reference = reference_resample(source, seen[size, L].bodies[number])
            Image.fromarray(reference).save(f"{scratch}/reference.png")
            seen[size, REFERENCE].bodies.append(encode_reference(reference))
            for way, found in scores.items():
                body = seen[size, way].bodies[number]
                with Image.open(io.BytesIO(body)) as image:
                    if image.size != reference.shape[1::-1]:
                        raise SystemExit(f"{way}: {image.size} in place of {reference.shape[1::-1]}")
                    image.convert("RGB").save(f"{scratch}/seen.png")
                found.append(ssimulacra2.compute_ssimulacra2(f"{scratch}/reference.png", f"{scratch}/seen.png"))
    for way, found in scores.items():
        one = seen[size, way]
        one.score = mean(found)
        ms = f"{median(one.ms):6.2f} ms" if one.ms else " " * 9
        print(f"{size} MP  {way:10} {ms}  {one.bytes:7.0f} bytes  score {one.score:.2f}")


def reference_resample(source: bytes, like: bytes) -> "np.ndarray":
    with Image.open(io.BytesIO(source)) as image, Image.open(io.BytesIO(like)) as small:
        codes = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
        expected, _ = resample(codes, (0, 0, image.width, image.height), small.size, alpha=False)
    return (expected * 255).round().astype(np.uint8)


def encode_reference(pixels: "np.ndarray") -> bytes:
    height, width, _ = pixels.shape
    frame = Frame(pixels.tobytes(), width, height, Layout.RGB, format=Format.JPEG)
    return encode_frame(frame, QUALITY, RetainedMetadata(), Encoding(mode=RenderMode.BEST))


Bar = tuple[str, float, float]
"""Name, figure, and its maximum."""


def bars(seen: dict[Cell, VariantResult]) -> Iterator[Bar]:
    for size in MEGAPIXELS:
        yield from bars_of(size, {way: seen[size, way] for way in (L, *RenderMode, REFERENCE)})


def bars_of(size: int, seen: dict[str, VariantResult]) -> Iterator[Bar]:
    limits = {RenderMode.FAST: 0.9, RenderMode.BALANCED: 1.0, RenderMode.BEST: 1.2 if size == min(MEGAPIXELS) else 1.8}
    base = median(seen[L].ms)
    for mode, limit in limits.items():
        yield f"{size} MP {mode}: CPU of the service / L", median(seen[mode].ms) / base, limit
    balanced, best = seen[RenderMode.BALANCED], seen[RenderMode.BEST]
    yield f"{size} MP balanced: bytes / L", balanced.bytes / seen[L].bytes, 1.03
    yield f"{size} MP balanced: 4 points + L - score", 4 + seen[L].score - balanced.score, 0.0
    yield f"{size} MP balanced: best - score", best.score - balanced.score, 2.0
    yield f"{size} MP best: reference - score", seen[REFERENCE].score - best.score, 0.3


def widths(sources: list[Path]) -> Bar:
    """Compare eight widths of one photo in one job with the largest alone."""
    alone: list[float] = []
    together: list[float] = []
    for path in sources * 2:
        source = memoryview(path.read_bytes())
        plans = [Plan(resize=Resize(width=width), output=Output(formats=(Format.JPEG,))) for width in WIDTHS]
        began = time.process_time()
        render(source, plans[-1], Limits())
        between = time.process_time()
        list(render_all(source, plans, Limits()))
        alone.append(between - began)
        together.append(time.process_time() - between)
    return "8 widths of 6 MP / the largest alone", sum(together) / sum(alone), 2.5


def show(name: str, figure: float, limit: float) -> bool:
    reached = figure <= limit
    print(f"{'pass' if reached else 'FAIL'}  {name}: {figure:.3f} (at most {limit})")
    return reached


if __name__ == "__main__":
    main()
