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


def make_form_pdf(page: str = "", *, fields: str = "", appearances: bool = True, form: str = "") -> memoryview:
    """Return a PDF of 200 × 100 points with a text field that is black at 20 to 120, 10 to 40 from the bottom, a ticked
    box, black at 150 to 170, and an annotation, red at 20 to 60, 60 to 80.

    ``page``, ``fields`` and ``form`` are further entries of the dictionaries of the page, of both fields, and of the
    form. Without ``appearances`` the text field shows its value, drawn by the viewer.
    """
    appearance = "/AP << /N 6 0 R >>" if appearances else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R 5 0 R] /DR << /Font << /F 10 0 R >> >> {form} >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Annots [4 0 R 5 0 R 8 0 R] {page} >>",
        (
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (text) /V (XXXXXXXX) /DA (/F 20 Tf 0 g) /Rect [20 10 120 40]"
            f" /P 3 0 R {appearance} {fields} >>"
        ),
        (
            "<< /Type /Annot /Subtype /Widget /FT /Btn /T (box) /V /On /AS /On /Rect [150 10 170 30] /P 3 0 R"
            f" /AP << /N << /On 6 0 R /Off 7 0 R >> >> {fields} >>"
        ),
        _appearance("0 g 0 0 100 30 re f"),
        _appearance(""),
        "<< /Type /Annot /Subtype /Square /Rect [20 60 60 80] /F 4 /P 3 0 R /AP << /N 9 0 R >> >>",
        _appearance("1 0 0 rg 0 0 100 30 re f"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    rows = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    table = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    return memoryview(out + f"{table}startxref\n{len(out)}\n%%EOF".encode())


def _appearance(content: str) -> str:
    return (
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 100 30] /Length {len(content)} >>\nstream\n{content}\nendstream"
    )


def make_still_video(
    pixels: np.ndarray,
    kind: str = "mp4",
    codec: str = "libx264",
    *,
    pixel_format: str = "yuv444p",
    matrix: tuple[int, ...] | None = None,
    to: str = "ITU601",
    **settings: Any,
) -> memoryview:
    """Return a video that shows the same RGB or RGBA pixels for a second.

    ``matrix`` is the display matrix, ``to`` the matrix of the YUV samples, ``settings`` what the codec says of them.
    """
    out = BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = pixel_format
        if codec.startswith("libvpx"):
            stream.options = {"auto-alt-ref": "0", "crf": "4", "b": "4M"}
        else:
            stream.options = {"qp": "1"}
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        if "yuva" in pixel_format:
            stream.metadata["alpha_mode"] = "1"
        if matrix:
            stream.set_display_matrix(matrix)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
        for number in range(10):
            converted = frame.reformat(format=pixel_format, dst_colorspace=to)
            converted.pts = number
            for name in ("color_primaries", "color_trc", "colorspace", "color_range"):
                if name in settings:
                    setattr(converted, name, settings[name])
            container.mux(stream.encode(converted))
        container.mux(stream.encode())
    return memoryview(out.getvalue())
