"""Several results of one original: decoded once, then each plan goes through the steps by itself.

Knows where the pipeline can be parted, and that one result may fail without the others. Runs inside worker processes only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from pixmill.engine.codecs.picture import Need
from pixmill.engine.pixels.borders import borders
from pixmill.engine.pixels.boundary import decoding
from pixmill.engine.pixels.frame import Area
from pixmill.engine.pixels.job import Job, resolve_job
from pixmill.engine.pixels.pipeline import finished
from pixmill.engine.pixels.probe import opened
from pixmill.engine.pixels.shared import SharedFrame, joined
from pixmill.errors import PixmillError
from pixmill.plan.geometry import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Kernel, Plan
from pixmill.ports import Rendered

Result = Rendered | PixmillError


def render_all(source: memoryview, plans: Sequence[Plan], limits: Limits) -> Iterator[tuple[int, Result]]:
    """The number of each plan with its result, or with why there is none, in any order; only one at a time is kept here.

    Decoded once, unless plans want different things decoded. Raises what befalls the original as a whole, as ``render`` does.
    """
    header = opened(source, limits).header
    jobs: dict[int, Job] = {}
    for number, plan in enumerate(plans):
        try:
            jobs[number] = replace(resolve_job(header, plan, limits, borders(source, plan, limits)), source=source)
        except PixmillError as error:
            yield number, error
    for group in _alike(jobs):
        yield from _rendered(source, group, limits)


def _alike(jobs: dict[int, Job]) -> list[dict[int, Job]]:
    """The jobs parted by what is decoded for them, apart from how much of it and how large."""
    groups: dict[Need, dict[int, Job]] = {}
    for number, job in jobs.items():
        kind = replace(job.need, area=Area(0, 0, 1, 1), size=Size(1, 1))
        groups.setdefault(kind, {})[number] = job
    return list(groups.values())


def _rendered(source: memoryview, jobs: dict[int, Job], limits: Limits) -> Iterator[tuple[int, Result]]:
    started = perf_counter()
    try:
        shared = _decoded(source, list(jobs.values()), limits)
    except PixmillError as error:
        yield from ((number, error) for number in jobs)
        return
    seconds = {"decode": perf_counter() - started}
    for number, job in jobs.items():
        try:
            yield number, finished(shared.seen(job.need, halved=_soft(job)), job, seconds)
        except PixmillError as error:
            yield number, error
        seconds = {}  # told once: decoded was once


def _decoded(source: memoryview, jobs: Sequence[Job], limits: Limits) -> SharedFrame:
    whole = joined([job.need for job in jobs])
    with decoding():
        return SharedFrame(opened(source, limits).decode(whole), whole, [job.need for job in jobs if _soft(job)])


def _soft(job: Job) -> bool:
    """Whether it is resampled by the kernel that halves frames; another one is there for what it does to each pixel."""
    return job.plan.resize.kernel is Kernel.LANCZOS3
