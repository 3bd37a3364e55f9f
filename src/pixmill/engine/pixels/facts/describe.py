"""What is written in place of a picture when a description of it is asked for as the format of the result.

Knows descriptions; pictures are written by the codecs.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from pixmill.engine.pixels.facts.blurhash import blurhash
from pixmill.engine.pixels.facts.lqip import lqip
from pixmill.engine.pixels.facts.thumbhash import thumbhash
from pixmill.engine.pixels.facts.thumbnail import THUMBNAIL_SIDE, shrink_to
from pixmill.engine.pixels.facts.visual_facts import find_visual_facts
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.facts import Description, Facts, FactSelection

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
