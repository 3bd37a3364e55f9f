"""Convert: colours of an embedded ICC profile to those that the result is to have, now that the pixels are few.

To sRGB if nothing else is asked for, and always where the format named cannot carry a profile. What comes after works on the
numbers as they are, so colours given in a plan mean sRGB only where the result is sRGB. Grey has no wide gamut.
"""

from dataclasses import replace

from pixmill.engine.pixels.bridge import from_pillow, to_pillow
from pixmill.engine.pixels.colour import is_srgb, to_srgb
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.wide import wide_profile, widened
from pixmill.media import Format
from pixmill.plan.ops import Output
from pixmill.plan.output import Profile

_BARE = (Format.GIF, Format.BMP, Format.ICO, Format.JXL)
"""Formats that carry no profile, or whose encoder here takes none."""


def convert(frame: Frame, job: Job) -> Frame:
    """The same colours in sRGB, or as they came, or in a wide gamut; a profile that says nothing usable is ignored."""
    wanted = _wanted(job.plan.output)
    other = bool(frame.profile) and not is_srgb(frame.profile, "L" if frame.grey else "RGB")
    if wanted is Profile.KEEP and other:
        return frame
    target = wide_profile(wanted)
    if target and not frame.grey:
        wide = from_pillow(widened(to_pillow(frame), frame.profile, target), frame)
        return replace(wide, profile=target)
    if other:
        frame = from_pillow(to_srgb(to_pillow(frame), frame.profile), frame)
    return replace(frame, profile=b"")


def _wanted(output: Output) -> Profile:
    named = output.formats[0] if output.formats and not output.negotiated else None
    return Profile.SRGB if named in _BARE else output.profile
