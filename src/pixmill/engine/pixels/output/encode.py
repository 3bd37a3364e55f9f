"""Encodes a processed frame; where needed, by trial.

If the format is free, fast alternatives to the chosen one are encoded as well, and the smallest file wins:

- a JPEG, if the original is one: 2 ms beside the 20 of an AVIF.
- a graphic as lossless WebP (0.3 to 2.5 of the lossy bytes, 25 ms at 400 × 300), and as PNG, if the original is one.
- a graphic as PNG with a palette (0.4 to 0.6 of the bytes, 12 ms), if that reaches the visual quality; with one that
  holds all colours also where the original is a PNG, and as GIF, if the original is one.
- anything in the format of the original, if the smallest file so far is larger than the original, scaled to the size
  of the result. PNG and GIF, which lose nothing, are tried from a quarter of that on.

Slow alternatives, above all a second AVIF, are not tried. ``quality=auto`` and ``max_bytes`` search with a medium
encoder effort at most. Must never know the libraries.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from msgspec.structs import replace as replace_struct

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.table import CODECS, can_encode
from pixmill.engine.pixels.analysis.perceptual_loss import PerceptualLoss, has_reference, reference_loss
from pixmill.engine.pixels.output.checked_encoding import encode_still
from pixmill.engine.pixels.output.original_file import OriginalFile, format_is_free, own_format
from pixmill.engine.pixels.output.quality_search import highest_quality_within, lowest_quality
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Area, Frame
from pixmill.errors import ResultTooLarge
from pixmill.media import MEDIA, Format
from pixmill.plan.ops import Output
from pixmill.plan.output import MAX_TARGET_QUALITY, Encoding

MAX_SEARCH_EFFORT: Final = 4
_MAX_TRIAL_PIXELS: Final = 1_000_000
"""Above this a lossless WebP or a palette takes longer than an AVIF (200 ms)."""

_LOSSLESS_TRIAL_RATIO: Final = 0.25
"""A photograph takes 0.05 to 0.2 of its PNG in a lossy format, so that it is not encoded as PNG."""

_LOSSY_FORMATS: Final = (Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL)
_MAX_COLOURS: Final = 256
_PALETTE_SIZES: Final = {
    Format.PNG: (256, 16, 4, 2),
    Format.ICO: (256, 16, 4, 2),
    Format.GIF: (128, 64, 32, 16, 8, 4, 2),
}
"""Palette sizes to try, by format."""


@dataclass(frozen=True, slots=True)
class EncodedFile:
    """An encoded file and the options it was encoded with."""

    body: bytes
    format: Format
    encoding: Encoding
    quality: int


def encode_output(frame: Frame, output: Output, metadata: RetainedMetadata, original: OriginalFile) -> EncodedFile:
    """Encode the frame as ``output`` requests. Raises ResultTooLarge."""
    encoder = _Encoder(frame, metadata, _search_output(output))
    first = (
        encoder.at_target_quality()
        if output.target_quality and _is_lossy(frame.format, output.encoding) and has_reference(frame.format)
        else encoder.as_requested()
    )
    best = encoder.smallest(first, original) if format_is_free(output) else first
    return encoder.within_bytes(first, best) if 0 < output.max_bytes < _size_bytes(best) else best


def check_size(body: bytes, output: Output) -> None:
    """Raise ResultTooLarge for more than ``max_bytes``, unless the smallest result is good enough."""
    if output.max_bytes_strict and 0 < output.max_bytes < len(body):
        message = f"{output.max_bytes} bytes are too few for this result: the smallest size reached is {len(body)}"
        raise ResultTooLarge(message, param="max_bytes")


def _size_bytes(file: EncodedFile) -> int:
    return len(file.body)


def _search_output(output: Output) -> Output:
    """Lower the encoder effort if several encodings are needed."""
    effort = output.encoding.effort
    if not (output.target_quality or output.max_bytes) or effort is None or effort <= MAX_SEARCH_EFFORT:
        return output
    return replace_struct(output, encoding=replace_struct(output.encoding, effort=MAX_SEARCH_EFFORT))


def _is_lossy(kind: Format, encoding: Encoding) -> bool:
    lossless = encoding.lossless and kind is not Format.JPEG
    return kind in _LOSSY_FORMATS and not lossless and (encoding.near_lossless is None or kind is not Format.WEBP)


@dataclass(frozen=True, slots=True)
class _Encoder:
    """One frame and the options that all its encodings share."""

    frame: Frame
    metadata: RetainedMetadata
    output: Output

    def as_requested(self) -> EncodedFile:
        return self._encode(self.frame.format, self.output.quality)

    def at_target_quality(self) -> EncodedFile:
        """Encode with the lowest quality that reaches the target."""
        kind, perceptual_loss = self.frame.format, PerceptualLoss(self.frame)
        attempts: dict[int, EncodedFile] = {}

        def loss(quality: int) -> float:
            attempts[quality] = self._encode(kind, quality)
            return perceptual_loss.loss(_decode_back(attempts[quality]))

        return attempts[
            lowest_quality(loss, reference_loss(kind, self.output.target_quality), self.output.target_quality)
        ]

    def smallest(self, first: EncodedFile, original: OriginalFile) -> EncodedFile:
        """Return the smallest of the chosen encoding and its alternatives."""
        tried = [first, *self._alternatives(original.format, first.quality)]
        best, own = min(tried, key=_size_bytes), self._own_format(original.format)
        if own is None or own in (file.format for file in tried):
            return best
        trial_size = original.scaled_bytes(self.frame.size) * (_LOSSLESS_TRIAL_RATIO if own in _PALETTE_SIZES else 1)
        if _size_bytes(best) <= trial_size:
            return best
        return min(best, *self._in_own_format(own, first.quality), key=_size_bytes)

    def _own_format(self, source_format: Format) -> Format | None:
        """Return the format of the original, if the client shows it and it can hold the frame."""
        own, frame = own_format(source_format, self.output), self.frame
        fits = max(frame.width, frame.height) <= MEDIA[source_format].max_side
        loses_alpha = frame.layout.has_alpha and (not MEDIA[source_format].alpha or not self._fits_gif_alpha(own))
        return own if own and fits and not loses_alpha and can_encode(own) else None

    def _fits_gif_alpha(self, kind: Format | None) -> bool:
        """Whether each pixel is opaque or transparent, which is all that GIF has."""
        if kind is not Format.GIF or not self.frame.layout.has_alpha:
            return True
        return not sum(to_pillow(self.frame).getchannel("A").histogram()[1:255])

    def _in_own_format(self, own: Format, quality: int) -> Iterator[EncodedFile]:
        yield self._encode(own, quality)
        if own is Format.PNG and (palette := self._exact_palette()):
            yield self._encode(own, quality, palette)

    def _exact_palette(self) -> Encoding | None:
        """Return the options of a PNG with a palette of all colours; None if there are too many."""
        encoding = self.output.encoding
        return (
            replace_struct(encoding, colours=_MAX_COLOURS) if not encoding.colours and self._has_few_colours else None
        )

    @property
    def _has_few_colours(self) -> bool:
        return bool(to_pillow(self.frame).getcolors(_MAX_COLOURS))

    def _alternatives(self, source_format: Format, quality: int) -> Iterator[EncodedFile]:
        """Yield fast alternatives to the chosen encoding."""
        kind, encoding = self.frame.format, self.output.encoding
        fits_jpeg = max(self.frame.width, self.frame.height) <= MEDIA[Format.JPEG].max_side
        if source_format is Format.JPEG and kind is not Format.JPEG and fits_jpeg and not self.frame.layout.has_alpha:
            yield self._encode(Format.JPEG, quality)
        if not self.frame.is_graphic:
            return
        palette = self._exact_palette() if kind is Format.PNG else None
        if source_format is Format.PNG and kind is not Format.PNG:
            yield from self._in_own_format(Format.PNG, quality)
        if source_format is Format.GIF and self._has_few_colours and self._fits_gif_alpha(Format.GIF):
            yield self._encode(Format.GIF, quality)
        if kind is Format.PNG and palette:
            yield self._encode(kind, quality, palette)
            return
        if self.frame.size.pixels > _MAX_TRIAL_PIXELS:
            return
        if kind is Format.WEBP and _is_lossy(kind, encoding):
            yield self._encode(kind, quality, replace_struct(encoding, lossless=True))
        if kind is Format.PNG and not encoding.colours:
            yield from self._with_palette(quality)

    def _with_palette(self, quality: int) -> Iterator[EncodedFile]:
        target_quality = self.output.target_quality or self.output.quality
        if target_quality > MAX_TARGET_QUALITY:
            return
        candidate = self._encode(Format.PNG, quality, replace_struct(self.output.encoding, colours=_MAX_COLOURS))
        if PerceptualLoss(self.frame).loss(_decode_back(candidate)) <= reference_loss(Format.JPEG, target_quality):
            yield candidate

    def within_bytes(self, first: EncodedFile, best: EncodedFile) -> EncodedFile:
        """Reduce to ``max_bytes``: by a lower quality if there is a lossy encoding, else by fewer colours.

        Raises ResultTooLarge.
        """
        if _is_lossy(first.format, first.encoding):
            return self._lower_quality(first)
        if best.format is Format.JPEG:
            return self._lower_quality(best)
        return self._fewer_colours(best)

    def _lower_quality(self, oversized: EncodedFile) -> EncodedFile:
        attempts: dict[int, EncodedFile] = {}

        def size(quality: int) -> int:
            attempts[quality] = self._encode(oversized.format, quality)
            return len(attempts[quality].body)

        return self._within_limit(
            attempts[highest_quality_within(size, self.output.max_bytes, oversized.quality, len(oversized.body))]
        )

    def _fewer_colours(self, smallest: EncodedFile) -> EncodedFile:
        for colours in _PALETTE_SIZES.get(smallest.format, ()):
            if not 0 < smallest.encoding.colours <= colours:
                encoding = replace_struct(self.output.encoding, colours=colours)
                smallest = min(smallest, self._encode(smallest.format, smallest.quality, encoding), key=_size_bytes)
            if _size_bytes(smallest) <= self.output.max_bytes:
                break
        return self._within_limit(smallest)

    def _within_limit(self, smallest: EncodedFile) -> EncodedFile:
        check_size(smallest.body, self.output)
        return smallest

    def _encode(self, kind: Format, quality: int, encoding: Encoding | None = None) -> EncodedFile:
        encoding = encoding or self.output.encoding
        body = encode_still(replace(self.frame, format=kind), quality, self.metadata, encoding)
        return EncodedFile(body, kind, encoding, quality)


def _decode_back(file: EncodedFile) -> Frame:
    """Decode as the client will."""
    decoder = CODECS[file.format].open(memoryview(file.body))
    size = decoder.header.size
    return decoder.decode(DecodeRequest(Area(0, 0, size.width, size.height), size))
