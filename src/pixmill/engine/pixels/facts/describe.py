"""What is written in place of a picture when a description of it is asked for as the format of the result.

Knows descriptions; pictures are written by the codecs.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from pixmill.engine.pixels.facts.blurhash import blurhash
from pixmill.engine.pixels.facts.look import look_at
from pixmill.engine.pixels.facts.lqip import lqip
from pixmill.engine.pixels.facts.small import SIDE, at_most
from pixmill.engine.pixels.facts.thumbhash import thumbhash
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.question import Question
from pixmill.ports import Description, Facts

_TEXTS: Final[dict[Format, Callable[[Frame], str]]] = {
    Format.BLURHASH: blurhash,
    Format.THUMBHASH: thumbhash,
    Format.LQIP: lqip,
}


def describe(frame: Frame, question: Question, original: Callable[[], Facts]) -> bytes:
    """The body of a result whose format is a description; ``original`` tells the facts of what it was made of."""
    small = at_most(frame, SIDE)
    if frame.format in _TEXTS:
        return _TEXTS[frame.format](small).encode()
    look = look_at(small, question)
    return msgspec.json.encode(Description(frame.width, frame.height, original(), **look))
