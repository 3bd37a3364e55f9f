"""Reads the responses of origins: header fields as browsers read them, with the parser of aiohttp behind.

Knows RFC 9112 and aiohttp's protocol. A response that its parser refuses gets a canonical head, if browsers can tell
what it means; its connection is then closed, never used again: another reader may see other messages in it
(response splitting). Must never read more than ``MAX_HEAD_BYTES`` for a head.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from ssl import SSLError
from typing import Final, Never, Protocol, cast

from aiohttp import ClientPayloadError, ServerDisconnectedError
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception
from aiohttp.http_exceptions import (
    BadHttpMessage,
    BadStatusLine,
    HttpProcessingError,
    InvalidHeader,
    LineTooLong,
    TransferEncodingError,
)
from aiohttp.http_parser import HttpResponseParser, RawResponseMessage
from aiohttp.http_writer import HttpVersion11
from aiohttp.streams import StreamReader

MAX_HEAD_BYTES: Final = 256 * 1024
"""Maximum size of all header fields of a response, interim responses included: that of Chromium."""

READ_BUFFER_BYTES: Final = 256 * 1024

MAX_FIELDS: Final = 10_000
"""Maximum number of header fields: curl takes 5,000, Chromium as many as fit."""

_FEW_FIELDS: Final = 256
"""Maximum number of fields that are kept for the time of the body: 10,000 take 5 MB, which no budget counts."""

_READ_FIELDS: Final = frozenset(
    {
        b"age",
        b"cache-control",
        b"cdn-cache-control",
        b"content-range",
        b"content-type",
        b"date",
        b"etag",
        b"expires",
        b"last-modified",
        b"location",
    }
)
"""All fields that the source reads, besides the framing and that of the surrogate keys."""

_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_LINE_BREAKS: Final = (b"\r", b"\n")
_MAX_LEADING_BYTES: Final = 4
"""Bytes before the status line that Chromium skips, such as a byte order mark."""

_LEADING: Final = re.compile(rb"[\s\S]{0,4}?(?=HTTP/)", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(rb"HTTP/(\d{1,2})(?:\.(\d{1,2}))?[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_INTERIM: Final = re.compile(rb"HTTP/1\.[01][ \t]+1(?!01)\d\d(?!\d)", re.IGNORECASE)
_FIELD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:")
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_LENGTH: Final = re.compile(rb'"?\+?([0-9]{1,18})(?:"|\.0+|[ \t;].*)?')
"""A Content-Length, also as curl reads one: with a sign, a fraction, a unit."""

_IN_DOUBT: Final = (b"\n ", b"\n\t", b" :", b"\t:")
"""In a head: folded lines (RFC 9112 §5.2), spaces before a colon (§5.1)."""

_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;|\Z)")

_PLAIN_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_CRLF: Final = b"\r\n"

MAX_LINE_BYTES: Final = 16 * 1024
"""Maximum length of a line between chunks."""

_REWRITTEN: Final = frozenset(
    {
        b"connection",
        b"content-encoding",
        b"content-length",
        b"keep-alive",
        b"sec-websocket-key1",
        b"transfer-encoding",
        b"upgrade",
    }
)
SWITCHING_PROTOCOLS: Final = 101
_CHUNKED: Final = "chunked"
_TRANSFER_ENCODING: Final = "Transfer-Encoding"

Messages = Sequence[tuple[RawResponseMessage, StreamReader]]
Parsed = tuple[Messages, bool, bytes]
_NOTHING: Final[Parsed] = ((), False, b"")


class BodyParser(Protocol):
    """What aiohttp's protocol needs of a parser."""

    def feed_data(self, data: bytes, /) -> Parsed:
        """Parse; return new messages, whether the protocol changes, and what was not parsed."""


