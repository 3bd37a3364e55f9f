"""Changes to the colour of a pixel as a whole, alpha excepted.

Grayscale is luminance (Rec. 709 weights in linear light), as an image with one channel. ``adjust_colours`` applies, in
this order:

- lightness, modulate: L* · factor + change, chroma · factor and hue + degrees, of CIE LCh, as sharp's ``modulate``
  does; without ``modulate`` L* stays from 0 to 100
- vibrance: Y + (x − Y) · (1 + change / 100 · (1 − S)) on sRGB values, with the luma Y of the CSS matrices and
  S = (max − min) / 255 of the three channels
- matrix, saturation, hue, sepia: the matrix of the plan and those of CSS (``colour_matrices.py``) on sRGB values,
  multiplied and applied at once
- tint: L* stays, a* and b* become those of the colour, scaled towards black and white by 1 − 4 (L* / 100 − ½)² (sharp's
  ``tint``)
- duotone: interpolates from the dark to the light colour by luminance, on sRGB values
- colorize: composites the colour over everything, on sRGB values
- threshold: white where luminance is at least the threshold, else black

The opacity α of a colour is the strength of the change: c · α + x · (1 − α).
"""

from array import array
from math import cos, radians, sin

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.transform.colour import convert_to_srgb
from pixmill.engine.raster.alpha import map_colours, round_to_8_bit
from pixmill.engine.raster.colour_matrices import hue_rotate, multiply, saturate, sepia, to_matrix
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.colour import Colour
from pixmill.plan.effects import ColourAdjustment, Duotone, Modulate

_GREYS = range(256)


def adjust_colours(frame: Frame, job: RenderJob) -> Frame:
    """Apply the colour changes of the plan."""
    options = job.plan.adjust.colour
    return map_colours(frame, lambda image: _apply_adjustments(image, options))


def _apply_adjustments(image: VipsImage, options: ColourAdjustment) -> VipsImage:
    if options.lightness or options.modulate:
        image = _change_lch(image, options.lightness, options.modulate)
    if options.vibrance:
        image = _change_vibrance(image, options.vibrance)
    image = _apply_matrices(image, options)
    if options.tint is not None:
        image = _map_luminance(image, _tint_table(options.tint))
    if options.duotone is not None:
        image = _map_luminance(image, _duotone_table(options.duotone))
    if options.colorize is not None:
        image = _colorize(image, options.colorize)
    if options.threshold:
        above_threshold = image.colourspace("b-w") >= options.threshold
        image = above_threshold.bandjoin([above_threshold, above_threshold]).copy(interpretation="srgb")
    return image


def _change_lch(image: VipsImage, lightness: float, change: Modulate | None) -> VipsImage:
    lab = image.colourspace("lab")
    light, chroma = lab[0], lab.extract_band(1, n=2)
    if change:
        cosine, sine = (change.chroma * part for part in (cos(radians(change.hue)), sin(radians(change.hue))))
        chroma = chroma.recomb(pyvips.Image.new_from_array([[cosine, -sine], [sine, cosine]]))
        light = light * change.lightness + lightness
    else:
        light = (light + lightness).clamp(min=0, max=100)
    return light.bandjoin(chroma).copy(interpretation="lab").colourspace("srgb")


def _change_vibrance(image: VipsImage, percent: float) -> VipsImage:
    luma = image.recomb(pyvips.Image.new_from_array([list(saturate(0)[0])]))
    red, green, blue = image.bandsplit()
    spread = red.maxpair(green).maxpair(blue) - red.minpair(green).minpair(blue)
    factor = (1 - spread / 255) * (percent / 100) + 1
    return round_to_8_bit((image - luma) * factor + luma).copy(interpretation="srgb")


def _apply_matrices(image: VipsImage, options: ColourAdjustment) -> VipsImage:
    if (options.matrix, options.saturation, options.hue, options.sepia) == (None, 0, 0, 0):
        return image
    matrix = multiply(
        sepia(options.sepia / 100), multiply(hue_rotate(options.hue), saturate(1 + options.saturation / 100))
    )
    if options.matrix is not None:
        matrix = multiply(matrix, to_matrix([list(options.matrix[at : at + 3]) for at in (0, 3, 6)]))
    multiplied = image.recomb(pyvips.Image.new_from_array([list(row) for row in matrix]))
    return round_to_8_bit(multiplied).copy(interpretation="srgb")


def _map_luminance(image: VipsImage, table: VipsImage) -> VipsImage:
    """Composite the premultiplied colours that the table has for each luminance over the image."""
    mapped = image.colourspace("b-w").maplut(table)
    return round_to_8_bit(image * (1 - mapped[3]) + mapped.extract_band(0, n=3)).copy(interpretation="srgb")


def _tint_table(colour: Colour) -> VipsImage:
    """Return the tinted colour for each grey."""
    greys = pyvips.Image.identity(bands=3).copy(interpretation="srgb").colourspace("lab")
    target = pyvips.Image.new_from_memory(bytes((colour.red, colour.green, colour.blue)), 1, 1, 3, "uchar")
    _, a, b = target.copy(interpretation="srgb").colourspace("lab")(0, 0)
    strength = 1 - 4 * (greys[0] / 100 - 0.5) ** 2
    tinted = greys[0].bandjoin(strength * a).bandjoin(strength * b).copy(interpretation="lab").colourspace("srgb")
    opacity = colour.alpha / 255
    return (tinted * opacity).bandjoin(opacity).cast("float").copy_memory()


def _duotone_table(duotone: Duotone) -> VipsImage:
    """Return the interpolated colour for each grey."""
    dark, light = _premultiplied_values(duotone.dark), _premultiplied_values(duotone.light)
    mixed = [a + (b - a) * grey / 255 for grey in _GREYS for a, b in zip(dark, light, strict=True)]
    return pyvips.Image.new_from_memory(array("f", mixed).tobytes(), len(_GREYS), 1, len(dark), "float")


def _colorize(image: VipsImage, colour: Colour) -> VipsImage:
    *parts, opacity = _premultiplied_values(colour)
    return round_to_8_bit(image.linear([1 - opacity], parts))


def _premultiplied_values(colour: Colour) -> tuple[float, float, float, float]:
    """Return premultiplied colours from 0 to 255, and alpha from 0 to 1."""
    opacity = colour.alpha / 255
    return colour.red * opacity, colour.green * opacity, colour.blue * opacity, opacity


def grayscale(frame: Frame, _job: RenderJob) -> Frame:
    """Convert the frame to grey, of sRGB: a profile of RGB says nothing of grey."""
    if frame.is_grey:
        return frame
    frame = convert_to_srgb(frame)
    return from_vips(to_vips(frame).colourspace("b-w"), frame)
