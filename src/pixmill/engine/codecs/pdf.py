"""PDF decoder by PDFium (pypdfium2), rendered at the requested size on white; the extra ``pdf``.

Fields of forms and annotations are drawn as viewers draw them. No script runs: this PDFium has no JavaScript engine.
Documents that need a password are rejected.
"""

import pypdfium2

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.vector_scale import exact_intrinsic_size, exact_request, render_box, render_scale
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import DEFAULT_INPUT, Input

_POINTS_PER_INCH = 72
"""ISO 32000-1 §8.3.2.3."""
_MAX_SCALE = 1_000.0
_WHITE = (255, 255, 255, 255)


class PdfDecoder:
    """A page of a PDF."""

    def __init__(self, source: memoryview, page: int = 1, dpi: int = DEFAULT_INPUT.dpi) -> None:
        self._source, self._page_number, self._dpi = source, page, dpi
        self._document = pypdfium2.PdfDocument(bytes(source))
        self._page = self._document[page - 1]
        width, height = self._page.get_size()
        size, exact_size = exact_intrinsic_size(width * dpi / _POINTS_PER_INCH, height * dpi / _POINTS_PER_INCH)
        self._longest = float(max((exact_size or size).sides))
        self._points_scale = self._longest / max(width, height)
        self._size_points = (width, height)
        pages = len(self._document)
        self.header = ImageHeader(
            Format.PDF,
            size,
            alpha=False,
            colour_space="rgb",
            frame_count=pages,
            is_vector=True,
            exact_size=exact_size,
        )

    def page(self, page: int) -> "PdfDecoder":
        return PdfDecoder(self._source, page, self._dpi)

    def configured(self, input_options: Input) -> "PdfDecoder":
        return (
            self if input_options.dpi == self._dpi else PdfDecoder(self._source, self._page_number, input_options.dpi)
        )

    def decode(self, request: DecodeRequest) -> Frame:
        request = exact_request(request, self.header.size, self.header.exact_size)
        scale = render_scale(request, _MAX_SCALE / min(1.0, self._longest))
        left, top, size, area = render_box(request, scale)
        bitmap = self._page_with_form().render(
            scale=scale * self._points_scale,
            crop=self._crop_margins(left, top, size, scale * self._points_scale),
            fill_color=_WHITE,
            rev_byteorder=True,
        )
        return pillow.decode_frame(bitmap.to_pil(), b"", _clipped(area, Size(bitmap.width, bitmap.height), size))

    def _page_with_form(self) -> pypdfium2.PdfPage:
        """Load the page again with the form of the document, if it has one: PDFium draws widgets from a form only."""
        if self._document.formenv is None and self._document.get_formtype() != pypdfium2.raw.FORMTYPE_NONE:
            self._document.init_forms()
            self._page = self._document[self._page_number - 1]
        return self._page

    def _crop_margins(self, left: int, top: int, size: Size, scale: float) -> tuple[float, float, float, float]:
        """The points to skip at each edge: left, bottom, right, top."""
        width, height = self._size_points
        right, bottom = width - (left + size.width) / scale, height - (top + size.height) / scale
        return left / scale, max(0.0, bottom), max(0.0, right), top / scale


def _clipped(area: Area | None, rendered: Size, size: Size) -> Area:
    """Return the requested area as far as it was rendered: a page has no whole pixels, its intrinsic size has."""
    if area is None:
        return Area(0, 0, min(size.width, rendered.width), min(size.height, rendered.height))
    width, height = min(area.width, rendered.width - area.left), min(area.height, rendered.height - area.top)
    return Area(area.left, area.top, width, height)
