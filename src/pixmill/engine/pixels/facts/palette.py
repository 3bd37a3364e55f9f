"""The few colours that a picture is made of: k-means in Oklab over a histogram, with starts that are no matter of chance.

Colours are counted in cubes of 16 codes along each side (32 where there are too many of them), by opacity; the first start is the fullest cube, each next
one that which is worst told so far (weight times squared distance). The same picture has the same palette everywhere.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.facts.average import hexadecimal
from pixmill.engine.pixels.facts.oklab import Lab, to_codes, to_lab
from pixmill.engine.pixels.frame import Frame
from pixmill.ports import Swatch

_ROUNDS: Final = 16
_FINE: Final = 4
_COARSE: Final = 5
_MANY: Final = 512
"""Noise fills all 4,096 cubes of 16 codes, and would take a second; of 32 codes there are no more than this."""

_DIGITS: Final = 4


class Sample(NamedTuple):
    """A colour and how much of the picture it makes up."""

    lab: Lab
    weight: float


def palette(frame: Frame, colours: int) -> tuple[Swatch, ...]:
    """At most so many colours, the largest share first; none of a picture that is wholly transparent."""
    samples = _samples(frame)
    total = sum(sample.weight for sample in samples)
    groups = (group for group in _grouped(samples, _starts(samples, colours)) if group)
    swatches = (_swatch(group, total) for group in groups)
    return tuple(sorted(swatches, key=lambda swatch: (-swatch.share, swatch.colour)))


def _samples(frame: Frame) -> list[Sample]:
    """The mean colour of each cube that any pixel lies in, the fullest first."""
    pixels = to_pillow(frame).convert("RGBA").tobytes()
    counted = Counter(zip(*(pixels[at::4] for at in range(4)), strict=True))
    cubes = _cubes(counted, _FINE)
    if len(cubes) > _MANY:
        cubes = _cubes(counted, _COARSE)
    means = (
        (red / weight, green / weight, blue / weight, weight) for red, green, blue, weight in cubes.values() if weight
    )
    return [Sample(to_lab(*mean[:3]), mean[3]) for mean in sorted(means, key=lambda mean: (-mean[3], mean[:3]))]


def _cubes(counted: Counter[tuple[int, ...]], bits: int) -> dict[tuple[int, int, int], list[float]]:
    """Sums of the colours by weight, and the weight itself, of all pixels that differ in these last bits only."""
    cubes: dict[tuple[int, int, int], list[float]] = {}
    for (red, green, blue, alpha), count in counted.items():
        weight = count * alpha / 255
        cube = cubes.setdefault((red >> bits, green >> bits, blue >> bits), [0.0] * 4)
        for at, part in enumerate((red * weight, green * weight, blue * weight, weight)):
            cube[at] += part
    return cubes


def _starts(samples: Sequence[Sample], colours: int) -> list[Lab]:
    starts = [sample.lab for sample in samples[:1]]
    apart = [sample.lab.distance(starts[0]) for sample in samples]
    while len(starts) < min(colours, len(samples)):
        at = max(range(len(samples)), key=lambda at: samples[at].weight * apart[at])
        starts.append(samples[at].lab)
        apart = [min(known, sample.lab.distance(starts[-1])) for known, sample in zip(apart, samples, strict=True)]
    return starts


def _grouped(samples: Sequence[Sample], centres: list[Lab]) -> list[list[Sample]]:
    """Lloyd's algorithm: until nothing moves, or long enough."""
    groups: list[list[Sample]] = []
    for _ in range(_ROUNDS):
        groups = [[] for _ in centres]
        for sample in samples:
            groups[_nearest(sample.lab, centres)].append(sample)
        moved = [_mean(group) if group else centre for group, centre in zip(groups, centres, strict=True)]
        if moved == centres:
            break
        centres = moved
    return groups


def _nearest(lab: Lab, centres: Sequence[Lab]) -> int:
    return min(range(len(centres)), key=lambda at: lab.distance(centres[at]))


def _mean(group: Sequence[Sample]) -> Lab:
    weight = sum(sample.weight for sample in group)
    return Lab(*(sum(sample.lab[axis] * sample.weight for sample in group) / weight for axis in range(3)))


def _swatch(group: Sequence[Sample], total: float) -> Swatch:
    share = sum(sample.weight for sample in group) / total
    return Swatch(hexadecimal(to_codes(_mean(group))), round(share, _DIGITS))
