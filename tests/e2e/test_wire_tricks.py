"""Requests that a client of ours would never send, byte by byte over sockets: each is refused or read in the one way
there is.

What one request says, another's answer never depends on.
"""

import contextlib
import re
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.scenes import PHOTOS
from tests.servers.pixmill import Pixmill

TOKEN = "a token of the operator"
END = b"Connection: close\r\n\r\n"
HOST = b"Host: pictures.example\r\n"
PHOTO = b"/resize?url=sunset.jpg&width=16"
SECOND = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=str(PHOTOS), cache="memory://", workers=1, max_url_bytes=8_192, admin_token=TOKEN) as server:
        yield server


def said(server: Pixmill, request: bytes, *, patience_s: float = 1.0) -> bytes:
    """All that comes back until the server closes, or until it waits for more of the request and says nothing.

    A whole GET that ends its connection is waited for until the server closes it.
    """
    if request.startswith(b"GET ") and request.endswith(END):
        patience_s = 30
    answer = b""
    with (
        contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError),
        socket.create_connection(("127.0.0.1", server.port), timeout=patience_s + 2) as client,
    ):
        client.sendall(request)
        while part := client.recv(65_536):
            answer += part
            client.settimeout(patience_s)
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def get(target: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + headers + END


# ---------------------------------------------------------------- one request is one request

SMUGGLED = {
    "a length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(SECOND)),
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SECOND),
    "two lengths in one": b"Content-Length: 0, %d\r\n\r\n" % len(SECOND),
    "a length with a sign": b"Content-Length: +%d\r\n\r\n" % len(SECOND),
    "a length below zero": b"Content-Length: -1\r\n\r\n",
    "a length in hexadecimal": b"Content-Length: 0x%x\r\n\r\n" % len(SECOND),
    "a length of 21 digits": b"Content-Length: 184467440737095516160\r\n\r\n",
    "a length without digits": b"Content-Length: \r\n\r\n",
    "another coding": b"Transfer-Encoding: identity\r\n\r\n",
    "chunked that is not last": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked that is not quite": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked with a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Content-Length : %d\r\n\r\n" % len(SECOND),
    "a folded line": b"X: y\r\n Content-Length: %d\r\n\r\n" % len(SECOND),
    "a NUL in a header": b"X: a\0b\r\n\r\n",
    "a bare CR in a header": b"X: a\rContent-Length: %d\r\n\r\n" % len(SECOND),
    "a chunk size that overflows": b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
    "a chunk size with a sign": b"Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer than it says": b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("headers", SMUGGLED.values(), ids=SMUGGLED)
def test_a_request_of_doubtful_length_is_refused_or_ends_where_it_says(server: Pixmill, headers: bytes) -> None:
    """Never are two answers given whose requests two readers would cut apart at different places."""
    answer = said(server, b"POST /resize?width=16 HTTP/1.1\r\n" + HOST + headers + SECOND)
    found = statuses(answer)
    assert len(found) <= 2
    ambiguous = b"Content-Length" in headers and b"Transfer-Encoding" in headers
    if ambiguous:
        assert found in ([400], [], [415], [422]), answer[:600]
    if len(found) == 2:
        assert found[0] in (400, 415, 422), "the first body was read as one reader alone could"
    assert server.get("/health/live").status == 200


NO_BODIES = {
    "lines that end in LF": b"5\nhello\n0\n\n",
    "a size in hexadecimal of C": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size after a space": b" 5\r\nhello\r\n0\r\n\r\n",
    "an extension of many bytes": b"5;" + b"a" * 200_000 + b"\r\nhello\r\n0\r\n\r\n",
    "an extension with LF": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "a trailer of many lines": b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
}


@pytest.mark.parametrize("path", [b"/resize?width=16", b"/admin/purge"])
@pytest.mark.parametrize("body", NO_BODIES.values(), ids=NO_BODIES)
def test_a_body_that_is_not_well_formed_is_the_client_s_fault(server: Pixmill, path: bytes, body: bytes) -> None:
    secret = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
    head = b"POST " + path + b" HTTP/1.1\r\n" + HOST + secret + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = said(server, head + body + SECOND)
    assert statuses(answer) == [400], answer[:600]
    assert b"application/problem+json" in answer
    assert b'"malformed_request"' in answer


def test_requests_behind_each_other_are_answered_in_their_order(server: Pixmill) -> None:
    second = SECOND.replace(b"Connection: close\r\n", b"")
    answer = said(server, b"GET " + PHOTO + b" HTTP/1.1\r\n" + HOST + b"\r\n" + second + get(b"/nowhere"))
    assert statuses(answer) == [200, 200, 404]


def test_the_body_of_a_get_is_no_request(server: Pixmill) -> None:
    body = b"Content-Length: %d\r\n" % len(SECOND)
    answer = said(server, b"GET " + PHOTO + b" HTTP/1.1\r\n" + HOST + body + b"\r\n" + SECOND)
    assert statuses(answer) == [200]
    assert b"smuggled" not in answer


# ---------------------------------------------------------------- the request line

TARGETS = {
    b"http://elsewhere.example/health/live": {200, 400, 404},
    b"//elsewhere.example/health/live": {400, 404},
    b"/health/../metrics": {400, 404},
    b"/health/%2e%2e/metrics": {400, 404},
    b"/%2e%2e/%2e%2e/etc/passwd": {400, 404},
    b"/health%2flive": {200, 400, 404},
    b"/health/live%00": {400, 404},
    b"/health//live": {400, 404},
    b"//health/live": {400, 404},
    b"/Health/live": {400, 404},
    b"/health/live;a=b": {400, 404},
    b"/health/live/": {307, 400, 404},
    b"/health/%6cive": {200, 400, 404},
    b"/health/\xc0\xaflive": {400, 404},
    b"/health/%c0%aflive": {400, 404},
    b"/health/l\xc3\xadve": {400, 404},
    b"/resize%3furl=sunset.jpg": {400, 404},
    b"/resize#url=sunset.jpg": {400, 404},
    b"*": {400, 404},
    b"": {400, 404},
    b"\\health\\live": {400, 404},
    b"/resize?url=sunset.jpg&width=16&width=17": {400},
    b"/resize?url=sunset.jpg&Width=16": {400},
    b"/resize?url=sunset.jpg;width=16": {400, 404, 403},
    b"/resize?url=sunset.jpg&w%69dth=16": {200, 400},
    b"/resize?url=sunset.jpg&width=%EF%BC%91%EF%BC%96": {400},
    b"/resize?url=sunset.jpg&width=16%00": {400},
    b"/resize?url=sunset.jpg&width=16%0d%0aX-Evil:1": {400},
    b"/resize?url=sunset.jpg&filename=a%0d%0aX-Evil:1&width=16": {200, 400},
}


@pytest.mark.parametrize("target", TARGETS, ids=[repr(target) for target in TARGETS])
def test_a_target_has_one_reading_or_none(server: Pixmill, target: bytes) -> None:
    answer = said(server, get(target))
    found = statuses(answer)
    assert not found or (len(found) == 1 and found[0] in TARGETS[target]), answer[:400]
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nx-evil" not in head
    assert b"root:" not in answer


LINES = [
    b"GET  " + PHOTO + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET\t" + PHOTO + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"get " + PHOTO + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"G\0T " + PHOTO + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET " + PHOTO + b" HTTP/9.9\r\n" + HOST + b"\r\n",
    b"GET " + PHOTO + b"\r\n",
    b"TRACE " + PHOTO + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"CONNECT elsewhere.example:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET " + PHOTO + b" HTTP/1.1\nHost: x\n\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"\0" * 100,
    b"GET / HTTP/1.1\r\n" + b"\r\n" * 1000,
]


@pytest.mark.parametrize("request_", LINES, ids=range(len(LINES)))
def test_any_first_line_leaves_the_server_well(server: Pixmill, request_: bytes) -> None:
    found = statuses(said(server, request_))
    assert len(found) <= 1
    assert all(status < 500 or status in (501, 505) for status in found)
    assert server.get("/health/live").status == 200


def test_http_2_is_spoken_only_where_it_is_wanted(server: Pixmill) -> None:
    """Its first frame (RFC 9113 §3.4): empty settings, which a server that speaks it answers with its own."""
    greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    assert said(server, greeting)[:9] in (b"", b"HTTP/1.1 ")
    with Pixmill(cache="memory://", workers=1, http2="true") as other:
        answer = said(other, greeting)
        assert answer[3:4] == b"\x04", "a frame of settings"


def test_trace_returns_nothing_of_what_was_sent(server: Pixmill) -> None:
    answer = said(server, b"TRACE / HTTP/1.1\r\n" + HOST + b"Cookie: secret=1\r\nConnection: close\r\n\r\n")
    assert b"secret=1" not in answer
    assert statuses(answer) in ([400], [404], [405], [501])


# ---------------------------------------------------------------- too much of it


@pytest.mark.parametrize("size", [9_000, 60_000, 300_000, 2_000_000])
def test_a_url_that_is_too_long_is_refused(server: Pixmill, size: int) -> None:
    found = statuses(said(server, get(b"/resize?url=" + b"a" * size)))
    assert found in ([400], [414], [431], []), found
    assert server.get("/health/live").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"a" * 40_000,
        b"X: " + b"a" * 500_000,
        b"\r\n".join(b"X%d: y" % n for n in range(10_000)),
        b"a" * 70_000 + b": b",
    ],
    ids=["40 kB", "500 kB", "10,000 headers", "a long name"],
)
def test_headers_that_are_too_many_or_too_long_are_refused(server: Pixmill, headers: bytes) -> None:
    target = b"/resize?url=sunset.jpg&width=%d" % (100 + len(headers) % 97)
    found = statuses(said(server, get(target, headers + b"\r\n")))
    assert found in ([400], [431], []), found
    assert server.get("/health/live").status == 200


