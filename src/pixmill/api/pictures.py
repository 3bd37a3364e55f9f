"""The HTTP form of an answer: 200 with a picture, or 304 without.

Knows headers. What is answered was decided in ``services/resize.py``.
"""

from pixmill.api.caching import caching_headers
from pixmill.api.disposition import attachment
from pixmill.media import MEDIA
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry
from pixmill.services.resize import Answer


def picture_headers(image: ImageRequest, answer: Answer, expires: int | None = None) -> dict[str, str]:
    """All headers of the answer; those of a 304 when the client has the bytes."""
    headers = caching_headers(answer, negotiated=image.plan.output.negotiated, expires=expires)
    entry = answer.entry
    if isinstance(entry, Entry):
        headers["content-type"] = MEDIA[entry.format].mime
        headers["content-length"] = str(len(entry.body))
        if image.filename:
            headers["content-disposition"] = attachment(image.filename, entry.format)
    return headers
