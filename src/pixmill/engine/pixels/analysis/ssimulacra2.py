"""How much two images look alike: an estimate of SSIMULACRA2 2.1 (Sneyers 2022, https://github.com/cloudinary/ssimulacra2).

A score of 100 is the same image, 90 is indistinguishable from it, 70 is high and 50 medium quality; the mean of
compressed photographs agrees with that of people better than any other measure that is as fast.

SSIMULACRA2 weighs 108 averages of error maps: of the three channels of XYB, at six scales, under a Gaussian of sigma
1.5. Nine of them, with other weights, explain nearly all of it, in windows of 5 × 5 pixels that do not overlap, a
standard deviation of 1.41. The weights were fitted to 3,600 JPEGs, WebPs and AVIFs of 108 images, most of them photos;
the estimate differs from the crate ssimulacra2 by 1.5 there (standard deviation), by 3 in drawings.

Takes 10 ms of CPU time at 800 × 541 pixels; of images above 1,024 pixels a side parts are compared, in at most 27.
Must never know encoders or plans.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from PIL import Image, ImageMath

from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import srgb_to_linear
from pixmill.plan.lengths import Size

MIN_SIDE: Final = 8
"""A smaller image has no score."""

_TILE_SIDE: Final = 512
_MAX_TILES_PER_SIDE: Final = 2
_GREY: Final = 128

_WINDOW: Final = 5
_MIN_SCALED_SIDE: Final = 7
"""Smaller scales of a small image are left out."""
_CONTRAST: Final = 0.0009
"""Local variances far below it are not seen."""

_Y, _X, _B = range(3)
_Plane = tuple[int, int]
"""A channel at a scale: the scale, whose pixels are 2 to its power wide, and the channel."""

_ERROR, _ERROR_4, _LOST, _EDGES_4 = range(4)
"""The mean of structural dissimilarity; the fourth root of the mean of its fourth powers; the mean of edges that were
lost; the fourth root of the mean of fourth powers of edges that were lost or added."""

_WEIGHTS: Final[Mapping[_Plane, Mapping[int, float]]] = {
    (0, _Y): {_ERROR_4: 6.4, _LOST: 68.0},
    (1, _Y): {_ERROR_4: 8.8},
    (1, _X): {_ERROR_4: 4.0},
    (2, _Y): {_ERROR: 177.0},
    (3, _Y): {_ERROR: 110.0},
    (4, _Y): {_ERROR_4: 270.0},
    (4, _B): {_ERROR_4: 47.0, _EDGES_4: 170.0},
}
_NORM, _SQUARE, _CUBE, _POWER = 0.9562382616834844, -0.020884521182843837, 6.248496625763138e-05, 0.6276336467831387
_LINEAR: Final = 2.326765642916932
"""Of the polynomial that turns a sum of errors into a score, as in SSIMULACRA2."""

_LIGHT: Final = [srgb_to_linear(level / 255) for level in range(256)]
_BIAS: Final = 0.0037930732552754493
_CONES: Final = (
    (0.30, 0.622, 0.078),
    (0.23, 0.692, 0.078),
    (0.24342268924547819, 0.20476744424496821, 0.5518098665095535),
)
"""Shares of linear red, green and blue in what each kind of cone sees."""

_LUMA_ROOTS: Final = [(light + _BIAS) ** (1 / 3) for light in _LIGHT]
_CONE_LIGHT: Final = [[[share * light for light in _LIGHT] for share in shares] for shares in _CONES]


def can_compare(size: Size) -> bool:
    """Whether images of this size have a score."""
    return min(size.sides) >= MIN_SIDE


class Reference:
    """An image that others of the same size are compared with."""

    def __init__(self, frame: Frame) -> None:
        self._statistics = {key: _Statistics.of(plane) for key, plane in _planes(_sampled(frame))}

    def score(self, other: Frame) -> float:
        """Return the score of another image, in hundredths."""
        error = 0.0
        for key, plane in _planes(_sampled(other)):
            errors = _errors(self._statistics[key], _Statistics.of(plane))
            error += sum(weight * errors[kind] for kind, weight in _WEIGHTS[key].items())
        return round(_score(error), 2)


def _score(error: float) -> float:
    error *= _NORM
    error *= _LINEAR + error * (_SQUARE + error * _CUBE)
    return 100 - 10 * error**_POWER if error > 0 else 100.0


# ---------------------------------------------------------------- what is compared


def _sampled(frame: Frame) -> Image.Image:
    """Return all of an image of at most 1,024 pixels along each side; of a larger one parts of 512, joined."""
    image = _opaque(frame)
    columns, rows = _spans(image.width), _spans(image.height)
    if len(columns) == len(rows) == 1:
        return image
    sampled = Image.new("RGB", (sum(length for _, length in columns), sum(length for _, length in rows)))
    for row, (top, height) in enumerate(rows):
        for column, (left, width) in enumerate(columns):
            tile = image.crop((left, top, left + width, top + height))
            sampled.paste(tile, (column * _TILE_SIDE, row * _TILE_SIDE))
    return sampled


def _opaque(frame: Frame) -> Image.Image:
    """Return the image in RGB, transparent pixels on grey."""
    image = to_pillow(frame)
    colours = image.convert("RGB")
    if not frame.layout.has_alpha:
        return colours
    ground = Image.new("RGB", image.size, (_GREY, _GREY, _GREY))
    ground.paste(colours, mask=image.getchannel("A"))
    return ground


def _spans(side: int) -> list[tuple[int, int]]:
    """Return the beginnings and lengths of the parts of a side."""
    if side <= _TILE_SIDE * _MAX_TILES_PER_SIDE:
        return [(0, side)]
    gap = (side - _TILE_SIDE * _MAX_TILES_PER_SIDE) // (_MAX_TILES_PER_SIDE + 1)
    return [(gap + number * (_TILE_SIDE + gap), _TILE_SIDE) for number in range(_MAX_TILES_PER_SIDE)]


def _planes(image: Image.Image) -> Iterator[tuple[_Plane, Image.Image]]:
    """Yield the planes that are compared, as far as the image is large enough for them.

    Y of the full size is computed from luma, which is faster by half; all others from the image of half the size.
    """
    yield (0, _Y), image.convert("L").point(_LUMA_ROOTS, "F")
    channels = _yxb(image.reduce(2))
    for scale, channel in _WEIGHTS:
        shrink = 1 << scale >> 1
        if scale and min(channels[channel].size) // shrink >= _MIN_SCALED_SIDE:
            yield (scale, channel), channels[channel].reduce(shrink)


def _yxb(image: Image.Image) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Return Y, X and B, but for constants."""
    light = [
        [band.point(table, "F") for band, table in zip(image.split(), tables, strict=True)] for tables in _CONE_LIGHT
    ]
    long, middle, short = (
        _computed(lambda of: (of["red"] + of["green"] + of["blue"] + _BIAS) ** (1 / 3), red=red, green=green, blue=blue)
        for red, green, blue in light
    )
    y = _computed(lambda of: (of["long"] + of["middle"]) * 0.5, long=long, middle=middle)
    x = _computed(lambda of: (of["long"] - of["middle"]) * 7, long=long, middle=middle)
    return y, x, _computed(lambda of: of["short"] - of["y"], short=short, y=y)


