"""Photoshop decoder (PSD and PSB): the merged image that the program stores for others, unpacked by Pillow.

Pillow's own reader knows neither 16 bits, nor PSB, nor which channel is transparency. Layers are not composited: a file
without a merged image is refused. Parses untrusted data: linear, and each plane has a known size before it is unpacked.
File format: Adobe Photoshop File Formats Specification.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyvips
from PIL import Image, ImageChops

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.metadata import metadata_if_small
from pixmill.engine.raster.convert import VipsImage
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.icc import cmyk_to_srgb, lab_to_srgb
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size

_HEADER: Final = struct.Struct(">4sH6xHIIHH")
_VERSIONS: Final = (1, 2)
"""PSD and PSB, in which some lengths have twice the bytes."""

_MAX_RESOURCES: Final = 10_000
_IPTC, _PROFILE, _VERSION_INFO, _EXIF, _XMP = 0x0404, 0x040F, 0x0421, 0x0422, 0x0424
_HAS_MERGED_AT: Final = 4
_MAX_BLOCKS: Final = 1_000
_BLOCK_SIGNATURES: Final = (b"8BIM", b"8B64")
_LAYER_BLOCKS: Final = (b"Layr", b"Lr16", b"Lr32")
_LONG_BLOCKS: Final = frozenset(
    (*_LAYER_BLOCKS, b"LMsk", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD")
)
"""Of additional layer information, whose lengths have eight bytes in a PSB."""

_TO_8_BIT: Final = 1 / 257
_PALETTE_BYTES: Final = 768


@dataclass(frozen=True, slots=True)
class _Mode:
    """How many channels colours have, and in which mode of Pillow; ``inverted``: 0 is full ink."""

    pillow: str
    channels: int
    inverted: bool = False


_BITMAP, _INDEXED = 0, 2
_MODES: Final[Mapping[int, _Mode]] = {
    _BITMAP: _Mode("L", 1),
    1: _Mode("L", 1),
    _INDEXED: _Mode("P", 1),
    3: _Mode("RGB", 3),
    4: _Mode("CMYK", 4, inverted=True),
    7: _Mode("L", 1),  # multichannel: the first one
    8: _Mode("L", 1),  # duotone: without its inks, as the specification recommends
    9: _Mode("LAB", 3),
}
_COLOUR_SPACES: Final = {"CMYK": "cmyk", "LAB": "lab", "L": "grey"}


class PsdDecoder:
    """The merged image of a Photoshop file."""

    def __init__(self, source: memoryview) -> None:
        signature, version, self._channels, height, width, self._bits, mode = _HEADER.unpack_from(source)
        if signature != b"8BPS" or version not in _VERSIONS:
            raise UndecodableImage(detail="no Photoshop file")
        if mode not in _MODES or self._bits not in ((1,) if mode == _BITMAP else (8, 16)):
            raise UndecodableImage(detail=f"colour mode {mode} with {self._bits} bits is not supported")
        self._number, self._mode, self._size, self._sides = mode, _MODES[mode], Size(width, height), (width, height)
        if not (width and height) or self._channels < self._mode.channels:
            raise UndecodableImage(detail="too few channels or pixels")
        self._is_psb = version == _VERSIONS[1]
        sections = _Sections(source)
        self._palette = bytes(sections.take(4))
        resources = dict(_resources(sections.take(4)))
        layers = sections.take(8 if self._is_psb else 4)
        self._pixels = sections.rest
        if not _has_merged_image(resources.get(_VERSION_INFO, b"")):
            raise UndecodableImage(detail="the file has no merged image: save it with maximum compatibility")
        layer_count = _layer_count(layers, is_psb=self._is_psb)
        self._is_on_white = layer_count < 0 and self._channels > self._mode.channels
        self._has_alpha = self._is_on_white or (not layer_count and self._channels == self._mode.channels + 1)
        self.header = ImageHeader(
            Format.PSD,
            self._size,
            alpha=self._has_alpha,
            colour_space=_COLOUR_SPACES.get(self._mode.pillow, "rgb"),
            profile=resources.get(_PROFILE, b""),
            exif=metadata_if_small(resources.get(_EXIF)),
            xmp=metadata_if_small(resources.get(_XMP)),
            iptc=metadata_if_small(resources.get(_IPTC)),
        )

    def decode(self, request: DecodeRequest) -> Frame:
        colours = self._mode.channels
        planes = list(self._planes(colours + self._has_alpha))
        image = self._merged(planes[:colours])
        if image.mode == "CMYK":
            image = cmyk_to_srgb(image, self.header.profile)
        elif image.mode == "LAB":
            image = lab_to_srgb(image)
        profile = self.header.profile if self._mode.pillow in ("L", "RGB") else b""
        if self._has_alpha:
            image = image.convert("RGB") if image.mode == "P" else image
            image = _without_white(image, planes[colours]) if self._is_on_white else image
            image.putalpha(planes[colours])
        return pillow.decode_frame(image, profile, request.area)

    def _merged(self, planes: list[Image.Image]) -> Image.Image:
        if self._mode.inverted:
            planes = [ImageChops.invert(plane) for plane in planes]
        if len(planes) > 1:
            return Image.merge(self._mode.pillow, planes)
        if self._number == _INDEXED:
            image = Image.frombytes("P", planes[0].size, planes[0].tobytes())
            image.putpalette(bytes(_interleaved(self._palette[:_PALETTE_BYTES].ljust(_PALETTE_BYTES, b"\0"))))
            return image
        return planes[0]

    def _planes(self, count: int) -> Iterator[Image.Image]:
        """Yield the first channels in 8 bits. Raises UndecodableImage if the file is cut off."""
        row_bytes = (self._size.width * self._bits + 7) // 8
        plane_bytes = row_bytes * self._size.height
        compression = int.from_bytes(self._pixels[:2])
        if compression == 0:
            for number in range(count):
                yield self._plane(bytes(self._pixels[2 + number * plane_bytes :][:plane_bytes]), plane_bytes)
        elif compression == 1:
            yield from self._packed_planes(count, row_bytes)
        elif compression == 2:  # noqa: PLR2004 - deflate
            data = zlib.decompressobj().decompress(self._pixels[2:], count * plane_bytes)
            for number in range(count):
                yield self._plane(data[number * plane_bytes :][:plane_bytes], plane_bytes)
        else:
            raise UndecodableImage(detail=f"compression {compression} is not supported")

    def _packed_planes(self, count: int, row_bytes: int) -> Iterator[Image.Image]:
        """Yield planes of PackBits rows, whose lengths stand in front of all of them."""
        entry = "I" if self._is_psb else "H"
        height, rows = self._size.height, self._size.height * self._channels
        lengths = struct.unpack_from(f">{rows}{entry}", self._pixels, 2)
        at = 2 + struct.calcsize(f">{rows}{entry}")
        for number in range(count):
            packed_bytes = sum(lengths[number * height : (number + 1) * height])
            packed = bytes(self._pixels[at : at + packed_bytes])
            if len(packed) < packed_bytes:
                raise UndecodableImage(detail="the file is cut off")
            unpacked = Image.frombytes("L", (row_bytes, height), packed, "packbits", "L")
            yield self._plane(unpacked.tobytes(), row_bytes * height)
            at += packed_bytes

    def _plane(self, samples: bytes, expected_bytes: int) -> Image.Image:
        if len(samples) < expected_bytes:
            raise UndecodableImage(detail="the file is cut off")
        if self._bits == 1:
            return Image.frombytes("1", self._sides, samples, "raw", "1;I").convert("L")
        if self._bits == 8:  # noqa: PLR2004 - bits of a sample
            return Image.frombytes("L", self._sides, samples)
        deep: VipsImage = pyvips.Image.new_from_memory(samples, *self._sides, 1, "ushort")
        rounded = deep.copy(interpretation="grey16").byteswap().linear(_TO_8_BIT, 0.5, uchar=True)
        return Image.frombytes("L", self._sides, rounded.write_to_memory())


class _Sections:
    """Reads sections that begin with their length."""

    def __init__(self, source: memoryview) -> None:
        self.rest = source[_HEADER.size :]

    def take(self, length_bytes: int) -> memoryview:
        end = length_bytes + int.from_bytes(self.rest[:length_bytes])
        if end > len(self.rest):
            raise UndecodableImage(detail="the file is cut off")
        content, self.rest = self.rest[length_bytes:end], self.rest[end:]
        return content


def _resources(section: memoryview) -> Iterator[tuple[int, bytes]]:
    """Yield the number and data of each resource: a signature, a number, a name, the data, each of even length."""
    at = 0
    for _ in range(_MAX_RESOURCES):
        head = section[at : at + 7]
        if len(head) < 7:  # noqa: PLR2004 - up to the length of the name
            return
        number, name_bytes = int.from_bytes(head[4:6]), head[6]
        at += 6 + (1 + name_bytes + 1) // 2 * 2
        length = int.from_bytes(section[at : at + 4])
        yield number, bytes(section[at + 4 : at + 4 + length])
        at += 4 + (length + 1) // 2 * 2


def _has_merged_image(version_info: bytes) -> bool:
    return len(version_info) <= _HAS_MERGED_AT or version_info[_HAS_MERGED_AT] != 0


def _layer_count(layers: memoryview, *, is_psb: bool) -> int:
    """Return the number of layers: negative if the first channel behind the colours is transparency, 0 without any.

    With layers and a positive number that channel is a saved selection. In a file without layers it is one too, but
    most programs write transparency there.
    """
    start, length = _length(layers, 0, is_psb=is_psb)
    if length:
        return int.from_bytes(layers[start : start + 2], signed=True)
    mask_start, mask_length = _length(layers, start, is_psb=False)
    return _deep_layer_count(layers, mask_start + mask_length, is_psb=is_psb)


def _deep_layer_count(layers: memoryview, at: int, *, is_psb: bool) -> int:
    """Return the number of layers of a file with 16 bits, which has them in a block behind all others; 0 for none."""
    for _ in range(_MAX_BLOCKS):
        key = bytes(layers[at + 4 : at + 8])
        if bytes(layers[at : at + 4]) not in _BLOCK_SIGNATURES:
            break
        start, length = _length(layers, at + 8, is_psb=is_psb and key in _LONG_BLOCKS)
        if key in _LAYER_BLOCKS:
            return int.from_bytes(layers[start : start + 2], signed=True)
        at = start + (length + 3) // 4 * 4
    return 0


def _length(section: memoryview, at: int, *, is_psb: bool) -> tuple[int, int]:
    """Return where the data behind a length begin, and the length."""
    start = at + (8 if is_psb else 4)
    return start, int.from_bytes(section[at:start])


def _interleaved(planes: bytes) -> Iterator[int]:
    for index in range(256):
        yield from planes[index::256]


def _without_white(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """Return the colours that were blended with white for the merged image."""
    opacity = pyvips.Image.new_from_memory(alpha.tobytes(), *alpha.size, 1, "uchar")
    blended = pyvips.Image.new_from_memory(image.tobytes(), *image.size, len(image.getbands()), "uchar")
    colours = (blended.linear(1, -255) * 255 / (opacity == 0).ifthenelse(255, opacity)).linear(1, 255.5)
    return Image.frombytes(image.mode, image.size, colours.cast("uchar").write_to_memory())
