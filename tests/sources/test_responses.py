"""Responses that are not as RFC 9112 has them, and what Chromium and curl make of them."""

import asyncio
import gzip
import re
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Iterator

import brotli
import pytest
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from pixmill.errors import SourceBadResponse, SourceError, SourceTooLarge, SourceUnreachable
from pixmill.plan.source import parse_source
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.content_encoding import decode_content
from pixmill.sources.http.responses import MAX_HEAD_BYTES, ChunkedBody, OriginProtocol, canonical_head
from pixmill.sources.http.source import HttpSource
from tests.servers.origin import Origin, Seen

BODY = bytes(range(256)) * 20
SIZE = len(BODY)
LENGTH = f"Content-Length: {SIZE}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY)


def response(*fields: str, body: bytes = BODY, status: str = "HTTP/1.1 200 OK", line_end: str = "\r\n") -> bytes:
    return line_end.join([status, "Content-Type: image/png", *fields, "", ""]).encode("latin-1") + body


def chunks(size: bytes, after: bytes = b"\r\n", end: bytes = b"0\r\n\r\n") -> bytes:
    return size + BODY + after + end


def codec(wbits: int, body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(body) + packer.flush()


HEX = b"%x" % SIZE
GZIP = gzip.compress(BODY)

NO_CODINGS = (
    *("", "identity", "none", "UTF-8", "aws-chunked", "binary", "8bit", "image/png", "utf-8, aws-chunked", "compress"),
    *("gzip", "x-gzip", "deflate", "br", "zstd", "gzip2", "x;q=1", "\xe9", ",,,", "gzip, gzip"),
)
"""Said of a body that has none of them."""

ACCEPTED = {
    # header fields
    "a field of 9 kB": response(LENGTH, "Content-Security-Policy: " + "x" * 9_000),
    "a field of 250 kB": response(LENGTH, "Content-Security-Policy: " + "x" * 250_000),
    "200 cookies": response(LENGTH, *(f"Set-Cookie: c{number}={'v' * 40}" for number in range(200))),
    "5,000 fields": response(LENGTH, *(f"X-{number}: v" for number in range(5_000))),
    "a long name": response(LENGTH, "x" * 9_000 + ": v"),
    "a long reason": response(LENGTH, status="HTTP/1.1 200 " + "x" * 9_000),
    "a folded field": response(LENGTH, "X: a\r\n b\r\n\tc"),
    "a folded length": response(f"Content-Length:\r\n {SIZE}"),
    "a fold before any field": b"HTTP/1.1 200 OK\r\n x: y\r\n" + response(LENGTH).partition(b"\r\n")[2],
    "a line without colon": response("garbage", LENGTH, "more garbage"),
    "a second status line": response("HTTP/1.1 200 OK", LENGTH),
    "HTML of a warning": response("<br />", "<b>Warning</b>: x in <b>y</b> on line 1<br />", LENGTH),
    "a space before the colon": response(f"Content-Length : {SIZE}"),
    "odd names": response(LENGTH, "x y: v", "x(1): v", "[x]: v", '"x": v', "x\xe4: v", "x\x01y: v", ": v", "x/y@z: v"),
    "odd values": response(LENGTH, "X: caf\xe9", "X: caf\xc3\xa9", "X: a\x01\x1b\x7fb", "X: a\rb", "X:"),
    "lines that end with LF": response(LENGTH, line_end="\n"),
    "Sec-WebSocket-Key1": response(LENGTH, "Sec-WebSocket-Key1: x"),
    "an offer to upgrade": response(LENGTH, "Upgrade: h2,h2c,websocket", "Connection: Upgrade"),
    # status lines
    "no reason": response(LENGTH, status="HTTP/1.1 200"),
    "an empty reason": response(LENGTH, status="HTTP/1.1 200 "),
    "a reason with the code": response(LENGTH, status="HTTP/1.1 200OK"),
    "many spaces": response(LENGTH, status="HTTP/1.1   200   OK"),
    "a tab": response(LENGTH, status="HTTP/1.1\t200 OK"),
    "lower case": response(LENGTH, status="http/1.1 200 ok"),
    "HTTP/1.0": response(LENGTH, status="HTTP/1.0 200 OK"),
    "HTTP/1.2": response(LENGTH, status="HTTP/1.2 200 OK"),
    "HTTP/2": response(LENGTH, status="HTTP/2 200 OK"),
    "a reason in Latin-1": response(LENGTH, status="HTTP/1.1 200 Tr\xe8s bien\x01"),
    "empty lines first": b"\r\n\r\n\n" + response(LENGTH),
    "a byte order mark": b"\xef\xbb\xbf" + response(LENGTH),
    "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + response(LENGTH),
    "103 Early Hints": b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"x" * 20_000 + b">\r\n\r\n" + response(LENGTH),
    "200 interim responses": b"HTTP/1.1 102 Processing\r\n\r\n" * 200 + response(LENGTH),
    "201": response(LENGTH, status="HTTP/1.1 201 Created"),
    "218": response(LENGTH, status="HTTP/1.1 218 This is fine"),
    "206 of everything": response(
        LENGTH, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}", status="HTTP/1.1 206 Partial Content"
    ),
    "206 of unknown size": response(LENGTH, f"Content-Range: bytes 0-{SIZE - 1}/*", status="HTTP/1.1 206 x"),
    "206 without range": response(LENGTH, status="HTTP/1.1 206 Partial Content"),
    # lengths
    "a length twice": response(LENGTH, LENGTH),
    "a length three times": response(LENGTH, LENGTH, LENGTH),
    "a list of lengths": response(f"Content-Length: {SIZE}, {SIZE},{SIZE}"),
    "a length with zeros": response(f"Content-Length: 000{SIZE}"),
    "a length with spaces": response(f"Content-Length: \t {SIZE} \t "),
    "a length with a sign": response(f"Content-Length: +{SIZE}"),
    "a quoted length": response(f'Content-Length: "{SIZE}"'),
    "a length with a unit": response(f"Content-Length: {SIZE} bytes"),
    "a length with a fraction": response(f"Content-Length: {SIZE}.0"),
    "a length in hexadecimal": response(f"Content-Length: 0x{SIZE:x}"),
    "no number": response("Content-Length: unknown"),
    "a negative length": response("Content-Length: -1"),
    "an empty length": response("Content-Length:"),
    "a length of 23 digits": response("Content-Length: 99999999999999999999999"),
    "a length and chunks": response(LENGTH, CHUNKED, body=CHUNKS),
    "chunks and a wrong length": response(CHUNKED, "Content-Length: 5", "Content-Length: 7", body=CHUNKS),
    "no length": response(),
    "no length, keep-alive": response("Connection: keep-alive"),
    "a comment after the body": response(LENGTH, body=BODY + b"<!-- served by x -->"),
    "a line break after the body": response(LENGTH, body=BODY + b"\r\n"),
    "NULs after the body": response(LENGTH, body=BODY + bytes(9)),
    "a response after the body": response(LENGTH, body=BODY + response("Content-Length: 4", body=b"evil")),
    "half a response after the body": response(LENGTH, body=BODY + b"HTTP/1.1 200 OK\r\nContent-Le"),
    "a comment after chunks": response(CHUNKED, body=CHUNKS + b"<!-- served by x -->"),
    # transfer codings
    "identity": response(LENGTH, "Transfer-Encoding: identity"),
    "identity without length": response("Transfer-Encoding: identity"),
    "an empty transfer coding": response(LENGTH, "Transfer-Encoding:"),
    "an unknown transfer coding": response(LENGTH, "Transfer-Encoding: cow"),
    "chunked twice": response(CHUNKED, CHUNKED, body=CHUNKS),
    "chunked in a list": response("Transfer-Encoding: identity, Chunked, identity,", body=CHUNKS),
    "chunked of HTTP/1.0 without chunks": response(LENGTH, CHUNKED, status="HTTP/1.0 200 OK"),
    "gzip as transfer coding": response(
        "Transfer-Encoding: gzip, chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(GZIP), GZIP)
    ),
    # chunks
    "an extension": response(CHUNKED, body=chunks(HEX + b';a=b;c="d"\r\n')),
    "a long extension": response(CHUNKED, body=chunks(HEX + b";" + b"x" * 9_000 + b"\r\n")),
    "an unfinished extension": response(CHUNKED, body=chunks(HEX + b';a="b\r\n')),
    "an empty extension": response(CHUNKED, body=chunks(HEX + b" ; =\r\n", end=b"0;\r\n\r\n")),
    "spaces after the size": response(CHUNKED, body=chunks(HEX + b" \t \r\n", end=b"0  \r\n\r\n")),
    "zeros before the size": response(CHUNKED, body=chunks(b"00000" + HEX + b"\r\n", end=b"0000\r\n\r\n")),
    "a size in upper case": response(CHUNKED, body=chunks(HEX.upper() + b"\r\n")),
    "LF after the size": response(CHUNKED, body=chunks(HEX + b"\n")),
    "LF everywhere": response(CHUNKED, body=chunks(HEX + b"\n", b"\n", b"0\n\n"), line_end="\n"),
    "trailers": response(CHUNKED, body=chunks(HEX + b"\r\n", end=b"0\r\nETag: x\r\nContent-Length: 3\r\n\r\n")),
    "trailers that are no field": response(CHUNKED, body=chunks(HEX + b"\r\n", end=b"0\r\njunk\r\n\r\n")),
    "chunks of one byte": response(CHUNKED, body=b"".join(b"1\r\n%c\r\n" % each for each in BODY) + b"0\r\n\r\n"),
    # content codings that are none
    **{f"coding {name}": response(LENGTH, f"Content-Encoding: {name}") for name in NO_CODINGS},
    # content codings
    "gzip": response("Content-Encoding: GZIP", body=GZIP),
    "x-gzip": response("Content-Encoding: x-gzip", body=GZIP),
    "gzip after aws-chunked": response("Content-Encoding: aws-chunked, gzip", body=GZIP),
    "gzip before aws-chunked": response("Content-Encoding: gzip,aws-chunked", body=GZIP),
    "gzip twice": response("Content-Encoding: gzip, gzip", body=gzip.compress(GZIP)),
    "gzip in two lines": response("Content-Encoding: gzip", "Content-Encoding: gzip", body=gzip.compress(GZIP)),
    "gzip said twice": response("Content-Encoding: gzip", "Content-Encoding: gzip", body=GZIP),
    "gzip in two members": response("Content-Encoding: gzip", body=gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])),
    "junk after gzip": response("Content-Encoding: gzip", body=GZIP + b"junk"),
    "gzip without checksum": response("Content-Encoding: gzip", body=GZIP[:-8]),
    "gzip without size": response("Content-Encoding: gzip", body=GZIP[:-4]),
    "zlib": response("Content-Encoding: deflate", body=zlib.compress(BODY)),
    "raw deflate": response("Content-Encoding: deflate", body=codec(-15, BODY)),
    "gzip called deflate": response("Content-Encoding: deflate", body=GZIP),
    "br": response("Content-Encoding: br", body=brotli.compress(BODY)),
    "br after gzip": response("Content-Encoding: gzip, br", body=brotli.compress(GZIP)),
    "zstd": response("Content-Encoding: zstd", body=zstd.compress(BODY)),
    "zstd in two frames": response("Content-Encoding: zstd", body=zstd.compress(BODY[:9]) + zstd.compress(BODY[9:])),
    # fields that say nothing
    "odd metadata": response(
        LENGTH,
        *('ETag: "a"b"', "ETag: x", 'ETag: "\xe9"', "Last-Modified: yesterday", "Expires: -1", "Date: x", "Age: -5"),
        *("Cache-Control: max-age = 60 ,, s-maxage='x'", "Content-Range: none", "Keep-Alive: timeout=x", "Vary: *"),
    ),
    "no type": response(LENGTH).replace(b"Content-Type: image/png\r\n", b""),
    "a wrong type": response(LENGTH, "Content-Type: text/html; charset"),
}

