"""The blend modes of CSS that mix the hue, the saturation and the luminosity of two colours.

https://www.w3.org/TR/compositing-1/#blendingnonseparable, on values from 0 to 255. Must never know alpha.
"""

from collections.abc import Callable, Mapping
from typing import Final

import pyvips

from pixmill.engine.raster.convert import VipsImage
from pixmill.plan.overlays import Blend

_LUMINOSITY_WEIGHTS: Final = (0.3, 0.59, 0.11)
_WHITE: Final = 255

NONSEPARABLE_BLENDS: Final[Mapping[Blend, Callable[[VipsImage, VipsImage], VipsImage]]] = {
    Blend.HUE: lambda backdrop, source: _with_luminosity(
        _with_saturation(source, _saturation(backdrop)), _luminosity(backdrop)
    ),
    Blend.SATURATION: lambda backdrop, source: _with_luminosity(
        _with_saturation(backdrop, _saturation(source)), _luminosity(backdrop)
    ),
    Blend.COLOUR: lambda backdrop, source: _with_luminosity(source, _luminosity(backdrop)),
    Blend.LUMINOSITY: lambda backdrop, source: _with_luminosity(backdrop, _luminosity(source)),
}
"""Each takes the colours of backdrop and source."""


def _luminosity(colours: VipsImage) -> VipsImage:
    return colours.recomb(pyvips.Image.new_from_array([list(_LUMINOSITY_WEIGHTS)]))


def _minimum(colours: VipsImage) -> VipsImage:
    red, green, blue = colours.bandsplit()
    return red.minpair(green).minpair(blue)


def _maximum(colours: VipsImage) -> VipsImage:
    red, green, blue = colours.bandsplit()
    return red.maxpair(green).maxpair(blue)


def _saturation(colours: VipsImage) -> VipsImage:
    return _maximum(colours) - _minimum(colours)


def _with_saturation(colours: VipsImage, saturation: VipsImage) -> VipsImage:
    """Scale the distance of the smallest value from the others; greys stay grey (libvips: x / 0 is 0)."""
    low = _minimum(colours)
    return (colours - low) * (saturation / (_maximum(colours) - low))


def _with_luminosity(colours: VipsImage, luminosity: VipsImage) -> VipsImage:
    """Shift all channels to the luminosity, and pull what is below black or above white back towards it."""
    shifted = colours + (luminosity - _luminosity(colours))
    low, high = _minimum(shifted), _maximum(shifted)
    raised = (low < 0).ifthenelse((shifted - luminosity) * (luminosity / (luminosity - low)) + luminosity, shifted)
    return (high > _WHITE).ifthenelse(
        (raised - luminosity) * ((luminosity * -1 + _WHITE) / (high - luminosity)) + luminosity, raised
    )
