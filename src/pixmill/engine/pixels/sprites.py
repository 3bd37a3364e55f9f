"""Pictures and texts made ready to be laid on others: sRGB with alpha, in their size, turned, with their shadow.

A watermark is asked for again and again: the last ones are kept, by what they are made of. Knows how each kind is made; where it goes
and how it mixes is known to ``steps/overlay.py``. Pictures keep to the limits of originals, sprites to those of results.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Final

from msgspec.structs import replace

from pixmill.engine.codecs.picture import Header
from pixmill.engine.pixels.boundary import decoding
from pixmill.engine.pixels.bridge import VipsImage, from_vips, to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job, resolve_job
from pixmill.engine.pixels.letters import lettered
from pixmill.engine.pixels.paint import over, painted, translucent
from pixmill.engine.pixels.probe import opened
from pixmill.engine.pixels.soften import CUT, WIDE
from pixmill.engine.pixels.steps.convert import convert
from pixmill.engine.pixels.steps.resize import resize
from pixmill.engine.pixels.steps.spin import spin
from pixmill.engine.pixels.steps.turn import turn
from pixmill.media import Format
from pixmill.plan.geometry import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Plan, Resize
from pixmill.plan.overlays import Length, Overlay, Picture, Placement, Shadow, Text
from pixmill.plan.spin import Spin

KEPT_BYTES: Final = 32 * 2**20
_MOST_KEPT_BYTES: Final = 8 * 2**20
"""Of one sprite: more than a watermark needs."""

_REACH: Final = 3
"""A Gaussian ends after so many sigmas; the rest is less than half a code."""

_QUARTER: Final = 90


@dataclass(frozen=True, slots=True)
class Sprite:
    """``left`` and ``top`` are how far the shadow stands out; the thing itself has the size ``core``."""

    frame: Frame
    core: Size
    left: int = 0
    top: int = 0


class _Kept:
    """The last sprites, as many as there is room for."""

    def __init__(self) -> None:
        self._sprites: OrderedDict[Hashable, Sprite] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], Sprite]) -> Sprite:
        sprite = self._sprites.pop(key, None)
        if sprite is None:
            sprite = make()
            size = len(sprite.frame.pixels)
            if size > _MOST_KEPT_BYTES:
                return sprite
            self._bytes += size
        self._sprites[key] = sprite
        while self._bytes > KEPT_BYTES:
            _, oldest = self._sprites.popitem(last=False)
            self._bytes -= len(oldest.frame.pixels)
        return sprite


_KEPT: Final = _Kept()


def sprite(overlay: Overlay, canvas: Size, job: Job) -> Sprite:
    """What is laid on a canvas of this size. Raises ImageError for a picture that is none, ResultTooLarge."""
    if isinstance(overlay, Picture):
        source = job.extras[overlay.source]
        sized = replace(overlay, **_sides(overlay, canvas), place=_looks(overlay.place))
        key = (sha256(source).digest(), replace(sized, source=None))
        return _KEPT.get(key, lambda: _finished(_pictured(source, sized, job.limits), sized.place, job.limits))
    text = replace(overlay, width=_wrap(overlay, canvas), place=_looks(overlay.place))
    return _KEPT.get(text, lambda: _finished(from_vips(lettered(text)), text.place, job.limits))


def stretched(source: memoryview, size: Size, limits: Limits) -> Frame:
    """A picture of exactly this size, however it was before."""
    wanted = Resize(size.width, size.height, Fit.FILL, enlarge=True)
    return _KEPT.get((sha256(source).digest(), wanted), lambda: Sprite(_made(source, wanted, limits), size)).frame


def _sides(overlay: Picture, canvas: Size) -> dict[str, Length | None]:
    """Its sides in pixels."""
    pairs = (("width", overlay.width, canvas.width), ("height", overlay.height, canvas.height))
    return {name: length and Length(max(1, length.pixels(side))) for name, length, side in pairs}


def _wrap(text: Text, canvas: Size) -> Length:
    width = text.width.pixels(canvas.width) if text.width else canvas.width
    return Length(max(1, width))


def _looks(place: Placement) -> Placement:
    """Of a placement what changes the sprite itself."""
    return Placement(degrees=place.degrees, opacity=place.opacity, shadow=place.shadow)


def _pictured(source: memoryview, overlay: Picture, limits: Limits) -> Frame:
    width, height = (int(side.value) if side else 0 for side in (overlay.width, overlay.height))
    return _made(source, Resize(width, height, Fit(overlay.fit.value), enlarge=True), limits)


def _made(source: memoryview, wanted: Resize, limits: Limits) -> Frame:
    """By the first steps of every render."""
    with decoding():
        picture = opened(source, limits)
        job = resolve_job(picture.header, Plan(resize=wanted), limits)
        frame = picture.decode(job.need)
    for step in (resize, convert, turn):
        frame = step(frame, job)
    return frame


def _finished(frame: Frame, place: Placement, limits: Limits) -> Sprite:
    frame = from_vips(_able(to_vips(frame)))
    if place.degrees:
        frame = _turned(frame, place.degrees, limits)
    image, core = to_vips(frame), frame.size
    left = top = 0
    if place.shadow:
        image, left, top = _shaded(image, place.shadow)
    return Sprite(from_vips(translucent(image, place.opacity / 100)), core, left, top)


def _able(image: VipsImage) -> VipsImage:
    image = image.colourspace("srgb")
    return image if image.hasalpha() else image.bandjoin(255)


def _turned(frame: Frame, degrees: float, limits: Limits) -> Frame:
    plan = Plan(spin=Spin(degrees)) if degrees % _QUARTER else Plan(rotate=int(degrees))
    job = resolve_job(Header(Format.PNG, frame.size, alpha=True, colour_space="rgb"), plan, limits)
    return spin(turn(frame, job), job)


def _shaded(image: VipsImage, shadow: Shadow) -> tuple[VipsImage, int, int]:
    """The picture over its shadow, and how far that stands out to the left and at the top."""
    reach = ceil(shadow.blur * _REACH)
    left, top = max(0, reach - shadow.right), max(0, reach - shadow.down)
    width = left + image.width + max(0, reach + shadow.right)
    height = top + image.height + max(0, reach + shadow.down)
    cast = _spread(image[3].embed(left + shadow.right, top + shadow.down, width, height), shadow.blur)
    below = painted(cast, shadow.colour)
    return over(below, image, left, top), left, top


def _spread(mask: VipsImage, sigma: float) -> VipsImage:
    """A Gaussian; a wide one on a smaller mask, so that time does not grow with sigma."""
    if not sigma:
        return mask
    shrink = max(1.0, sigma / WIDE)
    small = (
        mask.cast("float")
        .resize(1 / shrink, kernel="linear")
        .gaussblur(sigma / shrink, min_ampl=CUT, precision="float")
    )
    return small.resize(mask.width / small.width, vscale=mask.height / small.height, kernel="linear")
