"""The arguments of a transformation, by names in any case, or by their places in parentheses.

Knows texts, numbers and colours; must never know a transformation. A value that is not valid raises InvalidParameter.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Final, NoReturn, TypeVar

from pixmill.dialects.akamai.chain import Call, Group, Value
from pixmill.dialects.kit.colours import hex_colour, named_colour
from pixmill.dialects.kit.numbers import decimal
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour

PARAM: Final = "im"
MAX_SIDE: Final = 65_535

_FLAGS: Final = {"": True, "1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False}
_FLAGS_NO: Final = {"no": False}
_SHORT_OF_A_DIGIT: Final = 5
_HALF: Final = Fraction(1, 2)

T = TypeVar("T")


def refuse(message: str) -> NoReturn:
    raise InvalidParameter(message, param=PARAM)


class Args:
    """The arguments of one call."""

    def __init__(
        self,
        call: Call,
        places: tuple[str, ...] = (),
        shortcuts: Mapping[str, tuple[str, ...]] = {},
        allowed: AbstractSet[str] | None = None,
    ) -> None:
        """``places``: the names of values without one, as in ``Resize=(300,200)``; ``shortcuts``: of those of other
        groups, as in ``rect=(0,0,100,100)``. ``allowed``: the names that calls within this one may have, None for all.
        """
        self.name = call.name
        self.allowed = allowed
        self._values: dict[str, Value] = {}
        self._add_places(places, () if call.short is None else call.short)
        positional = [item.value for item in call.items if not item.name]
        for item in call.items:
            if item.name.lower() in shortcuts:
                self._add_places(shortcuts[item.name.lower()], item.value or ())
            elif item.name:
                self._values[item.name.lower()] = item.value
        for value in positional:
            if isinstance(value, tuple):
                self._add_places(places, value)
            elif value:
                self._values.setdefault(value.lower(), None)

    def _add_places(self, names: Iterable[str], value: str | Group) -> None:
        values = [value] if isinstance(value, str) else [item.value for item in value if not item.name]
        for name, one in zip(names, values, strict=False):
            self._values[name] = one
        if isinstance(value, tuple):
            self._values |= {item.name.lower(): item.value for item in value if item.name}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Value:
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name, default)
        if isinstance(value, tuple):
            self.fail(name, "a text")
        return value or default

    def fail(self, name: str, expects: str) -> NoReturn:
        refuse(f"{self.name}: {name} must be {expects}")

    def number(self, name: str, default: Fraction | int, low: Fraction | int, high: Fraction | int) -> Fraction:
        """Return a number within bounds; one beyond them counts as the nearest."""
        text = self.text(name)
        if not text:
            return Fraction(default)
        try:
            return Fraction(min(max(decimal(text), low), high))
        except ValueError:
            self.fail(name, "a number")

    def side(self, name: str) -> int:
        """Return a side in whole pixels; 0 if it is not there."""
        if not self.text(name):
            return 0
        value = self.number(name, 0, -MAX_SIDE, MAX_SIDE + 1)
        if not 0 < value <= MAX_SIDE:
            self.fail(name, f"from 1 to {MAX_SIDE} pixels")
        return max(int(value + _HALF), 1)

    def offset(self, name: str) -> int:
        return round(self.number(name, 0, -MAX_SIDE, MAX_SIDE))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a flag, which is on if its name stands alone."""
        if name not in self._values:
            return default
        text = self.text(name).lower()
        found = {**_FLAGS, **_FLAGS_NO}.get(text)
        return self.fail(name, "true or false") if found is None else found

    def word(self, name: str, words: Mapping[str, T], default: T) -> T:
        """Return what one of a few words, in any case, stands for."""
        text = self.text(name).lower()
        if not text:
            return default
        return words[text] if text in words else self.fail(name, f"one of {', '.join(words)}")

    def colour(self, name: str, default: Colour | None = None) -> Colour:
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            return colour(text)
        except ValueError:
            self.fail(name, "a colour in hexadecimal digits")

    def group(self, name: str) -> Group:
        value = self._values.get(name)
        return value if isinstance(value, tuple) else ()


def colour(text: str) -> Colour:
    """Read hexadecimal digits, of which the last one may be left out, or a CSS name. Raises ValueError."""
    digits = text.removeprefix("#")
    if len(digits) == _SHORT_OF_A_DIGIT:
        digits += digits[-1]
    try:
        return hex_colour(digits)
    except ValueError:
        return named_colour(text)
