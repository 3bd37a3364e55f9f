"""Which frames of an animation are shown, and for how long: integers in, integers out."""

from collections.abc import Sequence
from fractions import Fraction

from pixmill.plan.lengths import exact_fraction
from pixmill.plan.output import Animation


def selected_frames(frame_count: int, max_frames: int, step: int) -> range:
    """Return the indexes of every ``step``-th frame from the first, at most ``max_frames`` (0: any number)."""
    frames = range(0, frame_count, step)
    return frames[:max_frames] if max_frames else frames


def selected_delays(delays_ms: Sequence[int], frames: range) -> tuple[int, ...]:
    """Return the delays of the selected frames; each also lasts for those after it that are left out."""
    return tuple(sum(delays_ms[at : at + frames.step]) for at in frames)


def result_delays(delays_ms: Sequence[int], animation: Animation) -> tuple[int, ...]:
    """Return the delays of the result, in order of display."""
    if animation.delays_ms:
        given = animation.delays_ms[: len(delays_ms)]
        return given + given[-1:] * (len(delays_ms) - len(given))
    ordered = delays_ms[::-1] if animation.reverse else delays_ms
    return tuple(ordered) if animation.speed == 1 else _scaled(ordered, 1 / exact_fraction(animation.speed))


def _scaled(delays_ms: Sequence[int], factor: Fraction) -> tuple[int, ...]:
    """Multiply the delays; rounding errors do not add up. None becomes less than a millisecond."""
    scaled, total, shown = [], Fraction(0), 0
    for delay in delays_ms:
        total += delay * factor
        scaled.append(max(1, round(total) - shown))
        shown += scaled[-1]
    return tuple(scaled)
