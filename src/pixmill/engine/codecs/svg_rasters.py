"""Prepares images embedded in an SVG for librsvg: bounds their pixels, converts what it does not show right to PNG.

Must never know SVG elements.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Final

from PIL import Image

from pixmill.engine.codecs import avif, bmp, gif_decoder, ico, jpeg, png, webp
from pixmill.engine.codecs.decoder import Decoder, DecodeRequest, ImageHeader
from pixmill.engine.codecs.svg_parts import EmbeddedRaster, raster_url
from pixmill.engine.raster import icc
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.early_conversion import convert_early
from pixmill.engine.raster.frame import Area
from pixmill.engine.raster.orientation import Orientation
from pixmill.errors import ImageTooLarge
from pixmill.media import Format
from pixmill.plan.output import Profile

MAX_EMBEDDED_PIXELS: Final = 50_000_000

_OPENERS: Final[dict[Format, Callable[[memoryview], Decoder]]] = {
    Format.PNG: png.PngDecoder,
    Format.JPEG: jpeg.JpegDecoder,
    Format.GIF: gif_decoder.GifDecoder,
    Format.WEBP: webp.open_webp,
    Format.AVIF: avif.AvifDecoder,
    Format.BMP: bmp.BmpDecoder,
    Format.ICO: ico.open_ico,
}
_LIBRSVG_FORMATS: Final = (Format.PNG, Format.JPEG)
"""What the librsvg of libvips' wheel decodes."""


class EmbeddedRasters:
    """The data URLs that librsvg is given, by the image that they stand for. Opens each image once."""

    def __init__(self, rasters: Iterable[EmbeddedRaster]) -> None:
        """Read the headers. Raises ImageTooLarge: librsvg decodes embedded images in full."""
        self._decoders = {raster.url: decoder for raster in rasters if (decoder := _open(raster))}
        if sum(decoder.header.size.pixels for decoder in self._decoders.values()) > MAX_EMBEDDED_PIXELS:
            raise ImageTooLarge(f"Images embedded in an SVG may have at most {MAX_EMBEDDED_PIXELS} pixels in total")
        self._urls: dict[str, str] = {}

    def url(self, raster: EmbeddedRaster) -> str:
        """Return the URL of an image that librsvg shows as browsers do; empty for a damaged image."""
        if raster.url not in self._urls:
            self._urls[raster.url] = self._converted(raster)
        return self._urls[raster.url]

    def url_without_metadata(self, raster: EmbeddedRaster) -> str:
        """Return the URL for a drawing that is kept."""
        return self._png_url(raster) if raster.has_metadata else raster.url

    def _converted(self, raster: EmbeddedRaster) -> str:
        decoder = self._decoders.get(raster.url)
        if decoder is None:
            return ""
        if raster.format in _LIBRSVG_FORMATS and not _needs_conversion(decoder.header):
            return raster.url
        return self._png_url(raster)

    def _png_url(self, raster: EmbeddedRaster) -> str:
        decoder = self._decoders.get(raster.url)
        try:
            return raster_url(Format.PNG, _to_png(decoder)) if decoder else ""
        except Exception:  # noqa: BLE001 - decoders fail with any exception on a damaged file, which is not shown
            return ""


def _open(raster: EmbeddedRaster) -> Decoder | None:
    try:
        return _OPENERS[raster.format](memoryview(raster.data))
    except Exception:  # noqa: BLE001 - decoders fail with any exception on a damaged file, which is not shown
        return None


def _needs_conversion(header: ImageHeader) -> bool:
    """Whether librsvg, which knows neither orientation nor profiles, would show something else."""
    return header.pending_orientation != Orientation() or bool(header.profile) or header.colour_space == "cmyk"


def _to_png(decoder: Decoder) -> bytes:
    size = decoder.header.size
    request = DecodeRequest(Area(0, 0, size.width, size.height), size, profile=Profile.SRGB)
    frame = convert_early(decoder.decode(request), request.profile)
    image: Image.Image = to_pillow(frame)
    if frame.profile:
        image = icc.to_srgb(image, frame.profile)
    orientation = decoder.header.pending_orientation
    if orientation.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if orientation.quarter_turns:
        image = image.rotate(-90 * orientation.quarter_turns, expand=True)
    out = BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
