"""ctypes declarations of libjxl's decoder, and the library inside pylibjxl's wheel, which exports it.

Knows the structs and functions of ``decode.h`` and ``codestream_header.h`` (https://libjxl.readthedocs.io).
"""

import ctypes
from ctypes import POINTER, c_char, c_float, c_int, c_int32, c_size_t, c_uint8, c_uint32, c_void_p
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

SUCCESS, NEED_MORE_INPUT, NEED_IMAGE_OUT_BUFFER = 0, 2, 5
BASIC_INFO, COLOR_ENCODING, FRAME, FULL_IMAGE = 0x40, 0x100, 0x400, 0x1000
"""``JxlDecoderStatus``."""

TARGET_DATA: Final = 1
"""``JXL_COLOR_PROFILE_TARGET_DATA``: the colours of the decoded pixels."""

UINT8: Final = 2
"""``JXL_TYPE_UINT8``."""

SUPPORTED_VERSIONS: Final = range(9_000, 13_000)
"""0.9 to 0.12 have these functions; any other library is not used."""


class PixelFormat(ctypes.Structure):
    """``JxlPixelFormat``; type 2 is 8 bits."""

    _fields_ = [("channels", c_uint32), ("type", c_int), ("endianness", c_int), ("align", c_size_t)]


class AnimationHeader(ctypes.Structure):
    """``JxlAnimationHeader``."""

    _fields_ = [(name, c_uint32) for name in ("ticks", "seconds", "loops", "has_timecodes")]


class BasicInfo(ctypes.Structure):
    """``JxlBasicInfo``."""

    _fields_ = [
        *((name, c_uint32) for name in ("has_container", "width", "height", "bits", "exponent_bits")),
        *((name, c_float) for name in ("intensity_target", "min_nits")),
        ("relative_to_max_display", c_uint32),
        ("linear_below", c_float),
        *((name, c_uint32) for name in ("uses_original_profile", "has_preview", "has_animation", "orientation")),
        *((name, c_uint32) for name in ("colour_channels", "extra_channels", "alpha_bits", "alpha_exponent_bits")),
        ("alpha_premultiplied", c_uint32),
        ("preview", c_uint32 * 2),
        ("animation", AnimationHeader),
        ("intrinsic_size", c_uint32 * 2),
        ("padding", c_uint8 * 100),
    ]


class FrameHeader(ctypes.Structure):
    """``JxlFrameHeader``."""

    _fields_ = [
        *((name, c_uint32) for name in ("duration", "timecode", "name_length", "is_last", "have_crop")),
        ("crop", c_int32 * 2),
        *((name, c_uint32) for name in ("width", "height")),
        ("blend_info", c_uint32 * 4),
        ("save_as_reference", c_uint32),
    ]


_FUNCTIONS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "JxlDecoderVersion": (c_uint32, []),
    "JxlDecoderCreate": (c_void_p, [c_void_p]),
    "JxlDecoderDestroy": (None, [c_void_p]),
    "JxlDecoderSubscribeEvents": (c_int, [c_void_p, c_int]),
    "JxlDecoderSetInput": (c_int, [c_void_p, c_void_p, c_size_t]),
    "JxlDecoderProcessInput": (c_int, [c_void_p]),
    "JxlDecoderSkipFrames": (None, [c_void_p, c_size_t]),
    "JxlDecoderFlushImage": (c_int, [c_void_p]),
    "JxlDecoderSetUnpremultiplyAlpha": (c_int, [c_void_p, c_int]),
    "JxlDecoderGetBasicInfo": (c_int, [c_void_p, POINTER(BasicInfo)]),
    "JxlDecoderGetFrameHeader": (c_int, [c_void_p, POINTER(FrameHeader)]),
    "JxlDecoderGetICCProfileSize": (c_int, [c_void_p, c_int, POINTER(c_size_t)]),
    "JxlDecoderGetColorAsICCProfile": (c_int, [c_void_p, c_int, POINTER(c_char), c_size_t]),
    "JxlDecoderImageOutBufferSize": (c_int, [c_void_p, POINTER(PixelFormat), POINTER(c_size_t)]),
    "JxlDecoderSetImageOutBuffer": (c_int, [c_void_p, POINTER(PixelFormat), c_void_p, c_size_t]),
}


def load_library() -> Any:
    """The library with its functions declared; None without pylibjxl, or if it holds another version."""
    spec = find_spec("pylibjxl")
    folders = [] if spec is None else spec.submodule_search_locations or []
    try:
        path = next(path for folder in folders for path in Path(folder).glob("_pylibjxl*.so"))
        library = ctypes.CDLL(str(path))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (StopIteration, OSError, AttributeError):
        return None
    return library if library.JxlDecoderVersion() in SUPPORTED_VERSIONS else None
