"""Reads headers and decodes still WebPs by libwebp's own API, cropped and scaled, into our memory.

Uses the libwebp that Pillow is linked to; ``available`` is False where it is linked statically or has another ABI.
Must never know frames or plans.
"""

import ctypes
from ctypes import byref, c_char
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from pyvips import ffi

from pixmill.engine.codecs import libwebp_api as api
from pixmill.plan.lengths import Size

_RGB, _RGBA = 0, 1
_FORMAT_FLAGS, _WIDTH, _HEIGHT = 0, 1, 2
_ANIMATION, _XMP, _EXIF, _ICC = 0x02, 0x04, 0x08, 0x20
_OK, _OUT_OF_MEMORY = 0, 1
_INCOMPLETE = (3, 5, 7)
"""VP8_STATUS_BITSTREAM_ERROR, VP8_STATUS_SUSPENDED, VP8_STATUS_NOT_ENOUGH_DATA."""

_TEST_FILE: Final = bytes.fromhex("524946461e000000574542505650384c110000002f000000000750e42ab4a9ff8188e87f0000")
"""A lossless file of one pixel."""

_TEST_PIXEL: Final = bytes((10, 200, 77))


class CropBox(NamedTuple):
    """A region of an image; ``left`` and ``top`` are even, or libwebp rounds them down."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class WebPInfo:
    """Header facts. ``frame_slice`` is where the first frame is encoded in the file.

    The size of metadata blocks is not bounded here; animated files are returned without them.
    """

    size: Size
    alpha: bool
    frame_slice: slice
    animated: bool = False
    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""


def read_info(source: memoryview) -> WebPInfo:
    """Read the header of a complete file, in memory that does not grow with the image.

    Raises ValueError for any other.
    """
    with ffi.from_buffer(source) as memory:
        file = api.Data(_address(memory), len(source))
        demuxer = _library.WebPDemuxInternal(byref(file), 0, None, api.DEMUX_ABI)
        if not demuxer:
            raise ValueError("Damaged or truncated")
        try:
            return _demux(demuxer, file)
        finally:
            _library.WebPDemuxDelete(demuxer)


def _demux(demuxer: int, file: api.Data) -> WebPInfo:
    flags, width, height = (_library.WebPDemuxGetI(demuxer, feature) for feature in (_FORMAT_FLAGS, _WIDTH, _HEIGHT))
    frame = api.FrameIterator()
    try:
        if not _library.WebPDemuxGetFrame(demuxer, 1, byref(frame)):
            raise ValueError("Contains no frame")
        start = frame.fragment.bytes - file.bytes
        info = WebPInfo(Size(width, height), bool(frame.has_alpha), slice(start, start + frame.fragment.size))
    finally:
        _library.WebPDemuxReleaseIterator(byref(frame))
    if flags & _ANIMATION:
        return replace(info, animated=True)
    metadata_chunks = ((_ICC, b"ICCP"), (_EXIF, b"EXIF"), (_XMP, b"XMP "))
    profile, exif, xmp = (_metadata_chunk(demuxer, name) if flags & flag else b"" for flag, name in metadata_chunks)
    return replace(info, profile=profile, exif=exif, xmp=xmp)


def _metadata_chunk(demuxer: int, name: bytes) -> bytes:
    chunk = api.ChunkIterator()
    try:
        found = _library.WebPDemuxGetChunk(demuxer, name, 1, byref(chunk))
        return ctypes.string_at(chunk.data.bytes, chunk.data.size) if found else b""
    finally:
        _library.WebPDemuxReleaseChunkIterator(byref(chunk))


def decode(encoded: memoryview, box: CropBox, size: Size, *, alpha: bool, allow_partial: bool = False) -> bytearray:
    """Decode a region of one frame as packed RGB or RGBA, scaled to ``size`` if that differs.

    Raises ValueError if damaged; ``allow_partial`` leaves rows that are cut off 0. ``encoded`` is the ``frame_slice``
    of a file. Little more than the returned buffer is allocated, except for lossless frames, where libwebp takes four
    bytes for each pixel of the whole.
    """
    stride = size.width * (4 if alpha else 3)
    pixels = bytearray(stride * size.height)
    config = api.DecoderConfig()
    if not _library.WebPInitDecoderConfigInternal(byref(config), api.DECODER_ABI):
        raise ValueError("libwebp has another ABI")
    options, output = config.options, config.output
    options.use_cropping = 1
    options.crop_left, options.crop_top, options.crop_width, options.crop_height = box
    options.use_scaling = (box.width, box.height) != (size.width, size.height)
    options.scaled_width, options.scaled_height = size.width, size.height
    output.colorspace, output.is_external_memory = _RGBA if alpha else _RGB, 1
    memory = (c_char * len(pixels)).from_buffer(pixels)
    output.u.rgba = api.RgbaBuffer(ctypes.addressof(memory), stride, len(pixels))
    with ffi.from_buffer(encoded) as file:
        status = _library.WebPDecode(_address(file), len(encoded), byref(config))
    if status == _OUT_OF_MEMORY:
        raise MemoryError
    has_rows = allow_partial and status in _INCOMPLETE and pixels.count(0) < len(pixels)
    if status != _OK and not has_rows:
        raise ValueError(f"Damaged: status {status}")
    return pixels


def _address(memory: Any) -> int:
    return int(ffi.cast("uintptr_t", memory))


_library: Any = api.load_library()


def _passes_self_check() -> bool:
    """Decode the one-pixel file: with another struct layout the pixel would not come back."""
    file, size, encoded = memoryview(_TEST_FILE), Size(1, 1), slice(12, 38)
    try:
        info = read_info(file) == WebPInfo(size, alpha=False, frame_slice=encoded)
        return info and decode(file[encoded], CropBox(0, 0, 1, 1), size, alpha=False) == _TEST_PIXEL
    except ValueError:
        return False


available: Final = _library is not None and _passes_self_check()
"""Whether this installation can call libwebp directly."""
