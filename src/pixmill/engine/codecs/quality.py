"""One perceptual quality scale: maps 1 to 100 to each encoder's own.

A quality looks the same in all formats, and like a JPEG of common servers. Most servers resample in gamma space,
which costs 4 to 8 points of SSIMULACRA2 before encoding. Their quality 80 is therefore surpassed here with a lower
encoder quality (``_JPEG_KNOTS``). Nine photos of ``benchmarks/material.py``, 2 megapixels into 512 × 512 pixels:
score and bytes of those servers (gamma space, optimised tables, method 4, speed 6) at 80, 75 and 65, and of Pixmill
at several encoder qualities:

    JPEG     80       69.9  30,101        WebP     75       63.4  19,761        AVIF     65       69.9  20,037
         80  76.3  31,158              75  68.3  20,757              65  75.1  21,654
         78  75.4  29,660              72  67.4  19,936              63  74.4  20,848
         77  75.0  28,835              70  66.6  19,408              61  72.6  19,146
         75  73.5  27,181              68  65.9  18,985

So 80 maps to 77 for libjpeg: 5 points above the usual 80 in 4 % fewer bytes; optimised Huffman tables would save
another 2 % in 0.5 ms.

The qualities at which other formats match a JPEG were measured on four photos (sunset, life, seeding, Bridge of
Debian's lomiri-wallpapers) at 800 pixels, mean SSIMULACRA2 and bytes; JPEG with 4:2:0, WebP with method 4, AVIF
with speed 8 and 4:2:0:

    JPEG     score  bytes     WebP of the same score, bytes    AVIF of the same score, bytes
    20       27.9   20,072    20     1.03                      24     0.49
    35       52.0   30,045    35     0.93                      39     0.58
    50       62.8   38,186    56     0.97                      47     0.66
    65       69.6   48,086    73     0.95                      54     0.66
    80       77.9   67,450    84     0.96                      66     0.71
    90       84.9  100,233    92     1.02                      81     0.76
    95       88.9  142,822   100     1.14                      93     0.90

The faster efforts in use here cost 0.6 points at the same quality, so one is added to it. HEIC (x265 ultrafast,
4:2:0) and JPEG XL (effort 4) were measured on four photos of ``examples/photos``; they have 0.53 to 0.82 and 0.59
to 0.70 of the bytes of the JPEG. Knows numbers only.
"""

from bisect import bisect_right

from pixmill.media import Format
from pixmill.plan.output import QualityScale

Knots = tuple[tuple[int, int], ...]

_JPEG_KNOTS: Knots = ((1, 1), (20, 20), (40, 39), (60, 58), (80, 77), (90, 88), (95, 94), (100, 100))
"""(Quality, libjpeg quality that looks the same)."""

_FORMAT_KNOTS: dict[Format, Knots] = {
    Format.JPEG: ((1, 1), (100, 100)),
    Format.WEBP: ((1, 1), (20, 20), (35, 36), (50, 57), (65, 74), (80, 85), (90, 93), (95, 100), (100, 100)),
    Format.AVIF: ((1, 1), (20, 25), (35, 40), (50, 48), (65, 55), (80, 67), (90, 82), (95, 94), (100, 100)),
    Format.HEIC: ((1, 1), (20, 20), (35, 31), (50, 36), (65, 42), (80, 49), (90, 57), (95, 65), (100, 80)),
    Format.JXL: ((1, 1), (20, 9), (35, 32), (50, 53), (65, 66), (80, 80), (90, 86), (95, 92), (100, 99)),
}


def codec_quality(kind: Format, quality: int, scale: QualityScale = QualityScale.PERCEIVED) -> int:
    """The quality on the encoder's own scale, interpolated linearly between the measured knots."""
    jpeg_quality = _interpolate(_JPEG_KNOTS, quality) if scale is QualityScale.PERCEIVED else quality
    return round(_interpolate(_FORMAT_KNOTS[kind], jpeg_quality))


def _interpolate(knots: Knots, position: float) -> float:
    after = min(bisect_right(knots, (position, 101)), len(knots) - 1)
    (low, low_value), (high, high_value) = knots[after - 1], knots[after]
    return low_value + (high_value - low_value) * (position - low) / (high - low)
