"""``/resize`` as HTTP: uploads and their limits, caching headers and conditions, over a real server."""

import asyncio
import math
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from http.client import HTTPResponse

import httpx
import pytest

from pixmill.api.app import create_app
from pixmill.api.config import ApiConfig
from pixmill.api.routes.uploads import LINGERING_TIMEOUT_S
from pixmill.errors import QueueFull
from pixmill.runtime.spool import RESERVATION_FACTOR
from pixmill.settings import load
from pixmill.wiring import build_services
from tests.e2e.scenes import metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

MAX_BYTES = 6_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(
        allowed_networks="127.0.0.0/8", max_source_bytes=MAX_BYTES, upload_timeout_s=1, workers=1, cache="memory://"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def exchange(server: Pixmill, *pieces: bytes, pause_s: float = 0) -> tuple[int, str, bytes]:
    """Status, head (in lower case) and body of the answer to what is sent piece by piece."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(pause_s)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head.decode("latin-1").lower(), body


def post(length: int | None, target: str = "/resize?width=20", *more: str) -> bytes:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"POST {target} HTTP/1.1", "Host: h", "Connection: close", framing, *more]
    return "\r\n".join([*lines, "", ""]).encode()


# ---------------------------------------------------------------- uploads


def test_a_picture_sent_in_chunks_is_a_picture(server: Pixmill) -> None:
    photo = small_photo(200)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (photo[:100], photo[100:])) + b"0\r\n\r\n"
    status, head, body = exchange(server, post(None), chunks)
    assert (status, body[:2]) == (200, b"\xff\xd8")
    assert "cache-control: no-store" in head
    assert "etag:" not in head


def test_a_picture_that_is_said_to_be_too_large_is_refused_before_it_is_sent(server: Pixmill) -> None:
    status, _, body = exchange(server, post(MAX_BYTES + 1, "/resize?width=20", "Expect: 100-continue"))
    assert (status, b"upload_too_large" in body) == (413, True)
    status, _, body = exchange(server, post(10**30))
    assert status in {400, 413}


def test_a_picture_that_turns_out_too_large_is_refused(server: Pixmill) -> None:
    half = b"%x\r\n%s\r\n" % (MAX_BYTES // 2 + 1, bytes(MAX_BYTES // 2 + 1))
    status, _, body = exchange(server, post(None), half, half)
    assert (status, b"upload_too_large" in body) == (413, True)


def test_a_picture_that_is_sent_too_slowly_is_refused_in_time(server: Pixmill) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(post(1_000) + b"\xff\xd8")
        response = HTTPResponse(client, method="POST")
        response.begin()  # the end of the connection is not waited for: Granian may still listen for the rest of the body
        body = response.read()
    assert (response.status, b"upload_timeout" in body) == (408, True)
    assert response.headers["cache-control"] == "no-store"
    assert time.monotonic() - began < 30, "the default would be longer"


def test_a_picture_that_is_late_ends_its_connection(server: Pixmill) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(post(1_000).replace(b"Connection: close\r\n", b"") + b"\xff\xd8")
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 408")
    assert b"connection: close" in head


def test_pictures_that_trickle_without_an_end_are_late_all_the_same(server: Pixmill) -> None:
    """Their connections end, and not only when something else happens to the server."""
    head = post(None).replace(b"Connection: close\r\n", b"")
    clients = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(8)]
    with ExitStack() as closing:
        for client in clients:
            closing.enter_context(client).sendall(head + b"1\r\nx\r\n")
        for client in clients:
            assert client.recv(65_536).startswith(b"HTTP/1.1 408")
            with suppress(ConnectionError):
                client.sendall(b"1\r\nx\r\n")
                assert not b"".join(iter(lambda: client.recv(65_536), b"")).startswith(b"HTTP")  # noqa: B023 - it is used at once


def uploading(timeout_s: float, min_rate: int) -> ApiConfig:
    return ApiConfig.model_validate({"upload_timeout_s": timeout_s, "upload_min_rate": min_rate})


def test_a_picture_must_come_at_a_rate_once_it_had_time_to_begin() -> None:
    latest = uploading(30, 1_000).upload_deadline(100.0)
    assert [latest(size) for size in (0, 1_000, 24_000, 10**9)] == [105.0, 106.0, 129.0, 130.0]
    assert uploading(3, 1_000).upload_deadline(0.0)(0) == 3
    assert uploading(30, 0).upload_deadline(0.0)(0) == 30


def test_a_picture_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixmill.api.config.UPLOAD_GRACE_S", 0.2)

    async def sent() -> tuple[list[int], int, str]:
        async def trickle() -> AsyncIterator[bytes]:
            for _ in range(100):
                pieces.append(1)
                yield b"x"
                await asyncio.sleep(0.1)

        pieces: list[int] = []
        async with build_services(load({"workers": 1, "cache": ""})) as services:
            transport = httpx.ASGITransport(create_app(services))
            async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
                reply = await client.post("/resize?width=20", content=trickle())
        return pieces, reply.status_code, reply.json()["code"]

    pieces, status, code = asyncio.run(sent())
    assert (status, code) == (408, "upload_timeout")
    assert len(pieces) < 50


def test_a_picture_is_refused_before_it_is_read_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> AbstractContextManager[None]:
        raise QueueFull

    monkeypatch.setattr("pixmill.services.resize.ResizeService.announce_upload", full)

    async def sent() -> tuple[list[int], httpx.Response]:
        async def picture() -> AsyncIterator[bytes]:
            read.append(1)
            yield b"x"

        read: list[int] = []
        async with build_services(load({"workers": 1, "cache": ""})) as services:
            transport = httpx.ASGITransport(create_app(services))
            async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
                return read, await client.post("/resize", content=picture(), headers={"expect": "100-continue"})

    read, reply = asyncio.run(sent())
    assert (read, reply.status_code, reply.json()["code"]) == ([], 503, "queue_full")


def test_a_picture_that_finds_no_memory_is_refused_and_what_a_client_that_left_had_is_free_again() -> None:
    photo = small_photo(200)
    with Pixmill(workers=1, cache="", max_source_bytes=1_000_000, memory_budget_bytes=1_000_000) as small:
        with socket.create_connection(("127.0.0.1", small.port), timeout=60) as slow:
            promised = 1_000_000 - len(photo) // 2
            slow.sendall(post(promised) + bytes(300_000))
            until(lambda: metric(small, "pixmill_memory_budget_used_bytes") == promised, 60, "it is expected in full")
            status, head, body = exchange(small, post(len(photo)), photo)
            assert (status, b"memory_exhausted" in body) == (503, True)
            assert "retry-after: 2" in head
        until(lambda: metric(small, "pixmill_memory_budget_used_bytes") == 0, 60, "it has left")
        assert exchange(small, post(len(photo)), photo)[0] == 200
        assert metric(small, "pixmill_memory_budget_used_bytes") == 0
        assert metric(small, "pixmill_requests_rejected_total", reason="memory") == 1


def test_who_promises_much_and_sends_next_to_nothing_keeps_nobody_out() -> None:
    photo = small_photo(200)
    with (
        Pixmill(workers=1, cache="", max_source_bytes=1_000_000, memory_budget_bytes=1_000_000) as small,
        ExitStack() as idle,
    ):
        for head in (
            post(1_000_000),
            b"POST /resize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
        ) * 20:
            client = idle.enter_context(socket.create_connection(("127.0.0.1", small.port), timeout=60))
            client.sendall(head + b"\xff")
        until(lambda: metric(small, "pixmill_memory_budget_used_bytes") == 40 * RESERVATION_FACTOR, 60, "all are there")
        assert exchange(small, post(len(photo)), photo)[0] == 200


def test_a_client_that_stops_in_the_middle_of_its_picture_costs_nothing(server: Pixmill) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(post(1_000) + b"half")
    assert server.get("/health/ready").status == 200
    assert "request_failed" not in server.log()


@pytest.mark.parametrize(
    ("target", "body", "status", "code"),
    [
        ("/resize?width=20", b"", 415, "unsupported_image"),
        ("/resize?width=20", b"hello", 415, "unsupported_image"),
        ("/resize?width=20&url=a.jpg", b"x", 400, "conflicting_parameters"),
        ("/resize?width=0", b"x", 400, "invalid_parameter"),
        ("/info", b"x", 415, "unsupported_image"),
        ("/srcset", b"x", 405, "method_not_allowed"),
        ("/resize/", b"x", 404, "route_not_found"),
        ("/health/live", b"x", 405, "method_not_allowed"),
    ],
)
def test_what_is_wrong_with_an_upload_has_a_code(
    server: Pixmill, target: str, body: bytes, status: int, code: str
) -> None:
    reply = server.ask("POST", target, data=body)
    assert (reply.status, reply.json()["code"]) == (status, code)


def test_a_refusal_of_a_large_upload_reaches_a_client_that_is_still_sending(server: Pixmill) -> None:
    reply = server.ask("POST", "/resize?width=0", data=bytes(MAX_BYTES - 1))
    assert (reply.status, reply.json()["code"]) == (400, "invalid_parameter")


def test_a_client_that_waits_to_be_told_to_send_is_refused_before_it_does(server: Pixmill) -> None:
    began = time.monotonic()
    status, head, _ = exchange(server, post(MAX_BYTES - 1, "/resize?width=0", "Expect: 100-continue"))
    assert status == 400
    assert "100 continue" not in head
    assert time.monotonic() - began < LINGERING_TIMEOUT_S, "it is not waited for what the client does not send"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_told_which_there_are(server: Pixmill, method: str) -> None:
    reply = server.ask(method, "/resize?url=a.jpg")
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, POST"


# ---------------------------------------------------------------- caching


def freshness(server: Pixmill, origin: Origin, path: str, **headers: str) -> tuple[str, str]:
    """Cache-Control and Cache-Status of the second answer for a picture whose origin sends these headers."""
    url = origin.serve(path, small_photo(64), headers={name.replace("_", "-"): text for name, text in headers.items()})
    server.get("/resize", url=url, format="jpeg")
    reply = server.get("/resize", url=url, format="jpeg")
    assert reply.status == 200
    return reply.headers["cache-control"], reply.headers["cache-status"]


def test_how_long_a_picture_is_good_follows_its_origin(server: Pixmill, origin: Origin) -> None:
    control, status = freshness(server, origin, "/a.jpg", Cache_Control="public, max-age=120")
    assert control == "public, max-age=120, stale-while-revalidate=86400, stale-if-error=86400"
    assert status.startswith("Pixmill; hit; ttl=1")
    control, _ = freshness(server, origin, "/b.jpg", Cache_Control="max-age=9999, s-maxage=60", Age="20")
    assert control == "public, max-age=40, must-revalidate"
    control, _ = freshness(server, origin, "/c.jpg")
    assert control == "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400"


@pytest.mark.parametrize("said", ["no-store", "private", "private,max-age=60"])
def test_what_an_origin_wants_kept_by_nobody_is_not_kept(server: Pixmill, origin: Origin, said: str) -> None:
    assert freshness(server, origin, f"/{said}.jpg", Cache_Control=said) == ("no-store", "Pixmill; fwd=uri-miss")


@pytest.mark.parametrize("said", ["no-cache", "max-age=0"])
def test_what_an_origin_wants_asked_for_each_time_is(server: Pixmill, origin: Origin, said: str) -> None:
    control, status = freshness(server, origin, f"/{said}.jpg", Cache_Control=said)
    assert (control, status) == ("public, no-cache", "Pixmill; fwd=stale; fwd-status=304; stored")
    assert origin.count(f"/{said}.jpg") == 2


def test_age_grows_and_the_lifetime_stays(server: Pixmill, origin: Origin) -> None:
    url = origin.serve("/age.jpg", small_photo(64), headers={"Cache-Control": "max-age=100"})
    began = time.monotonic()
    first = server.get("/resize", url=url)
    while (second := server.get("/resize", url=url)).headers["age"] == "0":
        time.sleep(0.05)
    assert (first.headers["age"], first.headers["cache-control"]) == ("0", second.headers["cache-control"])
    assert 1 <= int(second.headers["age"]) <= math.ceil(time.monotonic() - began)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"a", {tag} , "b"', 304),
        ("*", 304),
        ('"a"', 200),
        ("", 200),
        ("{bare}", 200),
        ('"' * 5_000, 200),
        ('W/"' * 3_000, 200),
        (", " * 3_000 + "{tag}", 304),
    ],
)
def test_if_none_match_is_read_as_the_standard_says(server: Pixmill, origin: Origin, given: str, status: int) -> None:
    url = origin.serve("/tag.jpg", small_photo(64), headers={"ETag": '"x"', "Cache-Control": "max-age=1000"})
    first = server.get("/resize", url=url, format="jpeg")
    tag = first.headers["etag"]
    began = server.cpu_s()
    headers = {"if-none-match": given.format(tag=tag, bare=tag.strip('"'))}
    reply = server.get("/resize", url=url, format="jpeg", headers=headers)
    assert server.cpu_s() - began < 0.5
    assert reply.status == status
    assert reply.headers["etag"] == tag
    assert (reply.body == b"") == (status == 304)


def test_an_error_of_a_negotiated_picture_varies_as_the_picture_would(server: Pixmill, origin: Origin) -> None:
    url = origin.url("/missing.jpg")
    assert server.get("/resize", url=url).headers["vary"] == "Accept"
    assert server.get("/resize", url=url, format="png").headers["vary"] is None


def test_head_of_an_error_has_the_headers_and_no_body(server: Pixmill, origin: Origin) -> None:
    get = server.get("/resize", url=origin.url("/missing.jpg"))
    head = server.ask("HEAD", "/resize", url=origin.url("/missing.jpg"))
    assert (head.status, head.body) == (404, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["cache-status"] == "Pixmill; hit; detail=negative-source_not_found", "it is remembered"
    assert re.fullmatch(r"public, max-age=\d+", str(head.headers["cache-control"]))


# ---------------------------------------------------------------- the line


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /resize?url=\xc3\xbc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET /resize?url=\x00 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET http://other/resize?url=a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET /resize HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /resize?" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + b"X-A: b\r\n" * 90 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-A: " + b"b" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-A: " + b"b" * 200_000 + b"\r\n\r\n",
        b"POST /resize HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /resize HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: -1\r\n\r\n",
        b"BREW /resize HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET /resize HTTP/9.9\r\nHost: h\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    ],
    ids=range(14),
)
def test_what_is_no_proper_request_is_refused_and_harms_nobody(server: Pixmill, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        try:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
        except TimeoutError:
            raise
        except OSError:  # hung up on
            answer = b""
    assert not answer or answer.split(b" ", 2)[1] in {b"400", b"403", b"404", b"405", b"408", b"414", b"431", b"505"}
    assert server.get("/health/live").status == 200
    assert "request_failed" not in server.log()
