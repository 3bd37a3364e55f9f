"""Hide faces: blurred or in blocks, wherever the detector sees one, in every frame anew.

It finds what looks into the camera, from a twentieth of the picture's height on; it is no promise that nobody is recognised. A face's box reaches
from the brows to the chin, and is widened by a fifth of its sides so that hair and ears go too.
"""

from pixmill.engine.pixels.blocks import in_blocks
from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.covered import covered
from pixmill.engine.pixels.faces import LOOK_SIDE, faces
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.scale import scaled
from pixmill.engine.pixels.soften import softened
from pixmill.plan import places
from pixmill.plan.effects import Effects, Region
from pixmill.plan.geometry import Size, round_half_up

_MOST = 100
_MARGIN = 0.2


def hide_faces(frame: Frame, job: Job) -> Frame:
    """The frame with its faces made unreadable. Raises MissingExtra."""
    asked = job.plan.effects
    if not asked.blur_faces and not asked.pixelate_faces:
        return frame
    found = [_wider(face) for face in faces(to_vips(_glance(frame)), _param(asked), _MOST)]
    if found and asked.blur_faces:
        frame = covered(frame, softened(frame, asked.blur_faces), found)
    if found and asked.pixelate_faces:
        frame = covered(frame, in_blocks(frame, asked.pixelate_faces), found)
    return frame


def _param(asked: Effects) -> str:
    return "blur_faces" if asked.blur_faces else "pixelate_faces"


def _glance(frame: Frame) -> Frame:
    shrink = max(1.0, max(frame.width, frame.height) / LOOK_SIDE)
    return scaled(frame, Size(round_half_up(frame.width / shrink), round_half_up(frame.height / shrink)))


def _wider(face: places.Region) -> Region:
    """In percent, with a margin, as far as the edges allow."""
    left, top = max(0.0, face.x - _MARGIN * face.width), max(0.0, face.y - _MARGIN * face.height)
    right, bottom = face.x + (1 + _MARGIN) * face.width, face.y + (1 + _MARGIN) * face.height
    return Region(100 * left, 100 * top, 100 * (right - left), 100 * (bottom - top), percent=True)
