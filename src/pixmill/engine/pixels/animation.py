"""Moving pictures: each frame goes through the same steps as a still, one at a time, on demand of the encoder.

So memory holds one frame of the original and a few of the result, however many there are. What must be alike in all frames is
decided on the first: where a smart window lies, and the format. An alpha is kept in all frames, though one may not need it.

Knows frames, limits and the order of things. Must never know formats or libraries.
"""

from collections.abc import Iterator
from time import perf_counter

from pixmill.engine.codecs.picture import Animated, Header, Picture
from pixmill.engine.codecs.reel import Reel, Timing
from pixmill.engine.codecs.table import animatable
from pixmill.engine.pixels.boundary import decoding, working
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.probe import check_frames
from pixmill.engine.pixels.walk import Walk
from pixmill.errors import ImageTooLarge, ResultTooLarge
from pixmill.plan.ops import Plan

Seconds = dict[str, float]


def moves(header: Header, plan: Plan) -> bool:
    """Whether what this plan makes of the original is an animation."""
    asked, output = plan.input, plan.output
    able = output.negotiated or not output.formats or animatable(output.formats[0])
    return header.timing is not None and asked.animated and asked.page == 1 and able


def reel_of(picture: Picture, job: Job, walk: Walk, seconds: Seconds) -> Reel:
    """The result's frames; the first is made now. ``seconds`` grow as frames are made. Raises ImageTooLarge, ResultTooLarge."""
    timing = job.header.timing
    if timing is None or not isinstance(picture, Animated):
        raise TypeError("This picture does not move")
    _check(job, timing)
    frames = _processed(_decoded(picture, job, seconds), walk, seconds)
    first = next(frames)
    return Reel(_alike(first, frames), first.size, first.layout, first.format, timing)


def _check(job: Job, timing: Timing) -> None:
    header, limits = job.header, job.limits
    check_frames(header, header.frames, limits)
    if timing.seconds > limits.max_animation_s:
        raise ImageTooLarge(f"An animation may play for at most {limits.max_animation_s} seconds")
    largest = max(stage.geometry.output.pixels for stage in job.stages)
    if header.frames * largest > limits.max_animation_pixels:
        raise ResultTooLarge(f"The frames of the result may have at most {limits.max_animation_pixels} pixels together")


def _decoded(picture: Animated, job: Job, seconds: Seconds) -> Iterator[Frame]:
    frames = picture.frames(job.need)
    for _ in range(job.header.frames):
        started = perf_counter()
        with decoding():
            frame = next(frames)
        seconds["decode"] = seconds.get("decode", 0.0) + perf_counter() - started
        yield frame


def _processed(frames: Iterator[Frame], walk: Walk, seconds: Seconds) -> Iterator[Frame]:
    for frame in frames:
        started = perf_counter()
        with working():
            done = walk.through(frame)
        seconds["process"] = seconds.get("process", 0.0) + perf_counter() - started
        yield done


def _alike(first: Frame, others: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    for frame in others:
        if (frame.size, frame.layout) != (first.size, first.layout):
            raise ValueError(f"A frame is {frame.size} {frame.layout}, the first {first.size} {first.layout}")
        yield frame
