"""ctypes declarations of libwebp's decoder and demuxer, and the library that Pillow is linked to.

Knows the structs and functions of ``decode.h`` and ``demux.h`` (https://developers.google.com/speed/webp/docs/api).
"""

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from typing import Any, Final

DECODER_ABI: Final = 0x0209
DEMUX_ABI: Final = 0x0107
"""ABI versions of the structs below; a library of another major version rejects them."""


class BitstreamFeatures(ctypes.Structure):
    """``struct WebPBitstreamFeatures``."""

    _fields_ = [
        *((name, c_int) for name in ("width", "height", "has_alpha", "has_animation", "format")),
        ("pad", c_uint32 * 5),
    ]


class RgbaBuffer(ctypes.Structure):
    """``struct WebPRGBABuffer``."""

    _fields_ = [("rgba", c_void_p), ("stride", c_int), ("size", c_size_t)]


class YuvaBuffer(ctypes.Structure):
    """``struct WebPYUVABuffer``, declared for its size only."""

    _fields_ = [("planes", c_void_p * 4), ("strides", c_int * 4), ("sizes", c_size_t * 4)]


class PixelBuffer(ctypes.Union):
    """``WebPDecBuffer.u``."""

    _fields_ = [("rgba", RgbaBuffer), ("yuva", YuvaBuffer)]


class DecodeBuffer(ctypes.Structure):
    """``struct WebPDecBuffer``."""

    _fields_ = [
        *((name, c_int) for name in ("colorspace", "width", "height", "is_external_memory")),
        ("u", PixelBuffer),
        ("pad", c_uint32 * 4),
        ("private_memory", c_void_p),
    ]


class DecoderOptions(ctypes.Structure):
    """``struct WebPDecoderOptions``."""

    _fields_ = [
        *((name, c_int) for name in ("bypass_filtering", "no_fancy_upsampling")),
        *((name, c_int) for name in ("use_cropping", "crop_left", "crop_top", "crop_width", "crop_height")),
        *((name, c_int) for name in ("use_scaling", "scaled_width", "scaled_height")),
        *((name, c_int) for name in ("use_threads", "dithering_strength", "flip", "alpha_dithering_strength")),
        ("pad", c_uint32 * 5),
    ]


class DecoderConfig(ctypes.Structure):
    """``struct WebPDecoderConfig``."""

    _fields_ = [("input", BitstreamFeatures), ("output", DecodeBuffer), ("options", DecoderOptions)]


class Data(ctypes.Structure):
    """``struct WebPData``."""

    _fields_ = [("bytes", c_void_p), ("size", c_size_t)]


class FrameIterator(ctypes.Structure):
    """``struct WebPIterator``."""

    _fields_ = [
        *((name, c_int) for name in ("number", "count", "x_offset", "y_offset", "width", "height", "duration")),
        *((name, c_int) for name in ("dispose_method", "complete")),
        ("fragment", Data),
        *((name, c_int) for name in ("has_alpha", "blend_method")),
        ("pad", c_uint32 * 2),
        ("private", c_void_p),
    ]


class ChunkIterator(ctypes.Structure):
    """``struct WebPChunkIterator``."""

    _fields_ = [("number", c_int), ("count", c_int), ("data", Data), ("pad", c_uint32 * 6), ("private", c_void_p)]


_FUNCTIONS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "WebPInitDecoderConfigInternal": (c_int, [POINTER(DecoderConfig), c_int]),
    "WebPDecode": (c_int, [c_void_p, c_size_t, POINTER(DecoderConfig)]),
    "WebPDemuxInternal": (c_void_p, [POINTER(Data), c_int, POINTER(c_int), c_int]),
    "WebPDemuxGetI": (c_uint32, [c_void_p, c_int]),
    "WebPDemuxGetFrame": (c_int, [c_void_p, c_int, POINTER(FrameIterator)]),
    "WebPDemuxReleaseIterator": (None, [POINTER(FrameIterator)]),
    "WebPDemuxGetChunk": (c_int, [c_void_p, c_char_p, c_int, POINTER(ChunkIterator)]),
    "WebPDemuxReleaseChunkIterator": (None, [POINTER(ChunkIterator)]),
    "WebPDemuxDelete": (None, [c_void_p]),
}


def load_library() -> Any:
    """The library with its functions declared; None if Pillow was built without it or does not export it."""
    try:
        from PIL import _webp  # noqa: PLC0415 - Pillow may have been built without

        library = ctypes.CDLL(_webp.__file__)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (ImportError, OSError, AttributeError):
        return None
    return library
