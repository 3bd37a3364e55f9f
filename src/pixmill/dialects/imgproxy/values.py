"""Readers of imgproxy's option values, as Go's ``strconv`` reads them. Knows texts and values, and no option."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final
from urllib.parse import unquote

from pixmill.dialects.kit.encodings import base64url_text
from pixmill.dialects.kit.numbers import GO_BOOLEANS, decimal, integer
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour

Arguments = tuple[str, ...]

FORMATS: Final[Mapping[str, Format]] = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "jxl": Format.JXL,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "gif": Format.GIF,
    "ico": Format.ICO,
    "svg": Format.SVG,
    "heic": Format.HEIC,
    "avif": Format.AVIF,
    "bmp": Format.BMP,
    "tiff": Format.TIFF,
}
"""Names are in lower case, as imgproxy insists."""

MAX_PIXELS: Final = 65_535
"""Sides and margins beyond it are reduced to it: no result is as large."""

MAX_TEXT_BYTES: Final = 8_192

_SHORT_HEX: Final = 3
_LONG_HEX: Final = 6
_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


def invalid(name: str, expects: str) -> InvalidParameter:
    """Return the error for a value of this option."""
    return InvalidParameter(f"{name} must be {expects}", param=name)


def check_count(name: str, args: Arguments, most: int) -> None:
    """Raise InvalidParameter for more arguments than the option has."""
    if len(args) > most:
        raise InvalidParameter(f"{name} has at most {most} argument{'s' if most > 1 else ''}", param=name)


def flag(name: str, text: str) -> bool:
    """Read a boolean; a text that is none is false, as in imgproxy."""
    del name
    return GO_BOOLEANS.get(text, False)


def whole(name: str, text: str) -> int:
    """Read an integer."""
    try:
        return integer(text)
    except ValueError:
        raise invalid(name, "an integer") from None


def natural(name: str, text: str) -> int:
    """Read an integer of at least 0."""
    value = whole(name, text)
    if value < 0:
        raise invalid(name, "an integer of at least 0")
    return value


def pixels(name: str, text: str) -> int:
    """Read a number of pixels; longer than any result is as long as the longest."""
    return min(natural(name, text), MAX_PIXELS)


def positive_whole(name: str, text: str) -> int:
    """Read an integer of at least 1."""
    value = whole(name, text)
    if value < 1:
        raise invalid(name, "an integer of at least 1")
    return value


def number(name: str, text: str) -> Fraction:
    """Read a decimal number exactly."""
    try:
        return decimal(text)
    except ValueError:
        raise invalid(name, "a number") from None


def number_from_0(name: str, text: str) -> Fraction:
    """Read a number of at least 0."""
    value = number(name, text)
    if value < 0:
        raise invalid(name, "a number of at least 0")
    return value


def positive(name: str, text: str) -> Fraction:
    """Read a number above 0."""
    value = number(name, text)
    if value <= 0:
        raise invalid(name, "a number above 0")
    return value


def share(name: str, text: str) -> Fraction:
    """Read a number from 0 to 1."""
    value = number(name, text)
    if not 0 <= value <= 1:
        raise invalid(name, "a number from 0 to 1")
    return value


def quality(name: str, text: str) -> int:
    """Read a quality; 0 is the default one."""
    value = whole(name, text)
    if not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise invalid(name, "an integer from 0 to 100")
    return value


def colour(name: str, text: str) -> Colour:
    """Read three or six hexadecimal digits."""
    if len(text) not in (_SHORT_HEX, _LONG_HEX) or not _HEX_DIGITS.issuperset(text):
        raise invalid(name, "a colour of three or six hexadecimal digits")
    digits = text if len(text) == _LONG_HEX else "".join(digit * 2 for digit in text)
    return Colour(int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))


def image_format(name: str, text: str) -> Format:
    """Read the name of a format."""
    if text not in FORMATS:
        raise invalid(name, f"one of {', '.join(FORMATS)}")
    return FORMATS[text]


def encoded_text(name: str, text: str) -> str:
    """Read a text in base64url."""
    try:
        return base64url_text(text, max_bytes=MAX_TEXT_BYTES)
    except ValueError:
        raise invalid(name, "text in base64url") from None


def escaped_text(name: str, text: str) -> str:
    """Read a percent-encoded text."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise invalid(name, "UTF-8") from None


def with_alpha(value: Colour, opacity: Fraction) -> Colour:
    """Return the colour with this opacity, 0 to 1."""
    return Colour(value.red, value.green, value.blue, round(opacity * 255))
