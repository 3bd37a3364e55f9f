"""One scale of looks: what each codec must be told so that 1 to 100 means what it means in a JPEG.

Measured on four photographs (sunset, life, seeding, Bridge of Debian's lomiri-wallpapers) at 800 pixels, mean SSIMULACRA2
and bytes; JPEG with 4:2:0, WebP with method 4, AVIF with speed 8 and 4:2:0:

    JPEG     score  bytes     WebP of the same score, bytes    AVIF of the same score, bytes
    20       27.9   20,072    20     1.03                      24     0.49
    35       52.0   30,045    35     0.93                      39     0.58
    50       62.8   38,186    56     0.97                      47     0.66
    65       69.6   48,086    73     0.95                      54     0.66
    80       77.9   67,450    84     0.96                      66     0.71
    90       84.9  100,233    92     1.02                      81     0.76
    95       88.9  142,822   100     1.14                      93     0.90

The faster efforts in use here cost 0.6 points at the same number, so one is added to it. Of HEIC (x265 ultrafast, 4:2:0) and JPEG XL
(effort 4), measured on four photographs of ``examples/photos``, the numbers are below; the bytes are 0.53 to 0.82 and 0.59 to 0.70 of those of the JPEG.
Knows numbers only.
"""

from bisect import bisect_right

from pixmill.media import Format

_KNOTS: dict[Format, tuple[tuple[int, int], ...]] = {
    Format.JPEG: ((1, 1), (100, 100)),
    Format.WEBP: ((1, 1), (20, 20), (35, 36), (50, 57), (65, 74), (80, 85), (90, 93), (95, 100), (100, 100)),
    Format.AVIF: ((1, 1), (20, 25), (35, 40), (50, 48), (65, 55), (80, 67), (90, 82), (95, 94), (100, 100)),
    Format.HEIC: ((1, 1), (20, 20), (35, 31), (50, 36), (65, 42), (80, 49), (90, 57), (95, 65), (100, 80)),
    Format.JXL: ((1, 1), (20, 9), (35, 32), (50, 53), (65, 66), (80, 80), (90, 86), (95, 92), (100, 99)),
}


def codec_quality(kind: Format, quality: int) -> int:
    """The codec's own number, between the measured ones on a straight line."""
    knots = _KNOTS[kind]
    after = min(bisect_right(knots, (quality, 101)), len(knots) - 1)
    (low, least), (high, most) = knots[after - 1], knots[after]
    return round(least + (most - least) * (quality - low) / (high - low))
