"""Several figures in one value, with commas between. Knows numbers, colours and ways across a picture, but no parameter.

Bounds stand in the patterns themselves, so that what fits a schema is what is taken.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pixmill.dialects.colours import Colours
from pixmill.dialects.measures import Angles
from pixmill.dialects.scalars import Grammar, Schema, exact, shaped

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """One of them: the texts it may be, and what such a text stands for."""

    shape: str
    read: Callable[[str], Any]


def signed(text: str) -> float:
    """A decimal, perhaps below zero."""
    value = float(exact(text.removeprefix("-")))
    return -value if value and text[0] == "-" else value


def unsigned(text: str) -> float:
    return float(exact(text))


_DIRECTIONS: Final = {"up": 0.0, "right": 90.0, "down": 180.0, "left": 270.0}
_PLACES = r"(?:\.[0-9]{1,4})?"
_HUNDRED = rf"(?:100(?:\.0{{1,4}})?|[1-9]?[0-9]{_PLACES})"


def _within(grammar: Grammar[object]) -> str:
    """The shape that a grammar of texts has."""
    return f"(?:{str(grammar.schema['pattern'])[1:-1]})"


def _direction(text: str) -> float:
    return _DIRECTIONS[text] if text in _DIRECTIONS else float(Angles().parse(text))


CHANGE: Final = Figure(f"-?{_HUNDRED}", signed)
PERCENT: Final = Figure(_HUNDRED, unsigned)
BYTE: Final = Figure("(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])", int)
TENFOLD: Final = Figure(rf"(?:10(?:\.0{{1,4}})?|[1-9]{_PLACES}|0\.[1-9][0-9]{{0,3}})", unsigned)
"""From 0.1 to 10."""
SIGMA: Final = Figure(
    rf"(?:250(?:\.0{{1,4}})?|(?:2[0-4][0-9]|1[0-9]{{2}}|[1-9][0-9]?){_PLACES}|0\.[1-9][0-9]{{0,3}})", unsigned
)
"""From 0.1 to 250."""
DETAIL: Final = Figure(rf"(?:10(?:\.0{{1,4}})?|[1-9]{_PLACES}|0\.[3-9][0-9]{{0,3}})", unsigned)
"""From 0.3 to 10."""
AMOUNT: Final = Figure(rf"(?:10(?:\.0{{1,4}})?|[0-9]{_PLACES})", unsigned)
"""From 0 to 10."""
DIRECTION: Final = Figure(f"(?:{'|'.join(_DIRECTIONS)}|{_within(Angles())})", _direction)
COLOUR: Final = Figure(_within(Colours()), Colours().parse)


class Figures(Generic[T]):
    """``figures``, and then ``more`` of them or none, as the arguments of ``make``."""

    def __init__(
        self, figures: tuple[Figure, ...], make: Callable[..., T], expects: str, *, more: tuple[Figure, ...] = ()
    ) -> None:
        self.expects = expects
        self._reads = [figure.read for figure in (*figures, *more)]
        self._make = make
        shape = ",".join(figure.shape for figure in figures)
        self._shape = re.compile(shape + (f"(?:,{','.join(figure.shape for figure in more)})?" if more else ""))

    @property
    def schema(self) -> Schema:
        return shaped(self._shape.pattern)

    def parse(self, text: str) -> T:
        if not self._shape.fullmatch(text):
            raise ValueError
        return self._make(*(read(part) for read, part in zip(self._reads, text.split(","), strict=False)))


def change() -> Figures[float]:
    """A change in percent."""
    return Figures((CHANGE,), float, "a number from -100 to 100, with at most four decimals")
