"""The table of render modes (fast, balanced, best): all codec decisions by mode, with measured costs.

Photos are those of ``benchmarks/material.py`` fitted into 512 × 512 pixels, scores are mean SSIMULACRA2 against a
float64 Lanczos3 resample in linear light, times CPU milliseconds. All modes resample in linear light unless the plan
mixes sRGB values: it costs less than a millisecond and is worth 4 to 8 points.

Decoding: stored pixels per target pixel, then the score before encoding of a JPEG scaled by libjpeg-turbo to a half, a
quarter and an eighth, with ``LIGHT_COMPENSATION`` and ``DROOP_COMPENSATION``, and that of libvips' thumbnail in linear
light, which decodes in full (six photos of 6 to 8 megapixels, in brackets the worst):

     5.0   94.8 (94.2)                                94.4 (93.4)
     6.5   95.4 (94.9)   92.1 (86.9)                  94.1 (93.1)
     9.0   96.2 (95.6)   93.7 (89.4)                  94.5 (94.1)
    12.0   96.7 (96.1)   94.6 (91.0)   89.6 (84.2)    94.0 (93.5)
    16.0   97.1 (96.3)   95.4 (92.1)   91.6 (87.2)    94.6 (93.7)
    22.0   96.9 (96.1)   96.1 (94.5)   94.3 (91.3)    93.8 (88.1)
    30.0   97.2 (96.2)   96.3 (94.2)   94.8 (90.1)    94.2 (91.9)

The next larger scale takes 1.1 to 1.2 times the time of a quarter for a half, 1.4 to 1.9 times for all pixels, and 1.2
times that of an eighth for a quarter. ``best`` takes the scale that is ahead of libvips, ``balanced`` one that is less.

The other scales of libjpeg-turbo (3/8, 5/8, 6/8) have no SIMD code and cost more than the next larger one: 17.4 for
3/8, 15.5 for 1/2.

Encoding, the default and the alternative:

- JPEG at 512 pixels: 1.4, of which computed Huffman tables 0.15 for 6 % fewer bytes; ``progressive_jpeg`` 2.8 for 2.5 %
  fewer. libjpeg-turbo in its place: 0.7 for 18 % more bytes; ``optimize_huffman`` 1.5 for 4 % fewer
- WebP at 512 pixels: 9.6; bytes at equal score with method 4 5 % less in 20.3, with 6 7 % less in 49.8, with 1 11 %
  more in 8.1 (means of twelve photos that are not those above, at qualities 50 to 80)
- AVIF, the same: 18.4; speed 8 14 % less in 78, speed 7 17 % less in 119; of the nine photos above 6 and 10 % less.
  Photos with large even areas gain 20 to 40 %, those full of detail 1 to 8.
- AVIF of graphics at 512 pixels: speed 9 15.7; speed 8 32 % fewer bytes in 50, speed 7 42 % fewer in 94, all with 4:4:4
- PNG at 512 × 346: 12.8 and 247 kB; in ``fast`` 5.0 and 257, in ``best`` 65 and 237
- GIF: 161; effort 7 322 for 9 % fewer bytes
- HEIC at 800 × 541: 87; veryfast 288 for 5 % fewer bytes and 1.4 points more

Knows numbers only, no library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pixmill.engine.raster.frame import Compensation
from pixmill.media import Format
from pixmill.plan.ops import DecodeScaling
from pixmill.plan.output import RenderMode

LIGHT_COMPENSATION: Final[Mapping[int, float]] = {1: 0.0, 2: 0.09, 4: 0.12, 8: 0.16}
"""Share of the squared differences that is restored as light after a decoder scaled by this factor in gamma space
(``pixels/resample/_resample_compensation.h``). The best scores from 0.03 to 0.3: photos with much texture need twice as
much, smooth ones half. Costs 0.4 ms for a halved JPEG of 2 megapixels, which ``fast`` saves."""

DROOP_COMPENSATION: Final[Mapping[int, float]] = {1: 0.0, 2: 0.031, 4: 0.039, 8: 0.041}
"""Sharpening of the filter after a decoder scaled by this factor: (1 - s⁻²) / 24.

