"""Conversion to the result's colour profile, and removal of an alpha channel that is opaque.

Colours go to sRGB by default, and always if the requested format cannot carry a profile. Later steps work on the values
as they are; the colours of a plan are converted to theirs (``plan_colours.py``). Grey images have no wide gamut. Both
run after the resize, because then the pixels are few.
"""

from dataclasses import replace
from typing import Final

from msgspec.structs import replace as replace_struct

from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.pixels.job import FORMATS_WITHOUT_PROFILE, RenderJob
from pixmill.engine.raster.convert import from_pillow, from_vips, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.engine.raster.icc import is_srgb, to_srgb
from pixmill.engine.raster.wide_gamut import convert_to_profile, wide_gamut_profile
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.negotiation import kept_format
from pixmill.plan.ops import DEFAULT_INPUT, Flip, Output, Plan, Resize
from pixmill.plan.output import Encoding, Profile

_GREY_FORMATS: Final = (Format.JPEG, Format.PNG, Format.TIFF, Format.AVIF)
"""Formats that store grey as one channel, which a profile of grey needs."""
_OPAQUE_GREY_FORMATS: Final = (Format.JPEG, Format.AVIF)
_ONLY_GREY_AVIF_BITS: Final = 8
_GREY_PROFILE: Final = b"GRAY"
_OPAQUE: Final = 255
_NO_OPERATIONS: Final = Plan()


def convert_profile(frame: Frame, job: RenderJob) -> Frame:
    """Convert to sRGB or a wide gamut, or keep the embedded profile; an unusable profile is ignored."""
    requested = job.requested_profile
    needs_conversion = _needs_conversion(frame)
    if requested is Profile.KEEP and needs_conversion and _can_keep_profile(frame, job):
        return frame
    target_profile = wide_gamut_profile(requested)
    if target_profile and not frame.is_grey:
        converted = from_pillow(convert_to_profile(to_pillow(frame), frame.profile, target_profile), frame)
        return replace(converted, profile=target_profile)
    return convert_to_srgb(frame)


def convert_to_srgb(frame: Frame) -> Frame:
    """Convert to sRGB; an unusable profile is dropped."""
    if _needs_conversion(frame):
        frame = from_pillow(to_srgb(to_pillow(frame), frame.profile), frame)
    return replace(frame, profile=b"") if frame.profile else frame


def storable_frame(frame: Frame, encoding: Encoding) -> Frame:
    """Convert to sRGB unless the format of the frame carries the profile: a free format is chosen after the steps."""
    return frame if _is_storable(frame.profile, frame.format, frame.layout, encoding) else convert_to_srgb(frame)


def storable_sequence(sequence: FrameSequence, encoding: Encoding) -> FrameSequence:
    """The same for an animation, frame by frame."""
    is_storable = _is_storable(sequence.profile, sequence.format, sequence.layout, encoding)
    if is_storable and not (sequence.format is Format.AVIF and _is_of_grey(sequence.profile)):
        return sequence
    return replace(sequence, frames=map(convert_to_srgb, sequence.frames), profile=b"")


def _needs_conversion(frame: Frame) -> bool:
    return bool(frame.profile) and not is_srgb(frame.profile, "L" if frame.is_grey else "RGB")


def _is_storable(profile: bytes, kind: Format, layout: Layout, encoding: Encoding) -> bool:
    if not profile:
        return True
    return kind not in FORMATS_WITHOUT_PROFILE and (not _is_of_grey(profile) or _stores_grey(kind, layout, encoding))


def _is_of_grey(profile: bytes) -> bool:
    return profile[16:20] == _GREY_PROFILE


def _stores_grey(kind: Format, layout: Layout, encoding: Encoding) -> bool:
    """Whether the encoder writes one channel: neither a palette nor libvips' AVIF, which has three."""
    if kind not in _GREY_FORMATS or (layout.has_alpha and kind in _OPAQUE_GREY_FORMATS):
        return False
    if kind is Format.AVIF:
        return not encoding.lossless and encoding.depth <= _ONLY_GREY_AVIF_BITS
    return kind is not Format.PNG or not encoding.colours


def _can_keep_profile(frame: Frame, job: RenderJob) -> bool:
    """Whether the result can have the profile of the frame: one of grey only if nothing can give it colours."""
    if not frame.is_grey:
        return True
    output = job.plan.output
    named_format = kept_format(output, job.header.format) or next(iter(output.formats), None)
    return (
        named_format is not None
        and _stores_grey(named_format, frame.layout, output.encoding)
        and not (job.animated and named_format is Format.AVIF)
        and all(map(_only_moves_pixels, job.stage_jobs))
    )


def _only_moves_pixels(job: RenderJob) -> bool:
    others = replace_struct(
        job.plan,
        rotate=0,
        flip=Flip.NONE,
        crop=None,
        resize=Resize(),
        background=Colour(),
        input=DEFAULT_INPUT,
        trim=None,
        stages=(),
        output=Output(),
        fact_selection=_NO_OPERATIONS.fact_selection,
    )
    return others == _NO_OPERATIONS and not job.geometry.needs_padding


def drop_opaque_alpha(frame: Frame, job: RenderJob) -> Frame:
    """Drop an alpha channel that is opaque everywhere: encoders would spend time and bytes on it.

    Animations keep theirs, because one frame says nothing about the others.
    """
    if not frame.layout.has_alpha or job.animated:
        return frame
    image = to_vips(frame)
    colours = image.bands - 1
    return frame if image[colours].min() < _OPAQUE else from_vips(image.extract_band(0, n=colours), frame)
