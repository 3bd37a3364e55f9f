"""Answers of a dialect's own, redirects and texts, as responses."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from pixmill.dialects.port import Redirect, Text

ANSWER_HEADERS: Final = {"cache-control": "no-cache"}
"""Of answers that no image stands behind."""

_BODY_HEADERS: Final = frozenset({"content-type", "content-length"})


def answer_response(answer: Redirect | Text, headers: Mapping[str, str], *, head: bool = False) -> Response:
    """Return the response, with these headers besides its own; without a body for HEAD."""
    if isinstance(answer, Redirect):
        return Response(status_code=answer.status, headers={**headers, "location": answer.location})
    response = Response(answer.body, answer.status, headers, answer.media_type)
    if head:
        response.body = b""
    return response


def own_error_response(answer: Redirect | Text, problem: Response, *, head: bool) -> Response:
    """Return a dialect's answer to an error with the headers of its problem document.

    These are Cache-Control, Retry-After and others.
    """
    headers = {name: value for name, value in problem.headers.items() if name not in _BODY_HEADERS}
    return answer_response(answer, headers, head=head)
