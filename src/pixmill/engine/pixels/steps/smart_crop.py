"""Places the smart crop window, on a reduced image: by libvips' attention or entropy, or by faces."""

from dataclasses import replace

from pixmill.engine.codecs.decoder import Decoder
from pixmill.engine.pixels.analysis.faces import DETECTION_SIDE, detect_faces
from pixmill.engine.pixels.cost import check_drawing
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.error_boundary import process_errors
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.pixels.transform.geometric import orient_image
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.engine.raster.frame import Area, Frame
from pixmill.plan.gravity import Faces, FocalRegions, Gravity, Interest, Point, Smart
from pixmill.plan.lengths import Size, round_length

_ANALYSIS_SIDE = 256
"""libvips itself reduces to about 32 × 32 pixels (smartcrop.c), so this size loses nothing."""


def smart_crop(frame: Frame, job: RenderJob) -> Frame:
    """Reduce ``frame.area`` to the crop window.

    An area of None, of a frame that is cropped already, stays.
    """
    if frame.area is None:
        return frame
    placed_job = job.with_gravity(_find_gravity(frame, job))
    full_area, window_area = job.decode_request.area, placed_job.decode_request.area
    x_scale, y_scale = frame.area.width / full_area.width, frame.area.height / full_area.height
    left, top = (
        frame.area.left + (window_area.left - full_area.left) * x_scale,
        frame.area.top + (window_area.top - full_area.top) * y_scale,
    )
    return replace(frame, area=Area(left, top, window_area.width * x_scale, window_area.height * y_scale))


def place_vector_window(decoder: Decoder, job: RenderJob) -> RenderJob:
    """Place the window of a vector image on a small rendering, if the whole would have more pixels than a result may.

    Other originals are decoded at their own size, whatever the size that the window is cut from.
    """
    geometry = job.geometry
    if not (geometry.smart_crop and job.header.is_vector and geometry.scaled.pixels > job.limits.max_result_pixels):
        return job
    size = _shrink_size(geometry.scaled, _shrink_factor(geometry.scaled, DETECTION_SIDE))
    check_drawing(job.header, size, job.limits)
    request = replace(job.decode_request, target_size=job.orientation.oriented_size(size))
    frame = decode_frame(decoder, request, job.limits)
    with process_errors():
        return replace(job, geometry=job.with_gravity(_find_gravity(frame, job)).geometry)


def _find_gravity(frame: Frame, job: RenderJob) -> Gravity:
    gravity = job.plan.resize.gravity
    if isinstance(gravity, Faces):
        regions = tuple(detect_faces(_analysis_image(frame, job, DETECTION_SIDE), "gravity"))
        return FocalRegions(regions) if regions else _find_point(frame, job, Interest.ATTENTION)
    return _find_point(frame, job, gravity.interest if isinstance(gravity, Smart) else Interest.ATTENTION)


def _analysis_image(frame: Frame, job: RenderJob, max_side: int) -> VipsImage:
    """Return the oriented image, with no side longer than ``max_side``."""
    oriented_size = job.orientation.oriented_size(job.geometry.scaled)
    return orient_image(
        to_vips(scale_frame(frame, _shrink_size(oriented_size, _shrink_factor(oriented_size, max_side)))),
        job.orientation,
    )


def _find_point(frame: Frame, job: RenderJob, interest: Interest) -> Point:
    """Return the most salient point, or the centre of the window with the highest entropy."""
    image = _analysis_image(frame, job, _ANALYSIS_SIDE)
    reduced_window = _shrink_size(job.geometry.window, _shrink_factor(job.geometry.scaled, _ANALYSIS_SIDE))
    width, height = min(reduced_window.width, image.width), min(reduced_window.height, image.height)
    cropped, attention = image.smartcrop(width, height, interesting=interest.value, attention_x=True, attention_y=True)
    if interest is Interest.ENTROPY:
        return _to_point(width / 2 - cropped.xoffset, height / 2 - cropped.yoffset, image)
    return _to_point(attention["attention_x"] + 0.5, attention["attention_y"] + 0.5, image)


def _to_point(x: float, y: float, image: VipsImage) -> Point:
    return Point(min(1.0, x / image.width), min(1.0, y / image.height))


def _shrink_factor(size: Size, max_side: int) -> float:
    return max(1.0, max(size.width, size.height) / max_side)


def _shrink_size(size: Size, shrink: float) -> Size:
    return Size(round_length(size.width / shrink), round_length(size.height / shrink))
