"""The table of render modes (fast, balanced, best): all codec decisions by mode, with measured costs.

Photos are those of ``benchmarks/material.py`` fitted into 512 × 512 pixels, scores are mean SSIMULACRA2 against a
float64 Lanczos3 resample in linear light, times CPU milliseconds. All modes resample in linear light unless the plan
mixes sRGB values: it costs less than a millisecond and is worth 4 to 8 points.

Decoding: stored pixels per target pixel, then the score of a JPEG decoded in full, scaled by libjpeg-turbo, and
scaled with ``LIGHT_COMPENSATION`` (originals of 2 megapixels for halves, of 6 for quarters):

    halved    2.5  77.3  75.7  76.1      quartered   5.0   77.0  74.1  75.1
              3.0  77.3  76.1  76.5                  5.25  76.7  74.2  75.0
              3.4  77.0  76.2  76.6                  5.5   76.9  74.4  75.4
              4.0  76.8  76.1  76.6                  6.0   76.7  74.5  75.4
              5.0  75.2  74.7  75.1                  7.0   76.8  75.1  76.0

The other scales of libjpeg-turbo (3/8, 5/8, 6/8) have no SIMD code and cost more than the next larger one: 17.4 for
3/8, 15.5 for 1/2.

Encoding, the default and the alternative:

- JPEG at 512 pixels: 0.6; ``optimize_huffman`` 1.4 for 2 % fewer bytes
- WebP at 800 × 500: 14.6; method 4 31.7 for 1.4 % fewer bytes and 0.6 points more; method 1 11.6 for 8 % more bytes
- AVIF: 21; speed 8 79 for 3 % fewer bytes and 0.5 points more
- PNG: 17 and 631 kB; level 6 and all filters 44 and 603 kB
- GIF: 161; effort 7 322 for 9 % fewer bytes
- HEIC at 800 × 541: 87; veryfast 288 for 5 % fewer bytes and 1.4 points more

Knows numbers only, no library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pixmill.media import Format
from pixmill.plan.ops import DecodeScaling
from pixmill.plan.output import RenderMode

LIGHT_COMPENSATION: Final[Mapping[int, float]] = {1: 0.0, 2: 0.25, 4: 0.4, 8: 0.4}
"""Share of the light that is restored after a decoder scaled by this factor in gamma space
(``pixels/resample/_resample_compensation.h``).

The best scores from 0 to 0.7, but somewhat lower for halves, where graphics need less. Costs 0.4 ms for a halved
JPEG of 2 megapixels, which ``fast`` saves."""

_NO_COMPENSATION: Final[Mapping[int, float]] = dict.fromkeys(LIGHT_COMPENSATION, 0.0)

ShrinkThresholds = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class ModeParameters:
    """What codecs do in one mode.

    - ``shrink_thresholds``: (stored pixels per target pixel, scale) from which a JPEG or WebP is scaled while decoding
    - ``light_compensation``: share of the lost light to restore, by scale
    - ``optimize_huffman``: compute Huffman tables for each JPEG
    - ``default_efforts``: the encoder's own effort if the request has none
    """

    shrink_thresholds: ShrinkThresholds
    light_compensation: Mapping[int, float]
    optimize_huffman: bool
    default_efforts: Mapping[Format, int]
    x265_preset: str


SHRINK_BY_SHARP: Final[ShrinkThresholds] = ((9.0, 8), (5.0, 4), (3.0, 2))
"""sharp scales by the largest power of two up to the factor, and by half of that if the factor rounds down to it."""
SHRINK_BY_PILLOW: Final[ShrinkThresholds] = ((8.0, 8), (4.0, 4), (2.0, 2))


def jpeg_thresholds(mode: RenderMode, scaling: DecodeScaling) -> ShrinkThresholds:
    """Return the factors from which a JPEG is scaled while it is decoded."""
    return MODES[mode].shrink_thresholds if scaling is DecodeScaling.AUTO else _JPEG_THRESHOLDS[scaling]


def webp_thresholds(mode: RenderMode, scaling: DecodeScaling) -> ShrinkThresholds:
    """The same for a WebP: Pillow does not scale it, and sharp to any size, which is about the same."""
    return MODES[mode].shrink_thresholds if scaling in {DecodeScaling.AUTO, DecodeScaling.SHARP} else ()


def max_shrink(thresholds: ShrinkThresholds, factor: float) -> int:
    """The largest scale allowed while decoding, for ``factor`` stored pixels per target pixel."""
    return next((shrink for min_factor, shrink in thresholds if factor >= min_factor), 1)


MODES: Final[Mapping[RenderMode, ModeParameters]] = {
    RenderMode.FAST: ModeParameters(
        shrink_thresholds=((9.0, 8), (4.5, 4), (2.25, 2)),
        light_compensation=_NO_COMPENSATION,
        optimize_huffman=False,
        default_efforts={Format.WEBP: 1, Format.AVIF: 10, Format.PNG: 1, Format.GIF: 1, Format.JXL: 1},
        x265_preset="ultrafast",
    ),
    RenderMode.BALANCED: ModeParameters(
        shrink_thresholds=((10.5, 8), (5.25, 4), (2.5, 2)),
        light_compensation=LIGHT_COMPENSATION,
        optimize_huffman=False,
        default_efforts={Format.WEBP: 2, Format.AVIF: 9, Format.PNG: 3, Format.GIF: 1, Format.JXL: 4},
        x265_preset="ultrafast",
    ),
    RenderMode.BEST: ModeParameters(
        shrink_thresholds=((11.0, 4), (4.0, 2)),
        light_compensation=LIGHT_COMPENSATION,
        optimize_huffman=True,
        default_efforts={Format.WEBP: 4, Format.AVIF: 8, Format.PNG: 6, Format.GIF: 7, Format.JXL: 7},
        x265_preset="veryfast",
    ),
}

_JPEG_THRESHOLDS: Final[Mapping[DecodeScaling, ShrinkThresholds]] = {
    DecodeScaling.NONE: (),
    DecodeScaling.SHARP: SHRINK_BY_SHARP,
    DecodeScaling.PILLOW: SHRINK_BY_PILLOW,
}
