"""Puts the parts by which objects are recognised first, such as the head of an animal, in the weights of an image.

Exponents were searched on 65 photos, with their mirror images. Needs the extra ``pixmill[objects]``; the network is
loaded at the first image. Must never know windows.
"""

from functools import lru_cache
from typing import Final

from PIL import Image

from pixmill.engine.pixels.analysis.attention import Grid
from pixmill.engine.pixels.analysis.object_network import Network, load_network
from pixmill.engine.raster.convert import VipsImage

_ATTENTION_EXPONENT: Final = 0.6
_FEATURES_EXPONENT: Final = 3.5
_MIN_PEAK: Final = 0.25
"""Plain colours have peaks of at most 0.15, a stripe that is hardly seen has 0.22; 137 photos have at least 0.31."""


def can_recognise_objects() -> bool:
    """Whether the network runs in this installation."""
    return _network() is not None


def weigh_objects(grid: Grid, image: VipsImage) -> Grid:
    """Return the weights after recognition in an upright 8-bit image; as they are without the extra.

    The longer side of ``image`` has about 208 pixels, near the 224 of the images that the network was trained on.
    """
    network = _network()
    if network is None:
        return grid
    opaque = image.flatten(background=[128] * (image.bands - 1)) if image.hasalpha() else image
    features = network(opaque.colourspace("srgb"))
    if features is None or max(memoryview(features.values).cast("f")) < _MIN_PEAK:
        return grid
    cells = Image.frombytes("F", (features.width, features.height), features.values)
    values = memoryview(cells.resize((grid.width, grid.height), Image.Resampling.BICUBIC).tobytes()).cast("f")
    powers = (max(0.0, value) ** _FEATURES_EXPONENT for value in values)
    weights = (weight**_ATTENTION_EXPONENT for weight in grid.weights)
    return Grid(grid.width, grid.height, [weight * power for weight, power in zip(weights, powers, strict=True)])


@lru_cache(maxsize=1)
def _network() -> Network | None:
    try:
        return load_network()
    except ImportError:
        return None
