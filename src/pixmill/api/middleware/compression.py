"""Compresses answers that are text, for clients that take it: SVG, JSON, HTML, scripts, metrics.

The entity tag of a compressed answer is weak, since its bytes are others (RFC 9110 §8.8.1); conditional requests
compare weakly, so one tag stands for all codings.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixmill.api.http.compression import MAX_BYTES, MIN_BYTES, Compressor, choose_coding, is_compressible

_OK, _NOT_MODIFIED = 200, 304
_VARY: Final = "Accept-Encoding"


class CompressionMiddleware:
    """Holds the start of an answer back until its body is known. Passes on what is sent in several parts."""

    def __init__(self, app: ASGIApp, compressor: Compressor, codings: tuple[str, ...]) -> None:
        self.app = app
        self._compressor = compressor
        self._codings = codings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._codings:
            await self.app(scope, receive, send)
            return
        start: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            held_start, start = start, None
            if held_start is not None:
                message = await self._coded(scope, held_start, message)
                await send(held_start)
            await send(message)

        await self.app(scope, receive, send_compressed)

    async def _coded(self, scope: Scope, start: Message, message: Message) -> Message:
        """Return the body to send, and change the headers of ``start`` accordingly."""
        headers = MutableHeaders(raw=start["headers"])
        if start["status"] == _NOT_MODIFIED:
            _mirror_weak_tag(scope, headers)
            return message
        if not _may_be_coded(headers, message):
            return message
        headers.add_vary_header(_VARY)
        coding = choose_coding(_accepted(scope), self._codings)
        body = message.get("body", b"")
        is_head = scope["method"] == "HEAD"
        if not coding or (not is_head and not MIN_BYTES <= len(body) <= MAX_BYTES):
            return message
        if is_head and not MIN_BYTES <= int(headers.get("content-length", "0")) <= MAX_BYTES:
            return message
        headers["content-encoding"] = coding
        _weaken_tag(headers)
        del headers["content-length"]
        if is_head:
            return message
        compressed = await self._compressor.compress(body, coding)
        headers["content-length"] = str(len(compressed))
        return {**message, "body": compressed}


def _may_be_coded(headers: MutableHeaders, message: Message) -> bool:
    """Whether the answer is text, whole, and nobody forbids to transform it (RFC 9111 §5.2.2.6)."""
    return (
        is_compressible(headers.get("content-type", ""))
        and not message.get("more_body")
        and "content-encoding" not in headers
        and "content-range" not in headers
        and "no-transform" not in headers.get("cache-control", "")
    )


def _accepted(scope: Scope) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-encoding")


def _weaken_tag(headers: MutableHeaders) -> None:
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        headers["etag"] = f"W/{etag}"


def _mirror_weak_tag(scope: Scope, headers: MutableHeaders) -> None:
    """Give a client that has a compressed copy the tag of that, with which it finds its copy (RFC 9111 §4.3.4)."""
    etag = headers.get("etag", "")
    tags = b",".join(value for name, value in scope["headers"] if name == b"if-none-match").decode("latin-1")
    if etag.startswith('"') and f"W/{etag}" in tags:
        headers["etag"] = f"W/{etag}"
        headers.add_vary_header(_VARY)
