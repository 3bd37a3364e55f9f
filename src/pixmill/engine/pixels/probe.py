"""The facts of a picture from its header, checked against the limits before any pixel is allocated; more of them on request.

Knows formats and limits. Pixels are decoded for facts that one must look for, and for no others.
"""

import msgspec

from pixmill.engine.codecs.picture import Adjustable, Header, Paged, Picture
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.codecs.table import CODECS, how_to_get, readable
from pixmill.engine.pixels.boundary import decoding
from pixmill.engine.pixels.colour import profile_name
from pixmill.engine.pixels.facts.look import look_at
from pixmill.engine.pixels.facts.small import small_picture
from pixmill.engine.pixels.facts.texts import texts_of
from pixmill.errors import ImageTooLarge, InvalidParameter, MissingExtra, UndecodableImage, UnsupportedImage
from pixmill.media import MEDIA
from pixmill.plan.input import EVERYTHING, Input
from pixmill.plan.limits import Limits
from pixmill.plan.question import NOTHING_MORE, Question
from pixmill.ports import Facts

_MAX_SIDE = 65_535
"""What the resampling kernel takes, and most formats can say."""


def inspect(source: memoryview, limits: Limits, question: Question = NOTHING_MORE) -> Facts:
    """What ``/info`` tells. Raises UnsupportedImage, MissingExtra, UndecodableImage, ImageTooLarge."""
    picture = opened(source, limits)
    facts = facts_of(source, picture.header, question)
    if not question.seen:
        return facts
    return msgspec.structs.replace(facts, **look_at(small_picture(picture, limits), question))


def facts_of(source: memoryview, header: Header, question: Question) -> Facts:
    """What the header says, and what is written beside the pixels."""
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
        pages=1 if MEDIA[header.format].animation else header.frames,
        **texts_of(source, header, question),
    )


def opened(source: memoryview, limits: Limits, looked: Input = EVERYTHING) -> Picture:
    """The picture, or this page of it, within its limits and not yet decoded. Raises as ``inspect`` does, and InvalidParameter."""
    kind = sniff(source)
    if kind is None:
        raise UnsupportedImage
    if not readable(kind):
        lacking = how_to_get(kind)
        raise (MissingExtra if lacking else UnsupportedImage)(f"This installation cannot read {kind}{lacking}")
    with decoding():
        picture = CODECS[kind].open(source)
        if looked != EVERYTHING and isinstance(
            picture, Adjustable
        ):  # asking for a protocol takes as long as reading a header
            picture = picture.asked(looked)
    _check(picture.header, limits)
    return picture if looked.page == 1 else _turned_to(looked.page, picture, limits)


def _turned_to(page: int, picture: Picture, limits: Limits) -> Picture:
    frames = picture.header.frames
    if page > frames or not isinstance(picture, Paged):
        raise InvalidParameter(
            f"The original has {'only one picture' if frames == 1 else f'{frames} pages or frames'}", param="page"
        )
    if picture.header.timing:
        check_frames(picture.header, page, limits)  # a frame is made of those before it
    with decoding():
        other = picture.at(page)
    _check(other.header, limits)
    return other


def check_frames(header: Header, frames: int, limits: Limits) -> None:
    """Raises ImageTooLarge when this many frames of an animation are too much to decode."""
    if frames * header.size.pixels > limits.max_animation_pixels:
        raise ImageTooLarge(
            f"The frames of the original may have at most {limits.max_animation_pixels} pixels together"
        )


def _check(header: Header, limits: Limits) -> None:
    if header.size.width < 1 or header.size.height < 1:
        raise UndecodableImage(detail=f"{header.size.width} × {header.size.height} pixels")
    if max(header.size.width, header.size.height) > _MAX_SIDE:
        raise ImageTooLarge(f"No side of the original may be longer than {_MAX_SIDE} pixels")
    if header.size.pixels > limits.max_pixels and not header.scalable:
        raise ImageTooLarge(f"The original may have at most {limits.max_pixels} pixels")
    if header.frames > limits.max_frames and not header.scalable:
        raise ImageTooLarge(f"The original may have at most {limits.max_frames} frames")
