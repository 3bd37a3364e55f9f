"""Readers of colours: hexadecimal digits, CSS names, ``rgb()``. Knows text and colours; must never know a dialect.

Each raises ValueError for a text that it does not accept. All fully transparent colours are one value, so that equal
images have equal plans.
"""

import re
from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from pixmill.dialects.kit.numbers import decimal, half_up, integer, share
from pixmill.plan.colour import TRANSPARENT, Colour

HEX_PATTERN: Final = "#?(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})"

_HEX: Final = re.compile(HEX_PATTERN)
_FUNCTION: Final = re.compile(r"rgba?\(([0-9.,%/ -]{1,64})\)")
_MAX_SHORT_DIGITS: Final = 4
_RGB: Final = 3
_RGBA: Final = 4
_OPAQUE: Final = 255


class Alpha(Enum):
    """Where the alpha stands in four or eight digits."""

    LAST = "rgba"
    FIRST = "argb"
    NONE = "rgb"


def hex_colour(text: str, alpha: Alpha = Alpha.LAST) -> Colour:
    """Read 3, 4, 6 or 8 hexadecimal digits, with or without ``#``; with ``Alpha.NONE`` 3 or 6."""
    if not _HEX.fullmatch(text):
        raise ValueError("not a colour in hexadecimal digits")
    digits = text.removeprefix("#")
    if len(digits) <= _MAX_SHORT_DIGITS:
        digits = "".join(digit * 2 for digit in digits)
    components = bytes.fromhex(digits)
    if len(components) == _RGB:
        return Colour(*components)
    if alpha is Alpha.NONE:
        raise ValueError("a colour without alpha has 3 or 6 digits")
    return visible(Colour(*(components if alpha is Alpha.LAST else components[1:] + components[:1])))


def named_colour(text: str) -> Colour:
    """Read a CSS colour name, or ``transparent``, in any case."""
    try:
        return CSS_COLOURS[text.lower()]
    except KeyError:
        raise ValueError("not a colour name") from None


def components_colour(parts: Sequence[str]) -> Colour:
    """Read 3 or 4 numbers: 0 to 255 or percent each, then an alpha from 0 to 1 or in percent."""
    if len(parts) not in (_RGB, _RGBA):
        raise ValueError("a colour has 3 or 4 components")
    red, green, blue = (_component(part.strip()) for part in parts[:_RGB])
    alpha = _alpha(parts[_RGB].strip()) if len(parts) == _RGBA else _OPAQUE
    return visible(Colour(red, green, blue, alpha))


def rgb_colour(text: str) -> Colour:
    """Read ``rgb(255, 0, 0)``, ``rgba(255,0,0,.5)`` or ``rgb(255 0 0 / 50%)``."""
    match = _FUNCTION.fullmatch(text.lower())
    if match is None:
        raise ValueError("not rgb()")
    inner = match[1]
    return components_colour(inner.split(",") if "," in inner else inner.replace("/", " ").split())


def css_colour(text: str, alpha: Alpha = Alpha.LAST) -> Colour:
    """Read a colour as CSS writes it; the digits may lack their ``#``."""
    if text.lower() in CSS_COLOURS:
        return named_colour(text)
    return rgb_colour(text) if text[:3].lower() == "rgb" else hex_colour(text, alpha)


def visible(colour: Colour) -> Colour:
    """Return the one value that stands for all fully transparent colours, or the colour."""
    return colour if colour.alpha else TRANSPARENT


def with_opacity(colour: Colour, opacity: Fraction) -> Colour:
    """Return the colour with its alpha multiplied by ``opacity``, 0 to 1."""
    alpha = (colour.alpha * opacity + Fraction(1, 2)) // 1
    return visible(Colour(colour.red, colour.green, colour.blue, min(max(int(alpha), 0), _OPAQUE)))


def _component(text: str) -> int:
    value = half_up(share(text, "%") * _OPAQUE) if text.endswith("%") else integer(text)
    if not 0 <= value <= _OPAQUE:
        raise ValueError("a component is from 0 to 255")
    return value


def _alpha(text: str) -> int:
    value = share(text, "%") if text.endswith("%") else decimal(text)
    if not 0 <= value <= 1:
        raise ValueError("alpha is from 0 to 1")
    return half_up(value * _OPAQUE)


