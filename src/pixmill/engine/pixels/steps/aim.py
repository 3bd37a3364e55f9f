"""Aim: where a smart window goes, found on a small version of the picture: by libvips' attention or entropy, or by faces."""

from dataclasses import replace

from pixmill.engine.pixels.bridge import VipsImage, to_vips
from pixmill.engine.pixels.faces import LOOK_SIDE, faces
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.scale import scaled
from pixmill.engine.pixels.upright import upright
from pixmill.plan.geometry import Size, round_half_up
from pixmill.plan.places import Faces, Gravity, Interest, Point, Regions, Smart

_GLANCE_SIDE = 256
"""libvips itself looks at some 32 × 32 pixels (smartcrop.c); this many lose nothing."""


def aim(frame: Frame, job: Job) -> Frame:
    """The area shrunk to the window around what is sought; unchanged unless the window is smart."""
    if not job.geometry.smart or frame.area is None:
        return frame
    found = job.looking_at(_sought(frame, job))
    whole, part = job.need.area, found.need.area
    across, down = frame.area.width / whole.width, frame.area.height / whole.height
    left, top = frame.area.left + (part.left - whole.left) * across, frame.area.top + (part.top - whole.top) * down
    return replace(frame, area=Area(left, top, part.width * across, part.height * down))


def _sought(frame: Frame, job: Job) -> Gravity:
    gravity = job.plan.resize.gravity
    if isinstance(gravity, Faces):
        found = tuple(faces(_look(frame, job, LOOK_SIDE), "gravity"))
        return Regions(found) if found else _spot(frame, job, Interest.ATTENTION)
    return _spot(frame, job, gravity.interest if isinstance(gravity, Smart) else Interest.ATTENTION)


def _look(frame: Frame, job: Job, side: int) -> VipsImage:
    """The picture as it will be seen, but with no side longer than this."""
    whole = job.turn.size(job.geometry.scaled)
    return upright(to_vips(scaled(frame, _shrunk(whole, _shrink(whole, side)))), job.turn)


def _spot(frame: Frame, job: Job, interest: Interest) -> Point:
    """What draws the eye, or the middle of what holds most detail."""
    small = _look(frame, job, _GLANCE_SIDE)
    wanted = _shrunk(job.geometry.window, _shrink(job.geometry.scaled, _GLANCE_SIDE))
    width, height = min(wanted.width, small.width), min(wanted.height, small.height)
    window, at = small.smartcrop(width, height, interesting=interest.value, attention_x=True, attention_y=True)
    if interest is Interest.ENTROPY:
        return _point(width / 2 - window.xoffset, height / 2 - window.yoffset, small)
    return _point(at["attention_x"] + 0.5, at["attention_y"] + 0.5, small)


def _point(x: float, y: float, image: VipsImage) -> Point:
    return Point(min(1.0, x / image.width), min(1.0, y / image.height))


def _shrink(size: Size, side: int) -> float:
    return max(1.0, max(size.width, size.height) / side)


def _shrunk(size: Size, shrink: float) -> Size:
    return Size(round_half_up(size.width / shrink), round_half_up(size.height / shrink))
