"""One render as its steps see it: what is wanted of which picture, with all sizes resolved.

Knows plans, headers and geometry. Must never know a pixel library.
"""

from dataclasses import dataclass, field
from dataclasses import replace as changed

from msgspec.structs import replace

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.raster.frame import Area
from pixmill.engine.raster.orientation import Orientation, requested_orientation
from pixmill.plan.geometry import Geometry, resolve_all
from pixmill.plan.gravity import Gravity
from pixmill.plan.lengths import Box, Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Kernel, Plan, Stage
from pixmill.plan.output import Profile
from pixmill.plan.references import Extras

_NO_SOURCE = memoryview(b"")


@dataclass(frozen=True, slots=True)
class RenderJob:
    """``geometry`` is that of the turned picture; pixels are turned late, when they are few. ``trimmed`` is what
    is left of the stored picture without its borders, None for all of it.

    ``source`` is the file itself, for a result that tells its facts; ``extras`` are those of overlays and masks. ``later`` are the
    jobs of the stages after this one, each as if what the one before it makes were its original.
    """

    plan: Plan
    limits: Limits
    header: ImageHeader
    orientation: Orientation
    geometry: Geometry
    source: memoryview = _NO_SOURCE
    trim_box: Box | None = None
    animated: bool = False
    extras: Extras = field(default_factory=dict)
    later_jobs: "tuple[RenderJob, ...]" = ()

    @property
    def decode_request(self) -> DecodeRequest:
        """The part of the stored picture that the result shows; all of the crop while a smart window is not placed."""
        geometry = self.geometry
        keeps_whole_crop = geometry.smart_crop
        size = geometry.scaled if keeps_whole_crop else geometry.window
        left, top = (0, 0) if keeps_whole_crop else geometry.window_offset
        x_scale = geometry.crop.width / geometry.scaled.width
        y_scale = geometry.crop.height / geometry.scaled.height
        oriented_area = Area(
            geometry.crop.left + left * x_scale,
            geometry.crop.top + top * y_scale,
            size.width * x_scale,
            size.height * y_scale,
        )
        area = self.orientation.stored_area(oriented_area, geometry.source)
        if self.trim_box:
            area = area.relative_to(-self.trim_box.left, -self.trim_box.top)
        decode_size = (
            _native_size(area) if self.plan.resize.kernel is Kernel.NEAREST else self.orientation.oriented_size(size)
        )
        output = self.plan.output
        return DecodeRequest(area, decode_size, output.encoding.mode, to_srgb=output.profile is Profile.SRGB)

    @property
    def stage_jobs(self) -> "tuple[RenderJob, ...]":
        """The job itself and those after it."""
        return (
            self,
            *(changed(job, source=self.source, animated=self.animated, extras=self.extras) for job in self.later_jobs),
        )

    def with_gravity(self, gravity: Gravity) -> "RenderJob":
        """The same job with its window where this point or these regions of the turned crop want it."""
        resize = replace(self.plan.resize, gravity=gravity)
        return resolve_job(self.header, replace(self.plan, resize=resize, stages=()), self.limits, self.trim_box)


def _native_size(area: Area) -> Size:
    """As many pixels as there are: no decoder may then mix some of them into one."""
    return Size(round_length(area.width), round_length(area.height))


def resolve_job(header: ImageHeader, plan: Plan, limits: Limits, trim_box: Box | None = None) -> RenderJob:
    """Raises InvalidParameter for a crop outside the picture, ResultTooLarge beyond the limits."""
    if header.is_vector:
        plan = replace(plan, resize=replace(plan.resize, enlarge=True))
    first, *others = resolve_all(
        header.pending_orientation.oriented_size(trim_box.size if trim_box else header.size), plan, limits
    )
    later_jobs = tuple(
        _stage_job(header, plan, stage, geometry, limits) for stage, geometry in zip(plan.stages, others, strict=True)
    )
    return RenderJob(
        plan, limits, header, total_orientation(header, plan), first, trim_box=trim_box, later_jobs=later_jobs
    )


def _stage_job(header: ImageHeader, plan: Plan, stage: Stage, geometry: Geometry, limits: Limits) -> RenderJob:
    """A stage on a picture that lies as it is seen."""
    operations = {name: getattr(stage, name) for name in Stage.__struct_fields__}
    stage_plan = Plan(**operations, input=plan.input, output=plan.output, fact_selection=plan.fact_selection)
    orientation = requested_orientation(stage.rotate, stage.flip)
    stage_header = changed(
        header,
        size=orientation.oriented_size(geometry.source),
        orientation=1,
        orientation_applied=True,
        is_vector=False,
    )
    return RenderJob(stage_plan, limits, stage_header, orientation, geometry)


def total_orientation(header: ImageHeader, plan: Plan) -> Orientation:
    """From the picture as stored to the one that the plan wants, but for other angles than right ones."""
    return header.pending_orientation.then(requested_orientation(plan.rotate, plan.flip))
