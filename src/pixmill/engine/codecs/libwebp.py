"""libwebp by its own interface: what a file says of itself, and the pixels of a part of it, written into memory of ours.

It is the libwebp that Pillow is linked to, found through Pillow's module and so by whatever name it has. Where it cannot be reached that way, because it was linked
in statically or is of another age, ``available`` is False.
Knows ctypes and the structures and functions of ``decode.h`` and ``demux.h`` (https://developers.google.com/speed/webp/docs/api). Must never know frames or plans.
"""

import ctypes
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from pyvips import ffi

from pixmill.plan.geometry import Size

_DECODER_ABI: Final = 0x0209
_DEMUX_ABI: Final = 0x0107
"""What the structures below are those of; a library of another major number refuses them."""

_RGB, _RGBA = 0, 1
_FORMAT_FLAGS, _WIDTH, _HEIGHT = 0, 1, 2
_ANIMATION, _XMP, _EXIF, _ICC = 0x02, 0x04, 0x08, 0x20
_OK, _OUT_OF_MEMORY = 0, 1

_TEST_FILE: Final = bytes.fromhex("524946461e000000574542505650384c110000002f000000000750e42ab4a9ff8188e87f0000")
"""A file of one pixel, without loss."""

_TEST_PIXEL: Final = bytes((10, 200, 77))


