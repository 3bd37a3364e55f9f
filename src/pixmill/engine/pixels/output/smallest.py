"""Finds the smallest of several encodings, if the format is free, by encoding.

Fast alternatives to the chosen one are encoded as well, and the smallest file wins:

- a JPEG, if the original is one: 2 ms beside the 20 of an AVIF.
- a drawing as lossless WebP (0.3 to 2.5 of the lossy bytes, 25 ms at 400 × 300), as lossy WebP if its AVIF is very
  small, and as PNG, if the original is one.
- a drawing that would be a PNG as JPEG: text on a page takes half, a logo twice as much.
- a drawing or a cut-out that would be a PNG as PNG with a palette (0.4 to 0.6 of the bytes, 40 ms), if that reaches the
  visual quality; a drawing with one that holds all colours also where the original is a PNG, and as GIF, if the
  original is one.
- drawings, gradients and noise as JPEG XL, if the client accepts it: a gradient takes a third.
- anything in the format of the original, if the smallest file so far is larger than the original, scaled to the size
  of the result. PNG and GIF, which lose nothing, are tried from a quarter of that on.

Slow alternatives, above all a second AVIF, are not tried. Must never know the libraries.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace as replace_struct

from pixmill.engine.codecs.table import can_encode
from pixmill.engine.pixels.output.encoder import EncodedFile, FrameEncoder, is_lossy, size_bytes
from pixmill.engine.pixels.output.original_file import OriginalFile, own_format
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.media import MEDIA, Format
from pixmill.plan.output import MAX_COLOURS, MAX_TARGET_QUALITY

_MAX_TRIAL_PIXELS: Final = 1_000_000
"""Above this a lossless WebP or a palette takes longer than an AVIF (200 ms)."""

_LOSSLESS_TRIAL_RATIO: Final = 0.25
"""A photograph takes 0.05 to 0.2 of its PNG in a lossy format, so that it is not encoded as PNG."""

_SMALL_BYTES: Final = 4_096
"""Of an AVIF: its boxes count, and a WebP may be smaller."""

_FEW_BITS, _MANY_BITS = 0.15, 3.0
"""Bits for each pixel: those of a photograph at any quality are between them."""

_LOSSLESS_FORMATS: Final = (Format.PNG, Format.GIF, Format.ICO)
_WITHOUT_LOSS: Final = (Format.PNG, Format.WEBP, Format.JXL)
"""Formats that ``format=best`` also tries without loss; AVIF is always larger then."""


def smallest_file(encoder: FrameEncoder, first: EncodedFile, original: OriginalFile) -> EncodedFile:
    """Return the smallest of the chosen encoding and its alternatives."""
    tried = [first, *_alternatives(encoder, first, original.format)]
    best, own = min(tried, key=size_bytes), _own_format(encoder, original.format)
    if own is None or own in (file.format for file in tried):
        return best
    trial_size = original.scaled_bytes(encoder.frame.size) * (_LOSSLESS_TRIAL_RATIO if own in _LOSSLESS_FORMATS else 1)
    if size_bytes(best) <= trial_size:
        return best
    return min(best, *_in_own_format(encoder, own, first.quality), key=size_bytes)


def smallest_of_all(encoder: FrameEncoder) -> EncodedFile:
    """Encode in every format that the client accepts, at the same look or without loss, and return the smallest.

    The look is that of photographs at the requested quality. Takes 2 to 7 times the CPU time of ``auto`` for the
    whole render: of ten images at 512 pixels 5 in the median.
    """
    output, frame = encoder.output, encoder.frame
    target_quality = min(MAX_TARGET_QUALITY, output.target_quality or output.quality)
    accepted = [
        kind
        for kind in (*output.formats, Format.JPEG, Format.PNG)
        if can_encode(kind) and max(frame.width, frame.height) <= MEDIA[kind].max_side
    ]
    files = []
    for kind in accepted:
        if is_lossy(kind, output.encoding) and (MEDIA[kind].alpha or not frame.layout.has_alpha):
            files.append(encoder.at_look(kind, target_quality))
        if kind in _WITHOUT_LOSS:
            files += _without_loss(encoder, kind, target_quality)
    return min(files, key=size_bytes)


def _without_loss(encoder: FrameEncoder, kind: Format, target_quality: int) -> Iterator[EncodedFile]:
    encoding = encoder.output.encoding
    if kind is not Format.PNG:
        yield encoder.encode(kind, target_quality, replace_struct(encoding, lossless=True, near_lossless=None))
        return
    yield encoder.encode(kind, target_quality)
    if encoding.colours:
        return
    palette = encoder.encode(kind, target_quality, replace_struct(encoding, colours=MAX_COLOURS))
    if encoder.has_few_colours or encoder.reaches(palette, target_quality):
        yield palette


def _own_format(encoder: FrameEncoder, source_format: Format) -> Format | None:
    """Return the format of the original, if the client shows it and it can hold the frame."""
    own, frame = own_format(source_format, encoder.output), encoder.frame
    fits = max(frame.width, frame.height) <= MEDIA[source_format].max_side
    loses_alpha = frame.layout.has_alpha and (not MEDIA[source_format].alpha or not _fits_alpha(frame, own))
    return own if own and fits and not loses_alpha and can_encode(own) else None


def _fits_alpha(frame: Frame, kind: Format | None) -> bool:
    """Whether each pixel is opaque or transparent, which is all that GIF has."""
    if kind is not Format.GIF or not frame.layout.has_alpha:
        return True
    return not sum(to_pillow(frame).getchannel("A").histogram()[1:255])


def _in_own_format(encoder: FrameEncoder, own: Format, quality: int) -> Iterator[EncodedFile]:
    yield encoder.encode(own, quality)
    if own is Format.PNG and (palette := encoder.exact_palette()):
        yield encoder.encode(own, quality, palette)


def _alternatives(encoder: FrameEncoder, first: EncodedFile, source_format: Format) -> Iterator[EncodedFile]:
    """Yield alternatives to the chosen encoding that are fast, or likely to be much smaller."""
    frame, kind, quality = encoder.frame, first.format, first.quality
    if source_format is Format.JPEG and kind is not Format.JPEG and _fits_jpeg(frame):
        yield encoder.as_requested(Format.JPEG)
    if _may_be_smaller_as_jxl(encoder, first):
        yield encoder.as_requested(Format.JXL)
    if frame.is_graphic:
        yield from _drawn_alternatives(encoder, first, source_format)
    elif kind is Format.PNG and frame.layout.has_alpha and frame.size.pixels <= _MAX_TRIAL_PIXELS:
        yield from _with_palette(encoder, quality)


def _fits_jpeg(frame: Frame) -> bool:
    return max(frame.width, frame.height) <= MEDIA[Format.JPEG].max_side and not frame.layout.has_alpha


def _may_be_smaller_as_jxl(encoder: FrameEncoder, first: EncodedFile) -> bool:
    """Whether JPEG XL is accepted and often much smaller: for drawings, gradients and noise."""
    if Format.JXL not in encoder.output.formats or first.format is Format.JXL or not can_encode(Format.JXL):
        return False
    bits = 8 * size_bytes(first) / encoder.frame.size.pixels
    return encoder.frame.is_graphic or not _FEW_BITS <= bits <= _MANY_BITS


def _drawn_alternatives(encoder: FrameEncoder, first: EncodedFile, source_format: Format) -> Iterator[EncodedFile]:
    frame, kind, quality, encoding = encoder.frame, first.format, first.quality, encoder.output.encoding
    palette = encoder.exact_palette() if kind is Format.PNG else None
    if source_format is Format.PNG and kind is not Format.PNG:
        yield from _in_own_format(encoder, Format.PNG, quality)
    if source_format is Format.GIF and encoder.has_few_colours and _fits_alpha(frame, Format.GIF):
        yield encoder.encode(Format.GIF, quality)
    if kind is Format.PNG and source_format is not Format.JPEG and _fits_jpeg(frame):
        yield encoder.as_requested(Format.JPEG)
    if kind is Format.PNG and palette:
        yield encoder.encode(kind, quality, palette)
        return
    if frame.size.pixels > _MAX_TRIAL_PIXELS:
        return
    if _takes_webp(encoder, kind) and is_lossy(Format.WEBP, encoding):
        yield encoder.encode(Format.WEBP, quality, replace_struct(encoding, lossless=True))
        if kind is not Format.WEBP and size_bytes(first) <= _SMALL_BYTES:
            yield encoder.as_requested(Format.WEBP)
    if kind is Format.PNG and not encoding.colours:
        yield from _with_palette(encoder, quality)


def _takes_webp(encoder: FrameEncoder, kind: Format) -> bool:
    fits = max(encoder.frame.width, encoder.frame.height) <= MEDIA[Format.WEBP].max_side
    return kind is Format.WEBP or (Format.WEBP in encoder.output.formats and fits and can_encode(Format.WEBP))


def _with_palette(encoder: FrameEncoder, quality: int) -> Iterator[EncodedFile]:
    target_quality = encoder.output.target_quality or encoder.output.quality
    if target_quality > MAX_TARGET_QUALITY:
        return
    candidate = encoder.encode(Format.PNG, quality, replace_struct(encoder.output.encoding, colours=MAX_COLOURS))
    if encoder.reaches(candidate, target_quality):
        yield candidate
