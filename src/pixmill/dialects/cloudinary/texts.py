"""Text layers: ``text:Arial_60_bold:Hello``. Knows text overlays."""

import re
from fractions import Fraction
from html import escape
from typing import Final

from pixmill.dialects.cloudinary.layer_placement import rotated
from pixmill.dialects.cloudinary.options import Component, invalid
from pixmill.dialects.cloudinary.values import Angle, Background, Side
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.numbers import decimal
from pixmill.plan.colour import Colour
from pixmill.plan.overlays import (
    DEFAULT_FONT,
    MAX_TEXT_CHARACTERS,
    Align,
    Length,
    Placement,
    Stroke,
    TextOverlay,
)
from pixmill.plan.shapes import Border

_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,63}")
_FONT_FILE: Final = re.compile(r"\.(?:ttf|otf|woff2?)$")
_UNPRINTABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_MIN_SIZE: Final = 4
_MAX_SIZE: Final = 1_000
_MAX_STROKE: Final = 20
_MAX_LINES: Final = 100

_ELEMENTS: Final = {
    **dict.fromkeys(("bold", "extrabold", "black", "semibold"), "b"),
    **dict.fromkeys(("italic", "oblique"), "i"),
    "underline": "u",
    "strikethrough": "s",
}
_ALIGNS: Final = {
    **dict.fromkeys(("left", "start"), Align.LEFT),
    "center": Align.CENTRE,
    **dict.fromkeys(("right", "end"), Align.RIGHT),
    "justify": Align.JUSTIFY,
}
_TEXT_KEYS: Final = frozenset(
    {"l", "u", "co", "b", "bo", "c", "w", "a", "o", "g", "x", "y", "fl", "e", "dpr", "q", "f"}
)


def text_overlay(value: str, component: Component, placement: Placement, dpr: Fraction) -> TextOverlay:
    """Return the overlay for what stands behind ``text:``. Raises InvalidParameter."""
    style, colon, text = value.partition(":")
    if not colon:
        raise invalid("l", f"text:{value}", "a style and a text are needed, such as text:Arial_40:Hello")
    unknown = next((key for key in component if key not in _TEXT_KEYS), None)
    if unknown or component.get("c", "fit") != "fit":
        raise invalid("l", f"text:{value}", f"a text cannot have {unknown or 'c'}: only c_fit with w")
    font, size, words = _style(style)
    colour, background, border = component.get("co"), component.get("b"), component.get("bo")
    stroke = None
    if isinstance(border, Border):
        stroke = Stroke(min(border.width, _MAX_STROKE), border.colour)
    align = next((_ALIGNS[word] for word in words if word in _ALIGNS), Align.LEFT)
    return TextOverlay(
        markup=_markup(text, dict.fromkeys(_ELEMENTS[word] for word in words if word in _ELEMENTS)),
        font=font,
        size=size * float(dpr) if _MIN_SIZE <= size * dpr <= _MAX_SIZE else size,
        colour=colour if isinstance(colour, Colour) else Colour(0, 0, 0),
        width=_width(component.get("w"), dpr),
        align=align,
        stroke=stroke,
        background=background.colour if isinstance(background, Background) else None,
        placement=_with_angle(placement, component.get("a")),
    )


def _with_angle(placement: Placement, angle: object) -> Placement:
    steps = angle.steps if isinstance(angle, Angle) else ()
    degrees = sum(float(step) for step in steps if isinstance(step, Fraction))
    return rotated(placement, degrees) if degrees else placement


def _width(side: object, dpr: Fraction) -> Length | None:
    if not isinstance(side, Side):
        return None
    return Length(float(side.value * 100), percent=True) if side.is_share else Length(float(side.scaled(dpr).pixels))


def _style(text: str) -> tuple[str, float, list[str]]:
    """Return family, size and the words of a style. Raises InvalidParameter."""
    family, _, rest = _decoded(text).partition("_")
    size, *words = rest.split("_", 32)
    try:
        number = decimal(size)
    except ValueError:
        raise invalid("l", f"text:{text}", "a style is a font and a size, such as Arial_40_bold") from None
    if not _MIN_SIZE <= number <= _MAX_SIZE:
        raise invalid("l", f"text:{text}", f"the size of a font is from {_MIN_SIZE} to {_MAX_SIZE}")
    name = _FONT_FILE.sub("", family)
    return name if _FAMILY.fullmatch(name) else DEFAULT_FONT, float(number), words


def _markup(text: str, elements: dict[str, None]) -> str:
    plain = _UNPRINTABLE.sub("", _decoded(text).replace("\r\n", "\n"))
    if not plain.strip() or len(plain) > MAX_TEXT_CHARACTERS or plain.count("\n") >= _MAX_LINES:
        raise invalid("l", f"text:{text}", f"a text has 1 to {MAX_TEXT_CHARACTERS} characters")
    markup = escape(plain, quote=False)
    for element in elements:
        markup = f"<{element}>{markup}</{element}>"
    return markup


def _decoded(text: str) -> str:
    """Decode what is encoded twice in URLs; line breaks are ``%0A``."""
    try:
        return "\n".join(percent_decode(line.encode()) for line in text.replace("%0a", "%0A").split("%0A"))
    except ValueError as error:
        raise invalid("l", f"text:{text}", str(error)) from None