_DIGITS_BY_NAME: Final = [
    "aliceblue",
    "f0f8ff",
    "antiquewhite",
    "faebd7",
    "aqua",
    "00ffff",
    "aquamarine",
    "7fffd4",
    "azure",
    "f0ffff",
    "beige",
    "f5f5dc",
    "bisque",
    "ffe4c4",
    "black",
    "000000",
    "blanchedalmond",
    "ffebcd",
    "blue",
    "0000ff",
    "blueviolet",
    "8a2be2",
    "brown",
    "a52a2a",
    "burlywood",
    "deb887",
    "cadetblue",
    "5f9ea0",
    "chartreuse",
    "7fff00",
    "chocolate",
    "d2691e",
    "coral",
    "ff7f50",
    "cornflowerblue",
    "6495ed",
    "cornsilk",
    "fff8dc",
    "crimson",
    "dc143c",
    "cyan",
    "00ffff",
    "darkblue",
    "00008b",
    "darkcyan",
    "008b8b",
    "darkgoldenrod",
    "b8860b",
    "darkgray",
    "a9a9a9",
    "darkgreen",
    "006400",
    "darkgrey",
    "a9a9a9",
    "darkkhaki",
    "bdb76b",
    "darkmagenta",
    "8b008b",
    "darkolivegreen",
    "556b2f",
    "darkorange",
    "ff8c00",
    "darkorchid",
    "9932cc",
    "darkred",
    "8b0000",
    "darksalmon",
    "e9967a",
    "darkseagreen",
    "8fbc8f",
    "darkslateblue",
    "483d8b",
    "darkslategray",
    "2f4f4f",
    "darkslategrey",
    "2f4f4f",
    "darkturquoise",
    "00ced1",
    "darkviolet",
    "9400d3",
    "deeppink",
    "ff1493",
    "deepskyblue",
    "00bfff",
    "dimgray",
    "696969",
    "dimgrey",
    "696969",
    "dodgerblue",
    "1e90ff",
    "firebrick",
    "b22222",
    "floralwhite",
    "fffaf0",
    "forestgreen",
    "228b22",
    "fuchsia",
    "ff00ff",
    "gainsboro",
    "dcdcdc",
    "ghostwhite",
    "f8f8ff",
    "gold",
    "ffd700",
    "goldenrod",
    "daa520",
    "gray",
    "808080",
    "green",
    "008000",
    "greenyellow",
    "adff2f",
    "grey",
    "808080",
    "honeydew",
    "f0fff0",
    "hotpink",
    "ff69b4",
    "indianred",
    "cd5c5c",
    "indigo",
    "4b0082",
    "ivory",
    "fffff0",
    "khaki",
    "f0e68c",
    "lavender",
    "e6e6fa",
    "lavenderblush",
    "fff0f5",
    "lawngreen",
    "7cfc00",
    "lemonchiffon",
    "fffacd",
    "lightblue",
    "add8e6",
    "lightcoral",
    "f08080",
    "lightcyan",
    "e0ffff",
    "lightgoldenrodyellow",
    "fafad2",
    "lightgray",
    "d3d3d3",
    "lightgreen",
    "90ee90",
    "lightgrey",
    "d3d3d3",
    "lightpink",
    "ffb6c1",
    "lightsalmon",
    "ffa07a",
    "lightseagreen",
    "20b2aa",
    "lightskyblue",
    "87cefa",
    "lightslategray",
    "778899",
    "lightslategrey",
    "778899",
    "lightsteelblue",
    "b0c4de",
    "lightyellow",
    "ffffe0",
    "lime",
    "00ff00",
    "limegreen",
    "32cd32",
    "linen",
    "faf0e6",
    "magenta",
    "ff00ff",
    "maroon",
    "800000",
    "mediumaquamarine",
    "66cdaa",
    "mediumblue",
    "0000cd",
    "mediumorchid",
    "ba55d3",
    "mediumpurple",
    "9370db",
    "mediumseagreen",
    "3cb371",
    "mediumslateblue",
    "7b68ee",
    "mediumspringgreen",
    "00fa9a",
    "mediumturquoise",
    "48d1cc",
    "mediumvioletred",
    "c71585",
    "midnightblue",
    "191970",
    "mintcream",
    "f5fffa",
    "mistyrose",
    "ffe4e1",
    "moccasin",
    "ffe4b5",
    "navajowhite",
    "ffdead",
    "navy",
    "000080",
    "oldlace",
    "fdf5e6",
    "olive",
    "808000",
    "olivedrab",
    "6b8e23",
    "orange",
    "ffa500",
    "orangered",
    "ff4500",
    "orchid",
    "da70d6",
    "palegoldenrod",
    "eee8aa",
    "palegreen",
    "98fb98",
    "paleturquoise",
    "afeeee",
    "palevioletred",
    "db7093",
    "papayawhip",
    "ffefd5",
    "peachpuff",
    "ffdab9",
    "peru",
    "cd853f",
    "pink",
    "ffc0cb",
    "plum",
    "dda0dd",
    "powderblue",
    "b0e0e6",
    "purple",
    "800080",
    "rebeccapurple",
    "663399",
    "red",
    "ff0000",
    "rosybrown",
    "bc8f8f",
    "royalblue",
    "4169e1",
    "saddlebrown",
    "8b4513",
    "salmon",
    "fa8072",
    "sandybrown",
    "f4a460",
    "seagreen",
    "2e8b57",
    "seashell",
    "fff5ee",
    "sienna",
    "a0522d",
    "silver",
    "c0c0c0",
    "skyblue",
    "87ceeb",
    "slateblue",
    "6a5acd",
    "slategray",
    "708090",
    "slategrey",
    "708090",
    "snow",
    "fffafa",
    "springgreen",
    "00ff7f",
    "steelblue",
    "4682b4",
    "tan",
    "d2b48c",
    "teal",
    "008080",
    "thistle",
    "d8bfd8",
    "tomato",
    "ff6347",
    "turquoise",
    "40e0d0",
    "violet",
    "ee82ee",
    "wheat",
    "f5deb3",
    "white",
    "ffffff",
    "whitesmoke",
    "f5f5f5",
    "yellow",
    "ffff00",
    "yellowgreen",
    "9acd32",
]

CSS_COLOURS: Final = MappingProxyType(
    {name: hex_colour(digits) for name, digits in zip(_DIGITS_BY_NAME[::2], _DIGITS_BY_NAME[1::2], strict=True)}
    | {"transparent": TRANSPARENT}
)
"""CSS Color 4 §6.1, and transparent."""
