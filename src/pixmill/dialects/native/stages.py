"""Further stages as text: ``width=300&rotate=-8|crop=pct:10,10,80,80``.

Stages are separated by ``|``; each is a query of operations, so that within a URL its ``&`` is written ``%26`` and an
escape of its own ``%25…``. Which parameters a stage takes is passed in. Must never know a request or an image.
"""

from typing import Final

from pixmill.dialects.native.grammars.crop import CROP_PERCENT
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import Schema, inner_pattern, pattern_schema
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.errors import BadRequest
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import MAX_STAGES, Fit, Flip

_SIDE: Final = "[1-9][0-9]{0,3}"
_ANGLE: Final = inner_pattern(AngleGrammar())
_COMMON: Final = (
    rf"width={_SIDE}(?:&height={_SIDE}(?:&fit=(?:{'|'.join(Fit)}))?)?(?:&rotate={_ANGLE})?|"
    rf"crop={CROP_PERCENT.pattern}|rotate={_ANGLE}|flip=(?:{'|'.join(Flip)})|blur=[1-9]|grayscale=true"
)


class StageGrammar:
    """1 to ``MAX_STAGES`` stages, none of them empty."""

    expects = (
        f"1 to {MAX_STAGES} stages separated by |, each a list of operations as name=value separated by &, "
        "percent-encoded as a whole"
    )

    def __init__(self, params: tuple[Param, ...]) -> None:
        self._table = param_table(params)

    @property
    def schema(self) -> Schema:
        """The schema of a few operations with common values; a stage accepts many more."""
        return pattern_schema(rf"(?:{_COMMON})(?:\|(?:{_COMMON})){{0,{MAX_STAGES - 1}}}")

    def parse(self, text: str) -> tuple[ParamValues, ...]:
        """Parse the values of each stage. Raises BadRequest that names the stage, or ValueError for a wrong number."""
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
    """Declare the parameter that holds stages of these parameters."""
    return Param(
        "then",
        Group.STAGE,
        StageGrammar(params),
        "Further stages, run in order after all other operations, each on the result of the one before it.",
        ("width=200&rotate=-8|crop=pct:10,10,80,80", "blur=4"),
    )
