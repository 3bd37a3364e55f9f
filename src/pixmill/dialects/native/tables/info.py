"""Parameters for image information: of ``/info``, and of ``/resize`` with ``format=json``."""

import re
from typing import Final

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.scalars import Integer, Schema, pattern_schema
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.plan.facts import HEADER_FACTS_ONLY, MAX_PALETTE_COLOURS, Fact, FactSelection

_FACT = f"(?:{'|'.join(Fact)})"
_FACTS = re.compile(f"{_FACT}(?:,{_FACT}){{0,{len(Fact) - 1}}}")


class FactsGrammar:
    """A list of facts; order and repetitions make no difference."""

    expects = f"1 to {len(Fact)} of {', '.join(Fact)}, separated by commas"

    control = Control(ControlKind.LIST, choices=tuple(Fact))

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
        "Information that `/info`, and `/resize` with `format=json`, return in addition to the header. From the "
        "file: `hash` (SHA-256), `exif`, `iptc`, `xmp` and `gps`; without `gps` nothing tells a place: "
        "no coordinates and no names of places. From the pixels: `average` colour, `palette`, `blurhash`, `thumbhash`, "
        "`phash` (64-bit perceptual hash, to find similar images) and `lqip` (a tiny WebP as a data URI).",
        ("palette,blurhash", "exif,gps"),
        is_advanced=True,
    ),
    Param(
        "palette_colors",
        Group.INFO,
        Integer(1, MAX_PALETTE_COLOURS),
        "Maximum number of colours in `palette`.",
        ("4",),
        default=str(HEADER_FACTS_ONLY.palette_colours),
        aliases=("palette_colours",),
        is_advanced=True,
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS)
"""The parameters of ``fact_selection``."""


def fact_selection(values: ParamValues) -> FactSelection:
    """Compile the facts to return."""
    return FactSelection(values.get("include", ()), values.get("palette_colors", HEADER_FACTS_ONLY.palette_colours))
