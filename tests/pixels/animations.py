"""Builds animations byte by byte from patches, and the canvases that each specification requires.

Knows the containers (GIF89a, RFC 9649 WebP, PNG third edition), numpy, and Pillow as a compressor of single patches. It
never asks a decoder what an animation shows.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Canvas = NDArray[np.uint8]

PALETTE = ((0, 0, 0, 0), (230, 40, 30, 255), (40, 200, 60, 255), (30, 60, 220, 255), (240, 220, 20, 255))
"""Colours by index; 0 is transparent."""


class Disposal(Enum):
    """Disposal of a patch after its display time."""

    KEEP = 0
    CLEAR = 1
    RESTORE = 2


@dataclass(frozen=True)
class Patch:
    """Colour indexes for an area of the canvas; ``over``: transparent pixels keep what is below."""

    indexes: tuple[tuple[int, ...], ...]
    left: int = 0
    top: int = 0
    disposal: Disposal = Disposal.KEEP
    over: bool = True
    delay_ms: int = 100

    @property
    def size(self) -> tuple[int, int]:
        return len(self.indexes[0]), len(self.indexes)

    @property
    def pixels(self) -> Canvas:
        return np.asarray(np.array(PALETTE, np.uint8)[np.array(self.indexes)])


def flat(index: int, width: int, height: int) -> tuple[tuple[int, ...], ...]:
    return ((index,) * width,) * height


def ring(index: int, side: int) -> tuple[tuple[int, ...], ...]:
    """A square with a hole."""
    inner = (index, *(0,) * (side - 2), index)
    return ((index,) * side, *(inner,) * (side - 2), (index,) * side)


def composited_frames(size: tuple[int, int], patches: Iterable[Patch]) -> list[Canvas]:
    """Return the RGBA canvas after each patch."""
    canvas = np.zeros((size[1], size[0], 4), np.uint8)
    shown = []
    for patch in patches:
        before = canvas.copy()
        width, height = patch.size
        part = canvas[patch.top : patch.top + height, patch.left : patch.left + width]
        pixels = patch.pixels[: part.shape[0], : part.shape[1]]
        part[:] = np.where(pixels[..., 3:] == 0, part, pixels) if patch.over else pixels
        shown.append(canvas.copy())
        if patch.disposal is Disposal.CLEAR:
            part[:] = 0
        elif patch.disposal is Disposal.RESTORE:
            canvas = before
    return shown


def gif(size: tuple[int, int], patches: Sequence[Patch], plays: int = 0) -> memoryview:
    colours = b"".join(bytes(colour[:3]) for colour in (*PALETTE, *((0,) * 4,) * 3))
    loop = b"" if plays == 1 else b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", max(0, plays - 1), 0)
    head = b"GIF89a" + struct.pack("<2H3B", *size, 0xF2, 0, 0) + colours + loop
    return memoryview(head + b"".join(map(_gif_patch, patches)) + b";")


def _gif_patch(patch: Patch) -> bytes:
    method = {Disposal.KEEP: 1, Disposal.CLEAR: 2, Disposal.RESTORE: 3}[patch.disposal]
    control = b"\x21\xf9\x04" + struct.pack("<BHBB", method << 2 | 1, patch.delay_ms // 10, 0, 0)
    place = b"," + struct.pack("<4HB", patch.left, patch.top, *patch.size, 0)
    return control + place + b"\x03" + _lzw([index for row in patch.indexes for index in row])


def _lzw(indexes: list[int]) -> bytes:
    """Return LZW codes of four bits, with a clear code (8) so often that they never grow; 9 ends."""
    codes = [code for at in range(0, len(indexes), 6) for code in (8, *indexes[at : at + 6])] + [9]
    codes += [0] * (len(codes) % 2)
    data = bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))
    blocks = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def webp(size: tuple[int, int], patches: Sequence[Patch], plays: int = 0, *, alpha_flag: bool = True) -> memoryview:
    """The background colour is not transparent: it is ignored."""
    extended = struct.pack("<B3x", 0x12 if alpha_flag else 0x02) + _three(size[0] - 1) + _three(size[1] - 1)
    chunks = _riff(b"VP8X", extended) + _riff(b"ANIM", struct.pack("<4sH", b"\x80\x40\x20\xff", plays))
    chunks += b"".join(_riff(b"ANMF", _webp_patch(patch)) for patch in patches)
    return memoryview(_riff(b"RIFF", b"WEBP" + chunks))


def _webp_patch(patch: Patch) -> bytes:
    """Offsets are even; the data is that of a still image without its header."""
    out = BytesIO()
    Image.fromarray(patch.pixels).save(out, "WEBP", lossless=True, exact=True)
    flags = (0 if patch.over else 2) | (patch.disposal is Disposal.CLEAR)
    numbers = (patch.left // 2, patch.top // 2, patch.size[0] - 1, patch.size[1] - 1, patch.delay_ms)
    return b"".join(map(_three, numbers)) + bytes([flags]) + out.getvalue()[12:]


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _riff(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def apng(size: tuple[int, int], patches: Sequence[Patch], plays: int = 0, *, apart: Patch | None = None) -> memoryview:
    """With ``apart``, this is the still for those who know no animation, and no frame."""
    pieces = [_png(b"IHDR", struct.pack(">2I5B", *size, 8, 6, 0, 0, 0))]
    pieces.append(_png(b"acTL", struct.pack(">2I", len(patches), plays)))
    if apart:
        pieces.append(_png(b"IDAT", _deflate(apart)))
    number = 0
    for patch in patches:
        disposal = {Disposal.KEEP: 0, Disposal.CLEAR: 1, Disposal.RESTORE: 2}[patch.disposal]
        place = struct.pack(">5I", number, *patch.size, patch.left, patch.top)
        pieces.append(_png(b"fcTL", place + struct.pack(">2H2B", patch.delay_ms, 1000, disposal, patch.over)))
        number += 1
        if number == 1 and not apart:
            pieces.append(_png(b"IDAT", _deflate(patch)))
        else:
            pieces.append(_png(b"fdAT", struct.pack(">I", number) + _deflate(patch)))
            number += 1
    return memoryview(b"\x89PNG\r\n\x1a\n" + b"".join(pieces) + _png(b"IEND", b""))


def _deflate(patch: Patch) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in patch.pixels))


def _png(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def avif(size: tuple[int, int], patches: Sequence[Patch]) -> memoryview:
    """Whole canvases, nearly without loss; it plays without end."""
    first, *others = (Image.fromarray(canvas) for canvas in composited_frames(size, patches))
    delays = [patch.delay_ms for patch in patches]
    out = BytesIO()
    options = {"quality": 100, "subsampling": "4:4:4", "speed": 8, "duration": delays}
    first.save(out, "AVIF", save_all=True, append_images=others, **options)
    return memoryview(out.getvalue())


MAKERS: dict[str, Callable[[tuple[int, int], Sequence[Patch]], memoryview]] = {
    "gif": gif,
    "webp": webp,
    "png": apng,
    "avif": avif,
}


@dataclass(frozen=True)
class DecodedAnimation:
    """An animation as decoded by Pillow: RGBA canvases, delays, and the repeat count of the format."""

    frames: list[Canvas]
    delays_ms: list[float]
    loop: int | None


def decode_animation(body: bytes) -> DecodedAnimation:
    with Image.open(BytesIO(body)) as image:
        frames, delays = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGBA")))
            delays.append(image.info.get("duration", 0))
        return DecodedAnimation(frames, delays, image.info.get("loop"))
