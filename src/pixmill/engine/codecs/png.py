"""Decodes PNGs: common ones by our reader, others by libvips.

Each frame of an animated PNG is decoded as a PNG of its own.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

import pyvips
from PIL import Image

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.apng_decoder import read_animation
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.png_colours import png_profile
from pixmill.engine.codecs.png_reader import read_png
from pixmill.engine.codecs.png_repair import RepairedPng, repair_png
from pixmill.engine.codecs.vips import VipsDecoder, load_image
from pixmill.engine.raster.convert import VipsImage, from_pillow, from_vips, to_8_bit, to_pillow
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import Format

PNG_LOADER: Callable[..., VipsImage] = pyvips.Image.pngload_source


_MIN_READ_SHARE: Final = 0.5
"""libvips ends at the last row that is needed, which is faster above this share of the height."""


class PngStillDecoder(VipsDecoder):
    """The default image of a PNG, or a PNG in an icon; repaired if libpng refuses it."""

    def __init__(self, kind: Format, source: memoryview) -> None:
        self._source = source
        super().__init__(kind, PNG_LOADER, source)
        self.header = with_png_colours(self.header, source)

    def decode(self, request: DecodeRequest) -> Frame:
        size = self.header.size
        if request.area.top + request.area.height >= _MIN_READ_SHARE * size.height and (
            frame := read_png(self._source)
        ):
            return replace(frame, profile=self.header.profile, area=request.area)
        try:
            return super().decode(request)
        except pyvips.Error as error:
            try:
                repaired = repair_png(self._source)
            except (ValueError, struct.error):
                raise error from None
        return self._decode_repaired(repaired, request)

    def _decode_repaired(self, repaired: RepairedPng, request: DecodeRequest) -> Frame:
        size = self.header.size
        decoder = VipsDecoder(self.header.format, PNG_LOADER, memoryview(repaired.file))
        decoder.header = replace(decoder.header, profile=self.header.profile)
        if repaired.is_complete:
            return decoder.decode(request)
        frame = decoder.decode(replace(request, area=Area(0, 0, size.width, size.height)))
        image = repaired.hide_missing(to_pillow(frame).convert("LA" if frame.is_grey else "RGBA"))
        return replace(from_pillow(image, frame), area=request.area, truncated=True)


class PngDecoder(PngStillDecoder):
    """A still or animated PNG.

    Where the default image, for clients without APNG support, is no frame of the animation, it is never shown.
    """

    def __init__(self, source: memoryview) -> None:
        super().__init__(Format.PNG, source)
        self._animation = read_animation(source)
        if self._animation:
            frames = self._animation.frame_count
            self.header = replace(
                self.header,
                frame_count=frames,
                timing=self._animation.timing if frames > 1 else None,
                truncated=self._animation.truncated,
            )

    def decode(self, request: DecodeRequest) -> Frame:
        if self._animation and self._animation.has_apart_default_image:
            return next(self.frames(request))
        return super().decode(request)

    def page(self, page: int) -> "PngFrameDecoder":
        return PngFrameDecoder(self, page)

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        if self._animation:
            for canvas in self._animation.frames(_decode_png):
                yield pillow.decode_frame(canvas, self.header.profile, request.area)


class PngFrameDecoder:
    """One frame of an animated PNG."""

    def __init__(self, decoder: PngDecoder, page: int) -> None:
        self._decoder = decoder
        self._page = page
        self.header = decoder.header

    def decode(self, request: DecodeRequest) -> Frame:
        return next(islice(self._decoder.frames(request), self._page - 1, None))


def with_png_colours(header: ImageHeader, source: memoryview) -> ImageHeader:
    """Return the header with the profile that the chunks of the file amount to."""
    profile = png_profile(source, header.profile, grey=header.colour_space == "grey")
    return header if profile == header.profile else replace(header, profile=profile)


def _decode_png(png: bytes) -> Image.Image:
    try:
        return to_pillow(from_vips(to_8_bit(load_image(PNG_LOADER, png, fail_on="truncated"))))
    except pyvips.Error:
        repaired = repair_png(memoryview(png))
        if not repaired.is_complete:
            raise
        return to_pillow(from_vips(to_8_bit(load_image(PNG_LOADER, repaired.file, fail_on="truncated"))))
