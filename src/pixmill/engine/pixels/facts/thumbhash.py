"""ThumbHash (https://evanw.github.io/thumbhash), byte for byte as its author's JavaScript makes it.

The Python packages that there are round halves to even, where JavaScript rounds them up, or fail on alpha. Sums are added up in
the author's order, so that the last bit is the same too. A coefficient that is zero but for rounding (of a plain colour, of a straight
gradient) may still differ by one step of its 15, as it does between JavaScript engines: not all cosines round alike.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, floor, pi
from typing import Final

from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.facts.small import at_most
from pixmill.engine.pixels.frame import Frame

SIDE: Final = 32
"""Seven waves along the longest side need no more."""

Channel = Sequence[float]


@dataclass(frozen=True, slots=True)
class Waves:
    """What is left of a channel: its mean, how strong each wave is (0.5 is not at all), and what 1 stands for."""

    mean: float
    strengths: tuple[float, ...]
    scale: float


def thumbhash(frame: Frame) -> str:
    """In base64, as pages carry it."""
    small = at_most(frame, SIDE)
    return b64encode(encode(small.width, small.height, to_pillow(small).convert("RGBA").tobytes())).decode()


def encode(width: int, height: int, rgba: bytes) -> bytes:
    """The hash of a picture of at most 100 pixels along each side, alpha not multiplied in."""
    lightness, yellow, red, alpha = _channels(rgba)
    see_through = sum_of(alpha) < width * height
    most = 5 if see_through else 7
    longest = max(width, height)
    across, down = (max(1, _rounded(most * side / longest)) for side in (width, height))
    waves = [
        _waves(lightness, width, height, max(3, across), max(3, down)),
        _waves(yellow, width, height, 3, 3),
        _waves(red, width, height, 3, 3),
    ]
    if see_through:
        waves.append(_waves(alpha, width, height, 5, 5))
    return _packed(waves, down if width > height else across, landscape=width > height)


def sum_of(numbers: Channel) -> float:
    """One after the other; ``sum`` is more exact than that from Python 3.12 on."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def _channels(rgba: bytes) -> tuple[Channel, Channel, Channel, Channel]:
    """Lightness, yellow against blue, red against green, and alpha; what one sees through shows the mean colour."""
    alpha = [part / 255 for part in rgba[3::4]]
    opaque = sum_of(alpha)
    colours = []
    for at in range(3):
        parts = [opacity / 255 * part for opacity, part in zip(alpha, rgba[at::4], strict=True)]
        mean = sum_of(parts) / opaque if opaque else 0.0
        colours.append([mean * (1 - opacity) + part for opacity, part in zip(alpha, parts, strict=True)])
    pixels = list(zip(*colours, strict=True))
    return (
        [(red + green + blue) / 3 for red, green, blue in pixels],
        [(red + green) / 2 - blue for red, green, blue in pixels],
        [red - green for red, green, _ in pixels],
        alpha,
    )


def _waves(channel: Channel, width: int, height: int, across: int, down: int) -> Waves:
    """A discrete cosine transform, cut off at a triangle of frequencies."""
    pixels = width * height
    found = [
        sum_of(_weighed(channel, _cosines(width, x), _cosines(height, y))) / pixels
        for y in range(down)
        for x in range(across)
        if x * down < across * (down - y)
    ]
    mean, *rest = found
    scale = max(map(abs, rest))
    strengths = tuple(0.5 + 0.5 / scale * wave for wave in rest) if scale else tuple(rest)
    return Waves(mean, strengths, scale)


def _weighed(channel: Channel, across: Channel, down: Channel) -> list[float]:
    width = len(across)
    return [
        value * x * y
        for row, y in enumerate(down)
        for value, x in zip(channel[row * width : (row + 1) * width], across, strict=True)
    ]


def _cosines(length: int, wave: int) -> list[float]:
    return [cos(pi / length * wave * (at + 0.5)) for at in range(length)]


def _packed(waves: Sequence[Waves], count: int, *, landscape: bool) -> bytes:
    lightness, yellow, red, *alpha = waves
    head = _rounded(63 * lightness.mean)
    head |= _rounded(31.5 + 31.5 * yellow.mean) << 6
    head |= _rounded(31.5 + 31.5 * red.mean) << 12
    head |= _rounded(31 * lightness.scale) << 18 | bool(alpha) << 23
    scales = count | _rounded(63 * yellow.scale) << 3 | _rounded(63 * red.scale) << 9 | landscape << 15
    opacity = bytes(_rounded(15 * it.mean) | _rounded(15 * it.scale) << 4 for it in alpha)
    return head.to_bytes(3, "little") + scales.to_bytes(2, "little") + opacity + bytes(_nibbles(waves))


def _nibbles(waves: Sequence[Waves]) -> Iterator[int]:
    """Four bits for each strength, the lower half of a byte first."""
    digits = [_rounded(15 * strength) for it in waves for strength in it.strengths]
    digits += [0] * (len(digits) % 2)
    for low, high in zip(digits[::2], digits[1::2], strict=True):
        yield low | high << 4


def _rounded(number: float) -> int:
    """Halves up, as JavaScript does."""
    return floor(number + 0.5)
