"""Decodes device-independent bitmaps, the content of BMP files and of icons, as Chromium shows them.

Knows the headers of Windows and OS/2, palettes, bit fields and run lengths
(https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types). Pillow supports a list of bit fields only, and no
2 bits per pixel. Parses untrusted data: bounded, linear; invalid data raises UndecodableImage, struct.error or
ValueError.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

import pyvips
from PIL import Image, ImageChops

from pixmill.engine.codecs.dib_runs import RunLengthImage, decode_runs
from pixmill.engine.raster.convert import VipsImage
from pixmill.errors import UndecodableImage
from pixmill.plan.lengths import Size

FILE_HEADER_BYTES: Final = 14
_OS2_1_BYTES: Final = 12
_WINDOWS_BYTES: Final = (40, 52, 56, 108, 124)
"""Lengths of the headers of Windows; 16 to 64 other bytes are OS/2 2.x, of which the end may be left out."""

_MIN_HEADER_BYTES, _MAX_OS2_BYTES, _MASKS_AT, _ALPHA_MASK_END = 16, 64, 40, 56
_OS2_1: Final = struct.Struct("<IHHHH")
_INFO: Final = struct.Struct("<IiiHHIIiiII")
_RGB, _RLE8, _RLE4, _BIT_FIELDS, _RLE24, _ALPHA_BIT_FIELDS = 0, 1, 2, 3, 4, 6
_RUN_LENGTH_BITS: Final = {_RLE8: 8, _RLE4: 4, _RLE24: 24}
_PALETTE_BITS: Final = (1, 2, 4, 8)
_DEPTHS: Final = (*_PALETTE_BITS, 16, 24, 32)
_ALPHA: Final = 3
_OPAQUE: Final = 255
_NO_MASKS: Final = (0, 0, 0, 0)
_DEFAULT_MASKS: Final = {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}
_ICON_ALPHA_MASK: Final = 0xFF000000
_RAW_MODES: Final = {
    (16, (0x7C00, 0x3E0, 0x1F, 0)): ("RGB", "BGR;15"),
    (16, (0xF800, 0x7E0, 0x1F, 0)): ("RGB", "BGR;16"),
    (24, _NO_MASKS): ("RGB", "BGR"),
    (32, (0xFF0000, 0xFF00, 0xFF, 0)): ("RGB", "BGRX"),
    (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)): ("RGBA", "BGRA"),
}
"""What Pillow unpacks, by bits per pixel and masks."""

_WORDS: Final = {16: "ushort", 32: "uint"}
_GREY_PALETTES: Final = {
    1: (bytes((0, 0, 0, 255, 255, 255)), ("1", "1")),
    8: (bytes(value for level in range(256) for value in (level,) * 3), ("L", "L")),
}


@dataclass(frozen=True, slots=True)
class Dib:
    """The header facts. ``palette`` has three bytes for each colour; ``end`` is where header and palette end."""

    size: Size
    bits: int
    compression: int
    masks: tuple[int, int, int, int]
    palette: bytes
    end: int
    top_down: bool = False

    @property
    def alpha(self) -> bool:
        return self.masks[_ALPHA] != 0

    @property
    def is_grey(self) -> bool:
        return _GREY_PALETTES.get(self.bits, (b"", ()))[0] == self.palette != b""

    @property
    def row_bytes(self) -> int:
        return (self.size.width * self.bits + 31) // 32 * 4

    @property
    def coded_row_bytes(self) -> int:
        """The bytes of a row without its padding."""
        return (self.size.width * self.bits + 7) // 8


def read_dib(data: memoryview, *, is_icon: bool = False) -> Dib:
    """Parse header, masks and palette; in an icon the height includes a mask, and 32 bits have alpha."""
    (length,) = struct.unpack_from("<I", data)
    if length == _OS2_1_BYTES:
        _, width, height, _, bits = _OS2_1.unpack_from(data)
        compression = colours = 0
    elif _MIN_HEADER_BYTES <= length <= _MAX_OS2_BYTES or length in _WINDOWS_BYTES:
        fields = bytes(data[: min(length, _INFO.size)]).ljust(_INFO.size, b"\0")
        _, width, height, _, bits, compression, _, _, _, colours, _ = _INFO.unpack(fields)
    else:
        raise UndecodableImage(detail=f"bitmap header of {length} bytes")
    is_os2 = length not in _WINDOWS_BYTES
    is_supported = _is_supported(bits, compression, is_os2=is_os2) and not (is_icon and compression in _RUN_LENGTH_BITS)
    if not is_supported or width <= 0 or not height:
        raise UndecodableImage(detail=f"bitmap of {width} × {height}, {bits} bits, compression {compression}")
    masks, end = _read_masks(data, length, bits, compression, is_icon=is_icon)
    palette = b""
    if bits in _PALETTE_BITS:
        entry_bytes, count = 3 if length == _OS2_1_BYTES else 4, min(colours or 1 << bits, 1 << bits)
        entries = bytes(data[end : end + count * entry_bytes])
        end += count * entry_bytes
        palette = _palette_of(entries, entry_bytes)
    size = Size(width, abs(height) // 2 if is_icon else abs(height))
    return Dib(size, bits, compression, masks, palette, end, top_down=height < 0)


def _is_supported(bits: int, compression: int, *, is_os2: bool) -> bool:
    """Not JPEG and PNG in a bitmap, which are for printers, nor the Huffman coding of OS/2: no browser shows them."""
    if bits not in _DEPTHS:
        return False
    if compression in (_BIT_FIELDS, _ALPHA_BIT_FIELDS):
        return bits in _WORDS and not is_os2
    if compression == _RLE24:
        return is_os2 and bits == _RUN_LENGTH_BITS[_RLE24]
    return compression == _RGB or _RUN_LENGTH_BITS.get(compression) == bits


def _palette_of(entries: bytes, entry_bytes: int) -> bytes:
    colours = len(entries) // entry_bytes
    palette = bytearray(3 * colours)
    for channel in range(3):
        palette[2 - channel :: 3] = entries[channel : colours * entry_bytes : entry_bytes]
    return bytes(palette)


def _read_masks(
    data: memoryview, length: int, bits: int, compression: int, *, is_icon: bool
) -> tuple[tuple[int, int, int, int], int]:
    """Return the masks of red, green, blue and alpha, and where they end if they are behind the header."""
    if bits not in _WORDS:
        return _NO_MASKS, length
    has_alpha_mask = length >= _ALPHA_MASK_END and length in _WINDOWS_BYTES
    (alpha,) = struct.unpack_from("<I", data, _ALPHA_MASK_END - 4) if has_alpha_mask else (0,)
    if compression == _RGB:
        red, green, blue = _DEFAULT_MASKS[bits]
        if bits == 32:  # noqa: PLR2004 - 16 bits have no room for alpha
            return (red, green, blue, _ICON_ALPHA_MASK if is_icon else alpha), length
        return (red, green, blue, 0), length
    red, green, blue = struct.unpack_from("<3I", data, _MASKS_AT)
    end = length
    if length == _MASKS_AT:
        end += 12
        if compression == _ALPHA_BIT_FIELDS:
            (alpha,) = struct.unpack_from("<I", data, end)
            end += 4
    masks = tuple(mask & (1 << bits) - 1 for mask in (red, green, blue, alpha))
    if any(_is_scattered(mask) for mask in masks):
        raise UndecodableImage(detail=f"bit fields {masks}")
    return (masks[0], masks[1], masks[2], masks[3]), end


def _is_scattered(mask: int) -> bool:
    """Whether the bits of a mask are not next to each other."""
    return bool(mask and (mask + (mask & -mask)) & mask)


@dataclass(frozen=True, slots=True)
class DecodedDib:
    """The image, upright; ``truncated`` if more than the last row is missing, which is transparent."""

    image: Image.Image | VipsImage
    truncated: bool = False


def decode_dib(dib: Dib, data: memoryview) -> DecodedDib:
    """Decode the pixels, which begin with ``data``, to any mode of Pillow, or to libvips' uchar for odd bit fields."""
    if dib.compression in _RUN_LENGTH_BITS:
        runs = decode_runs(data, dib.bits, dib.size)
        return _with_missing_rows(_runs_image(dib, runs), dib, runs.rows)
    rows, rest = divmod(len(data), dib.row_bytes)
    rows = min(dib.size.height, rows + (rest >= dib.coded_row_bytes))
    if rows < dib.size.height or len(data) < dib.row_bytes * rows:  # the last row may lack its padding
        data = memoryview(bytes(data[: dib.row_bytes * rows]).ljust(dib.row_bytes * dib.size.height, b"\0"))
    return _with_missing_rows(_unpack(dib, data), dib, rows)


