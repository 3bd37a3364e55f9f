"""What every request passes, on five-line apps."""

import asyncio
import gc
import re
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from pixmill.api.middleware.guards import CorsPreflightMiddleware, DrainMiddleware, RequestSizeMiddleware
from pixmill.api.middleware.request_context import EXCEPTION_HANDLERS, ErrorMiddleware, RequestContextMiddleware
from pixmill.api.middleware.telemetry import AccessRecord
from pixmill.errors import QueueFull, SourceNotFound

Handler = Callable[[Request], Awaitable[Response]]

COMMON = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "timing-allow-origin": "*",
    "x-content-type-options": "nosniff",
}


class Notes:
    """Traffic and access log, written down."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.counted: list[tuple[str, int, str, int]] = []
        self.lines: list[dict[str, Any]] = []

    def record(self, route: str, status: int, format_name: str, body_bytes: int, durations_s: Sequence[float]) -> None:
        for each in durations_s:
            assert each >= 0
            self.counted.append((route, status, format_name, body_bytes))

    def format(self, level: str, event: str, fields: dict[str, object]) -> dict[str, object]:
        return {"level": level, "event": event, **fields}

    def write(self, records: Iterable[AccessRecord]) -> None:
        for spelled, remote, id_, _, seconds, _ in records:
            self.lines.append({**spelled, "remote": remote, "request_id": id_.decode(), "seconds": seconds})


def app(notes: Notes, handler: Handler, *, draining: bool = False, max_url_bytes: int = 200) -> Starlette:
    return Starlette(
        routes=[
            Route("/picture/{name}", handler, methods=["GET"]),
            Route("/picture/{name}", handler, methods=["POST"]),
            Route("/health/live", handler),
        ],
        middleware=[
            Middleware(RequestContextMiddleware, request_metrics=notes, access_log=notes),
            Middleware(ErrorMiddleware),
            Middleware(DrainMiddleware, is_draining=lambda: draining),
            Middleware(RequestSizeMiddleware, max_url_bytes=max_url_bytes, max_header_bytes=1_000),
            Middleware(CorsPreflightMiddleware),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )


@asynccontextmanager
async def client(application: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def get(handler: Handler, path: str = "/picture/a", **asked: Any) -> tuple[httpx.Response, Notes]:
    notes = Notes()
    async with client(app(notes, handler)) as http:
        return await http.request(asked.pop("method", "GET"), path, **asked), notes


async def picture(request: Request) -> Response:
    request.state.format = "jpeg"
    return Response(b"x" * 10, media_type="image/jpeg", headers={"cache-status": "Pixmill; hit"})


async def missing(request: Request) -> Response:
    request.state.vary = "Accept"
    raise SourceNotFound("Nothing there", detail="looked at 10.0.0.7")


async def defect(_request: Request) -> Response:
    raise ZeroDivisionError("private words")


# ---------------------------------------------------------------- the request id


async def test_a_request_gets_an_id_of_its_own() -> None:
    ids = {(await get(picture))[0].headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", one) for one in ids)


async def test_a_sane_id_is_accepted_and_returned() -> None:
    answer, notes = await get(picture, headers={"X-Request-Id": "trace_1.2-3"})
    assert answer.headers["x-request-id"] == "trace_1.2-3"
    assert notes.lines[0]["request_id"] == "trace_1.2-3"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "a\tb", 'a"b', "ä"])
async def test_any_other_id_is_replaced(sent: str) -> None:
    answer, _ = await get(picture, headers=[(b"x-request-id", sent.encode())])
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", answer.headers["x-request-id"])


async def test_the_id_is_on_what_a_handler_logs_and_on_nobody_elses() -> None:
    async def handler(_request: Request) -> Response:
        await asyncio.sleep(0)
        return PlainTextResponse(str(structlog.contextvars.get_contextvars()["request_id"]))

    async with client(app(Notes(), handler)) as http:
        ids = [f"id-{number}" for number in range(10)]
        answers = await asyncio.gather(*(http.get("/picture/a", headers={"x-request-id": one}) for one in ids))
    assert [answer.text for answer in answers] == ids


# ---------------------------------------------------------------- counting and logging


async def test_a_request_is_counted_by_its_template_and_logged_on_one_line() -> None:
    answer, notes = await get(picture, "/picture/cat?width=3")
    assert answer.status_code == 200
    assert notes.counted == [("/picture/{name}", 200, "jpeg", 10)]
    assert notes.in_flight == 0
    (line,) = notes.lines
    assert 0 <= line.pop("seconds") < 1
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": answer.headers["x-request-id"],
        "method": "GET",
        "route": "/picture/{name}",
        "path": "/picture/cat",
        "query": "width=3",
        "status": 200,
        "bytes": 10,
        "format": "jpeg",
        "cache": "Pixmill; hit",
        "remote": "127.0.0.1",
    }


async def test_the_log_tells_the_code_and_the_private_detail_of_an_error() -> None:
    _, notes = await get(missing)
    (line,) = notes.lines
    assert (line["level"], line["status"], line["code"]) == ("info", 404, "source_not_found")
    assert line["detail"] == "looked at 10.0.0.7"


async def test_a_path_that_is_no_route_is_counted_as_none() -> None:
    _, notes = await get(picture, "/wp-admin/setup.php")
    assert [counted[:2] for counted in notes.counted] == [("none", 404)]


async def test_a_streamed_answer_is_counted_to_its_end() -> None:
    async def handler(_request: Request) -> Response:
        return StreamingResponse(iter([b"abc", b"def"]))

    _, notes = await get(handler)
    assert notes.counted[0][3] == 6


async def test_a_file_sent_by_path_counts_with_its_length() -> None:
    notes = Notes()

    async def sends_a_path(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"123")]})
        await send({"type": "http.response.pathsend", "path": "/a"})

    await call(RequestContextMiddleware(sends_a_path, notes))
    assert notes.counted == [("none", 200, "none", 123)]


async def test_without_an_access_log_requests_are_still_counted() -> None:
    notes = Notes()
    await call(RequestContextMiddleware(PlainTextResponse("hello"), notes))
    assert (len(notes.counted), notes.lines) == (1, [])


# ---------------------------------------------------------------- headers on everything


@pytest.mark.parametrize("handler", [picture, missing, defect])
async def test_the_common_headers_are_on_everything(handler: Handler) -> None:
    answer, _ = await get(handler)
    assert answer.headers.items() >= COMMON.items()
    assert "x-request-id" in answer.headers


async def test_a_preflight_is_answered_without_any_work() -> None:
    answer, notes = await get(defect, method="OPTIONS", headers={"access-control-request-method": "POST"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers.items() >= COMMON.items()
    assert notes.counted[0][1] == 204


# ---------------------------------------------------------------- errors


async def test_an_error_is_answered_with_its_problem() -> None:
    answer, _ = await get(missing)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vary"] == "Accept"
    assert answer.json()["instance"].endswith(answer.headers["x-request-id"])
    assert "10.0.0.7" not in answer.text


async def test_a_defect_is_logged_with_its_traceback_and_the_client_learns_nothing() -> None:
    with structlog.testing.capture_logs() as logged:
        answer, notes = await get(defect)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "private" not in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert [(line["event"], line["exc_info"]) for line in logged] == [("request_failed", True)]
    assert notes.lines[0]["level"] == "warning"


async def test_what_is_no_route_is_a_problem_too() -> None:
    answer, _ = await get(picture, "/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


async def test_a_wrong_method_is_told_those_of_all_routes_at_the_path() -> None:
    answer, _ = await get(picture, method="DELETE")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_head_gets_the_headers_of_the_problem_only() -> None:
    answer, _ = await get(missing, method="HEAD")
    assert (answer.status_code, answer.content) == (404, b"")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_full_queue_says_when_to_come_again() -> None:
    async def handler(_request: Request) -> Response:
        raise QueueFull

    answer, notes = await get(handler)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert notes.lines[0]["level"] == "warning"


async def call(application: ASGIApp, receive: Any = None) -> list[Message]:
    """The messages that an application sends, by hand."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": "/picture/a", "raw_path": b"/picture/a",
        "query_string": b"", "headers": [(b"host", b"test")], "client": None, "server": ("test", 80), "scheme": "http", "root_path": "",
    }  # fmt: skip
    await application(scope, receive or nothing, send)
    return sent


