"""Conversion to the result's colour profile, and removal of an alpha channel that is opaque.

Colours go to sRGB by default, and always if the requested format cannot carry a profile. Later steps work on the values
as they are, so the colours of a plan are sRGB colours only if the result is sRGB. Grey images have no wide gamut. Both
run after the resize, because then the pixels are few.
"""

from dataclasses import replace

from pixmill.engine.pixels.job import RenderJob, requested_profile
from pixmill.engine.raster.convert import from_pillow, from_vips, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.engine.raster.icc import is_srgb, to_srgb
from pixmill.engine.raster.wide_gamut import convert_to_profile, wide_gamut_profile
from pixmill.media import Format
from pixmill.plan.output import Profile

_GREY_FORMATS = (Format.JPEG, Format.PNG, Format.TIFF)
_OPAQUE = 255


def convert_profile(frame: Frame, job: RenderJob) -> Frame:
    """Convert to sRGB or a wide gamut, or keep the embedded profile; an unusable profile is ignored."""
    requested = requested_profile(job.plan.output)
    needs_conversion = bool(frame.profile) and not is_srgb(frame.profile, "L" if frame.is_grey else "RGB")
    if requested is Profile.KEEP and needs_conversion and _can_carry_profile(frame, job):
        return frame
    target_profile = wide_gamut_profile(requested)
    if target_profile and not frame.is_grey:
        converted = from_pillow(convert_to_profile(to_pillow(frame), frame.profile, target_profile), frame)
        return replace(converted, profile=target_profile)
    if needs_conversion:
        frame = from_pillow(to_srgb(to_pillow(frame), frame.profile), frame)
    return replace(frame, profile=b"")


def _can_carry_profile(frame: Frame, job: RenderJob) -> bool:
    """Whether the result can have the profile of the frame: in grey only where pixels are stored in grey too."""
    if not frame.is_grey:
        return True
    named_format = next(iter(job.plan.output.formats), None)
    return named_format in _GREY_FORMATS or (
        named_format is Format.AVIF and frame.layout is Layout.L and not job.animated
    )


def drop_opaque_alpha(frame: Frame, job: RenderJob) -> Frame:
    """Drop an alpha channel that is opaque everywhere: encoders would spend time and bytes on it.

    Animations keep theirs, because one frame says nothing about the others.
    """
    if not frame.layout.has_alpha or job.animated:
        return frame
    image = to_vips(frame)
    colours = image.bands - 1
    return frame if image[colours].min() < _OPAQUE else from_vips(image.extract_band(0, n=colours), frame)
