"""The body of an origin's answer without its content coding, in pieces of bounded size.

Knows gzip and deflate, which some origins send although ``identity`` is asked for. Must never hold more than one piece:
who takes the pieces counts them, and stops a bomb at its own limit.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from pixmill.errors import SourceBroken

_PIECE_BYTES: Final = 64 * 1024
_BITE_BYTES: Final = 16 * 1024  # zlib copies what it has not yet used at each step; small bites keep that linear
_GZIP_BITS: Final = 16 + zlib.MAX_WBITS
_ZLIB_METHOD: Final = 8  # low half of the first byte of a zlib stream (RFC 1950 §2.2)


def decoded(coding: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The chunks as the content coding's name says; raises SourceBroken for other codings and for damage."""
    match coding.strip().lower():
        case "" | "identity":
            return _as_it_is(chunks)
        case "gzip" | "x-gzip":
            return _inflated(chunks, gzip=True)
        case "deflate":
            return _inflated(chunks, gzip=False)
    raise SourceBroken(detail=f"content coding {coding[:100]!r}")


async def _as_it_is(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        yield chunk


async def _inflated(chunks: AsyncIterator[bytes], *, gzip: bool) -> AsyncGenerator[bytes, None]:
    stream = None
    async for chunk in chunks:
        for start in range(0, len(chunk), _BITE_BYTES):
            bite = chunk[start : start + _BITE_BYTES]
            stream = stream or _new_stream(bite, gzip=gzip)
            while bite:
                yield _step(stream, bite)
                bite = stream.unconsumed_tail
                await asyncio.sleep(0)  # a bite may hold 16 MiB; others have their turn between the pieces
    while stream is not None and not stream.eof:
        piece = _step(stream, b"")
        if not piece:
            raise SourceBroken(detail="the compressed body ends early")
        yield piece


def _new_stream(start: bytes, *, gzip: bool) -> "zlib._Decompress":
    """Deflate is a zlib stream by RFC 9110 §8.4.1.2, and a bare one from some servers."""
    if gzip:
        return zlib.decompressobj(_GZIP_BITS)
    return zlib.decompressobj(zlib.MAX_WBITS if start[0] & 0x0F == _ZLIB_METHOD else -zlib.MAX_WBITS)


def _step(stream: "zlib._Decompress", compressed: bytes) -> bytes:
    """At most one piece. Nothing may follow the end: several gzip members in one body are no server's way."""
    try:
        piece = stream.decompress(compressed, _PIECE_BYTES)
    except zlib.error as error:
        raise SourceBroken(detail=f"compressed body: {error}") from error
    if stream.unused_data:
        raise SourceBroken(detail="bytes follow the compressed body")
    return piece
