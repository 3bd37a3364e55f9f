"""The watermark of imgproxy as an overlay. Knows its options; must never know how an overlay is drawn."""

import re
from fractions import Fraction
from html import escape
from typing import Final

from pixmill.dialects.imgproxy.source import source_ref
from pixmill.dialects.imgproxy.state import Pipeline, Watermark
from pixmill.dialects.imgproxy.values import MAX_PIXELS
from pixmill.dialects.kit.colours import CSS_COLOURS
from pixmill.dialects.kit.numbers import angle
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.ops import ImageOverlay, Overlay, Overlays
from pixmill.plan.overlays import DEFAULT_FONT, MAX_TEXT_CHARACTERS, Length, Placement, Repeat, Shadow, TextOverlay
from pixmill.plan.source import SourceRef

_EDGES_X: Final = {"we": 0.0, "nowe": 0.0, "sowe": 0.0, "ea": 1.0, "noea": 1.0, "soea": 1.0}
_EDGES_Y: Final = {"no": 0.0, "nowe": 0.0, "noea": 0.0, "so": 1.0, "sowe": 1.0, "soea": 1.0}
_TILED: Final = ("re", "ch")
_MAX_GAP: Final = 1_000
_MAX_SHADOW: Final = 100.0
_DEFAULT_TEXT_PX: Final = 64.0 / 3
"""Of ``sans 16``, in points at 96 dots per inch."""
_PX_PER_POINT: Final = 4 / 3


def watermark_overlays(pipeline: Pipeline, source: SourceRef | None, base_opacity: Fraction, dpr: Fraction) -> Overlays:
    """Return the watermark, if the URL asks for one and there is one."""
    watermark = pipeline.watermark
    opacity = watermark.opacity * base_opacity
    if not opacity:
        return ()
    placement = _placement(watermark, opacity, dpr)
    if watermark.text:
        return (_text(watermark, placement),)
    image = source_ref(watermark.url) if watermark.url else source
    if image is None:
        return ()
    width, height = _box(watermark)
    return (ImageOverlay(image, width, height, placement=placement),)


def _box(watermark: Watermark) -> tuple[Length | None, Length | None]:
    if watermark.scale:
        percent = Length(float(min(watermark.scale * 100, Fraction(MAX_PIXELS))), percent=True)
        return percent, percent
    return (
        Length(float(watermark.width)) if watermark.width else None,
        Length(float(watermark.height)) if watermark.height else None,
    )


def _placement(watermark: Watermark, opacity: Fraction, dpr: Fraction) -> Placement:
    is_tiled = watermark.position in _TILED
    x, y = _EDGES_X.get(watermark.position, 0.5), _EDGES_Y.get(watermark.position, 0.5)
    sigma = min(float(watermark.shadow), _MAX_SHADOW)
    offset_x, offset_y = _offset(watermark.x, dpr, inwards=x == 1.0), _offset(watermark.y, dpr, inwards=y == 1.0)
    return Placement(
        x,
        y,
        Length(0.0) if is_tiled else offset_x,
        Length(0.0) if is_tiled else offset_y,
        degrees=float(angle(watermark.degrees)),
        opacity=float(opacity * 100),
        repeat=Repeat.BOTH if is_tiled else Repeat.NONE,
        gap=min(max(0, round(watermark.x * dpr)), _MAX_GAP) if is_tiled else 0,
        shadow=Shadow(Colour(0, 0, 0), 0, 0, sigma) if sigma else None,
    )


def _offset(value: Fraction, dpr: Fraction, *, inwards: bool) -> Length:
    value = -value if inwards else value
    if abs(value) < 1:
        return Length(float(value * 100), percent=True) if value else Length(0.0)
    return Length(float(max(-MAX_PIXELS, min(round(value * dpr), MAX_PIXELS))))


# Text

_TOKEN: Final = re.compile(r"<(/?)([a-z]{1,8})((?: [^<>]{0,200})?)>|([^<]+)|(<)")
_MAX_DEPTH: Final = 8
_ELEMENTS: Final = frozenset(("b", "i", "u", "s", "sub", "sup", "small", "big", "tt"))
_ATTRIBUTE: Final = re.compile(r""" ([a-z_]{1,24})=(?:"([^"<>]{0,64})"|'([^'<>]{0,64})')""")
_FONT: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9 -]{0,63}?)?(?: ?([0-9]{1,3}(?:\.[0-9]{1,2})?))?\Z")
_HEX: Final = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\Z")
_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'"}
_ENTITY: Final = re.compile("|".join(map(re.escape, _ENTITIES)))
_COLOUR_NAMES: Final = ("foreground", "color", "fgcolor")
_FONT_NAMES: Final = ("font", "font_desc", "font_family", "face")
_SIZE_UNITS: Final = 1_024
"""Pango's sizes are in 1,024ths of a point."""


def _text(watermark: Watermark, placement: Placement) -> Overlay:
    """Return a text. Of Pango markup it keeps plain elements, and the attributes of the first ``span``."""
    markup, attributes = _markup(watermark.text)
    family, size = _font(attributes)
    return TextOverlay(
        markup,
        font=family or DEFAULT_FONT,
        size=min(max(size, 4.0), 1_000.0),
        colour=_colour(attributes),
        width=Length(float(watermark.width)) if watermark.width else None,
        placement=placement,
    )


def _markup(text: str) -> tuple[str, dict[str, str]]:
    output: list[str] = []
    open_elements: list[str] = []
    attributes: dict[str, str] = {}
    characters = 0
    for match in _TOKEN.finditer(text):
        closing, element, arguments, plain, stray = match.groups()
        if element is None:
            words = _ENTITY.sub(lambda entity: _ENTITIES[entity[0]], plain or stray)
            characters += len(words)
            output.append(escape(words, quote=False))
        elif element == "span":
            for name, double, single in _ATTRIBUTE.findall(arguments):
                attributes.setdefault(name, double or single)
        elif element in _ELEMENTS and not closing and len(open_elements) < _MAX_DEPTH:
            open_elements.append(element)
            output.append(f"<{element}>")
        elif open_elements and open_elements[-1] == element:
            output.append(f"</{open_elements.pop()}>")
    output += [f"</{element}>" for element in reversed(open_elements)]
    if not 0 < characters <= MAX_TEXT_CHARACTERS:
        raise InvalidParameter(f"watermark_text must be 1 to {MAX_TEXT_CHARACTERS} characters", param="watermark_text")
    return "".join(output), attributes


def _font(attributes: dict[str, str]) -> tuple[str, float]:
    """Return family and size in pixels."""
    family, size = "", _DEFAULT_TEXT_PX
    for name in _FONT_NAMES:
        if name in attributes and (match := _FONT.match(attributes[name])):
            family = match[1] or family
            size = float(match[2]) * _PX_PER_POINT if match[2] else size
    text = attributes.get("size", "")
    if text.isascii() and text.isdecimal() and len(text) <= 9:  # noqa: PLR2004 - digits
        size = int(text) / _SIZE_UNITS * _PX_PER_POINT
    elif text.endswith("pt") and text[:-2].isascii() and text[:-2].isdecimal() and len(text) <= 5:  # noqa: PLR2004
        size = int(text[:-2]) * _PX_PER_POINT
    return ("" if family.lower() in ("sans", "serif", "monospace") else family), size


def _colour(attributes: dict[str, str]) -> Colour:
    text = next((attributes[name] for name in _COLOUR_NAMES if name in attributes), "black")
    if match := _HEX.match(text):
        digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])  # noqa: PLR2004
        return Colour(int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
    return CSS_COLOURS.get(text.lower(), Colour(0, 0, 0))
