"""Luma: how light a pixel's code is, and pixels made lighter or darker without a change of hue.

Knows pictures without alpha. Rec. 709 weights on the sRGB codes themselves, as in video: adding the same to all three
channels changes luma by just that, and nothing of the differences in which hue lies. Must never know plans.
"""

import pyvips

from pixmill.engine.raster.convert import VipsImage

REC709_WEIGHTS = (0.2126, 0.7152, 0.0722)


def luma(colours: VipsImage) -> VipsImage:
    """One channel of floats from 0 to 255; of a grey picture its own codes."""
    return colours if colours.bands == 1 else colours.recomb(pyvips.Image.new_from_array([list(REC709_WEIGHTS)]))
