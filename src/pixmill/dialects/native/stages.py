"""Further stages as text: ``width=300&rotate=-8|crop=pct:10,10,80,80``.

Stages are separated by ``|``; each is a query of operations, so that within a URL its ``&`` is written ``%26`` and an
escape of its own ``%25…``. Which parameters a stage takes is passed in. Must never know a request or an image.
"""

from collections.abc import Callable
from typing import Final

from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.crop import CROP_PERCENT
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import Schema, inner_pattern, pattern_schema
from pixmill.dialects.native.hints import hints_of
from pixmill.dialects.native.param import Group, Param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.dialects.native.query import param_table, parse_query
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import MAX_OVERLAY_STAGES, MAX_STAGES, Fit, Flip, Stage

_UNCHANGED: Final = Stage()
_SIDE: Final = "[1-9][0-9]{0,3}"
_ANGLE: Final = inner_pattern(AngleGrammar())
_COMMON: Final = (
    rf"width={_SIDE}(?:&height={_SIDE}(?:&fit=(?:{'|'.join(Fit)}))?)?(?:&rotate={_ANGLE})?|"
    rf"crop={CROP_PERCENT.pattern}|rotate={_ANGLE}|flip=(?:{'|'.join(Flip)})|blur=[1-9]|grayscale=true"
)


class StageGrammar:
    """1 to ``max_stages`` stages, none of them empty. ``first`` is the number of the first one in messages."""

    def __init__(self, params: tuple[Param, ...], max_stages: int = MAX_STAGES, first: int = 2) -> None:
        self._table = param_table(params)
        self._max_stages = max_stages
        self._first = first
        self.expects = (
            f"1 to {max_stages} stages separated by |, each a list of operations as name=value separated by &, "
            "percent-encoded as a whole"
        )

    control = Control(ControlKind.STAGES)

    @property
    def schema(self) -> Schema:
        """The schema of a few operations with common values; a stage accepts many more."""
        return pattern_schema(rf"(?:{_COMMON})(?:\|(?:{_COMMON})){{0,{self._max_stages - 1}}}")

    def parse(self, text: str) -> tuple[ParamValues, ...]:
        """Parse the values of each stage. Raises BadRequest that names the stage, or ValueError for a wrong number."""
        pieces = text.split("|", self._max_stages)
        if len(pieces) > self._max_stages or not all(pieces):
            raise ValueError
        return tuple(self._parse_stage(piece, number) for number, piece in enumerate(pieces, self._first))

    def _parse_stage(self, piece: str, number: int) -> ParamValues:
        try:
            values = parse_query(piece.encode(), self._table)
        except BadRequest as error:
            raise error.with_subject(stage_name(number), "then") from None
        if hints_of(values) is not None:
            raise InvalidParameter(f"{stage_name(number)}: width=auto is for the first stage only", param="then")
        return values


class OverlayStageGrammar:
    """The stages of an overlay's image, compiled by ``compile_stage``; those without an effect are dropped."""

    def __init__(self, params: tuple[Param, ...], compile_stage: Callable[[ParamValues], Stage]) -> None:
        self._grammar = StageGrammar(params, MAX_OVERLAY_STAGES, first=1)
        self._compile = compile_stage
        self.expects = self._grammar.expects

    control = Control(ControlKind.STAGES)

    @property
    def schema(self) -> Schema:
        return self._grammar.schema

    def parse(self, text: str) -> tuple[Stage, ...]:
        """Parse and compile the stages. Raises BadRequest that names the stage, or ValueError for a wrong number."""
        return tuple(
            stage
            for number, values in enumerate(self._grammar.parse(text), 1)
            if (stage := self._compile_stage(values, number)) != _UNCHANGED
        )

    def _compile_stage(self, values: ParamValues, number: int) -> Stage:
        try:
            return self._compile(values)
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
        is_advanced=True,
    )
