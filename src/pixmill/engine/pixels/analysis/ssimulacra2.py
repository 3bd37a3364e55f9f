"""How much two images look alike: SSIMULACRA2 (Sneyers 2022, https://github.com/cloudinary/ssimulacra2), version 2.1.

A score of 100 is the same image, 90 is indistinguishable from it, 70 is high and 50 medium quality; the mean of
compressed photographs agrees with that of people better than any other measure that is as fast. The error maps are
those of ``_ssimulacra2.c``; here they are weighed. On 24 results the score differs by 0.2 on average from that of a
program of others, and by at most 0.5. It takes 7 ms at 512 × 341 pixels, 40 ms at a megapixel; of larger images four
parts are compared.

Without the compiled module there is no score. Must never know encoders or plans.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from PIL import Image

from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.plan.lengths import Box, Size

try:
    from pixmill.engine.pixels.analysis import _ssimulacra2
except ImportError:  # built without a C compiler
    available = False
else:
    available = True

MIN_SIDE: Final = 8
"""A smaller image has no score."""

_TILE_SIDE: Final = 512
_MAX_TILES_PER_SIDE: Final = 2
_GREY: Final = 128

_WEIGHTS: Final[dict[tuple[int, int, int, int], float]] = {
    (0, 1, 0, 1): 1.1041726426657346,
    (0, 2, 0, 1): 1.8422455520539298,
    (0, 2, 1, 1): 11.441172603757666,
    (0, 3, 0, 1): 1.8787594979546387,
    (0, 3, 1, 1): 10.94906990605142,
    (0, 4, 1, 0): 0.9677937080626833,
    (0, 4, 1, 1): 0.9981766977854967,
    (1, 0, 0, 1): 7.466890328078848,
    (1, 0, 2, 1): 17.445833984131262,
    (1, 1, 0, 1): 6.683678146179332,
    (1, 1, 2, 1): 1.027889937768264,
    (1, 2, 0, 0): 225.20515300849274,
    (1, 2, 0, 1): 19.213238186143016,
    (1, 3, 0, 0): 176.39317598450694,
    (1, 3, 0, 1): 24.43300999870476,
    (1, 3, 1, 1): 0.28520802612117757,
    (1, 4, 0, 1): 34.77906344483772,
    (1, 4, 1, 1): 44.835625328877896,
    (2, 3, 0, 1): 8.826982764996862,
    (2, 3, 1, 1): 23.19243343998926,
    (2, 4, 0, 0): 95.1080498811086,
    (2, 4, 1, 0): 0.9863978034400682,
    (2, 4, 1, 1): 171.2667255897307,
    (2, 4, 2, 0): 0.9834382792465353,
    (2, 4, 2, 1): 0.9807858872435379,
}
"""By channel (X, Y, B), scale, map (dissimilarity, added edges, lost edges), and norm (the mean, the fourth root of the
mean of fourth powers). Those of the definition below 0.05 are left out: they change no score by 0.01."""

_NORM, _SQUARE, _CUBE, _POWER = 0.9562382616834844, -0.020884521182843837, 6.248496625763138e-05, 0.6276336467831387
_LINEAR: Final = 2.326765642916932

Sums = Sequence[tuple[int, Sequence[float]]]


def can_compare(size: Size) -> bool:
    """Whether images of this size have a score in this installation."""
    return available and min(size.sides) >= MIN_SIDE


class Reference:
    """An image that others of the same size are compared with."""

    def __init__(self, frame: Frame) -> None:
        self._tiles = [(box, _rgb_bytes(tile)) for box, tile in _tiles(_opaque(frame))]

    def score(self, other: Frame) -> float:
        """Return the score of another image, in hundredths."""
        image = _opaque(other)
        sums: list[Sums] = [
            _ssimulacra2.compare(reference, _rgb_bytes(_part(image, box)), box.width, box.height, 1)
            for box, reference in self._tiles
        ]
        return round(_score(sums), 2)


def _opaque(frame: Frame) -> Image.Image:
    """Return the image, transparent pixels on grey."""
    image = to_pillow(frame)
    if frame.layout.has_alpha:
        ground = Image.new(image.mode.removesuffix("A"), image.size, (_GREY,) * (len(image.mode) - 1))
        ground.paste(image.convert(ground.mode), mask=image.getchannel("A"))
        return ground
    return image


def _rgb_bytes(image: Image.Image) -> bytes:
    return image.convert("RGB").tobytes()


def _tiles(image: Image.Image) -> Iterator[tuple[Box, Image.Image]]:
    """Yield the parts of an image that are compared: all of it up to 1,024 pixels along each side."""
    for top, height in _spans(image.height):
        for left, width in _spans(image.width):
            box = Box(left, top, width, height)
            yield box, _part(image, box)


def _spans(side: int) -> list[tuple[int, int]]:
    """Return the beginnings and lengths of the parts of a side."""
    if side <= _TILE_SIDE * _MAX_TILES_PER_SIDE:
        return [(0, side)]
    gap = (side - _TILE_SIDE * _MAX_TILES_PER_SIDE) // (_MAX_TILES_PER_SIDE + 1)
    return [(gap + number * (_TILE_SIDE + gap), _TILE_SIDE) for number in range(_MAX_TILES_PER_SIDE)]


def _part(image: Image.Image, box: Box) -> Image.Image:
    return image.crop((box.left, box.top, box.left + box.width, box.top + box.height))


def _score(tiles: list[Sums]) -> float:
    scales = min(len(tile) for tile in tiles)
    pixels = [sum(tile[scale][0] for tile in tiles) for scale in range(scales)]
    error = 0.0
    for (channel, scale, error_map, norm), weight in _WEIGHTS.items():
        if scale < scales:
            mean = sum(tile[scale][1][6 * channel + 2 * error_map + norm] for tile in tiles) / pixels[scale]
            error += weight * (mean**0.25 if norm else mean)
    error *= _NORM
    error *= _LINEAR + error * (_SQUARE + error * _CUBE)
    return 100 - 10 * error**_POWER if error > 0 else 100.0
