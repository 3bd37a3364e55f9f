"""An error as an image: an SVG that tells the status, the code and the sentence at the size that was requested.

It is a string of escaped text, so that it needs no worker and no pixel library. Must never know a request.
"""

import math
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

MIN_SIDE: Final = 16
MAX_SIDE: Final = 4_096
_MIN_FONT_PX: Final = 9.0
_MAX_FONT_PX: Final = 26.0
_MAX_TEXT_CHARS: Final = 300
_SENTENCE_CHARS: Final = (_MAX_TEXT_CHARS, 160, 80, 40)
"""Lengths to which a sentence is shortened for small images."""

_LINE_HEIGHT: Final = 1.35
_SANS_EM: Final = 0.56
"""Width of a character: a little more than the average of system fonts, as it must fit in all of them."""

_BOLD_EM: Final = 0.64
_WIDE_EM: Final = 1.06
_FIRST_WIDE: Final = 0x1100
"""From here on characters may be as wide as high: Hangul, CJK, emoji."""

_CONTROL_CHARS: Final = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF], " ")

CONTENT_SECURITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

_STYLE: Final = (
    "rect{fill:#fdf4f2;stroke:#e3b4ac}text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
    "'Liberation Sans',Arial,sans-serif;fill:#4a2822}.b{font-weight:700;fill:#b3261e}.h{fill:#7a5049}"
    "@media(prefers-color-scheme:dark){rect{fill:#2b1917;stroke:#70403a}text{fill:#f1dcd8}.b{fill:#ffb4a8}"
    ".h{fill:#d0aaa3}}"
)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What the image may say, most important first. ``hint`` may be empty."""

    status: int
    code: str
    sentence: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    style: str
    font_px: float


def error_svg(text: ErrorText, width: int = 0, height: int = 0, dpr: float = 1.0) -> str:
    """Return the image; sides are in pixels, 0 for one that is not known, and limited.

    It is laid out in CSS pixels, ``dpr`` of its own to each, so that its letters are as large as those of the page.
    """
    width, height = _sides(width, height)
    dpr = min(max(dpr, 1.0), 8.0)
    view_width, view_height = max(MIN_SIDE, width / dpr), max(MIN_SIDE, height / dpr)
    label = _clean(f"{text.status} {text.code}: {text.sentence}", _MAX_TEXT_CHARS)
    drawn = "".join(_draw(_layout(text, view_width, view_height), view_width, view_height))
    radius = min(8.0, view_width / 12, view_height / 12)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {view_width:.6g} {view_height:.6g}" role="img"><title>{escape(label)}</title>'
        f"<style>{_STYLE}</style>"
        f'<rect x=".5" y=".5" width="{view_width - 1:.6g}" height="{view_height - 1:.6g}" rx="{radius:.3g}"/>'
        f"{drawn}</svg>"
    )


def _sides(width: int, height: int) -> tuple[int, int]:
    """Return both sides, limited; a missing one is that of a landscape photo."""
    if not width and not height:
        width, height = 480, 320
    width, height = width or round(height * 1.5), height or round(width / 1.5)
    shrink = min(1.0, MAX_SIDE / max(width, height))
    return max(MIN_SIDE, round(width * shrink)), max(MIN_SIDE, round(height * shrink))


def _layout(text: ErrorText, width: float, height: float) -> list[_Line]:
    """Return the lines with the most words that can be read at this size."""
    padding = _padding(width, height)
    room_x, room_y = width - 2 * padding, height - 2 * padding
    sentence, hint = _clean(text.sentence, _MAX_TEXT_CHARS), _clean(text.hint, _MAX_TEXT_CHARS)
    headline = f"{text.status} {text.code}"
    contents: list[list[tuple[str, str]]] = [
        [(headline, "b"), (sentence, ""), (hint, "h")],
        *([(headline, "b"), (_clean(sentence, max_chars), "")] for max_chars in _SENTENCE_CHARS),
        [(headline, "b")],
        [(str(text.status), "b"), (text.code, "")],
    ]
    largest = min(_MAX_FONT_PX, max(_MIN_FONT_PX, math.sqrt(width * height) / 20))
    for content in contents:
        font_px = largest
        while font_px >= _MIN_FONT_PX:
            lines = [line for words, style in content if words for line in _wrap(words, style, font_px, room_x)]
            is_whole = all(_text_width(line.text, line.style) * font_px <= room_x for line in lines)
            if is_whole and len(lines) * font_px * _LINE_HEIGHT <= room_y:
                return lines
            font_px *= 0.93
    status = str(text.status)
    return [_Line(status, "b", max(4.0, min(height * 0.7, (width - 3) / _text_width(status, "b"), 64.0)))]


def _wrap(words: str, style: str, font_px: float, room_x: float) -> list[_Line]:
    """Break text into lines at spaces, after underscores and slashes, and where nothing else helps anywhere."""
    lines: list[str] = [""]
    used_em = 0.0
    for piece in _pieces(words):
        if lines[-1] and (used_em + _text_width(piece.rstrip(), style)) * font_px > room_x:
            lines.append("")
            used_em = 0.0
        rest = piece if lines[-1] else piece.lstrip()
        per_line = max(1, int(room_x / font_px / (_BOLD_EM if style == "b" else _SANS_EM)))
        while not style and len(rest) > per_line:
            lines[-1:] = [rest[:per_line], ""]
            rest, used_em = rest[per_line:], 0.0
        lines[-1] += rest
        used_em += _text_width(rest, style)
    return [_Line(line.strip(), style, font_px) for line in lines if line.strip()]


def _pieces(words: str) -> list[str]:
    pieces = [""]
    for character in words:
        pieces[-1] += character
        if character in " _/&?":
            pieces.append("")
    return pieces


def _text_width(text: str, style: str) -> float:
    """Return the width in units of the font size."""
    em = _BOLD_EM if style == "b" else _SANS_EM
    return sum(_WIDE_EM if ord(character) >= _FIRST_WIDE and character not in "…–—’“”" else em for character in text)


def _draw(lines: list[_Line], width: float, height: float) -> list[str]:
    """Return text elements: one beside the left edge below the other, a single one in the middle."""
    is_single = len(lines) == 1
    x, anchor = (width / 2, ' text-anchor="middle"') if is_single else (_padding(width, height), "")
    spacing = 1.0 if is_single else _LINE_HEIGHT
    y = (height - sum(line.font_px * spacing for line in lines)) / 2
    elements: list[str] = []
    for line in lines:
        baseline = y + line.font_px * (spacing / 2 + 0.36)
        y += line.font_px * spacing
        style = f' class="{line.style}"' if line.style else ""
        elements.append(
            f'<text x="{x:.4g}" y="{baseline:.4g}" font-size="{line.font_px:.3g}"{anchor}{style}>'
            f"{escape(line.text)}</text>"
        )
    return elements


def _padding(width: float, height: float) -> float:
    return min(32.0, max(2.0, min(width, height) * 0.08))


def _clean(text: str, max_chars: int) -> str:
    """Return text that XML can hold, shortened."""
    text = " ".join(text.encode(errors="replace").decode().translate(_CONTROL_CHARS).split())
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"
