"""Errors as problem documents (RFC 9457): complete, stable, and silent about what is private."""

import json
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pixmill import errors
from pixmill.api.http.problems import RETRY_AFTER_S, STATUS, problem_response, translate


def document(response: Response) -> dict[str, Any]:
    return dict(json.loads(bytes(response.body)))


def test_every_code_has_a_status_and_every_status_a_code() -> None:
    assert set(STATUS) == set(errors.error_classes_by_code())


def test_only_a_defect_of_ours_is_a_500() -> None:
    assert [code for code, status in STATUS.items() if status == 500] == ["internal"]


@pytest.mark.parametrize("kind", errors.error_classes_by_code().values(), ids=errors.error_classes_by_code())
def test_each_error_makes_a_whole_document(kind: type[errors.PixmillError]) -> None:
    response = problem_response(kind(), request_id="abc")
    assert response.status_code == STATUS[kind.code]
    assert response.headers["content-type"] == "application/problem+json"
    assert document(response) == {
        "type": f"urn:pixmill:error:{kind.code}",
        "title": kind.title,
        "status": STATUS[kind.code],
        "detail": kind.title,
        "code": kind.code,
        "instance": "urn:pixmill:request:abc",
    }


def test_the_offending_parameter_is_named() -> None:
    error = errors.InvalidParameter("width must be at least 1", param="width")
    assert document(problem_response(error))["param"] == "width"
    assert document(problem_response(error))["detail"] == "width must be at least 1"


@pytest.mark.parametrize("kind", errors.error_classes_by_code().values(), ids=errors.error_classes_by_code())
def test_the_private_detail_goes_nowhere(kind: type[errors.PixmillError]) -> None:
    response = problem_response(kind("The public words", detail="secret-10.0.0.7"))
    assert b"secret" not in bytes(response.body)
    assert "secret" not in str(response.headers)


def test_a_foreign_exception_is_an_internal_error_that_says_nothing() -> None:
    error = translate(ValueError("secret"))
    assert isinstance(error, errors.InternalError)
    assert "secret" in error.detail
    assert b"secret" not in bytes(problem_response(error).body)


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "route_not_found"), (405, "method_not_allowed"), (413, "upload_too_large"), (400, "malformed_request"), (500, "internal")],
)  # fmt: skip
def test_refusals_of_the_framework_become_ours(status: int, code: str) -> None:
    assert translate(HTTPException(status)).code == code


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (errors.InvalidParameter(), "public, max-age=10"),
        (errors.SourceNotFound(), "public, max-age=10"),
        (errors.SourceDenied(), "public, max-age=10"),
        (errors.UndecodableImage(), "public, max-age=10"),
        (errors.SignatureInvalid(), "no-store"),
        (errors.SourceForbidden(), "no-store"),
        (errors.AddressForbidden(), "no-store"),
        (errors.UploadTimeout(), "no-store"),
        (errors.HeadersTooLarge(), "no-store"),
        (errors.QueueFull(), "no-store"),
        (errors.SourceTimeout(), "no-store"),
        (errors.InternalError(), "no-store"),
    ],
)
def test_only_what_the_url_is_to_blame_for_is_kept_and_not_for_long(error: errors.PixmillError, kept: str) -> None:
    assert problem_response(error).headers["cache-control"] == kept


def test_every_503_says_when_to_come_again() -> None:
    assert set(RETRY_AFTER_S) == {code for code, status in STATUS.items() if status == 503}
    assert problem_response(errors.QueueFull()).headers["retry-after"] == "1"
    assert "retry-after" not in problem_response(errors.RenderTimeout()).headers


def test_an_error_may_know_better_when_to_come_again() -> None:
    error = errors.QueueFull(retry_after_s=2.1)
    assert problem_response(error).headers["retry-after"] == "3"


def test_vary_and_allow_are_said_when_there_is_something_to_say() -> None:
    response = problem_response(errors.MethodNotAllowed(), vary="Accept", allow="GET, HEAD")
    assert (response.headers["vary"], response.headers["allow"]) == ("Accept", "GET, HEAD")
    assert not {"vary", "allow"} & set(problem_response(errors.SourceNotFound()).headers)


def test_head_has_the_headers_of_get_and_no_body() -> None:
    get, head = problem_response(errors.SourceNotFound()), problem_response(errors.SourceNotFound(), head=True)
    assert bytes(head.body) == b""
    assert head.headers == get.headers
    assert int(head.headers["content-length"]) == len(get.body)


def test_what_the_client_sent_is_repeated_in_bounds_and_in_unicode() -> None:
    body = document(problem_response(errors.UnknownParameter("\udcff" + "x" * 10_000, param="\ud800" + "y" * 10_000)))
    assert body["detail"] == "?" + "x" * 499
    assert body["param"] == "?" + "y" * 499
