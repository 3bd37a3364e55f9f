"""Recolour: what is done to the three channels of a pixel together, in this order.

- lightness: added to L* of CIE Lab, 0 to 100, as sharp's ``modulate`` does
- saturation, hue, sepia: the matrices of CSS (``matrices.py``) on sRGB codes, multiplied first and applied at once
- tint: L* stays, a* and b* become those of the colour, less towards black and white: 1 − 4 (L* / 100 − ½)² of them (sharp's ``tint``)
- duotone: from the dark colour to the light one, as luminance goes from black to white, in sRGB codes
- colorize: the colour laid over everything, in sRGB codes
- threshold: white where the code of the luminance is at least that, else black

The opacity of a colour says how much of the change is made: c · α + x · (1 − α). Alpha is not touched.
"""

from array import array

import pyvips

from pixmill.engine.pixels.bridge import VipsImage
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.matrices import hue_rotate, product, saturate, sepia
from pixmill.engine.pixels.opacity import mapped, rounded
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Duotone, Recolour

_NOTHING = Recolour()
_GREYS = range(256)


def recolour(frame: Frame, job: Job) -> Frame:
    """The frame in other colours."""
    asked = job.plan.adjust.recolour
    return frame if asked == _NOTHING else mapped(frame, lambda image: _recoloured(image, asked))


def _recoloured(image: VipsImage, asked: Recolour) -> VipsImage:
    if asked.lightness:
        image = _lightened(image, asked.lightness)
    image = _turned(image, asked)
    if asked.tint is not None:
        image = _laid(image, _tints(asked.tint))
    if asked.duotone is not None:
        image = _laid(image, _tones(asked.duotone))
    if asked.colorize is not None:
        image = _covered(image, asked.colorize)
    if asked.threshold:
        white = image.colourspace("b-w") >= asked.threshold
        image = white.bandjoin([white, white]).copy(interpretation="srgb")
    return image


def _lightened(image: VipsImage, change: float) -> VipsImage:
    lab = image.colourspace("lab")
    light = (lab[0] + change).clamp(min=0, max=100)
    return light.bandjoin(lab.extract_band(1, n=2)).copy(interpretation="lab").colourspace("srgb")


def _turned(image: VipsImage, asked: Recolour) -> VipsImage:
    matrix = product(sepia(asked.sepia / 100), product(hue_rotate(asked.hue), saturate(1 + asked.saturation / 100)))
    if (asked.saturation, asked.hue, asked.sepia) == (0, 0, 0):
        return image
    turned = image.recomb(pyvips.Image.new_from_array([list(row) for row in matrix]))
    return rounded(turned).copy(interpretation="srgb")


def _laid(image: VipsImage, table: VipsImage) -> VipsImage:
    """The colours that the table has for the picture's luminance, with alpha multiplied in, over the picture."""
    over = image.colourspace("b-w").maplut(table)
    return rounded(image * (1 - over[3]) + over.extract_band(0, n=3)).copy(interpretation="srgb")


def _tints(colour: Colour) -> VipsImage:
    """For each grey the colour's hue at this lightness."""
    greys = pyvips.Image.identity(bands=3).copy(interpretation="srgb").colourspace("lab")
    wanted = pyvips.Image.new_from_memory(bytes((colour.red, colour.green, colour.blue)), 1, 1, 3, "uchar")
    _, a, b = wanted.copy(interpretation="srgb").colourspace("lab")(0, 0)
    much = 1 - 4 * (greys[0] / 100 - 0.5) ** 2
    tinted = greys[0].bandjoin(much * a).bandjoin(much * b).copy(interpretation="lab").colourspace("srgb")
    opacity = colour.alpha / 255
    return (tinted * opacity).bandjoin(opacity).cast("float").copy_memory()


def _tones(duotone: Duotone) -> VipsImage:
    """For each grey the mixture of both colours."""
    dark, light = _multiplied(duotone.dark), _multiplied(duotone.light)
    mixed = [a + (b - a) * grey / 255 for grey in _GREYS for a, b in zip(dark, light, strict=True)]
    return pyvips.Image.new_from_memory(array("f", mixed).tobytes(), len(_GREYS), 1, len(dark), "float")


def _covered(image: VipsImage, colour: Colour) -> VipsImage:
    *parts, opacity = _multiplied(colour)
    return rounded(image.linear([1 - opacity], parts))


def _multiplied(colour: Colour) -> tuple[float, float, float, float]:
    """Colours from 0 to 255 with alpha multiplied in, and alpha from 0 to 1."""
    opacity = colour.alpha / 255
    return colour.red * opacity, colour.green * opacity, colour.blue * opacity, opacity
