"""What is told of a small picture: each fact by whoever finds it."""

from collections.abc import Callable
from typing import Any, Final

from pixmill.engine.pixels.facts.average import average
from pixmill.engine.pixels.facts.blurhash import blurhash
from pixmill.engine.pixels.facts.lqip import lqip
from pixmill.engine.pixels.facts.palette import palette
from pixmill.engine.pixels.facts.phash import phash
from pixmill.engine.pixels.facts.thumbhash import thumbhash
from pixmill.engine.pixels.frame import Frame
from pixmill.plan.question import SEEN, Fact, Question

_FOUND: Final[dict[Fact, Callable[[Frame, Question], object]]] = {
    Fact.AVERAGE: lambda frame, _: average(frame),
    Fact.PALETTE: lambda frame, question: palette(frame, question.colours),
    Fact.BLURHASH: lambda frame, _: blurhash(frame),
    Fact.THUMBHASH: lambda frame, _: thumbhash(frame),
    Fact.PHASH: lambda frame, _: phash(frame),
    Fact.LQIP: lambda frame, _: lqip(frame),
}


def look_at(frame: Frame, question: Question) -> dict[str, Any]:
    """The fields of a Look that are asked for, of a picture of at most ``small.SIDE`` pixels along each side."""
    return {fact.value: _FOUND[fact](frame, question) for fact in question.include if fact in SEEN}
