"""Colours brought to Display P3, for results whose screens and formats can show more than sRGB.

The profile is the one that libvips carries. Knows profiles and pixels; must never know files.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import pyvips
from PIL import Image, ImageCms

from pixmill.engine.pixels.colour import join, split

_INTENT: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION


@lru_cache(maxsize=1)
def p3_profile() -> bytes:
    """Display P3 as an ICC profile."""
    return bytes(pyvips.Image.profile_load("p3"))


def to_p3(image: Image.Image, profile: bytes) -> Image.Image:
    """A picture of mode RGB (or with alpha) in Display P3; without a usable profile its colours are sRGB."""
    colours, alpha = split(image)
    return join(ImageCms.applyTransform(colours, _transform(profile)) or colours, alpha)


@lru_cache(maxsize=16)
def _transform(profile: bytes) -> Any:
    target = ImageCms.ImageCmsProfile(BytesIO(p3_profile()))
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)), target, "RGB", "RGB", _INTENT, _FLAGS
        )
    except (OSError, ImageCms.PyCMSError):
        return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), target, "RGB", "RGB", _INTENT, _FLAGS)
