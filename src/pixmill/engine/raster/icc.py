"""Converts colours from ICC profiles to sRGB, by LittleCMS through Pillow.

Relative colorimetric intent with black point compensation: colours inside both gamuts are preserved. A broken
profile, or one of another colour space than the pixels, is ignored, as browsers do. A profile whose transform moves
no sample colour by more than one level counts as sRGB, whatever its name. Must never know files.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, TypeAlias

import pyvips
from PIL import Image, ImageChops, ImageCms

IccTransform: TypeAlias = Any

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_LAB_FLAGS = _FLAGS | ImageCms.Flags.NOOPTIMIZE  # its lookup-table shortcut is off by 34 levels in saturated colours
_GREY_FLAGS = _FLAGS | ImageCms.Flags.NOOPTIMIZE  # the same of grey is off by 10 levels near black, for a gamma of 1
_MIN_PROFILE_BYTES = 128  # the header alone (ICC.1 §7.2)
_MAX_PROFILE_BYTES = 4 * 2**20
_MAX_NAME_CHARS = 200
_MAX_STEP_8_BIT = 4
"""In a linear profile one step near black covers 13 sRGB levels, with a gamma of 1.8 and more at most one."""
_MIDDLE = 128
_MAX_SHIFT_OF_MIDDLE = 32
"""Of sRGB values. Gamma 1.8, the curve of ProPhoto, shifts by 18 and is close enough; gamma 1.5 and 3 are not."""

_SAMPLE_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an image of mode L, RGB or CMYK (with or without alpha) to sRGB; grey stays L."""
    colours, alpha = split_pillow_alpha(image)
    transform = _transform_to_srgb(profile, colours.mode)
    if transform is None:
        return image
    if colours.mode == "L":
        return join_pillow_alpha(colours.point(_grey_levels(profile)), alpha)
    return join_pillow_alpha(ImageCms.applyTransform(colours, transform) or colours, alpha)


@lru_cache(maxsize=16)
def _grey_levels(profile: bytes) -> bytes:
    """Return the sRGB level of each grey level of a profile."""
    levels = Image.frombytes("L", (256, 1), bytes(range(256)))
    transform = _transform_to_srgb(profile, "L")
    if transform is None:
        return levels.tobytes()
    converted = ImageCms.applyTransform(levels, transform) or levels
    return bytes(converted.getchannel("G").tobytes())  # a grey in sRGB has three equal channels


def is_srgb(profile: bytes, mode: str) -> bool:
    """Whether no conversion is needed: the profile is sRGB, or unusable for this mode."""
    return _transform_to_srgb(profile, mode) is None


@lru_cache(maxsize=16)
def is_far_from_srgb(profile: bytes, mode: str) -> bool:
    """Whether the curve of a profile for L or RGB has little in common with that of sRGB, as a linear one.

    Its values must be converted before pixels are mixed, and with more than 8 bits if there are more.
    """
    transform = _transform_to_srgb(profile, mode)
    if transform is None:
        return False
    greys = Image.frombytes("L", (2, 1), bytes((1, _MIDDLE))).convert(mode)
    darkest, middle = (ImageCms.applyTransform(greys, transform) or greys).convert("RGB").getchannel("G").tobytes()
    return darkest > _MAX_STEP_8_BIT or abs(middle - _MIDDLE) > _MAX_SHIFT_OF_MIDDLE


def is_readable_profile(profile: bytes) -> bool:
    """Whether a profile can be parsed, whatever its colour space."""
    try:
        return bool(profile) and ImageCms.ImageCmsProfile(BytesIO(profile)) is not None
    except (OSError, ImageCms.PyCMSError):
        return False


def profile_name(profile: bytes) -> str:
    """Return the profile's description; empty without a profile or for a broken one."""
    if not profile:
        return ""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile))).strip()[:_MAX_NAME_CHARS]
    except (OSError, ImageCms.PyCMSError):
        return ""


def cmyk_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert CMYK (255 is full ink) to RGB; without a usable profile by the generic one of libvips."""
    if _transform_to_srgb(profile, "CMYK") is None:
        profile = _default_cmyk_profile()
    return to_srgb(image, profile)


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """Convert mode LAB (D50, as in ICC) to RGB."""
    return ImageCms.applyTransform(image, _lab_to_srgb_transform()) or image


@lru_cache(maxsize=1)
def _lab_to_srgb_transform() -> IccTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _srgb_profile(), "LAB", "RGB", _INTENT, _LAB_FLAGS)


@lru_cache(maxsize=1)
def _default_cmyk_profile() -> bytes:
    return bytes(pyvips.Image.profile_load("cmyk"))


@lru_cache(maxsize=1)
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=16)
def _transform_to_srgb(profile: bytes, mode: str) -> IccTransform | None:
    """Build the transform from a profile to sRGB; None if it is unusable or the identity.

    Cached: building takes milliseconds.
    """
    if not _MIN_PROFILE_BYTES < len(profile) <= _MAX_PROFILE_BYTES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        flags = _GREY_FLAGS if mode == "L" else _FLAGS
        transform = ImageCms.buildTransform(source, _srgb_profile(), mode, "RGB", _INTENT, flags)
    except (OSError, ImageCms.PyCMSError):
        return None
    return None if _is_identity(transform, mode) else transform


def _is_identity(transform: IccTransform, mode: str) -> bool:
    if mode == "CMYK":
        return False
    samples = _sample_colours().convert(mode)
    difference = ImageChops.difference(samples.convert("RGB"), ImageCms.applyTransform(samples, transform) or samples)
    return max(difference.tobytes()) <= 1


def _sample_colours() -> Image.Image:
    levels = _SAMPLE_LEVELS
    data = bytes(part for red in levels for green in levels for blue in levels for part in (red, green, blue))
    return Image.frombytes("RGB", (len(data) // 3, 1), data)


def split_pillow_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if image.mode not in ("LA", "RGBA"):
        return image, None
    *colours, alpha = image.split()
    return Image.merge(image.mode[:-1], colours), alpha


def join_pillow_alpha(colours: Image.Image, alpha: Image.Image | None) -> Image.Image:
    return colours if alpha is None else Image.merge(f"{colours.mode}A", (*colours.split(), alpha))