async def test_once_an_answer_has_begun_an_error_adds_nothing_and_breaks_it_off() -> None:
    notes, sent = Notes(), []

    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half a ", "more_body": True})
        raise SourceNotFound

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Message) -> None:
            sent.append(message["type"])

        await RequestContextMiddleware(ErrorMiddleware(breaks), notes, notes)(scope, receive, note)

    with pytest.raises(SourceNotFound):
        await call(noting)
    assert sent == ["http.response.start", "http.response.body"]
    assert notes.counted == [("none", 200, "none", 7)]
    assert notes.lines[0]["code"] == "source_not_found"


async def test_a_client_that_leaves_while_it_uploads_is_no_error() -> None:
    async def handler(request: Request) -> Response:
        return Response(await request.body())

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    notes = Notes()
    with structlog.testing.capture_logs() as logged:
        assert await call(app(notes, handler), gone) == []
    assert not logged
    assert [line["status"] for line in notes.lines] == [499]
    assert notes.in_flight == 0


async def test_a_client_that_leaves_while_it_waits_is_no_error() -> None:
    async def handler(_request: Request) -> Response:
        raise ClientDisconnect

    notes = Notes()
    assert await call(app(notes, handler)) == []
    assert notes.counted[0][1] == 499


async def test_a_cancelled_request_is_counted_and_stays_cancelled() -> None:
    async def handler(_request: Request) -> Response:
        await asyncio.sleep(30)
        raise AssertionError

    notes = Notes()
    task = asyncio.create_task(call(app(notes, handler)))
    await asyncio.sleep(0.01)
    assert notes.in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (notes.in_flight, notes.counted[0][1]) == (0, 499)


