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

jpegli, which writes JPEGs where it is installed, was measured on the 16 photographs of these packages at 512 pixels:
the quality of the same mean score as libjpeg-turbo's in 4:2:0, and the bytes at the same score of each photo.
Butteraugli finds the same qualities within 2 in 4:2:0, and needs 2 less in 4:4:4. A grey image has the qualities of
4:4:4 (six photos, within 2).

    libjpeg-turbo    jpegli 4:2:0, bytes    progressive    4:4:4, bytes    Butteraugli: 4:2:0, 4:4:4, bytes
    39   58.7        33   0.77              0.75           28   0.87       0.82  0.88
    58   68.1        59   0.80              0.78           51   0.88       0.83  0.88
    77   77.3        78   0.85              0.82           74   0.90       0.84  0.88
    88   83.2        88   0.83              0.81           85   0.85       0.83  0.83
    94   87.9        94   0.85              0.82           91   0.83       0.86  0.81

Drawings in 4:4:4 at 74 have 1 to 7 points more than in 4:2:0 at 77 of libjpeg-turbo, in 0.9 to 1.1 of the bytes.

The faster efforts in use here cost 0.6 points at the same quality, so one is added to it. HEIC (x265
ultrafast, 4:2:0), JPEG XL (effort 4) and the qualities below 40 of WebP and AVIF were measured on 21 photos at 512
pixels, and then looked at on 14 others; mean SSIMULACRA2 of these, and its standard deviation:

    quality   JPEG         WebP         AVIF         HEIC         JPEG XL
    25        45.1  11.6   47.1  11.0   47.8  15.3   43.1  13.7   45.2  12.5
    40        61.1  10.1   60.2   7.4   60.9  11.1   58.7   9.2   61.0   8.1
    55        67.8   8.5   68.2   5.4   68.5   8.4   67.5   6.7   68.9   6.0
    70        73.5   7.1   72.9   4.2   73.4   6.6   72.6   5.4   74.2   4.2
    80        78.1   5.5   77.9   3.1   77.9   4.5   76.9   4.0   78.8   3.4
    90        83.7   3.4   83.8   2.1   84.3   2.7   83.3   2.5   84.9   2.1

In grey, the first 21 have 4 to 7 points more at 80, 82 to 84 in all formats. Knows numbers only.
"""

from bisect import bisect_right

from pixmill.media import Format
from pixmill.plan.output import QualityScale, Subsampling

Knots = tuple[tuple[int, int], ...]

_JPEG_KNOTS: Knots = ((1, 1), (20, 20), (40, 39), (60, 58), (80, 77), (90, 88), (95, 94), (100, 100))
"""(Quality, libjpeg quality that looks the same)."""

_JPEGLI_KNOTS: dict[Subsampling, Knots] = {
    Subsampling.S420: (
        *((1, 1), (10, 5), (20, 13), (30, 22), (39, 34), (50, 51), (58, 59), (70, 71), (77, 78), (85, 85), (100, 100)),
    ),
    Subsampling.S422: (
        *((1, 1), (10, 5), (20, 13), (30, 22), (39, 33), (50, 49), (58, 58), (70, 71), (77, 78), (85, 85), (100, 100)),
    ),
    Subsampling.S444: (
        *((1, 1), (10, 5), (20, 12), (30, 20), (39, 28), (50, 42), (58, 51), (65, 58), (70, 65)),
        *((77, 74), (82, 78), (85, 81), (88, 85), (91, 88), (94, 91), (97, 94), (100, 100)),
    ),
}
"""(libjpeg quality, jpegli quality that looks the same)."""

_FORMAT_KNOTS: dict[Format, Knots] = {
    Format.JPEG: ((1, 1), (100, 100)),
    Format.WEBP: ((1, 1), (20, 13), (35, 34), (50, 57), (65, 74), (80, 85), (90, 93), (95, 100), (100, 100)),
    Format.AVIF: ((1, 1), (20, 30), (35, 43), (50, 48), (65, 55), (80, 67), (90, 82), (95, 94), (100, 100)),
    Format.HEIC: ((1, 1), (20, 19), (35, 29), (50, 34), (65, 38), (80, 45), (90, 54), (95, 62), (100, 80)),
    Format.JXL: ((1, 1), (20, 13), (35, 32), (50, 53), (65, 66), (80, 80), (90, 86), (95, 92), (100, 99)),
}


def codec_quality(kind: Format, quality: int, scale: QualityScale = QualityScale.PERCEIVED) -> int:
    """The quality on the encoder's own scale, interpolated linearly between the measured knots."""
    jpeg_quality = _interpolate(_JPEG_KNOTS, quality) if scale is QualityScale.PERCEIVED else quality
    return round(_interpolate(_FORMAT_KNOTS[kind], jpeg_quality))


def jpegli_quality(quality: int, subsampling: Subsampling, scale: QualityScale = QualityScale.PERCEIVED) -> int:
    """The quality on jpegli's scale, which depends on the subsampling."""
    jpeg_quality = _interpolate(_JPEG_KNOTS, quality) if scale is QualityScale.PERCEIVED else quality
    return round(_interpolate(_JPEGLI_KNOTS[subsampling], jpeg_quality))


def _interpolate(knots: Knots, position: float) -> float:
    after = min(bisect_right(knots, (position, 101)), len(knots) - 1)
    (low, low_value), (high, high_value) = knots[after - 1], knots[after]
    return low_value + (high_value - low_value) * (position - low) / (high - low)
