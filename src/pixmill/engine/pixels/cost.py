"""Checks the estimated cost of a render once the headers of its images are known, before a pixel is decoded.

Knows headers and plans; ``plan/cost.py`` has the rates. Must never decode.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.codecs.svg_cost import DrawingCost
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.open_image import open_image
from pixmill.errors import PixmillError, TooCostly
from pixmill.media import Format
from pixmill.plan.cost import OriginalFacts, RenderDeferred, decode_cost_s, estimate_cost
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Plan, Resize
from pixmill.plan.overlays import ImageOverlay
from pixmill.plan.shapes import ImageMask
from pixmill.plan.source import SourceRef
from pixmill.runtime.bounded import BoundedDict

_MAX_KEPT_PIXELS: Final = 2 * 2**20
"""A larger layer is not kept (``layers/layer.py``): each frame of an animation makes it anew."""


class _Extra(NamedTuple):
    """What the header of an overlay or a mask says."""

    format: Format
    size: Size
    drawing: DrawingCost
    is_vector: bool


_EXTRAS: Final[BoundedDict[bytes, _Extra | None]] = BoundedDict(256)
"""By digest: a watermark comes again and again, and opening a drawing takes milliseconds."""


def check_cost(job: RenderJob, *, animated: bool = False) -> None:
    """Raise TooCostly above the maximum, and RenderDeferred if it should wait for a worker without hurry."""
    geometries = tuple(stage.geometry for stage in (job, *job.later_jobs))
    estimate = estimate_cost(job.plan, geometries, _original_facts(job, animated=animated))
    estimate.check(job.limits.max_cost_s)
    if estimate.total_s > job.limits.defer_above_s:
        raise RenderDeferred(estimate.total_s)


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
    pixels = job.geometry.window.pixels if header.is_vector else header.size.pixels
    if header.timing and page > 1:
        pixels *= page  # a frame is decoded from those before it
    frames = header.frame_count if animated else 1
    drawing_s = check_drawing(header, job.geometry.window, job.limits)
    return OriginalFacts(header.format, pixels, frames, _extras_cost_s(job, frames) if job.extras else 0.0, drawing_s)


def _extras_cost_s(job: RenderJob, frames: int) -> float:
    """Estimate the decoding of all overlays and masks, each time that it is made into a layer."""
    extras = {source: _open_extra(content, job.limits) for source, content in job.extras.items()}
    return sum(
        _layer_cost_s(extra, resize, job.limits, frames)
        for stage in (job, *job.later_jobs)
        for source, resize in _layers(stage)
        if (extra := extras.get(source))
    )


def _layers(job: RenderJob) -> Iterator[tuple[SourceRef, Resize]]:
    """Yield the images that a stage refers to, with the boxes in which they are drawn."""
    canvas, mask = job.geometry.output, job.plan.shape.mask
    if isinstance(mask, ImageMask):
        yield mask.source, Resize(canvas.width, canvas.height, Fit.FILL, enlarge=True)
    for overlay in job.plan.overlays:
        if isinstance(overlay, ImageOverlay):
            sides = ((overlay.width, canvas.width), (overlay.height, canvas.height))
            width, height = (max(1, length.pixels(side)) if length else 0 for length, side in sides)
            yield overlay.source, Resize(width, height, Fit(overlay.fit.value), enlarge=True)


def _layer_cost_s(extra: _Extra, resize: Resize, limits: Limits, frames: int) -> float:
    if not extra.is_vector:
        return decode_cost_s(extra.format, extra.size.pixels)
    try:
        pixels = resolve_all(extra.size, Plan(resize=resize), limits)[0].window.pixels
    except PixmillError:  # it will be refused when it is used
        return 0.0
    cost_s = decode_cost_s(extra.format, pixels) + extra.drawing.seconds(pixels)
    return cost_s * (frames if pixels > _MAX_KEPT_PIXELS else 1)


def _open_extra(source: memoryview, limits: Limits) -> _Extra | None:
    """Read the header of an overlay or a mask; None for one that will be refused when it is used."""
    digest = sha256(source).digest()
    if digest not in _EXTRAS:
        try:
            header = open_image(source, limits).header
            _EXTRAS[digest] = _Extra(header.format, header.size, header.drawing, header.is_vector)
        except PixmillError:
            _EXTRAS[digest] = None
    return _EXTRAS[digest]
