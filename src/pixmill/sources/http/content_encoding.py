"""The body of an origin's answer without its content coding, in pieces of bounded size.

Knows gzip and deflate, which some origins send although ``identity`` is asked for. Must never hold more than one piece:
who takes the pieces counts them, and stops a bomb at its own limit.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from pixmill.errors import SourceBadResponse

_OUTPUT_CHUNK_BYTES: Final = 64 * 1024
_INPUT_CHUNK_BYTES: Final = 16 * 1024  # zlib copies what it has not yet used at each step; small bites keep that linear
_GZIP_WBITS: Final = 16 + zlib.MAX_WBITS
_ZLIB_METHOD: Final = 8  # low half of the first byte of a zlib stream (RFC 1950 §2.2)


def decode_content(coding: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The chunks as the content coding's name says; raises SourceBroken for other codings and for damage."""
    match coding.strip().lower():
        case "" | "identity":
            return _identity(chunks)
        case "gzip" | "x-gzip":
            return _inflate(chunks, gzip=True)
        case "deflate":
            return _inflate(chunks, gzip=False)
    raise SourceBadResponse(detail=f"content coding {coding[:100]!r}")


async def _identity(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        yield chunk


async def _inflate(chunks: AsyncIterator[bytes], *, gzip: bool) -> AsyncGenerator[bytes, None]:
    decompressor = None
    async for chunk in chunks:
        for start in range(0, len(chunk), _INPUT_CHUNK_BYTES):
            compressed = chunk[start : start + _INPUT_CHUNK_BYTES]
            decompressor = decompressor or _new_decompressor(compressed, gzip=gzip)
            while compressed:
                yield _decompress(decompressor, compressed)
                compressed = decompressor.unconsumed_tail
                await asyncio.sleep(0)  # a bite may hold 16 MiB; others have their turn between the pieces
    while decompressor is not None and not decompressor.eof:
        output = _decompress(decompressor, b"")
        if not output:
            raise SourceBadResponse(detail="the compressed body ends early")
        yield output


def _new_decompressor(first_bytes: bytes, *, gzip: bool) -> "zlib._Decompress":
    """Deflate is a zlib stream by RFC 9110 §8.4.1.2, and a bare one from some servers."""
    if gzip:
        return zlib.decompressobj(_GZIP_WBITS)
    return zlib.decompressobj(zlib.MAX_WBITS if first_bytes[0] & 0x0F == _ZLIB_METHOD else -zlib.MAX_WBITS)


def _decompress(decompressor: "zlib._Decompress", compressed: bytes) -> bytes:
    """At most one piece. Nothing may follow the end: several gzip members in one body are no server's way."""
    try:
        output = decompressor.decompress(compressed, _OUTPUT_CHUNK_BYTES)
    except zlib.error as error:
        raise SourceBadResponse(detail=f"compressed body: {error}") from error
    if decompressor.unused_data:
        raise SourceBadResponse(detail="bytes follow the compressed body")
    return output
