"""The small upright sRGB picture of which all facts are told that one must look for, decoded once at the least scale that will do.

Knows the steps that lead there. Must never know which facts are asked.
"""

from typing import Final

from pixmill.engine.codecs.picture import Picture
from pixmill.engine.pixels.boundary import decoding, working
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.scale import scaled
from pixmill.engine.pixels.steps.convert import convert
from pixmill.engine.pixels.steps.resize import resize
from pixmill.engine.pixels.steps.turn import turn
from pixmill.engine.pixels.steps.uncover import uncover
from pixmill.plan.geometry import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan, Resize

SIDE: Final = 100
"""The longest side: as much as ThumbHash takes, and enough for a palette."""

_PLAN = Plan(resize=Resize(SIDE, SIDE))
_STEPS = (resize, convert, uncover, turn)


def small_picture(picture: Picture, limits: Limits) -> Frame:
    """The whole first frame, at most ``SIDE`` pixels along each side. Raises UndecodableImage."""
    job = resolve_job(picture.header, _PLAN, limits)
    with decoding():
        frame = picture.decode(job.need)
    with working():
        for step in _STEPS:
            frame = step(frame, job)
    return frame


def at_most(frame: Frame, side: int) -> Frame:
    """The same picture with no side longer than this."""
    longest = max(frame.width, frame.height)
    if longest <= side:
        return frame
    width, height = (max(1, round(length * side / longest)) for length in (frame.width, frame.height))
    return scaled(frame, Size(width, height))
