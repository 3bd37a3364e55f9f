"""One render as its steps see it: plan, header and limits, with all sizes resolved.

Must never know a pixel library.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from fractions import Fraction

from msgspec.structs import replace

from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.modes import SHRINK_BY_SHARP, max_shrink
from pixmill.engine.raster.frame import Area
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS, Orientation, requested_orientation
from pixmill.errors import ResultTooLarge
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, Format
from pixmill.plan.fit_rules import drawing_resize
from pixmill.plan.geometry import Geometry, resolve_all, resolve_stages
from pixmill.plan.gravity import Gravity
from pixmill.plan.lengths import Box, RealSize, Size, round_length
from pixmill.plan.limits import Limits
from pixmill.plan.negotiation import kept_format
from pixmill.plan.ops import CropWindow, DecodeScaling, Kernel, Plan, ResampleSpace, Stage
from pixmill.plan.output import Profile
from pixmill.plan.references import Extras

_NO_SOURCE = memoryview(b"")
FORMATS_WITHOUT_PROFILE = (Format.GIF, Format.BMP, Format.ICO, Format.JXL, *DESCRIPTION_FORMATS)
"""Formats that carry no profile, or whose encoder here takes none, and descriptions, which are of sRGB."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """``geometry`` is that of the oriented image, although pixels are oriented late, when they are few.

    ``trim_box`` is the part of the stored image that trimming leaves, None for all of it; in later stages None until
    their input is known.

    ``drawn``: whether the original is a graphic rather than a photograph; None until it has been looked at.

    ``source`` is the file itself, for results that describe it; ``extras`` are the images of overlays and masks.
    ``later_jobs`` are the jobs of the stages after this one; for each, the result of the stage before it is the
    original.
    """

    plan: Plan
    limits: Limits
    header: ImageHeader
    orientation: Orientation
    geometry: Geometry
    source: memoryview = _NO_SOURCE
    trim_box: Box | None = None
    drawn: bool | None = None
    animated: bool = False
    extras: Extras = field(default_factory=dict)
    later_jobs: "tuple[RenderJob, ...]" = ()

    @property
    def decode_request(self) -> DecodeRequest:
        """The part of the stored image that the result shows, or that is searched for it."""
        geometry = self.geometry
        size, searched = geometry.rendered, geometry.searched
        if geometry.smart_window or geometry.may_close_up:
            oriented_area = Area(searched.left, searched.top, searched.width, searched.height)
        else:
            left, top = (0, 0) if geometry.smart_crop else geometry.window_offset
            x_scale = searched.width / geometry.scaled.width
            y_scale = searched.height / geometry.scaled.height
            oriented_area = Area(
                searched.left + left * x_scale,
                searched.top + top * y_scale,
                size.width * x_scale,
                size.height * y_scale,
            )
        area = self.orientation.stored_area(oriented_area, geometry.source)
        if self.trim_box:
            area = area.relative_to(-self.trim_box.left, -self.trim_box.top)
        decode_size = (
            _native_size(area) if self.plan.resize.kernel is Kernel.NEAREST else self.orientation.oriented_size(size)
        )
        mode, scaling = self.plan.output.encoding.mode, self.plan.input.scaling
        return DecodeRequest(area, decode_size, mode, self.requested_profile, scaling)

    @property
    def requested_profile(self) -> Profile:
        """The colour space of the result: sRGB if the requested format cannot carry a profile."""
        output = self.plan.output
        if output.source_format:
            named_format = kept_format(output, self.header.format)
        else:
            named_format = output.formats[0] if output.formats and not output.negotiated else None
        return Profile.SRGB if named_format in FORMATS_WITHOUT_PROFILE else output.profile

    @property
    def resample_space(self) -> ResampleSpace:
        """What the stage mixes: light, or sRGB values if the original is drawn, unless the plan says."""
        if self.plan.resample_space is not ResampleSpace.AUTO:
            return self.plan.resample_space
        return ResampleSpace.SRGB if self.drawn else ResampleSpace.LINEAR

    @property
    def stage_jobs(self) -> "tuple[RenderJob, ...]":
        """The job itself and those of the later stages."""
        return (
            self,
            *(
                replace_fields(job, source=self.source, drawn=self.drawn, animated=self.animated, extras=self.extras)
                for job in self.later_jobs
            ),
        )

    def with_gravity(self, gravity: Gravity) -> "RenderJob":
        """Return this job, without later ones, with its window placed by a point or by regions of the oriented crop."""
        return self._with_plan(replace(self.plan, resize=replace(self.plan.resize, gravity=gravity)))

    def with_crop_gravity(self, crop: CropWindow, gravity: Gravity) -> "RenderJob":
        """Return this job, without later ones, with its crop placed by a point or by regions of the oriented image."""
        return self._with_plan(replace(self.plan, crop=replace(crop, gravity=gravity)))

    def _with_plan(self, plan: Plan) -> "RenderJob":
        return resolve_job(self.header, replace(plan, stages=()), self.limits, self.trim_box)


def _native_size(area: Area) -> Size:
    """Return the size at which no decoder mixes pixels."""
    return Size(round_length(area.width), round_length(area.height))


def resolve_job(header: ImageHeader, plan: Plan, limits: Limits, trim_box: Box | None = None) -> RenderJob:
    """Resolve all sizes of a plan.

    Raises InvalidParameter for a crop outside the image, ResultTooLarge above the limits, also of the format.
    """
    if header.is_vector:
        plan = replace(plan, resize=drawing_resize(plan.resize))
    exact_size = (
        header.exact_size.part(trim_box.size, header.size) if header.exact_size and trim_box else header.exact_size
    )
    orientation = original_orientation(header, plan)
    if exact_size and orientation.quarter_turns % 2:
        exact_size = exact_size.transposed
    oriented_size = orientation.oriented_size(trim_box.size if trim_box else header.size)
    geometries = resolve_all(oriented_size, plan, limits, exact_size)
    if (
        plan.input.scaling is DecodeScaling.SHARP
        and header.format is Format.JPEG
        and (scaled_size := _size_by_sharp(oriented_size, geometries[0]))
    ):
        geometries = resolve_all(oriented_size, plan, limits, scaled_size)
    first, *others = geometries
    later_jobs = _stage_jobs(header, plan, limits, plan.stages, others)
    _check_format(plan, geometries[-1].output)
    return RenderJob(
        plan, limits, header, total_orientation(header, plan), first, trim_box=trim_box, later_jobs=later_jobs
    )


def _size_by_sharp(size: Size, geometry: Geometry) -> RealSize | None:
    """Return what sharp computes sides from if it scales while decoding: whole pixels of the scaled image."""
    crop, scaled = geometry.crop, geometry.scaled
    shrink = max_shrink(SHRINK_BY_SHARP, min(crop.width / scaled.width, crop.height / scaled.height))
    if shrink == 1:
        return None
    return RealSize(*(Fraction(max(1, side // shrink) * shrink) for side in size.sides))


def with_result_size(job: RenderJob, index: int, size: Size) -> RenderJob:
    """Return the job whose stage of this index, counted from 0, has another size of its result.

    Raises ResultTooLarge if the format cannot have it.
    """
    if index == len(job.later_jobs):
        _check_format(job.plan, size)
    if index == 0:
        return replace_fields(job, geometry=replace_fields(job.geometry, output=size))
    later_jobs = list(job.later_jobs)
    stage_job = later_jobs[index - 1]
    later_jobs[index - 1] = replace_fields(stage_job, geometry=replace_fields(stage_job.geometry, output=size))
    return replace_fields(job, later_jobs=tuple(later_jobs))


def resolve_trimmed_stages(job: RenderJob, index: int, trim_box: Box) -> tuple[RenderJob, ...]:
    """Resolve the later stages from ``index`` on, the first of them on this part of the result before it.

    Raises as ``resolve_job`` does.
    """
    stages = job.plan.stages[index:]
    geometries = resolve_stages(trim_box.size, stages, job.limits, index + 2)
    _check_format(job.plan, geometries[-1].output)
    first, *others = _stage_jobs(job.header, job.plan, job.limits, stages, geometries)
    return replace_fields(first, trim_box=trim_box), *others


def _stage_jobs(
    header: ImageHeader, plan: Plan, limits: Limits, stages: Sequence[Stage], geometries: Sequence[Geometry]
) -> tuple[RenderJob, ...]:
    return tuple(
        _stage_job(header, plan, stage, geometry, limits) for stage, geometry in zip(stages, geometries, strict=True)
    )


def check_frames_of_result(job: RenderJob, frames: int) -> None:
    """Raise ResultTooLarge if an animation has too many pixels in any stage."""
    largest = max(stage.geometry.output.pixels for stage in (job, *job.later_jobs))
    if frames * largest > job.limits.max_animation_pixels:
        raise ResultTooLarge(
            f"The frames of the result may have at most {job.limits.max_animation_pixels} pixels together"
        )


def _check_format(plan: Plan, size: Size) -> None:
    """Raise ResultTooLarge if the requested format cannot have sides of this length: before any pixel is decoded."""
    output = plan.output
    if not output.formats or output.negotiated:
        return
    kind = output.formats[0]
    if max(size.width, size.height) > MEDIA[kind].max_side:
        raise ResultTooLarge(f"{kind} allows at most {MEDIA[kind].max_side} pixels along each side", param="format")


def _stage_job(header: ImageHeader, plan: Plan, stage: Stage, geometry: Geometry, limits: Limits) -> RenderJob:
    """Return the job of a later stage, whose input is oriented already."""
    operations = {name: getattr(stage, name) for name in Stage.__struct_fields__}
    stage_input = replace(plan.input, orientation=0)
    stage_plan = Plan(**operations, input=stage_input, output=plan.output, fact_selection=plan.fact_selection)
    orientation = requested_orientation(stage.rotate, stage.flip)
    stage_header = replace_fields(
        header,
        size=orientation.oriented_size(geometry.source),
        orientation=1,
        orientation_applied=True,
        is_vector=False,
        exact_size=None,
    )
    return RenderJob(stage_plan, limits, stage_header, orientation, geometry)


def original_orientation(header: ImageHeader, plan: Plan) -> Orientation:
    """Return the orientation from the stored image to the original as the plan sees it."""
    pending, requested = header.pending_orientation, plan.input.orientation
    if not requested:
        return pending
    # Undoes the recorded orientation: there are decoders that always apply it.
    return pending.then(EXIF_ORIENTATIONS[header.orientation].inverse).then(EXIF_ORIENTATIONS[requested])


def total_orientation(header: ImageHeader, plan: Plan) -> Orientation:
    """Return the orientation from the stored image to the result, without the rotation by other angles."""
    return original_orientation(header, plan).then(requested_orientation(plan.rotate, plan.flip))
