"""Writing: the file that a finished frame becomes, where needed by trying.

Where the format is free, what is not slow to write is tried beside what was settled, and the smallest is taken:

- a JPEG, where the original is one: 2 ms beside the 20 of an AVIF.
- a drawing as WebP also without loss (0.3 to 2.5 of the lossy bytes, 25 ms at 400 × 300), and as PNG, where the original is one.
- a drawing as PNG also with a palette (0.4 to 0.6 of the bytes, 12 ms), where that has the looks that the quality means.

What is slow, a second AVIF above all, is not tried. ``quality=auto`` and ``max_bytes`` search with the encoder asked for no more than a middling
effort. Knows frames and encoders' faces. Must never know the libraries.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from msgspec.structs import replace as with_

from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Need
from pixmill.engine.codecs.table import CODECS, write
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.looks import Looks, knows, usual_loss
from pixmill.engine.pixels.searching import highest_within, lowest_quality
from pixmill.errors import ResultTooLarge
from pixmill.media import Format
from pixmill.plan.ops import Output
from pixmill.plan.output import MAX_TARGET, Encoding

MIDDLING_EFFORT: Final = 4
_TRIED_PIXELS: Final = 1_000_000
"""Above this many a lossless WebP or a palette takes longer than an AVIF (200 ms)."""

_LOSSY: Final = (Format.JPEG, Format.WEBP, Format.AVIF, Format.HEIC, Format.JXL)
_MOST_COLOURS: Final = 256
_FEWER_COLOURS: Final = {
    Format.PNG: (256, 16, 4, 2),
    Format.ICO: (256, 16, 4, 2),
    Format.GIF: (128, 64, 32, 16, 8, 4, 2),
}
"""The palettes that each can have."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file, what it is, and how it was asked for."""

    body: bytes
    format: Format
    encoding: Encoding
    quality: int


def written(frame: Frame, output: Output, kept: Kept, original: Format) -> Written:
    """The frame as its output wants it; ``original`` is the format that it came in. Raises ResultTooLarge."""
    desk = _Desk(frame, kept, _searching(output))
    first = (
        desk.aimed()
        if output.target and _lossy(frame.format, output.encoding) and knows(frame.format)
        else desk.plain()
    )
    free = output.negotiated or not (output.formats or output.original)
    rivals = desk.rivals(original, first.quality) if free else ()
    best = min((first, *rivals), key=_bytes)
    return desk.squeezed(first, best) if 0 < output.max_bytes < _bytes(best) else best


def check_size(body: bytes, output: Output) -> None:
    """Raises ResultTooLarge for more than ``max_bytes``."""
    if 0 < output.max_bytes < len(body):
        least = f"{output.max_bytes} bytes are too few for this result: the least that was reached is {len(body)}"
        raise ResultTooLarge(least, param="max_bytes")


def _bytes(file: Written) -> int:
    return len(file.body)


def _searching(output: Output) -> Output:
    """With an effort that bears repetition."""
    effort = output.encoding.effort
    if not (output.target or output.max_bytes) or effort is None or effort <= MIDDLING_EFFORT:
        return output
    return with_(output, encoding=with_(output.encoding, effort=MIDDLING_EFFORT))


def _lossy(kind: Format, encoding: Encoding) -> bool:
    lossless = encoding.lossless and kind is not Format.JPEG
    return kind in _LOSSY and not lossless and (encoding.near_lossless is None or kind is not Format.WEBP)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One frame and all that is the same however it is written."""

    frame: Frame
    kept: Kept
    output: Output

    def plain(self) -> Written:
        return self._as(self.frame.format, self.output.quality)

    def aimed(self) -> Written:
        """With the lowest quality that reaches the target."""
        kind, looks = self.frame.format, Looks(self.frame)
        tried: dict[int, Written] = {}

        def loss(quality: int) -> float:
            tried[quality] = self._as(kind, quality)
            return looks.loss(_seen(tried[quality]))

        return tried[lowest_quality(loss, usual_loss(kind, self.output.target), self.output.target)]

    def rivals(self, original: Format, quality: int) -> Iterator[Written]:
        """Other ways to write it that are not slow."""
        kind, encoding = self.frame.format, self.output.encoding
        if original is Format.JPEG and kind is not Format.JPEG and not self.frame.layout.alpha:
            yield self._as(Format.JPEG, quality)
        if not self.frame.graphic:
            return
        if original is Format.PNG and kind is not Format.PNG:
            yield self._as(Format.PNG, quality)
        if self.frame.size.pixels > _TRIED_PIXELS:
            return
        if kind is Format.WEBP and _lossy(kind, encoding):
            yield self._as(kind, quality, with_(encoding, lossless=True))
        if kind is Format.PNG and not encoding.colours:
            yield from self._with_palette(quality)

    def _with_palette(self, quality: int) -> Iterator[Written]:
        wanted = self.output.target or self.output.quality
        if wanted > MAX_TARGET:
            return
        tried = self._as(Format.PNG, quality, with_(self.output.encoding, colours=_MOST_COLOURS))
        if Looks(self.frame).loss(_seen(tried)) <= usual_loss(Format.JPEG, wanted):
            yield tried

    def squeezed(self, first: Written, best: Written) -> Written:
        """With no more than so many bytes: in the lossy way, if there is one, else with fewer colours. Raises ResultTooLarge."""
        if _lossy(first.format, first.encoding):
            return self._of_lower_quality(first)
        if best.format is Format.JPEG:
            return self._of_lower_quality(best)
        return self._of_fewer_colours(best)

    def _of_lower_quality(self, large: Written) -> Written:
        tried: dict[int, Written] = {}

        def size(quality: int) -> int:
            tried[quality] = self._as(large.format, quality)
            return len(tried[quality].body)

        return self._bounded(tried[highest_within(size, self.output.max_bytes, large.quality, len(large.body))])

    def _of_fewer_colours(self, least: Written) -> Written:
        for colours in _FEWER_COLOURS.get(least.format, ()):
            if not 0 < least.encoding.colours <= colours:
                encoding = with_(self.output.encoding, colours=colours)
                least = min(least, self._as(least.format, least.quality, encoding), key=_bytes)
            if _bytes(least) <= self.output.max_bytes:
                break
        return self._bounded(least)

    def _bounded(self, least: Written) -> Written:
        check_size(least.body, self.output)
        return least

    def _as(self, kind: Format, quality: int, encoding: Encoding | None = None) -> Written:
        encoding = encoding or self.output.encoding
        body = write(replace(self.frame, format=kind), quality, self.kept, encoding)
        return Written(body, kind, encoding, quality)


def _seen(file: Written) -> Frame:
    """What the client will see."""
    picture = CODECS[file.format].open(memoryview(file.body))
    size = picture.header.size
    return picture.decode(Need(Area(0, 0, size.width, size.height), size))