# ---------------------------------------------------------------- the host, and sizes, on every path

NO_HOSTS = {
    "none": b"",
    "an empty one": b"Host:\r\n",
    "two": b"Host: a\r\nHost: b\r\n",
    "two that are equal": b"Host: a\r\nHost: a\r\n",
    "two in one": b"Host: a b\r\n",
    "a path": b"Host: a/b\r\n",
    "a user": b"Host: a@b\r\n",
    "a port that is none": b"Host: a:b\r\n",
    "a name longer than DNS allows": b"Host: " + b"a" * 262 + b"\r\n",
    "bytes beyond ASCII": b"Host: \xc3\xa4\r\n",
}
PATHS = {
    "a memory hit": PHOTO,
    "another image": b"/resize?url=sunset.jpg&width=18&blur=%d",
    "an error": b"/resize?url=none.jpg",
    "health": b"/health/live",
    "nothing": b"/nowhere",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("hosts", NO_HOSTS.values(), ids=NO_HOSTS)
def test_a_request_names_exactly_one_host(server: Pixmill, path: bytes, hosts: bytes) -> None:
    """RFC 9112 §3.2: 400 for any other HTTP/1.1 request, on whatever path it comes."""
    path = path % (1 + len(hosts)) if b"%d" in path else path
    for _ in range(2):
        server.get("/resize?url=sunset.jpg&width=16")  # twice: from here on the fast path knows it
    answer = said(server, b"GET " + path + b" HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    assert statuses(answer) == [400], answer[:400]
    assert b'"malformed_request"' in answer


def test_a_client_of_http_1_0_need_not_name_a_host(server: Pixmill) -> None:
    for _ in range(3):
        assert statuses(said(server, b"GET " + PHOTO + b" HTTP/1.0\r\n\r\n")) == [200]


@pytest.mark.parametrize("host", [b"a", b"A.example.", b"a:8080", b"a:", b"[::1]:8080", b"127.0.0.1", b"a_b.c-d"])
def test_hosts_of_every_kind_are_served(server: Pixmill, host: bytes) -> None:
    for _ in range(3):
        request = b"GET " + PHOTO + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        assert statuses(said(server, request)) == [200]


@pytest.mark.parametrize("size", [33_000, 60_000, 100_000, 300_000])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_the_limit_of_headers_holds_on_every_path(server: Pixmill, path: bytes, size: int) -> None:
    path = path % (size // 1_000) if b"%d" in path else path
    for _ in range(2):
        assert statuses(said(server, get(PHOTO))) == [200]
    assert statuses(said(server, get(path, b"X: " + b"a" * size + b"\r\n"))) in ([431], [])
    assert statuses(said(server, get(PHOTO, b"X: " + b"a" * 30_000 + b"\r\n"))) == [200]


# ---------------------------------------------------------------- what is cached depends on the URL and Accept alone

UNKEYED = [
    *(
        b"Host: evil.example",
        b"X-Forwarded-Host: evil.example",
        b"X-Host: evil.example",
        b"Forwarded: host=evil.example;proto=http",
    ),
    *(
        b"X-Forwarded-Proto: gopher",
        b"X-Forwarded-For: 127.0.0.1",
        b"X-Forwarded-Prefix: /evil",
        b"X-Forwarded-Port: 1",
    ),
    *(
        b"X-Original-URL: /metrics",
        b"X-Rewrite-URL: /metrics",
        b"X-HTTP-Method-Override: DELETE",
        b"X-HTTP-Method: POST",
    ),
    *(
        b"Range: bytes=0-1",
        b"If-Range: x",
        b"If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT",
        b'If-None-Match: "evil"',
    ),
    *(
        b"Cookie: width=1",
        b"Authorization: Basic ZXZpbDpldmls",
        b"Origin: https://evil.example",
        b"Referer: https://evil.example/",
    ),
    *(
        b"User-Agent: evil<script>",
        b"Accept-Language: evil",
        b"Accept-Encoding: gzip, br",
        b"Cache-Control: no-cache, no-store",
    ),
    *(
        b"Pragma: no-cache",
        b"DPR: 3",
        b"Sec-CH-DPR: 3",
        b"Sec-CH-Width: 9",
        b"Width: 9",
        b"Save-Data: on",
        b"Viewport-Width: 1",
    ),
    *(b"Content-Type: text/html", b"Transfer-Encoding: chunked", b"X-Request-Id: evil", b"Upgrade: h2c", b"Via: evil"),
]


def split(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return statuses(answer)[0], headers, body


@pytest.mark.parametrize("number", range(len(UNKEYED)), ids=[header.decode().split(":")[0] for header in UNKEYED])
def test_a_header_that_is_not_part_of_the_key_changes_nothing_that_is_kept(server: Pixmill, number: int) -> None:
    """The first to ask for a picture brings the header; whoever asks next must not notice."""
    header = UNKEYED[number]
    target = b"/resize?url=sunset.jpg&height=%d" % (20 + number)
    clean = said(server, get(target.replace(b"height", b"h") + b"&url2="))
    assert statuses(clean) == [400], "this spelling is none, and is kept for nobody"
    own = header + b"\r\n" + (b"" if header.startswith(b"Host") else HOST)
    end = b"0\r\n\r\n" if header.startswith(b"Transfer") else b""
    said(server, b"GET " + target + b" HTTP/1.1\r\n" + own + b"Connection: close\r\n\r\n" + end)
    status, headers, body = split(said(server, get(target)))
    truth = server.get("/resize", url="sunset.jpg", height=20 + number, dpr=1)
    assert (status, headers["content-type"], body) == (200, "image/jpeg", truth.body)
    assert "evil" not in str({name: value for name, value in headers.items() if name != "x-request-id"})
    assert headers["x-request-id"] != "evil"
    assert set(headers.get("vary", "Accept").split(", ")) == {"Accept"}


def test_accept_is_part_of_the_key_however_it_is_cut_into_lines(server: Pixmill) -> None:
    target = b"/resize?url=sunset.jpg&width=21"
    for headers, media in [
        (b"Accept: image/webp\r\n", "image/webp"),
        (b"", "image/jpeg"),
        (b"Accept: text/html\r\nAccept: image/webp\r\n", "image/webp"),
        (b"Accept: image/webp;q=0\r\n", "image/jpeg"),
        (b"Accept: " + b"a," * 5_000 + b"image/webp\r\n", "image/jpeg"),
        (b"accept: image/webp\r\n", "image/webp"),
    ] * 2:
        status, told, _ = split(said(server, get(target, headers)))
        assert (status, told["content-type"]) == (200, media)
        assert told["vary"] == "Accept"


def test_refusals_are_kept_by_nobody_and_do_not_stand_in_for_pictures(server: Pixmill) -> None:
    target = b"/resize?url=sunset.jpg&width=22"
    for trick in (
        target + b"&width=23",
        target + b"&x=1",
        target + b"%00",
        target.replace(b"sunset", b"sunset.jpg/.."),
    ):
        assert statuses(said(server, get(trick)))[0] >= 400
    assert statuses(said(server, get(target))) == [200]
