"""SVG decoder by librsvg (through libvips): renders a sanitised copy at the requested size.

librsvg bounds references and depth itself. ``svg_cost.py`` estimates the time, and the worker's deadline bounds it.
Text uses the fonts of the machine.
"""

import re
from dataclasses import replace
from typing import Final

import pyvips

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.svg_parts import SVG_NAMESPACE, serialise_attribute
from pixmill.engine.codecs.svg_rasters import EmbeddedRasters
from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
from pixmill.engine.codecs.svg_size import DrawingSize, drawing_size, styles_size
from pixmill.engine.codecs.svg_sniff import decompress_svg
from pixmill.engine.codecs.vector_scale import exact_intrinsic_size, exact_request, render_box, render_scale
from pixmill.engine.raster.convert import VipsImage, from_vips
from pixmill.engine.raster.fonts import register_fonts
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.lengths import Size, round_length
from pixmill.plan.ops import DEFAULT_INPUT, Input

_MAX_VIRTUAL_SIDE = 10_000_000
"""libvips' limit; zooms into a crop beyond it are enlarged by the resampler."""

_CSS_DPI = 96
_LIBVIPS_SCALE = 72 / _CSS_DPI
"""CSS has 96 pixels per inch; libvips multiplies the size by what that is of 72."""

_BACKGROUND: Final = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_UNSIZED: Final = (1234.0, 678.0)
"""A size of the root that style sheets do not have by chance."""
_MEASURING_SCALES: Final = (100, 1)
"""Of what style sheets say of the root's size, two digits are read behind the point."""


class SvgDecoder:
    """An SVG. Its size is that of the root element or of the viewBox, in real numbers; 300 × 150 without both."""

    def __init__(self, source: memoryview, dpi: int = DEFAULT_INPUT.dpi) -> None:
        self._source = source
        self._sanitised = sanitise_svg(decompress_svg(source))
        self._rasters = EmbeddedRasters(self._sanitised.rasters())
        self._drawing = self._drawing_size()
        unit_scale = dpi / DEFAULT_INPUT.dpi
        size, exact_size = exact_intrinsic_size(self._drawing.width * unit_scale, self._drawing.height * unit_scale)
        self.header = ImageHeader(
            Format.SVG,
            size,
            alpha=True,
            colour_space="rgb",
            is_vector=True,
            drawing=self._sanitised.cost,
            exact_size=exact_size,
        )

    def configured(self, input_options: Input) -> "SvgDecoder":
        return self if input_options.dpi == DEFAULT_INPUT.dpi else SvgDecoder(self._source, input_options.dpi)

    def decode(self, request: DecodeRequest) -> Frame:
        """Render only the requested area, at the target size if both sides are scaled alike."""
        size = self.header.size
        width, height = map(float, (self.header.exact_size or size).sides)
        is_whole = (request.area.width, request.area.height) == (size.width, size.height)
        request = exact_request(request, size, self.header.exact_size)
        scale = render_scale(request, _MAX_VIRTUAL_SIDE / max(width, height))
        left, top, box, area = render_box(request, scale)
        canvas = box if is_whole and area is None else Size(round_length(width * scale), round_length(height * scale))
        image = self._load(canvas)
        if background := self._background():
            image = _on_background(image, background)
        return replace(from_vips(_crop_padded(image, left, top, box)), area=area)

    def to_vector_file(self, size: Size) -> bytes | None:
        """Serialise the sanitised SVG with this size; None if the aspect ratio differs."""
        width, height = self._drawing.width, self._drawing.height
        if abs(size.width * height - size.height * width) > max(width, height):
            return None
        attributes = self._sized_root(size)
        if self._drawing.has_shape_of_view_box and size.width * height != size.height * width:
            attributes["preserveAspectRatio"] = "none"  # as it is rendered: rounding leaves no edge
        return self._sanitised.serialise(self._rasters.url_without_metadata, attributes)

    def _load(self, size: Size) -> VipsImage:
        """Open the drawing at this size: a viewBox that fills the intrinsic size fills this one too."""
        attributes = self._sized_root(size)
        if self._drawing.has_shape_of_view_box:
            attributes["preserveAspectRatio"] = "none"
        if "font-size" not in self._sanitised.root:
            attributes["font-size"] = "16"  # as in browsers; librsvg's is 12
        return self._open(attributes, 1)

    def _background(self) -> list[float] | None:
        """Return the background colour of the root's style attribute, which librsvg does not paint, as RGBA."""
        declared = _BACKGROUND.findall(self._sanitised.root.get("style", ""))
        if not declared:
            return None
        # librsvg reads the colour: an invalid one leaves the one before.
        style = serialise_attribute("style", "".join(f";fill:{value}" for value in ("none", *declared)))
        square = f'<svg xmlns="{SVG_NAMESPACE}" width="9" height="9"><rect width="9" height="9"{style}/></svg>'
        colour: list[float] = pyvips.Image.svgload_buffer(square.encode()).getpoint(4, 4)
        return colour if colour[3] else None

    def _open(self, attributes: dict[str, str], scale: float) -> VipsImage:
        body = self._sanitised.serialise(self._rasters.url, attributes)
        if b"<text" in body:
            register_fonts()
        return pyvips.Image.svgload_buffer(body, dpi=_CSS_DPI, scale=_LIBVIPS_SCALE * scale)

    def _sized_root(self, size: Size) -> dict[str, str]:
        """Return the attributes of the root that give it this size."""
        root = self._sanitised.root
        attributes = {"width": str(size.width), "height": str(size.height)}
        if self._drawing.view_box is None:
            attributes["viewBox"] = f"0 0 {self._drawing.width:.9g} {self._drawing.height:.9g}"
            if size.width * self._drawing.height != size.height * self._drawing.width:
                attributes["preserveAspectRatio"] = "none"  # what has no viewBox fills the size
        style = root.get("style", "")
        if self._sanitised.sizes_root_by_css or styles_size(style):
            attributes["style"] = f"{style};width:{size.width}px!important;height:{size.height}px!important".lstrip(";")
        return attributes

    def _drawing_size(self) -> DrawingSize:
        root = self._sanitised.root
        if not self._sanitised.sizes_root_by_css:
            return drawing_size(root)
        given = {"width": f"{_UNSIZED[0]}", "height": f"{_UNSIZED[1]}", "viewBox": f"0 0 {_UNSIZED[0]} {_UNSIZED[1]}"}
        for scale in _MEASURING_SCALES:
            try:
                image = self._open(given, scale)
            except pyvips.Error:
                continue
            width, height = image.width / scale, image.height / scale
            return drawing_size(
                root, None if width == _UNSIZED[0] else width, None if height == _UNSIZED[1] else height
            )
        return drawing_size(root)


def _on_background(image: VipsImage, colour: list[float]) -> VipsImage:
    canvas = image.new_from_image(colour).copy(interpretation=image.interpretation).cast(image.format)
    return canvas.composite2(image, "over").cast(image.format)


def _crop_padded(image: VipsImage, left: int, top: int, size: Size) -> VipsImage:
    """Crop a region; parts beyond the edges, due to rounding, are transparent."""
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    width, height = min(size.width, image.width - left), min(size.height, image.height - top)
    return image.crop(left, top, width, height).embed(0, 0, size.width, size.height)
