"""Renders several plans of one original, which is decoded once.

Knows that one result may fail without the others. Runs in worker processes only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.pixels.analysis.borders import find_trim_box
from pixmill.engine.pixels.analysis.drawn import decide_light
from pixmill.engine.pixels.animation import produces_animation
from pixmill.engine.pixels.cost import check_cost
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.job import RenderJob, resolve_job
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.passthrough import delivered_plan, may_pass_through
from pixmill.engine.pixels.pipeline import render, render_frame
from pixmill.engine.pixels.resample.shared_frame import SharedFrame, bounding_request
from pixmill.engine.pixels.steps.smart_crop import place_vector_window
from pixmill.engine.raster.frame import Area
from pixmill.errors import PixmillError
from pixmill.plan.lengths import Box, Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import DEFAULT_INPUT, Input, Kernel, Plan, ResampleSpace
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.ports.values import Rendered

BatchOutcome = Rendered | PixmillError


def render_all(
    source: memoryview, plans: Sequence[Plan], limits: Limits, extras: Extras = NO_EXTRAS
) -> Iterator[tuple[int, BatchOutcome]]:
    """Yield the number of each plan with its result or its error, in any order.

    Only one result is in memory at a time. The original is decoded once, unless plans need different decodes. Raises
    errors that concern the original as a whole, as ``render`` does.
    """
    inputs = _SharedInputs(source, limits, extras)
    inputs.header(DEFAULT_INPUT)
    jobs: dict[int, RenderJob] = {}
    for number, plan in enumerate(plans):
        try:
            header = inputs.header(plan.input)
            delivered = delivered_plan(header, plan)
            if may_pass_through(header, delivered) or produces_animation(header, delivered):
                yield number, render(source, plan, limits, extras)  # an animation keeps no frames that could be shared
            else:
                jobs[number] = inputs.resolve_job_for(delivered)
        except PixmillError as error:
            yield number, error
    for group in _group_by_decode(jobs):
        yield from _render_group(source, group, limits)


class _SharedInputs:
    """Headers and trim boxes, each read once for all plans."""

    def __init__(self, source: memoryview, limits: Limits, extras: Extras) -> None:
        self._source = source
        self._limits = limits
        self._extras = extras
        self._headers: dict[Input, ImageHeader] = {}
        self._trim_boxes: dict[tuple[object, ...], Box | None] = {}

    def header(self, input_options: Input) -> ImageHeader:
        if input_options not in self._headers:
            self._headers[input_options] = open_image(self._source, self._limits, input_options).header
        return self._headers[input_options]

    def resolve_job_for(self, plan: Plan) -> RenderJob:
        trim_key = (plan.input, plan.trim, plan.rotate, plan.flip)
        if trim_key not in self._trim_boxes:
            self._trim_boxes[trim_key] = find_trim_box(self._source, plan, self._limits)
        job = resolve_job(self.header(plan.input), plan, self._limits, self._trim_boxes[trim_key])
        job = replace(job, source=self._source, extras=self._extras)
        if job.header.is_vector:
            job = place_vector_window(open_image(self._source, self._limits, plan.input), job)
        check_cost(job)
        return job


def _group_by_decode(jobs: dict[int, RenderJob]) -> list[dict[int, RenderJob]]:
    """Group the jobs whose decode requests differ only in area and size."""
    groups: dict[tuple[Input, DecodeRequest], dict[int, RenderJob]] = {}
    for number, job in jobs.items():
        decode_key = replace(job.decode_request, area=Area(0, 0, 1, 1), target_size=Size(1, 1))
        groups.setdefault((job.plan.input, decode_key), {})[number] = job
    return list(groups.values())


def _render_group(source: memoryview, jobs: dict[int, RenderJob], limits: Limits) -> Iterator[tuple[int, BatchOutcome]]:
    started = perf_counter()
    try:
        shared, jobs = _decode_shared(source, jobs, limits)
    except PixmillError as error:
        yield from ((number, error) for number in jobs)
        return
    seconds = {"decode": perf_counter() - started}
    for number, job in jobs.items():
        try:
            yield (
                number,
                render_frame(shared.frame_for(job.decode_request, allow_halved=_may_use_halved(job)), job, seconds),
            )
        except PixmillError as error:
            yield number, error
        seconds = {}  # the decode counts once


def _decode_shared(
    source: memoryview, jobs: dict[int, RenderJob], limits: Limits
) -> tuple[SharedFrame, dict[int, RenderJob]]:
    """Decode one frame for all jobs, and decide for all whether it is drawn."""
    first, *_ = jobs.values()
    combined = bounding_request([job.decode_request for job in jobs.values()])
    decoder = open_image(source, limits, first.plan.input)
    frame = decode_frame(decoder, combined, limits)
    jobs = dict(zip(jobs, decide_light(jobs.values(), frame), strict=True))
    halvable = [job.decode_request for job in jobs.values() if _may_use_halved(job)]
    return SharedFrame(frame, combined, halvable), jobs


def _may_use_halved(job: RenderJob) -> bool:
    """Whether the job resamples as frames are halved; other ways are chosen for their effect on each pixel."""
    return job.plan.resize.kernel is Kernel.LANCZOS3 and job.resample_space is ResampleSpace.LINEAR
