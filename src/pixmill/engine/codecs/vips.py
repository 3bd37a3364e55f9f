"""Shared by the codecs that use libvips: streaming decode to 8-bit grey or RGB, metadata for savers.

Loaders are given by name; libvips never chooses one. 16-bit samples are rounded to 8 before resampling; in linear
light and HDR they are converted first. Must never know which formats it is used for (``table.py`` does).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pyvips

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.frame_sequence import AnimationTiming, normalized_timing
from pixmill.engine.codecs.metadata import RetainedMetadata, metadata_if_small
from pixmill.engine.raster.convert import VipsImage, from_vips
from pixmill.engine.raster.early_conversion import convert_16_bit
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.lengths import Size

_GREY_INTERPRETATIONS = ("b-w", "grey16")


class VipsDecoder:
    """A file that a libvips loader reads sequentially, from top to bottom."""

    def __init__(self, kind: Format, loader: Callable[..., VipsImage], source: memoryview, page: int = 1) -> None:
        self._open_page = partial(VipsDecoder, kind, loader, source)
        self._load = partial(load_image, loader, source, access="sequential", fail_on="truncated")
        if page != 1:
            self._load = partial(self._load, page=page - 1)
        self.header: ImageHeader = image_header(self._load(), kind)

    def decode(self, request: DecodeRequest) -> Frame:
        return self._decode_part(self._load(), 0, request)

    def _decode_part(self, image: VipsImage, first_row: int, request: DecodeRequest) -> Frame:
        """Decode the requested area of the frame that starts at this row."""
        size = self.header.size
        left, top, right, bottom = request.area.outer_box(size)
        width, height = right - left, bottom - top
        if (width, height) != (image.width, image.height):
            image = image.crop(left, first_row + top, width, height)
        area, profile = request.area.relative_to(left, top), self.header.profile
        if image.format == "ushort":
            image, profile = convert_16_bit(image, profile, request.profile)
        return replace(from_vips(image), profile=profile, area=area)


class VipsAnimationDecoder(VipsDecoder):
    """A file whose loader returns all frames, composited, one below the other."""

    def page(self, page: int) -> VipsDecoder:
        return self._open_page(page)

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        image = self._load(n=-1)  # read sequentially, decoded once
        for first_row in range(0, image.height, self.header.size.height):
            yield self._decode_part(image, first_row, request)


def load_image(loader: Callable[..., VipsImage], source: memoryview | bytes, **options: Any) -> VipsImage:
    """Open the file without a copy, which buffer loaders would make.

    The caller must keep ``source`` alive while reading.
    """
    return loader(pyvips.Source.new_from_memory(source), **options)


def image_header(image: VipsImage, kind: Format) -> ImageHeader:
    return ImageHeader(
        format=kind,
        size=Size(image.width, image.height),
        alpha=bool(image.hasalpha()),
        deep=image.format == "ushort",
        colour_space="grey" if image.interpretation in _GREY_INTERPRETATIONS else "rgb",
        frame_count=_field(image, "n-pages", 1),
        timing=_timing(image),
        orientation=_orientation(image),
        profile=_metadata_block(image, "icc-profile-data"),
        exif=_metadata_block(image, "exif-data"),
        xmp=_metadata_block(image, "xmp-data"),
    )


def _field(image: VipsImage, name: str, default: Any) -> Any:
    return image.get(name) if image.get_typeof(name) else default


def _timing(image: VipsImage) -> AnimationTiming | None:
    frames = _field(image, "n-pages", 1)
    if frames == 1 or not image.get_typeof("delay"):
        return None
    return normalized_timing([*image.get("delay"), *[0] * frames][:frames], _field(image, "loop", 0))


def _orientation(image: VipsImage) -> int:
    value = _field(image, "orientation", 1)
    return value if value in range(1, 9) else 1


def _metadata_block(image: VipsImage, name: str) -> bytes:
    """Return a metadata block if it is small enough; ICC profiles always."""
    data = bytes(_field(image, name, b""))
    return data if name == "icc-profile-data" else metadata_if_small(data)


def attach_metadata(image: VipsImage, metadata: RetainedMetadata, profile: bytes) -> tuple[VipsImage, str]:
    """Attach the metadata and return libvips' ``keep`` flags for exactly it.

    Told to keep absent EXIF, libvips creates some.
    """
    blocks = {
        "exif": ("exif-data", metadata.exif and b"Exif\0\0" + metadata.exif),
        "xmp": ("xmp-data", metadata.xmp),
        "iptc": ("iptc-data", metadata.iptc),
        "icc": ("icc-profile-data", profile),
    }
    present = {keep_flag: field for keep_flag, field in blocks.items() if field[1]}
    if present:
        image = image.copy()
    for name, block in present.values():
        image.set_type(pyvips.GValue.blob_type, name, block)
    return image, "|".join(present) or "none"
