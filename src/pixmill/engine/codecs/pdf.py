"""PDF by PDFium from the wheel of pypdfium2, drawn at the size that is wanted; the extra ``pdf``.

Knows pages: their size in points, that they are white, and which one is asked for. Encrypted documents are not opened.
"""

import pypdfium2

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.drawing import drawn_box, drawn_scale, own_size
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.media import Format
from pixmill.plan.geometry import Size
from pixmill.plan.input import EVERYTHING, Input

_POINTS = 72
"""An inch (ISO 32000-1 §8.3.2.3)."""
_MAX_SCALE = 1_000.0
_WHITE = (255, 255, 255, 255)


class PdfPicture:
    """A page of a PDF."""

    def __init__(self, source: memoryview, page: int = 1, dpi: int = EVERYTHING.dpi) -> None:
        self._source, self._page_number, self._dpi = source, page, dpi
        self._document = pypdfium2.PdfDocument(bytes(source))
        self._page = self._document[page - 1]
        width, height = self._page.get_size()
        size, fit = own_size(width * dpi / _POINTS, height * dpi / _POINTS)
        self._scale = fit * dpi / _POINTS
        self._points = (width, height)
        pages = len(self._document)
        self.header = Header(Format.PDF, size, alpha=False, colour_space="rgb", frames=pages, scalable=True)

    def at(self, page: int) -> "PdfPicture":
        return PdfPicture(self._source, page, self._dpi)

    def asked(self, looked: Input) -> "PdfPicture":
        return self if looked.dpi == self._dpi else PdfPicture(self._source, self._page_number, looked.dpi)

    def decode(self, need: Need) -> Frame:
        scale = drawn_scale(need, _MAX_SCALE)
        left, top, size, area = drawn_box(need, scale)
        bitmap = self._page.render(
            scale=scale * self._scale,
            crop=self._cut_off(left, top, size, scale * self._scale),
            fill_color=_WHITE,
            rev_byteorder=True,
            may_draw_forms=False,
        )
        whole = area or Area(0, 0, min(size.width, bitmap.width), min(size.height, bitmap.height))
        return pillow.frame(bitmap.to_pil(), b"", whole)

    def _cut_off(self, left: int, top: int, size: Size, scale: float) -> tuple[float, float, float, float]:
        """Points at each edge that are not drawn: left, bottom, right, top."""
        width, height = self._points
        right, bottom = width - (left + size.width) / scale, height - (top + size.height) / scale
        return left / scale, max(0.0, bottom), max(0.0, right), top / scale
