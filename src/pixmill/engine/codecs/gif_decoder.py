"""Decodes GIFs as browsers show them (GIF89a specification, §18 to §26): Pillow decodes LZW, the canvas is ours.

What no frame covers is transparent, and disposal to background clears to transparent, whatever the background colour:
libvips fills both with a colour where no frame has a transparent one, and sizes a screen of 640 × 480 by its frames.
Parses untrusted data: short, linear, bounded.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from PIL import Image, ImageChops, _imaging

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.frame_sequence import normalized_timing
from pixmill.engine.raster.frame import Frame
from pixmill.errors import ImageTooLarge, UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""

_SCREEN_BYTES: Final = 13
_IMAGE_BYTES: Final = 10
_EXTENSION, _IMAGE = 0x21, 0x2C
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPING_APPLICATIONS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_HAS_TABLE, _INTERLACED, _TABLE_BITS = 0x80, 0x40, 0x07
_DISPOSE_BACKGROUND: Final = 2
_DISPOSE_PREVIOUS: Final = (3, 4)
"""Some encoders write 4 for 3."""

_CUT_OFF: Final = -1
"""In place of a loop count."""

_NO_TRANSPARENCY: Final = -1
_HIGHEST_INDEX, _COVERED = 255, 255
_BLACK: Final = bytes(3 * 256)
_ALL_INDEXES: Final = range(256)
_MAX_FRAMES: Final = 100_000
"""Parsing takes 3 µs a frame."""
_MAX_OVERSIZE_PIXELS: Final = 4_000_000
"""A frame that is larger than the canvas is decoded in full, and may have this many pixels."""
_MAX_EXCESS_PIXELS: Final = 100_000_000
"""By how many pixels all frames together may be larger than the canvas. Decoding takes 5 ns each."""
_MAX_BLOCKS: Final = 4_000_000
"""Data comes in blocks of up to 255 bytes, which encoders fill: this many are a gigabyte. Takes 0.3 s."""


@dataclass(frozen=True, slots=True)
class GifControl:
    """A graphic control extension; it applies to the next image."""

    disposal: int = 0
    delay_ms: int = 0
    transparent_index: int | None = None


@dataclass(frozen=True, slots=True)
class GifFrame:
    """One image: where it is drawn, its colours (RGB), and its compressed indexes with the sizes of their blocks."""

    box: Box
    interlaced: bool
    palette: memoryview
    control: GifControl
    code_bits: int
    data: memoryview

    @property
    def size(self) -> tuple[int, int]:
        left, top, right, bottom = self.box
        return right - left, bottom - top

    def covers(self, width: int, height: int) -> bool:
        return self.box[:2] == (0, 0) and self.box[2] >= width and self.box[3] >= height


@dataclass(frozen=True, slots=True)
class GifInfo:
    """The facts of a file. ``loop_count`` is 0 for endless, 1 without a looping extension."""

    size: Size
    delays_ms: "array[int]"
    loop_count: int
    alpha: bool
    truncated: bool = False


def read_info(source: memoryview) -> GifInfo:
    """Parse the file up to its end. Raises ImageTooLarge; UndecodableImage without a complete frame."""
    width, height = _screen_size(source)
    delays_ms, loop_count, alpha, is_opaque, truncated = array("I"), 1, False, False, False
    excess_pixels = 0
    for block in _iter_blocks(source):
        if isinstance(block, int):
            truncated = block == _CUT_OFF
            loop_count = loop_count if truncated else block
            continue
        if truncated and delays_ms:
            break
        if not delays_ms:  # browsers enlarge the canvas to hold the first frame, but no other
            width, height = max(width, block.box[2]), max(height, block.box[3])
        shown_opaque = is_opaque or block.covers(width, height)
        alpha = alpha or block.control.transparent_index is not None or not shown_opaque
        if block.control.disposal not in _DISPOSE_PREVIOUS:
            is_opaque = shown_opaque and block.control.disposal != _DISPOSE_BACKGROUND
        delays_ms.append(block.control.delay_ms)
        excess_pixels += max(0, block.size[0] * block.size[1] - width * height)
        if excess_pixels > _MAX_EXCESS_PIXELS:
            raise ImageTooLarge(f"Frames may exceed the canvas of a GIF by at most {_MAX_EXCESS_PIXELS} pixels")
        if len(delays_ms) > _MAX_FRAMES:
            raise ImageTooLarge(f"A GIF may have at most {_MAX_FRAMES} frames")
    if not delays_ms:
        raise UndecodableImage(detail="no complete frame")
    is_partial = truncated and len(delays_ms) == 1  # what is missing is transparent
    return GifInfo(Size(width, height), delays_ms, loop_count, alpha or is_partial, truncated)


def _screen_size(source: memoryview) -> tuple[int, int]:
    return int.from_bytes(source[6:8], "little"), int.from_bytes(source[8:10], "little")


def iter_frames(source: memoryview) -> Iterator[GifFrame]:
    """Yield the frames; the last one may be incomplete in a file that is cut off."""
    return (block for block in _iter_blocks(source) if isinstance(block, GifFrame))


def _iter_blocks(source: memoryview) -> Iterator[GifFrame | int]:
    """Yield frames and loop counts, up to the trailer, the end of the file, or bytes that are no block.

    A file that ends within a block is cut off: ``_CUT_OFF`` precedes what there is of an image.
    """
    if len(source) < _SCREEN_BYTES:
        return
    global_palette, at = _palette(source, 10, _SCREEN_BYTES)
    control, blocks_left = GifControl(), _MAX_BLOCKS
    end = len(source)
    while at + 1 < end:
        kind = source[at]
        if kind == _EXTENSION:
            first, label = at + 2, source[at + 1]
        elif kind == _IMAGE and at + _IMAGE_BYTES < end:
            palette, first = _palette(source, at + 9, at + _IMAGE_BYTES)
            first += 1
        else:
            yield from (_CUT_OFF,) if kind == _IMAGE else ()
            return
        after, blocks_left = _end_of_blocks(source, first, blocks_left)
        if after > end + 1:  # more than the empty block is missing
            yield _CUT_OFF
        if kind == _IMAGE and first < end:
            yield _frame(source, at, palette or global_palette, control, source[first - 1 : after])
            control = GifControl()
        elif kind == _EXTENSION and label == _GRAPHIC_CONTROL and min(after, end) - first > 5:  # noqa: PLR2004 - four fields
            control = _graphic_control(source[first + 1 : first + 5])
        elif kind == _EXTENSION and label == _APPLICATION:
            yield from _loop_counts(source[first + 1 : first + 16])
        at = after


def _loop_counts(fields: memoryview) -> Iterator[int]:
    """Yield the loop count of a looping extension."""
    loop = bytes(fields[11:])
    if (
        bytes(fields[:11]) in _LOOPING_APPLICATIONS and loop[:2] == b"\x03\x01"
    ):  # size, and what a loop count begins with
        repetitions = int.from_bytes(loop[2:], "little")
        yield repetitions + 1 if repetitions else 0


def _end_of_blocks(source: memoryview, at: int, blocks_left: int) -> tuple[int, int]:
    """The offset behind the empty block that ends the blocks; beyond the file if there is none."""
    end = len(source)
    while at < end and (size := source[at]):
        at += size + 1
        blocks_left -= 1
        if blocks_left < 0:
            raise ImageTooLarge(f"A GIF may have at most {_MAX_BLOCKS} blocks")
    return at + 1, blocks_left


def _palette(source: memoryview, flags_at: int, table_at: int) -> tuple[memoryview, int]:
    """The colour table, empty if there is none, and the offset behind it."""
    flags = source[flags_at]
    after = table_at + (6 << (flags & _TABLE_BITS) if flags & _HAS_TABLE else 0)
    return source[table_at:after], after


def _graphic_control(fields: memoryview) -> GifControl:
    flags = fields[0]
    return GifControl(flags >> 2 & 7, 10 * int.from_bytes(fields[1:3], "little"), fields[3] if flags & 1 else None)


def _frame(source: memoryview, at: int, palette: memoryview, control: GifControl, data: memoryview) -> GifFrame:
    left, top, width, height = (
        int.from_bytes(source[at + offset : at + offset + 2], "little") for offset in (1, 3, 5, 7)
    )
    interlaced = bool(source[at + 9] & _INTERLACED)
    return GifFrame((left, top, left + width, top + height), interlaced, palette, control, data[0], data[1:])


class GifDecoder:
    """A still or animated GIF, or one of its frames."""

    def __init__(self, source: memoryview, page: int = 1) -> None:
        self._source = source
        self._page = page
        info = read_info(source)
        frames = len(info.delays_ms)
        self.header = ImageHeader(
            format=Format.GIF,
            size=info.size,
            alpha=info.alpha,
            colour_space="rgb",
            frame_count=frames,
            timing=normalized_timing(info.delays_ms, info.loop_count) if frames > 1 else None,
            truncated=info.truncated,
        )

    def page(self, page: int) -> "GifDecoder":
        return GifDecoder(self._source, page)

    def decode(self, request: DecodeRequest) -> Frame:
        needed = _needed_frames(iter_frames(self._source), self._page, self.header.size)
        last = next(islice(_canvases(needed, self.header), len(needed) - 1, None))
        frame = _requested_part(last.image, request, self.header.size)
        return replace(frame, truncated=bool(last.error))

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        for canvas in _canvases(iter_frames(self._source), self.header):
            if canvas.error:
                raise UndecodableImage(detail=canvas.error)
            yield _requested_part(canvas.image, request, self.header.size)


def _requested_part(canvas: Image.Image, request: DecodeRequest, size: Size) -> Frame:
    box = request.area.outer_box(size)
    part = canvas if box == (0, 0, size.width, size.height) else canvas.crop(box)
    return pillow.decode_frame(part, b"", request.area.relative_to(*box[:2]))


def _needed_frames(frames: Iterator[GifFrame], page: int, size: Size) -> list[GifFrame]:
    """The frames from which the canvas of a page is made: from the last on that hides all before it."""
    needed = list[GifFrame]()
    for number, frame in enumerate(islice(frames, page), 1):
        is_restored = frame.control.disposal in _DISPOSE_PREVIOUS and number < page
        if frame.covers(size.width, size.height) and frame.control.transparent_index is None and not is_restored:
            needed.clear()
        needed.append(frame)
    return needed


@dataclass(frozen=True, slots=True)
class _Canvas:
    """The image after a frame; ``error`` is that of the first frame whose data are damaged."""

    image: Image.Image
    error: str


@dataclass(frozen=True, slots=True)
class _Indexes:
    """Colour indexes (as grey), and the mask of the pixels that there are data for; None for all."""

    image: Image.Image
    covered: Image.Image | None
    error: str


def _canvases(frames: Iterable[GifFrame], header: ImageHeader) -> Iterator[_Canvas]:
    """Yield the canvas after each frame; its image is reused for the next.

    It has alpha also where the first frame lacks pixels.
    """
    canvas: Image.Image | None = None
    size, error = (header.size.width, header.size.height), ""
    for frame in frames:
        indexes = _decode_indexes(frame, header.size)
        error = error or (indexes.error if indexes else "")
        if canvas is None:
            is_partial = indexes is not None and indexes.covered is not None
            canvas = Image.new("RGBA" if header.alpha or is_partial else "RGB", size)
        disposal = frame.control.disposal
        backup = canvas.crop(frame.box) if disposal in _DISPOSE_PREVIOUS else None
        if indexes:
            _draw(frame, indexes, canvas)
        yield _Canvas(canvas, error)
        if disposal == _DISPOSE_BACKGROUND:
            canvas.paste((0,) * len(canvas.mode), frame.box)
        elif backup is not None:
            canvas.paste(backup, frame.box)


def _draw(frame: GifFrame, indexes: _Indexes, canvas: Image.Image) -> None:
    """Draw the opaque pixels of a frame; what lies outside of the canvas is cut off."""
    image, mask = indexes.image, indexes.covered
    transparent = frame.control.transparent_index
    if transparent is not None:
        opaque = image.point([_COVERED * (index != transparent) for index in _ALL_INDEXES])
        mask = ImageChops.darker(opaque, mask) if mask else opaque
    image.putpalette(bytes(frame.palette) + _BLACK[len(frame.palette) :])
    canvas.paste(image.convert(canvas.mode), frame.box, mask)


def _decode_indexes(frame: GifFrame, canvas: Size) -> _Indexes | None:
    """Decode a frame; None if it has no pixels."""
    pixels = frame.size[0] * frame.size[1]
    if not pixels:
        return None
    if pixels > max(_MAX_OVERSIZE_PIXELS, canvas.pixels):
        raise ImageTooLarge(f"A frame larger than the canvas may have at most {_MAX_OVERSIZE_PIXELS} pixels")
    indexes, is_complete, error = _decode_over(0, frame)
    if is_complete:
        return _Indexes(indexes, None, "")
    others, *_ = _decode_over(_HIGHEST_INDEX, frame)
    difference = ImageChops.difference(indexes, others)
    covered = difference.point([_COVERED * (level == 0) for level in _ALL_INDEXES])
    if error and covered.getbbox() is None:
        raise UndecodableImage(detail=error)
    return _Indexes(indexes, covered, error)


def _decode_over(fill: int, frame: GifFrame) -> tuple[Image.Image, bool, str]:
    """Decode over an image of this index; also returns whether there were data for all pixels, and the error."""
    image = Image.new("L", frame.size, fill)
    decoder: Any = _imaging.gif_decoder("L", frame.code_bits, int(frame.interlaced), _NO_TRANSPARENCY)
    decoder.setimage(image.im, (0, 0, *frame.size))
    consumed, error = decoder.decode(bytes(frame.data))
    return image, consumed < 0 and not error, f"LZW decoder error {error}" if error else ""
