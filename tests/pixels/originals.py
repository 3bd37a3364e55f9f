"""Originals in formats that Pillow does not write: DNG, video, PDF. Knows struct, PyAV and numpy."""

import struct
from io import BytesIO
from typing import Any

import av
import numpy as np
from PIL import Image

_LONG, _SHORT, _BYTE, _ASCII, _RATIONAL, _SRATIONAL = 4, 3, 1, 2, 5, 10
_CODES = {_LONG: "I", _SHORT: "H", _BYTE: "B", _ASCII: "B"}
_XYZ_TO_SRGB = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)


def dng(image: Image.Image, orientation: int = 1) -> memoryview:
    """Return a DNG with this image as a 16-bit linear Bayer mosaic."""
    codes = np.asarray(image.convert("RGB")).astype(float) / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    cells = light[..., 1].copy()
    cells[::2, ::2], cells[1::2, 1::2] = light[::2, ::2, 0], light[1::2, 1::2, 2]
    data = (cells * 65535).astype("<u2").tobytes()
    matrix = [part for value in _XYZ_TO_SRGB for part in (round(value * 10_000), 10_000)]
    tags = {
        254: (_LONG, [0]),
        256: (_LONG, [image.width]),
        257: (_LONG, [image.height]),
        258: (_SHORT, [16]),
        259: (_SHORT, [1]),
        262: (_SHORT, [32803]),
        271: (_ASCII, list(b"Maker\0")),
        272: (_ASCII, list(b"Model\0")),
        273: (_LONG, [8]),
        274: (_SHORT, [orientation]),
        277: (_SHORT, [1]),
        278: (_LONG, [image.height]),
        279: (_LONG, [len(data)]),
        33421: (_SHORT, [2, 2]),
        33422: (_BYTE, [0, 1, 1, 2]),
        50706: (_BYTE, [1, 4, 0, 0]),
        50707: (_BYTE, [1, 1, 0, 0]),
        50708: (_ASCII, list(b"Maker Model\0")),
        50714: (_SHORT, [0]),
        50717: (_LONG, [65535]),
        50721: (_SRATIONAL, matrix),
        50728: (_RATIONAL, [1, 1] * 3),
        50778: (_SHORT, [21]),
    }
    return memoryview(b"II*\0" + struct.pack("<I", 8 + len(data)) + data + _directory(tags, 8 + len(data)))


def _directory(tags: dict[int, tuple[int, list[int]]], start: int) -> bytes:
    entries, values = struct.pack("<H", len(tags)), b""
    values_at = start + 2 + 12 * len(tags) + 4
    for tag, (kind, numbers) in sorted(tags.items()):
        pairs = kind in (_RATIONAL, _SRATIONAL)
        packed = struct.pack(f"<{len(numbers)}{'i' if pairs else _CODES[kind]}", *numbers)
        count = len(numbers) // 2 if pairs else len(numbers)
        if len(packed) > 4:
            packed, values = struct.pack("<I", values_at + len(values)), values + packed
        entries += struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0")
    return entries + bytes(4) + values


def make_video(kind: str = "mp4", codec: str = "libx264", *, frames: int = 60, turned: int = 0) -> memoryview:
    """Return three seconds of 160 × 120 pixels: a green bar grows from the left over black until it fills the frame."""
    out = BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=20)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.gop_size = 10
        if turned:
            stream.set_display_rotation(turned)
        for number in range(frames):
            pixels = np.zeros((120, 160, 3), np.uint8)
            pixels[:, : number * 160 // frames] = (0, 255, 0)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return memoryview(out.getvalue())


def make_pdf(*pages: Image.Image, dpi: int = 72) -> memoryview:
    """Return a PDF with one image per page."""
    out = BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=list(pages[1:]), resolution=dpi, quality=95)
    return memoryview(out.getvalue())
