"""Colours brought to a wide gamut, for results whose screens and formats can show more than sRGB.

Display P3 is the profile that libvips carries, the others are made in ``gamuts.py``. Knows profiles and pixels; must never know files.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import pyvips
from PIL import Image, ImageCms

from pixmill.engine.pixels.colour import join, split
from pixmill.engine.pixels.gamuts import ADOBE_RGB, PROPHOTO, REC_2020, Gamut, profile_of
from pixmill.plan.output import Profile

_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MADE: Final[dict[Profile, Gamut]] = {
    Profile.ADOBE: ADOBE_RGB,
    Profile.REC2020: REC_2020,
    Profile.PROPHOTO: PROPHOTO,
}


@lru_cache(maxsize=8)
def wide_profile(wanted: Profile) -> bytes:
    """The ICC profile of a wide gamut; empty for what is none."""
    if wanted is Profile.P3:
        return bytes(pyvips.Image.profile_load("p3"))
    return profile_of(_MADE[wanted]) if wanted in _MADE else b""


def widened(image: Image.Image, profile: bytes, target: bytes) -> Image.Image:
    """A picture of mode RGB (or with alpha) in the colours of ``target``; without a usable profile its own are sRGB."""
    if profile == target:
        return image
    colours, alpha = split(image)
    return join(ImageCms.applyTransform(colours, _transform(profile, target)) or colours, alpha)


@lru_cache(maxsize=16)
def _transform(profile: bytes, target: bytes) -> Any:
    to = ImageCms.ImageCmsProfile(BytesIO(target))
    try:
        return ImageCms.buildTransform(ImageCms.ImageCmsProfile(BytesIO(profile)), to, "RGB", "RGB", _INTENT, _FLAGS)
    except (OSError, ImageCms.PyCMSError):
        return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), to, "RGB", "RGB", _INTENT, _FLAGS)
