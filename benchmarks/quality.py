"""The meaning of ``quality`` in each format: measures the figures of docs/quality.md.

    python benchmarks/quality.py [WIDTH ...]

Resizes every photograph in examples/photos to each WIDTH (800, and 400) and encodes it at several qualities. For each
quality and format it prints means: SSIMULACRA2 as seen in a browser, and bytes relative to the JPEG's.
"""

import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import ssimulacra2

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.table import CODECS, encode_frame
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"
FORMATS = (Format.JPEG, Format.WEBP, Format.AVIF)
QUALITIES = (25, 40, 55, 70, 80, 90)
WIDTHS = (800, 400)


@dataclass(frozen=True)
class Sample:
    """One image in one format at one quality."""

    format: Format
    quality: int
    score: float
    bytes: int


def samples(photo: Path, width: int, scratch: Path) -> Iterator[Sample]:
    """Return one image in all formats and qualities."""
    plan = Plan(resize=Resize(width=width), output=Output(formats=(Format.PNG,)))
    frame = decode_body(render(memoryview(photo.read_bytes()), plan, Limits()).body, Format.PNG)
    encode_by_pixmill(frame, scratch / "original.png")
    for kind in FORMATS:
        for quality in QUALITIES:
            body = encode_frame(replace(frame, format=kind), quality, RetainedMetadata())
            actual = decode_body(body, kind)
            encode_by_pixmill(actual, scratch / "seen.png")
            score = ssimulacra2.compute_ssimulacra2(str(scratch / "original.png"), str(scratch / "seen.png"))
            yield Sample(kind, quality, score, len(body))


def decode_body(body: bytes, kind: Format) -> Frame:
    image = CODECS[kind].open(memoryview(body))
    size = image.header.size
    return image.decode(DecodeRequest(Area(0, 0, size.width, size.height), size))


def encode_by_pixmill(frame: Frame, path: Path) -> None:
    to_pillow(frame).convert("RGB").save(path)


def table(found: list[Sample]) -> Iterator[str]:
    """Return rows of Markdown."""
    yield "| quality | " + " | ".join(f"{kind} | bytes" for kind in FORMATS) + " |"
    yield "| ---: |" + " ---: | ---: |" * len(FORMATS)
    for quality in QUALITIES:
        rows = {kind: [each for each in found if (each.format, each.quality) == (kind, quality)] for kind in FORMATS}
        yield f"| {quality} | " + " | ".join(cells(row, rows[Format.JPEG]) for row in rows.values()) + " |"


def cells(row: list[Sample], jpegs: list[Sample]) -> str:
    parts = [math.log(each.bytes / jpeg.bytes) for each, jpeg in zip(row, jpegs, strict=True)]
    scores = [each.score for each in row]
    share = math.exp(statistics.mean(parts))
    return f"{statistics.mean(scores):.1f} | {share:.2f}"


def main() -> None:
    widths = [int(word) for word in sys.argv[1:]] or WIDTHS
    with tempfile.TemporaryDirectory() as scratch:
        photos = sorted(PHOTOS.glob("*.jpg"))
        found = [each for photo in photos for width in widths for each in samples(photo, width, Path(scratch))]
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
