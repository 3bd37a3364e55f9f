"""The JPEG encoders at equal looks: measures the figures of docs/quality.md and ``engine/codecs/quality.py``.

    python benchmarks/jpeg.py [--side 512] [--judge COMMAND] FOLDER ...

Fits every photograph of the folders into a square and encodes it by libjpeg-turbo, jpegli in each mode, and mozjpeg. For
each quality it prints means: the score, the bytes relative to those of libjpeg-turbo at the same quality, the bytes
relative to those of libjpeg-turbo at the same score, interpolated for each photo, and the CPU milliseconds.

The score is SSIMULACRA2. COMMAND is another judge: it reads pairs of PNGs from standard input, a line each with a tab
between the paths, and prints a score for each.
"""

import argparse
import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Final

import ssimulacra2
from PIL import Image

from pixmill.engine.codecs import jpeg_encoder, libjpegli
from pixmill.engine.codecs.metadata import NO_METADATA
from pixmill.engine.raster.convert import from_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.plan.output import Encoding, RenderMode, Subsampling

QUALITIES: Final = (25, 40, 55, 70, 80, 90, 95)
REFERENCE: Final = "libjpeg-turbo"
REFERENCE_QUALITIES: Final = (5, 15, 25, 32, 40, 48, 55, 62, 70, 75, 80, 85, 90, 95, 98)
ROUNDS: Final = 5

Encode = Callable[[Frame, int], bytes]
Judge = Callable[[Sequence[tuple[Path, Path]]], list[float]]


def _by(frame: Frame, quality: int, encoding: Encoding, *, jpegli: bool) -> bytes:
    found, libjpegli.available = libjpegli.available, jpegli  # type: ignore[misc]  # what the encoder asks
    try:
        return jpeg_encoder.encode(frame, quality, NO_METADATA, encoding)
    finally:
        libjpegli.available = found  # type: ignore[misc]


ENCODERS: Final[dict[str, Encode]] = {
    REFERENCE: partial(_by, encoding=Encoding(subsampling=Subsampling.S420), jpegli=False),
    "jpegli": partial(_by, encoding=Encoding(), jpegli=True),
    "jpegli, fast": partial(_by, encoding=Encoding(mode=RenderMode.FAST), jpegli=True),
    "jpegli, best": partial(_by, encoding=Encoding(mode=RenderMode.BEST), jpegli=True),
    "mozjpeg": partial(
        _by,
        encoding=Encoding(
            trellis=True, deringing=True, optimize_scans=True, quant_table=3, subsampling=Subsampling.S420
        ),
        jpegli=False,
    ),
}


@dataclass
class Row:
    """What one encoder did at one quality, a value for each photo."""

    scores: list[float] = field(default_factory=list)
    same_quality: list[float] = field(default_factory=list)
    same_score: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def judge_by_package(pairs: Sequence[tuple[Path, Path]]) -> list[float]:
    return [ssimulacra2.compute_ssimulacra2(str(one), str(other)) for one, other in pairs]


def judge_by_command(command: str, pairs: Sequence[tuple[Path, Path]]) -> list[float]:
    lines = "".join(f"{one}\t{other}\n" for one, other in pairs)
    done = subprocess.run([command], input=lines, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def measure(photo: Path, side: int, judge: Judge, rows: dict[tuple[str, int], Row]) -> None:
    """Add one photo to the rows."""
    with Image.open(photo) as opened:
        image = opened.convert("RGB")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    frame = from_pillow(image)
    bodies = {(REFERENCE, quality): ENCODERS[REFERENCE](frame, quality) for quality in REFERENCE_QUALITIES}
    bodies |= {key: ENCODERS[key[0]](frame, key[1]) for key in rows}
    with tempfile.TemporaryDirectory() as scratch:
        original = Path(scratch) / "original.png"
        image.save(original)
        pairs = []
        for number, body in enumerate(bodies.values()):
            pairs.append((original, Path(scratch) / f"{number}.png"))
            Image.open(BytesIO(body)).save(pairs[-1][1], compress_level=1)
        scores = dict(zip(bodies, judge(pairs), strict=True))
    curve = sorted((scores[REFERENCE, quality], len(bodies[REFERENCE, quality])) for quality in REFERENCE_QUALITIES)
    for (encoder, quality), row in rows.items():
        length, score = len(bodies[encoder, quality]), scores[encoder, quality]
        row.scores.append(score)
        row.same_quality.append(length / len(bodies[REFERENCE, quality]))
        if curve[0][0] <= score <= curve[-1][0]:
            row.same_score.append(length / bytes_at(curve, score))
        row.cpu_ms.append(cpu_ms(partial(ENCODERS[encoder], frame, quality)))


def bytes_at(curve: list[tuple[float, int]], score: float) -> float:
    """Interpolate the logarithm of the bytes at a score."""
    for (low, small), (high, large) in pairwise(curve):
        if low <= score <= high:
            share = (score - low) / (high - low) if high > low else 0.0
            return math.exp(math.log(small) + share * math.log(large / small))
    raise ValueError(score)


def cpu_ms(encode: Callable[[], bytes]) -> float:
    def once() -> float:
        before = time.process_time()
        encode()
        return 1_000 * (time.process_time() - before)

    return min(once() for _ in range(ROUNDS))


def table(rows: dict[tuple[str, int], Row]) -> Iterator[str]:
    """Return rows of Markdown."""
    yield "| quality | encoder | score | bytes, same quality | bytes, same score | CPU ms |"
    yield "| ---: | --- | ---: | ---: | ---: | ---: |"
    for (encoder, quality), row in sorted(rows.items(), key=lambda entry: entry[0][1]):
        shares = [
            f"{statistics.geometric_mean(each):.3f}" if each else "" for each in (row.same_quality, row.same_score)
        ]
        means = statistics.mean(row.scores), statistics.mean(row.cpu_ms)
        yield f"| {quality} | {encoder} | {means[0]:.2f} | {' | '.join(shares)} | {means[1]:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--judge")
    options = parser.parse_args()
    judge = partial(judge_by_command, options.judge) if options.judge else judge_by_package
    rows = {(encoder, quality): Row() for encoder in ENCODERS for quality in QUALITIES}
    for photo in sorted(path for folder in options.folders for path in folder.glob("*.jpg")):
        measure(photo, options.side, judge, rows)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