REFUSED = {
    "a field beyond 256 kB": response(LENGTH, "X: " + "x" * 270_000),
    "too many fields": response(LENGTH, *("X:" for _ in range(10_001))),
    "interim responses beyond 256 kB": b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000 + response(LENGTH),
    "different lengths": response(LENGTH, f"Content-Length: {SIZE - 1}"),
    "a list of different lengths": response(f"Content-Length: {SIZE}, {SIZE - 1}"),
    "a NUL": response(LENGTH, "X: a\0b"),
    "five bytes before the status": b"abcde" + response(LENGTH),
    "HTTP/0.9": BODY,
    "a status of two digits": response(LENGTH, status="HTTP/1.1 20 OK"),
    "CR at the ends of lines": response(LENGTH, line_end="\r"),
    "a part": response(LENGTH, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE + 1}", status="HTTP/1.1 206 Partial Content"),
    "a later part": response(LENGTH, f"Content-Range: bytes 1-{SIZE}/{SIZE + 1}", status="HTTP/1.1 206 x"),
    "less than the part": response(LENGTH, f"Content-Range: bytes 0-{SIZE}/{SIZE + 1}", status="HTTP/1.1 206 x"),
    "less than a part of unknown size": response(f"Content-Range: bytes 0-{SIZE}/*", status="HTTP/1.1 206 x"),
    "101": response(LENGTH, "Upgrade: h2c", "Connection: Upgrade", status="HTTP/1.1 101 Switching Protocols"),
    "204": response(status="HTTP/1.1 204 No Content", body=b""),
    "304": response(status="HTTP/1.1 304 Not Modified", body=b""),
    "no last chunk": response(CHUNKED, body=HEX + b"\r\n" + BODY + b"\r\n"),
    "half a last chunk": response(CHUNKED, body=HEX + b"\r\n" + BODY + b"\r\n0\r\n"),
    "no line after a chunk": response(CHUNKED, body=chunks(HEX + b"\r\n", b"")),
    "a size with 0x": response(CHUNKED, body=chunks(b"0x" + HEX + b"\r\n")),
    "a negative size": response(CHUNKED, body=chunks(b"-1\r\n")),
    "a size of 17 digits": response(CHUNKED, body=chunks(b"f" * 17 + b"\r\n")),
    "an endless extension": response(CHUNKED, body=chunks(HEX + b";" + b"x" * 20_000 + b"\r\n")),
    "endless trailers": response(CHUNKED, body=chunks(HEX + b"\r\n", end=b"0\r\n" + b"X: y\r\n" * 70_000 + b"\r\n")),
    "a length beyond the body": response(f"Content-Length: {SIZE + 1}"),
}


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture
async def source() -> AsyncIterator[HttpSource]:
    opened = HttpSource(SourcesConfig.model_validate({"allowed_networks": "127.0.0.0/8"}))
    await opened.open()
    yield opened
    await opened.close()


