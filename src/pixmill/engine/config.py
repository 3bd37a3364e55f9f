"""Settings of the engine: workers, queue and limits of images.

Must never know pixels or processes.
"""

from typing import Final

from pydantic import ConfigDict, Field

from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.output import RenderMode
from pixmill.runtime.setting_types import Duration, SettingGroup, Size
from pixmill.runtime.system import available_cores

_LIMITS: Final = Limits()


class EngineConfig(SettingGroup):
    """Settings of the render workers."""

    model_config = ConfigDict(frozen=True)

    workers: int = Field(
        default=0, ge=0, le=1024, examples=["4"], description="Number of render processes; 0: one per core."
    )
    render_mode: RenderMode = Field(
        default=RenderMode.BALANCED,
        description="Default speed/quality trade-off of requests: fast, balanced or best.",
    )
    queue: int = Field(
        default=256, ge=0, description="Maximum number of renders waiting for a worker; more are rejected with 503."
    )
    queue_max_wait_s: Duration = Field(
        default=5.0,
        gt=0,
        description="Maximum estimated wait for a worker; above it a render is rejected with 503 at once.",
    )
    deadline_s: Duration = Field(
        default=20.0,
        gt=0,
        description="Maximum duration of a render, and again of its wait; then it is killed, or rejected.",
    )
    worker_max_jobs: int = Field(
        default=10_000, ge=0, description="Renders after which a worker is recycled; 0: never."
    )
    worker_max_rss_bytes: Size = Field(
        default=512 * 2**20,
        ge=0,
        description="Resident memory above which a worker is recycled; 0: never.",
    )
    worker_memory_bytes: Size = Field(
        default=2 * 2**30,
        ge=0,
        description="Maximum private memory that a worker can allocate; 0: unlimited. Originals and results are in "
        "memory files of the server.",
    )
    raster_memory_bytes: Size = Field(
        default=512 * 2**20,
        ge=0,
        description="Memory for the decoded pixels of large originals of which many small parts are requested, as by "
        "viewers that zoom in; 0: each part is decoded by itself. An original takes 3 or 4 bytes a pixel, until a "
        "minute after the last part.",
    )
    sandbox: SandboxMode = Field(
        default=SandboxMode.AUTO,
        description="Worker sandbox by Landlock and seccomp: no network, no files except code and fonts, no other "
        "processes. auto: "
        "as far as the kernel supports it; strict: refuse to start without full support; off: resource limits only.",
    )
    max_pixels: int = Field(default=_LIMITS.max_pixels, ge=1, description="Maximum pixels of an original.")
    max_frames: int = Field(default=_LIMITS.max_frames, ge=1, description="Maximum frames of an animated original.")
    max_animation_pixels: int = Field(
        default=_LIMITS.max_animation_pixels,
        ge=1,
        description="Maximum pixels of all frames of an animation together, in the original and in the result.",
    )
    max_animation_s: Duration = Field(
        default=_LIMITS.max_animation_s,
        ge=1,
        description="Maximum duration of one loop of an animated original.",
    )
    max_result_pixels: int = Field(default=_LIMITS.max_result_pixels, ge=1, description="Maximum pixels of a result.")
    max_result_side: int = Field(
        default=_LIMITS.max_result_side,
        ge=1,
        le=65_535,  # raster.frame.MAX_SIDE
        description="Maximum width and height of a result, in pixels; at most 65,535.",
    )
    max_result_bytes: Size = Field(
        default=_LIMITS.max_result_bytes, ge=1, description="Maximum size of an encoded result."
    )
    max_cost_s: Duration = Field(
        default=_LIMITS.max_cost_s,
        gt=0,
        description="Maximum estimated CPU time of a render; what would take more is rejected with 422 "
        "before a pixel is decoded.",
    )

    on_truncated: OnTruncated = Field(
        default=_LIMITS.on_truncated,
        description="Originals that are cut off, of all formats: refuse (422) or show what could be decoded, for as "
        "long as PIXMILL_NEGATIVE_TTL_UNDECODABLE_S. What is complete but for its end marker is always shown.",
    )

    def limits(self) -> Limits:
        """Return the limits of every job."""
        return Limits(
            max_pixels=self.max_pixels,
            max_frames=self.max_frames,
            max_animation_pixels=self.max_animation_pixels,
            max_animation_s=self.max_animation_s,
            max_result_pixels=self.max_result_pixels,
            max_result_side=self.max_result_side,
            max_result_bytes=int(self.max_result_bytes),
            max_cost_s=self.max_cost_s,
            on_truncated=self.on_truncated,
        )

    def worker_count(self) -> int:
        """Return the number of workers."""
        return self.workers or available_cores()
