"""The Image Service: an original and a plan in, a finished picture out.

The tuples STEPS, once for each stage, and LAST_STEPS are the algorithm. Knows its steps and the boundary; each step knows one thing. Runs inside worker
processes only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

from pixmill.engine.codecs.keeping import keeping
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.picture import Picture
from pixmill.engine.codecs.table import animate
from pixmill.engine.pixels.animation import moves, reel_of
from pixmill.engine.pixels.borders import borders
from pixmill.engine.pixels.boundary import decoding, working
from pixmill.engine.pixels.facts.describe import describe
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job, resolve_job
from pixmill.engine.pixels.probe import facts_of, opened
from pixmill.engine.pixels.steps.aim import aim
from pixmill.engine.pixels.steps.areas import areas
from pixmill.engine.pixels.steps.blur import blur
from pixmill.engine.pixels.steps.convert import convert
from pixmill.engine.pixels.steps.convolve import convolve
from pixmill.engine.pixels.steps.equalise import equalise
from pixmill.engine.pixels.steps.flatten import flatten
from pixmill.engine.pixels.steps.gradient import gradient
from pixmill.engine.pixels.steps.grayscale import grayscale
from pixmill.engine.pixels.steps.hide_faces import hide_faces
from pixmill.engine.pixels.steps.median import median
from pixmill.engine.pixels.steps.melt import melt
from pixmill.engine.pixels.steps.noise import noise
from pixmill.engine.pixels.steps.overlay import overlay
from pixmill.engine.pixels.steps.pad import pad
from pixmill.engine.pixels.steps.pixelate import pixelate
from pixmill.engine.pixels.steps.recolour import recolour
from pixmill.engine.pixels.steps.resize import resize
from pixmill.engine.pixels.steps.settle import settle
from pixmill.engine.pixels.steps.shape import shape
from pixmill.engine.pixels.steps.sharpen import sharpen
from pixmill.engine.pixels.steps.spin import spin
from pixmill.engine.pixels.steps.spread import spread
from pixmill.engine.pixels.steps.tone import tone
from pixmill.engine.pixels.steps.turn import turn
from pixmill.engine.pixels.steps.uncover import uncover
from pixmill.engine.pixels.steps.vignette import vignette
from pixmill.engine.pixels.untouched import untouched
from pixmill.engine.pixels.walk import Step, Walk
from pixmill.engine.pixels.writing import check_size, written
from pixmill.errors import ResultTooLarge
from pixmill.media import DESCRIPTIONS, Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.ports import Rendered

STEPS: tuple[Step, ...] = (
    aim,  # where a smart window goes
    resize,  # crop and resize in one pass, in linear light
    convert,  # to sRGB, in the first stage
    uncover,  # drop an alpha that hides nothing
    turn,  # orientation, rotate by right angles, flip
    spin,  # rotate by any other angle
    grayscale,
    equalise,  # local contrast
    tone,  # each channel for itself, in one table
    recolour,  # the channels of a pixel together
    blur,
    melt,  # a blur that grows
    median,
    spread,  # dilate, erode
    sharpen,
    convolve,
    pixelate,
    areas,  # blurred, pixelated
    hide_faces,
    gradient,
    vignette,
    noise,
    shape,  # rounded corners, a mask, a border
    pad,  # the canvas of fit=contain, and padding
    overlay,  # pictures and texts laid over it
)

LAST_STEPS: tuple[Step, ...] = (
    settle,  # the format, now that alpha is known
    flatten,  # onto the background, if the format has no alpha
)


def render(source: memoryview, plan: Plan, limits: Limits, extras: Extras = NO_EXTRAS) -> Rendered:
    """The original as the plan wants it. Raises ImageError and InvalidParameter, and Internal for a defect of ours."""
    seconds: dict[str, float] = {}
    with _timed(seconds, "decode"):
        picture = opened(source, limits, plan.input)
        job = replace(
            resolve_job(picture.header, plan, limits, borders(source, plan, limits)), source=source, extras=extras
        )
        if as_it_is := untouched(picture, job):
            return as_it_is
        if moves(picture.header, plan):
            return _animated(picture, replace(job, animated=True))
        with decoding():
            frame = picture.decode(job.need)
    del picture
    return finished(frame, job, seconds)


def finished(frame: Frame, job: Job, seconds: dict[str, float]) -> Rendered:
    """The result that a decoded frame becomes; the frame itself stays as it is, for others to be made of it too."""
    with _timed(seconds, "process"), working():
        frame = _walk(job).through(frame)
    with _timed(seconds, "encode"), working():
        body, kind = _written(frame, job)
    return Rendered(body, kind, frame.width, frame.height, seconds)


def _walk(job: Job) -> Walk:
    return Walk(job, STEPS, LAST_STEPS, first_only=(convert,))


def _animated(picture: Picture, job: Job) -> Rendered:
    seconds: dict[str, float] = {}
    started = perf_counter()
    with working():
        reel = reel_of(picture, job, _walk(job), seconds)
        output = job.plan.output
        body = _bounded(animate(reel, output.target or output.quality, _kept(job), output.encoding), job)
        check_size(body, output)
    seconds["encode"] = perf_counter() - started - sum(seconds.values())
    return Rendered(body, reel.format, reel.size.width, reel.size.height, seconds)


def _written(frame: Frame, job: Job) -> tuple[bytes, Format]:
    if frame.format in DESCRIPTIONS:
        question = job.plan.question
        return describe(frame, question, lambda: facts_of(job.source, job.header, question)), frame.format
    file = written(frame, job.plan.output, _kept(job), job.header.format)
    return _bounded(file.body, job), file.format


def _kept(job: Job) -> Kept:
    return keeping(job.plan.output.metadata, job.header.exif, job.header.xmp)


def _bounded(body: bytes, job: Job) -> bytes:
    if len(body) > job.limits.max_result_bytes:
        raise ResultTooLarge(f"The result may have at most {job.limits.max_result_bytes} bytes")
    return body


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds[stage] = perf_counter() - started
