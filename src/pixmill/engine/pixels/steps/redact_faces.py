"""Hide faces: blurred or in blocks, wherever the detector sees one, in every frame anew.

It finds what looks into the camera, from a twentieth of the picture's height on; it is no promise that nobody is recognised. A face's box reaches
from the brows to the chin, and is widened by a fifth of its sides so that hair and ears go too.
"""

from pixmill.engine.pixels.analysis.faces import DETECTION_SIDE, detect_faces
from pixmill.engine.pixels.draw.regions import replace_regions
from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.pixels.resample.blocks import pixelate_frame
from pixmill.engine.pixels.resample.gaussian import gaussian_blur
from pixmill.engine.pixels.resample.scale import scale_frame
from pixmill.engine.raster.convert import to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan import gravity
from pixmill.plan.effects import Effects, RedactionBox
from pixmill.plan.lengths import Size, round_length

_MAX_FACES = 100
_MARGIN = 0.2


def redact_faces(frame: Frame, job: RenderJob) -> Frame:
    """The frame with its faces made unreadable. Raises MissingExtra."""
    effects = job.plan.effects
    if not effects.blur_faces and not effects.pixelate_faces:
        return frame
    regions = [
        _widen_region(face)
        for face in detect_faces(to_vips(_detection_frame(frame)), _requesting_param(effects), _MAX_FACES)
    ]
    if regions and effects.blur_faces:
        frame = replace_regions(frame, gaussian_blur(frame, effects.blur_faces), regions)
    if regions and effects.pixelate_faces:
        frame = replace_regions(frame, pixelate_frame(frame, effects.pixelate_faces), regions)
    return frame


def _requesting_param(effects: Effects) -> str:
    return "blur_faces" if effects.blur_faces else "pixelate_faces"


def _detection_frame(frame: Frame) -> Frame:
    shrink = max(1.0, max(frame.width, frame.height) / DETECTION_SIDE)
    return scale_frame(frame, Size(round_length(frame.width / shrink), round_length(frame.height / shrink)))


def _widen_region(face: gravity.FocalRegion) -> RedactionBox:
    """In percent, with a margin, as far as the edges allow."""
    left, top = max(0.0, face.x - _MARGIN * face.width), max(0.0, face.y - _MARGIN * face.height)
    right, bottom = face.x + (1 + _MARGIN) * face.width, face.y + (1 + _MARGIN) * face.height
    return RedactionBox(100 * left, 100 * top, 100 * (right - left), 100 * (bottom - top), percent=True)