# ---------------------------------------------------------------- turned away before any work


async def test_a_url_that_is_too_long_is_refused_and_one_that_just_fits_is_not() -> None:
    room = 200 - len("/picture/a") - len("w=")
    answer, _ = await get(picture, "/picture/a?w=" + "1" * room)
    assert answer.status_code == 200
    answer, notes = await get(picture, "/picture/a?w=" + "1" * (room + 1))
    assert (answer.status_code, answer.json()["code"]) == (414, "request_too_large")
    assert notes.counted == [("none", 414, "none", len(answer.content))]


async def test_headers_that_are_too_long_are_refused() -> None:
    answer, _ = await get(picture, headers={"cookie": "x" * 1_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


async def test_while_draining_new_requests_are_turned_away_but_operators_are_not() -> None:
    async with client(app(Notes(), picture, draining=True)) as http:
        answer = await http.get("/picture/a")
        assert (answer.status_code, answer.json()["code"]) == (503, "draining")
        assert (answer.headers["connection"], answer.headers["retry-after"]) == ("close", "2")
        assert (await http.get("/health/live")).status_code == 200


async def test_lifespan_passes_through() -> None:
    seen = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    stack = RequestContextMiddleware(
        ErrorMiddleware(DrainMiddleware(RequestSizeMiddleware(CorsPreflightMiddleware(inner), 200), lambda: True)),
        Notes(),
    )
    await stack({"type": "lifespan"}, _never, _never)
    assert seen == ["lifespan"]


async def _never(*_: Any) -> Any:
    raise AssertionError


class Body:
    """A request's body, of which something is still to come."""

    async def receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": True}


async def _leave(_message: Message) -> None:
    """Take the answer."""


async def test_nothing_holds_on_to_a_request_that_was_answered_with_an_error() -> None:
    """The server listens for what is left of a body, and keeps its connection, for as long as anything refers to it:
    till the next collection if it is a cycle.
    """

    async def fail(request: Request) -> Response:
        assert await request.receive()
        raise SourceNotFound

    body, application = Body(), app(Notes(), fail)
    gone = weakref.ref(body)
    scope = {"type": "http", "method": "POST", "path": "/picture/a", "query_string": b"", "headers": []}
    gc.collect()
    gc.disable()
    try:
        await application(scope, body.receive, _leave)
        del body, scope
        assert gone() is None
    finally:
        gc.enable()
