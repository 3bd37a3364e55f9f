"""Visual facts of an image, and results that describe an image instead of showing it.

Must never encode images.
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
    """Return the body of a result whose format is a description.

    ``source_facts`` reads the facts of the original.
    """
    thumbnail = shrink_to(frame, THUMBNAIL_SIDE)
    if frame.format in _PLACEHOLDERS:
        return _PLACEHOLDERS[frame.format](thumbnail).encode()
    visual_facts = find_visual_facts(selection, lambda: thumbnail, lambda: frame)
    return msgspec.json.encode(Description(frame.width, frame.height, source_facts(), **visual_facts))


_FINDERS: Final[dict[Fact, Callable[[Frame, FactSelection], object]]] = {
    Fact.AVERAGE: lambda frame, _: average_colour(frame),
    Fact.PALETTE: lambda frame, selection: palette(frame, selection.palette_colours),
    Fact.BLURHASH: lambda frame, _: blurhash(frame),
    Fact.THUMBHASH: lambda frame, _: thumbhash(frame),
    Fact.LQIP: lambda frame, _: lqip(frame),
}


def find_visual_facts(
    selection: FactSelection, thumbnail: Callable[[], Frame], whole: Callable[[], Frame]
) -> dict[str, Any]:
    """Return the requested fields of VisualFacts.

    ``thumbnail`` returns the image with sides of at most THUMBNAIL_SIDE, ``whole`` at its own size.
    """
    requested = [fact for fact in selection.include if fact in PIXEL_FACTS]
    found: dict[str, Any] = {Fact.PHASH.value: phash(whole())} if Fact.PHASH in requested else {}
    small_facts = [fact for fact in requested if fact in _FINDERS]
    frame = thumbnail() if small_facts else None
    return found | {fact.value: _FINDERS[fact](frame, selection) for fact in small_facts if frame}
