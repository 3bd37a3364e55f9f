"""Delivers originals without decoding pixels.

- An SVG stays an SVG if ``format`` is svg, auto or original and only its size changes: sanitised, with the size of the
  result.
- With ``format=auto`` an original is delivered without encoding it again, if no operation changes it and all encodings
  that were tried are larger: with the metadata that is requested.
- With ``format=original`` any image is delivered without encoding it again, if no operation changes it: with the
  metadata that is requested, and byte for byte if that is all.

- With ``passthrough=`` animations, or originals in the formats that it names, are delivered as with ``format=original``
  and no operations.

Must never decode pixels.
"""

from dataclasses import replace as fields_replace
from typing import Final, Protocol, runtime_checkable

from msgspec.structs import replace

from pixmill.engine.codecs.decoder import Decoder, ImageHeader
from pixmill.engine.codecs.lossless.file_filter import with_metadata
from pixmill.engine.codecs.lossless.jpeg_segments_filter import is_common_jpeg
from pixmill.engine.codecs.metadata_policy import retained_metadata
from pixmill.engine.metadata.exif_block import with_orientation
from pixmill.engine.pixels.error_boundary import decode_errors
from pixmill.engine.pixels.job import RenderJob, original_orientation
from pixmill.engine.pixels.output.encode import check_size
from pixmill.engine.pixels.output.original_file import format_is_free, own_format
from pixmill.engine.raster.orientation import Orientation
from pixmill.errors import UnsupportedOutput
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.colour import Colour
from pixmill.plan.lengths import Size
from pixmill.plan.negotiation import kept_format
from pixmill.plan.ops import Output, Plan, ResampleSpace, Resize
from pixmill.plan.output import AS_RECORDED, Metadata
from pixmill.plan.passthrough import is_delivered_unchanged
from pixmill.ports.values import Rendered

_NO_OPERATIONS: Final = Plan()
_DEFAULT_OUTPUT: Final = Output()
_SRGB_SPACES: Final = ("grey", "rgb")
_ORIGINAL_OUTPUT: Final = Output(source_format=True)
_NEEDS_PIXELS: Final = "Only an SVG can be written as svg, and only where nothing but its size changes"


@runtime_checkable
class VectorImage(Protocol):
    """A decoder that can write its image as a vector file."""

    def to_vector_file(self, size: Size) -> bytes | None:
        """Return the sanitised file with this display size; None if its aspect ratio differs."""


def delivered_plan(header: ImageHeader, plan: Plan) -> Plan:
    """Return the plan that applies to this original: with ``passthrough``, perhaps that of the original itself."""
    if header.timing is None:
        plan = _without_timing(plan)
    if plan.input.rejected:  # it has been opened
        plan = replace(plan, input=replace(plan.input, rejected=()))
    if is_delivered_unchanged(plan, header.format, is_animation=header.timing is not None):
        return Plan(output=Output(source_format=True, metadata=plan.output.metadata))
    return plan


def _without_timing(plan: Plan) -> Plan:
    """Drop what concerns animations only."""
    if plan.output.animation == AS_RECORDED and (plan.input.max_frames, plan.input.frame_step) == (0, 1):
        return plan
    return replace(
        plan,
        input=replace(plan.input, max_frames=0, frame_step=1),
        output=replace(plan.output, animation=AS_RECORDED),
    )


def may_pass_through(header: ImageHeader, plan: Plan) -> bool:
    """Whether ``passthrough`` needs to be called."""
    return plan.output.source_format or Format.SVG in (header.format, *plan.output.formats)


def passthrough(decoder: Decoder, job: RenderJob) -> Rendered | None:
    """Return the result if it needs no pixels. Raises UnsupportedOutput if SVG output would need some."""
    if not may_pass_through(job.header, job.plan):
        return None
    size = job.geometry.output
    body = _original_body(decoder, job, size) if _only_resizes(job) else None
    if body is not None:
        return Rendered(body, job.header.format, size.width, size.height, source_size=job.geometry.source.sides)
    if job.plan.output.formats[:1] == (Format.SVG,):
        raise UnsupportedOutput(_NEEDS_PIXELS, param="format")
    return None


