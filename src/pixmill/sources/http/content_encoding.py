"""Decodes the content codings of a response, in chunks of limited size.

Knows gzip, deflate, br and zstd, which some origins send although ``identity`` is requested. Must never hold more than
one chunk: the consumer counts the bytes, and stops a decompression bomb at its own limit.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from functools import partial
from typing import Final, Protocol

from pixmill.errors import SourceBadResponse, SourceTooLarge

_OUTPUT_CHUNK_BYTES: Final = 64 * 1024
_INPUT_CHUNK_BYTES: Final = 16 * 1024  # zlib copies its unused input at each step; small chunks keep that linear
_GZIP_WBITS: Final = 16 + zlib.MAX_WBITS
_ZLIB_METHOD: Final = 8  # low half of the first byte of a zlib stream (RFC 1950 §2.2)
_ZLIB_CHECK: Final = 31  # the first two bytes are a multiple of it
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_LONGEST_MAGIC: Final = len(_ZSTD_MAGIC)
_ZSTD_MAX_WINDOW_LOG: Final = 23
"""8 MiB, as in browsers; libzstd would allocate 128 MiB for a few bytes."""

_NO_CHECKSUMS: Final = (bytes(8), b"\xff" * 8)
"""Two, as one could be the end of the data."""


class Decoder(Protocol):
    """Decodes one coding. Both methods yield pieces of limited size, and raise SourceBadResponse for damaged data."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Decode a piece of the body."""

    def finish(self) -> Iterator[bytes]:
        """Decode what is left. Raises SourceBadResponse if the data end early."""