def _with_missing_rows(image: Image.Image | VipsImage, dib: Dib, rows: int) -> DecodedDib:
    """Return the image with all but the first ``rows`` stored rows transparent."""
    size = dib.size
    missing = size.height - rows
    if not missing:
        return DecodedDib(image)
    if not rows:
        raise UndecodableImage(detail="no row of pixels")
    if not isinstance(image, Image.Image):
        image = Image.frombytes(
            "RGBA", (size.width, size.height), _with_alpha(image).write_to_memory(), "raw", "RGBA", 0, 1
        )
    image = image.convert("RGBA")
    top = rows if dib.top_down else 0
    image.paste((0, 0, 0, 0), (0, top, size.width, top + missing))
    return DecodedDib(image, truncated=missing > 1)


def _with_alpha(image: VipsImage) -> VipsImage:
    return image if image.hasalpha() else image.bandjoin(_OPAQUE)


def _unpack(dib: Dib, data: memoryview) -> Image.Image | VipsImage:
    mode, raw_mode = _RAW_MODES.get((dib.bits, dib.masks), ("", ""))
    if dib.bits in _PALETTE_BITS:
        mode, raw_mode = ("P", "P" if dib.bits == 8 else f"P;{dib.bits}")  # noqa: PLR2004 - bits
        if dib.is_grey:
            mode, raw_mode = _GREY_PALETTES[dib.bits][1]
    if not mode:
        return _unpack_fields(dib, data)
    size, direction = (dib.size.width, dib.size.height), 1 if dib.top_down else -1
    used: Any = data[: dib.row_bytes * dib.size.height]  # any buffer works; Pillow's stubs declare fewer types
    image = Image.frombytes(mode, size, used, "raw", raw_mode, dib.row_bytes, direction)
    if mode == "P":
        image.putpalette(dib.palette.ljust(3 << dib.bits, b"\0"))  # a colour that is not in the palette is black
    return image


