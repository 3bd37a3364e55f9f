"""SVG decoder by librsvg (through libvips): renders a sanitised copy at the requested size.

librsvg bounds references and depth itself. ``svg_cost.py`` estimates the time, and the worker's deadline bounds it.
 Text uses the fonts of the machine.
"""

import re
from dataclasses import replace

import pyvips

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.svg_rasters import EmbeddedRasters
from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
from pixmill.engine.codecs.svg_sniff import decompress_svg
from pixmill.engine.codecs.vector_scale import intrinsic_size, render_box, render_scale
from pixmill.engine.raster.convert import VipsImage, from_vips
from pixmill.engine.raster.frame import MAX_SIDE, Frame
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import DEFAULT_INPUT, Input

_MAX_VIRTUAL_SIDE = 10_000_000
"""libvips' limit; zooms into a crop beyond it are enlarged by the resampler."""

_LESS_THAN_A_PIXEL = "zero-sized image"
"""In libvips' message for a side that would be rounded to 0 pixels."""

_PHYSICAL_LENGTH = re.compile(r"\s*[0-9.]+(?:e[0-9]+)?(?:mm|cm|in|pt|pc)\s*", re.IGNORECASE)
_PIXELS_PER_POINT = 96 / 72
"""CSS has 96 pixels per inch, libvips 72 points."""


class SvgDecoder:
    """An SVG. Its size is that of the root element, the viewBox, or the bounding box of its content."""

    def __init__(self, source: memoryview, dpi: int = DEFAULT_INPUT.dpi) -> None:
        self._source = source
        self._sanitised = sanitise_svg(decompress_svg(source))
        self._rasters = EmbeddedRasters(self._sanitised.rasters())
        physical = _PHYSICAL_LENGTH.fullmatch(self._sanitised.root.get("width", ""))
        self._unit_scale = (_PIXELS_PER_POINT if physical else 1.0) * dpi / DEFAULT_INPUT.dpi
        intrinsic = self._load(1.0)
        size, self._intrinsic_scale = intrinsic_size(intrinsic.width, intrinsic.height)
        self.header = ImageHeader(
            Format.SVG, size, alpha=True, colour_space="rgb", is_vector=True, drawing=self._sanitised.cost
        )

    def configured(self, input_options: Input) -> "SvgDecoder":
        return self if input_options.dpi == DEFAULT_INPUT.dpi else SvgDecoder(self._source, input_options.dpi)

    def decode(self, request: DecodeRequest) -> Frame:
        """Render only the requested area, at the target size if both sides are scaled alike."""
        scale = render_scale(request, _MAX_VIRTUAL_SIDE / max(self.header.size.width, self.header.size.height))
        left, top, size, area = render_box(request, scale)
        try:
            image = self._load(scale * self._intrinsic_scale)
        except pyvips.Error as error:
            if _LESS_THAN_A_PIXEL not in str(error):
                raise
            return self._decode_thin(request)
        return replace(from_vips(_crop_padded(image, left, top, size)), area=area)

    def _decode_thin(self, request: DecodeRequest) -> Frame:
        """Render all at a scale at which the shorter side has a pixel; the resampler reduces it."""
        intrinsic = self._load(1.0)
        width, height = intrinsic.width, intrinsic.height
        frame = from_vips(self._load(min(1 / min(width, height), MAX_SIDE / max(width, height))))
        header_size = self.header.size
        area = request.area.scaled(frame.width / header_size.width, frame.height / header_size.height)
        return replace(frame, area=area)

    def to_vector_file(self, size: Size) -> bytes | None:
        """Serialise the sanitised SVG with this size; None if the aspect ratio differs."""
        intrinsic = self.header.size
        if abs(size.width * intrinsic.height - size.height * intrinsic.width) > max(intrinsic.width, intrinsic.height):
            return None
        attributes = {"width": str(size.width), "height": str(size.height)}
        if "viewBox" not in self._sanitised.root:
            image = self._load(1.0)
            attributes["viewBox"] = f"0 0 {image.width} {image.height}"
        return self._sanitised.serialise(attributes=attributes)

    def _load(self, scale: float) -> VipsImage:
        return pyvips.Image.svgload_buffer(self._sanitised.serialise(self._rasters.url), scale=scale * self._unit_scale)


def _crop_padded(image: VipsImage, left: int, top: int, size: Size) -> VipsImage:
    """Crop a region; parts beyond the edges, due to rounding, are transparent."""
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    width, height = min(size.width, image.width - left), min(size.height, image.height - top)
    return image.crop(left, top, width, height).embed(0, 0, size.width, size.height)
