"""SVG by libvips' librsvg, from a copy made safe (``svg_safe.py``), at the very size that is wanted.

librsvg keeps its own bounds (references, depth); what takes too long ends with the worker. Text takes the
fonts of the machine. Knows how a drawing without pixels gets some.
"""

import base64
import re
from dataclasses import replace
from typing import Any

import pyvips

from pixmill.engine.codecs.drawing import drawn_box, drawn_scale, own_size
from pixmill.engine.codecs.markup import plain_xml
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.codecs.svg_safe import SafeSvg, sanitised
from pixmill.engine.pixels.bridge import VipsImage, from_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.errors import ImageTooLarge, UndecodableImage
from pixmill.media import Format
from pixmill.plan.geometry import Size
from pixmill.plan.input import EVERYTHING, Input

_MAX_EMBEDDED_PIXELS = 50_000_000
_MAX_VIRTUAL_SIDE = 10_000_000
"""libvips counts no further; deep zooms into a crop beyond it are enlarged by the kernel."""

_PHYSICAL = re.compile(r"\s*[0-9.]+(?:e[0-9]+)?(?:mm|cm|in|pt|pc)\s*", re.IGNORECASE)
_INCH = 96 / 72
"""CSS has 96 pixels an inch, libvips 72 points."""

_EMBEDDED_LOADERS = {
    Format.PNG: "pngload_buffer",
    Format.JPEG: "jpegload_buffer",
    Format.GIF: "gifload_buffer",
    Format.WEBP: "webpload_buffer",
}


class SvgPicture:
    """A drawing. Its size is what its root says, or its viewBox, or what is drawn."""

    def __init__(self, source: memoryview, dpi: int = EVERYTHING.dpi) -> None:
        self._source = source
        self._safe = sanitised(plain_xml(source))
        _check_embedded(self._safe)
        physical = _PHYSICAL.fullmatch(self._safe.root.get("width", ""))
        self._unit = (_INCH if physical else 1.0) * dpi / EVERYTHING.dpi
        own = self._load(1.0)
        size, self._fit = own_size(own.width, own.height)
        self.header = Header(Format.SVG, size, alpha=True, colour_space="rgb", scalable=True)

    def asked(self, looked: Input) -> "SvgPicture":
        return self if looked.dpi == EVERYTHING.dpi else SvgPicture(self._source, looked.dpi)

    def decode(self, need: Need) -> Frame:
        """The needed part alone, as large as it is needed where both sides are scaled alike."""
        scale = drawn_scale(need, _MAX_VIRTUAL_SIDE / max(self.header.size.width, self.header.size.height))
        left, top, size, area = drawn_box(need, scale)
        return replace(from_vips(_cut(self._load(scale * self._fit), left, top, size)), area=area)

    def vector(self, size: Size) -> bytes | None:
        """The drawing itself, safe, and shown at ``size``; None if that is not its shape."""
        own = self.header.size
        if abs(size.width * own.height - size.height * own.width) > max(own.width, own.height):
            return None
        attributes = {"width": str(size.width), "height": str(size.height)}
        if "viewBox" not in self._safe.root:
            whole = self._load(1.0)
            attributes["viewBox"] = f"0 0 {whole.width} {whole.height}"
        return self._safe.text(**attributes)

    def _load(self, scale: float) -> VipsImage:
        return pyvips.Image.svgload_buffer(self._safe.text(), scale=scale * self._unit)


def _cut(image: VipsImage, left: int, top: int, size: Size) -> VipsImage:
    """A part of the picture; what lies beyond its edges, by rounding, is empty."""
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    width, height = min(size.width, image.width - left), min(size.height, image.height - top)
    return image.crop(left, top, width, height).embed(0, 0, size.width, size.height)


def _check_embedded(safe: SafeSvg) -> None:
    """Bounded, since librsvg decodes embedded pictures whole. Raises ImageTooLarge, UndecodableImage."""
    pixels = 0
    for url in safe.embedded:
        data = memoryview(base64.b64decode(url.partition(",")[2]))
        kind = sniff(data)
        if kind not in _EMBEDDED_LOADERS:
            raise UndecodableImage(detail="an embedded picture that is none")
        image: Any = getattr(pyvips.Image, _EMBEDDED_LOADERS[kind])(data)
        pixels += image.width * image.height
    if pixels > _MAX_EMBEDDED_PIXELS:
        raise ImageTooLarge(f"The pictures within an SVG may have at most {_MAX_EMBEDDED_PIXELS} pixels together")
