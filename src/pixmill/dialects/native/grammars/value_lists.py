"""Several values in one parameter, separated by commas. Knows numbers, colours and directions, but no parameter.

Bounds are part of the patterns, so that the schema and the parser accept the same texts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.controls import TEXT, Control, ControlKind
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import Schema, inner_pattern, parse_decimal, pattern_schema

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ListItem(Generic[T_co]):
    """One item of a list: the pattern of its texts, the parser of a text that matches, and its control."""

    pattern: str
    parse: Callable[[str], T_co]
    control: Control = TEXT


def parse_signed(text: str) -> float:
    """Parse a decimal with an optional minus sign."""
    value = float(parse_decimal(text.removeprefix("-")))
    return -value if value and text[0] == "-" else value


def parse_unsigned(text: str) -> float:
    return float(parse_decimal(text))


def number_control(low: float, high: float) -> Control:
    return Control(ControlKind.NUMBER, low, high)


_DIRECTION_DEGREES: Final = {"up": 0.0, "right": 90.0, "down": 180.0, "left": 270.0}
_FRACTION = r"(?:\.[0-9]{1,4})?"
_PERCENT_PATTERN = rf"(?:100(?:\.0{{1,4}})?|[1-9]?[0-9]{_FRACTION})"


def _parse_direction(text: str) -> float:
    return _DIRECTION_DEGREES[text] if text in _DIRECTION_DEGREES else float(AngleGrammar().parse(text))


SIGNED_PERCENT: Final = ListItem(f"-?{_PERCENT_PATTERN}", parse_signed, number_control(-100, 100))
PERCENT: Final = ListItem(_PERCENT_PATTERN, parse_unsigned, number_control(0, 100))
BYTE: Final = ListItem("(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])", int, Control(ControlKind.INTEGER, 0, 255))
LEVELS_GAMMA: Final = ListItem(
    rf"(?:10(?:\.0{{1,4}})?|[1-9]{_FRACTION}|0\.[1-9][0-9]{{0,3}})", parse_unsigned, number_control(0.1, 10)
)
"""From 0.1 to 10."""
SIGMA: Final = ListItem(
    rf"(?:250(?:\.0{{1,4}})?|(?:2[0-4][0-9]|1[0-9]{{2}}|[1-9][0-9]?){_FRACTION}|0\.[1-9][0-9]{{0,3}})",
    parse_unsigned,
    number_control(0.1, 250),
)
"""From 0.1 to 250."""
UNSHARP_SIGMA: Final = ListItem(
    rf"(?:10(?:\.0{{1,4}})?|[1-9]{_FRACTION}|0\.[3-9][0-9]{{0,3}})", parse_unsigned, number_control(0.3, 10)
)
"""From 0.3 to 10."""
SHARPEN_SIGMA: Final = LEVELS_GAMMA
UNSHARP_AMOUNT: Final = ListItem(rf"(?:10(?:\.0{{1,4}})?|[0-9]{_FRACTION})", parse_unsigned, number_control(0, 10))
"""From 0 to 10."""
FACTOR: Final = UNSHARP_AMOUNT
MATRIX_WEIGHT: Final = ListItem(f"-?{UNSHARP_AMOUNT.pattern}", parse_signed, number_control(-10, 10))
"""From -10 to 10."""
ANGLE: Final = ListItem(inner_pattern(AngleGrammar()), AngleGrammar().parse, AngleGrammar.control)
_STOPS: Final = ListItem(rf"-?(?:5(?:\.0{{1,4}})?|[0-4]{_FRACTION})", parse_signed, number_control(-5, 5))
_SATURATION: Final = ListItem(
    rf"(?:-{_PERCENT_PATTERN}|900(?:\.0{{1,4}})?|(?:[1-8][0-9]{{2}}|[1-9]?[0-9]){_FRACTION})",
    parse_signed,
    number_control(-100, 900),
)
_VIBRANCE: Final = ListItem(
    rf"(?:-{_PERCENT_PATTERN}|500(?:\.0{{1,4}})?|(?:[1-4][0-9]{{2}}|[1-9]?[0-9]){_FRACTION})",
    parse_signed,
    number_control(-100, 500),
)
DIRECTION: Final = ListItem(
    f"(?:{'|'.join(_DIRECTION_DEGREES)}|{inner_pattern(AngleGrammar())})",
    _parse_direction,
    Control(ControlKind.NUMBER, -360, 360, tuple(_DIRECTION_DEGREES)),
)
COLOUR: Final = ListItem(inner_pattern(ColourGrammar()), ColourGrammar().parse, ColourGrammar.control)


class ValueList(Generic[T]):
    """``items``, then all of ``optional_items`` or none, passed to ``build``."""

    def __init__(
        self,
        items: tuple[ListItem[object], ...],
        build: Callable[..., T],
        expects: str,
        *,
        optional_items: tuple[ListItem[object], ...] = (),
    ) -> None:
        self.expects = expects
        self.build = build
        self.control = _control([item.control for item in (*items, *optional_items)], len(items))
        self._parsers = [item.parse for item in (*items, *optional_items)]
        pattern = ",".join(item.pattern for item in items)
        self._pattern = re.compile(
            pattern + (f"(?:,{','.join(item.pattern for item in optional_items)})?" if optional_items else "")
        )

    @property
    def schema(self) -> Schema:
        return pattern_schema(self._pattern.pattern)

    def parse(self, text: str) -> T:
        if not self._pattern.fullmatch(text):
            raise ValueError
        return self.build(*(parse(part) for parse, part in zip(self._parsers, text.split(","), strict=False)))


def _control(items: list[Control], required: int) -> Control:
    return items[0] if len(items) == 1 else Control(ControlKind.LIST, items=tuple(items), required=required)


def signed_percent() -> ValueList[float]:
    """Build the grammar of a change in percent."""
    return ValueList((SIGNED_PERCENT,), float, "a number from -100 to 100, with at most four decimals")


def stops() -> ValueList[float]:
    """Build the grammar of a change of exposure."""
    return ValueList((_STOPS,), float, "a number from -5 to 5, with at most four decimals")


def saturation_percent() -> ValueList[float]:
    """Build the grammar of a change of saturation."""
    return ValueList((_SATURATION,), float, "a number from -100 to 900, with at most four decimals")


def vibrance_percent() -> ValueList[float]:
    """Build the grammar of a change of vibrance."""
    return ValueList((_VIBRANCE,), float, "a number from -100 to 500, with at most four decimals")