Scaled pixels of libjpeg-turbo are means of s × s ones, whose contrast at low frequencies f falls by
(1 - s⁻²) (πf)² / 6. Costs nothing."""

_NO_COMPENSATION: Final[Mapping[int, float]] = dict.fromkeys(LIGHT_COMPENSATION, 0.0)

ShrinkThresholds = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class ModeParameters:
    """What codecs do in one mode.

    - ``shrink_thresholds``: (stored pixels per target pixel, scale) from which a JPEG or WebP is scaled while decoding
    - ``light_compensation``: share of the lost light to restore, by scale
    - ``optimize_huffman``: compute Huffman tables for each JPEG of libjpeg-turbo; jpegli always does
    - ``progressive_jpeg``: write JPEGs of jpegli progressively even if the request does not ask for it
    - ``default_efforts``: the encoder's own effort if the request has none
    - ``demanding_efforts``: the same for graphics, cut-outs and small images, where it differs
    """

    shrink_thresholds: ShrinkThresholds
    light_compensation: Mapping[int, float]
    optimize_huffman: bool
    progressive_jpeg: bool
    default_efforts: Mapping[Format, int]
    demanding_efforts: Mapping[Format, int]
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


def compensation(mode: RenderMode, scaling: DecodeScaling, shrink: int) -> Compensation:
    """Return what is to be made up for after a decoder scaled by ``shrink``.

    With the factors of another service its pixels are wanted, which are softer.
    """
    droop = DROOP_COMPENSATION[shrink] if scaling is DecodeScaling.AUTO else 0.0
    return Compensation(MODES[mode].light_compensation[shrink], droop)


def max_shrink(thresholds: ShrinkThresholds, factor: float) -> int:
    """The largest scale allowed while decoding, for ``factor`` stored pixels per target pixel."""
    return next((shrink for min_factor, shrink in thresholds if factor >= min_factor), 1)


MODES: Final[Mapping[RenderMode, ModeParameters]] = {
    RenderMode.FAST: ModeParameters(
        shrink_thresholds=((10.5, 8), (4.5, 4), (2.25, 2)),
        light_compensation=_NO_COMPENSATION,
        optimize_huffman=False,
        progressive_jpeg=False,
        default_efforts={Format.WEBP: 1, Format.AVIF: 10, Format.PNG: 0, Format.GIF: 1, Format.JXL: 1},
        demanding_efforts={},
        x265_preset="ultrafast",
    ),
    RenderMode.BALANCED: ModeParameters(
        shrink_thresholds=((12.0, 8), (5.25, 4), (2.5, 2)),
        light_compensation=LIGHT_COMPENSATION,
        optimize_huffman=False,
        progressive_jpeg=False,
        default_efforts={Format.WEBP: 2, Format.AVIF: 9, Format.PNG: 5, Format.GIF: 1, Format.JXL: 4},
        demanding_efforts={Format.AVIF: 8, Format.WEBP: 4},
        x265_preset="ultrafast",
    ),
    RenderMode.BEST: ModeParameters(
        shrink_thresholds=((20.0, 4), (4.75, 2)),
        light_compensation=LIGHT_COMPENSATION,
        optimize_huffman=True,
        progressive_jpeg=True,
        default_efforts={Format.WEBP: 6, Format.AVIF: 7, Format.PNG: 8, Format.GIF: 7, Format.JXL: 7},
        demanding_efforts={Format.AVIF: 6},
        x265_preset="veryfast",
    ),
}

_JPEG_THRESHOLDS: Final[Mapping[DecodeScaling, ShrinkThresholds]] = {
    DecodeScaling.NONE: (),
    DecodeScaling.SHARP: SHRINK_BY_SHARP,
    DecodeScaling.PILLOW: SHRINK_BY_PILLOW,
}
