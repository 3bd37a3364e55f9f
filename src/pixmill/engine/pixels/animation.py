"""Animations: every frame goes through the steps of a still image, one at a time, on the encoder's demand.

So memory holds one frame of the original and a few of the result, whatever their number. The first frame decides what
must be the same in all: the smart window and the format. Alpha is kept in all frames, even if one frame does not need
it.

Must never know formats or libraries.
"""

from collections.abc import Iterator
from time import perf_counter
from typing import Final

from pixmill.engine.codecs.decoder import Decoder, HasFrames, ImageHeader
from pixmill.engine.codecs.frame_sequence import AnimationTiming, FrameSequence
from pixmill.engine.codecs.table import can_encode_animation
from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.decode import decode_frames
from pixmill.engine.pixels.error_boundary import process_errors
from pixmill.engine.pixels.job import RenderJob, check_frames_of_result
from pixmill.engine.pixels.open_image import check_frames
from pixmill.engine.pixels.runner import PipelineRunner
from pixmill.engine.raster.frame import Frame
from pixmill.errors import ImageTooLarge, ResultTooLarge
from pixmill.plan.animation import result_delays, selected_delays, selected_frames
from pixmill.plan.negotiation import kept_format, replacing_format
from pixmill.plan.ops import Plan

StageSeconds = dict[str, float]

MAX_REVERSED_BYTES: Final = 128 * 2**20
"""Of all frames of a result that plays backwards: they are in memory until the last one is made."""


def produces_animation(header: ImageHeader, plan: Plan) -> bool:
    """Whether this plan makes an animation of the original."""
    input_options, output = plan.input, plan.output
    if output.source_format and not kept_format(output, header.format):
        other = replacing_format(output, alpha=False, animated=True)
        format_can_animate = other is not None and can_encode_animation(other)
    else:
        format_can_animate = output.negotiated or not output.formats or can_encode_animation(output.formats[0])
    return (
        header.timing is not None
        and input_options.animated
        and (not input_options.animated_formats or header.format in input_options.animated_formats)
        and input_options.page == 1
        and format_can_animate
        and (len(frames_shown(header, plan)) > 1 or header.frame_count == 1)
    )


def build_frame_sequence(
    decoder: Decoder, job: RenderJob, runner: PipelineRunner, seconds: StageSeconds
) -> FrameSequence:
    """Return the frames of the result; only the first is made now. Adds to ``seconds`` as frames are made.

    Raises ImageTooLarge, ResultTooLarge.
    """
    if job.header.timing is None or not isinstance(decoder, HasFrames):
        raise TypeError("The original is not an animation")
    shown = frames_shown(job.header, job.plan)
    timing = _result_timing(job.header.timing, job.plan, shown)
    _check_limits(job, timing, shown)
    frames = _process_frames(_decode_frames(decoder, job, seconds, shown), runner, seconds)
    first = next(frames)
    in_order = _require_uniform(first, frames)
    return FrameSequence(
        _reversed(in_order, first, len(shown)) if job.plan.output.animation.reverse else in_order,
        first.size,
        first.layout,
        first.format,
        timing,
        profile=first.profile,
        truncated=job.header.truncated or first.truncated,
        is_graphic=is_graphic(first),
    )


def frames_shown(header: ImageHeader, plan: Plan) -> range:
    """Return the indexes of the frames of the original that are frames of the result."""
    return selected_frames(header.frame_count, plan.input.max_frames, plan.input.frame_step)


def _result_timing(timing: AnimationTiming, plan: Plan, shown: range) -> AnimationTiming:
    animation = plan.output.animation
    loop_count = timing.loop_count if animation.loop is None else animation.loop
    return AnimationTiming(result_delays(selected_delays(timing.delays_ms, shown), animation), loop_count)


def _check_limits(job: RenderJob, timing: AnimationTiming, shown: range) -> None:
    header, limits = job.header, job.limits
    if len(shown) > limits.max_frames:
        raise ImageTooLarge(f"An animation may have at most {limits.max_frames} frames")
    check_frames(header, shown[-1] + 1, limits)
    if timing.duration_s > limits.max_animation_s:
        raise ImageTooLarge(f"An animation may play for at most {limits.max_animation_s:g} seconds")
    check_frames_of_result(job, len(shown))


def _decode_frames(decoder: HasFrames, job: RenderJob, seconds: StageSeconds, shown: range) -> Iterator[Frame]:
    frames = decode_frames(decoder, job.decode_request, job.limits)
    for at in range(shown[-1] + 1):
        started = perf_counter()
        frame = next(frames)
        seconds["decode"] = seconds.get("decode", 0.0) + perf_counter() - started
        if at in shown:
            yield frame


def _process_frames(frames: Iterator[Frame], runner: PipelineRunner, seconds: StageSeconds) -> Iterator[Frame]:
    for frame in frames:
        started = perf_counter()
        with process_errors():
            processed = runner.run(frame)
        seconds["process"] = seconds.get("process", 0.0) + perf_counter() - started
        yield processed


def _require_uniform(first: Frame, others: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    for frame in others:
        if (frame.size, frame.layout) != (first.size, first.layout):
            raise ValueError(f"A frame is {frame.size} {frame.layout}, the first {first.size} {first.layout}")
        yield frame


def _reversed(frames: Iterator[Frame], first: Frame, count: int) -> Iterator[Frame]:
    """Yield the frames in reverse order, once all are made. Raises ResultTooLarge."""
    if count * len(first.pixels) > MAX_REVERSED_BYTES:
        raise ResultTooLarge(
            f"The frames of an animation that plays backwards may have at most {MAX_REVERSED_BYTES} bytes together",
            param="reverse",
        )
    kept = list(frames)
    while kept:
        yield kept.pop()
