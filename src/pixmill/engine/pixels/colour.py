"""Colours of other profiles brought to sRGB, by LittleCMS through Pillow.

Relative colorimetric intent with black point compensation: what both can show stays as it is. A broken profile,
or one of another colour space than the pixels, is ignored, as browsers do. A profile whose transform moves no colour of a probe by more than one level
is sRGB, whatever its name, and skipped. Knows profiles and pixels; must never know files.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, TypeAlias

import pyvips
from PIL import Image, ImageChops, ImageCms

Transform: TypeAlias = Any

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_LAB_FLAGS = _FLAGS | ImageCms.Flags.NOOPTIMIZE  # its shortcut through a table is 34 codes off in saturated colours
_MIN_PROFILE_BYTES = 128  # the header alone (ICC.1 §7.2)
_MAX_PROFILE_BYTES = 4 * 2**20
_MAX_NAME = 200
_COARSE_STEP = 4
"""A linear profile makes 13 codes of one, those with a curve of 1.8 and more at most one."""

_PROBE_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A picture of mode L, RGB or CMYK (or with alpha) in sRGB: RGB, or L where it was grey."""
    colours, alpha = split(image)
    transform = _transform(profile, colours.mode)
    if transform is None:
        return image
    colours = ImageCms.applyTransform(colours, transform) or colours
    if image.mode.startswith("L"):
        colours = colours.getchannel("G")  # grey in sRGB has three equal parts
    return join(colours, alpha)


def is_srgb(profile: bytes, mode: str) -> bool:
    """Nothing to do: the profile of a picture of this mode is sRGB, or unusable."""
    return _transform(profile, mode) is None


@lru_cache(maxsize=16)
def is_coarse(profile: bytes) -> bool:
    """Whether 8 bits are too few for an RGB profile, as for a linear one: its darkest grey beside black is several codes away from it in sRGB."""
    transform = _transform(profile, "RGB")
    if transform is None:
        return False
    darkest = Image.new("RGB", (1, 1), (1, 1, 1))
    return max((ImageCms.applyTransform(darkest, transform) or darkest).tobytes()) > _COARSE_STEP


def profile_name(profile: bytes) -> str:
    """What a profile calls itself; empty for none or a broken one."""
    if not profile:
        return ""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile))).strip()[:_MAX_NAME]
    except (OSError, ImageCms.PyCMSError):
        return ""


def cmyk_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A CMYK picture (255 is full ink) as RGB; without a usable profile by the one libvips carries for such."""
    if _transform(profile, "CMYK") is None:
        profile = _any_press()
    return to_srgb(image, profile)


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """A picture of mode LAB (D50, as ICC has it) as RGB."""
    return ImageCms.applyTransform(image, _lab()) or image


@lru_cache(maxsize=1)
def _lab() -> Transform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _srgb(), "LAB", "RGB", _INTENT, _LAB_FLAGS)


@lru_cache(maxsize=1)
def _any_press() -> bytes:
    return bytes(pyvips.Image.profile_load("cmyk"))


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Transform | None:
    """The way from a profile to sRGB; None when it is unusable or leads nowhere. Building one takes milliseconds, so the last are kept."""
    if not _MIN_PROFILE_BYTES < len(profile) <= _MAX_PROFILE_BYTES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, _srgb(), mode, "RGB", _INTENT, _FLAGS)
    except (OSError, ImageCms.PyCMSError):
        return None
    return None if _leads_nowhere(transform, mode) else transform


def _leads_nowhere(transform: Transform, mode: str) -> bool:
    if mode == "CMYK":
        return False
    probe = _probe().convert(mode)
    moved = ImageChops.difference(probe.convert("RGB"), ImageCms.applyTransform(probe, transform) or probe)
    return max(moved.tobytes()) <= 1


def _probe() -> Image.Image:
    levels = _PROBE_LEVELS
    data = bytes(part for red in levels for green in levels for blue in levels for part in (red, green, blue))
    return Image.frombytes("RGB", (len(data) // 3, 1), data)


def split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if image.mode not in ("LA", "RGBA"):
        return image, None
    *colours, alpha = image.split()
    return Image.merge(image.mode[:-1], colours), alpha


def join(colours: Image.Image, alpha: Image.Image | None) -> Image.Image:
    return colours if alpha is None else Image.merge(f"{colours.mode}A", (*colours.split(), alpha))
