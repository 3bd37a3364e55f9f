"""Sizes and regions of renditions as Wagtail computes them, in double precision, for images whose size is known.

Knows numbers only. The steps follow ``wagtail/images/image_operations.py``, also in what they round: a region grows to
whole pixels, a side that follows from another one is cut off.
"""

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Final

_WHOLE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle by its edges, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def outward(self) -> "Rectangle":
        """Return the smallest rectangle of whole pixels around it."""
        return Rectangle(floor(self.left), floor(self.top), ceil(self.right), ceil(self.bottom))

    def covering(self, other: "Rectangle") -> "Rectangle":
        """Return it moved until it covers another one, the right and the lower edge first if it is too small."""
        left, right = _with_least_end(*_with_start(self.left, self.right, min(self.left, other.left)), other.right)
        top, bottom = _with_least_end(*_with_start(self.top, self.bottom, min(self.top, other.top)), other.bottom)
        return Rectangle(left, top, right, bottom)

    def inside(self, width: int, height: int) -> "Rectangle":
        """Return it moved into an image."""
        left, right = _with_start(self.left, self.right, max(self.left, 0.0))
        top, bottom = _with_start(self.top, self.bottom, max(self.top, 0.0))
        return Rectangle(
            *_edges(_with_end(left, right, min(right, width)), _with_end(top, bottom, min(bottom, height)))
        )


def _with_start(start: float, end: float, new_start: float) -> tuple[float, float]:
    return new_start, end - (start - new_start)


def _with_end(start: float, end: float, new_end: float) -> tuple[float, float]:
    return start - (end - new_end), new_end


def _with_least_end(start: float, end: float, least_end: float) -> tuple[float, float]:
    return _with_end(start, end, max(end, least_end))


def _edges(x: tuple[float, float], y: tuple[float, float]) -> tuple[float, float, float, float]:
    return x[0], y[0], x[1], y[1]


@dataclass(frozen=True, slots=True)
class Transform:
    """A region of an image, and the size that it is scaled to.

    The region begins at ``left`` and ``top`` of the original; it has ``width`` and ``height`` after scaling.
    """

    width: int
    height: int
    left: float = 0.0
    top: float = 0.0
    scale_x: float = _WHOLE
    scale_y: float = _WHOLE

    @property
    def region(self) -> Rectangle:
        """The region of the original, in whole pixels."""
        right = self.left + self.width / self.scale_x
        bottom = self.top + self.height / self.scale_y
        return Rectangle(self.left, self.top, right, bottom).outward()

    def resized(self, width: int, height: int) -> "Transform":
        width, height = max(width, 1), max(height, 1)
        return replace(
            self,
            width=width,
            height=height,
            scale_x=self.scale_x * width / self.width,
            scale_y=self.scale_y * height / self.height,
        )

    def cropped(self, part: Rectangle) -> "Transform":
        return replace(
            self,
            width=int(part.width),
            height=int(part.height),
            left=self.left + part.left / self.scale_x,
            top=self.top + part.top / self.scale_y,
        )

    def limited_width(self, width: int) -> "Transform":
        """Return it at most this wide."""
        return self if self.width <= width else self.resized(width, int(self.height * (width / self.width)))

    def limited_height(self, height: int) -> "Transform":
        """Return it at most this high."""
        return self if self.height <= height else self.resized(int(self.width * (height / self.height)), height)

    def inside(self, width: int, height: int) -> "Transform":
        """Return it inside a box."""
        if self.width <= width and self.height <= height:
            return self
        x, y = width / self.width, height / self.height
        return self.resized(width, int(self.height * x)) if x < y else self.resized(int(self.width * y), height)

    def around(self, width: int, height: int) -> "Transform":
        """Return it around a box, unless a side is too small for that."""
        if self.width <= width or self.height <= height:
            return self
        x, y = width / self.width, height / self.height
        return self.resized(width, int(self.height * x)) if x > y else self.resized(int(self.width * y), height)

    def scaled(self, scale: float) -> "Transform":
        return self.resized(int(self.width * scale), int(self.height * scale))

    def filled(self, width: int, height: int, closeness: float, focus: Rectangle | None) -> "Transform":
        """Return the largest region of this shape around ``focus``, shrunk to this size if it is larger.

        ``closeness``: 0 to 1, from the largest region to the smallest one that holds ``focus``; it never has to be
        enlarged for that.
        """
        part = self._part(width, height, closeness, focus)
        if focus is not None:
            part = part.covering(focus)
        cropped = self.cropped(part.inside(self.width, self.height).outward())
        return cropped.resized(width, height) if width < cropped.width else cropped

    def _part(self, width: int, height: int, closeness: float, focus: Rectangle | None) -> Rectangle:
        ratio = width / height
        part_width = float(min(self.width, self.height * ratio))
        part_height = part_width / ratio
        if focus is None:
            x, y = self.width / 2, self.height / 2
        else:
            x, y = (focus.left + focus.right) / 2, (focus.top + focus.bottom) / 2
            least_width = max(focus.width, focus.height * ratio)
            if least_width < part_width:
                least_height = least_width / ratio
                most = max(
                    1 - (width - least_width) / (part_width - least_width),
                    1 - (height - least_height) / (part_height - least_height),
                )
                share = min(closeness, most)
                if 0 <= share <= 1:
                    part_width += (least_width - part_width) * share
                    part_height += (least_height - part_height) * share
        centre_x = x - (x / self.width - 0.5) * part_width
        centre_y = y - (y / self.height - 0.5) * part_height
        return Rectangle(
            centre_x - part_width / 2, centre_y - part_height / 2, centre_x + part_width / 2, centre_y + part_height / 2
        )
