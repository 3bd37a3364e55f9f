"""The HTTP form of an answer: 200 with a picture, or 304 without.

Knows headers. What is answered was decided in ``services/resize.py``.
"""

from typing import Final

from pixmill.api.http.cache_headers import cache_headers
from pixmill.api.http.content_disposition import attachment
from pixmill.media import MEDIA, Format
from pixmill.plan.request import ImageRequest
from pixmill.ports.values import Entry
from pixmill.services.results.answer import ResizeResult

_SECURITY_HEADERS: Final = {
    Format.SVG: {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    }
}
"""An SVG opened by itself is a document: sanitised as it is, it still may run and load nothing."""


def image_headers(image_request: ImageRequest, result: ResizeResult, expires: int | None = None) -> dict[str, str]:
    """All headers of the answer; those of a 304 when the client has the bytes."""
    headers = cache_headers(result, negotiated=image_request.plan.output.negotiated, expires=expires)
    entry = result.entry
    if isinstance(entry, Entry):
        headers["content-type"] = MEDIA[entry.format].mime
        headers |= _SECURITY_HEADERS.get(entry.format, {})
        headers["content-length"] = str(len(entry.body))
        if image_request.filename:
            headers["content-disposition"] = attachment(image_request.filename, entry.format)
    return headers
