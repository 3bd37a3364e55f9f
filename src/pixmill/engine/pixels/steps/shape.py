"""Shape: rounded corners, a mask, and a border along them.

Opacity is multiplied by how much of a pixel the outline holds. The border is composited in sRGB codes, as browsers do, from the
outline inwards; a stencil, which has no line to follow, comes last. Pixels keep their colours where they only become less opaque.
"""

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import joined, parted, rounded
from pixmill.engine.pixels.outline import covered, inside, rounded_box
from pixmill.engine.pixels.paint import over, painted
from pixmill.engine.pixels.stencil import stencil
from pixmill.plan.geometry import Size
from pixmill.plan.shapes import NO_SHAPE, Border, Rounding, Shape, Stencil

_SQUARE = Rounding()
_OPAQUE = 255


def shape(frame: Frame, job: Job) -> Frame:
    """The frame in its shape."""
    asked = job.plan.shape
    if asked == NO_SHAPE:
        return frame
    image = to_vips(frame)
    if asked.rounding or asked.border or not isinstance(asked.mask, Stencil | None):
        image = _outlined(image, asked, frame.size)
    if isinstance(asked.mask, Stencil):
        image = _thinned(image, stencil(asked.mask, frame.size, job) / _OPAQUE)
    return from_vips(image, frame)


def _outlined(image: VipsImage, asked: Shape, size: Size) -> VipsImage:
    depth = _depth(asked, size).copy_memory()  # looked at twice
    if asked.border:
        image = _bordered(image, asked.border, depth)
    if asked.rounding or asked.mask:
        image = _thinned(image, covered(depth))
    return image


def _depth(asked: Shape, size: Size) -> VipsImage:
    """How deep each pixel lies in all that bounds the picture."""
    depth = rounded_box(size, asked.rounding or _SQUARE)
    if asked.mask is None or isinstance(asked.mask, Stencil):
        return depth
    within = inside(asked.mask, size)
    return depth.minpair(within) if asked.rounding else within


def _thinned(image: VipsImage, coverage: VipsImage) -> VipsImage:
    colours, alpha = parted(image)
    return joined(colours, coverage * (_OPAQUE if alpha is None else alpha))


def _bordered(image: VipsImage, border: Border, depth: VipsImage) -> VipsImage:
    """The border over the picture, from the outline to ``width`` pixels within."""
    line = painted(rounded((1 - covered(depth - border.width)) * _OPAQUE), border.colour)
    space = "srgb"
    if image.interpretation == "b-w" and border.colour.red == border.colour.green == border.colour.blue:
        line, space = line[0].bandjoin(line[3]), "b-w"
    result = over(image.colourspace(space), line)
    return result if image.hasalpha() else result.extract_band(0, n=result.bands - 1)
