"""Which format of animations ``format=auto`` chooses, beside the smallest of those that it may choose at the same look.

    python -m benchmarks.automatic_animations FOLDER [KIND ...]

FOLDER is written by ``benchmarks/kinds.py``. Prints for each animation and each set of accepted formats the format
chosen, its bytes, by how much it is larger than the smallest, the score, and CPU time. The score is the mean SSIMULACRA2
of three frames, as ``quality=auto`` estimates it; bytes of lossy formats are interpolated between three qualities, at
the score of the result, or at that of a photograph at quality 80 if the result is lossless.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from benchmarks.automatic import LOSSLESS, Curve, rising
from PIL import Image

from pixmill.engine.pixels.analysis.ssimulacra2 import Reference
from pixmill.engine.pixels.output.quality_search import target_score
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.convert import from_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan
from pixmill.ports.values import Rendered

ACCEPTS: Final[dict[str, tuple[Format, ...]]] = {
    "AVIF, WebP": (Format.AVIF, Format.WEBP),
    "WebP": (Format.WEBP,),
    "neither": (),
}
QUALITIES: Final = (60, 80, 93)
NEARLY_LOSSLESS: Final = 95


def main() -> None:
    folder, *named = sys.argv[1:]
    worst: dict[str, dict[str, float]] = {accept: {} for accept in ACCEPTS}
    for path in sorted(Path(folder).glob("animations/*/*.webp")):
        kind = path.parent.name
        if named and kind not in named:
            continue
        for accept, ratio, row in choices(memoryview(path.read_bytes())):
            worst[accept][kind] = max(ratio, worst[accept].get(kind, 0.0))
            print(f"{kind:12} {path.stem} {accept:11} {row}", flush=True)
    for accept, ratios in worst.items():
        within = sum(ratio <= 1.1 for ratio in ratios.values())
        print(f"{accept}: {within} of {len(ratios)} kinds within 10 %, worst {max(ratios.values()):.2f}")


def choices(original: memoryview) -> Iterator[tuple[str, float, str]]:
    references = [Reference(frame) for frame in sampled_frames(original)]

    def score(body: memoryview) -> float:
        pairs = zip(references, sampled_frames(body), strict=True)
        return statistics.mean(reference.score(frame) for reference, frame in pairs)

    curves: dict[str, Curve] = {}
    for kind in (Format.AVIF, Format.WEBP):
        bodies = [animation(original, formats=(kind,), quality=quality).body for quality in QUALITIES]
        curves[kind] = Curve(rising([(score(body), len(body)) for body in bodies]))
    lossless = animation(original, formats=(Format.WEBP,), encoding=LOSSLESS).body
    curves["webp lossless"] = Curve([(100.0, len(lossless))])
    gif = animation(original, formats=(Format.GIF,)).body
    curves["gif"] = Curve([(100.0, len(gif))])  # its loss by dithering is not counted
    for accept, formats in ACCEPTS.items():
        started = time.process_time()
        result = animation(original, formats=formats, negotiated=True)
        cpu_ms = 1e3 * (time.process_time() - started)
        reached = score(result.body)
        look = target_score(80) if reached > NEARLY_LOSSLESS else reached
        allowed = [name for name in curves if name == "gif" or Format(name.split()[0]) in formats]
        sizes = {name: curves[name].bytes_at(look) for name in allowed}
        best = min(sizes, key=sizes.__getitem__)
        ratio = len(result.body) / sizes[best]
        each = ", ".join(f"{name} {size:.0f}" for name, size in sizes.items())
        row = f"{result.format:5} {len(result.body):7} {ratio:5.2f} ({best}) {reached:5.1f} {cpu_ms:6.0f} ms  {each}"
        yield accept, ratio, row


def animation(original: memoryview, **output: object) -> Rendered:
    return render(original, Plan(output=Output(**output)), Limits())  # type: ignore[arg-type] # words for Output


def sampled_frames(body: memoryview) -> Iterator[Frame]:
    """Yield the first frame, that in the middle, and the last but one."""
    with Image.open(BytesIO(body)) as opened:
        count = getattr(opened, "n_frames", 1)
        for number in (0, count // 2, max(0, count - 2)):
            opened.seek(number)
            yield from_pillow(opened.convert("RGBA"))


if __name__ == "__main__":
    main()
