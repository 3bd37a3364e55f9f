"""Luma of libvips images without alpha: the Rec. 709 weighted sum of the sRGB values, as in video.

Adding the same amount to all three channels changes luma by that amount and keeps the channel differences, which
hold the hue.
"""

import pyvips

from pixmill.engine.raster.convert import VipsImage

REC709_WEIGHTS = (0.2126, 0.7152, 0.0722)


def luma(colours: VipsImage) -> VipsImage:
    """One band of floats from 0 to 255; a grey image is returned as it is."""
    return colours if colours.bands == 1 else colours.recomb(pyvips.Image.new_from_array([list(REC709_WEIGHTS)]))
