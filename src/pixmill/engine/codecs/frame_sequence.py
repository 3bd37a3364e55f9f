"""An animation on its way into a file: frames that are made one by one, and when each is shown.

Knows values only. The same words mean the same in every format here; each codec translates them into its own.
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
    """How long each frame is shown, in milliseconds, and how often all of them are played, 0 for without end."""

    delays_ms: tuple[int, ...]
    loop_count: int = 0

    @property
    def duration_s(self) -> float:
        return sum(self.delays_ms) / 1000


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Frames of one size and layout, each made when it is asked for, in order and once."""

    frames: Iterator[Frame]
    size: Size
    layout: Layout
    format: Format
    timing: AnimationTiming


def normalized_timing(delays_ms: Sequence[int], loop_count: int = 0) -> AnimationTiming:
    """What a file says, as it is meant: a delay of 0 is shown by every browser for a tenth of a second, in GIF, and so it is said
    in every format. What browsers do with other short delays, they do in all formats alike. GIF and WebP count plays with 16 bits.
    """
    return AnimationTiming(
        tuple(delay if delay > 0 else _DEFAULT_DELAY_MS for delay in delays_ms), min(loop_count, _MAX_LOOP_COUNT)
    )
