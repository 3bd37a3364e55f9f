"""imagor's texts: contents, fonts such as ``sans-bold-24``, and widths. Knows text overlays only."""

import re
from html import escape
from typing import Final

from pixmill.dialects.kit.encodings import base64url_text, form_decode
from pixmill.dialects.kit.numbers import leading_decimal, leading_integer
from pixmill.plan.overlays import DEFAULT_FONT, MAX_TEXT_CHARACTERS, Length

_BASE64: Final = "b64:"
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_FAMILY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ]{0,63}")
_SIZE: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,2})?(?:px|pt)?")
_WHOLE: Final = re.compile(r"(?:full|f)(-[0-9]{1,5})?")
_GENERIC_FAMILIES: Final = frozenset({"", "sans", "sans serif", "system ui"})
_STYLES: Final = {"bold": "b", "italic": "i", "oblique": "i"}
_MIN_SIZE: Final = 4.0
_MAX_SIZE: Final = 1_000.0
_MAX_CHARS: Final = 4 * MAX_TEXT_CHARACTERS


def decode_arg(text: str) -> str:
    """Decode an argument as a form is encoded; as sent if it cannot be."""
    try:
        return form_decode(text.encode("latin-1"))
    except ValueError:
        return text


def decode_base64(text: str) -> str:
    """Decode what stands behind ``b64:``; the text itself if there is no such thing."""
    if not text.startswith(_BASE64):
        return text
    try:
        return base64url_text(text.removeprefix(_BASE64).rstrip("="))
    except ValueError:
        return text


def markup_of(arg: str, style: str = "") -> str:
    """Return the text of an argument as Pango markup, empty if there is nothing to draw."""
    text = _UNPRINTABLE.sub("", decode_base64(decode_arg(arg))[:_MAX_CHARS])[:MAX_TEXT_CHARACTERS]
    if not text.strip():
        return ""
    markup = escape(text, quote=False)
    for element in style:
        markup = f"<{element}>{markup}</{element}>"
    return markup


def font_of(arg: str) -> tuple[str, str, float]:
    """Return family, elements of style and size of a font such as ``sans-bold-24``; 0 if there is no size."""
    words = decode_arg(arg).replace("-", " ").split()
    size = 0.0
    if words and _SIZE.fullmatch(words[-1]):
        size = bounded_size(float(leading_decimal(words.pop())))
    style = "".join(dict.fromkeys(_STYLES[word.lower()] for word in words if word.lower() in _STYLES))
    family = " ".join(word for word in words if word.lower() not in _STYLES)
    if family.lower() in _GENERIC_FAMILIES or not _FAMILY.fullmatch(family):
        family = DEFAULT_FONT
    return family, style, size


def bounded_size(size: float) -> float:
    return min(max(size, _MIN_SIZE), _MAX_SIZE)


def width_of(arg: str) -> Length | None:
    """Return the width at which lines are wrapped, None for the image's: pixels, ``80p``, ``0.8``, ``f``, ``f-20``."""
    if _WHOLE.fullmatch(arg):
        return Length(100.0, percent=True)
    if arg.endswith("p"):
        value, percent = float(leading_integer(arg[:-1])), True
    elif arg.startswith("0."):
        value, percent = float(leading_decimal(arg)) * 100, True
    else:
        value, percent = float(leading_integer(arg)), False
    return Length(min(round(value, 4), 65_535.0), percent) if value > 0 else None
