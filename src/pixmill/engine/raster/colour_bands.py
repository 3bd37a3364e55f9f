"""What a colour asks of a picture before it can stand beside it. Knows colours and libvips pictures."""

from pixmill.engine.raster.convert import VipsImage
from pixmill.plan.colour import Colour

OPAQUE = 255


def with_bands_for(image: VipsImage, colour: Colour) -> VipsImage:
    """The picture with the bands that the colour needs: a grey one stays grey for a grey colour."""
    if image.interpretation == "b-w" and colour.alpha and not colour.red == colour.green == colour.blue:
        image = image.colourspace("srgb")
    if colour.alpha < OPAQUE and not image.hasalpha():
        image = image.bandjoin(OPAQUE)
    return image


def band_values(image: VipsImage, colour: Colour) -> list[int]:
    """The colour in the bands of a picture that is able to show it."""
    colours = [colour.red] if image.interpretation == "b-w" else [colour.red, colour.green, colour.blue]
    return [*colours, colour.alpha] if image.hasalpha() else colours
