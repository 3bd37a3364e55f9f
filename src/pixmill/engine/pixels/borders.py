"""Borders of one colour, found on the whole decoded picture: what lies within them is known before the geometry is.

Compared are the codes of the file, by libvips' find_trim without its median filter: that would cost five seconds where this
costs a third of one, on 33 megapixels. Knows what a border is. Must never know where the picture goes.
"""

from pixmill.engine.codecs.picture import Need
from pixmill.engine.pixels.boundary import decoding, working
from pixmill.engine.pixels.bridge import VipsImage, to_vips
from pixmill.engine.pixels.frame import Area
from pixmill.engine.pixels.job import whole_turn
from pixmill.engine.pixels.probe import opened
from pixmill.engine.pixels.turn import Turn
from pixmill.plan.geometry import Box, Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Colour, Plan
from pixmill.plan.trim import Trim

_UNSEEN = 0


def borders(source: memoryview, plan: Plan, limits: Limits) -> Box | None:
    """What is left of the stored picture without its borders; None where none are to be cut off, or all would be."""
    if plan.trim is None:
        return None
    picture = opened(source, limits, plan.input)
    size = picture.header.size
    with decoding():
        frame = picture.decode(Need(Area(0, 0, size.width, size.height), size))
    with working():
        return inner(to_vips(frame).crop(0, 0, size.width, size.height), plan.trim, whole_turn(picture.header, plan))


def inner(image: VipsImage, trim: Trim, turn: Turn) -> Box | None:
    """The box within the borders of a picture that will be seen after ``turn``: that says which corner is the top left."""
    size = Size(image.width, image.height)
    corner = turn.stored(Area(0, 0, 1, 1), turn.size(size))
    colour = trim.colour or _colour(image(int(corner.left), int(corner.top)), alpha=image.hasalpha())
    if colour.alpha == _UNSEEN:
        if not image.hasalpha():
            return None
        found = image[image.bands - 1].find_trim(threshold=trim.tolerance, background=[0], line_art=True)
    else:
        parts = [colour.red, colour.green, colour.blue]
        found = image.colourspace("srgb").find_trim(threshold=trim.tolerance, background=parts, line_art=True)
    box = Box(*found)
    if not box.width or not box.height:
        return None
    across, down = (trim.down, trim.across) if turn.quarters % 2 else (trim.across, trim.down)
    return _equal(box, size, across=across, down=down)


def _colour(pixel: list[float], *, alpha: bool) -> Colour:
    *colours, opacity = map(int, pixel if alpha else [*pixel, 255])
    red, green, blue = colours * 3 if len(colours) == 1 else colours
    return Colour(red, green, blue, opacity)


def _equal(box: Box, size: Size, *, across: bool, down: bool) -> Box:
    """As much off the one side as off the other, the lesser of both."""
    left, width = _centred(box.left, box.width, size.width) if across else (box.left, box.width)
    top, height = _centred(box.top, box.height, size.height) if down else (box.top, box.height)
    return Box(left, top, width, height)


def _centred(start: int, length: int, side: int) -> tuple[int, int]:
    margin = min(start, side - start - length)
    return margin, side - 2 * margin
