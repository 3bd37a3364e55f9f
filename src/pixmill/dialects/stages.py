"""Stages as text: ``width=300&rotate=-8|crop=pct:10,10,80,80``.

Stages with ``|`` between, each a query of operations, so that within a URL its ``&`` is written ``%26`` and an escape of its own ``%25…``. Knows how
stages are parted; what may be said in one is handed in. Must never know a request or a picture.
"""

from typing import Final

from pixmill.dialects.measures import Angles
from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.reading import read, table_of
from pixmill.dialects.regions import CROP_PERCENT
from pixmill.dialects.scalars import Schema, shaped
from pixmill.errors import BadRequest
from pixmill.plan.geometry import stage_name
from pixmill.plan.ops import MAX_STAGES, Fit, Flip

_SIDE: Final = "[1-9][0-9]{0,3}"
_TURN: Final = str(Angles().schema["pattern"])[1:-1]
_COMMON: Final = (
    rf"width={_SIDE}(?:&height={_SIDE}(?:&fit=(?:{'|'.join(Fit)}))?)?(?:&rotate={_TURN})?|"
    rf"crop={CROP_PERCENT.pattern}|rotate={_TURN}|flip=(?:{'|'.join(Flip)})|blur=[1-9]|grayscale=true"
)


class Stages:
    """Up to ``MAX_STAGES``, none of them empty."""

    expects = f"1 to {MAX_STAGES} stages with | between, each of operations as name=value with & between, percent-encoded as a whole"

    def __init__(self, params: tuple[Param, ...]) -> None:
        self._table = table_of(params)

    @property
    def schema(self) -> Schema:
        """With some operations and common values; a stage takes many more."""
        return shaped(rf"(?:{_COMMON})(?:\|(?:{_COMMON})){{0,{MAX_STAGES - 1}}}")

    def parse(self, text: str) -> tuple[Asked, ...]:
        """The values of each. Raises BadRequest that says which stage is wrong, rather than ValueError, where one is."""
        pieces = text.split("|", MAX_STAGES)
        if len(pieces) > MAX_STAGES or not all(pieces):
            raise ValueError
        return tuple(self._read(piece, number) for number, piece in enumerate(pieces, 2))

    def _read(self, piece: str, number: int) -> Asked:
        try:
            return read(piece.encode(), self._table)
        except BadRequest as error:
            raise error.about(stage_name(number), "then") from None


def then(params: tuple[Param, ...]) -> Param:
    """The parameter that holds stages of these."""
    return Param(
        "then",
        Group.STAGE,
        Stages(params),
        "What is done after all that, stage by stage, each on the picture that the one before it made.",
        ("width=200&rotate=-8|crop=pct:10,10,80,80", "blur=4"),
    )
