"""Matches the bands of a libvips image to a colour that is drawn beside it."""

from pixmill.engine.raster.convert import VipsImage
from pixmill.plan.colour import Colour

OPAQUE = 255


def with_bands_for(image: VipsImage, colour: Colour) -> VipsImage:
    """Add the bands that the colour needs.

    A grey image gets colour unless the colour is grey, and alpha if it is translucent.
    """
    if image.interpretation == "b-w" and colour.alpha and not colour.red == colour.green == colour.blue:
        image = image.colourspace("srgb")
    if colour.alpha < OPAQUE and not image.hasalpha():
        image = image.bandjoin(OPAQUE)
    return image


def band_values(image: VipsImage, colour: Colour) -> list[int]:
    """The colour as one value per band of the image."""
    colours = [colour.red] if image.interpretation == "b-w" else [colour.red, colour.green, colour.blue]
    return [*colours, colour.alpha] if image.hasalpha() else colours
