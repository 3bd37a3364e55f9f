"""Converts colours whose curve is far from that of sRGB as soon as they are decoded.

Everything behind takes values for sRGB when it mixes or measures pixels; that is close enough for usual profiles, which
are converted after the resize, when the pixels are few. It is not for linear light, and not at all for HDR. Must never
know files or plans.
"""

from dataclasses import replace
from math import ceil, floor
from typing import Final

import pyvips

from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.cicp import hdr_encoding
from pixmill.engine.raster.convert import VipsImage, from_pillow, from_vips, to_8_bit, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.gamuts import REC_2020, gamut_icc_profile
from pixmill.engine.raster.hdr import PQ, HdrEncoding, tone_map
from pixmill.engine.raster.icc import is_far_from_srgb, to_srgb
from pixmill.engine.raster.wide_gamut import convert_to_profile, wide_gamut_profile
from pixmill.plan.cost import EarlyConversion
from pixmill.plan.output import Profile

_VIPS_PROFILES: Final = {Profile.SRGB: "srgb", Profile.P3: "p3"}
"""Profiles that libvips has under a name, and can so convert 16 bits to."""


def needs_early_conversion(profile: bytes, target: Profile, *, grey: bool) -> bool:
    """Whether pixels with this profile are to be converted before any other work: HDR always, the rest unless kept."""
    if not profile:
        return False
    if hdr_encoding(profile):
        return True
    return target is not Profile.KEEP and is_far_from_srgb(profile, "L" if grey else "RGB")


def conversion_kind(profile: bytes, target: Profile, *, grey: bool, deep: bool) -> EarlyConversion:
    """Return the early conversion that pixels with this profile need, as the estimate of costs knows it."""
    if not needs_early_conversion(profile, target, grey=grey):
        return EarlyConversion.NONE
    if encoding := hdr_encoding(profile):
        return EarlyConversion.PQ if encoding.transfer == PQ else EarlyConversion.HLG
    return EarlyConversion.DEEP_CURVE if deep else EarlyConversion.CURVE


def convert_early(frame: Frame, target: Profile) -> Frame:
    """Convert the area of a frame that is still needed, if it needs to be converted early.

    HDR becomes sRGB, or Rec. 2020 unless ``target`` is sRGB: it has all its colours.
    """
    if not needs_early_conversion(frame.profile, target, grey=frame.is_grey):
        return frame
    frame = _cropped_to_area(frame)
    frame = replace(frame, compensation=replace(frame.compensation, light=0.0))  # means of linear light have lost none
    encoding, wide_profile = hdr_encoding(frame.profile), wide_gamut_profile(target)
    if encoding:
        image, profile = _tone_mapped(to_vips(frame), encoding, target)
        return replace(from_vips(image, frame), profile=profile)
    if wide_profile and not frame.is_grey:
        converted = convert_to_profile(to_pillow(frame), frame.profile, wide_profile)
        return replace(from_pillow(converted, frame), profile=wide_profile)
    return replace(from_pillow(to_srgb(to_pillow(frame), frame.profile), frame), profile=b"")


def convert_16_bit(image: VipsImage, profile: bytes, target: Profile) -> tuple[VipsImage, bytes]:
    """Round 16-bit pixels to 8 after their early conversion, if they need one; return the profile that they have then.

    Rounding linear light first would merge up to 13 levels near black.
    """
    colours, alpha = split_alpha(image)
    is_grey = colours.bands == 1
    if not needs_early_conversion(profile, target, grey=is_grey):
        return to_8_bit(image), profile
    if encoding := hdr_encoding(profile):
        return _tone_mapped(image, encoding, target)
    target = Profile.SRGB if is_grey else target
    if target not in _VIPS_PROFILES:
        return to_8_bit(image), profile
    colours = colours.copy()
    colours.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    converted = colours.icc_transform(
        _VIPS_PROFILES[target], embedded=True, intent="relative", black_point_compensation=True, depth=8
    )
    return join_alpha(
        converted[1] if is_grey else converted, None if alpha is None else to_8_bit(alpha)
    ), wide_gamut_profile(target)


def _tone_mapped(image: VipsImage, encoding: HdrEncoding, target: Profile) -> tuple[VipsImage, bytes]:
    is_srgb = target is Profile.SRGB or split_alpha(image)[0].bands == 1
    return tone_map(image, encoding, srgb=is_srgb), b"" if is_srgb else gamut_icc_profile(REC_2020)


def _cropped_to_area(frame: Frame) -> Frame:
    """Drop the pixels outside the area; the resampler uses none of them."""
    if frame.area is None:
        return frame
    left, top = max(0, floor(frame.area.left)), max(0, floor(frame.area.top))
    right = min(frame.width, ceil(frame.area.left + frame.area.width))
    bottom = min(frame.height, ceil(frame.area.top + frame.area.height))
    if (right - left, bottom - top) == (frame.width, frame.height):
        return frame
    cropped = from_vips(to_vips(frame).crop(left, top, right - left, bottom - top), frame)
    return replace(cropped, area=frame.area.relative_to(left, top))