# ---------------------------------------------------------------- errors


@dataclass(frozen=True, slots=True)
class _Statistics:
    """A plane; of each window the mean, the variance, and how far the pixel in the middle is from the mean, plus 1."""

    plane: Image.Image
    mean: Image.Image
    variance: Image.Image
    contrast: Image.Image

    @classmethod
    def of(cls, plane: Image.Image) -> "_Statistics":
        mean, squares = _means(plane), _means(_computed(lambda of: of["plane"] * of["plane"], plane=plane))
        return cls(
            plane,
            mean,
            _computed(lambda of: of["squares"] - of["mean"] * of["mean"], squares=squares, mean=mean),
            _computed(lambda of: abs(of["centre"] - of["mean"]) + 1, centre=_centres(plane), mean=mean),
        )


def _errors(one: _Statistics, two: _Statistics) -> dict[int, float]:
    """Return the size of each kind of error."""
    dissimilarity, edges = _dissimilarity(one, two), _edges(one, two)
    return {
        _ERROR: _mean(dissimilarity),
        _ERROR_4: _mean_4(dissimilarity),
        _LOST: _mean(_computed(lambda of: of["max"](-of["edges"], 0), edges=edges)),
        _EDGES_4: _mean_4(edges),
    }


def _dissimilarity(one: _Statistics, two: _Statistics) -> Image.Image:
    """Return 1 less the structural similarity of each window."""
    products = _means(_computed(lambda of: of["one"] * of["two"], one=one.plane, two=two.plane))
    covariance = _computed(
        lambda of: of["products"] - of["one"] * of["two"], products=products, one=one.mean, two=two.mean
    )
    return _computed(
        lambda of: 1 - (2 * of["covariance"] + _CONTRAST) / (of["one"] + of["two"] + _CONTRAST),
        covariance=covariance,
        one=one.variance,
        two=two.variance,
    )


def _edges(one: _Statistics, two: _Statistics) -> Image.Image:
    """Return edges that were added, above 0, and lost, below."""
    return _computed(lambda of: of["two"] / of["one"] - 1, one=one.contrast, two=two.contrast)


def _means(plane: Image.Image) -> Image.Image:
    """Return the mean of each whole window."""
    width, height = _whole(plane)
    return plane.crop((0, 0, width, height)).reduce(_WINDOW)


def _centres(plane: Image.Image) -> Image.Image:
    """Return the pixel in the middle of each whole window."""
    width, height = _whole(plane)
    size = width // _WINDOW, height // _WINDOW
    return plane.resize(size, Image.Resampling.NEAREST, (0, 0, width, height))


def _whole(plane: Image.Image) -> tuple[int, int]:
    return plane.width // _WINDOW * _WINDOW, plane.height // _WINDOW * _WINDOW


def _mean_4(errors: Image.Image) -> float:
    """Return the fourth root of the mean of fourth powers."""
    squares = _computed(lambda of: of["errors"] * of["errors"], errors=errors)
    fourth = _mean(_computed(lambda of: of["squares"] * of["squares"], squares=squares))
    return float(fourth**0.25)


def _mean(errors: Image.Image) -> float:
    [mean] = cast("tuple[float]", errors.reduce(errors.size).get_flattened_data())
    return mean


def _computed(expression: Callable[[dict[str, Any]], Any], **planes: Image.Image) -> Image.Image:
    """Return the image whose pixels are ``expression`` of those of planes of the same size."""
    computed: Image.Image = ImageMath.lambda_eval(expression, **planes)
    return computed
