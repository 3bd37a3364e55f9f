"""Texts made into markup that Pango can be given.

Knows which few elements may be used, none with attributes: what comes out is well-formed, nested no deeper than
``MAX_DEPTH``, and can name no font, size or colour. Reads a text once, from left to right. Must never know what it is drawn on.
"""

import re
from html import escape
from typing import Final

from pixmill.plan.overlays import MAX_CHARACTERS

ELEMENTS: Final = ("b", "i", "u", "s", "sub", "sup", "small", "big", "tt")
MAX_DEPTH: Final = 8
MAX_LINES: Final = 100

_PIECE: Final = re.compile(f"<(/?)({'|'.join(ELEMENTS)})>|(<br>|<<|[^<]+)")
_LETTERS: Final = {"<br>": "\n", "<<": "<"}
_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def plain(text: str) -> str:
    """Letters that stand for themselves. Raises ValueError for none, too many, or controls."""
    _check(text)
    return escape(text, quote=False)


def marked(text: str) -> str:
    """A text with elements and ``<br>``; ``<<`` is one ``<``. Raises ValueError for anything else that begins with one."""
    out: list[str] = []
    letters: list[str] = []
    open_: list[str] = []
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if not found:
            raise ValueError
        at = found.end()
        closing, element, run = found.groups()
        if element:
            _nest(open_, element, closing=bool(closing))
            out.append(found[0])
        else:
            letters.append(_LETTERS.get(run, run))
            out.append(escape(letters[-1], quote=False))
    if open_ or letters.count("\n") >= MAX_LINES:
        raise ValueError
    _check("".join(letters).replace("\n", ""))
    return "".join(out)


def _nest(open_: list[str], element: str, *, closing: bool) -> None:
    if not closing:
        open_.append(element)
    elif not open_ or open_.pop() != element:
        raise ValueError
    if len(open_) > MAX_DEPTH:
        raise ValueError


def _check(letters: str) -> None:
    if not letters.strip() or len(letters) > MAX_CHARACTERS or _UNSHOWABLE.search(letters):
        raise ValueError
