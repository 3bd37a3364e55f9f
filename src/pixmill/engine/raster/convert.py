"""Converts frames to and from libvips and Pillow images, and sets the options of both libraries.

Must never know files, formats or plans.
"""

from typing import Any, TypeAlias

import pyvips
from PIL import Image

from pixmill.engine.raster.frame import Frame, Layout
from pixmill.plan.lengths import Size

pyvips.cache_set_max(0)  # no operation is repeated; the cache would only hold memory
pyvips.vips_lib.vips_concurrency_set(1)  # parallelism comes from processes
pyvips.block_untrusted_set(state=True)  # what libvips itself marks as unsafe for untrusted files
pyvips.operation_block_set("VipsForeignLoad", state=True)  # and every loader
_STREAM_LOADERS, _BUFFER_LOADERS = (
    ("PngSource", "HeifSource", "WebpSource", "TiffSource"),
    (*("Png", "Nsgif", "Webp", "Jpeg", "Svg"),),
)
for _loader in (*_STREAM_LOADERS, *(f"{_name}Buffer" for _name in _BUFFER_LOADERS)):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", state=False)  # except those that codecs call by name
Image.MAX_IMAGE_PIXELS = None  # our own limits are checked first and raise our own errors

VipsImage: TypeAlias = Any
"""pyvips finds its operations at run time, so its images are untyped here."""

_LAYOUT_BY_BANDS = {1: Layout.L, 2: Layout.LA, 3: Layout.RGB, 4: Layout.RGBA}


def to_vips(frame: Frame) -> VipsImage:
    """Wrap the frame's memory as a libvips image; the padding of RGBX is dropped."""
    size = (frame.width, frame.height, frame.layout.stored_channels)
    image = pyvips.Image.new_from_memory(frame.pixels, *size, "uchar")
    if frame.layout is Layout.RGBX:
        image = image.extract_band(0, n=3)
    return image.copy(interpretation="b-w" if frame.is_grey else "srgb")


def from_vips(image: VipsImage, like: Frame | None = None) -> Frame:
    """Compute an 8-bit image into a frame, with colour space and other attributes from ``like``."""
    return _make_frame(image.write_to_memory(), Size(image.width, image.height), _LAYOUT_BY_BANDS[image.bands], like)


def to_8_bit(image: VipsImage) -> VipsImage:
    """Round 16-bit values to 8 bits."""
    if image.format == "ushort":
        image = image.linear(1 / 257, 0.5, uchar=True)  # 65535 = 255 × 257; 0.5 rounds, since the cast truncates
    return image


def to_pillow(frame: Frame) -> Image.Image:
    """Convert to a Pillow image; RGBX becomes RGB."""
    pixels: Any = frame.pixels  # any buffer works; Pillow's stubs declare fewer types
    mode = frame.layout.rstrip("X")
    size = (frame.width, frame.height)
    if mode != "RGB":
        return Image.frombuffer(mode, size, pixels, "raw", frame.layout, 0, 1)
    image = Image.new(mode, size, None)  # not cleared, since it is filled below
    image.frombytes(pixels, "raw", frame.layout, 0, 1)
    return image


def from_pillow(image: Image.Image, like: Frame | None = None) -> Frame:
    """Copy an image of mode L, LA, RGB or RGBA into a frame, with attributes from ``like``."""
    return _make_frame(image.tobytes(), Size(*image.size), Layout(image.mode), like)


def _make_frame(pixels: bytes, size: Size, layout: Layout, like: Frame | None) -> Frame:
    if like is None:
        return Frame(pixels, size.width, size.height, layout)
    return like.with_pixels(pixels, size, layout)