def in_pieces(origin: Origin, path: str, answer: bytes) -> str:
    """Send the answer so that the client sees head, first bytes and last bytes apart."""

    async def send(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        end_of_head = re.search(rb"\n\r?\n|\Z", answer)
        head = end_of_head.end() if end_of_head else 0
        for start, end in ((0, 3), (3, head - 2), (head - 2, head), (head, head + 2), (head + 2, -7), (-7, None)):
            writer.write(answer[start:end])
            await writer.drain()
            await asyncio.sleep(0.001)
        return False

    return origin.route(path, send)


async def body_of(source: HttpSource, url: str) -> bytes:
    with (await source.fetch(parse_source(url))).spool as spool:
        return spool.read()


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_browsers_take_is_taken(origin: Origin, source: HttpSource, name: str) -> None:
    assert await body_of(source, origin.raw("/whole", ACCEPTED[name])) == BODY
    assert await body_of(source, in_pieces(origin, "/pieces", ACCEPTED[name])) == BODY


@pytest.mark.parametrize("name", REFUSED)
async def test_what_browsers_refuse_is_refused(origin: Origin, source: HttpSource, name: str) -> None:
    for url in (origin.raw("/whole", REFUSED[name]), in_pieces(origin, "/pieces", REFUSED[name])):
        with pytest.raises((SourceBadResponse, SourceUnreachable)):
            await source.fetch(parse_source(url))


IN_DOUBT = [
    "a length twice",
    "a list of lengths",
    "a length and chunks",
    "a line without colon",
    "lines that end with LF",
    "a comment after the body",
    "a response after the body",
    "a comment after chunks",
    "chunked in a list",
    "LF after the size",
    "trailers that are no field",
    "a space before the colon",
]
UNDOUBTED = ["a field of 9 kB", "200 cookies", "100 Continue", "trailers", "an extension", "coding UTF-8", "gzip"]


@pytest.mark.parametrize(
    ("name", "connections"), [*((name, 2) for name in IN_DOUBT), *((name, 1) for name in UNDOUBTED)]
)
async def test_a_connection_is_used_again_only_if_its_framing_was_clear(
    source: HttpSource, name: str, connections: int
) -> None:
    answer = ACCEPTED[name]
    if name == "gzip":
        answer = response(f"Content-Length: {len(GZIP)}", "Content-Encoding: gzip", body=GZIP)

    async def keep_open(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer)
        await writer.drain()
        return True

    with Origin() as origin:
        url = origin.route("/", keep_open)
        assert await body_of(source, url) == BODY
        assert await body_of(source, url) == BODY
        assert origin.connections == connections


async def test_what_arrives_on_an_idle_connection_answers_no_request(source: HttpSource) -> None:
    """A response that nobody has asked for would be taken for that to the next request."""
    late = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def send_twice(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(response("Content-Length: 2", body=b"ok"))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(response("Content-Length: 4", body=b"evil"))
        await writer.drain()
        loop.call_soon_threadsafe(late.set)
        return True

    with Origin() as origin:
        assert await body_of(source, origin.route("/", send_twice)) == b"ok"
        await late.wait()
        assert await body_of(source, origin.serve("/next", b"next")) == b"next"


async def test_encoded_bodies_that_decode_to_nothing_end() -> None:
    async def members() -> AsyncIterator[bytes]:
        while True:
            yield gzip.compress(b"") * 100

    async def decoded_size() -> int:
        return sum([len(output) async for output in decode_content("gzip", members(), 100_000)])

    with pytest.raises(SourceTooLarge):
        await decoded_size()


LARGE = b"<svg>" + bytes(range(256)) * 3_000
ENCODED = {
    "gzip": gzip.compress(LARGE) + gzip.compress(LARGE),
    "deflate": zlib.compress(LARGE + LARGE),
    "br": brotli.compress(LARGE + LARGE),
    "zstd": zstd.compress(LARGE) + zstd.compress(LARGE),
}


async def decoded(coding: str, *pieces: bytes) -> bytes:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return b"".join([output async for output in decode_content(coding, body(), 2**20)])


@pytest.mark.parametrize("coding", ENCODED)
async def test_a_body_decodes_to_the_same_however_it_is_cut(coding: str) -> None:
    """Also where little input gives much output, and where frames begin between two pieces."""
    body = ENCODED[coding]
    assert await decoded(coding, body) == LARGE * 2
    assert await decoded(coding, *(bytes((each,)) for each in body)) == LARGE * 2
    for end in range(4, len(body) // 3, 1 + len(body) // 50):
        with pytest.raises(SourceBadResponse):
            await decoded(coding, body[: end // 2], body[end // 2 : end])


async def test_frames_of_zstd_may_be_cut_anywhere() -> None:
    first, second = zstd.compress(BODY), zstd.compress(LARGE)
    for end in range(len(first) - 4, len(first) + 8):
        assert await decoded("zstd", (first + second)[:end], (first + second)[end:]) == BODY + LARGE
    for size in range(1, 4):
        with pytest.raises(SourceBadResponse):
            await decoded("zstd", first, second[:size])
    assert await decoded("zstd", first, b"junk") == BODY


async def test_a_window_of_zstd_beyond_8_mib_is_refused() -> None:
    """It would be allocated for a few bytes; browsers refuse it (RFC 9659)."""
    for log, is_accepted in ((23, True), (24, False), (27, False)):
        encoder = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
        body = encoder.compress(BODY, zstd.ZstdCompressor.FLUSH_BLOCK) + encoder.flush()
        if is_accepted:
            assert await decoded("zstd", body) == BODY
        else:
            with pytest.raises(SourceBadResponse):
                await decoded("zstd", body)


async def test_a_reset_connection_is_not_the_end_of_a_body(source: HttpSource) -> None:
    """A body without length ends with its connection; one that was cut off must not be taken for whole."""

    async def reset(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(response())
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    with Origin() as origin:
        url = origin.route("/", reset)
        for _ in range(5):
            with pytest.raises((SourceBadResponse, SourceUnreachable)):
                await source.fetch(parse_source(url))


async def test_of_many_header_fields_only_those_that_are_read_are_kept() -> None:
    """10,000 fields hold 5 MB for as long as the body takes."""
    known = ('ETag: "a"', "cache-control: max-age=7", "Cache-Control: must-revalidate", "Surrogate-Key: a b")
    many = [f"X-{number}: v" for number in range(5_000)]
    source = HttpSource(
        SourcesConfig.model_validate({"allowed_networks": "127.0.0.0/8", "source_tag_header": "Surrogate-Key"})
    )
    await source.open()
    with Origin() as origin:
        ref = parse_source(origin.raw("/many", response(LENGTH, *known[:2], *many, *known[2:])))
        original = await source.fetch(ref)
        with original.spool as spool:
            assert spool.read() == BODY
        few = await source.fetch(parse_source(origin.raw("/few", response(LENGTH, *known))))
        few.spool.close()
        assert (original.version, original.tags) == (few.version, few.tags)
        async with source._open_response(ref, {}) as answer:
            assert len(answer.headers) == 7
        repeated = origin.raw("/repeated", response(LENGTH, *(["Cache-Control: a"] * 300)))
        with pytest.raises(SourceBadResponse):
            await source.fetch(parse_source(repeated))
    await source.close()


async def test_many_small_chunks_are_passed_on_as_one() -> None:
    """Readers do some work for each piece: 40,000 of one byte would occupy the event loop for seconds."""
    protocol = OriginProtocol(asyncio.get_running_loop())
    payload = StreamReader(protocol, 2**20, loop=asyncio.get_running_loop())
    body = ChunkedBody(protocol, payload)
    body.feed_data(b"1\r\nx\r\n" * 1_000 + b"1;a\nx\n" * 1_000 + b"5\r\nab")
    assert await payload.readchunk() == (b"x" * 2_000 + b"ab", False)
    body.feed_data(b"cde\r\n0\r\n\r\n")
    assert await payload.read() == b"cde"
    assert payload.is_eof()


@given(st.lists(st.sampled_from(["gzip", "br", "zstd", "deflate", "x"])), st.lists(st.binary(max_size=50)))
async def test_any_body_is_decoded_or_refused(codings: list[str], pieces: list[bytes]) -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    try:
        assert sum([len(output) async for output in decode_content(",".join(codings), body(), 2**20)]) >= 0
    except SourceError as error:
        assert error.detail  # noqa: PT017 - decoded, or refused with a reason


@given(st.binary() | st.lists(st.sampled_from(sorted(ACCEPTED.values())).map(lambda raw: raw[:200])).map(b"".join))
def test_any_head_becomes_one_with_clear_framing_or_is_refused(head: bytes) -> None:
    try:
        found = canonical_head(head)
    except HttpProcessingError:
        return
    fields = found.lower().split(b"\r\n")
    framing = [each for each in fields if each.startswith((b"content-length:", b"transfer-encoding:"))]
    assert len(framing) <= 1
    assert b"connection: close" in fields
    assert len(found) <= len(head) + 100
    assert found.endswith(b"\r\n\r\n")
    assert found.count(b"\r\n\r\n") == 1


def test_the_maximum_is_that_of_chromium() -> None:
    assert MAX_HEAD_BYTES == 256 * 1024
