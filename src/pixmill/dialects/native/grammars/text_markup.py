"""Conversion of texts into Pango markup.

Accepts a few elements without attributes: the markup is well-formed, nested no deeper than ``MAX_DEPTH``, and can set
no font, size or colour. Reads a text once, from left to right. Must never know what the text is drawn on.
"""

import re
from html import escape
from typing import Final

from pixmill.plan.overlays import MAX_TEXT_CHARACTERS

ELEMENTS: Final = ("b", "i", "u", "s", "sub", "sup", "small", "big", "tt")
MAX_DEPTH: Final = 8
MAX_LINES: Final = 100

_TOKEN: Final = re.compile(f"<(/?)({'|'.join(ELEMENTS)})>|(<br>|<<|[^<]+)")
_SUBSTITUTIONS: Final = {"<br>": "\n", "<<": "<"}
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def escape_text(text: str) -> str:
    """Escape a plain text. Raises ValueError if it is blank, too long, or has control characters."""
    _check_characters(text)
    return escape(text, quote=False)


def parse_markup(text: str) -> str:
    """Convert a text with elements and ``<br>``; ``<<`` is one ``<``. Raises ValueError for any other ``<``."""
    output: list[str] = []
    characters: list[str] = []
    open_elements: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError
        position = match.end()
        closing, element, token_text = match.groups()
        if element:
            _update_nesting(open_elements, element, closing=bool(closing))
            output.append(match[0])
        else:
            characters.append(_SUBSTITUTIONS.get(token_text, token_text))
            output.append(escape(characters[-1], quote=False))
    if open_elements or characters.count("\n") >= MAX_LINES:
        raise ValueError
    _check_characters("".join(characters).replace("\n", ""))
    return "".join(output)


def _update_nesting(open_elements: list[str], element: str, *, closing: bool) -> None:
    if not closing:
        open_elements.append(element)
    elif not open_elements or open_elements.pop() != element:
        raise ValueError
    if len(open_elements) > MAX_DEPTH:
        raise ValueError


def _check_characters(characters: str) -> None:
    if not characters.strip() or len(characters) > MAX_TEXT_CHARACTERS or _UNPRINTABLE.search(characters):
        raise ValueError
