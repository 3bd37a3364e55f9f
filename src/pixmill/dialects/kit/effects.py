"""Blurs, sharpening and contrast of other services in the values of plans.

Knows arithmetic and values of plans; must never know a parameter's name.
"""

from math import exp, log, sqrt
from typing import Final

from pixmill.plan.effects import Convolution

MAX_SIGMA: Final = 250.0
_MIN_SIGMA: Final = 0.1
_MAX_RADIUS: Final = 1_000
_VIPS_REACH: Final = sqrt(-2 * log(0.2))

BOX_BLUR: Final = Convolution((1 / 9,) * 9)
"""The blur of sharp without a sigma."""
GAUSSIAN_3X3: Final = Convolution(tuple(weight / 16 for weight in (1, 2, 1, 2, 4, 2, 1, 2, 1)))
"""The Gaussian blur of GD."""
MILD_SHARPEN: Final = Convolution(tuple(weight / 24 for weight in (-1, -1, -1, -1, 32, -1, -1, -1, -1)))
"""The sharpening of sharp without a sigma."""


def blur_sigma(sigma: float) -> float:
    """Return the sigma of a plan: 0 for one that cannot be seen, at most ``MAX_SIGMA``."""
    return 0.0 if sigma < _MIN_SIGMA else min(sigma, MAX_SIGMA)


def truncated_gaussian_sigma(radius: float, sigma: float) -> float:
    """Return the standard deviation of a Gaussian of this sigma that is cut off at ``radius`` pixels.

    Kernels of thumbor and of ImageMagick are cut off like that; a sigma of 0 is that of the radius.
    """
    reach, sigma = min(int(radius), _MAX_RADIUS), sigma or radius
    if reach < 1 or sigma <= 0:
        return 0.0
    weights = [exp(-(at * at) / (2 * sigma * sigma)) for at in range(1, reach + 1)]
    variance = 2 * sum(at * at * weight for at, weight in enumerate(weights, 1)) / (1 + 2 * sum(weights))
    return blur_sigma(sqrt(variance))


def vips_blur_sigma(sigma: float) -> float:
    """Return the standard deviation of libvips' ``gaussblur``, whose kernel ends at a fifth of its peak."""
    return truncated_gaussian_sigma(min(max(sigma, 0.0), _MAX_RADIUS) * _VIPS_REACH, sigma)


def contrast_of_slope(slope: float) -> float:
    """Return the contrast in percent whose curve has this slope around mid-grey, from -100 to 100."""
    return max(-100.0, min(100.0, 25_900 * (slope - 1) / (255 * slope + 259)))
