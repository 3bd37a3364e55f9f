"""Stages as text: ``width=300&rotate=-8|crop=pct:10,10,80,80``.

Stages with ``|`` between, each a query of operations, so that within a URL its ``&`` is written ``%26`` and an escape of its own ``%25…``. Knows how
stages are parted; what may be said in one is handed in. Must never know a request or a picture.
"""

from typing import Final

from pixmill.dialects.native.grammars.crop import CROP_PERCENT
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import Schema, pattern_schema
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.errors import BadRequest
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import MAX_STAGES, Fit, Flip

_SIDE: Final = "[1-9][0-9]{0,3}"
_ANGLE: Final = str(AngleGrammar().schema["pattern"])[1:-1]
_COMMON: Final = (
    rf"width={_SIDE}(?:&height={_SIDE}(?:&fit=(?:{'|'.join(Fit)}))?)?(?:&rotate={_ANGLE})?|"
    rf"crop={CROP_PERCENT.pattern}|rotate={_ANGLE}|flip=(?:{'|'.join(Flip)})|blur=[1-9]|grayscale=true"
)


class StageGrammar:
    """Up to ``MAX_STAGES``, none of them empty."""

    expects = f"1 to {MAX_STAGES} stages with | between, each of operations as name=value with & between, percent-encoded as a whole"

    def __init__(self, params: tuple[Param, ...]) -> None:
        self._table = param_table(params)

    @property
    def schema(self) -> Schema:
        """With some operations and common values; a stage takes many more."""
        return pattern_schema(rf"(?:{_COMMON})(?:\|(?:{_COMMON})){{0,{MAX_STAGES - 1}}}")

    def parse(self, text: str) -> tuple[ParamValues, ...]:
        """The values of each. Raises BadRequest that says which stage is wrong, rather than ValueError, where one is."""
        pieces = text.split("|", MAX_STAGES)
        if len(pieces) > MAX_STAGES or not all(pieces):
            raise ValueError
        return tuple(self._parse_stage(piece, number) for number, piece in enumerate(pieces, 2))

    def _parse_stage(self, piece: str, number: int) -> ParamValues:
        try:
            return parse_query(piece.encode(), self._table)
        except BadRequest as error:
            raise error.with_subject(stage_name(number), "then") from None


def then_param(params: tuple[Param, ...]) -> Param:
    """The parameter that holds stages of these."""
    return Param(
        "then",
        Group.STAGE,
        StageGrammar(params),
        "What is done after all that, stage by stage, each on the picture that the one before it made.",
        ("width=200&rotate=-8|crop=pct:10,10,80,80", "blur=4"),
    )
