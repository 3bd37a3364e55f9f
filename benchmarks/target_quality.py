"""Whether ``quality=auto`` meets its target: the spread of SSIMULACRA2 between photographs.

    python benchmarks/target_quality.py FOLDER [SIDE] [--judge PROGRAM]

Fits every photograph below FOLDER into SIDE × SIDE pixels (512) and encodes it with ``quality=auto:N`` and with
``quality=N``. Prints for each N and format the mean of the score less the target, its standard deviation, the worst, the
number of encodings, and the CPU time in units of one encoding. ``PROGRAM original.png result.png`` prints a score; without it
the scores are those of the search itself.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.metadata import NO_METADATA
from pixmill.engine.codecs.table import CODECS, encode_frame
from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.analysis.ssimulacra2 import Reference
from pixmill.engine.pixels.output import encoder
from pixmill.engine.pixels.output.encode import encode_output
from pixmill.engine.pixels.output.original_file import OriginalFile
from pixmill.engine.pixels.output.quality_search import target_score
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Output, Plan, Resize

FORMATS: Final = (Format.JPEG, Format.WEBP, Format.AVIF)
TARGETS: Final = (60, 70, 80, 90)


def main() -> None:
    words = sys.argv[1:]
    judge = words.pop(words.index("--judge") + 1) if "--judge" in words else ""
    folder, *sides = [word for word in words if word != "--judge"]
    side = int(sides[0]) if sides else 512
    photos = [path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in {".jpg", ".jpeg"}]
    frames = [frame_of(path, side) for path in photos]
    print(f"{len(frames)} photographs, fitted into {side} x {side}")
    print("target format   auto: mean    sd  worst  encodings  CPU    fixed: mean    sd  worst")
    for quality in TARGETS:
        for kind in FORMATS:
            print(f"{quality:6} {kind:6}", row(frames, kind, quality, judge), flush=True)


def row(frames: list[Frame], kind: Format, quality: int, judge: str) -> str:
    found, fixed, counts, costs = [], [], [], []
    for frame in (replace(one, format=kind) for one in frames):
        started = time.process_time()
        once = encode_frame(frame, quality, NO_METADATA)
        single_s = time.process_time() - started
        started = time.process_time()
        body, count = at_target(frame, quality)
        costs.append((time.process_time() - started) / single_s)
        counts.append(count)
        for encoded, misses in ((body, found), (once, fixed)):
            misses.append(score(frame, encoded, kind, judge) - target_score(quality))
    return (
        f"{statistics.mean(found):+11.2f} {statistics.pstdev(found):5.2f} {min(found):+6.1f} {statistics.mean(counts):10.2f}"
        f" {statistics.mean(costs):4.1f} {statistics.mean(fixed):+12.2f} {statistics.pstdev(fixed):5.2f} {min(fixed):+6.1f}"
    )


def at_target(frame: Frame, quality: int) -> tuple[bytes, int]:
    """Return the result of ``quality=auto``, and the number of encodings that it took."""
    calls, encode = [], encoder.encode_still

    def counted(*arguments: Any) -> bytes:
        calls.append(arguments)
        return encode(*arguments)

    with patch.object(encoder, "encode_still", counted):
        output = Output(formats=(frame.format,), target_quality=quality)
        body = encode_output(frame, output, NO_METADATA, OriginalFile(Format.JPEG, 10**9, frame.size)).body
    return body, len(calls)


def frame_of(path: Path, side: int) -> Frame:
    plan = Plan(
        resize=Resize(width=side, height=side, fit=Fit.INSIDE, enlarge=False), output=Output(formats=(Format.PNG,))
    )
    frame = decode_body(render(memoryview(path.read_bytes()), plan, Limits()).body, Format.PNG)
    return replace(frame, is_graphic=is_graphic(frame))


def score(frame: Frame, body: bytes, kind: Format, judge: str) -> float:
    shown = decode_body(body, kind)
    if not judge:
        return Reference(frame).score(shown)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("a.png", "b.png")]
        for image, path in zip((frame, shown), paths, strict=True):
            to_pillow(image).convert("RGB").save(path, compress_level=1)
        return float(subprocess.check_output([judge, *paths]))


def decode_body(body: bytes, kind: Format) -> Frame:
    decoder = CODECS[kind].open(memoryview(body))
    size = decoder.header.size
    return decoder.decode(DecodeRequest(Area(0, 0, size.width, size.height), size))


if __name__ == "__main__":
    main()
