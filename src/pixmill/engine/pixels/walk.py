"""The way of frames through the stages of a job, each stage through the same steps.

What the first frame decides holds for those after it: where the windows lie that look for something to see. Knows jobs and the order of
things. Must never know what a step does, but for the one that looks.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.steps.aim import aim
from pixmill.errors import PixmillError
from pixmill.plan.geometry import stage_name

Step = Callable[[Frame, Job], Frame]


class Walk:
    """``steps`` are gone through once for each stage, but for those of the ``first_only``; ``last`` once at the end."""

    def __init__(
        self, job: Job, steps: Sequence[Step], last: Sequence[Step], *, first_only: Sequence[Step] = ()
    ) -> None:
        self._stages = job.stages
        self._steps = steps
        self._again = [step for step in steps if step not in first_only]
        self._last = last
        self._found: list[Area | None] = []

    def through(self, frame: Frame) -> Frame:
        """What becomes of a frame. Raises as the steps do; a failure of another stage than the first says which."""
        first, *others = self._stages
        frame = self._stage(0, frame, first, self._steps)
        for number, stage in enumerate(others, 1):
            try:
                frame = self._stage(number, replace(frame, area=stage.need.area), stage, self._again)
            except PixmillError as error:
                raise error.about(stage_name(number + 1), "then") from error
        return _gone(frame, first, self._last)

    def _stage(self, number: int, frame: Frame, job: Job, steps: Sequence[Step]) -> Frame:
        if number == len(self._found):
            self._found.append(aim(frame, job).area)
        return _gone(replace(frame, area=self._found[number]), job, [step for step in steps if step is not aim])


def _gone(frame: Frame, job: Job, steps: Sequence[Step]) -> Frame:
    for step in steps:
        frame = step(frame, job)
    return frame
