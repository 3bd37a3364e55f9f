"""Corners, masks and borders as text. Knows shapes and lengths; must never know an image."""

import re

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.controls import Control, ControlKind, first_words
from pixmill.dialects.native.grammars.scalars import Location, Schema, inner_pattern, parse_decimal, pattern_schema
from pixmill.plan.shapes import (
    MAX_POLYGON_CORNERS,
    Border,
    CornerRadii,
    Ellipse,
    ImageMask,
    Mask,
    MaskChannel,
    Polygon,
    Star,
)

_PIXELS = "(?:0|[1-9][0-9]{0,3})"
_PERCENT = r"(?:100(?:\.0{1,2})?|(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?)"
_ONE_OR_FOUR = "{number}(?:(?:,{number}){{3}})?"
_RADII_PATTERN = re.compile(f"{_ONE_OR_FOUR.format(number=_PIXELS)}|pct:{_ONE_OR_FOUR.format(number=_PERCENT)}")

_SHAPES: dict[str, Mask] = {
    "circle": Ellipse(circle=True),
    "ellipse": Ellipse(),
    "star": Star(),
    "triangle": Polygon(3),
    "pentagon": Polygon(5),
    "hexagon": Polygon(6),
    **{f"polygon:{corners}": Polygon(corners) for corners in range(3, MAX_POLYGON_CORNERS + 1)},
}

_WIDTH = "(?:1000|[1-9][0-9]{0,2})"
_BORDER_PATTERN = re.compile(f"({_WIDTH})(?:,(.+))?")


class CornerRadiiGrammar:
    """One radius for all corners or one for each; None if no corner is rounded."""

    expects = (
        "1 or 4 numbers of pixels from 0 to 9999 (four: clockwise from the top left corner); "
        "after pct:, percent of the shorter side from 0 to 100"
    )

    control = Control(ControlKind.MARGINS, 0, 9_999)

    @property
    def schema(self) -> Schema:
        return pattern_schema(_RADII_PATTERN.pattern)

    def parse(self, text: str) -> CornerRadii | None:
        if not _RADII_PATTERN.fullmatch(text):
            raise ValueError
        radii = [float(parse_decimal(radius)) for radius in text.removeprefix("pct:").split(",")] * 4
        first, second, third, fourth, *_ = radii
        return CornerRadii(first, second, third, fourth, text.startswith("pct:")) if any(radii) else None


class MaskGrammar:
    """A shape, or a mask image."""

    expects = (
        f"circle, ellipse, star, triangle, pentagon, hexagon, polygon:N with N from 3 to {MAX_POLYGON_CORNERS}, "
        f"or alpha:image or luminance:image, where image is {Location.expects}"
    )

    control = Control(ControlKind.TEXT, choices=first_words(_SHAPES))

    @property
    def schema(self) -> Schema:
        """The schema with the locations that ``Location`` names."""
        return pattern_schema(f"{'|'.join(_SHAPES)}|(?:{'|'.join(MaskChannel)}):{inner_pattern(Location())}")

    def parse(self, text: str) -> Mask:
        if text in _SHAPES:
            return _SHAPES[text]
        channel, _, location = text.partition(":")
        if channel not in set(MaskChannel) or not location:
            raise ValueError
        return ImageMask(Location().parse(location), MaskChannel(channel))


class BorderGrammar:
    """A width and a colour; None if it is transparent."""

    expects = f"width or width,colour with a width from 1 to 1000 pixels and a colour: {ColourGrammar.expects}"

    control = Control(
        ControlKind.LIST, items=(Control(ControlKind.INTEGER, 1, 1_000), ColourGrammar.control), required=1
    )

    @property
    def schema(self) -> Schema:
        return pattern_schema(f"{_WIDTH}(?:,{inner_pattern(ColourGrammar())})?")

    def parse(self, text: str) -> Border | None:
        match = _BORDER_PATTERN.fullmatch(text)
        if not match:
            raise ValueError
        if match[2] is None:
            return Border(int(match[1]))
        colour = ColourGrammar().parse(match[2])
        return Border(int(match[1]), colour) if colour.alpha else None
