"""Origins that misbehave, through HTTP: each fault has its status and code, none is a 500, and none outlasts its
limit."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.e2e.scenes import in_flight, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill
from tests.servers.ports import free_port

OTHER = "127.0.0.9"
"""Where an origin may be connected; 127.0.0.1 may not."""

TIMEOUT_S = 3.0
MAX_BYTES = 1_500_000

Serve = Callable[[Origin], str]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin(host=OTHER) as origin:
        yield origin


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(
        allowed_networks=f"{OTHER}/32",
        source_timeout_s=TIMEOUT_S,
        source_idle_timeout_s=2,
        source_connect_timeout_s=1,
        max_source_bytes=MAX_BYTES,
        max_redirects=3,
        cache="",
        workers=1,
    ) as server:
        yield server


def chain(origin: Origin, length: int) -> str:
    """So many redirects, then a photo."""
    url = origin.serve(f"/end-of-{length}.jpg", small_photo())
    for step in range(length):
        url = origin.redirect(f"/chain-{length}-{step}", url)
    return url


def loop(origin: Origin) -> str:
    origin.redirect("/loop-a", origin.url("/loop-b"))
    return origin.redirect("/loop-b", origin.url("/loop-a"))


def jpeg(origin: Origin, path: str, **how: object) -> str:
    return origin.serve(path, small_photo(), **how)


@dataclass(frozen=True)
class Case:
    """How an origin answers, and what we say to that."""

    what: str
    serve: Serve
    status: int
    code: str = ""


CASES = [
    # It takes too long.
    Case("never answers", lambda o: o.hang("/never"), 504, "source_timeout"),
    Case("falls silent", lambda o: jpeg(o, "/silent", pace_s=5), 504, "source_timeout"),
    Case("drips", lambda o: o.serve("/drips", small_photo(2_000) * 3, pace_s=0.5), 504, "source_timeout"),
    Case("waits a little", lambda o: jpeg(o, "/little", wait_s=0.5), 200),
    # It is too large.
    Case("never ends", lambda o: o.serve("/endless", bytes(100_000), endless=True), 413, "source_too_large"),
    Case("says it is too large", lambda o: o.serve("/large", b"GIF89a", claim=10**12), 413, "source_too_large"),
    Case(
        "is too large without saying so",
        lambda o: o.serve("/x", bytes(MAX_BYTES + 1), chunked=True),
        413,
        "source_too_large",
    ),
    Case("gzip bomb", lambda o: o.serve_gzip("/bomb", bytes(50_000_000)), 413, "source_too_large"),
    Case(
        "gzip bomb of known length",
        lambda o: o.serve_gzip("/bomb2", bytes(50_000_000), chunked=True),
        413,
        "source_too_large",
    ),
    Case("compressed picture", lambda o: o.serve_gzip("/gzip", small_photo()), 200),
    # It lies or breaks.
    Case("ends too early", lambda o: jpeg(o, "/cut", cut_after=5_000), 502, "source_bad_response"),
    Case(
        "ends too early in a chunk",
        lambda o: jpeg(o, "/cut2", cut_after=5_000, chunked=True),
        502,
        "source_bad_response",
    ),
    Case(
        "sends less than it claims",
        lambda o: jpeg(o, "/less", claim=len(small_photo()) + 9),
        502,
        "source_bad_response",
    ),
    Case("hangs up", lambda o: o.reset("/reset"), 502, "source_unreachable"),
    Case("hangs up once", lambda o: (jpeg(o, "/once"), o.reset("/once", times=1))[1], 200),
    Case("speaks no HTTP", lambda o: o.raw("/raw", b"\x89PNG\r\n\x1a\n" * 10), 502, "source_bad_response"),
    Case("says nothing", lambda o: o.raw("/nothing", b""), 502, "source_unreachable"),
    Case(
        "endless headers",
        lambda o: o.raw("/head", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500_000),
        502,
        "source_bad_response",
    ),
    Case(
        "one long header",
        lambda o: o.raw("/head1", b"HTTP/1.1 200 OK\r\nA: " + b"b" * 10**6),
        502,
        "source_bad_response",
    ),
    Case(
        "bad length",
        lambda o: o.raw("/len", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + small_photo()),
        200,
    ),
    Case(
        "bad chunks",
        lambda o: o.raw("/ch", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        502,
        "source_bad_response",
    ),
    Case("brotli that is none", lambda o: jpeg(o, "/br", headers={"Content-Encoding": "br"}), 200),
    Case("gzip that is none", lambda o: jpeg(o, "/gz", headers={"Content-Encoding": "gzip"}), 200),
    Case(
        "odd headers",
        lambda o: jpeg(o, "/odd", headers={"ETag": "x" * 999, "Cache-Control": "max-age=-1,,", "Expires": "?"}),
        200,
    ),
    # It redirects.
    Case("redirects three times", lambda o: chain(o, 3), 200),
    Case("redirects four times", lambda o: chain(o, 4), 502, "too_many_redirects"),
    Case("redirects in a circle", loop, 502, "too_many_redirects"),
    Case("redirects nowhere", lambda o: o.serve("/nowhere", status=302), 502, "source_bad_response"),
    Case(
        "redirects to a forbidden address",
        lambda o: o.redirect("/r1", "http://127.0.0.1:1/a.jpg"),
        403,
        "address_forbidden",
    ),
    Case(
        "redirects to metadata", lambda o: o.redirect("/r2", "http://169.254.169.254/latest"), 403, "address_forbidden"
    ),
    Case(
        "redirects to a mapped address",
        lambda o: o.redirect("/r3", "http://[::ffff:127.0.0.1]/"),
        403,
        "address_forbidden",
    ),
    Case(
        "redirects to a name of loopback", lambda o: o.redirect("/r4", "http://localhost:1/"), 502, "source_unreachable"
    ),
    Case("has a name of loopback", lambda _: "http://localhost:1/a.jpg", 502, "source_unreachable"),
    Case("redirects to a file", lambda o: o.redirect("/r5", "file:///etc/passwd"), 502, "source_bad_response"),
    Case("redirects to a store", lambda o: o.redirect("/r6", "s3://bucket/a.jpg"), 502, "source_bad_response"),
    Case("redirects to nonsense", lambda o: o.redirect("/r7", "http://[half"), 502, "source_bad_response"),
    # It refuses.
    *(
        Case(f"says {said}", lambda o, said=said: jpeg(o, f"/s{said}", status=said), status, code)  # type: ignore[misc]
        for said, status, code in [
            (203, 200, ""),
            (204, 502, "source_bad_response"),
            (206, 200, ""),
            (300, 502, "source_bad_response"),
            (304, 502, "source_bad_response"),
            (400, 502, "source_bad_response"),
            (401, 403, "source_denied"),
            (403, 403, "source_denied"),
            (404, 404, "source_not_found"),
            (410, 404, "source_not_found"),
            (429, 502, "source_bad_response"),
            (500, 502, "source_bad_response"),
            (503, 502, "source_bad_response"),
            (504, 504, "source_timeout"),
            (999, 502, "source_bad_response"),
        ]
    ),
    # It is not there.
    Case("refuses connections", lambda _: f"http://{OTHER}:{free_port()}/a.jpg", 502, "source_unreachable"),
    Case("has no address", lambda _: "http://no-such-host.invalid/a.jpg", 502, "source_unreachable"),
    Case("speaks no TLS", lambda o: o.url("/a.jpg").replace("http:", "https:"), 502, "source_unreachable"),
    Case("is at a forbidden address", lambda _: "http://127.0.0.1:1/a.jpg", 403, "address_forbidden"),
    # It has no picture.
    Case("garbage", lambda o: o.serve("/garbage", bytes(range(256)) * 99), 415, "unsupported_image"),
    Case("nothing", lambda o: o.serve("/empty", b""), 415, "unsupported_image"),
    Case("a page", lambda o: o.serve("/page", b"<!doctype html><title>Hello</title>"), 415, "unsupported_image"),
    Case("a picture with a lie for its type", lambda o: jpeg(o, "/lie", headers={"Content-Type": "text/html"}), 200),
    Case("the first bytes of a picture", lambda o: o.serve("/start", small_photo()[:200]), 422, "undecodable_image"),
]


@pytest.mark.parametrize("path", ["/resize", "/info"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_what_an_origin_does_has_its_status_and_code(server: Pixmill, origin: Origin, case: Case, path: str) -> None:
    url = case.serve(origin)
    began = time.monotonic()
    size: dict[str, Any] = {"width": 32} if path == "/resize" else {}
    reply = server.get(path, url=url, **size)
    assert time.monotonic() - began < 5 * TIMEOUT_S
    if path == "/info" and case.code == "undecodable_image":
        assert reply.status in {200, 422}, "the facts stand in the first bytes"
        return
    code = "" if reply.status == 200 else reply.json()["code"]
    assert (reply.status, code) == (case.status, case.code)


def test_an_origin_that_sends_more_than_it_claims_is_not_believed(server: Pixmill, origin: Origin) -> None:
    url = jpeg(origin, "/more", claim=3_000)
    reply = server.get("/resize", url=url, width=32)
    assert (reply.status, reply.json()["code"]) in {(422, "undecodable_image"), (502, "source_bad_response")}


def test_after_all_that_the_server_is_well(server: Pixmill, origin: Origin) -> None:
    until(lambda: in_flight(server) == 0, 60, "nothing is left under way")
    assert server.get("/resize", url=jpeg(origin, "/good"), width=33).status == 200
    assert server.get("/health/ready").status == 200
    assert "request_failed" not in server.log()


def test_an_original_that_leads_back_to_the_service_ends_there() -> None:
    """By redirects, which need not be long, each request could lead to many others, and each of these too."""
    with Origin() as origin, Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache="") as server:
        more = ";".join(f"url:{origin.url(f'/more-{number}')}" for number in range(16))
        back = f"{server.url}/resize?{urlencode({'url': origin.url('/first'), 'overlay': more})}"
        for path in ("/first", *(f"/more-{number}" for number in range(16))):
            origin.redirect(path, back)
        for version, path in enumerate(("/resize", "/info", "/srcset", "/api/v1/resize")):
            assert server.get(path, url=origin.url("/first"), v=version).json()["code"] == "source_bad_response"
            refused = server.get(path, {"CDN-Loop": 'elsewhere; a=",", pixmill;b'}, url=origin.url("/first"))
            assert (refused.status, refused.json()["code"]) == (508, "loop_detected")
            assert refused.headers["cache-control"] == "no-store"
        assert len(origin.requests) == 4
        other = server.get("/info", {"CDN-Loop": "pixmill.example, fastly"}, url=origin.serve("/a.jpg", small_photo()))
        assert other.status == 200


def test_no_private_detail_of_a_source_is_told(server: Pixmill) -> None:
    reply = server.get("/resize", url="http://localhost:1/secret")
    assert reply.status == 502
    assert b"127.0.0.1" not in reply.body
    assert b"::1" not in reply.body
