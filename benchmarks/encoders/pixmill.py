"""Pixmill's engine in each mode, in this process: all that it does between the bytes of an original and those of a result.

Encoders alone get the resampled image as a PNG without compression, and do not resize.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.encoders.encoder import (
    LOSSLESS,
    PIXMILL_QUALITIES,
    Encode,
    Encoded,
    Encoder,
    content,
    timed,
    uncompressed,
)

from pixmill import __version__
from pixmill.engine.pixels.pipeline import render
from pixmill.library.params import Compiler, texts_of
from pixmill.plan.limits import Limits
from pixmill.plan.output import RenderMode

SIDE = 512
FORMATS = ("jpeg", "webp", "avif", "jxl", "png")
COMPILER = Compiler(RenderMode.BALANCED)


def encoders() -> Iterator[Encoder]:
    for kind in FORMATS:
        qualities = LOSSLESS if kind == "png" else PIXMILL_QUALITIES
        for mode in RenderMode:
            for side in (0, SIDE) if kind != "jxl" else (0,):
                encode = rendering(kind, mode, side)
                yield Encoder(f"Pixmill {mode}", kind, qualities, encode, __version__, resizes=bool(side))


def rendering(kind: str, mode: str, side: int) -> Encode:
    size = {"width": side, "height": side} if side else {}

    def encode(image: Path, quality: float) -> Encoded:
        plan = COMPILER.plan_of_texts(texts_of({"format": kind, "mode": str(mode), "quality": int(quality), **size}))
        body = memoryview(content(image) if side else uncompressed(image))
        return timed(lambda: bytes(render(body, plan, Limits()).body))

    return encode
