"""What is told of a picture besides what its header says: by ``/info``, and by ``/resize`` as ``format=json``."""

import re
from typing import Any, Final

from msgspec.structs import replace

from pixmill.dialects.native.grammars.scalars import Integer, Schema, pattern_schema
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.media import Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, MAX_PALETTE_COLOURS, Fact, FactSelection
from pixmill.plan.ops import Output, Plan, Resize

_FACT = f"(?:{'|'.join(Fact)})"
_FACTS = re.compile(f"{_FACT}(?:,{_FACT}){{0,{len(Fact) - 1}}}")

_PLACEHOLDER_FORMATS: Final = {Format.BLURHASH, Format.THUMBHASH, Format.LQIP}
_PLACEHOLDER_RESIZE: Final = Resize(100, 100)
"""A placeholder holds no more detail than a picture of this size."""


class FactsGrammar:
    """Names of facts with commas between; their order, and a name said twice, mean nothing."""

    expects = f"one or more of {', '.join(Fact)}, with commas between, at most {len(Fact)}"

    @property
    def schema(self) -> Schema:
        return pattern_schema(_FACTS.pattern)

    def parse(self, text: str) -> tuple[Fact, ...]:
        if not _FACTS.fullmatch(text):
            raise ValueError
        names = text.split(",")
        return tuple(fact for fact in Fact if fact in names)


PARAMS = (
    Param(
        "include",
        Group.INFO,
        FactsGrammar(),
        "What /info, and /resize with format=json, tell besides what the header says. Of the file: hash (SHA-256), exif, iptc, xmp, "
        "and gps, without which no place is told. Of the picture: average colour, palette, blurhash, thumbhash, phash (64 bits, "
        "to find pictures that look alike), and lqip (a tiny WebP as a data URI).",
        ("palette,blurhash", "exif,gps"),
    ),
    Param(
        "palette_colors",
        Group.INFO,
        Integer(1, MAX_PALETTE_COLOURS),
        "How many colours the palette has at most.",
        ("4",),
        default=str(HEADER_FACTS_ONLY.palette_colours),
        aliases=("palette_colours",),
    ),
)


def fact_selection(values: ParamValues) -> FactSelection:
    """What is asked, in the one spelling of all questions that have the same answer."""
    include = values.get("include", ())
    colours = (
        values.get("palette_colors", HEADER_FACTS_ONLY.palette_colours)
        if Fact.PALETTE in include
        else HEADER_FACTS_ONLY.palette_colours
    )
    return FactSelection(include, colours)


def info_fields(values: ParamValues, output: Output) -> dict[str, Any]:
    """The fields of a plan that these parameters make."""
    return {"fact_selection": fact_selection(values)} if output.formats == (Format.JSON,) else {}


def with_placeholder_size(plan: Plan) -> Plan:
    """The plan of a placeholder without a size: at a small one, if that changes nothing that counts pixels of the result."""
    if plan.resize != Resize() or not _PLACEHOLDER_FORMATS.intersection(plan.output.formats) or plan.output.negotiated:
        return plan
    reducible = Plan(
        rotate=plan.rotate,
        flip=plan.flip,
        crop=plan.crop,
        grayscale=plan.grayscale,
        background=plan.background,
        output=plan.output,
    )
    return replace(plan, resize=_PLACEHOLDER_RESIZE) if plan == reducible else plan
