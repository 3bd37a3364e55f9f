"""Metadata and colour profiles on their way into a file by libvips.

Knows libvips' names for them.
"""

import pyvips

from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.pixels.bridge import VipsImage


def carrying(image: VipsImage, kept: Kept, profile: bytes) -> tuple[VipsImage, str]:
    """The picture with what it carries, and libvips' word for keeping just that: asked to keep EXIF, it makes some up."""
    blocks = {
        "exif": ("exif-data", kept.exif and b"Exif\0\0" + kept.exif),
        "xmp": ("xmp-data", kept.xmp),
        "icc": ("icc-profile-data", profile),
    }
    carried = {word: named for word, named in blocks.items() if named[1]}
    if carried:
        image = image.copy()
    for name, block in carried.values():
        image.set_type(pyvips.GValue.blob_type, name, block)
    return image, "|".join(carried) or "none"
