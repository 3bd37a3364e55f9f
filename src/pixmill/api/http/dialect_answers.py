"""Answers of a dialect's own, redirects and texts, as responses; headers of its own on others."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from pixmill.dialects.port import Redirect, Text
from pixmill.dialects.registry import DialectMatch
from pixmill.plan.lengths import Size
from pixmill.plan.request import Headers
from pixmill.ports.values import EntryMetadata

ANSWER_HEADERS: Final = {"cache-control": "no-cache"}
"""Of answers that no image stands behind."""

_BODY_HEADERS: Final = frozenset({"content-type", "content-length"})
_SERVER_HEADERS = re.compile(
    "access-control-.*|cross-origin-resource-policy|timing-allow-origin|x-content-type-options"
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,2048}")
_SAFE_IN_LOCATION: Final = ":/%#?=@[]!$&'()*+,;~"


def own_headers(headers: Headers) -> dict[str, str]:
    """Return the headers of a dialect by lower-case name.

    A value may repeat what a client sent: one that a header cannot hold, such as a line break, is left out. So are
    headers that the server itself puts on every response: a second value makes browsers refuse both.
    """
    return {
        name.lower(): value
        for name, value in headers
        if _HEADER_NAME.fullmatch(name)
        and _HEADER_VALUE.fullmatch(value)
        and not _SERVER_HEADERS.fullmatch(name.lower())
    }


def result_headers(match: DialectMatch, query: bytes, meta: EntryMetadata, prefix: str = "") -> Headers:
    """Return the headers of a dialect that depend on the original; none for a result whose original is not known.

    Links to paths of this server are below ``prefix``.
    """
    width, height = meta.source_size
    if not match.adds_headers or min(width, height) < 1:
        return ()
    headers = match.result_headers(query, Size(width, height))
    return tuple((name, _link_below(value, prefix) if name == "link" else value) for name, value in headers)


def _link_below(value: str, prefix: str) -> str:
    return f"<{prefix}{value[1:]}" if value.startswith("</") and not value.startswith("<//") else value


def answer_response(
    answer: Redirect | Text, headers: Mapping[str, str], *, head: bool = False, prefix: str = ""
) -> Response:
    """Return the response, with these headers besides its own; without a body for HEAD.

    A redirect to a path is one below ``prefix``.
    """
    merged = {**headers, **own_headers(answer.headers)}
    if isinstance(answer, Redirect):
        location = quote(answer.location, _SAFE_IN_LOCATION)
        if location.startswith("/") and not location.startswith("//"):
            location = prefix + location
        return Response(status_code=answer.status, headers={**merged, "location": location})
    response = Response(answer.body, answer.status, merged, answer.media_type)
    if head:
        response.body = b""
    return response


def own_error_response(answer: Redirect | Text, problem: Response, *, head: bool, prefix: str = "") -> Response:
    """Return a dialect's answer to an error with the headers of its problem document.

    These are Cache-Control, Retry-After and others.
    """
    headers = {name: value for name, value in problem.headers.items() if name not in _BODY_HEADERS}
    return answer_response(answer, headers, head=head, prefix=prefix)
