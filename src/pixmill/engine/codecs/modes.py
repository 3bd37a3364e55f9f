"""What each mode does: the one table. Everything that a codec decides by the mode stands here, with what it was measured to cost.

Photographs are those of ``benchmarks/material.py`` fitted into 512 × 512 pixels, scores are mean SSIMULACRA2 against a float64 Lanczos3 resample in
linear light, times CPU milliseconds. All modes resample in linear light: it costs less than a millisecond and is worth 4 to 8 points.

Decoding, the score of a JPEG that is decoded in full, and of one scaled by libjpeg-turbo, before and after ``LOST_LIGHT`` is given back, by how many
stored pixels meet in a wanted one (originals of 2 megapixels for halves, of 6 for quarters):

    halved    2.5  77.3  75.7  76.1      quartered   5.0   77.0  74.1  75.1
              3.0  77.3  76.1  76.5                  5.25  76.7  74.2  75.0
              3.4  77.0  76.2  76.6                  5.5   76.9  74.4  75.4
              4.0  76.8  76.1  76.6                  6.0   76.7  74.5  75.4
              5.0  75.2  74.7  75.1                  7.0   76.8  75.1  76.0

The other scales of libjpeg-turbo (3/8, 5/8, 6/8) have no vector code and cost more than the next larger one: 17.4 for 3/8 where 1/2 takes 15.5.

Encoding: ``own_tables`` 1.4 for 0.6 and 2 % less bytes at 512 pixels. WebP at 800 × 500 pixels takes 14.6, with method 4 31.7 for 1.4 % less bytes and 0.6
points more, with 1 11.6 for 8 % more bytes. AVIF takes 21, with speed 8 79 for 3 % less bytes and 0.5 points more. PNG takes 17 and 631 kB, with level 6 and all
filters 44 and 603 kB. GIF takes 161, with 7 322 for 9 % less bytes. HEIC takes 87 at 800 × 541, with veryfast 288 for 5 % less bytes and 1.4 points more.

Knows numbers. Must never know a library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pixmill.media import Format
from pixmill.plan.output import RenderMode

LIGHT_COMPENSATION: Final[Mapping[int, float]] = {1: 0.0, 2: 0.25, 4: 0.4, 8: 0.4}
"""How much of the light that a decoder lost by scaling codes by so much is given back (``pixels/resample/_resample_compensation.h``): what scored best from 0 to 0.7,
a bit less where halved, where drawings are better off with less. It takes 0.4 where a JPEG of 2 megapixels is halved, which ``fast`` saves."""

_NO_COMPENSATION: Final[Mapping[int, float]] = dict.fromkeys(LIGHT_COMPENSATION, 0.0)

ShrinkThresholds = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class ModeParameters:
    """``shrinks``: from how many stored pixels for a wanted one on a decoder may scale by how much (JPEG, WebP); ``small_copies``: whether a small
    copy within a HEIC may be taken, which is the more compressed;
    ``lost_light``: how much of the light lost by scaling is given back, by the scale;
    ``own_tables``: whether a JPEG has Huffman tables of its own; ``efforts``: the encoder's own number where no effort is asked for;
    ``heic``: the preset of x265.
    """

    shrink_thresholds: ShrinkThresholds
    use_thumbnails: bool
    light_compensation: Mapping[int, float]
    optimize_huffman: bool
    default_efforts: Mapping[Format, int]
    x265_preset: str


def max_shrink(thresholds: ShrinkThresholds, factor: float) -> int:
    """The most that may be scaled by while decoding, where ``factor`` stored pixels meet in one wanted pixel."""
    return next((shrink for min_factor, shrink in thresholds if factor >= min_factor), 1)


MODES: Final[Mapping[RenderMode, ModeParameters]] = {
    RenderMode.FAST: ModeParameters(
        shrink_thresholds=((9.0, 8), (4.5, 4), (2.25, 2)),
        use_thumbnails=True,
        light_compensation=_NO_COMPENSATION,
        optimize_huffman=False,
        default_efforts={Format.WEBP: 1, Format.AVIF: 10, Format.PNG: 1, Format.GIF: 1, Format.JXL: 1},
        x265_preset="ultrafast",
    ),
    RenderMode.BALANCED: ModeParameters(
        shrink_thresholds=((10.5, 8), (5.25, 4), (2.5, 2)),
        use_thumbnails=True,
        light_compensation=LIGHT_COMPENSATION,
        optimize_huffman=False,
        default_efforts={Format.WEBP: 2, Format.AVIF: 9, Format.PNG: 3, Format.GIF: 1, Format.JXL: 4},
        x265_preset="ultrafast",
    ),
    RenderMode.BEST: ModeParameters(
        shrink_thresholds=((11.0, 4), (4.0, 2)),
        use_thumbnails=False,
        light_compensation=LIGHT_COMPENSATION,
        optimize_huffman=True,
        default_efforts={Format.WEBP: 4, Format.AVIF: 8, Format.PNG: 6, Format.GIF: 7, Format.JXL: 7},
        x265_preset="veryfast",
    ),
}