class OriginProtocol(ResponseHandler):
    """A connection to an origin. ``is_idle``: it is in the pool; whatever arrives then answers no request."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tag_header: str = "") -> None:
        super().__init__(loop)
        self.tag_field = tag_header.lower().encode()

    is_idle = False
    _is_reused = False
    _in_head = False

    def set_response_params(self, **params: object) -> None:
        """Prepare for the response to the request that follows."""
        self._is_reused, self.is_idle, self._in_head = self.is_idle, False, True
        early, self._tail = self._tail, b""
        super().set_response_params(**cast(dict[str, Never], params))
        self._parser = cast(HttpResponseParser, ResponseParser(self, cast(HttpResponseParser, self._parser)))
        if early:
            self._tail = early
            self._drain_tail()

    def data_received(self, data: bytes) -> None:
        if self.is_idle and data:
            self.force_close()
            self.close()
        else:
            super().data_received(data)

    def use_parser(self, parser: BodyParser) -> None:
        """Read what follows, the body, with this parser."""
        self._in_head = False
        self._parser = cast(HttpResponseParser, parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Fail a body that is not over when a connection is reset: aiohttp takes that for its end, if it has no length.

        TLS without a closing alert is no failure: browsers tolerate it.
        """
        payload = self._payload
        if isinstance(exc, OSError) and not isinstance(exc, SSLError) and payload is not None and not payload.is_eof():
            set_exception(payload, ClientPayloadError(f"the connection was lost: {exc!r}"), exc)
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Also end the body: aiohttp's reader would wait for it until its timeout.

        What is no HTTP on a connection that was used before follows the earlier response: as good as a lost connection.
        """
        if isinstance(exc, HttpProcessingError):
            if self._is_reused and self._in_head:
                exc = ServerDisconnectedError()
            elif (payload := self._payload) is not None and not payload.is_eof():
                set_exception(payload, ClientPayloadError(f"the body is malformed: {exc.message}"))
        super().set_exception(exc, *cause)


class ResponseParser:
    """Collects the head of a response, parses it, and leaves the body to the parser that has read the head."""

    def __init__(self, protocol: OriginProtocol, parser: HttpResponseParser) -> None:
        self._protocol = protocol
        self._active = parser
        self._buffer = bytearray()
        self._search_from = 0
        self._skipped_bytes = 0

    def feed_data(self, data: bytes) -> Parsed:
        self._buffer += data
        head_end = self._find_head_end()
        if not head_end:
            return _NOTHING
        head = bytes(self._buffer[:head_end])
        rest = data[len(data) - len(self._buffer) + head_end :]  # the end of a head is in the latest data
        self._buffer.clear()
        messages = self._parse_head(head)
        if not messages:
            raise BadHttpMessage("no response in the header fields")
        message, payload = messages[0]
        body: BodyParser = ChunkedBody(self._protocol, payload) if message.chunked else self._active
        self._protocol.use_parser(body)
        is_faulty = message.chunked and message.version < HttpVersion11  # RFC 9112 §6.1
        if is_faulty or message.code == SWITCHING_PROTOCOLS or _is_in_doubt(head):
            self._protocol.force_close()
        if rest:
            self._feed_body(body, payload, rest)
        return messages, False, b""

    def feed_eof(self) -> None:
        """The connection ended in a head: nothing can be made of it."""

    def pause_reading(self) -> None:
        self._active.pause_reading()

    def message_consumed(self) -> None:
        """Responses are never queued."""

    def _find_head_end(self) -> int:
        """Return the length of the head of the final response at the start of the buffer; 0 while it is incomplete.

        Drops interim responses (RFC 9110 §15.2) and empty lines before the status line.
        """
        while True:
            if self._buffer.startswith(_LINE_BREAKS):
                self._drop(len(self._buffer) - len(self._buffer.lstrip(b"\r\n")))
            found = _END_OF_HEAD.search(self._buffer, self._search_from)
            head_end = found.end() if found else 0
            if self._skipped_bytes + (head_end or len(self._buffer)) > MAX_HEAD_BYTES:
                raise LineTooLong(b"header fields", MAX_HEAD_BYTES)
            if not head_end:
                _check_start(self._buffer)
                self._search_from = max(0, len(self._buffer) - len(b"\n\r"))
                return 0
            if not _INTERIM.match(self._buffer):
                return head_end
            self._drop(head_end)

    def _drop(self, count: int) -> None:
        if count:
            self._skipped_bytes += count
            del self._buffer[:count]
            self._search_from = 0

    def _parse_head(self, head: bytes) -> Messages:
        if head.count(b"\n") <= _FEW_FIELDS:
            with suppress(HttpProcessingError):
                messages = self._active.feed_data(head)[0]
                if messages and _is_plain(messages[0][0]):
                    return messages
        self._active = self._new_parser()
        return self._active.feed_data(canonical_head(head, self._protocol.tag_field))[0]

    def _new_parser(self) -> HttpResponseParser:
        return HttpResponseParser(
            self._protocol,
            self._protocol._loop,  # noqa: SLF001 - as ResponseHandler passes it
            READ_BUFFER_BYTES,
            payload_exception=ClientPayloadError,
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
            max_headers=MAX_FIELDS,
        )

    def _feed_body(self, body: BodyParser, payload: StreamReader, rest: bytes) -> None:
        """Feed what arrived with the head. What follows the body is dropped, and the connection closed."""
        try:
            further, _upgraded, _rest = body.feed_data(rest)
        except HttpProcessingError as error:
            self._protocol.force_close()
            if not payload.is_eof():
                set_exception(payload, ClientPayloadError(f"the body is malformed: {error.message}"), error)
        else:
            if further:
                self._protocol.force_close()


class ChunkedBody:
    """Reads a chunked body as curl and Chromium do: lines that end with LF, odd extensions, trailers that are no field.

    aiohttp's parser refuses these, in the middle of a body. Holds no more than one line. The connection is used again
    only if nothing was odd and nothing follows.
    """

    def __init__(self, protocol: OriginProtocol, payload: StreamReader) -> None:
        self._protocol = protocol
        self._payload = payload
        self._line = b""
        self._chunk_bytes = 0
        self._trailer_bytes = 0
        self._is_over = False
        self._read_line = self._read_size

    def feed_data(self, data: bytes) -> Parsed:
        """Pass all chunks on as one: readers do some work for each, and a chunk may have one byte."""
        if self._line:
            data, self._line = self._line + data, b""
        pieces: list[bytes] = []
        try:
            self._read(data, pieces)
        finally:
            if pieces:
                content = b"".join(pieces)
                self._payload.feed_data(content, len(content))
        if self._is_over and not self._payload.is_eof():
            self._payload.feed_eof()
        return _NOTHING

    def _read(self, data: bytes, pieces: list[bytes]) -> None:
        position = 0
        while position < len(data):
            if self._is_over:
                self._protocol.force_close()
                break
            if self._read_line == self._read_size:
                position = _read_whole_chunks(data, position, pieces)
            if self._chunk_bytes:
                piece = data[position : position + self._chunk_bytes]
                pieces.append(piece)
                self._chunk_bytes -= len(piece)
                position += len(piece)
                continue
            end = data.find(b"\n", position)
            if (len(data) if end < 0 else end) - position > MAX_LINE_BYTES:
                raise LineTooLong(b"chunk", MAX_LINE_BYTES)
            if end < 0:
                self._line = data[position:]
                break
            line = data[position:end]
            if not line.endswith(b"\r"):
                self._protocol.force_close()
            self._read_line(line.rstrip(b"\r"))
            position = end + 1

    def feed_eof(self) -> None:
        """Raises TransferEncodingError if the last chunk, or what follows it, is missing."""
        if not self._payload.is_eof():
            raise TransferEncodingError("the connection was closed within a chunked body")

    def pause_reading(self) -> None:
        """What has been received is fed at once: it is bounded."""

    def message_consumed(self) -> None:
        """Responses are never queued."""

    def _read_size(self, line: bytes) -> None:
        found = _CHUNK_SIZE.match(line)
        if not found:
            raise TransferEncodingError("invalid chunk size")
        self._chunk_bytes = int(found[1], 16)
        self._read_line = self._read_end if self._chunk_bytes else self._read_trailer

    def _read_end(self, line: bytes) -> None:
        if line:
            raise TransferEncodingError("a chunk is longer than its size")
        self._read_line = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        """Ignore the fields after the body (RFC 9110 §6.5.1), up to the size that header fields may have."""
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MAX_HEAD_BYTES:
            raise LineTooLong(b"trailers", MAX_HEAD_BYTES)
        if not line:
            self._is_over = True
        elif not _FIELD.match(line):
            self._protocol.force_close()


def _read_whole_chunks(data: bytes, position: int, pieces: list[bytes]) -> int:
    """Read chunks that are there as a whole, and plain, from their size on; return where the next one begins.

    Nothing else is done for each of them: there may be a hundred thousand of one byte.
    """
    while (found := _PLAIN_SIZE.match(data, position)) and (size := int(found[1], 16)):
        start = found.end()
        end = start + size
        if data[end : end + 2] != _CRLF:
            break
        pieces.append(data[start:end])
        position = end + 2
    return position


def canonical_head(head: bytes, tag_field: bytes = b"") -> bytes:
    """Return a head that means what browsers see in this one, with one framing, and ``Connection: close``.

    Of many fields only those that are read are kept. Raises HttpProcessingError for a head that they refuse.
    """
    if b"\0" in head:
        raise InvalidHeader(b"NUL")
    start = _LEADING.match(head)
    status = _STATUS_LINE.match(head, start.end() if start else 0)
    if not status:
        raise BadStatusLine(head[:100].decode("latin-1"))
    fields = list(_fields(head[status.end() :]))
    is_http_1_0 = (int(status[1]), int(status[2] or 0)) < HttpVersion11
    transfer_codings = [] if is_http_1_0 else _tokens(fields, b"transfer-encoding")
    codings = [*_tokens(fields, b"content-encoding"), *(name for name in transfer_codings if name != b"chunked")]
    lines = [b"HTTP/1.1 " + status[3] + b" ", b"Connection: close", *_framing(fields, transfer_codings)]
    if codings:
        lines.append(b"Content-Encoding: " + b", ".join(codings))
    kept = [(name, value) for name, value in fields if name.lower() not in _REWRITTEN]
    if len(kept) > _FEW_FIELDS:
        kept = [(name, value) for name, value in kept if name.lower() in _READ_FIELDS or name.lower() == tag_field]
    if len(fields) > MAX_FIELDS or len(kept) > _FEW_FIELDS:
        raise BadHttpMessage("too many header fields")
    lines += (name + b": " + value for name, value in kept)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _fields(text: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Yield names and values; skip lines that are no field, as Chromium does; join folded ones (RFC 9112 §5.2)."""
    for line in _FOLD.sub(b" ", text).split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and _TOKEN.fullmatch(name):
            yield name, value.strip(b" \t\r").replace(b"\r", b" ")


