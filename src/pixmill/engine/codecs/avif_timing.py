"""When the frames of an AVIF sequence are shown: from its movie header, which neither Pillow nor libvips tells.

Knows the boxes of ISO/IEC 14496-12 (§8.3 track, §8.4.2 media, §8.6.1.2 time to sample, §8.6.6 edit list) as libavif writes
and reads them. Reads what strangers wrote: short and linear.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from pixmill.engine.codecs.reel import Timing, timing_of

_MOST_BOXES = 1_000
_WIDE = 1  # the version of a box whose times have 64 bits
_REPEATS = 1  # the flag of an edit list
_ENDLESS = {4: 2**32 - 1, 8: 2**64 - 1}


@dataclass(frozen=True, slots=True)
class Box:
    """A box's content, without its header, and where it begins in the file."""

    at: int
    data: memoryview

    def number(self, at: int, length: int = 4) -> int:
        return int.from_bytes(self.data[at : at + length])


def timing(source: memoryview, frames: int) -> Timing:
    """The delays of this many frames. Where the file does not say them, browsers' own tenth of a second."""
    track = _inside(Box(0, source), "moov", "trak")
    stts, header = track and _inside(track, "mdia", "minf", "stbl", "stts"), track and _inside(track, "mdia", "mdhd")
    if not track or not stts or not header:
        return timing_of([0] * frames)
    scale = header.number(20 if header.data[0] == _WIDE else 12) or 1
    runs = ((stts.number(8 + 8 * run), stts.number(12 + 8 * run)) for run in range(min(stts.number(4), frames)))
    ticks = chain.from_iterable(repeat(length, min(count, frames)) for count, length in runs)
    delays = [round(1000 * length / scale) for length, _ in zip(chain(ticks, repeat(0)), range(frames), strict=False)]
    return timing_of(delays, _plays(track))


def _plays(track: Box) -> int:
    """A track that is longer than what its edit list repeats plays that again and again (libavif: ``repetitionCount``)."""
    head, edits = _inside(track, "tkhd"), _inside(track, "edts", "elst")
    if not head or not edits or not edits.data[3] & _REPEATS:
        return 1 if edits else 0
    wide = 8 if head.data[0] == _WIDE else 4
    whole = head.number(28 if wide == 8 else 20, wide)  # noqa: PLR2004 - bytes
    once = edits.number(8, 8 if edits.data[0] == _WIDE else 4)
    return 0 if whole == _ENDLESS[wide] or not once else max(1, -(-whole // once))


def repeated(body: bytes, plays: int) -> bytes:
    """A file of libavif's, which plays without end, playing ``plays`` times."""
    movie, head = _inside(Box(0, memoryview(body)), "moov", "mvhd"), None
    track = _inside(Box(0, memoryview(body)), "moov", "trak")
    head = track and _inside(track, "tkhd")
    edits = track and _inside(track, "edts", "elst")
    if not plays or not movie or not head or not edits:
        return body
    changed = bytearray(body)
    whole = (edits.number(8, 8) * plays).to_bytes(8)
    changed[movie.at + 24 : movie.at + 32] = whole
    changed[head.at + 28 : head.at + 36] = whole
    changed[edits.at + 3] = _REPEATS if plays > 1 else 0
    return bytes(changed)


def _inside(box: Box, *names: str) -> Box | None:
    """The first box of these names, each within the one before."""
    for name in names:
        found = next((inner for kind, inner in _boxes(box) if kind == name.encode()), None)
        if found is None:
            return None
        box = found
    return box


def _boxes(box: Box) -> Iterator[tuple[bytes, Box]]:
    at = 0
    for _ in range(_MOST_BOXES):
        length, kind, start = box.number(at), bytes(box.data[at + 4 : at + 8]), 8
        if length == 1:  # the length follows in 64 bits
            length, start = box.number(at + 8, 8), 16
        if length == 0:  # to the end
            length = len(box.data) - at
        if length < start or len(kind) < 4:  # noqa: PLR2004 - a name has four bytes
            return
        yield kind, Box(box.at + at + start, box.data[at + start : at + length])
        at += length
