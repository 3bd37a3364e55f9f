"""Aim: where a smart window goes, found by libvips' attention on a small version of the picture."""

from dataclasses import replace

from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.scale import scaled
from pixmill.plan.geometry import Size, round_half_up
from pixmill.plan.ops import Point

_LOOK_SIDE = 256
"""libvips itself looks at some 32 × 32 pixels (smartcrop.c); this many lose nothing."""


def aim(frame: Frame, job: Job) -> Frame:
    """The area shrunk to the window around the spot that draws the eye; unchanged unless the window is smart."""
    if not job.geometry.smart or frame.area is None:
        return frame
    found = job.looking_at(Point(*job.turn.point(*_spot(frame, job))))
    whole, part = job.need.area, found.need.area
    across, down = frame.area.width / whole.width, frame.area.height / whole.height
    left, top = frame.area.left + (part.left - whole.left) * across, frame.area.top + (part.top - whole.top) * down
    return replace(frame, area=Area(left, top, part.width * across, part.height * down))


def _spot(frame: Frame, job: Job) -> tuple[float, float]:
    """The spot, as fractions of the area's sides."""
    whole, window = job.need.size, job.turn.size(job.geometry.window)
    shrink = max(1.0, max(whole.width, whole.height) / _LOOK_SIDE)
    small = to_vips(scaled(frame, _shrunk(whole, shrink)))
    wanted = _shrunk(window, shrink)
    _, at = small.smartcrop(
        min(wanted.width, small.width),
        min(wanted.height, small.height),
        interesting="attention",
        attention_x=True,
        attention_y=True,
    )
    return (at["attention_x"] + 0.5) / small.width, (at["attention_y"] + 0.5) / small.height


def _shrunk(size: Size, shrink: float) -> Size:
    return Size(round_half_up(size.width / shrink), round_half_up(size.height / shrink))
