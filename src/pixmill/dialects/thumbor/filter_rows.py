"""What a row of a table of filters holds besides its description. Knows no filter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import hex_colour, named_colour
from pixmill.dialects.kit.options import Option
from pixmill.dialects.thumbor.recipe import Recipe, invalid_filter
from pixmill.plan.colour import Colour

Args = tuple[object, ...]
"""The values of the arguments that are present, in order, each of the type that its reader returns."""

Change = Callable[..., None]
"""Changes a recipe, its first argument, by the values of the filter's arguments."""


@dataclass(frozen=True, slots=True)
class FilterRow:
    """A filter: its arguments, of which the first ``least`` are required, and what it changes.

    ``is_early``: runs before the image is resized, wherever it stands.
    """

    option: Option
    change: Change
    args: tuple[Callable[[str], object], ...] = ()
    least: int | None = None
    is_early: bool = False

    def read(self, texts: tuple[str, ...]) -> Args | None:
        """Return the values of arguments; None if they are not those of the filter."""
        least = len(self.args) if self.least is None else self.least
        if not least <= len(texts) <= len(self.args):
            return None
        try:
            return tuple([read(text) for read, text in zip(self.args, texts, strict=False)])
        except ValueError:
            return None


def ignore(_recipe: Recipe, *_args: object) -> None:
    """Change nothing."""


def setter(name: str) -> Change:
    """Return a change of one field of the recipe to the first argument."""

    def change(recipe: Recipe, value: object) -> None:
        setattr(recipe, name, value)

    return change


def flag(name: str, *, value: bool = True) -> Change:
    """Return a change of one flag of the recipe."""

    def change(recipe: Recipe, *_args: object) -> None:
        setattr(recipe, name, value)

    return change


def colour_of(text: str, name: str) -> Colour:
    """Read a colour by its CSS name or in hexadecimal digits. Raises InvalidParameter that names the filter."""
    for read in (named_colour, hex_colour):
        try:
            return read(text)
        except ValueError:
            continue
    raise invalid_filter(name, "the colour must be a CSS name, or rgb, rgba, rrggbb or rrggbbaa in hexadecimal digits")


def percent(value: float | Fraction) -> float:
    """Return a value in the bounds of a signed percentage, with four decimals."""
    return round(float(min(max(value, -100), 100)), 4)


_WHITE: Final = 255


def added(percentage: float | Fraction) -> float:
    """Return what is added to each channel, in percent of white, when a program adds whole 8-bit steps."""
    return percent(Fraction(int(_WHITE * Fraction(percentage) / 100) * 100, _WHITE))


RowsByName = Mapping[str, FilterRow]
