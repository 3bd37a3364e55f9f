"""Corners, masks and borders as text. Knows forms and lengths, but no picture."""

import re

from pixmill.dialects.colours import Colours
from pixmill.dialects.scalars import Location, Schema, exact, shaped
from pixmill.plan.shapes import MAX_CORNERS, Border, Channel, Ellipse, Mask, Polygon, Rounding, Star, Stencil

_PIXELS = "(?:0|[1-9][0-9]{0,3})"
_PERCENT = r"(?:100(?:\.0{1,2})?|(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?)"
_FOUR = "{number}(?:(?:,{number}){{3}})?"
_RADII = re.compile(f"{_FOUR.format(number=_PIXELS)}|pct:{_FOUR.format(number=_PERCENT)}")

_FORMS: dict[str, Mask] = {
    "circle": Ellipse(circle=True),
    "ellipse": Ellipse(),
    "star": Star(),
    "triangle": Polygon(3),
    "pentagon": Polygon(5),
    "hexagon": Polygon(6),
    **{f"polygon:{corners}": Polygon(corners) for corners in range(3, MAX_CORNERS + 1)},
}

_WIDTH = "(?:1000|[1-9][0-9]{0,2})"
_BORDER = re.compile(f"({_WIDTH})(?:,(.+))?")


class Radii:
    """One radius for all corners or one for each; None where none is rounded."""

    expects = (
        "a number of pixels from 0 to 9999, or four, clockwise from the top left corner; "
        "with pct: before them, percent of the shorter side from 0 to 100"
    )

    @property
    def schema(self) -> Schema:
        return shaped(_RADII.pattern)

    def parse(self, text: str) -> Rounding | None:
        if not _RADII.fullmatch(text):
            raise ValueError
        radii = [float(exact(radius)) for radius in text.removeprefix("pct:").split(",")] * 4
        first, second, third, fourth, *_ = radii
        return Rounding(first, second, third, fourth, text.startswith("pct:")) if any(radii) else None


class Masks:
    """A form, or a picture."""

    expects = (
        f"circle, ellipse, star, triangle, pentagon, hexagon, polygon:corners with 3 to {MAX_CORNERS} of them, "
        f"or alpha:picture or luminance:picture, where a picture is {Location.expects}"
    )

    @property
    def schema(self) -> Schema:
        """Of the pictures those that ``Location`` tells."""
        picture = str(Location().schema["pattern"]).removeprefix("^").removesuffix("$")
        return shaped(f"{'|'.join(_FORMS)}|(?:{'|'.join(Channel)}):{picture}")

    def parse(self, text: str) -> Mask:
        if text in _FORMS:
            return _FORMS[text]
        channel, _, picture = text.partition(":")
        if channel not in set(Channel) or not picture:
            raise ValueError
        return Stencil(Location().parse(picture), Channel(channel))


class Borders:
    """A width and a colour; None where one sees through it."""

    expects = f"width or width,colour with a width from 1 to 1000 pixels and a colour as {Colours.expects}"

    @property
    def schema(self) -> Schema:
        colour = str(Colours().schema["pattern"]).removeprefix("^").removesuffix("$")
        return shaped(f"{_WIDTH}(?:,{colour})?")

    def parse(self, text: str) -> Border | None:
        found = _BORDER.fullmatch(text)
        if not found:
            raise ValueError
        if found[2] is None:
            return Border(int(found[1]))
        colour = Colours().parse(found[2])
        return Border(int(found[1]), colour) if colour.alpha else None
