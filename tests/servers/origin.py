"""A real HTTP/1.1 origin on loopback, in its own thread, that misbehaves on demand.

    with Origin() as origin:
        origin.serve("/a.jpg", body, headers={"ETag": '"1"'})
        fetch(origin.url("/a.jpg"))
        assert origin.count("/a.jpg") == 1

Plain asyncio, since a well-behaved server would refuse to tell the lies that are needed here.
"""

import asyncio
import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.servers.connections import Connections

NOT_MODIFIED = 304
_CHUNK_BYTES = 16 * 1024
_TLS_HANDSHAKE = b"\x16"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Seen:
    """A request as it came; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    peer_port: int


@dataclass(frozen=True)
class Answer:
    """What to send, and how badly.

    ``claim`` is the Content-Length that is stated instead of the true one, ``chunked`` states none, ``close`` says
    Connection: close. ``wait_s`` passes before the head, ``pace_s`` before each 16 KiB of the body. ``cut_after``
    bytes of the body the connection ends. ``endless`` repeats the body until the client is gone. ``byte_by_byte`` sends
    the body so, and paces each.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    claim: int | None = None
    chunked: bool = False
    close: bool = False
    wait_s: float = 0
    pace_s: float = 0
    cut_after: int | None = None
    endless: bool = False
    byte_by_byte: bool = False


Route = Callable[[Seen, asyncio.StreamWriter], Awaitable[bool]]
"""Answers a request; returns whether the connection may carry another."""


class Origin:
    """Routes by exact request target (path and query). Anything not served is a 404.

    ``sent`` counts the bytes of what was published and sent whole.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.requests: list[Seen] = []
        self.connections = 0
        self.sent = 0
        self._routes: dict[str, Route] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._accepted = Connections(self._converse)
        self._thread = threading.Thread(target=self._run, name="origin", daemon=True)

    # ------------------------------------------------------------ what tests say

    def serve(self, path: str, body: bytes = b"", **how: object) -> str:
        """Answer ``path`` with ``body``, in the manner of ``Answer``; returns the URL."""
        return self.route(path, _answering(Answer(body, **how)))  # type: ignore[arg-type] # the fields of Answer

    def serve_gzip(self, path: str, body: bytes, **how: object) -> str:
        """The body compressed, and labelled so."""
        return self.serve(path, gzip.compress(body), headers={"Content-Encoding": "gzip"}, **how)

    def publish(self, path: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Answer as a good origin does: 304 to whoever has this ``ETag``, or else this ``Last-Modified``, with all
        its headers."""
        whole, same = _answering(Answer(body, headers=headers)), _answering(Answer(status=304, headers=headers))

        async def send(seen: Seen, writer: asyncio.StreamWriter) -> bool:
            if _has(seen.headers, headers):
                return await same(seen, writer)
            self.sent += len(body)
            return await whole(seen, writer)

        return self.route(path, send)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        return self.serve(path, status=status, headers={"Location": to})

    def raw(self, path: str, answer: bytes) -> str:
        """Send exactly these bytes and hang up."""

        async def send(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
            writer.write(answer)
            await writer.drain()
            return False

        return self.route(path, send)

    def reset(self, path: str, times: int | None = None) -> str:
        """Reset the connection before any answer, the first ``times`` requests only; then as served before."""
        usual = self._routes.get(path, _answering(Answer(status=404)))
        left = [times]

        async def refuse(seen: Seen, writer: asyncio.StreamWriter) -> bool:
            if left[0] == 0:
                return await usual(seen, writer)
            if left[0] is not None:
                left[0] -= 1
            _reset(writer)
            return False

        return self.route(path, refuse)

    def hang(self, path: str) -> str:
        """Never answer."""
        return self.serve(path, wait_s=3600)

    def trickle(self, path: str, every_s: float = 0.2, *, head: bool = False) -> str:
        """Send a byte of a large body every so often, or of the headers; the body never ends."""

        async def send(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
            writer.write(b"HTTP/1.1 200 OK\r\nX: " if head else b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(every_s)

        return self.route(path, send)

    def route(self, path: str, route: Route) -> str:
        self._routes[path] = route
        return self.url(path)

    def url(self, path: str = "/") -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{path}"

    def count(self, path: str) -> int:
        """How many requests came for the path."""
        return sum(seen.target == path for seen in self.requests)

    # ------------------------------------------------------------ the server

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            msg = "the origin did not start"
            raise RuntimeError(msg)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop = self._stop
        if stop is not None:
            self._loop.call_soon_threadsafe(stop.set)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accepted.accept, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        await self._accepted.stop(server)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await self._exchange(reader, writer):
                pass

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = await reader.readexactly(1)
        if first == _TLS_HANDSHAKE:
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _version = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        seen = Seen(method, target, headers, writer.get_extra_info("peername")[1])
        self.requests.append(seen)
        return await self._routes.get(target, _answering(Answer(b"nothing here", 404)))(seen, writer)


def _has(asked: Mapping[str, str], stated: Mapping[str, str]) -> bool:
    """Whether the condition of a request says that the client has it (RFC 9110 §13.2.2)."""
    if "if-none-match" in asked:
        return asked["if-none-match"] == stated.get("ETag")
    return "if-modified-since" in asked and asked["if-modified-since"] == stated.get("Last-Modified")


def _answering(answer: Answer) -> Route:
    async def send(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(answer.wait_s)
        writer.write(_head(answer))
        if seen.method != "HEAD":
            await _send_body(answer, writer)
        await writer.drain()
        honest = answer.claim is None and answer.cut_after is None and not answer.endless
        return honest and not answer.close

    return send


def _head(answer: Answer) -> bytes:
    headers = dict(answer.headers)
    if answer.status == NOT_MODIFIED:
        pass  # it has no body, and a length would be that of the 200
    elif answer.chunked or answer.endless:
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers["Content-Length"] = str(len(answer.body) if answer.claim is None else answer.claim)
    if answer.close:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {answer.status} Because", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def _send_body(answer: Answer, writer: asyncio.StreamWriter) -> None:
    chunked = answer.chunked or answer.endless
    body = answer.body if answer.cut_after is None else answer.body[: answer.cut_after]
    while True:
        step = 1 if answer.byte_by_byte else _CHUNK_BYTES
        for start in range(0, len(body), step):
            if answer.pace_s:
                await asyncio.sleep(answer.pace_s)
            piece = body[start : start + step]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if not answer.endless:
            break
    if chunked and answer.cut_after is None:
        writer.write(b"0\r\n\r\n")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the client sees a reset, not an orderly end."""
    stream = writer.get_extra_info("socket")
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
