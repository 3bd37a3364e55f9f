"""Runs frames through the steps of a job, stage by stage.

Selects the steps once, when it is created, so that a render enters only the code of the steps that it needs. Must never
know what a step does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pixmill.engine.pixels.analysis.borders import find_frame_trim_box
from pixmill.engine.pixels.cost import check_known_cost
from pixmill.engine.pixels.job import RenderJob, resolve_trimmed_stages
from pixmill.engine.pixels.transform.plan_colours import with_colours_in
from pixmill.engine.raster.frame import Area, Frame
from pixmill.errors import PixmillError
from pixmill.plan.geometry import stage_name
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

    A later stage that trims is resolved, with those after it, when its first frame is there.
    """

    def __init__(self, job: RenderJob, steps: Sequence[Step], last_steps: Sequence[Step]) -> None:
        first_job, *later_jobs = job.stage_jobs
        self._job = job
        self._repeated_steps = [step for step in steps if not step.first_stage_only]
        self._first_stage = _Stage(first_job, steps)
        self._later_stages = [_Stage(job, self._repeated_steps) for job in later_jobs]
        self._trimmed_stages = 0
        self._last_stage = _Stage(first_job, last_steps)

    def run(self, frame: Frame) -> Frame:
        """Return the processed frame. Raises what the steps raise; an error of a later stage names the stage."""
        frame = self._first_stage.run(frame)
        for index in range(len(self._later_stages)):
            if index >= self._trimmed_stages:
                self._trim_stage(index, frame)
            stage = self._later_stages[index]
            try:
                frame = stage.run(replace(frame, area=stage.job.decode_request.area))
            except PixmillError as error:
                raise error.with_subject(stage_name(index + 2), "then") from error
        return self._last_stage.run(frame)

    def _trim_stage(self, index: int, frame: Frame) -> None:
        """Find the borders of the first frame that comes to a stage; those of later frames are the same."""
        self._trimmed_stages = index + 1
        job = self._later_stages[index].job_for(frame)
        trim_box = job.plan.trim and find_frame_trim_box(frame, job.plan.trim, job.orientation)
        if not trim_box:
            return
        jobs = resolve_trimmed_stages(self._job, index, trim_box)
        self._job = replace(self._job, later_jobs=(*self._job.later_jobs[:index], *jobs))
        check_known_cost(self._job)
        self._later_stages[index:] = [_Stage(job, self._repeated_steps) for job in self._job.stage_jobs[index + 1 :]]


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
