"""Encodes a processed frame; where needed, by trial.

If the format is free, the smallest of several encodings is taken (``smallest.py``). ``quality=auto`` and ``max_bytes``
search with a medium encoder effort at most. Must never know the libraries.
"""

from typing import Final

from msgspec.structs import replace as replace_struct

from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.pixels.output.encoder import EncodedFile, FrameEncoder, is_lossy, size_bytes
from pixmill.engine.pixels.output.original_file import OriginalFile, format_is_free
from pixmill.engine.pixels.output.quality_search import highest_quality_within
from pixmill.engine.pixels.output.smallest import smallest_file, smallest_of_all
from pixmill.engine.raster.frame import Frame
from pixmill.errors import ResultTooLarge
from pixmill.media import Format
from pixmill.plan.ops import Output

MAX_SEARCH_EFFORT: Final = 4

_PALETTE_SIZES: Final = {
    Format.PNG: (256, 16, 4, 2),
    Format.ICO: (256, 16, 4, 2),
    Format.GIF: (128, 64, 32, 16, 8, 4, 2),
}
"""Palette sizes to try, by format."""


def encode_output(frame: Frame, output: Output, metadata: RetainedMetadata, original: OriginalFile) -> EncodedFile:
    """Encode the frame as ``output`` requests. Raises ResultTooLarge."""
    encoder = FrameEncoder(frame, metadata, _search_output(output))
    if output.smallest:
        first = best = smallest_of_all(encoder)
    else:
        first = encoder.as_requested(frame.format)
        best = smallest_file(encoder, first, original) if format_is_free(output) else first
    return _within_bytes(encoder, first, best) if 0 < output.max_bytes < size_bytes(best) else best


def check_size(body: bytes, output: Output) -> None:
    """Raise ResultTooLarge for more than ``max_bytes``, unless the smallest result is good enough."""
    if output.max_bytes_strict and 0 < output.max_bytes < len(body):
        message = f"{output.max_bytes} bytes are too few for this result: the smallest size reached is {len(body)}"
        raise ResultTooLarge(message, param="max_bytes")


def _search_output(output: Output) -> Output:
    """Lower the encoder effort if several encodings are needed."""
    effort = output.encoding.effort
    if not (output.target_quality or output.max_bytes) or effort is None or effort <= MAX_SEARCH_EFFORT:
        return output
    return replace_struct(output, encoding=replace_struct(output.encoding, effort=MAX_SEARCH_EFFORT))


def _within_bytes(encoder: FrameEncoder, first: EncodedFile, best: EncodedFile) -> EncodedFile:
    """Reduce to ``max_bytes``: by a lower quality if there is a lossy encoding, else by fewer colours.

    Raises ResultTooLarge.
    """
    lossy = next((file for file in (first, best) if is_lossy(file.format, file.encoding)), None)
    smallest = _lower_quality(encoder, lossy) if lossy else _fewer_colours(encoder, best)
    check_size(smallest.body, encoder.output)
    return smallest


def _lower_quality(encoder: FrameEncoder, oversized: EncodedFile) -> EncodedFile:
    attempts: dict[int, EncodedFile] = {}

    def size(quality: int) -> int:
        attempts[quality] = encoder.encode(oversized.format, quality)
        return len(attempts[quality].body)

    max_bytes = encoder.output.max_bytes
    return attempts[highest_quality_within(size, max_bytes, oversized.quality, len(oversized.body))]


def _fewer_colours(encoder: FrameEncoder, smallest: EncodedFile) -> EncodedFile:
    for colours in _PALETTE_SIZES.get(smallest.format, ()):
        if not 0 < smallest.encoding.colours <= colours:
            encoding = replace_struct(encoder.output.encoding, colours=colours)
            candidate = encoder.encode(smallest.format, smallest.quality, encoding)
            smallest = min(smallest, candidate, key=size_bytes)
        if size_bytes(smallest) <= encoder.output.max_bytes:
            break
    return smallest
