"""Parameters for the quality and the maximum bytes of the result."""

from typing import Final

from pixmill.dialects.native.grammars.quality import QualityGrammar, QualityTarget
from pixmill.dialects.native.grammars.quantities import ByteCount
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice
from pixmill.dialects.native.param import Group, Param
from pixmill.plan.ops import Output

DEFAULT_QUALITY: Final = Output().quality

_MIN_BYTES: Final = 100

PARAMS = (
    Param(
        "quality",
        Group.OUTPUT,
        QualityGrammar(),
        "Visual quality, 1–100, on the same scale for all lossy formats (80 looks the same in JPEG, WebP and AVIF). "
        "`auto` finds, in at most three encodings, the quality at which this image has the score (SSIMULACRA2) of "
        "photographs at 80, or at N with `auto:N`. For animations, `auto` means 80 and `auto:N` means N.",
        ("75", "auto", "auto:60"),
        default=str(DEFAULT_QUALITY),
        aliases=("q",),
    ),
    Param(
        "max_bytes",
        Group.OUTPUT,
        ByteCount(_MIN_BYTES),
        "Maximum size of the result, in bytes or with a unit. The quality (in PNG, GIF and ICO the number of colours) "
        "is reduced until it fits, in at most seven encodings. If the limit cannot be met (or the output is an "
        "animation, lossless, TIFF or BMP over the limit) the request fails with 422 `result_too_large`, which reports "
        "the smallest size reached.",
        ("30000", "300kB"),
        unit="bytes",
    ),
    Param(
        "max_bytes_strict",
        Group.OUTPUT,
        Choice(FLAGS),
        "What happens if the result cannot be made as small as `max_bytes`: with `false` the smallest one is sent "
        "instead of an error.",
        ("false",),
        default="true",
        is_advanced=True,
    ),
)


def quality_of(quality: int | QualityTarget) -> tuple[int, int]:
    """Compile the quality, and the target of a search for it, 0 for none."""
    return (quality, 0) if isinstance(quality, int) else (DEFAULT_QUALITY, quality.quality)
