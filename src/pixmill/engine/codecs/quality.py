"""One scale of looks: what each codec must be told so that 1 to 100 means what it means in a JPEG.

Knows numbers only.
"""

from bisect import bisect_right

from pixmill.media import Format

_KNOTS: dict[Format, tuple[tuple[int, int], ...]] = {
    Format.JPEG: ((1, 1), (100, 100)),
    Format.WEBP: ((1, 1), (50, 50), (65, 65), (80, 80), (90, 90), (100, 100)),
    Format.AVIF: ((1, 1), (50, 40), (65, 50), (80, 65), (90, 75), (100, 100)),
}


def codec_quality(kind: Format, quality: int) -> int:
    """The codec's own number, between the measured ones on a straight line."""
    knots = _KNOTS[kind]
    after = min(bisect_right(knots, (quality, 101)), len(knots) - 1)
    (low, least), (high, most) = knots[after - 1], knots[after]
    return round(least + (most - least) * (quality - low) / (high - low))
