"""The size of a nested image that refers to that of its parent: ``fxf``, ``f-20xf-20``, ``full-20x100``.

Knows text and lengths only.
"""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.plan.ops import MAX_SIDE
from pixmill.plan.overlays import Length

_SIZE: Final = re.compile(r"(-?)((?:full|f)(?:-[0-9]{1,6})?|[0-9]{0,9})x(-?)((?:full|f)(?:-[0-9]{1,6})?|[0-9]{0,9})")
_MAX_SEGMENTS: Final = 16


@dataclass(frozen=True, slots=True)
class NestedSize:
    """A box that depends on the parent. None is a free side."""

    width: Length | None
    height: Length | None


def nested_size(path: str, parent: tuple[int, int]) -> tuple[NestedSize | None, str]:
    """Return the box of a nested path, if it depends on a parent of unknown size, and the path without such sides.

    Where the size of the parent is known, the sides in the path are replaced by pixels instead.
    """
    segments = path.split("/", _MAX_SEGMENTS)
    for number, segment in enumerate(segments):
        if segment.startswith("filters:"):
            break
        match = _SIZE.fullmatch(segment)
        if match is None:
            continue
        flip_x, width, flip_y, height = match.groups()
        if not (width.startswith("f") or height.startswith("f")):
            break
        if all(parent):
            sides = (_pixels(width, parent[0]), _pixels(height, parent[1]))
            segments[number] = f"{flip_x}{sides[0]}x{flip_y}{sides[1]}"
            return None, "/".join(segments)
        segments[number] = f"{flip_x}0x{flip_y}0"
        return NestedSize(_length(width), _length(height)), "/".join(segments)
    return None, path


def _pixels(text: str, parent: int) -> int:
    if not text.startswith("f"):
        return int(text or "0")
    _, _, less = text.partition("-")
    return max(parent - int(less or "0"), 0)


def _length(text: str) -> Length | None:
    """Return a side of a parent whose size is not known: what is taken off cannot be."""
    if text.startswith("f"):
        return Length(100.0, percent=True)
    return Length(float(min(int(text), MAX_SIDE))) if text.strip("0") else None
