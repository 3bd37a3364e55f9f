"""ThumbHash (https://evanw.github.io/thumbhash), byte-for-byte as its author's JavaScript.

The existing Python packages round halves to even, where JavaScript rounds them up, or fail on alpha. Sums are added in
the author's order, so that the last bit is the same. A coefficient that is zero except for rounding (of a plain colour,
of a straight gradient) may still differ by one step of its 15, as it does between JavaScript engines: their cosines
differ in the last bit.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, floor, pi
from typing import Final

from pixmill.engine.pixels.facts.thumbnail import shrink_to
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame

SIDE: Final = 32
"""Enough for seven waves along the longest side."""

ChannelValues = Sequence[float]


@dataclass(frozen=True, slots=True)
class DctCoefficients:
    """A channel as its mean, normalised wave amplitudes (0.5 is none), and the scale that normalised them."""

    dc: float
    ac: tuple[float, ...]
    scale: float


def thumbhash(frame: Frame) -> str:
    """Return the hash in base64, the usual form in web pages."""
    small = shrink_to(frame, SIDE)
    return b64encode(encode(small.width, small.height, to_pillow(small).convert("RGBA").tobytes())).decode()


def encode(width: int, height: int, rgba: bytes) -> bytes:
    """Return the hash of an image with sides of at most 100 pixels, alpha not premultiplied."""
    lightness, yellow, red, alpha = _channels(rgba)
    has_alpha = sequential_sum(alpha) < width * height
    lightness_limit = 5 if has_alpha else 7
    longest = max(width, height)
    x_count, y_count = (max(1, _round_half_up(lightness_limit * side / longest)) for side in (width, height))
    coefficients = [
        _dct(lightness, width, height, max(3, x_count), max(3, y_count)),
        _dct(yellow, width, height, 3, 3),
        _dct(red, width, height, 3, 3),
    ]
    if has_alpha:
        coefficients.append(_dct(alpha, width, height, 5, 5))
    return _pack(coefficients, y_count if width > height else x_count, landscape=width > height)


def sequential_sum(numbers: ChannelValues) -> float:
    """Add one number after the other; ``sum`` is more exact than that from Python 3.12 on."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def _channels(rgba: bytes) -> tuple[ChannelValues, ChannelValues, ChannelValues, ChannelValues]:
    """Return lightness, yellow-blue, red-green and alpha; transparent pixels get the mean colour."""
    alpha = [part / 255 for part in rgba[3::4]]
    alpha_sum = sequential_sum(alpha)
    colours = []
    for at in range(3):
        parts = [opacity / 255 * part for opacity, part in zip(alpha, rgba[at::4], strict=True)]
        mean = sequential_sum(parts) / alpha_sum if alpha_sum else 0.0
        colours.append([mean * (1 - opacity) + part for opacity, part in zip(alpha, parts, strict=True)])
    pixels = list(zip(*colours, strict=True))
    return (
        [(red + green + blue) / 3 for red, green, blue in pixels],
        [(red + green) / 2 - blue for red, green, blue in pixels],
        [red - green for red, green, _ in pixels],
        alpha,
    )


def _dct(channel: ChannelValues, width: int, height: int, x_count: int, y_count: int) -> DctCoefficients:
    """Return the discrete cosine transform, limited to a triangle of low frequencies."""
    pixels = width * height
    coefficients = [
        sequential_sum(_weighted_values(channel, _cosines(width, x), _cosines(height, y))) / pixels
        for y in range(y_count)
        for x in range(x_count)
        if x * y_count < x_count * (y_count - y)
    ]
    dc, *ac = coefficients
    scale = max(map(abs, ac))
    normalised_ac = tuple(0.5 + 0.5 / scale * wave for wave in ac) if scale else tuple(ac)
    return DctCoefficients(dc, normalised_ac, scale)


def _weighted_values(channel: ChannelValues, x_cosines: ChannelValues, y_cosines: ChannelValues) -> list[float]:
    width = len(x_cosines)
    return [
        value * x * y
        for row, y in enumerate(y_cosines)
        for value, x in zip(channel[row * width : (row + 1) * width], x_cosines, strict=True)
    ]


def _cosines(length: int, frequency: int) -> list[float]:
    return [cos(pi / length * frequency * (at + 0.5)) for at in range(length)]


def _pack(coefficients: Sequence[DctCoefficients], shorter_count: int, *, landscape: bool) -> bytes:
    lightness, yellow, red, *alpha = coefficients
    header = _round_half_up(63 * lightness.dc)
    header |= _round_half_up(31.5 + 31.5 * yellow.dc) << 6
    header |= _round_half_up(31.5 + 31.5 * red.dc) << 12
    header |= _round_half_up(31 * lightness.scale) << 18 | bool(alpha) << 23
    scales = (
        shorter_count | _round_half_up(63 * yellow.scale) << 3 | _round_half_up(63 * red.scale) << 9 | landscape << 15
    )
    alpha_bytes = bytes(_round_half_up(15 * it.dc) | _round_half_up(15 * it.scale) << 4 for it in alpha)
    return (
        header.to_bytes(3, "little") + scales.to_bytes(2, "little") + alpha_bytes + bytes(_pack_nibbles(coefficients))
    )


def _pack_nibbles(coefficients: Sequence[DctCoefficients]) -> Iterator[int]:
    """Pack four bits per amplitude, the lower half of a byte first."""
    digits = [_round_half_up(15 * strength) for it in coefficients for strength in it.ac]
    digits += [0] * (len(digits) % 2)
    for low, high in zip(digits[::2], digits[1::2], strict=True):
        yield low | high << 4


def _round_half_up(number: float) -> int:
    """Round halves up, as JavaScript does."""
    return floor(number + 0.5)
