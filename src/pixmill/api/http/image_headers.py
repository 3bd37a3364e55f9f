"""Headers of an image response, 200 or 304. What is answered was decided in ``services/resize.py``."""

from typing import Final
from urllib.parse import quote

from pixmill.api.http.cache_headers import cache_headers
from pixmill.media import MEDIA, Format
from pixmill.plan.freshness import YEAR_S
from pixmill.plan.request import ImageRequest
from pixmill.services.results.answer import ResizeResult

_SECURITY_HEADERS: Final = {
    Format.SVG: {
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    }
}
"""An SVG opened directly is a document: although sanitised, it may run and load nothing."""


def image_headers(
    image_request: ImageRequest, result: ResizeResult, expires: int | None = None, etag_prefix: str = ""
) -> dict[str, str]:
    """Return all headers; those of a 304 if the client has the bytes.

    ``etag_prefix`` is what the URL itself says of the entity tag: while the result has that tag, it is immutable.
    """
    headers = cache_headers(result, negotiated=image_request.plan.output.negotiated, expires=expires)
    entry = result.entry
    is_immutable = etag_prefix and result.meta.etag.startswith(f'"{etag_prefix}')
    if is_immutable and expires is None and headers["cache-control"].startswith("public"):
        headers["cache-control"] = f"public, max-age={YEAR_S:.0f}, immutable"
    if entry:
        headers["content-type"] = MEDIA[entry.format].mime
        headers |= _SECURITY_HEADERS.get(entry.format, {})
        headers["content-length"] = str(len(entry.body))
        if image_request.filename:
            headers["content-disposition"] = attachment(image_request.filename, entry.format)
    return headers


def redirect_headers(image_request: ImageRequest, result: ResizeResult, expires: int | None) -> dict[str, str]:
    """Return the caching headers of a redirect to a result: those of the result, without its validators."""
    headers = cache_headers(result, negotiated=image_request.plan.output.negotiated, expires=expires)
    return {name: value for name, value in headers.items() if name not in {"etag", "last-modified"}}


_EXTENSIONS = {f".{media.extension}" for media in MEDIA.values()} | {".jpeg", ".tif", ".heif"}


def attachment(filename: str, form: Format) -> str:
    """Return Content-Disposition (RFC 6266) for a download.

    An image extension in ``filename`` is replaced by that of the format.
    """
    stem, dot, extension = filename.rpartition(".")
    name = stem if dot and stem and f".{extension.lower()}" in _EXTENSIONS else filename
    full_name = f"{name}.{MEDIA[form].extension}"
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in full_name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(full_name, safe='')}"