def _framing(fields: Sequence[tuple[bytes, bytes]], transfer_codings: Sequence[bytes]) -> Sequence[bytes]:
    """Return the one field that says where the body ends; none if the connection does (RFC 9112 §6.3)."""
    if b"chunked" in transfer_codings:
        return (b"Transfer-Encoding: chunked",)
    values = [
        part.strip(b" \t") for name, value in fields if name.lower() == b"content-length" for part in value.split(b",")
    ]
    lengths = {int(found[1]) if (found := _LENGTH.fullmatch(value)) else None for value in values}
    if len(lengths) > 1:
        raise BadHttpMessage("different values of Content-Length")
    length = lengths.pop() if lengths else None
    return () if length is None else (b"Content-Length: %d" % length,)


def _tokens(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """Return the members of a list, in lower case (RFC 9110 §5.6.1)."""
    parts = (part for each, value in fields if each.lower() == name for part in value.split(b","))
    return [token for part in parts if (token := part.strip(b" \t").lower())]


def _is_plain(message: RawResponseMessage) -> bool:
    """Whether every parser reads the same framing: what follows "chunked" in a list, say, is read in several ways."""
    transfer_codings = message.headers.getall(_TRANSFER_ENCODING, ())
    return not transfer_codings or (len(transfer_codings) == 1 and transfer_codings[0].lower() == _CHUNKED)


def _is_in_doubt(head: bytes) -> bool:
    """Whether some parsers see other fields in the head: also where lines end with LF alone (RFC 9112 §2.2)."""
    return head.count(b"\n") != head.count(b"\r\n") or any(each in head for each in _IN_DOUBT)


def _check_start(head: bytearray) -> None:
    """Refuse what is not HTTP, as soon as that shows."""
    if len(head) >= _MAX_LEADING_BYTES + len("HTTP/") and not _LEADING.match(head):
        raise BadStatusLine(head[:100].decode("latin-1"))
