"""Several results of one original: decoded once, then each plan goes through the steps by itself.

Knows where the pipeline can be parted, and that one result may fail without the others. Runs inside worker processes only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.pixels.animation import moves
from pixmill.engine.pixels.borders import borders
from pixmill.engine.pixels.boundary import decoding
from pixmill.engine.pixels.frame import Area
from pixmill.engine.pixels.job import Job, resolve_job
from pixmill.engine.pixels.pipeline import finished, render
from pixmill.engine.pixels.probe import opened
from pixmill.engine.pixels.shared import SharedFrame, joined
from pixmill.engine.pixels.untouched import may_stay
from pixmill.errors import PixmillError
from pixmill.plan.geometry import Box, Size
from pixmill.plan.input import EVERYTHING, Input
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Kernel, Plan
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.ports import Rendered

Result = Rendered | PixmillError


def render_all(
    source: memoryview, plans: Sequence[Plan], limits: Limits, extras: Extras = NO_EXTRAS
) -> Iterator[tuple[int, Result]]:
    """The number of each plan with its result, or with why there is none, in any order; only one at a time is kept here.

    Decoded once, unless plans want different things decoded. Raises what befalls the original as a whole, as ``render`` does.
    """
    bench = _Bench(source, limits, extras)
    bench.header(EVERYTHING)
    jobs: dict[int, Job] = {}
    for number, plan in enumerate(plans):
        try:
            if may_stay(bench.header(plan.input), plan) or moves(bench.header(plan.input), plan):
                yield number, render(source, plan, limits, extras)  # frames are not kept: they share nothing
            else:
                jobs[number] = bench.job(plan)
        except PixmillError as error:
            yield number, error
    for group in _alike(jobs):
        yield from _rendered(source, group, limits)


class _Bench:
    """What plans for stills have in common, looked at once."""

    def __init__(self, source: memoryview, limits: Limits, extras: Extras) -> None:
        self._source = source
        self._limits = limits
        self._extras = extras
        self._headers: dict[Input, Header] = {}
        self._borders: dict[tuple[object, ...], Box | None] = {}

    def header(self, looked: Input) -> Header:
        if looked not in self._headers:
            self._headers[looked] = opened(self._source, self._limits, looked).header
        return self._headers[looked]

    def job(self, plan: Plan) -> Job:
        looked = (plan.input, plan.trim, plan.rotate, plan.flip)
        if looked not in self._borders:
            self._borders[looked] = borders(self._source, plan, self._limits)
        job = resolve_job(self.header(plan.input), plan, self._limits, self._borders[looked])
        return replace(job, source=self._source, extras=self._extras)


def _alike(jobs: dict[int, Job]) -> list[dict[int, Job]]:
    """The jobs parted by what is decoded for them, apart from how much of it and how large."""
    groups: dict[tuple[Input, Need], dict[int, Job]] = {}
    for number, job in jobs.items():
        kind = replace(job.need, area=Area(0, 0, 1, 1), size=Size(1, 1))
        groups.setdefault((job.plan.input, kind), {})[number] = job
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
    picture = opened(source, limits, jobs[0].plan.input)
    with decoding():
        return SharedFrame(picture.decode(whole), whole, [job.need for job in jobs if _soft(job)])


def _soft(job: Job) -> bool:
    """Whether it is resampled by the kernel that halves frames; another one is there for what it does to each pixel."""
    return job.plan.resize.kernel is Kernel.LANCZOS3
