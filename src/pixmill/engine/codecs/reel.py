"""An animation on its way into a file: frames that are made one by one, and when each is shown.

Knows values only. The same words mean the same in every format here; each codec translates them into its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.layout import Layout
from pixmill.media import Format
from pixmill.plan.geometry import Size

_UNSAID_MS = 100
_MOST_PLAYS = 0xFFFF


@dataclass(frozen=True, slots=True)
class Timing:
    """How long each frame is shown, in milliseconds, and how often all of them are played, 0 for without end."""

    delays_ms: tuple[int, ...]
    plays: int = 0

    @property
    def seconds(self) -> float:
        return sum(self.delays_ms) / 1000


@dataclass(frozen=True, slots=True)
class Reel:
    """Frames of one size and layout, each made when it is asked for, in order and once."""

    frames: Iterator[Frame]
    size: Size
    layout: Layout
    format: Format
    timing: Timing


def timing_of(delays_ms: Sequence[int], plays: int = 0) -> Timing:
    """What a file says, as it is meant: a delay of 0 is shown by every browser for a tenth of a second, in GIF, and so it is said
    in every format. What browsers do with other short delays, they do in all formats alike. GIF and WebP count plays with 16 bits.
    """
    return Timing(tuple(delay if delay > 0 else _UNSAID_MS for delay in delays_ms), min(plays, _MOST_PLAYS))
