"""Converts colours to a wide gamut, for results in more than sRGB.

The Display P3 profile is shipped with libvips, ``gamuts.py`` builds the others. Must never know files.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import pyvips
from PIL import Image, ImageCms

from pixmill.engine.raster.gamuts import ADOBE_RGB, PROPHOTO, REC_2020, Gamut, gamut_icc_profile
from pixmill.engine.raster.icc import join_pillow_alpha, split_pillow_alpha
from pixmill.plan.colour import Colour
from pixmill.plan.output import Profile

_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION
_GENERATED_GAMUTS: Final[dict[Profile, Gamut]] = {
    Profile.ADOBE: ADOBE_RGB,
    Profile.REC2020: REC_2020,
    Profile.PROPHOTO: PROPHOTO,
}


@lru_cache(maxsize=8)
def wide_gamut_profile(profile: Profile) -> bytes:
    """The ICC profile of a wide gamut; empty for the other values of ``profile``."""
    if profile is Profile.P3:
        return bytes(pyvips.Image.profile_load("p3"))
    return gamut_icc_profile(_GENERATED_GAMUTS[profile]) if profile in _GENERATED_GAMUTS else b""


def convert_to_profile(image: Image.Image, profile: bytes, target: bytes) -> Image.Image:
    """Convert an RGB or RGBA image to the profile ``target``.

    Without a usable source profile it counts as sRGB.
    """
    if profile == target:
        return image
    colours, alpha = split_pillow_alpha(image)
    return join_pillow_alpha(ImageCms.applyTransform(colours, _transform_between(profile, target)) or colours, alpha)


@lru_cache(maxsize=16)
def is_target(profile: bytes) -> bool:
    """Whether colours can be converted to a profile: some of scanners and cameras describe one direction only."""
    try:
        _transform_between(b"", profile)
    except (OSError, ImageCms.PyCMSError):
        return False
    return True


@lru_cache(maxsize=256)
def convert_colour(colour: Colour, target: bytes) -> Colour:
    """Convert an sRGB colour to the profile ``target``."""
    pixel = Image.new("RGB", (1, 1), (colour.red, colour.green, colour.blue))
    red, green, blue = convert_to_profile(pixel, b"", target).tobytes()
    return Colour(red, green, blue, colour.alpha)


@lru_cache(maxsize=16)
def _transform_between(profile: bytes, target: bytes) -> Any:
    destination = ImageCms.ImageCmsProfile(BytesIO(target))
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)), destination, "RGB", "RGB", _INTENT, _FLAGS
        )
    except (OSError, ImageCms.PyCMSError):
        return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), destination, "RGB", "RGB", _INTENT, _FLAGS)
