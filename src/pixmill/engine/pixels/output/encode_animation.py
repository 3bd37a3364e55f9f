"""Encodes an animation in the requested format, or, if the format is free, in the one that makes the smallest file.

Which one that is depends on the content. A screen recording of 60 frames at 640 × 360 pixels takes 56 kB as lossy WebP,
31 as GIF, 15 as AVIF and 6 as lossless WebP; 20 frames of a photograph at 320 × 200 take 220, 1,139, 28 and 1,150. So
the chosen format is encoded first, and then:

- if the first frame is a graphic: lossless WebP, if the client accepts WebP, and the format of the original, but for
  lossy WebP: at the same quality it is smaller than AVIF only because it looks worse, by 2 to 8 points of SSIMULACRA2
- otherwise the format of the original, if the first file is larger than the original, scaled to the size of the result
- with ``format=best`` all formats that the client accepts

The frames are decoded and processed again for each, so that memory holds a few of them only. That is done if the
estimated cost allows it. Must never know the libraries.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from msgspec.structs import replace as replace_struct

from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.table import can_encode_animation
from pixmill.engine.pixels.output.checked_encoding import encode_sequence
from pixmill.engine.pixels.output.original_file import OriginalFile, format_is_free, own_format
from pixmill.media import Format
from pixmill.plan.ops import Output
from pixmill.plan.output import Encoding

MAX_ENCODINGS: Final = 4

_MAX_PIXELS: Final = 4_000_000
_MAX_STILL_BITS: Final = 0.08
"""Above this many pixels in all frames, lossless WebP is tried only if the first file has at most this many bits for
each: hardly anything moves then. Otherwise photographs that follow a drawn frame would take 0.4 s for a million."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    body: bytes
    format: Format


def encode_animation_output(
    sequence: FrameSequence,
    make_sequence: Callable[[], FrameSequence],
    output: Output,
    metadata: RetainedMetadata,
    original: OriginalFile,
    *,
    may_try: bool,
) -> tuple[bytes, FrameSequence]:
    """Return the file, and the sequence that it was made of; ``make_sequence`` makes the same one again.

    Raises UnsupportedOutput, ResultTooLarge.
    """
    quality = output.target_quality or output.quality

    def attempt(kind: Format, encoding: Encoding, frames: FrameSequence) -> _Attempt:
        return _Attempt(encode_sequence(replace(frames, format=kind), quality, metadata, encoding), kind)

    first = attempt(sequence.format, output.encoding, sequence)
    if not (may_try and format_is_free(output)):
        return first.body, sequence
    others = (attempt(kind, encoding, make_sequence()) for kind, encoding in _others(sequence, first, output, original))
    best = min((first, *others), key=lambda found: len(found.body))
    return best.body, replace(sequence, format=best.format)


def _others(
    sequence: FrameSequence, first: _Attempt, output: Output, original: OriginalFile
) -> Iterator[tuple[Format, Encoding]]:
    encoding = output.encoding
    if output.smallest:
        yield from ((kind, encoding) for kind in (*output.formats, Format.GIF) if _is_other(kind, first))
    if (sequence.is_graphic or output.smallest) and Format.WEBP in output.formats and can_encode_animation(Format.WEBP):
        pixels = sequence.size.pixels * len(sequence.timing.delays_ms)
        hardly_moves = 8 * len(first.body) <= _MAX_STILL_BITS * pixels
        if not encoding.lossless and (pixels <= _MAX_PIXELS or hardly_moves):
            yield Format.WEBP, replace_struct(encoding, lossless=True)
    own = own_format(original.format, output)
    if output.smallest:
        return
    if own is Format.GIF and sequence.layout.has_alpha and sequence.size != original.size:
        return  # what is resized has partial alpha
    is_larger = len(first.body) > original.scaled_bytes(sequence.size)
    looks_alike = own is not Format.WEBP or encoding.lossless
    is_tried = (sequence.is_graphic and looks_alike) or is_larger
    if own and own is not first.format and can_encode_animation(own) and is_tried:
        yield own, encoding


def _is_other(kind: Format, first: _Attempt) -> bool:
    return kind is not first.format and can_encode_animation(kind)