def _unpack_fields(dib: Dib, data: memoryview) -> VipsImage:
    """Return the channels of words with any bit fields, scaled to 8 bits."""
    words_per_row, size = dib.row_bytes // (dib.bits // 8), dib.size
    used = data[: dib.row_bytes * size.height]
    words = pyvips.Image.new_from_memory(used, words_per_row, size.height, 1, _WORDS[dib.bits])
    words = words.crop(0, 0, size.width, size.height)
    if not dib.top_down:
        words = words.flipver()
    first, *others = (_channel(words, mask) for mask in dib.masks[: 4 if dib.alpha else 3])
    return first.bandjoin(others).copy(interpretation="srgb")


def _channel(words: VipsImage, mask: int) -> VipsImage:
    """Return one channel; of more than 8 bits the highest ones."""
    bits, shift = mask.bit_count(), (mask & -mask).bit_length() - 1
    if not bits:
        return (words * 0).cast("uchar")
    if bits > 8:  # noqa: PLR2004 - bits of a result
        bits, shift = 8, shift + bits - 8
    values = (words >> shift) & (1 << bits) - 1 if shift else words & (1 << bits) - 1
    return values.linear(_OPAQUE / ((1 << bits) - 1), 0.5, uchar=True)


def _runs_image(dib: Dib, runs: RunLengthImage) -> Image.Image:
    """Return the image of run lengths; pixels that were skipped are black."""
    size, direction = (dib.size.width, dib.size.height), 1 if dib.top_down else -1
    if dib.compression == _RLE24:
        return Image.frombytes("RGB", size, runs.pixels, "raw", "BGR", 0, direction)
    image = Image.frombytes("P", size, runs.pixels, "raw", "P", 0, direction)
    image.putpalette(dib.palette.ljust(3 << dib.bits, b"\0"))
    if runs.written is None:
        return image
    image = image.convert("RGB")
    image.paste((0, 0, 0), mask=ImageChops.invert(Image.frombytes("L", size, runs.written, "raw", "L", 0, direction)))
    return image
