"""One decoded frame for several results: what to decode for all of them, and what each of them sees of it.

Knows needs, areas and the kernel behind ``scale.py``. Must never know plans, formats or how a picture is decoded.
"""

from collections.abc import Sequence
from dataclasses import replace

from pixmill.engine.codecs.picture import Need
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.scale import scaled
from pixmill.plan.geometry import Size, round_half_up

_LEFT_TO_DO = 1.25
"""How much smaller a result still has to become than the halved frame that it is made of: as where a JPEG is halved by its own DCT.
Against one pass over the whole frame that makes 50 to 61 dB on three photographs, the DCT 45 to 59 (at 1.5 it would be 54 to 62)."""


def joined(needs: Sequence[Need]) -> Need:
    """A need that holds all of these: the bounds of their areas, as large as the one that shrinks least wants them."""
    finest = min(needs, key=lambda need: need.shrink)
    bounds = _bounds([need.area for need in needs])
    if bounds == finest.area:
        return finest
    size = Size(round_half_up(bounds.width / finest.shrink), round_half_up(bounds.height / finest.shrink))
    return replace(finest, area=bounds, size=size)


class SharedFrame:
    """A frame decoded for ``whole``, in which many needs lie; ``soft`` are those of which halved frames may be the source.

    Where two results or more can be made of the frame at half its size, or a quarter, it is halved once for them: a
    pass over a quarter of the pixels for each then. Halving is done in linear light, as all resampling is.
    """

    def __init__(self, frame: Frame, whole: Need, soft: Sequence[Need]) -> None:
        self._whole = whole.area
        self._lies = frame.area or Area(0, 0, frame.width, frame.height)
        self._halved = [frame]
        depths = sorted(self._depth(need) for need in soft)
        self._deepest = depths[-2] if len(depths) > 1 else 0

    def seen(self, need: Need, *, halved: bool) -> Frame:
        """The frame to make this of, with its area; the decoded one unless it may be ``halved``."""
        depth = min(self._depth(need), self._deepest) if halved else 0
        while len(self._halved) <= depth:
            self._halved.append(_half(self._halved[-1]))
        frame = self._halved[depth]
        lies = self._lies if depth == 0 else Area(0, 0, frame.width, frame.height)
        return replace(frame, area=_moved(need.area, self._whole, lies))

    def _depth(self, need: Need) -> int:
        """How often the frame may be halved before this is made of it."""
        area = _moved(need.area, self._whole, self._lies)
        shrink, depth = Need(area, need.size).shrink / 2, 0
        while shrink >= _LEFT_TO_DO:
            shrink, depth = shrink / 2, depth + 1
        return depth


def _half(frame: Frame) -> Frame:
    area = frame.area or Area(0, 0, frame.width, frame.height)
    size = Size(round_half_up(area.width / 2), round_half_up(area.height / 2))
    return replace(scaled(frame, size), area=None)


def _bounds(areas: Sequence[Area]) -> Area:
    left, top = min(area.left for area in areas), min(area.top for area in areas)
    right = max(area.left + area.width for area in areas)
    bottom = max(area.top + area.height for area in areas)
    return Area(left, top, right - left, bottom - top)


def _moved(area: Area, whole: Area, lies: Area) -> Area:
    """Where ``area`` lies, when ``whole`` lies at ``lies``."""
    across, down = lies.width / whole.width, lies.height / whole.height
    left, top = lies.left + (area.left - whole.left) * across, lies.top + (area.top - whole.top) * down
    return Area(left, top, area.width * across, area.height * down)
