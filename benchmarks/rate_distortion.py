"""Rate and distortion of Pixmill's encoders beside others: bytes and CPU time at equal score, by two judges.

    python -m benchmarks.rate_distortion
    python -m benchmarks.rate_distortion --sets photos,aside --formats jpeg --encoders "Pixmill balanced,jpegli"

Two comparisons. Encoders alone: all get the same image, a float64 Lanczos3 resample in linear light of the decoded
original into 512 × 512 pixels, and are judged against it. Whole jobs: original to result with everybody's own decoding
and resampling, judged against the same resample. Sets: photos of the benchmarks (``photos``), of other cameras, which
nothing was tuned on (``aside``), and screenshots, charts and logos (``drawn``).

Every encoder has points at several of its own qualities; bytes and CPU time at a score are interpolated between them,
as logarithms, image by image. Ratios are geometric means over the images where both encoders reach the score. All
encoders run by turns, image by image, on one thread. Points are kept in the folder of the benchmarks, so that some
encoders can be measured again; ``rate_distortion.json`` has their summary. Tables are printed.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import rate_tables
from benchmarks.bench import processor
from benchmarks.encoders import commands, pixmill, sharp, wheels
from benchmarks.encoders.encoder import Encoder
from benchmarks.graphics import graphics
from benchmarks.judging import Judges, Verdict, reference_of, shown
from benchmarks.material import HOME, aside, photos

POINTS = HOME / "rate_distortion"
RESULTS = Path(__file__).with_suffix(".json")
SIDE = 512
SAME = Verdict(100.0, 0.0)
"""Of lossless results of encoders alone."""

Point = dict[str, Any]


def main() -> None:
    options = parse_options()
    chosen = [encoder for encoder in encoders() if is_chosen(encoder, options)]
    POINTS.mkdir(parents=True, exist_ok=True)
    with Judges() as judges:
        for name in options.sets.split(","):
            for kind in options.formats.split(","):
                found = list(measure(name, [each for each in chosen if each.format == kind], judges, options.limit))
                keep(name, kind, found)
    write(rate_tables.rows(stored()))


def keep(name: str, kind: str, found: list[Point]) -> None:
    """Store points, and those of encoders that were not measured again."""
    file, again = POINTS / f"{name}-{kind}.json", {encoder_of(point) for point in found}
    old = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps([point for point in old if encoder_of(point) not in again] + found))


def encoder_of(point: Point) -> tuple[str, bool]:
    return point["encoder"], point["resizes"]


def stored() -> Iterator[Point]:
    for file in sorted(POINTS.glob("*.json")):
        yield from json.loads(file.read_text())


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", default="photos,aside,drawn")
    parser.add_argument("--formats", default="jpeg,webp,avif,png,jxl")
    parser.add_argument("--encoders", default="", help="parts of names, all by default")
    parser.add_argument("--limit", type=int, default=0, help="the number of images of each set; all by default")
    return parser.parse_args()


def is_chosen(encoder: Encoder, options: argparse.Namespace) -> bool:
    names = options.encoders.split(",")
    return encoder.format in options.formats.split(",") and any(name in encoder.name for name in names)


def encoders() -> Iterator[Encoder]:
    yield from pixmill.encoders()
    yield from wheels.encoders()
    yield from sharp.encoders()
    yield from commands.encoders()


def images(name: str) -> list[Path]:
    """Return the originals of a set."""
    if name == "photos":
        return sorted((photos() / "2" / "jpeg").iterdir())
    return aside() if name == "aside" else graphics()


def measure(name: str, chosen: Sequence[Encoder], judges: Judges, limit: int) -> Iterator[Point]:
    """Yield the points of one set: one for each image, encoder and quality."""
    if not chosen:
        return
    for source in images(name)[: limit or None]:
        reference = reference_of(source, fitted(source))
        print(f"{chosen[0].format}: {source}", flush=True)
        for number in range(max(len(encoder.qualities) for encoder in chosen)):
            for encoder in chosen:
                if number < len(encoder.qualities):
                    yield point(name, source, reference, encoder, encoder.qualities[number], judges)


def fitted(source: Path) -> tuple[int, int]:
    width, height = shown(source.read_bytes()).size
    factor = min(1.0, SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def point(name: str, source: Path, reference: Path, encoder: Encoder, quality: float, judges: Judges) -> Point:
    encoded = encoder.encode(source if encoder.resizes else reference, quality)
    lossless = encoder.format == "png" and not encoder.resizes
    verdict = SAME if lossless else judges.verdict(reference, encoded.body)
    return {
        "set": name,
        "image": reference.stem,
        "format": encoder.format,
        "encoder": encoder.name,
        "version": encoder.version,
        "resizes": encoder.resizes,
        "quality": quality,
        "bytes": len(encoded.body),
        "cpu_ms": round(encoded.cpu_ms, 2),
        "ssimulacra2": round(verdict.ssimulacra2, 2),
        "butteraugli": round(verdict.butteraugli, 3),
    }


def write(rows: Sequence[rate_tables.Row]) -> None:
    """Write the summary, one row a line, and print it."""
    machine = f"{processor()}, {os.cpu_count()} cores"
    head = {"date": datetime.now(UTC).date().isoformat(), "machine": machine}
    lines = ",\n".join(json.dumps(row) for row in rows)
    RESULTS.write_text(json.dumps(head, indent=1)[:-2] + f',\n "rows": [\n{lines}\n]}}\n')
    print("\n".join(rate_tables.tables(rows)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
