"""Decides, once for a decoded original, whether resampling mixes light or sRGB values where the plan leaves it open.

In light, thin black lines on white fade, and white ones on black grow; photographs keep the brightness of fine detail.
"""

from collections.abc import Iterable
from dataclasses import replace

from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.frame import Frame
from pixmill.plan.ops import ResampleSpace


def decide_light(jobs: Iterable[RenderJob], frame: Frame) -> list[RenderJob]:
    """Return the jobs of one decoded frame, which is looked at only if a stage of one of them leaves its space open."""
    jobs = list(jobs)
    drawn = any(map(_depends_on_content, jobs)) and is_graphic(frame)
    return [replace(job, drawn=drawn) for job in jobs]


def _depends_on_content(job: RenderJob) -> bool:
    return any(
        stage.plan.resample_space is ResampleSpace.AUTO
        and (stage.geometry.needs_resampling or stage.plan.rotate_free is not None)
        for stage in job.stage_jobs
    )
