"""Writes PNGs: filters chosen by trial, compressed by libdeflate (PNG specification, third edition, §5, §9, §11).

CPU ms and kB of a photograph of 512 × 346 pixels in ``balanced``: 12 and 316; libvips 12 and 327. A chart of 769 × 454
pixels: 6 and 76; libvips 7.5 and 94. Must never know frames or plans.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from pixmill.engine.codecs.png_chunks import SIGNATURE, encode_chunk, iter_chunks
from pixmill.engine.codecs.png_effort import PngEffort, bounded_level
from pixmill.engine.codecs.png_samples import PngSamples
from pixmill.engine.codecs.scanlines import Filtering, Samples, filter_rows
from pixmill.engine.codecs.zlib_stream import compress

_HEADER: Final = struct.Struct(">2I5B")
_WHOLE_BYTES: Final = 65_536
"""The largest image, in bytes, that is tried as a whole."""
_BANDS: Final = 6
_BANDED_SHARE: Final = 5
"""The number of bands of rows, together a fifth of the image, that are tried of a larger one."""
_MAX_PHOTO_REPEATS: Final = 0.3
_CHUNK_BYTES: Final = 12

Candidate = tuple[PngSamples, Filtering]


def write_png(ways: Sequence[PngSamples], repeat_share: float, effort: PngEffort, profile: bytes) -> bytes:
    """Write the smallest of these ways to store an image, with its ICC profile."""
    is_photo = len(ways) == 1 and repeat_share < _MAX_PHOTO_REPEATS and not _is_small(ways[0].samples)
    filters = effort.photo if is_photo else effort.drawing
    level = (is_photo and effort.photo_level) or effort.level
    found = _finalists(list(_candidates(ways, effort.indexed, filters)), effort)
    streams = ((way, _compressed(way.samples, filtering, level)) for way, filtering in found)
    way, stream = min(streams, key=lambda item: _overhead(item[0]) + len(item[1]))
    samples = way.samples
    header = _HEADER.pack(samples.width, samples.height, samples.bits, way.colour_type, 0, 0, 0)
    return b"".join(
        (
            SIGNATURE,
            encode_chunk(b"IHDR", header),
            *colour_chunks(profile, way.palette, way.alphas),
            encode_chunk(b"IDAT", stream),
            encode_chunk(b"IEND", b""),
        )
    )


def colour_chunks(profile: bytes, palette: bytes, alphas: bytes) -> Iterator[bytes]:
    """Yield the chunks of an ICC profile, a palette (RGB) and its alphas; none for what is empty."""
    if profile:
        yield encode_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))
    if palette:
        yield encode_chunk(b"PLTE", palette)
    if alphas:
        yield encode_chunk(b"tRNS", alphas)


def recompressed(png: bytes, effort: PngEffort) -> bytes:
    """Return a file of ours with its rows, as they are filtered, compressed at the level of the effort."""
    chunks = list(iter_chunks(memoryview(png)))
    rows = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    stream = compress(rows, bounded_level(effort.level, len(rows)))
    before = [encode_chunk(kind, data) for kind, data in chunks if kind not in (b"IDAT", b"IEND")]
    return b"".join((SIGNATURE, *before, encode_chunk(b"IDAT", stream), encode_chunk(b"IEND", b"")))


def _candidates(
    ways: Sequence[PngSamples], of_indices: Sequence[Filtering], filters: Sequence[Filtering]
) -> Iterator[Candidate]:
    """Yield what to try; the colours of an image with few of them only if it is so small that a palette may not pay."""
    indexed = [way for way in ways if way.is_indexed]
    yield from product(indexed, of_indices)
    for full in ways[len(indexed) :]:
        if not indexed or _is_small(full.samples):
            yield from product((full,), filters)


def _is_small(samples: Samples) -> bool:
    return samples.row_bytes * samples.height <= _WHOLE_BYTES


def _finalists(candidates: list[Candidate], effort: PngEffort) -> list[Candidate]:
    """Return the candidates that compress best, by a fast trial."""
    if len(candidates) <= effort.finalists:
        return candidates
    return sorted(candidates, key=lambda candidate: _estimate(candidate, effort.trial_level))[: effort.finalists]


def _estimate(candidate: Candidate, level: int) -> float:
    way, filtering = candidate
    sample = _sample(way.samples)
    return _overhead(way) + len(_compressed(sample, filtering, level)) * way.samples.height / sample.height


def _sample(samples: Samples) -> Samples:
    """Return bands of rows from all parts of the image as an image."""
    if _is_small(samples):
        return samples
    band = max(1, samples.height // (_BANDS * _BANDED_SHARE))
    last = samples.height - band
    starts = range(min(band * (_BANDED_SHARE // 2), last), last + 1, max(1, samples.height // _BANDS))
    pixels = b"".join(samples.rows(start, start + band) for start in starts)
    return Samples(pixels, samples.width, band * len(starts), samples.stored, samples.kept, samples.bits)


def _compressed(samples: Samples, filtering: Filtering, level: int) -> bytes:
    rows = filter_rows(samples, filtering)
    return compress(rows, bounded_level(level, len(rows)))


def _overhead(way: PngSamples) -> int:
    """The bytes of the chunks of a palette."""
    return sum(len(data) + _CHUNK_BYTES for data in (way.palette, way.alphas) if data)
