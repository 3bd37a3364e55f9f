"""The way of frames through the stages of a job, each stage through the same steps.

What the first frame decides holds for those after it: where the windows lie that look for something to see. Knows jobs and the order of
things. Must never know what a step does, but for the one that looks.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.steps.smart_crop import smart_crop
from pixmill.engine.raster.frame import Area, Frame
from pixmill.errors import PixmillError
from pixmill.plan.geometry import stage_name

Step = Callable[[Frame, RenderJob], Frame]


class PipelineRunner:
    """``steps`` are gone through once for each stage, but for those of the ``first_only``; ``last`` once at the end."""

    def __init__(
        self, job: RenderJob, steps: Sequence[Step], last_steps: Sequence[Step], *, first_only: Sequence[Step] = ()
    ) -> None:
        self._stages = job.stage_jobs
        self._steps = steps
        self._later_stage_steps = [step for step in steps if step not in first_only]
        self._last_steps = last_steps
        self._crop_areas: list[Area | None] = []

    def run(self, frame: Frame) -> Frame:
        """What becomes of a frame. Raises as the steps do; a failure of another stage than the first says which."""
        first_job, *later_jobs = self._stages
        frame = self._run_stage(0, frame, first_job, self._steps)
        for number, stage in enumerate(later_jobs, 1):
            try:
                frame = self._run_stage(
                    number, replace(frame, area=stage.decode_request.area), stage, self._later_stage_steps
                )
            except PixmillError as error:
                raise error.with_subject(stage_name(number + 1), "then") from error
        return _apply(frame, first_job, self._last_steps)

    def _run_stage(self, number: int, frame: Frame, job: RenderJob, steps: Sequence[Step]) -> Frame:
        if number == len(self._crop_areas):
            self._crop_areas.append(smart_crop(frame, job).area)
        return _apply(
            replace(frame, area=self._crop_areas[number]), job, [step for step in steps if step is not smart_crop]
        )


def _apply(frame: Frame, job: RenderJob, steps: Sequence[Step]) -> Frame:
    for step in steps:
        frame = step(frame, job)
    return frame
