"""Frames to and from the two pixel libraries, and the settings both run under.

Knows pyvips and Pillow as holders of pixels. Must never know files, formats or plans.
"""

from typing import Any, TypeAlias

import pyvips
from PIL import Image

from pixmill.engine.raster.frame import Frame, Layout
from pixmill.plan.lengths import Size

pyvips.cache_set_max(0)  # nobody asks the same of libvips twice; its cache would only hold memory
pyvips.vips_lib.vips_concurrency_set(1)  # parallelism comes from processes
pyvips.block_untrusted_set(state=True)  # what libvips itself calls unsafe for strangers' files
pyvips.operation_block_set("VipsForeignLoad", state=True)  # and every other loader
_STREAM_LOADERS, _BUFFER_LOADERS = ("PngSource", "NsgifSource", "WebpSource"), ("Png", "Nsgif", "Webp", "Jpeg", "Svg")
for _loader in (*_STREAM_LOADERS, *(f"{_name}Buffer" for _name in _BUFFER_LOADERS)):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", state=False)  # but those that codecs call by name
Image.MAX_IMAGE_PIXELS = None  # our own limits are checked before, and fail with our own errors

VipsImage: TypeAlias = Any
"""pyvips finds its operations at run time, so its images are untyped here."""

_LAYOUT_BY_BANDS = {1: Layout.L, 2: Layout.LA, 3: Layout.RGB, 4: Layout.RGBA}


def to_vips(frame: Frame) -> VipsImage:
    """A libvips picture over the same memory; the padding byte of RGBX is left out."""
    size = (frame.width, frame.height, frame.layout.stored_channels)
    image = pyvips.Image.new_from_memory(frame.pixels, *size, "uchar")
    if frame.layout is Layout.RGBX:
        image = image.extract_band(0, n=3)
    return image.copy(interpretation="b-w" if frame.is_grey else "srgb")


def from_vips(image: VipsImage, like: Frame | None = None) -> Frame:
    """The pixels of an 8-bit picture, computed now, in the colours of the frame it is ``like``."""
    return _make_frame(image.write_to_memory(), Size(image.width, image.height), _LAYOUT_BY_BANDS[image.bands], like)


def to_pillow(frame: Frame) -> Image.Image:
    """A Pillow picture of these pixels; RGBX becomes RGB."""
    pixels: Any = frame.pixels  # any buffer will do; Pillow declares fewer
    mode = frame.layout.rstrip("X")
    size = (frame.width, frame.height)
    if mode != "RGB":
        return Image.frombuffer(mode, size, pixels, "raw", frame.layout, 0, 1)
    image = Image.new(mode, size, None)  # not made black before it is filled
    image.frombytes(pixels, "raw", frame.layout, 0, 1)
    return image


def from_pillow(image: Image.Image, like: Frame | None = None) -> Frame:
    """The pixels of a picture of mode L, LA, RGB or RGBA, in the colours of the frame it is ``like``."""
    return _make_frame(image.tobytes(), Size(*image.size), Layout(image.mode), like)


def _make_frame(pixels: bytes, size: Size, layout: Layout, like: Frame | None) -> Frame:
    if like is None:
        return Frame(pixels, size.width, size.height, layout)
    return like.with_pixels(pixels, size, layout)
