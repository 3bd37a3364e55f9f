"""Computes the intrinsic size of an SVG from its root element, in real numbers.

SVG 2 §7.2 and §8.2, CSS Images 3 §5.1: a length given by the root, else the viewBox, else the sizes that browsers give
what has none. Must never render.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pixmill.errors import UndecodableImage

DEFAULT_WIDTH, DEFAULT_HEIGHT = 300.0, 150.0
"""Of what has neither a size nor a shape (CSS 2.2 §10.3.2)."""

_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_SPACE: Final = r"[ \t\r\n\f]*"
_LENGTH: Final = re.compile(rf"{_SPACE}({_NUMBER})([a-z]*|%){_SPACE}", re.IGNORECASE)
_COMMA: Final = rf"(?:{_SPACE},{_SPACE}|[ \t\r\n\f]+)"
_VIEW_BOX: Final = re.compile(_SPACE + _COMMA.join([f"({_NUMBER})"] * 4) + _SPACE)
_SIZE_DECLARATION: Final = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*([^;]*)", re.IGNORECASE)
_IMPORTANT: Final = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)

_FONT_SIZE: Final = 16.0
_ABSOLUTE_PX: Final[Mapping[str, float]] = {
    "px": 1.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "pt": 96 / 72,
    "pc": 16.0,
    "rem": _FONT_SIZE,
}
"""Pixels per unit (CSS Values 4 §6.2). Relative to the viewport, as ``%``, is as if nothing were given."""
_FONT_RELATIVE: Final[Mapping[str, float]] = {"em": 1.0, "ex": 0.5, "ch": 0.5}
_SHAPE_TOLERANCE: Final = 1e-6


class ViewBox(NamedTuple):
    """The part of the drawing's plane that is shown; its sides are positive."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DrawingSize:
    """The intrinsic size in CSS pixels, and the valid viewBox, if there is one."""

    width: float
    height: float
    view_box: ViewBox | None

    @property
    def has_shape_of_view_box(self) -> bool:
        """Whether the viewBox fills the size, however it is aligned."""
        box = self.view_box or ViewBox(0, 0, self.width, self.height)
        return math.isclose(box.width * self.height, box.height * self.width, rel_tol=_SHAPE_TOLERANCE)


def drawing_size(
    root: Mapping[str, str], css_width: float | None = None, css_height: float | None = None
) -> DrawingSize:
    """Compute the size; the widths and heights of style sheets count before those of attributes.

    Raises UndecodableImage for a drawing without an area.
    """
    font_size = _length(root.get("font-size", ""), _FONT_SIZE) or _FONT_SIZE
    lengths = {name: _length(root.get(name, ""), font_size) for name in ("width", "height")}
    lengths |= dict(_size_declarations(root.get("style", ""), font_size))
    width, height = css_width or lengths["width"], css_height or lengths["height"]
    box = _view_box(root.get("viewBox", ""))
    if box and not box.width * box.height and not (width and height):
        raise UndecodableImage(detail="viewBox without an area")
    if width == 0 and height == 0:
        raise UndecodableImage(detail="width and height of 0")
    box = box if box and box.width and box.height else None
    if box:
        return DrawingSize(*_sides(width, height, box), box)
    return DrawingSize(width or DEFAULT_WIDTH, height or DEFAULT_HEIGHT, None)


def styles_size(style: str) -> bool:
    """Whether a style attribute declares a width or a height."""
    return _SIZE_DECLARATION.search(style) is not None


def _sides(width: float | None, height: float | None, box: ViewBox) -> tuple[float, float]:
    if width and height:
        return width, height
    if width:
        return width, width * box.height / box.width
    if height:
        return height * box.width / box.height, height
    return box.width, box.height


def _length(text: str, font_size: float, *, needs_unit: bool = False) -> float | None:
    """Return a length in pixels; None for an invalid or relative one."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return None
    number, unit = float(match[1]), match[2].lower()
    if not unit and needs_unit and number:
        return None
    factor = font_size * _FONT_RELATIVE[unit] if unit in _FONT_RELATIVE else _ABSOLUTE_PX.get(unit or "px", -1.0)
    length = number * factor
    return length if length >= 0 and math.isfinite(length) else None


def _size_declarations(style: str, font_size: float) -> Iterator[tuple[str, float | None]]:
    for name, value in _SIZE_DECLARATION.findall(style):
        text = _IMPORTANT.sub("", value).strip()
        length = _length(text, font_size, needs_unit=True)
        if length is not None or text.lower() == "auto" or text.endswith("%"):
            yield name.lower(), length


def _view_box(text: str) -> ViewBox | None:
    """Return the viewBox; None for an invalid one. Sides of 0 disable rendering."""
    match = _VIEW_BOX.fullmatch(text)
    if match is None:
        return None
    box = ViewBox(*map(float, match.groups()))
    return box if all(map(math.isfinite, box)) and box.width >= 0 and box.height >= 0 else None
