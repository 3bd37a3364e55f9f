"""Encodes one frame with options that all its encodings share, at a quality or at a look. Must never know libraries."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from msgspec.structs import replace as replace_struct

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.table import CODECS
from pixmill.engine.pixels.analysis.ssimulacra2 import Reference, can_compare
from pixmill.engine.pixels.output.checked_encoding import encode_still
from pixmill.engine.pixels.output.quality_search import closest_quality, target_score
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import Format
from pixmill.plan.ops import Output
from pixmill.plan.output import MAX_COLOURS, Encoding

_LOSSY_FORMATS: Final = (Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL)


@dataclass(frozen=True, slots=True)
class EncodedFile:
    """An encoded file and the options it was encoded with."""

    body: bytes
    format: Format
    encoding: Encoding
    quality: int


def size_bytes(file: EncodedFile) -> int:
    return len(file.body)


def is_lossy(kind: Format, encoding: Encoding) -> bool:
    """Whether quality has an effect."""
    lossless = encoding.lossless and kind is not Format.JPEG
    return kind in _LOSSY_FORMATS and not lossless and (encoding.near_lossless is None or kind is not Format.WEBP)


class FrameEncoder:
    """Encodes one frame in any format. Every method raises UnsupportedOutput and ResultTooLarge."""

    def __init__(self, frame: Frame, metadata: RetainedMetadata, output: Output) -> None:
        self.frame = frame
        self.output = output
        self._metadata = metadata

    def encode(self, kind: Format, quality: int, encoding: Encoding | None = None) -> EncodedFile:
        encoding = encoding or self.output.encoding
        body = encode_still(replace(self.frame, format=kind), quality, self._metadata, encoding)
        return EncodedFile(body, kind, encoding, quality)

    def as_requested(self, kind: Format) -> EncodedFile:
        """Encode at the quality, or at the look, that the output requests."""
        if self.output.target_quality and is_lossy(kind, self.output.encoding):
            return self.at_look(kind, self.output.target_quality)
        return self.encode(kind, self.output.quality)

    def at_look(self, kind: Format, target_quality: int) -> EncodedFile:
        """Encode with the quality at which the frame looks as photographs do at ``target_quality``.

        That quality itself, if the frame cannot be compared with its encodings.
        """
        if not can_compare(self.frame.size):
            return self.encode(kind, target_quality)
        attempts: dict[int, EncodedFile] = {}

        def score(quality: int) -> float:
            attempts[quality] = self.encode(kind, quality)
            return self._score(attempts[quality])

        return attempts[closest_quality(score, target_quality)]

    def reaches(self, file: EncodedFile, target_quality: int) -> bool:
        """Whether an encoding looks at least as photographs do at ``target_quality``; False if that is unknown."""
        return can_compare(self.frame.size) and self._score(file) >= target_score(target_quality)

    def exact_palette(self) -> Encoding | None:
        """Return the options of a PNG with a palette of all colours; None if there are too many."""
        encoding = self.output.encoding
        return replace_struct(encoding, colours=MAX_COLOURS) if not encoding.colours and self.has_few_colours else None

    @cached_property
    def has_few_colours(self) -> bool:
        """Whether a palette can hold all colours."""
        return bool(to_pillow(self.frame).getcolors(MAX_COLOURS))

    @cached_property
    def _reference(self) -> Reference:
        return Reference(self.frame)

    def _score(self, file: EncodedFile) -> float:
        return self._reference.score(_decode_back(file))


def _decode_back(file: EncodedFile) -> Frame:
    """Decode as the client will."""
    decoder = CODECS[file.format].open(memoryview(file.body))
    size = decoder.header.size
    return decoder.decode(DecodeRequest(Area(0, 0, size.width, size.height), size))
