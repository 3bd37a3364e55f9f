"""Average colour, and a palette: deterministic k-means in Oklab over a histogram.

Colours are counted in cubes of 16 values along each side (32 if there are too many cubes), weighted by opacity; the
first centre is the fullest cube, each next one the cube with the largest error so far (weight times squared distance).
The same image has the same palette everywhere.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from pixmill.engine.pixels.facts.oklab import Oklab, oklab_to_srgb, srgb_to_oklab
from pixmill.engine.raster.convert import to_pillow, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import from_linear, to_linear
from pixmill.plan.facts import Swatch

_MAX_ITERATIONS: Final = 16
_FINE_CUBE_BITS: Final = 4
_COARSE_CUBE_BITS: Final = 5
_MAX_CUBES: Final = 512
"""Noise fills all 4,096 cubes of 16 values, and would take a second; of 32 values there are no more than this."""

_SHARE_DIGITS: Final = 4


class WeightedColour(NamedTuple):
    """A colour and its share of the image."""

    lab: Oklab
    weight: float


def palette(frame: Frame, colours: int) -> tuple[Swatch, ...]:
    """Return at most ``colours`` colours, the largest share first; none for a fully transparent image."""
    samples = _weighted_colours(frame)
    total = sum(sample.weight for sample in samples)
    groups = (group for group in _cluster(samples, _initial_centres(samples, colours)) if group)
    swatches = (_swatch(group, total) for group in groups)
    return tuple(sorted(swatches, key=lambda swatch: (-swatch.share, swatch.colour)))


def _weighted_colours(frame: Frame) -> list[WeightedColour]:
    """Return the mean colour of each cube with a pixel, the fullest first."""
    pixels = to_pillow(frame).convert("RGBA").tobytes()
    counts = Counter(zip(*(pixels[at::4] for at in range(4)), strict=True))
    cubes = _sum_by_cube(counts, _FINE_CUBE_BITS)
    if len(cubes) > _MAX_CUBES:
        cubes = _sum_by_cube(counts, _COARSE_CUBE_BITS)
    means = (
        (red / weight, green / weight, blue / weight, weight) for red, green, blue, weight in cubes.values() if weight
    )
    return [
        WeightedColour(srgb_to_oklab(*mean[:3]), mean[3])
        for mean in sorted(means, key=lambda mean: (-mean[3], mean[:3]))
    ]


def _sum_by_cube(counts: Counter[tuple[int, ...]], dropped_bits: int) -> dict[tuple[int, int, int], list[float]]:
    """Return the weighted sums of colours, and the weight, of pixels that differ only in the dropped bits."""
    cubes: dict[tuple[int, int, int], list[float]] = {}
    for (red, green, blue, alpha), count in counts.items():
        weight = count * alpha / 255
        cube = cubes.setdefault((red >> dropped_bits, green >> dropped_bits, blue >> dropped_bits), [0.0] * 4)
        for at, value in enumerate((red * weight, green * weight, blue * weight, weight)):
            cube[at] += value
    return cubes


def _initial_centres(samples: Sequence[WeightedColour], colours: int) -> list[Oklab]:
    centres = [sample.lab for sample in samples[:1]]
    distances = [sample.lab.distance_squared(centres[0]) for sample in samples]
    while len(centres) < min(colours, len(samples)):
        farthest = max(range(len(samples)), key=lambda at: samples[at].weight * distances[at])
        centres.append(samples[farthest].lab)
        distances = [
            min(nearest, sample.lab.distance_squared(centres[-1]))
            for nearest, sample in zip(distances, samples, strict=True)
        ]
    return centres


def _cluster(samples: Sequence[WeightedColour], centres: list[Oklab]) -> list[list[WeightedColour]]:
    """Lloyd's algorithm, until the centres no longer move or the iterations are used up."""
    groups: list[list[WeightedColour]] = []
    for _ in range(_MAX_ITERATIONS):
        groups = [[] for _ in centres]
        for sample in samples:
            groups[_nearest_centre(sample.lab, centres)].append(sample)
        new_centres = [_mean_colour(group) if group else centre for group, centre in zip(groups, centres, strict=True)]
        if new_centres == centres:
            break
        centres = new_centres
    return groups


def _nearest_centre(lab: Oklab, centres: Sequence[Oklab]) -> int:
    return min(range(len(centres)), key=lambda at: lab.distance_squared(centres[at]))


def _mean_colour(group: Sequence[WeightedColour]) -> Oklab:
    weight = sum(sample.weight for sample in group)
    return Oklab(*(sum(sample.lab[axis] * sample.weight for sample in group) / weight for axis in range(3)))


def _swatch(group: Sequence[WeightedColour], total: float) -> Swatch:
    share = sum(sample.weight for sample in group) / total
    return Swatch(css_hex(oklab_to_srgb(_mean_colour(group))), round(share, _SHARE_DIGITS))


def average_colour(frame: Frame) -> str:
    """Return the mean in linear light, weighted by opacity, as ``#rrggbb``.

    With alpha it is ``#rrggbbaa``, with the mean opacity.
    """
    linear = to_linear(to_vips(frame))
    mean = linear.shrink(frame.width, frame.height)
    values = bytes(from_linear(mean, has_alpha=frame.layout.has_alpha).write_to_memory())
    return css_hex(values[:1] * 3 + values[1:] if frame.is_grey else values)


def css_hex(values: bytes) -> str:
    """Return red, green, blue, and the opacity if there is one, in CSS notation."""
    return f"#{values.hex()}"
