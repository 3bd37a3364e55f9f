"""Runs frames through the steps of a job, stage by stage.

Selects the steps once, when it is created, so that a render enters only the code of the steps that it needs. Must never
know what a step does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pixmill.engine.pixels.analysis.borders import find_frame_trim_box
from pixmill.engine.pixels.analysis.drawn import decide_light
from pixmill.engine.pixels.cost import check_known_cost
from pixmill.engine.pixels.job import RenderJob, resolve_trimmed_stages, with_result_size
from pixmill.engine.pixels.transform.plan_colours import with_colours_in
from pixmill.engine.raster.frame import Area, Frame
from pixmill.errors import PixmillError
from pixmill.plan.geometry import stage_name
from pixmill.plan.lengths import Box
from pixmill.plan.output import Profile

Operation = Callable[[Frame, RenderJob], Frame]


def _always(_job: RenderJob) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the pipeline, and whether a job needs it.

    ``applies`` looks at the job only, never at a frame: a step that depends on the frame always applies.
    ``first_stage_only`` steps are not repeated in later stages. A ``selects_area`` step changes nothing but
    ``Frame.area``; the area that it finds in the first frame of an animation is that of all frames.
    """

    apply: Operation
    applies: Callable[[RenderJob], bool] = _always
    first_stage_only: bool = False
    selects_area: bool = False


class PipelineRunner:
    """Applies ``steps`` once per stage, and ``last_steps`` once at the end.

    A later stage that trims, or that follows one whose canvas has grown, is resolved, with those after it, when its
    first frame is there.
    """

    def __init__(self, job: RenderJob, steps: Sequence[Step], last_steps: Sequence[Step]) -> None:
        self._job = job
        self._first_steps = steps
        self._repeated_steps = [step for step in steps if not step.first_stage_only]
        self._stages: list[_Stage] = []
        self._resolved_stages = 0
        self._last_stage = _Stage(job, last_steps)

    def run(self, frame: Frame) -> Frame:
        """Return the processed frame. Raises what the steps raise; an error of a later stage names the stage."""
        if not self._stages:
            self._start(frame)
        for index in range(len(self._stages)):
            is_first = index >= self._resolved_stages
            self._resolved_stages = max(self._resolved_stages, index + 1)
            if index and is_first:
                self._resolve_again(index, frame)
            stage = self._stages[index]
            try:
                frame = stage.run(replace(frame, area=stage.job.decode_request.area) if index else frame)
            except PixmillError as error:
                if not index:
                    raise
                raise error.with_subject(stage_name(index + 1), "then") from error
            if is_first and frame.size != stage.job.geometry.output:
                self._job = with_result_size(self._job, index, frame.size)
                check_known_cost(self._job)
        return self._last_stage.run(frame)

    def _start(self, frame: Frame) -> None:
        """Select the steps; the first frame of an animation decides for all what is mixed."""
        if self._job.drawn is None:
            [self._job] = decide_light([self._job], frame)
        first_job, *later_jobs = self._job.stage_jobs
        self._stages = [
            _Stage(first_job, self._first_steps),
            *(_Stage(job, self._repeated_steps) for job in later_jobs),
        ]

    def _resolve_again(self, index: int, frame: Frame) -> None:
        """Resolve a later stage by its first frame, if it trims that or expected another size."""
        job = self._stages[index].job_for(frame)
        box = find_frame_trim_box(frame, job.plan.trim, job.orientation) if job.plan.trim else None
        if box is None:
            if frame.size == job.header.size:
                return
            box = Box.whole(frame.size)
        jobs = resolve_trimmed_stages(self._job, index - 1, box)
        self._job = replace(self._job, later_jobs=(*self._job.later_jobs[: index - 1], *jobs))
        check_known_cost(self._job)
        self._stages[index:] = [_Stage(job, self._repeated_steps) for job in self._job.stage_jobs[index:]]


class _Stage:
    """The steps that one stage of a job needs; keeps the area that its first frame was given."""

    def __init__(self, job: RenderJob, steps: Sequence[Step]) -> None:
        self.job = job
        needed = [step for step in steps if step.applies(job)]
        self._area_steps = [step.apply for step in needed if step.selects_area]
        self._steps = [step.apply for step in needed if not step.selects_area]
        self._selected_area: Area | None = None
        self._jobs: dict[bytes, RenderJob] = {b"": job}

    def run(self, frame: Frame) -> Frame:
        if self._area_steps:
            frame = replace(frame, area=self._select_area(frame))
        for apply in self._steps:
            frame = apply(frame, self.job_for(frame))
        return frame

    def job_for(self, frame: Frame) -> RenderJob:
        """Return the job with its colours in the colour space of a frame; the same for sRGB, which nearly all are."""
        profile = b"" if self.job.requested_profile is Profile.SRGB else frame.profile
        if profile not in self._jobs:
            self._jobs[profile] = with_colours_in(self.job, profile)
        return self._jobs[profile]

    def _select_area(self, frame: Frame) -> Area | None:
        if self._selected_area is None:
            for apply in self._area_steps:
                frame = apply(frame, self.job)
            self._selected_area = frame.area
        return self._selected_area
