"""Score before encoding and CPU time of decoding and resizing, by factor and format, beside libvips.

    .venv/bin/python -m benchmarks.resampling [--formats jpeg,progressive,png,webp,heic] [--factors 2,3.4,5.9]
        [--photos FOLDER] [--rounds 3] [--judge PROGRAM]

Photos are baseline and progressive JPEGs (quality 92, 4:2:0), WebP (quality 90), PNG and HEIC (quality 85) of at most
12 megapixels, made of those of ``benchmarks/material.py`` or of a folder. The score is mean SSIMULACRA2 against a
float64 Lanczos3 resample in linear light of the full decode. CPU milliseconds are minima of interleaved rounds, from
the file to the resized pixels; a mean over the photos.

- fast, balanced, best: our modes
- linear: libvips' ``thumbnail`` in linear light, which decodes in full
- sharp: libvips' ``thumbnail`` on sRGB values, as sharp calls it: it scales while decoding
"""

import argparse
import io
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import numpy as np
import pillow_heif
import pyvips
import ssimulacra2
from benchmarks.material import originals
from PIL import Image

from pixmill.engine.pixels.analysis.drawn import decide_light
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.transform.geometric import resize
from pixmill.engine.raster.convert import to_pillow
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from tests.pixels.reference import resample

MAX_PIXELS = 12_000_000
FACTORS = (2, 2.5, 3, 3.4, 4.2, 5.2, 5.9, 7, 9, 12, 16, 22, 30)
FORMATS = {
    "jpeg": {"format": "JPEG", "quality": 92},
    "progressive": {"format": "JPEG", "quality": 92, "progressive": True},
    "webp": {"format": "WEBP", "quality": 90, "method": 2},
    "png": {"format": "PNG", "compress_level": 3},
    "heic": {"format": "HEIF", "quality": 85},
}
Size = tuple[int, int]
Judge = Callable[[Path, Path], float]
Way = Callable[[bytes, Size], Image.Image]


def by_mode(mode: RenderMode) -> Way:
    def way(source: bytes, size: Size) -> Image.Image:
        plan = Plan(resize=Resize(*size, Fit.FILL), output=Output(encoding=Encoding(mode=mode)))
        decoder = open_image(memoryview(source), Limits(), plan.input)
        job = resolve_job(decoder.header, plan, Limits())
        frame = decode_frame(decoder, job.decode_request, Limits())
        [job] = decide_light([job], frame)
        return to_pillow(resize(frame, job))

    return way


def by_libvips(*, linear: bool) -> Way:
    def way(source: bytes, size: Size) -> Image.Image:
        small = pyvips.Image.thumbnail_buffer(source, size[0], height=size[1], size="force", linear=linear)
        return Image.frombytes("RGB", size, small.write_to_memory())

    return way


WAYS: dict[str, Way] = {
    **{mode.value: by_mode(mode) for mode in (RenderMode.FAST, RenderMode.BALANCED, RenderMode.BEST)},
    "linear": by_libvips(linear=True),
    "sharp": by_libvips(linear=False),
}


def ways_for(kind: str) -> dict[str, Way]:
    """Return the ways that can read a format: libvips' wheel has no decoder of HEVC."""
    return {name: way for name, way in WAYS.items() if kind != "heic" or name not in ("linear", "sharp")}


@dataclass
class Measured:
    """Of one way at one factor: a score and a time for each photo."""

    scores: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)


def sources(paths: list[Path], kind: str) -> Iterator[bytes]:
    for path in paths:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        scale = min(1.0, (MAX_PIXELS / (image.width * image.height)) ** 0.5)
        if scale < 1:
            image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, **FORMATS[kind])
        yield out.getvalue()


def measure(source: bytes, factor: float, rounds: int, judge: Judge, seen: dict[str, Measured]) -> None:
    """Add the score and the time of each way in ``seen``."""
    with Image.open(io.BytesIO(source)) as opened:
        full = opened.convert("RGB")
    size = (max(1, round(full.width / factor)), max(1, round(full.height / factor)))
    codes = np.asarray(full, dtype=np.float64) / 255
    wanted, _ = resample(codes, (0, 0, full.width, full.height), size, alpha=False)
    times: dict[str, list[float]] = {name: [] for name in seen}
    with tempfile.TemporaryDirectory() as folder:
        reference, shown = Path(folder, "reference.png"), Path(folder, "shown.png")
        Image.fromarray((wanted * 255).round().astype(np.uint8)).save(reference, compress_level=1)
        for number in range(rounds):
            for name, found in seen.items():
                began = time.process_time()
                image = WAYS[name](source, size)
                times[name].append(1000 * (time.process_time() - began))
                if not number:
                    image.save(shown, compress_level=1)
                    found.scores.append(judge(reference, shown))
    for name, found in seen.items():
        found.ms.append(min(times[name]))


def judge_of(program: str) -> Judge:
    """Return a judge: a program that prints the score as its last word, or the package."""
    if not program:
        return lambda one, other: ssimulacra2.compute_ssimulacra2(str(one), str(other))

    def judge(one: Path, other: Path) -> float:
        return float(
            subprocess.run([program, one, other], check=True, capture_output=True, text=True).stdout.split()[-1]
        )

    return judge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--factors", default=",".join(map(str, FACTORS)))
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--judge", default="")
    options = parser.parse_args()
    pillow_heif.register_heif_opener()
    pyvips.block_untrusted_set(state=False)
    pyvips.operation_block_set("VipsForeignLoad", state=False)
    paths, judge = sorted(options.photos.iterdir()) if options.photos else originals(), judge_of(options.judge)
    for kind in options.formats.split(","):
        encoded = list(sources(paths, kind))
        print(
            f"\n{kind}: {len(encoded)} photos; score (worst), CPU ms\n\n| factor | " + " | ".join(ways_for(kind)) + " |"
        )
        print("| ---: |" + " ---: |" * len(ways_for(kind)))
        for factor in map(float, options.factors.split(",")):
            seen = {name: Measured() for name in ways_for(kind)}
            for source in encoded:
                measure(source, factor, options.rounds, judge, seen)
            cells = (f"{mean(one.scores):.1f} ({min(one.scores):.1f}), {mean(one.ms):.1f}" for one in seen.values())
            print(f"| {factor:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
