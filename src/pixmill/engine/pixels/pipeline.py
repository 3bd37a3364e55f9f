"""The render pipeline: takes an original and a plan, returns an encoded result.

STEPS, applied once per stage, and LAST_STEPS are the algorithm. Must never know how a step works. Runs in worker
processes only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import Final

from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.metadata_policy import retained_metadata
from pixmill.engine.pixels.analysis.borders import find_trim_box
from pixmill.engine.pixels.animation import build_frame_sequence, produces_animation
from pixmill.engine.pixels.cost import check_cost, check_drawing
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.error_boundary import process_errors
from pixmill.engine.pixels.facts.describe import describe
from pixmill.engine.pixels.job import RenderJob, resolve_job
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.output.encode import check_size, encode_output
from pixmill.engine.pixels.output.encode_animation import MAX_ENCODINGS, encode_animation_output
from pixmill.engine.pixels.output.original_file import OriginalFile, format_is_free
from pixmill.engine.pixels.passthrough import delivered_plan, passthrough, smaller_original
from pixmill.engine.pixels.probe import read_facts
from pixmill.engine.pixels.raster_file import decode_part
from pixmill.engine.pixels.runner import PipelineRunner, Step
from pixmill.engine.pixels.steps.adjust_colours import adjust_colours, grayscale
from pixmill.engine.pixels.steps.blur import blur, progressive_blur
from pixmill.engine.pixels.steps.choose_format import choose_format
from pixmill.engine.pixels.steps.clahe import clahe
from pixmill.engine.pixels.steps.convolve import convolve, sharpen, sharpen_lab
from pixmill.engine.pixels.steps.flatten import flatten, put_colour_behind
from pixmill.engine.pixels.steps.gradient import gradient, vignette
from pixmill.engine.pixels.steps.mask import apply_mask, multiply_opacity
from pixmill.engine.pixels.steps.noise import noise
from pixmill.engine.pixels.steps.overlay import overlay
from pixmill.engine.pixels.steps.pad import pad
from pixmill.engine.pixels.steps.rank_filters import median, morphology
from pixmill.engine.pixels.steps.redact import pixelate, redact_faces, redact_regions
from pixmill.engine.pixels.steps.smart_crop import place_vector_window, smart_crop
from pixmill.engine.pixels.steps.tone import tone
from pixmill.engine.pixels.transform.colour import convert_profile, drop_opaque_alpha
from pixmill.engine.pixels.transform.geometric import orient, resize, rotate_free
from pixmill.engine.raster.file_access import NO_RASTER, RasterAccess
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.orientation import Orientation
from pixmill.errors import ResultTooLarge
from pixmill.media import DESCRIPTION_FORMATS, Format
from pixmill.plan.cost import RenderDeferred
from pixmill.plan.effects import ColourAdjustment, ToneAdjustment
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.plan.shapes import NO_SHAPE
from pixmill.ports.values import Rendered

_NO_TONE: Final = ToneAdjustment()
_NO_COLOUR_CHANGE: Final = ColourAdjustment()
_OPAQUE_PERCENT: Final = 100
_AS_STORED: Final = Orientation()


def _overlay(frame: Frame, job: RenderJob) -> Frame:
    return overlay(frame, job, _render_stages)


STEPS: Final = (
    Step(smart_crop, lambda job: job.geometry.is_placed_by_pixels, selects_area=True),
    Step(resize),  # crop and resize in one pass, in linear light
    Step(convert_profile, first_stage_only=True),  # to sRGB, or to the profile that the result has
    Step(drop_opaque_alpha),
    Step(orient, lambda job: job.orientation != _AS_STORED),  # EXIF orientation, rotation by right angles, flip
    Step(rotate_free, lambda job: job.plan.rotate_free is not None),
    Step(grayscale, lambda job: job.plan.grayscale),
    Step(clahe, lambda job: job.plan.adjust.clahe is not None),  # local contrast
    Step(tone, lambda job: job.plan.adjust.tone != _NO_TONE),  # each channel by itself, in one table
    Step(adjust_colours, lambda job: job.plan.adjust.colour != _NO_COLOUR_CHANGE),  # the channels of a pixel together
    Step(blur, lambda job: job.plan.blur > 0),
    Step(progressive_blur, lambda job: job.plan.effects.progressive_blur is not None),
    Step(median, lambda job: job.plan.effects.median > 0),
    Step(morphology, lambda job: job.plan.effects.dilate > 0 or job.plan.effects.erode > 0),
    Step(sharpen, lambda job: job.plan.effects.sharpen is not None),
    Step(sharpen_lab, lambda job: job.plan.effects.sharpen_lab is not None),
    Step(convolve, lambda job: job.plan.effects.convolution is not None),
    Step(pixelate, lambda job: job.plan.effects.pixelate > 0),
    Step(redact_regions, lambda job: bool(job.plan.effects.blur_areas or job.plan.effects.pixelate_areas)),
    Step(redact_faces, lambda job: bool(job.plan.effects.blur_faces or job.plan.effects.pixelate_faces)),
    Step(gradient, lambda job: job.plan.effects.gradient is not None),
    Step(vignette, lambda job: job.plan.effects.vignette > 0),
    Step(noise, lambda job: job.plan.effects.noise > 0),
    Step(apply_mask, lambda job: job.plan.shape != NO_SHAPE),  # rounded corners, a mask, a border
    Step(multiply_opacity, lambda job: job.plan.opacity < _OPAQUE_PERCENT),
    Step(put_colour_behind, lambda job: job.plan.flatten is not None),
    Step(pad, lambda job: job.geometry.needs_padding),  # the canvas of fit=contain, and padding
    Step(_overlay, lambda job: bool(job.plan.overlays)),
)
"""The algorithm, once per stage. Predicates stand here so that a render does not enter the files of the steps that it
skips."""

LAST_STEPS: Final = (
    Step(choose_format),  # after the steps, because it depends on alpha and content
    Step(flatten),  # onto the background, if the format has no alpha
)


def render(
    source: memoryview, plan: Plan, limits: Limits, extras: Extras = NO_EXTRAS, raster: RasterAccess = NO_RASTER
) -> Rendered:
    """Render the plan from the original, or from its decoded pixels in a file.

    Raises ImageError and InvalidParameter, and InternalError for a defect of ours.
    """
    seconds: dict[str, float] = {}
    with _record_duration(seconds, "decode"):
        decoder = open_image(source, limits, plan.input)
        plan = delivered_plan(decoder.header, plan)
        job = replace(
            resolve_job(decoder.header, plan, limits, find_trim_box(source, plan, limits)), source=source, extras=extras
        )
        if passed_through := passthrough(decoder, job):
            return passed_through
        job = place_vector_window(decoder, job)
        animated = produces_animation(decoder.header, plan)
        cost_s = check_cost(job, animated=animated)
        if animated:
            return _render_animation(decoder, replace(job, animated=True), cost_s)
        frame = decode_part(decoder, job, limits, raster)
    del decoder
    return render_frame(frame, job, seconds)


def _render_stages(source: memoryview, plan: Plan, limits: Limits, extras: Extras) -> Frame:
    """Render all stages of a plan, without encoding the result. Raises as ``render`` does."""
    decoder = open_image(source, limits, plan.input)
    resolved = resolve_job(decoder.header, plan, limits, find_trim_box(source, plan, limits))
    job = place_vector_window(decoder, replace(resolved, source=source, extras=extras))
    check_drawing(decoder.header, job.geometry.window, limits)
    frame = decode_frame(decoder, job.decode_request, limits)
    with process_errors():
        return PipelineRunner(job, STEPS, ()).run(frame)


def render_frame(frame: Frame, job: RenderJob, seconds: dict[str, float]) -> Rendered:
    """Process and encode a decoded frame.

    The frame itself does not change, so that other results can be made of it too.
    """
    with _record_duration(seconds, "process"), process_errors():
        frame = _runner(job).run(frame)
    with _record_duration(seconds, "encode"), process_errors():
        body, result_format = _encode(frame, job)
    return Rendered(body, result_format, frame.width, frame.height, seconds, frame.truncated, job.geometry.source.sides)


def _runner(job: RenderJob) -> PipelineRunner:
    return PipelineRunner(job, STEPS, LAST_STEPS)


def _render_animation(decoder: Decoder, job: RenderJob, cost_s: float) -> Rendered:
    """Render an animation; ``cost_s`` estimates one encoding.

    Raises RenderDeferred if it is a graphic, whose other encodings should wait for a worker without hurry.
    """
    seconds: dict[str, float] = {}
    started = perf_counter()
    output, runner = job.plan.output, _runner(job)
    with process_errors():
        first = build_frame_sequence(decoder, job, runner, seconds)
    total_s = MAX_ENCODINGS * cost_s
    may_try = total_s <= job.limits.max_cost_s
    if may_try and first.is_graphic and format_is_free(output) and total_s > job.limits.defer_above_s:
        raise RenderDeferred(total_s)
    with process_errors():
        body, sequence = encode_animation_output(
            first,
            lambda: build_frame_sequence(decoder, job, runner, seconds),
            output,
            _retained_metadata(job),
            _original_file(job),
            may_try=may_try,
        )
        body, result_format = _not_larger(body, sequence.format, job, truncated=sequence.truncated)
        check_size(_within_result_limit(body, job), output)
    seconds["encode"] = perf_counter() - started - sum(seconds.values())
    size = sequence.size
    return Rendered(
        body, result_format, size.width, size.height, seconds, sequence.truncated, job.geometry.source.sides
    )


def _original_file(job: RenderJob) -> OriginalFile:
    return OriginalFile(job.header.format, len(job.source), job.header.size)


def _encode(frame: Frame, job: RenderJob) -> tuple[bytes, Format]:
    if frame.format in DESCRIPTION_FORMATS:
        selection = job.plan.fact_selection
        return describe(frame, selection, lambda: read_facts(job.source, job.header, selection)), frame.format
    encoded = encode_output(frame, job.plan.output, _retained_metadata(job), _original_file(job))
    body, result_format = _not_larger(encoded.body, encoded.format, job, truncated=frame.truncated)
    return _within_result_limit(body, job), result_format


def _not_larger(body: bytes, kind: Format, job: RenderJob, *, truncated: bool) -> tuple[bytes, Format]:
    """Exchange the encoded file for the original, if that shows the same and is smaller."""
    original = None if truncated else smaller_original(job, len(body))
    return (original, job.header.format) if original is not None else (body, kind)


def _retained_metadata(job: RenderJob) -> RetainedMetadata:
    header = job.header
    exif = job.source if header.format is Format.TIFF else header.exif  # a TIFF file has the structure of EXIF
    return retained_metadata(job.plan.output.metadata, exif, header.xmp, header.iptc)


def _within_result_limit(body: bytes, job: RenderJob) -> bytes:
    if len(body) > job.limits.max_result_bytes:
        raise ResultTooLarge(f"The result may have at most {job.limits.max_result_bytes} bytes")
    return body


@contextmanager
def _record_duration(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds[stage] = perf_counter() - started
