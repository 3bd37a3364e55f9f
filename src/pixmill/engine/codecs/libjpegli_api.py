"""ctypes declarations of jpegli's encoder, and the library inside pyjpegli's wheel, which exports it.

Knows the structs and functions of ``jpeglib.h`` (ABI 62, https://github.com/libjpeg-turbo/libjpeg-turbo) and
``lib/jpegli/encode.h`` (https://github.com/google/jpegli).
"""

import ctypes
from ctypes import (
    POINTER,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_long,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint16,
    c_ulong,
    c_void_p,
)
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Final

ABI_VERSION: Final = 62
"""``JPEG_LIB_VERSION`` of the structs below."""

SUPPORTED_VERSION: Final = "0.3."
"""Of pyjpegli, whose wheels have this ABI; any other is not used, since jpegli ends the process for another struct."""

GRAYSCALE, RGB, YCBCR, EXT_RGBX = 1, 2, 3, 7
"""``J_COLOR_SPACE``."""


class ErrorManager(ctypes.Structure):
    """``struct jpeg_error_mgr``."""

    _fields_ = [
        *((name, c_void_p) for name in ("error_exit", "emit_message", "output_message", "format_message")),
        ("reset_error_mgr", c_void_p),
        ("msg_code", c_int),
        ("msg_parm", c_char * 80),
        ("trace_level", c_int),
        ("num_warnings", c_long),
        ("jpeg_message_table", c_void_p),
        ("last_jpeg_message", c_int),
        ("addon_message_table", c_void_p),
        *((name, c_int) for name in ("first_addon_message", "last_addon_message")),
    ]


class ComponentInfo(ctypes.Structure):
    """``jpeg_component_info``."""

    _fields_ = [
        *((name, c_int) for name in ("component_id", "component_index", "h_samp_factor", "v_samp_factor")),
        *((name, c_int) for name in ("quant_tbl_no", "dc_tbl_no", "ac_tbl_no")),
        *((name, c_uint) for name in ("width_in_blocks", "height_in_blocks")),
        ("DCT_scaled_size", c_int),
        *((name, c_uint) for name in ("downsampled_width", "downsampled_height")),
        ("component_needed", c_int),
        *((name, c_int) for name in ("MCU_width", "MCU_height", "MCU_blocks", "MCU_sample_width")),
        *((name, c_int) for name in ("last_col_width", "last_row_height")),
        *((name, c_void_p) for name in ("quant_table", "dct_table")),
    ]


class CompressInfo(ctypes.Structure):
    """``struct jpeg_compress_struct``."""

    _fields_ = [
        ("err", POINTER(ErrorManager)),
        *((name, c_void_p) for name in ("mem", "progress", "client_data")),
        *((name, c_int) for name in ("is_decompressor", "global_state")),
        ("dest", c_void_p),
        *((name, c_uint) for name in ("image_width", "image_height")),
        *((name, c_int) for name in ("input_components", "in_color_space")),
        ("input_gamma", c_double),
        *((name, c_int) for name in ("data_precision", "num_components", "jpeg_color_space")),
        ("comp_info", POINTER(ComponentInfo)),
        *((name, c_void_p * 4) for name in ("quant_tbl_ptrs", "dc_huff_tbl_ptrs", "ac_huff_tbl_ptrs")),
        *((name, c_uint8 * 16) for name in ("arith_dc_L", "arith_dc_U", "arith_ac_K")),
        ("num_scans", c_int),
        ("scan_info", c_void_p),
        *((name, c_int) for name in ("raw_data_in", "arith_code", "optimize_coding", "CCIR601_sampling")),
        *((name, c_int) for name in ("smoothing_factor", "dct_method")),
        ("restart_interval", c_uint),
        *((name, c_int) for name in ("restart_in_rows", "write_JFIF_header")),
        *((name, c_uint8) for name in ("JFIF_major_version", "JFIF_minor_version", "density_unit")),
        *((name, c_uint16) for name in ("X_density", "Y_density")),
        ("write_Adobe_marker", c_int),
        ("next_scanline", c_uint),
        *((name, c_int) for name in ("progressive_mode", "max_h_samp_factor", "max_v_samp_factor")),
        ("total_iMCU_rows", c_uint),
        ("comps_in_scan", c_int),
        ("cur_comp_info", c_void_p * 4),
        *((name, c_uint) for name in ("MCUs_per_row", "MCU_rows_in_scan")),
        ("blocks_in_MCU", c_int),
        ("MCU_membership", c_int * 10),
        *((name, c_int) for name in ("Ss", "Se", "Ah", "Al")),
        *((name, c_void_p) for name in ("master", "main", "prep", "coef", "marker", "cconvert", "downsample")),
        *((name, c_void_p) for name in ("fdct", "entropy", "script_space")),
        ("script_space_size", c_int),
    ]


_INFO: Final = POINTER(CompressInfo)

_FUNCTIONS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "jpegli_std_error": (c_void_p, [POINTER(ErrorManager)]),
    "jpegli_CreateCompress": (None, [_INFO, c_int, c_size_t]),
    "jpegli_mem_dest": (None, [_INFO, POINTER(c_void_p), POINTER(c_ulong)]),
    "jpegli_set_defaults": (None, [_INFO]),
    "jpegli_set_quality": (None, [_INFO, c_int, c_int]),
    "jpegli_set_progressive_level": (None, [_INFO, c_int]),
    "jpegli_start_compress": (None, [_INFO, c_int]),
    "jpegli_write_marker": (None, [_INFO, c_int, c_char_p, c_uint]),
    "jpegli_write_icc_profile": (None, [_INFO, c_char_p, c_uint]),
    "jpegli_write_scanlines": (c_uint, [_INFO, POINTER(c_void_p), c_uint]),
    "jpegli_finish_compress": (None, [_INFO]),
    "jpegli_destroy_compress": (None, [_INFO]),
}


def load_library() -> Any:
    """The library with its functions declared; None without pyjpegli, or if it is another version."""
    try:
        if not version("pyjpegli").startswith(SUPPORTED_VERSION):
            return None
        spec = find_spec("pyjpegli")
        if spec is None or not spec.origin:
            return None
        library = ctypes.CDLL(spec.origin)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (PackageNotFoundError, OSError, AttributeError):
        return None
    return library


def load_free() -> Any:
    """``free`` of the C library, which owns what jpegli allocates for its output; None where it is not found."""
    try:
        free = ctypes.CDLL(None).free
    except (OSError, AttributeError, TypeError):
        return None
    free.restype, free.argtypes = None, [c_void_p]
    return free
