"""What is written in place of a picture when a description of it is asked for as the format of the result.

Knows descriptions; pictures are written by the codecs.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from pixmill.engine.pixels.facts.blurhash import blurhash
from pixmill.engine.pixels.facts.colours import average_colour, palette
from pixmill.engine.pixels.facts.lqip import lqip
from pixmill.engine.pixels.facts.phash import phash
from pixmill.engine.pixels.facts.thumbhash import thumbhash
from pixmill.engine.pixels.facts.thumbnail import THUMBNAIL_SIDE, shrink_to
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.facts import PIXEL_FACTS, Description, Fact, Facts, FactSelection

_PLACEHOLDERS: Final[dict[Format, Callable[[Frame], str]]] = {
    Format.BLURHASH: blurhash,
    Format.THUMBHASH: thumbhash,
    Format.LQIP: lqip,
}


def describe(frame: Frame, selection: FactSelection, source_facts: Callable[[], Facts]) -> bytes:
    """The body of a result whose format is a description; ``original`` tells the facts of what it was made of."""
    thumbnail = shrink_to(frame, THUMBNAIL_SIDE)
    if frame.format in _PLACEHOLDERS:
        return _PLACEHOLDERS[frame.format](thumbnail).encode()
    visual_facts = find_visual_facts(thumbnail, selection)
    return msgspec.json.encode(Description(frame.width, frame.height, source_facts(), **visual_facts))


_FINDERS: Final[dict[Fact, Callable[[Frame, FactSelection], object]]] = {
    Fact.AVERAGE: lambda frame, _: average_colour(frame),
    Fact.PALETTE: lambda frame, question: palette(frame, question.palette_colours),
    Fact.BLURHASH: lambda frame, _: blurhash(frame),
    Fact.THUMBHASH: lambda frame, _: thumbhash(frame),
    Fact.PHASH: lambda frame, _: phash(frame),
    Fact.LQIP: lambda frame, _: lqip(frame),
}


def find_visual_facts(frame: Frame, selection: FactSelection) -> dict[str, Any]:
    """The fields of a Look that are asked for, of a picture of at most ``small.SIDE`` pixels along each side."""
    return {fact.value: _FINDERS[fact](frame, selection) for fact in selection.include if fact in PIXEL_FACTS}
