"""Headers of an image response, 200 or 304. What is answered was decided in ``services/resize.py``."""

from typing import Final
from urllib.parse import quote

from pixmill.api.http.cache_headers import cache_headers
from pixmill.media import MEDIA, Format
from pixmill.plan.request import ImageRequest
from pixmill.services.results.answer import ResizeResult

_SECURITY_HEADERS: Final = {
    Format.SVG: {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    }
}
"""An SVG opened directly is a document: although sanitised, it may run and load nothing."""


def image_headers(image_request: ImageRequest, result: ResizeResult, expires: int | None = None) -> dict[str, str]:
    """Return all headers; those of a 304 if the client has the bytes."""
    headers = cache_headers(result, negotiated=image_request.plan.output.negotiated, expires=expires)
    entry = result.entry
    if entry:
        headers["content-type"] = MEDIA[entry.format].mime
        headers |= _SECURITY_HEADERS.get(entry.format, {})
        headers["content-length"] = str(len(entry.body))
        if image_request.filename:
            headers["content-disposition"] = attachment(image_request.filename, entry.format)
    return headers


_EXTENSIONS = {f".{media.extension}" for media in MEDIA.values()} | {".jpeg", ".tif", ".heif"}


def attachment(filename: str, form: Format) -> str:
    """Return Content-Disposition (RFC 6266) for a download; an image extension in ``filename`` is replaced by that of the format."""
    stem, dot, extension = filename.rpartition(".")
    name = stem if dot and stem and f".{extension.lower()}" in _EXTENSIONS else filename
    full_name = f"{name}.{MEDIA[form].extension}"
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in full_name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(full_name, safe='')}"
