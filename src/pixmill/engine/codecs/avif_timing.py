"""Reads and writes the frame delays and loop count of AVIF sequences.

Neither Pillow nor libvips exposes them. Knows the boxes of ISO/IEC 14496-12 (§8.3 track, §8.4.2 media, §8.6.1.2
time to sample, §8.6.6 edit list) as libavif writes and reads them. Parses untrusted data: short and linear.
"""

from itertools import chain, repeat

from pixmill.engine.codecs.frame_sequence import AnimationTiming, normalized_timing
from pixmill.engine.codecs.isobmff import IsobmffBox, find_box

_VERSION_64_BIT = 1  # box version with 64-bit times
_REPEAT_FLAG = 1  # flag of an edit list
_INFINITE_DURATION = {4: 2**32 - 1, 8: 2**64 - 1}


def read_timing(source: memoryview, frames: int) -> AnimationTiming:
    """Read the delays of this many frames; 100 ms each, as in browsers, if the file has none."""
    track = find_box(IsobmffBox(0, source), "moov", "trak")
    stts, header = (
        track and find_box(track, "mdia", "minf", "stbl", "stts"),
        track and find_box(track, "mdia", "mdhd"),
    )
    if not track or not stts or not header:
        return normalized_timing([0] * frames)
    scale = header.read_uint(20 if header.data[0] == _VERSION_64_BIT else 12) or 1
    runs = (
        (stts.read_uint(8 + 8 * run), stts.read_uint(12 + 8 * run)) for run in range(min(stts.read_uint(4), frames))
    )
    ticks = chain.from_iterable(repeat(length, min(count, frames)) for count, length in runs)
    delays = [round(1000 * length / scale) for length, _ in zip(chain(ticks, repeat(0)), range(frames), strict=False)]
    return normalized_timing(delays, _loop_count(track))


def _loop_count(track: IsobmffBox) -> int:
    """A track longer than its repeating edit list loops (libavif: ``repetitionCount``)."""
    track_header, edits = find_box(track, "tkhd"), find_box(track, "edts", "elst")
    if not track_header or not edits or not edits.data[3] & _REPEAT_FLAG:
        return 1 if edits else 0
    field_bytes = 8 if track_header.data[0] == _VERSION_64_BIT else 4
    track_duration = track_header.read_uint(28 if field_bytes == 8 else 20, field_bytes)  # noqa: PLR2004 - bytes
    edit_duration = edits.read_uint(8, 8 if edits.data[0] == _VERSION_64_BIT else 4)
    return (
        0
        if track_duration == _INFINITE_DURATION[field_bytes] or not edit_duration
        else max(1, -(-track_duration // edit_duration))
    )


def set_loop_count(body: bytes, loop_count: int) -> bytes:
    """Patch a file written by libavif, which loops forever, to play ``loop_count`` times."""
    movie = find_box(IsobmffBox(0, memoryview(body)), "moov", "mvhd")
    track = find_box(IsobmffBox(0, memoryview(body)), "moov", "trak")
    track_header = track and find_box(track, "tkhd")
    edits = track and find_box(track, "edts", "elst")
    if not loop_count or not movie or not track_header or not edits:
        return body
    patched = bytearray(body)
    duration = (edits.read_uint(8, 8) * loop_count).to_bytes(8)
    patched[movie.offset + 24 : movie.offset + 32] = duration
    patched[track_header.offset + 28 : track_header.offset + 36] = duration
    patched[edits.offset + 3] = _REPEAT_FLAG if loop_count > 1 else 0
    return bytes(patched)
