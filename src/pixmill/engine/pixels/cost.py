"""Checks the estimated cost of a render once the headers of its images are known, before a pixel is decoded.

Knows headers and plans; ``plan/cost.py`` has the rates. Must never decode.
"""

from hashlib import sha256
from typing import Final

from pixmill.engine.codecs.decoder import ImageHeader
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.open_image import open_image
from pixmill.errors import PixmillError, TooCostly
from pixmill.plan.cost import OriginalFacts, RenderDeferred, decode_cost_s, estimate_cost
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.runtime.bounded import BoundedDict

_EXTRA_COSTS_S: Final[BoundedDict[bytes, float]] = BoundedDict(256)
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
    extra_s = sum(_extra_cost_s(source, job.limits) for source in job.extras.values())
    drawing_s = check_drawing(header, job.geometry.window, job.limits)
    return OriginalFacts(header.format, pixels, header.frame_count if animated else 1, extra_s, drawing_s)


def _extra_cost_s(source: memoryview, limits: Limits) -> float:
    """Estimate the decoding of an overlay or a mask; 0 for one that will be refused when it is used."""
    digest = sha256(source).digest()
    cost_s = _EXTRA_COSTS_S.get(digest)
    if cost_s is None:
        try:
            cost_s = _header_cost_s(open_image(source, limits).header)
        except PixmillError:
            cost_s = 0.0
        _EXTRA_COSTS_S[digest] = cost_s
    return cost_s


def _header_cost_s(header: ImageHeader) -> float:
    return decode_cost_s(header.format, header.size.pixels) + header.drawing.seconds(header.size.pixels)
