"""An animation between decoding and encoding: frames produced one at a time, and their timing.

Knows values only, with one meaning for all formats; each codec translates them into its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixmill.engine.raster.frame import Frame, Layout
from pixmill.media import Format
from pixmill.plan.lengths import Size

_DEFAULT_DELAY_MS = 100
_MAX_LOOP_COUNT = 0xFFFF


@dataclass(frozen=True, slots=True)
class AnimationTiming:
    """The delay of each frame in milliseconds, and the loop count; 0 loops forever."""

    delays_ms: tuple[int, ...]
    loop_count: int = 0

    @property
    def duration_s(self) -> float:
        return sum(self.delays_ms) / 1000


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Frames of one size and layout, produced on demand, in order, once.

    ``truncated``: the file, or that of an overlay or a mask, is cut off. ``is_graphic``: the first frame is classified
    as drawn content.
    """

    frames: Iterator[Frame]
    size: Size
    layout: Layout
    format: Format
    timing: AnimationTiming
    profile: bytes = b""
    truncated: bool = False
    is_graphic: bool = False


def normalized_timing(delays_ms: Sequence[int], loop_count: int = 0) -> AnimationTiming:
    """Normalise the timing of a file.

    A delay of 0 becomes 100 ms in every format, as all browsers show it in GIF. Other short delays are kept:
    browsers treat them alike in all formats. GIF and WebP store the loop count in 16 bits.
    """
    return AnimationTiming(
        tuple(delay if delay > 0 else _DEFAULT_DELAY_MS for delay in delays_ms), min(loop_count, _MAX_LOOP_COUNT)
    )
