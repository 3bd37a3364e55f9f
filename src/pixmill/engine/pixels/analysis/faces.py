"""Detects faces: by a network, or a cascade where that does not exist; both come with the extra ``pixmill[faces]``.

CPU milliseconds for an image of 3:2: the network 5 at 208 pixels and 36 at 640, the cascade 50 at 640. The libraries
are loaded at the first detection. Must never know what the faces are used for.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pixmill.engine.pixels.analysis import face_cascade, face_network
from pixmill.engine.pixels.analysis.face_network import Detector, Face
from pixmill.engine.raster.convert import VipsImage
from pixmill.errors import MissingExtra
from pixmill.plan.gravity import MAX_REGIONS, FocalRegion

QUICK_SIDE: Final = 208
"""At this size the network finds faces from a 16th of the side on: those that a photo is about."""
THOROUGH_SIDE: Final = 640
"""At this size it finds faces from a sixtieth of the side on."""

_NAMES: Final = {face_network.__name__: "libfacedetection", face_cascade.__name__: "the cascade of OpenCV"}


def detect_faces(image: VipsImage, param: str, max_faces: int = MAX_REGIONS) -> Sequence[FocalRegion]:
    """Return the largest faces of an upright 8-bit image. Raises MissingExtra, which names ``param``."""
    detector = _detector()
    if detector is None:
        raise MissingExtra(f"{param} needs the extra pixmill[faces]", param=param)
    return _largest(detector, image, max_faces)


def detect_faces_if_possible(image: VipsImage) -> Sequence[FocalRegion]:
    """Return the largest faces of an upright 8-bit image; none without the extra."""
    detector = _detector()
    return () if detector is None else _largest(detector, image, MAX_REGIONS)


def _largest(detector: Detector, image: VipsImage, max_faces: int) -> Sequence[FocalRegion]:
    opaque = image.flatten(background=[128] * (image.bands - 1)) if image.hasalpha() else image
    faces = sorted(detector(opaque.colourspace("srgb")), key=lambda face: (-face[2] * face[3], *face))
    regions = (_region(face, image.width, image.height) for face in faces[:max_faces])
    return [region for region in regions if region.width and region.height]


def _region(face: Face, width: int, height: int) -> FocalRegion:
    """Return the part of a face that lies in the image."""
    left, top = min(max(face[0], 0), width), min(max(face[1], 0), height)
    right, bottom = min(max(face[0] + face[2], left), width), min(max(face[1] + face[3], top), height)
    return FocalRegion(left / width, top / height, (right - left) / width, (bottom - top) / height)


def detector_name() -> str:
    """Return what detects faces in this installation; empty without the extra."""
    detector = _detector()
    return "" if detector is None else _NAMES[detector.__module__]


@lru_cache(maxsize=1)
def _detector() -> Detector | None:
    for load in (face_network.load_detector, face_cascade.load_detector):
        try:
            return load()
        except ImportError:
            continue
    return None