class CropBox(NamedTuple):
    """A part of a picture; ``left`` and ``top`` are even, or libwebp makes them so."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class WebPInfo:
    """What a file says of itself. ``pixels``: where those of the first frame are encoded. The blocks are as large as the file makes them; of an
    ``animated`` one they are not looked for.
    """

    size: Size
    alpha: bool
    frame_slice: slice
    animated: bool = False
    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""


class _Features(ctypes.Structure):
    """``struct WebPBitstreamFeatures``."""

    _fields_ = [
        *((name, c_int) for name in ("width", "height", "has_alpha", "has_animation", "format")),
        ("pad", c_uint32 * 5),
    ]


class _Interleaved(ctypes.Structure):
    """``struct WebPRGBABuffer``."""

    _fields_ = [("rgba", c_void_p), ("stride", c_int), ("size", c_size_t)]


class _Planes(ctypes.Structure):
    """``struct WebPYUVABuffer``, here for its size only."""

    _fields_ = [("planes", c_void_p * 4), ("strides", c_int * 4), ("sizes", c_size_t * 4)]


class _PixelBuffer(ctypes.Union):
    """``WebPDecBuffer.u``."""

    _fields_ = [("interleaved", _Interleaved), ("planes", _Planes)]


class _Output(ctypes.Structure):
    """``struct WebPDecBuffer``."""

    _fields_ = [
        *((name, c_int) for name in ("colorspace", "width", "height", "is_external_memory")),
        ("u", _PixelBuffer),
        ("pad", c_uint32 * 4),
        ("private_memory", c_void_p),
    ]


class _Options(ctypes.Structure):
    """``struct WebPDecoderOptions``."""

    _fields_ = [
        *((name, c_int) for name in ("bypass_filtering", "no_fancy_upsampling")),
        *((name, c_int) for name in ("use_cropping", "crop_left", "crop_top", "crop_width", "crop_height")),
        *((name, c_int) for name in ("use_scaling", "scaled_width", "scaled_height")),
        *((name, c_int) for name in ("use_threads", "dithering_strength", "flip", "alpha_dithering_strength")),
        ("pad", c_uint32 * 5),
    ]


class _Config(ctypes.Structure):
    """``struct WebPDecoderConfig``."""

    _fields_ = [("input", _Features), ("output", _Output), ("options", _Options)]


class _Data(ctypes.Structure):
    """``struct WebPData``."""

    _fields_ = [("bytes", c_void_p), ("size", c_size_t)]


class _Frame(ctypes.Structure):
    """``struct WebPIterator``."""

    _fields_ = [
        *((name, c_int) for name in ("number", "count", "x_offset", "y_offset", "width", "height", "duration")),
        *((name, c_int) for name in ("dispose_method", "complete")),
        ("fragment", _Data),
        *((name, c_int) for name in ("has_alpha", "blend_method")),
        ("pad", c_uint32 * 2),
        ("private", c_void_p),
    ]


class _Chunk(ctypes.Structure):
    """``struct WebPChunkIterator``."""

    _fields_ = [("number", c_int), ("count", c_int), ("data", _Data), ("pad", c_uint32 * 6), ("private", c_void_p)]


_FUNCTIONS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "WebPInitDecoderConfigInternal": (c_int, [POINTER(_Config), c_int]),
    "WebPDecode": (c_int, [c_void_p, c_size_t, POINTER(_Config)]),
    "WebPDemuxInternal": (c_void_p, [POINTER(_Data), c_int, POINTER(c_int), c_int]),
    "WebPDemuxGetI": (c_uint32, [c_void_p, c_int]),
    "WebPDemuxGetFrame": (c_int, [c_void_p, c_int, POINTER(_Frame)]),
    "WebPDemuxReleaseIterator": (None, [POINTER(_Frame)]),
    "WebPDemuxGetChunk": (c_int, [c_void_p, c_char_p, c_int, POINTER(_Chunk)]),
    "WebPDemuxReleaseChunkIterator": (None, [POINTER(_Chunk)]),
    "WebPDemuxDelete": (None, [c_void_p]),
}


def read_info(source: memoryview) -> WebPInfo:
    """The facts of a file that is whole; nothing is allocated that grows with the picture. Raises ValueError for any other."""
    with ffi.from_buffer(source) as memory:
        file = _Data(_address(memory), len(source))
        demuxer = _library.WebPDemuxInternal(byref(file), 0, None, _DEMUX_ABI)
        if not demuxer:
            raise ValueError("Damaged, or not all there")
        try:
            return _demux(demuxer, file)
        finally:
            _library.WebPDemuxDelete(demuxer)


def _demux(demuxer: int, file: _Data) -> WebPInfo:
    flags, width, height = (_library.WebPDemuxGetI(demuxer, feature) for feature in (_FORMAT_FLAGS, _WIDTH, _HEIGHT))
    frame = _Frame()
    try:
        if not _library.WebPDemuxGetFrame(demuxer, 1, byref(frame)):
            raise ValueError("No picture in it")
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
    chunk = _Chunk()
    try:
        found = _library.WebPDemuxGetChunk(demuxer, name, 1, byref(chunk))
        return ctypes.string_at(chunk.data.bytes, chunk.data.size) if found else b""
    finally:
        _library.WebPDemuxReleaseChunkIterator(byref(chunk))


def decode(source: memoryview, box: CropBox, size: Size, *, alpha: bool) -> bytearray:
    """The box as RGB or RGBA, rows without gaps, made as large as ``size`` where it is not, of what the ``pixels`` of a file are encoded as. The memory of it
    is nearly all that is allocated, but where nothing is lost libwebp takes four bytes for each pixel of the whole. Raises ValueError for a damaged file.
    """
    stride = size.width * (4 if alpha else 3)
    pixels = bytearray(stride * size.height)
    config = _Config()
    if not _library.WebPInitDecoderConfigInternal(byref(config), _DECODER_ABI):
        raise ValueError("A libwebp with other structures")
    options, output = config.options, config.output
    options.use_cropping = 1
    options.crop_left, options.crop_top, options.crop_width, options.crop_height = box
    options.use_scaling = (box.width, box.height) != (size.width, size.height)
    options.scaled_width, options.scaled_height = size.width, size.height
    output.colorspace, output.is_external_memory = _RGBA if alpha else _RGB, 1
    memory = (c_char * len(pixels)).from_buffer(pixels)
    output.u.interleaved = _Interleaved(ctypes.addressof(memory), stride, len(pixels))
    with ffi.from_buffer(source) as file:
        status = _library.WebPDecode(_address(file), len(source), byref(config))
    if status == _OUT_OF_MEMORY:
        raise MemoryError
    if status != _OK:
        raise ValueError(f"Damaged: status {status}")
    return pixels


def _address(memory: Any) -> int:
    return int(ffi.cast("uintptr_t", memory))


def _load_library() -> Any:
    """The library, its functions declared; None where it is not to be had or does not do what is expected of it."""
    try:
        from PIL import _webp  # noqa: PLC0415 - Pillow may have been built without

        library = ctypes.CDLL(_webp.__file__)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (ImportError, OSError, AttributeError):
        return None
    return library


_library: Any = _load_library()


def _passes_self_check() -> bool:
    """Structures of another layout would not bring the one pixel back."""
    file, size, encoded = memoryview(_TEST_FILE), Size(1, 1), slice(12, 38)
    try:
        info = read_info(file) == WebPInfo(size, alpha=False, frame_slice=encoded)
        return info and decode(file[encoded], CropBox(0, 0, 1, 1), size, alpha=False) == _TEST_PIXEL
    except ValueError:
        return False


available: Final = _library is not None and _passes_self_check()
"""Can this installation reach libwebp?"""