def decode_content(codings: str, chunks: AsyncIterator[bytes], max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Decode the chunks from all codings of a list, the last first. What is no known coding is no coding.

    Browsers and curl do the same: object stores keep whatever an uploader wrote, such as ``aws-chunked`` or ``UTF-8``.
    Raises SourceBadResponse for damaged data, SourceTooLarge if an encoded form has more than ``max_bytes``.
    """
    names = [name for part in codings.split(",") if (name := part.strip().lower()) in _CHOOSERS]
    if not names:
        return _identity(chunks)
    decoded = chunks
    for name in reversed(names[-_MAX_CODINGS:]):
        decoded = _decode(_CHOOSERS[name], _limited(decoded, max_bytes))
    return _identity(decoded)


_MAX_CODINGS: Final = 4
"""Codings of one body that are decoded; each one more is work without a use."""


async def _identity(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        yield chunk


async def _limited(chunks: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """Stop a body that decodes to nothing, which the consumer would never count."""
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise SourceTooLarge(detail=f"more than {max_bytes} encoded bytes")
        yield chunk


async def _decode(choose: Callable[[bytes], Decoder | None], chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Decode with what ``choose`` returns for the first bytes; None: the body is not encoded as stated."""
    start = b""
    decoder: Decoder | None = None
    is_chosen = False
    async for chunk in chunks:
        if not is_chosen:
            start += chunk
            if len(start) < _LONGEST_MAGIC:
                continue
            decoder, is_chosen, chunk = choose(start[:_INPUT_CHUNK_BYTES]), True, start  # noqa: PLW2901 - the first chunk
        if decoder is None:
            yield chunk
            continue
        for offset in range(0, len(chunk), _INPUT_CHUNK_BYTES):
            for output in decoder.decode(chunk[offset : offset + _INPUT_CHUNK_BYTES]):
                yield output
                await asyncio.sleep(0)  # one input chunk may expand to 16 MiB; let other tasks run in between
    if decoder is not None:
        for output in decoder.finish():
            yield output
    elif not is_chosen and start:
        yield start


class _Inflater:
    """gzip, zlib and raw deflate. What follows the end is ignored, as browsers do, except further members of gzip."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflater = zlib.decompressobj(wbits)
        self._after_end = b""
        self._is_over = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data and not self._is_over:
            if self._inflater.eof:
                data = self._begin_member(self._after_end + data)
            else:
                yield self._inflate(data)
                data = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail

    def finish(self) -> Iterator[bytes]:
        while not self._inflater.eof:
            output = self._inflate(b"")
            if not output:
                break
            yield output
        if not self._inflater.eof and not self._lacks_checksum_only():
            raise SourceBadResponse(detail="the compressed body ends early")

    def _inflate(self, data: bytes) -> bytes:
        try:
            return self._inflater.decompress(data, _OUTPUT_CHUNK_BYTES)
        except zlib.error as error:
            raise SourceBadResponse(detail=f"compressed body: {error}") from error

    def _begin_member(self, data: bytes) -> bytes:
        """Return the data of the next member of a gzip file (RFC 1952 §2.2); none if something else follows."""
        self._after_end = b""
        if self._wbits == _GZIP_WBITS and data.startswith(_GZIP_MAGIC):
            self._inflater = zlib.decompressobj(self._wbits)
            return data
        if self._wbits == _GZIP_WBITS and _GZIP_MAGIC.startswith(data):
            self._after_end = data
        else:
            self._is_over = True
        return b""

    def _lacks_checksum_only(self) -> bool:
        """Whether all data are there: zlib then takes whatever follows for the checksum."""
        return all(_is_checksum(self._inflater.copy(), following) for following in _NO_CHECKSUMS)


def _is_checksum(inflater: "zlib._Decompress", following: bytes) -> bool:
    try:
        inflater.decompress(following, 1)
    except zlib.error as error:
        return "incorrect" in str(error)
    return inflater.eof


class _Brotli:
    def __init__(self) -> None:
        import brotli  # noqa: PLC0415 - 5 MB that hardly any origin needs

        self._error: type[Exception] = brotli.error
        self._decompressor = brotli.Decompressor()

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Ask until nothing comes: the decompressor also holds output, which it does not tell of."""
        while not self._decompressor.is_finished():
            output = self._process(data)
            yield output
            data = b""
            if not output and self._decompressor.can_accept_more_data():
                return

    def finish(self) -> Iterator[bytes]:
        """Raises SourceBadResponse if the data end early."""
        if not self._decompressor.is_finished():
            raise SourceBadResponse(detail="the compressed body ends early")
        return iter(())

    def _process(self, data: bytes) -> bytes:
        try:
            output: bytes = self._decompressor.process(data, output_buffer_limit=_OUTPUT_CHUNK_BYTES)
        except self._error as error:
            raise SourceBadResponse(detail=f"compressed body: {error}") from error
        return output


class _Zstandard:
    """Frames of zstd, one after the other (RFC 8878 §3), with windows as large as RFC 9659 §3 allows."""

    def __init__(self) -> None:
        from backports import zstd  # noqa: PLC0415 - see _Brotli

        self._error: type[Exception] = zstd.ZstdError
        self._new = partial(
            zstd.ZstdDecompressor, options={zstd.DecompressionParameter.window_log_max: _ZSTD_MAX_WINDOW_LOG}
        )
        self._decompressor = self._new()
        self._after_end = b""
        self._is_over = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while not self._is_over:
            if self._decompressor.eof:
                data = self._begin_frame(self._after_end + data)
                if not data:
                    return
            try:
                yield self._decompressor.decompress(data, _OUTPUT_CHUNK_BYTES)
            except self._error as error:
                raise SourceBadResponse(detail=f"compressed body: {error}") from error
            data = self._decompressor.unused_data if self._decompressor.eof else b""
            if self._decompressor.needs_input and not self._decompressor.eof:
                return

    def finish(self) -> Iterator[bytes]:
        if not self._decompressor.eof or self._after_end:
            raise SourceBadResponse(detail="the compressed body ends early")
        return iter(())

    def _begin_frame(self, data: bytes) -> bytes:
        """Return the data of the next frame; none while its magic number is incomplete, or if there is none."""
        self._after_end = b""
        if data.startswith(_ZSTD_MAGIC):
            self._decompressor = self._new()
            return data
        if _ZSTD_MAGIC.startswith(data):
            self._after_end = data
        else:
            self._is_over = True
        return b""


def _choose_gzip(start: bytes) -> Decoder | None:
    return _Inflater(_GZIP_WBITS) if start.startswith(_GZIP_MAGIC) else None


def _choose_deflate(start: bytes) -> Decoder | None:
    """Deflate is a zlib stream by RFC 9110 §8.4.1.2, but some servers send a raw one, or gzip."""
    if start.startswith(_GZIP_MAGIC):
        return _Inflater(_GZIP_WBITS)
    if start[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(start[:2]) % _ZLIB_CHECK == 0:
        return _Inflater(zlib.MAX_WBITS)
    return _Inflater(-zlib.MAX_WBITS) if _is_decodable(_Inflater(-zlib.MAX_WBITS), start) else None


def _choose_brotli(start: bytes) -> Decoder | None:
    return _Brotli() if _is_decodable(_Brotli(), start) else None


def _choose_zstd(start: bytes) -> Decoder | None:
    return _Zstandard() if start.startswith(_ZSTD_MAGIC) else None


def _is_decodable(decoder: Decoder, start: bytes) -> bool:
    """Whether the first bytes are valid; of a coding without a signature."""
    try:
        next(decoder.decode(start), b"")
    except SourceBadResponse:
        return False
    return True


_CHOOSERS: Final[dict[str, Callable[[bytes], Decoder | None]]] = {
    "gzip": _choose_gzip,
    "x-gzip": _choose_gzip,
    "deflate": _choose_deflate,
    "br": _choose_brotli,
    "zstd": _choose_zstd,
}
