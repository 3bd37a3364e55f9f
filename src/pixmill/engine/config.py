"""The engine's settings: how many workers, what may wait, what a picture may cost.

Knows names, units and defaults. Must never know pixels or processes.
"""

from typing import Final

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.plan.limits import Limits
from pixmill.plan.output import RenderMode
from pixmill.runtime.system import available_cores

_LIMITS: Final = Limits()


class EngineConfig(BaseModel):
    """Settings of the render workers."""

    model_config = ConfigDict(frozen=True)

    workers: int = Field(default=0, ge=0, le=1024, description="Render processes; 0 means one for each core there is.")
    render_mode: RenderMode = Field(
        default=RenderMode.BALANCED,
        description="What the time of a render is spent on where a request does not say: fast, balanced or best.",
    )
    queue: int = Field(
        default=256, ge=0, description="How many renders may wait for a worker before new ones are answered 503."
    )
    queue_max_wait_s: float = Field(
        default=5.0,
        gt=0,
        description="A render that would have to wait for longer than this for a worker, as far as can be told, is answered 503 "
        "at once.",
    )
    deadline_s: float = Field(
        default=20.0,
        gt=0,
        description="A render that runs for longer is killed; one that waits for longer is given up.",
    )
    worker_max_jobs: int = Field(
        default=10_000, ge=0, description="After this many renders a worker is replaced by a fresh one; 0 means never."
    )
    worker_max_rss_bytes: ByteSize = Field(
        default=ByteSize(512 * 2**20),
        ge=0,
        description="A worker that keeps more resident memory is replaced; 0 means never.",
    )
    worker_memory_bytes: ByteSize = Field(
        default=ByteSize(2 * 2**30),
        ge=0,
        description="A worker cannot allocate more than this at all; 0 means no bound.",
    )
    sandbox: SandboxMode = Field(
        default=SandboxMode.AUTO,
        description="How far workers lock themselves in before they see a picture: auto as far as the kernel can (Landlock and seccomp: "
        "no network, no files but code and fonts, no other processes), strict refuses to start where it cannot, off leaves the limits only.",
    )
    max_pixels: int = Field(default=_LIMITS.max_pixels, ge=1, description="The most pixels that an original may have.")
    max_frames: int = Field(
        default=_LIMITS.max_frames, ge=1, description="The most frames that an animated original may have."
    )
    max_animation_pixels: int = Field(
        default=_LIMITS.max_animation_pixels,
        ge=1,
        description="The most pixels that all frames of an animation may have together, in the original and in the result.",
    )
    max_animation_s: int = Field(
        default=_LIMITS.max_animation_s,
        ge=1,
        description="The longest that an animated original may play, once through.",
    )
    max_result_pixels: int = Field(
        default=_LIMITS.max_result_pixels, ge=1, description="The most pixels that a result may have."
    )
    max_result_side: int = Field(
        default=_LIMITS.max_result_side, ge=1, description="The longest that a side of a result may be, in pixels."
    )
    max_result_bytes: ByteSize = Field(
        default=ByteSize(_LIMITS.max_result_bytes), ge=1, description="The most bytes that an encoded result may have."
    )

    def limits(self) -> Limits:
        """The bounds that go with every job."""
        return Limits(
            max_pixels=self.max_pixels,
            max_frames=self.max_frames,
            max_animation_pixels=self.max_animation_pixels,
            max_animation_s=self.max_animation_s,
            max_result_pixels=self.max_result_pixels,
            max_result_side=self.max_result_side,
            max_result_bytes=int(self.max_result_bytes),
        )

    def worker_count(self) -> int:
        """How many workers to keep."""
        return self.workers or available_cores()
