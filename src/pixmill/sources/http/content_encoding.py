"""Decodes the content encoding of a response, in chunks of limited size.

Knows gzip and deflate, which some origins send although ``identity`` is requested. Must never hold more than one chunk:
the consumer counts the bytes, and stops a decompression bomb at its own limit.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from pixmill.errors import SourceBadResponse

_OUTPUT_CHUNK_BYTES: Final = 64 * 1024
_INPUT_CHUNK_BYTES: Final = 16 * 1024  # zlib copies its unused input at each step; small chunks keep that linear
_GZIP_WBITS: Final = 16 + zlib.MAX_WBITS
_ZLIB_METHOD: Final = 8  # low half of the first byte of a zlib stream (RFC 1950 §2.2)


def decode_content(coding: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Decode the chunks. Raises SourceBadResponse for other encodings and for damaged data."""
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
                await asyncio.sleep(0)  # one input chunk may expand to 16 MiB; let other tasks run in between
    while decompressor is not None and not decompressor.eof:
        output = _decompress(decompressor, b"")
        if not output:
            raise SourceBadResponse(detail="the compressed body ends early")
        yield output


def _new_decompressor(first_bytes: bytes, *, gzip: bool) -> "zlib._Decompress":
    """Deflate is a zlib stream by RFC 9110 §8.4.1.2, but some servers send a raw one."""
    if gzip:
        return zlib.decompressobj(_GZIP_WBITS)
    return zlib.decompressobj(zlib.MAX_WBITS if first_bytes[0] & 0x0F == _ZLIB_METHOD else -zlib.MAX_WBITS)


def _decompress(decompressor: "zlib._Decompress", compressed: bytes) -> bytes:
    """Return at most one chunk. Nothing may follow the end: no server sends several gzip members in one body."""
    try:
        output = decompressor.decompress(compressed, _OUTPUT_CHUNK_BYTES)
    except zlib.error as error:
        raise SourceBadResponse(detail=f"compressed body: {error}") from error
    if decompressor.unused_data:
        raise SourceBadResponse(detail="bytes follow the compressed body")
    return output
