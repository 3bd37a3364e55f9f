"""Convert: colours of an embedded ICC profile to sRGB, now that the pixels are few."""

from dataclasses import replace

from pixmill.engine.pixels.bridge import from_pillow, to_pillow
from pixmill.engine.pixels.colour import is_srgb, to_srgb
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job


def convert(frame: Frame, _: Job) -> Frame:
    """The same colours in sRGB; a profile that says nothing usable is ignored."""
    mode = "L" if frame.grey else "RGB"
    if frame.profile and not is_srgb(frame.profile, mode):
        frame = from_pillow(to_srgb(to_pillow(frame), frame.profile), frame)
    return replace(frame, profile=b"")
