"""Encodes JPEGs by jpegli's own API: adaptive quantisation, in any sampling, with metadata.

pyjpegli's Python function has a quality only. Uses the jpegli in its wheel; ``available`` is False without it or where
it has another ABI. Must never know frames or plans.

jpegli reports an error by a function that must not return, and ends the process. All its conditions are checked
here before: sides, samplings, lengths, and memory, which is reserved at once.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_ulong, c_void_p
from dataclasses import dataclass
from io import BytesIO
from mmap import MAP_ANON, MAP_PRIVATE, mmap
from typing import Any, Final

from PIL import Image
from pyvips import ffi

from pixmill.engine.codecs import libjpegli_api as api
from pixmill.plan.lengths import Size

MAX_SIDE: Final = 65_500
MAX_SEGMENT_BYTES: Final = 65_533
MAX_PROFILE_BYTES: Final = 255 * 65_519
"""``JPEG_MAX_DIMENSION``; a segment of 16 bits; 255 segments, each with a signature of 14 bytes."""

_COLOUR_SPACES: Final = {1: api.GRAYSCALE, 3: api.RGB, 4: api.EXT_RGBX}
"""By samples per pixel."""

_SAMPLINGS: Final = frozenset(((1, 1), (2, 1), (2, 2)))
_PROGRESSIVE_LEVEL: Final = 2
"""The scans of jpegli with spectral selection and successive approximation."""


@dataclass(frozen=True, slots=True)
class JpegliOptions:
    """``quality``: 1 to 100 on jpegli's scale. ``sampling``: luma samples per chroma sample, across and down.

    ``optimize``: compute Huffman tables for this image; progressive ones always have their own.
    """

    quality: int
    sampling: tuple[int, int] = (2, 2)
    progressive: bool = False
    optimize: bool = True


@dataclass(frozen=True, slots=True)
class JpegSegments:
    """What stands before the image: an ICC profile, and pairs of marker (0xE0 to 0xEF) and content."""

    profile: bytes = b""
    others: tuple[tuple[int, bytes], ...] = ()


NO_SEGMENTS: Final = JpegSegments()


def encode(
    pixels: bytes | bytearray | memoryview,
    size: Size,
    channels: int,
    options: JpegliOptions,
    segments: JpegSegments = NO_SEGMENTS,
) -> bytes:
    """Encode packed pixels of 1 (grey), 3 (RGB) or 4 (RGBX) samples. Raises ValueError, MemoryError."""
    _check(memoryview(pixels).nbytes, size, channels, options, segments)
    _reserve(size, channels, options)
    output, output_bytes = c_void_p(), c_ulong()
    try:
        with _compressor() as info, ffi.from_buffer(pixels) as memory:
            _library.jpegli_mem_dest(info, byref(output), byref(output_bytes))
            _configure(info, size, channels, options)
            _library.jpegli_start_compress(info, 1)
            for marker, content in segments.others:
                _library.jpegli_write_marker(info, marker, content, len(content))
            if segments.profile:
                _library.jpegli_write_icc_profile(info, segments.profile, len(segments.profile))
            start, stride = int(ffi.cast("uintptr_t", memory)), size.width * channels
            rows = (c_void_p * size.height)(*range(start, start + stride * size.height, stride))
            if _library.jpegli_write_scanlines(info, rows, size.height) != size.height:
                raise ValueError("jpegli stopped early")
            _library.jpegli_finish_compress(info)
        return ctypes.string_at(output, output_bytes.value)
    finally:
        _free(output)


def _check(length: int, size: Size, channels: int, options: JpegliOptions, segments: JpegSegments) -> None:
    """Raise ValueError for what jpegli refuses."""
    if not (0 < size.width <= MAX_SIDE and 0 < size.height <= MAX_SIDE):
        raise ValueError(f"{size.width} × {size.height} pixels")
    if channels not in _COLOUR_SPACES or length < size.pixels * channels:
        raise ValueError(f"{length} bytes for {size.pixels} pixels of {channels} samples")
    if options.sampling not in _SAMPLINGS:
        raise ValueError(f"sampling of {options.sampling}")
    if len(segments.profile) > MAX_PROFILE_BYTES:
        raise ValueError(f"a profile of {len(segments.profile)} bytes")
    for marker, content in segments.others:
        if not (0xE0 <= marker <= 0xEF and len(content) <= MAX_SEGMENT_BYTES):  # noqa: PLR2004 - APP0 to APP15
            raise ValueError(f"a segment {marker:x} of {len(content)} bytes")


def _reserve(size: Size, channels: int, options: JpegliOptions) -> None:
    """Map and unmap the memory that jpegli may need, without touching it. Raises MemoryError."""
    try:
        mmap(-1, max_memory_bytes(size, channels, options), flags=MAP_PRIVATE | MAP_ANON).close()
    except OSError as error:
        raise MemoryError from error


def max_memory_bytes(size: Size, channels: int, options: JpegliOptions) -> int:
    """An upper bound of what jpegli allocates, reached within a third by noise at quality 100.

    A photograph in 4:2:0 takes 8 bytes of address space per pixel, and touches less than one.
    """
    width, height = (-(-side // _LARGEST_MCU) * _LARGEST_MCU for side in size.sides)
    across, down = options.sampling
    samples = width * height * (1 if channels == 1 else 1 + 2 / (across * down))
    per_sample = _PROGRESSIVE_BYTES if options.progressive else _TOKEN_BYTES if options.optimize else _OUTPUT_BYTES
    return round(samples * per_sample) + width * _ROW_BUFFER_BYTES + _FIXED_BYTES


_LARGEST_MCU: Final = 16
_PROGRESSIVE_BYTES, _TOKEN_BYTES, _OUTPUT_BYTES = 12, 8, 4
"""Per sample: coefficients, tokens and the result; tokens and the result; the result only, which grows by doubling."""

_ROW_BUFFER_BYTES: Final = 1_100
"""Per column: three rows of the largest blocks, as floats."""

_FIXED_BYTES: Final = 2_000_000


def _configure(info: Any, size: Size, channels: int, options: JpegliOptions) -> None:
    info.image_width, info.image_height = size.sides
    info.input_components, info.in_color_space = channels, _COLOUR_SPACES[channels]
    _library.jpegli_set_defaults(info)
    if channels > 1:
        luma = info.comp_info[0]
        luma.h_samp_factor, luma.v_samp_factor = options.sampling
        for number in (1, 2):
            chroma = info.comp_info[number]
            chroma.h_samp_factor = chroma.v_samp_factor = 1
    _library.jpegli_set_quality(info, options.quality, 1)  # after the sampling, which its tables depend on
    _library.jpegli_set_progressive_level(info, _PROGRESSIVE_LEVEL if options.progressive else 0)
    info.optimize_coding, info.write_JFIF_header = options.optimize, True


@contextmanager
def _compressor() -> Iterator[Any]:
    errors, info = api.ErrorManager(), api.CompressInfo()
    _library.jpegli_std_error(byref(errors))
    info.err = ctypes.pointer(errors)
    _library.jpegli_CreateCompress(info, api.ABI_VERSION, ctypes.sizeof(info))
    try:
        yield info
    finally:
        _library.jpegli_destroy_compress(info)


_library: Any = api.load_library()
_free: Any = api.load_free()

_TEST_SIZE: Final = Size(17, 9)
_TEST_COLOUR: Final = (200, 80, 40)


def _passes_self_check() -> bool:
    """Encode one colour and decode it by another library: with other structs it would not come back."""
    body = encode(bytes(_TEST_COLOUR) * _TEST_SIZE.pixels, _TEST_SIZE, 3, JpegliOptions(95))
    with Image.open(BytesIO(body)) as image:
        seen = image.tobytes()
        errors = [abs(value - _TEST_COLOUR[position % 3]) for position, value in enumerate(seen)]
        return image.size == _TEST_SIZE.sides and max(errors) <= _MAX_TEST_ERROR


_MAX_TEST_ERROR: Final = 4

available: Final = _library is not None and _free is not None and _passes_self_check()
"""Whether this installation can call jpegli."""
