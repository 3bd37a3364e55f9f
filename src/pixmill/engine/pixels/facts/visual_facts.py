"""What is told of a small picture: each fact by whoever finds it."""

from collections.abc import Callable
from typing import Any, Final

from pixmill.engine.pixels.facts.average_colour import average_colour
from pixmill.engine.pixels.facts.blurhash import blurhash
from pixmill.engine.pixels.facts.lqip import lqip
from pixmill.engine.pixels.facts.palette import palette
from pixmill.engine.pixels.facts.phash import phash
from pixmill.engine.pixels.facts.thumbhash import thumbhash
from pixmill.engine.raster.frame import Frame
from pixmill.plan.facts import PIXEL_FACTS, Fact, FactSelection

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
