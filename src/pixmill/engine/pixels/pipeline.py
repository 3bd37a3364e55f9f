"""The Image Service: an original and a plan in, a finished picture out.

The tuple STEPS is the algorithm. Knows its steps and the boundary; each step knows one thing. Runs inside worker
processes only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from pixmill.engine.codecs.metadata import Kept, upright
from pixmill.engine.codecs.table import write
from pixmill.engine.pixels.boundary import decoding, working
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job, resolve_job
from pixmill.engine.pixels.probe import opened
from pixmill.engine.pixels.steps.aim import aim
from pixmill.engine.pixels.steps.blur import blur
from pixmill.engine.pixels.steps.convert import convert
from pixmill.engine.pixels.steps.flatten import flatten
from pixmill.engine.pixels.steps.grayscale import grayscale
from pixmill.engine.pixels.steps.pad import pad
from pixmill.engine.pixels.steps.resize import resize
from pixmill.engine.pixels.steps.settle import settle
from pixmill.engine.pixels.steps.turn import turn
from pixmill.engine.pixels.steps.uncover import uncover
from pixmill.errors import ResultTooLarge
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Metadata, Plan
from pixmill.ports import Rendered

Step = Callable[[Frame, Job], Frame]

STEPS: tuple[Step, ...] = (
    aim,  # where a smart window goes
    resize,  # crop and resize in one pass, in linear light
    convert,  # to sRGB
    uncover,  # drop an alpha that hides nothing
    turn,  # orientation, rotate, flip
    blur,
    grayscale,
    pad,  # the canvas of fit=contain
    settle,  # the format, now that alpha is known
    flatten,  # onto the background, if the format has no alpha
)


def render(source: memoryview, plan: Plan, limits: Limits) -> Rendered:
    """The original as the plan wants it. Raises ImageError and InvalidParameter, and Internal for a defect of ours."""
    seconds: dict[str, float] = {}
    with _timed(seconds, "decode"):
        picture = opened(source, limits)
        job = resolve_job(picture.header, plan, limits)
        with decoding():
            frame = picture.decode(job.need)
    del picture
    with _timed(seconds, "process"), working():
        for step in STEPS:
            frame = step(frame, job)
    with _timed(seconds, "encode"), working():
        body = _written(frame, job)
    return Rendered(body, frame.format, frame.width, frame.height, seconds)


def _written(frame: Frame, job: Job) -> bytes:
    output = job.plan.output
    kept = Kept()
    if output.metadata is Metadata.KEEP:
        kept = Kept(upright(job.header.exif), job.header.xmp)
    body = write(frame, output.quality, kept)
    if len(body) > job.limits.max_result_bytes:
        raise ResultTooLarge(f"The result may have at most {job.limits.max_result_bytes} bytes")
    return body


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds[stage] = perf_counter() - started
