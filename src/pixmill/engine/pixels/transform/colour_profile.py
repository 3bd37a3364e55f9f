"""Convert: colours of an embedded ICC profile to those that the result is to have, now that the pixels are few.

To sRGB if nothing else is asked for, and always where the format named cannot carry a profile. What comes after works on the
numbers as they are, so colours given in a plan mean sRGB only where the result is sRGB. Grey has no wide gamut.
"""

from dataclasses import replace

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.convert import from_pillow, to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.icc import is_srgb, to_srgb
from pixmill.engine.raster.wide_gamut import convert_to_profile, wide_gamut_profile
from pixmill.media import Format
from pixmill.plan.ops import Output
from pixmill.plan.output import Profile

_FORMATS_WITHOUT_PROFILE = (Format.GIF, Format.BMP, Format.ICO, Format.JXL)
"""Formats that carry no profile, or whose encoder here takes none."""


def convert_profile(frame: Frame, job: RenderJob) -> Frame:
    """The same colours in sRGB, or as they came, or in a wide gamut; a profile that says nothing usable is ignored."""
    requested = _requested_profile(job.plan.output)
    needs_conversion = bool(frame.profile) and not is_srgb(frame.profile, "L" if frame.is_grey else "RGB")
    if requested is Profile.KEEP and needs_conversion:
        return frame
    target_profile = wide_gamut_profile(requested)
    if target_profile and not frame.is_grey:
        converted = from_pillow(convert_to_profile(to_pillow(frame), frame.profile, target_profile), frame)
        return replace(converted, profile=target_profile)
    if needs_conversion:
        frame = from_pillow(to_srgb(to_pillow(frame), frame.profile), frame)
    return replace(frame, profile=b"")


def _requested_profile(output: Output) -> Profile:
    named_format = output.formats[0] if output.formats and not output.negotiated else None
    return Profile.SRGB if named_format in _FORMATS_WITHOUT_PROFILE else output.profile