def _original_body(decoder: Decoder, job: RenderJob, size: Size) -> bytes | None:
    output = job.plan.output
    if isinstance(decoder, VectorImage):
        is_replaced = output.source_format and kept_format(output, Format.SVG) is None
        vector_allowed = output.negotiated or (output.formats in ((), (Format.SVG,)) and not is_replaced)
        with decode_errors():
            body = decoder.to_vector_file(size) if vector_allowed else None
        if body and Format.SVG in output.formats:
            check_size(body, output)
        return body if body and not 0 < output.max_bytes < len(body) else None
    others = replace(
        output,
        quality=_ORIGINAL_OUTPUT.quality,
        metadata=_ORIGINAL_OUTPUT.metadata,
        max_bytes_strict=_ORIGINAL_OUTPUT.max_bytes_strict,
        passthrough=(),
        passthrough_animations=False,
    )
    needs_render = job.geometry.needs_resampling or others != _ORIGINAL_OUTPUT
    return None if needs_render or job.header.format not in OUTPUT_FORMATS else _with_requested_metadata(job)


def smaller_original(job: RenderJob, size_bytes: int) -> bytes | None:
    """Return the original with the requested metadata, if the client shows the same as in a result, in fewer bytes.

    None if something else is requested, if the format is not free, and if pixels or colours have to be converted.
    """
    if size_bytes <= len(job.source) or not _may_stand_for_result(job):
        return None
    body = _with_retained_metadata(job)
    return body if body is not None and len(body) < size_bytes else None


def _may_stand_for_result(job: RenderJob) -> bool:
    header, output = job.header, job.plan.output
    if not format_is_free(output) or own_format(header.format, output) is None:
        return False
    requested = replace(
        output,
        formats=(),
        negotiated=False,
        quality=_DEFAULT_OUTPUT.quality,
        target_quality=0,
        metadata=Metadata.STRIP,
        passthrough=(),
        passthrough_animations=False,
    )
    return (
        requested == _DEFAULT_OUTPUT
        and _only_resizes(job)
        and not job.geometry.needs_resampling
        and header.pending_orientation == Orientation()
        and header.colour_space in _SRGB_SPACES
        and not header.profile  # it can contain names and texts, and needs a conversion unless it is that of sRGB
        and job.animated == (header.timing is not None)
        and (header.format is not Format.JPEG or is_common_jpeg(job.source))
    )


def _with_requested_metadata(job: RenderJob) -> bytes | None:
    """Return the file with the requested metadata; None if that needs an encoder."""
    return bytes(job.source) if job.plan.output.metadata is Metadata.ALL else _with_retained_metadata(job)


def _with_retained_metadata(job: RenderJob) -> bytes | None:
    policy, header = job.plan.output.metadata, job.header
    kept = retained_metadata(policy, header.exif, header.xmp, header.iptc)
    orientation = 1 if header.orientation_applied else header.orientation
    return with_metadata(job.source, header.format, fields_replace(kept, exif=with_orientation(kept.exif, orientation)))


def _only_resizes(job: RenderJob) -> bool:
    """Whether the plan only resizes: no other operation, nothing cropped or padded, and not oriented otherwise."""
    plan, input_options = job.plan, job.plan.input
    if input_options.orientation and original_orientation(job.header, plan) == job.header.pending_orientation:
        input_options = replace(input_options, orientation=0)
    if plan.output.original_formats and job.header.timing is None:
        input_options = replace(input_options, animated=True, animated_formats=())  # a still has no frames to select
    other_operations = replace(
        plan,
        input=input_options,
        resize=Resize(),
        resample_space=ResampleSpace.AUTO,
        output=Output(),
        background=Colour(),
    )
    return other_operations == _NO_OPERATIONS and job.geometry.window == job.geometry.scaled == job.geometry.output
