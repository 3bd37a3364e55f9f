"""What is told of a picture besides what its header says: by ``/info``, and by ``/resize`` as ``format=json``."""

import re
from typing import Any, Final

from msgspec.structs import replace

from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import Schema, Whole, shaped
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.question import MAX_COLOURS, NOTHING_MORE, Fact, Question

_WORD = f"(?:{'|'.join(Fact)})"
_WORDS = re.compile(f"{_WORD}(?:,{_WORD}){{0,{len(Fact) - 1}}}")

_TEXTS: Final = {Format.BLURHASH, Format.THUMBHASH, Format.LQIP}
_ENOUGH: Final = Resize(100, 100)
"""A placeholder holds no more detail than a picture of this size."""


class Include:
    """Names of facts with commas between; their order, and a name said twice, mean nothing."""

    expects = f"one or more of {', '.join(Fact)}, with commas between, at most {len(Fact)}"

    @property
    def schema(self) -> Schema:
        return shaped(_WORDS.pattern)

    def parse(self, text: str) -> tuple[Fact, ...]:
        if not _WORDS.fullmatch(text):
            raise ValueError
        named = text.split(",")
        return tuple(fact for fact in Fact if fact in named)


PARAMS = (
    Param(
        "include",
        Group.INFO,
        Include(),
        "What /info, and /resize with format=json, tell besides what the header says. Of the file: hash (SHA-256), exif, iptc, xmp, "
        "and gps, without which no place is told. Of the picture: average colour, palette, blurhash, thumbhash, phash (64 bits, "
        "to find pictures that look alike), and lqip (a tiny WebP as a data URI).",
        ("palette,blurhash", "exif,gps"),
    ),
    Param(
        "palette_colors",
        Group.INFO,
        Whole(1, MAX_COLOURS),
        "How many colours the palette has at most.",
        ("4",),
        default=str(NOTHING_MORE.colours),
        aliases=("palette_colours",),
    ),
)


def question(asked: Asked) -> Question:
    """What is asked, in the one spelling of all questions that have the same answer."""
    include = asked.get("include", ())
    colours = asked.get("palette_colors", NOTHING_MORE.colours) if Fact.PALETTE in include else NOTHING_MORE.colours
    return Question(include, colours)


def fields(asked: Asked, output: Output) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    return {"question": question(asked)} if output.formats == (Format.JSON,) else {}


def lightened(plan: Plan) -> Plan:
    """The plan of a placeholder without a size: at a small one, if that changes nothing that counts pixels of the result."""
    if plan.resize != Resize() or not _TEXTS.intersection(plan.output.formats) or plan.output.negotiated:
        return plan
    harmless = Plan(
        rotate=plan.rotate,
        flip=plan.flip,
        crop=plan.crop,
        grayscale=plan.grayscale,
        background=plan.background,
        output=plan.output,
    )
    return replace(plan, resize=_ENOUGH) if plan == harmless else plan
