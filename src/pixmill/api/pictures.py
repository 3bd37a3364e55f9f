"""The HTTP form of an answer: 200 with a picture, or 304 without.

Knows headers. What is answered was decided in ``services/resize.py``.
"""

from typing import Final

from pixmill.api.caching import caching_headers
from pixmill.api.disposition import attachment
from pixmill.media import MEDIA, Format
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry
from pixmill.services.answers import Answer

_GUARDED: Final = {
    Format.SVG: {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    }
}
"""An SVG opened by itself is a document: sanitised as it is, it still may run and load nothing."""


def picture_headers(image: ImageRequest, answer: Answer, expires: int | None = None) -> dict[str, str]:
    """All headers of the answer; those of a 304 when the client has the bytes."""
    headers = caching_headers(answer, negotiated=image.plan.output.negotiated, expires=expires)
    entry = answer.entry
    if isinstance(entry, Entry):
        headers["content-type"] = MEDIA[entry.format].mime
        headers |= _GUARDED.get(entry.format, {})
        headers["content-length"] = str(len(entry.body))
        if image.filename:
            headers["content-disposition"] = attachment(image.filename, entry.format)
    return headers
