"""Overlay: pictures and texts laid over the canvas, one after the other.

Mixed in sRGB codes as browsers do (https://www.w3.org/TR/compositing-1/): blend modes are those of CSS, with the source over the
backdrop. An opaque picture stays opaque, but for the modes that take from it.
"""

from math import ceil

from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.paint import mixed
from pixmill.engine.pixels.sprites import Sprite, sprite
from pixmill.errors import PixmillError
from pixmill.plan.geometry import Box, Size
from pixmill.plan.lengths import exact, half_up
from pixmill.plan.overlays import Blend, Placement, Repeat
from pixmill.plan.references import overlay_name

_TAKING = (Blend.ERASE, Blend.XOR)


def overlay(frame: Frame, job: Job) -> Frame:
    """The frame with everything that is laid over it."""
    if not job.plan.overlays:
        return frame
    image = to_vips(frame).colourspace("srgb")
    for number, one in enumerate(job.plan.overlays):
        try:
            laid = sprite(one, frame.size, job)
        except PixmillError as error:
            raise error.about(overlay_name(number), "overlay") from error
        image = _laid(image, laid, one.place)
    return from_vips(image, frame)


def _laid(image: VipsImage, laid: Sprite, place: Placement) -> VipsImage:
    canvas = Size(image.width, image.height)
    above = to_vips(laid.frame)
    left, top = _corner(canvas, laid, place)
    if place.repeat is not Repeat.NONE:
        above, left, top = _repeated(above, canvas, place, left, top)
    box = _shown(canvas, above, left, top)
    if box is None:
        return image
    above = above.crop(box.left - left, box.top - top, box.width, box.height)
    return _blended(image, above, box, place.blend)


def _corner(canvas: Size, laid: Sprite, place: Placement) -> tuple[int, int]:
    """Where the sprite begins, its shadow included."""
    right, down = place.right.pixels(canvas.width), place.down.pixels(canvas.height)
    left = half_up(exact(place.x) * (canvas.width - laid.core.width)) + right - laid.left
    top = half_up(exact(place.y) * (canvas.height - laid.core.height)) + down - laid.top
    return left, top


def _repeated(above: VipsImage, canvas: Size, place: Placement, left: int, top: int) -> tuple[VipsImage, int, int]:
    """As many beside each other as cover the canvas, so that one lies where a single one would."""
    width, height = above.width + place.gap, above.height + place.gap
    across = place.repeat in (Repeat.ACROSS, Repeat.BOTH)
    down = place.repeat in (Repeat.DOWN, Repeat.BOTH)
    left, many = (left % width - width, ceil(canvas.width / width) + 1) if across else (left, 1)
    top, rows = (top % height - height, ceil(canvas.height / height) + 1) if down else (top, 1)
    return above.embed(0, 0, width, height).replicate(many, rows), left, top


def _shown(canvas: Size, above: VipsImage, left: int, top: int) -> Box | None:
    """The part of the canvas that is covered."""
    first, last = max(0, left), min(canvas.width, left + above.width)
    upper, lower = max(0, top), min(canvas.height, top + above.height)
    return Box(first, upper, last - first, lower - upper) if first < last and upper < lower else None


def _blended(image: VipsImage, above: VipsImage, box: Box, blend: Blend) -> VipsImage:
    if blend in _TAKING and not image.hasalpha():
        image = image.bandjoin(255)
    below = image.crop(box.left, box.top, box.width, box.height)
    result = mixed(below, above, blend)
    if not image.hasalpha():
        result = result.extract_band(0, n=3)
    return image.insert(result, box.left, box.top)
