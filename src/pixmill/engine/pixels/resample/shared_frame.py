"""One decoded frame for several results: what to decode for all of them, and what each of them sees of it.

Knows needs, areas and the kernel behind ``scale.py``. Must never know plans, formats or how a picture is decoded.
"""

from collections.abc import Sequence
from dataclasses import replace

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.frame import Area, Frame
from pixmill.plan.lengths import Size, round_length

_MIN_REMAINING_SHRINK = 1.25
"""How much smaller a result still has to become than the halved frame that it is made of: as where a JPEG is halved by its own DCT.
Against one pass over the whole frame that makes 50 to 61 dB on three photographs, the DCT 45 to 59 (at 1.5 it would be 54 to 62)."""


def bounding_request(requests: Sequence[DecodeRequest]) -> DecodeRequest:
    """A need that holds all of these: the bounds of their areas, as large as the one that shrinks least wants them."""
    least_shrunk = min(requests, key=lambda need: need.shrink_factor)
    bounds = _bounding_area([need.area for need in requests])
    if bounds == least_shrunk.area:
        return least_shrunk
    size = Size(
        round_length(bounds.width / least_shrunk.shrink_factor),
        round_length(bounds.height / least_shrunk.shrink_factor),
    )
    return replace(least_shrunk, area=bounds, target_size=size)


class SharedFrame:
    """A frame decoded for ``whole``, in which many needs lie; ``soft`` are those of which halved frames may be the source.

    Where two results or more can be made of the frame at half its size, or a quarter, it is halved once for them: a
    pass over a quarter of the pixels for each then. Halving is done in linear light, as all resampling is.
    """

    def __init__(self, frame: Frame, decoded_request: DecodeRequest, halvable: Sequence[DecodeRequest]) -> None:
        self._decoded_area = decoded_request.area
        self._frame_area = frame.area or Area(0, 0, frame.width, frame.height)
        self._pyramid = [frame]
        levels = sorted(self._level_for(need) for need in halvable)
        self._max_level = levels[-2] if len(levels) > 1 else 0

    def frame_for(self, request: DecodeRequest, *, allow_halved: bool) -> Frame:
        """The frame to make this of, with its area; the decoded one unless it may be ``halved``."""
        level = min(self._level_for(request), self._max_level) if allow_halved else 0
        while len(self._pyramid) <= level:
            self._pyramid.append(_halve(self._pyramid[-1]))
        frame = self._pyramid[level]
        frame_area = self._frame_area if level == 0 else Area(0, 0, frame.width, frame.height)
        return replace(frame, area=_map_area(request.area, self._decoded_area, frame_area))

    def _level_for(self, request: DecodeRequest) -> int:
        """How often the frame may be halved before this is made of it."""
        area = _map_area(request.area, self._decoded_area, self._frame_area)
        shrink, level = DecodeRequest(area, request.target_size).shrink_factor / 2, 0
        while shrink >= _MIN_REMAINING_SHRINK:
            shrink, level = shrink / 2, level + 1
        return level


def _halve(frame: Frame) -> Frame:
    area = frame.area or Area(0, 0, frame.width, frame.height)
    size = Size(round_length(area.width / 2), round_length(area.height / 2))
    return replace(scale_frame(frame, size), area=None)


def _bounding_area(areas: Sequence[Area]) -> Area:
    left, top = min(area.left for area in areas), min(area.top for area in areas)
    right = max(area.left + area.width for area in areas)
    bottom = max(area.top + area.height for area in areas)
    return Area(left, top, right - left, bottom - top)


def _map_area(area: Area, from_area: Area, to_area: Area) -> Area:
    """Where ``area`` lies, when ``whole`` lies at ``lies``."""
    x_scale, y_scale = to_area.width / from_area.width, to_area.height / from_area.height
    left, top = (
        to_area.left + (area.left - from_area.left) * x_scale,
        to_area.top + (area.top - from_area.top) * y_scale,
    )
    return Area(left, top, area.width * x_scale, area.height * y_scale)
