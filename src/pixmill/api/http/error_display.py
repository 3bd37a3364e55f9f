"""Errors as people see them: the problem document of a response replaced by an image or a page.

Knows who asks and what is shown; ``error_svg.py`` and ``error_page.py`` draw it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from pixmill.api.http import error_page, error_svg
from pixmill.api.http.error_advice import ADVICE
from pixmill.api.http.error_form import VARY, ErrorForm, ErrorImages, choose_form
from pixmill.api.http.forwarded import is_local_name
from pixmill.errors import PixmillError

_MAX_TEXT_CHARS: Final = 500
_MAX_PERMALINK_BYTES: Final = 2_000
_NATIVE_PATH: Final = b"/resize"
_QUERY_CHARS: Final = "%&=+:;,/|@!$'()*?"
"""Characters of a query that stay as they are in a link."""
_REPLACED_HEADERS: Final = frozenset({"content-type", "content-length", "cache-control", "vary"})
_WIDTH: Final = re.compile(rb"(?:^|[?&/,;])(?:width|w)[=_:-]([0-9]{1,5})(?![0-9.])")
_HEIGHT: Final = re.compile(rb"(?:^|[?&/,;])(?:height|h)[=_:-]([0-9]{1,5})(?![0-9.])")
_BOTH: Final = re.compile(
    rb"(?:/|[?&]size=)([0-9]{1,5})x([0-9]{1,5})(?![0-9])|/(?:rs|resize):[a-z]+:([0-9]{1,5}):([0-9]{1,5})"
)
_RATIO: Final = re.compile(rb"(?:^|[?&/,;])dpr[=_:-]([0-9](?:\.[0-9]{1,2})?)(?![0-9])")


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request that is answered with an error; path, below ``prefix``, and query as they were sent.

    ``hint`` is that of the error, if the client may read it: see ``readable_hint``.
    """

    error: PixmillError
    request_id: str
    path: bytes = b""
    query: bytes = b""
    hint: str = ""
    prefix: str = ""
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class ErrorDisplay:
    """How errors are shown. ``docs_url`` is where the documentation is published, empty for nowhere.

    ``has_playground``: pages for developers link to the request there.
    """

    mode: ErrorImages = ErrorImages.OFF
    docs_url: str = ""
    has_playground: bool = False

    @property
    def is_on(self) -> bool:
        return self.mode is not ErrorImages.OFF

    @property
    def is_development(self) -> bool:
        return self.mode is ErrorImages.DEVELOPMENT

    def form(self, headers: Iterable[tuple[bytes, bytes]]) -> ErrorForm:
        """Return the form for a request with these headers."""
        return choose_form(self.mode, headers)

    def show(self, form: ErrorForm, failed: FailedRequest, response: Response) -> Response:
        """Return the error in this form: with the status and headers of ``response``, never to be cached.

        A problem document is returned as it is, but for its Vary.
        """
        if not self.is_on:
            return response
        vary = f"{response.headers['vary']}, Sec-Fetch-Dest" if "accept" in _vary_of(response) else ""
        vary = vary or ", ".join(filter(None, (response.headers.get("vary", ""), VARY)))
        if form is ErrorForm.PROBLEM:
            response.headers["vary"] = vary
            return response
        is_image = form is ErrorForm.IMAGE
        body = self._image(failed, response.status_code) if is_image else self._page(failed, response.status_code)
        policy = (error_svg if is_image else error_page).CONTENT_SECURITY_POLICY
        shown = Response(
            body,
            response.status_code,
            media_type="image/svg+xml" if is_image else "text/html; charset=utf-8",
            headers={name: value for name, value in response.headers.items() if name not in _REPLACED_HEADERS}
            | {"cache-control": "no-store", "vary": vary, "content-security-policy": policy}
            | ({} if is_image else {"referrer-policy": "no-referrer"}),
        )
        if failed.is_head:
            shown.body = b""
        return shown

    def _image(self, failed: FailedRequest, status: int) -> str:
        error = failed.error
        width, height, ratio = requested_size(failed.path, failed.query)
        advice = failed.hint or ("" if error.param else ADVICE.get(error.code, ""))
        return error_svg.error_svg(error_svg.ErrorText(status, error.code, error.message, advice), width, height, ratio)

    def _page(self, failed: FailedRequest, status: int) -> str:
        error = failed.error
        advice: tuple[str, ...] = ()
        if self.is_development:
            advice = tuple(filter(None, (failed.hint, ADVICE.get(error.code, ""))))
        links: tuple[tuple[str, str], ...] = ()
        if self.docs_url:
            links = ((f"About {error.code}", f"{self.docs_url.rstrip('/')}/errors.html#{error.code}"),)
        if self.is_development and self.has_playground:
            links += (("Open in the playground", _playground_url(failed)),)
        text = error_page.PageText(
            status,
            error.code,
            error.title,
            error.message[:_MAX_TEXT_CHARS],
            error.param,
            advice,
            links,
            failed.request_id,
        )
        return error_page.error_page(text, failed.prefix.encode() + failed.path, failed.query)


def _playground_url(failed: FailedRequest) -> str:
    """Return the permalink of a native request, else the address of the page."""
    is_native = failed.path.endswith(_NATIVE_PATH) and len(failed.query) <= _MAX_PERMALINK_BYTES
    fragment = f"#{quote(failed.query, safe=_QUERY_CHARS)}" if is_native and failed.query else ""
    return f"{failed.prefix}/{fragment}"


NO_DISPLAY: Final = ErrorDisplay()
"""Problem documents for all."""


def readable_hint(error: PixmillError, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the hint of an error, unless a script of another host asks, or of one that may be anybody's.

    Every response may be read by scripts of all origins, and a hint may name files of the developer's machine. Scripts
    of the same origin send no Origin: a public name may have been made to mean this machine (DNS rebinding).
    """
    named = {name: value for name, value in headers if name in (b"origin", b"host")}
    origin = _host_name(named.get(b"origin", b"").partition(b"://")[2])
    is_foreign = b"origin" in named and origin != _host_name(named.get(b"host", b""))
    host = _host_name(named.get(b"host", b"")).decode("latin-1").removesuffix(".")
    return "" if is_foreign or not is_local_name(host) else error.hint


def _host_name(authority: bytes) -> bytes:
    name, colon, port = authority.rpartition(b":")
    return (name if colon and port.isdigit() else authority).lower()


def requested_size(path: bytes, query: bytes) -> tuple[int, int, float]:
    """Return width and height that a URL asks for, in pixels of the result, and its device pixel ratio.

    A side is 0 if the URL does not name it in a way that most grammars share: the URL may be none that can be parsed.
    """
    target = path + b"?" + query
    both = _BOTH.search(target)
    sides = tuple(int(side) for side in both.groups() if side is not None) if both else ()
    width, height = sides or tuple(int(found[1]) if (found := side.search(target)) else 0 for side in (_WIDTH, _HEIGHT))
    ratio = float(found[1]) if (found := _RATIO.search(target)) else 1.0
    ratio = max(1.0, ratio)
    return round(width * ratio), round(height * ratio), ratio


def _vary_of(response: Response) -> set[str]:
    return {name.strip().lower() for name in response.headers.get("vary", "").split(",")}
