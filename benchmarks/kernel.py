"""CPU nanoseconds per source pixel of the resampling kernel and its alternatives.

All on one core, from a buffer to a buffer, interleaved: every round measures each of them on each case, and the minimum
and the median of the rounds are printed. The kernel works in linear light; libvips and Pillow in gamma light, which is
less work for a worse image.

    python benchmarks/kernel.py [--rounds 7]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ["VIPS_CONCURRENCY"] = "1"

import numpy as np
import pyvips
from PIL import Image

from pixmill.engine.pixels.resample import _kernel, lanczos
from pixmill.engine.raster.frame import Layout

LEAST_PIXELS = 4_000_000  # a small case is repeated until it has processed so many pixels


@dataclass(frozen=True)
class Case:
    width: int
    height: int
    out_width: int
    out_height: int
    layout: Layout
    depth: int = 8

    def __str__(self) -> str:
        return f"{self.width}x{self.height} to {self.out_width}x{self.out_height} {self.layout} {self.depth}"

    @property
    def pixels(self) -> bytes:
        """Return noise over a gradient: neither flat nor purely random."""
        random = np.random.default_rng(1)
        ramp = np.linspace(0, 200, self.width * self.layout.stored_channels)
        codes = ramp + random.integers(0, 56, (self.height, self.width * self.layout.stored_channels))
        return bytes((codes * (1 if self.depth == 8 else 257)).astype(f"u{self.depth // 8}").tobytes())


CASES = [
    Case(3000, 2000, 548, 365, Layout.RGB),
    Case(3000, 2000, 548, 365, Layout.RGBX),
    Case(3000, 2000, 548, 365, Layout.RGBA),
    Case(3000, 2000, 548, 365, Layout.L),
    Case(3000, 2000, 548, 365, Layout.RGB, 16),
    Case(2040, 1360, 512, 341, Layout.RGB),
    Case(2040, 1360, 512, 341, Layout.RGBX),
    Case(1020, 680, 512, 341, Layout.RGB),
    Case(680, 453, 512, 341, Layout.RGB),
    Case(8000, 6000, 256, 192, Layout.RGB),
    Case(512, 341, 1024, 682, Layout.RGB),
]


def kernel(case: Case, fast: int, *, halve: bool = False) -> Callable[[], object]:
    pixels, number = case.pixels, list(Layout).index(case.layout)
    box = (0.0, 0.0, float(case.width), float(case.height))
    return lambda: _kernel.resample(
        pixels,
        case.width,
        case.height,
        number,
        box,
        case.out_width,
        case.out_height,
        0,
        case.depth,
        case.depth,
        0.0,
        0.0,
        True,
        halve,
        fast,
    )


def libvips(case: Case) -> Callable[[], object]:
    pyvips.cache_set_max(0)
    form = "uchar" if case.depth == 8 else "ushort"
    image = pyvips.Image.new_from_memory(case.pixels, case.width, case.height, case.layout.stored_channels, form)
    if case.layout.has_alpha:
        image = image.premultiply()
    across, down = case.out_width / case.width, case.out_height / case.height
    return lambda: image.resize(across, vscale=down, kernel="lanczos3").write_to_memory()


def pillow(case: Case) -> Callable[[], object] | None:
    if case.depth != 8:
        return None
    mode = "RGBX" if case.layout == Layout.RGBX else str(case.layout)
    image = Image.frombytes(mode, (case.width, case.height), case.pixels)
    return lambda: image.resize((case.out_width, case.out_height), Image.Resampling.LANCZOS)


def measure(work: Callable[[], object], case: Case) -> float:
    source = case.width * case.height
    times = max(1, LEAST_PIXELS // source)
    begin = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begin) / times / source * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"{'ns of CPU time per source pixel: minimum (median)':50}", end="")
    print(*(f"{name:>16}" for name in (lanczos.instructions, "portable", "libvips gamma", "Pillow gamma")))
    for case in CASES:
        ways = [kernel(case, 1), kernel(case, 0), libvips(case), pillow(case)]
        measurements: list[list[float]] = [[] for _ in ways]
        for _ in range(rounds):
            for way, times in zip(ways, measurements, strict=True):
                if way:
                    times.append(measure(way, case))
        cells = (f"{min(times):.2f} ({statistics.median(times):.2f})" if times else "–" for times in measurements)
        print(f"{case!s:50}", *(f"{cell:>16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
