"""The facts of a picture from its header, checked against the limits before any pixel is allocated.

Knows formats and limits. Must never decode pixels.
"""

from pixmill.engine.codecs.picture import Header, Picture
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.codecs.table import CODECS, readable
from pixmill.engine.pixels.boundary import decoding
from pixmill.engine.pixels.colour import profile_name
from pixmill.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from pixmill.plan.limits import Limits
from pixmill.ports import Facts

_MAX_SIDE = 65_535
"""What the resampling kernel takes, and most formats can say."""


def inspect(source: memoryview, limits: Limits) -> Facts:
    """What ``/info`` tells. Raises UnsupportedImage, UndecodableImage, ImageTooLarge."""
    header = opened(source, limits).header
    seen = header.turn.size(header.size)
    return Facts(
        format=header.format,
        width=seen.width,
        height=seen.height,
        frames=header.frames,
        alpha=header.alpha,
        orientation=header.orientation,
        colour_space=header.colour_space,
        profile=profile_name(header.profile),
        bytes=len(source),
    )


def opened(source: memoryview, limits: Limits) -> Picture:
    """The picture, within its limits and not yet decoded. Raises as ``inspect`` does."""
    kind = sniff(source)
    if kind is None:
        raise UnsupportedImage
    if not readable(kind):
        raise UnsupportedImage(f"This installation cannot read {kind}")
    with decoding():
        picture = CODECS[kind].open(source)
    _check(picture.header, limits)
    return picture


def _check(header: Header, limits: Limits) -> None:
    if header.size.width < 1 or header.size.height < 1:
        raise UndecodableImage(detail=f"{header.size.width} × {header.size.height} pixels")
    if max(header.size.width, header.size.height) > _MAX_SIDE:
        raise ImageTooLarge(f"No side of the original may be longer than {_MAX_SIDE} pixels")
    if header.size.pixels > limits.max_pixels:
        raise ImageTooLarge(f"The original may have at most {limits.max_pixels} pixels")
    if header.frames > limits.max_frames:
        raise ImageTooLarge(f"The original may have at most {limits.max_frames} frames")
