"""Decodes animated WebPs with libwebp's compositor, and finds what it does not tell: whether the canvas has alpha.

Frames of opaque colours that do not cover the canvas, or clear it, leave it transparent, as browsers show it, whatever
the flags of the file say; the background colour is ignored (RFC 9649 §2.7.1.1 allows that). Parses untrusted data:
short, linear, bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from PIL import _webp

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.errors import ImageTooLarge
from pixmill.plan.lengths import Size

_FILE_HEADER_BYTES, _FRAME_HEADER_BYTES = 12, 16
_ICC_FLAG: Final = 0x20
_HEADER_END: Final = 30
_HEADER_AT, _FLAGS_AT, _VP8L_ALPHA_AT = 12, 20, 24
_DURATION_AT: Final = 12
_UNKNOWN_LENGTH: Final = 2**30
_DISPOSE_BACKGROUND: Final = 1
_ALPHA_FLAG, _EXIF_FLAG, _XMP_FLAG = 0x10, 0x08, 0x04
_ALPHA_OF_VP8L: Final = 0x10
_MAX_FRAMES: Final = 20_000
"""libwebp finds each from the first one on, in time that grows with their square: this many take 1.5 s, 99,000 47."""


@dataclass(frozen=True, slots=True)
class WebPFrame:
    """An ANMF chunk (RFC 9649 §2.7.1.1)."""

    left: int
    top: int
    width: int
    height: int
    disposed: bool
    alpha: bool

    def covers(self, canvas: Size) -> bool:
        return not self.left and not self.top and (self.width, self.height) == (canvas.width, canvas.height)


def check_frame_count(source: memoryview) -> None:
    """Raise ImageTooLarge for too many frames, before libwebp counts them."""
    if any(number > _MAX_FRAMES for number, _ in enumerate(_iter_chunks(source))):
        raise ImageTooLarge(f"An animated WebP may have at most {_MAX_FRAMES} frames")


def is_cut_off(source: memoryview) -> bool:
    """Whether the file is shorter than its header says, by more than a byte of padding.

    Writers to a pipe do not know the length, and state a very large one.
    """
    length = int.from_bytes(source[4:8], "little")
    return len(source) + 1 < length + 8 < _UNKNOWN_LENGTH


def has_alpha(source: memoryview) -> bool:
    """Whether a frame of an animation has alpha, or leaves a part of the canvas uncovered."""
    canvas, is_opaque = Size(0, 0), False
    for name, content in _iter_chunks(source):
        if name == b"VP8X":
            canvas = Size(_uint24(content, 4) + 1, _uint24(content, 7) + 1)
        elif name == b"ANMF" and len(content) >= _FRAME_HEADER_BYTES:
            frame = _parse_frame(content)
            is_opaque = frame.covers(canvas) or is_opaque
            if frame.alpha or not is_opaque:
                return True
            is_opaque = is_opaque and not frame.disposed
    return False


def _parse_frame(content: memoryview) -> WebPFrame:
    left, top, width, height = (_uint24(content, at) for at in (0, 3, 6, 9))
    flags, first_chunk, bitstream = content[15], bytes(content[16:20]), content[24:]
    alpha = first_chunk == b"ALPH" or (
        first_chunk == b"VP8L" and len(bitstream) > 4 and bool(bitstream[4] & _ALPHA_OF_VP8L)  # noqa: PLR2004 - offset
    )
    return WebPFrame(2 * left, 2 * top, width + 1, height + 1, bool(flags & _DISPOSE_BACKGROUND), alpha)


def _iter_chunks(source: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = _FILE_HEADER_BYTES
    while at + 8 <= len(source):
        size = int.from_bytes(source[at + 4 : at + 8], "little")
        yield bytes(source[at : at + 4]), source[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _uint24(data: memoryview, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def decode_canvases(source: memoryview, size: Size, *, alpha: bool) -> Iterator[Frame]:
    """Yield the canvas after each frame. Raises ValueError for a damaged frame."""
    decoder: Any = _webp.WebPAnimDecoder(bytes(source))
    layout = Layout.RGBA if alpha else Layout.RGBX
    for _ in range(decoder.get_info()[3]):
        decoded = decoder.get_next()
        if decoded is None:
            raise ValueError("Damaged frame")
        yield Frame(decoded[0], size.width, size.height, layout)


def complete_file(
    body: bytes, size: Size, metadata: RetainedMetadata, profile: bytes = b"", time_scale: int = 1
) -> bytes:
    """Add the metadata, the ICC profile, and the alpha flag, to an animation as libwebp's encoder writes it.

    The encoder leaves out the flag if no single frame has alpha, though the canvas has; libwebp's own compositor then
    shows black there. libvips would write the height of its strip of frames into the EXIF. Frames that are all equal
    become a still, which may lack the chunk that has the flags. Durations are divided by ``time_scale``.
    """
    chunks = ((_EXIF_FLAG, b"EXIF", metadata.exif), (_XMP_FLAG, b"XMP ", metadata.xmp))
    if body[_HEADER_AT : _HEADER_AT + 4] != b"VP8X":
        if not (profile or metadata.exif or metadata.xmp):
            return body
        body = _with_extended_header(body, size)
    flags = _ALPHA_FLAG if has_alpha(memoryview(body)) else 0
    pieces = [body]
    if profile:
        flags |= _ICC_FLAG
        pieces = [body[:_HEADER_END], _chunk(b"ICCP", profile), body[_HEADER_END:]]
    for flag, name, content in chunks:
        if content:
            flags |= flag
            pieces.append(_chunk(name, content))
    completed = bytearray(b"".join(pieces))
    completed[_FLAGS_AT] |= flags
    completed[4:8] = (len(completed) - 8).to_bytes(4, "little")
    if time_scale > 1:
        _divide_durations(completed, time_scale)
    return bytes(completed)


def _with_extended_header(body: bytes, size: Size) -> bytes:
    """Add the chunk that has the flags to a still."""
    alpha = body[_HEADER_AT : _HEADER_AT + 4] == b"VP8L" and body[_VP8L_ALPHA_AT] & _ALPHA_OF_VP8L
    flags = bytes((_ALPHA_FLAG if alpha else 0, 0, 0, 0))
    header = flags + (size.width - 1).to_bytes(3, "little") + (size.height - 1).to_bytes(3, "little")
    return body[:_HEADER_AT] + _chunk(b"VP8X", header) + body[_HEADER_AT:]


def _divide_durations(body: bytearray, time_scale: int) -> None:
    at = _FILE_HEADER_BYTES
    for name, content in list(_iter_chunks(memoryview(bytes(body)))):
        if name == b"ANMF":
            first = at + 8 + _DURATION_AT
            body[first : first + 3] = (_uint24(content, _DURATION_AT) // time_scale).to_bytes(3, "little")
        at += 8 + len(content) + len(content) % 2


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
