"""Metadata and colour profiles on their way into a file by libvips.

Knows libvips' names for them.
"""

import pyvips

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.raster.convert import VipsImage


def attach_metadata(image: VipsImage, metadata: RetainedMetadata, profile: bytes) -> tuple[VipsImage, str]:
    """The picture with what it carries, and libvips' word for keeping just that: asked to keep EXIF, it makes some up."""
    blocks = {
        "exif": ("exif-data", metadata.exif and b"Exif\0\0" + metadata.exif),
        "xmp": ("xmp-data", metadata.xmp),
        "icc": ("icc-profile-data", profile),
    }
    present = {keep_flag: field for keep_flag, field in blocks.items() if field[1]}
    if present:
        image = image.copy()
    for name, block in present.values():
        image.set_type(pyvips.GValue.blob_type, name, block)
    return image, "|".join(present) or "none"
