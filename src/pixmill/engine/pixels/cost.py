"""Checks the estimated cost of a render once the headers of its images are known, before a pixel is decoded.

Knows headers and plans; ``plan/cost.py`` has the rates. Must never decode.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Final, NamedTuple

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.codecs.svg_cost import DrawingCost
from pixmill.engine.pixels.job import RenderJob, check_frames_of_result
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.raster.early_conversion import conversion_kind
from pixmill.errors import PixmillError, TooCostly
from pixmill.media import Format
from pixmill.plan.animation import selected_frames
from pixmill.plan.cost import (
    EarlyConversion,
    OriginalFacts,
    RenderDeferred,
    decode_cost_s,
    estimate_cost,
    stages_cost_s,
)
from pixmill.plan.geometry import resolve_all
from pixmill.plan.layer_plan import layer_plan
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import ImageOverlay, Stage
from pixmill.plan.output import Profile
from pixmill.plan.overlays import CENTRED_PLACEMENT, MAX_TEXT_CHARACTERS, MAX_TEXT_PIXELS, Placement, TextOverlay
from pixmill.plan.shapes import ImageMask
from pixmill.plan.source import SourceRef
from pixmill.runtime.bounded import BoundedDict

_MAX_KEPT_PIXELS: Final = 2 * 2**20
"""A larger layer is not kept (``layers/layer.py``): each frame of an animation makes it again."""
_MIN_FRAME_PIXELS: Final = 10_000
"""A frame of an animation takes as long to decode as this many pixels, however small it is: about 0.2 ms."""
_RIGHT_ANGLE: Final = 90
_LAYER_NS, _TURN_NS, _SHADOW_NS, _BLURRED_SHADOW_NS = 20.0, 150.0, 110.0, 220.0
"""Per pixel of a layer: of resizing it, of its rotation by other angles, and of its shadow."""
_TURNED_RATIO: Final = 1.3
"""A layer that is rotated is larger."""


class _Extra(NamedTuple):
    """What the header of an overlay or a mask says."""

    format: Format
    size: Size
    drawing: DrawingCost
    is_vector: bool
    conversion: EarlyConversion


_EXTRAS: Final[BoundedDict[bytes, _Extra | None]] = BoundedDict(256)
"""By digest: a watermark comes again and again, and opening a drawing takes milliseconds."""


def check_cost(job: RenderJob, *, animated: bool = False) -> float:
    """Return the estimated seconds.

    Raises TooCostly above the maximum, and RenderDeferred if the render should wait for a worker without hurry.
    """
    geometries = tuple(stage.geometry for stage in (job, *job.later_jobs))
    estimate = estimate_cost(job.plan, geometries, _original_facts(job, animated=animated))
    estimate.check(job.limits.max_cost_s)
    if estimate.total_s > job.limits.defer_above_s:
        raise RenderDeferred(estimate.total_s)
    return estimate.total_s


def check_known_cost(job: RenderJob) -> None:
    """Check a render that has begun again, once the sizes of its later stages are known.

    Raises TooCostly, and ResultTooLarge for an animation.
    """
    facts = _original_facts(job, animated=job.animated)
    if job.animated:
        check_frames_of_result(job, facts.frames)
    geometries = tuple(stage.geometry for stage in (job, *job.later_jobs))
    estimate_cost(job.plan, geometries, facts).check(job.limits.max_cost_s)


def check_drawing(header: ImageHeader, size: Size, limits: Limits) -> float:
    """Estimate the rendering of a drawing at this size. Raises TooCostly if that alone exceeds the limit."""
    seconds = header.drawing.seconds(size.pixels)
    if seconds > limits.max_cost_s:
        raise TooCostly(
            f"The drawing would take about {seconds:.0f} CPU seconds at {size.width} × {size.height} pixels, of at "
            f"most {limits.max_cost_s:g}: for its filters, masks, texts and gradients"
        )
    return seconds


def _original_facts(job: RenderJob, *, animated: bool) -> OriginalFacts:
    header, page = job.header, job.plan.input.page
    rendered = job.geometry.rendered
    pixels = rendered.pixels if header.is_vector else header.size.pixels
    if header.timing and page > 1:
        pixels = page * max(pixels, _MIN_FRAME_PIXELS)  # a frame is decoded from those before it
    selection = job.plan.input
    shown = selected_frames(header.frame_count, selection.max_frames, selection.frame_step) if animated else range(1)
    frames = len(shown)
    drawing_s = check_drawing(header, rendered, job.limits)
    extra_s = _layers_cost_s(job, frames)
    extra_s += decode_cost_s(header.format, pixels) * (shown[-1] + 1 - frames)  # frames between those that are shown
    return OriginalFacts(header.format, pixels, frames, extra_s, drawing_s, _conversion(header, job.requested_profile))


def _conversion(header: ImageHeader, target: Profile) -> EarlyConversion:
    grey = header.colour_space == "grey"
    return conversion_kind(header.profile, target, grey=grey, deep=header.deep)


def _layers_cost_s(job: RenderJob, frames: int) -> float:
    """Estimate the preparation of all overlays and masks, each time that it is made into a layer."""
    extras = {source: _open_extra(content, job.limits) for source, content in job.extras.items()}
    return sum(
        layer.seconds(frames)
        for stage in (job, *job.later_jobs)
        for layer in _layers(stage.plan, stage.geometry.output, extras, job.limits)
    )


class _Layer(NamedTuple):
    """An overlay or a mask as it is drawn: its pixels, the cost of drawing or decoding it, and what is done to it."""

    pixels: int
    source_s: float
    placement: Placement = CENTRED_PLACEMENT

    def seconds(self, frames: int) -> float:
        """Estimate the preparation, in an animation for each frame if the layer is too large to be kept."""
        is_turned, shadow = self.placement.degrees % _RIGHT_ANGLE != 0, self.placement.shadow
        ns = _LAYER_NS + is_turned * _TURN_NS
        if shadow:
            ns += (_BLURRED_SHADOW_NS if shadow.blur else _SHADOW_NS) * (_TURNED_RATIO if is_turned else 1.0)
        return (self.source_s + self.pixels * ns * 1e-9) * (frames if self.pixels > _MAX_KEPT_PIXELS else 1)


def _layers(stage: Stage, canvas: Size, extras: Mapping[SourceRef, _Extra | None], limits: Limits) -> Iterator[_Layer]:
    """Yield the layers of a stage, without those that will be refused when they are used."""
    mask = stage.shape.mask
    if isinstance(mask, ImageMask) and (extra := extras.get(mask.source)):
        yield _image_layer(extra, canvas)
    for overlay in stage.overlays:
        if isinstance(overlay, TextOverlay):
            pixels = min(MAX_TEXT_PIXELS, round(min(len(overlay.markup), MAX_TEXT_CHARACTERS) * overlay.size**2))
            yield _Layer(pixels, 0.0, overlay.placement)
        elif extra := extras.get(overlay.source):
            with suppress(PixmillError):
                yield from _overlay_layers(overlay, extra, canvas, extras, limits)


def _overlay_layers(
    overlay: ImageOverlay, extra: _Extra, canvas: Size, extras: Mapping[SourceRef, _Extra | None], limits: Limits
) -> Iterator[_Layer]:
    """Yield the layer of an overlay, and those that are drawn on it."""
    plan = layer_plan(overlay, canvas)
    geometries = resolve_all(extra.size, plan, limits)
    layer = _image_layer(extra, geometries[0].window, overlay.placement)
    if overlay.is_processed:
        layer = layer._replace(
            pixels=geometries[-1].output.pixels, source_s=layer.source_s + stages_cost_s(plan, geometries)
        )
        for stage, geometry in zip((plan, *plan.stages), geometries, strict=True):
            yield from _layers(stage, geometry.output, extras, limits)
    yield layer


def _image_layer(extra: _Extra, drawn: Size, placement: Placement = CENTRED_PLACEMENT) -> _Layer:
    decoded = drawn if extra.is_vector else extra.size
    source_s = decode_cost_s(extra.format, decoded.pixels, extra.conversion) + extra.drawing.seconds(drawn.pixels)
    return _Layer(drawn.pixels, source_s, placement)


def _open_extra(source: memoryview, limits: Limits) -> _Extra | None:
    """Read the header of an overlay or a mask; None for one that will be refused when it is used."""
    digest = sha256(source).digest()
    if digest not in _EXTRAS:
        try:
            header = open_image(source, limits).header
            _EXTRAS[digest] = _Extra(
                header.format, header.size, header.drawing, header.is_vector, _conversion(header, Profile.SRGB)
            )
        except PixmillError:
            _EXTRAS[digest] = None
    return _EXTRAS[digest]
