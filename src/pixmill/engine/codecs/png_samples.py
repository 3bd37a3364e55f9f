"""Finds the smallest samples that hold the pixels of an image without loss: grey, opaque, indexed, of few bits.

Knows pixels and the colour types of PNG (PNG specification, third edition, §11.2.1, §11.3.1). Must never know chunks or
compression.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pixmill.engine.codecs.palette import IndexedImage
from pixmill.engine.codecs.scanlines import Samples, Survey, index_colours, survey
from pixmill.engine.raster.frame import Frame
from pixmill.plan.output import MAX_COLOURS

GREY, RGB, INDEXED, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
_COLOUR_TYPES: Final = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGBA}
_OPAQUE: Final = 255
_BYTE_BITS: Final = 8
_RGB_CHANNELS: Final = 3
_MAX_GREY_COLOURS: Final = 16
"""Grey values take a byte too."""
_LUMA: Final = (299, 587, 114)


@dataclass(frozen=True, slots=True)
class PngSamples:
    """Samples, and what the file says of them: the colour type, the palette (RGB) and its alphas."""

    samples: Samples
    colour_type: int
    palette: bytes = b""
    alphas: bytes = b""

    @property
    def is_indexed(self) -> bool:
        """Whether the samples are numbers of colours, or grey values of few bits."""
        return bool(self.palette) or self.samples.bits < _BYTE_BITS


@dataclass(frozen=True, slots=True)
class Content:
    """What a frame holds: the ways to store it, the smallest first, and how drawn it is."""

    ways: tuple[PngSamples, ...]
    repeat_share: float


def plain_content(frame: Frame) -> Content:
    """Return the channels of the frame as they are."""
    plain = _plain_samples(frame)
    return Content((plain,), survey(plain.samples).repeat_share)


def reduced_content(frame: Frame) -> Content:
    """Find the ways to store the frame.

    A profile is that of the colours of the frame: with one of colours it does not become grey, with one of grey it gets
    no palette (§11.3.2.3).
    """
    plain = _plain_samples(frame)
    found = survey(plain.samples)
    full = _without_needless(plain, found, may_be_grey=not frame.profile)
    max_colours = _MAX_GREY_COLOURS if full.colour_type == GREY else MAX_COLOURS
    indexed = index_colours(plain.samples, max_colours)
    may_have_palette = not (frame.is_grey and frame.profile)
    return Content((*_indexed(full, indexed, may_have_palette=may_have_palette), full), found.repeat_share)


def indexed_samples(indexed: IndexedImage, pixels: bytes) -> Iterator[PngSamples]:
    """Yield the ways to store an image whose indices these pixels are."""
    width, height = indexed.image.size
    bits = _bits(len(indexed.colours))
    for depth in sorted({bits, _BYTE_BITS}):
        yield PngSamples(Samples(pixels, width, height, 1, 1, depth), INDEXED, indexed.rgb, indexed.alphas)


def _bits(colours: int) -> int:
    return next(bits for bits in (1, 2, 4, 8) if colours <= 1 << bits)


def _plain_samples(frame: Frame) -> PngSamples:
    layout = frame.layout
    samples = Samples(frame.pixels, frame.width, frame.height, layout.stored_channels, layout.channels)
    return PngSamples(samples, _COLOUR_TYPES[layout.channels])


def _without_needless(plain: PngSamples, found: Survey, *, may_be_grey: bool) -> PngSamples:
    """Leave out an alpha that is opaque, and colours that are grey."""
    samples, channels = plain.samples, plain.samples.kept
    colours = 1 if channels < _RGB_CHANNELS or (found.grey and may_be_grey) else 3
    kept = colours + (channels % 2 == 0 and not found.opaque)
    return PngSamples(Samples(samples.pixels, samples.width, samples.height, samples.stored, kept), _COLOUR_TYPES[kept])


def _indexed(
    full: PngSamples, indexed: tuple[bytearray, bytes] | None, *, may_have_palette: bool
) -> Iterator[PngSamples]:
    if not indexed:
        return
    indices, table = indexed
    colours = list(zip(*[iter(table)] * 4, strict=True))
    order = sorted(range(len(colours)), key=lambda index: (colours[index][3] == _OPAQUE, _luma(colours[index])))
    bits = _bits(len(colours))
    width, height = full.samples.width, full.samples.height
    if full.colour_type == GREY and (levels := _grey_levels([colour[0] for colour in colours], bits)):
        numbers = indices.translate(bytes(levels).ljust(256, b"\0"))
        yield PngSamples(Samples(numbers, width, height, 1, 1, bits), GREY)
        return
    if not may_have_palette:
        return
    numbers = indices.translate(bytes(sorted(range(len(order)), key=order.__getitem__)).ljust(256, b"\0"))
    palette = bytes(value for index in order for value in colours[index][:3])
    alphas = bytes(colours[index][3] for index in order if colours[index][3] < _OPAQUE)
    for depth in sorted({bits, _BYTE_BITS}):
        yield PngSamples(Samples(numbers, width, height, 1, 1, depth), INDEXED, palette, alphas)


def _grey_levels(values: list[int], bits: int) -> list[int]:
    """Return the number of each grey value at this bit depth; none if one is between."""
    step = _OPAQUE // ((1 << bits) - 1)
    return [] if bits == _BYTE_BITS or any(value % step for value in values) else [value // step for value in values]


def _luma(colour: tuple[int, ...]) -> int:
    return sum(weight * value for weight, value in zip(_LUMA, colour, strict=False))
