"""Chooses the form of an error by who asks: an image for an image element, a page for the address bar, else a problem.

Browsers say it in Sec-Fetch-Dest (Fetch Metadata), but only to origins that are potentially trustworthy; by Accept
(RFC 9110 §12.5.1) otherwise.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pixmill.api.http.negotiation import MAX_ACCEPT_CHARS, weight_of


class ErrorImages(StrEnum):
    """``PIXMILL_ERROR_IMAGES``: what people see of errors.

    ``PAGES``: pages only, without what is meant for developers.
    """

    OFF = "off"
    PAGES = "pages"
    DEVELOPMENT = "development"


class ErrorForm(StrEnum):
    """The representations of an error."""

    PROBLEM = "problem"
    IMAGE = "image"
    PAGE = "page"


VARY: Final = "Sec-Fetch-Dest, Accept"

_BY_DESTINATION: Final = {b"image": ErrorForm.IMAGE, b"document": ErrorForm.PAGE}
_SVG_RANGES: Final = frozenset({"image/svg+xml", "image/*", "*/*"})
_PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_ELEMENT_SEPARATOR: Final = re.compile(r"\s*,\s*")


def choose_form(mode: ErrorImages, headers: Iterable[tuple[bytes, bytes]]) -> ErrorForm:
    """Return the form of an error for a request with these headers."""
    if mode is ErrorImages.OFF:
        return ErrorForm.PROBLEM
    destination, accept = b"", []
    for name, value in headers:
        if name == b"sec-fetch-dest":
            destination = value
        elif name == b"accept":
            accept.append(value.decode("latin-1"))
    form = _BY_DESTINATION.get(destination, ErrorForm.PROBLEM) if destination else _by_accept(", ".join(accept))
    return ErrorForm.PROBLEM if form is ErrorForm.IMAGE and mode is not ErrorImages.DEVELOPMENT else form


def _by_accept(accept: str) -> ErrorForm:
    """Return what the preferred type of an Accept stands for; the first of those that are preferred alike."""
    if len(accept) > MAX_ACCEPT_CHARS:
        return ErrorForm.PROBLEM
    weights: dict[str, float] = {}
    for element in _ELEMENT_SEPARATOR.split(accept):
        media, *parameters = element.split(";")
        weights.setdefault(media.strip(" \t").lower(), weight_of(parameters))
    media = max(weights, key=lambda name: weights[name])
    if not weights[media]:
        return ErrorForm.PROBLEM
    if media in _PAGE_TYPES:
        return ErrorForm.PAGE
    takes_svg = any(weights.get(name) for name in _SVG_RANGES)
    return ErrorForm.IMAGE if media.startswith("image/") and takes_svg else ErrorForm.PROBLEM
