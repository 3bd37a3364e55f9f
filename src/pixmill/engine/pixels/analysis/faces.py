"""Faces, found by OpenCV's cascade of Haar features; both come in the wheel of the extra ``pixmill[faces]``.

P. Viola, M. Jones: Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001. Knows OpenCV, which is
loaded when the first face is looked for. Must never know what faces are wanted for.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pixmill.engine.raster.convert import VipsImage
from pixmill.errors import MissingExtra
from pixmill.plan.gravity import MAX_REGIONS, FocalRegion

DETECTION_SIDE = 640
"""On a picture of this side the detector takes some 50 ms and sees faces from a twentieth of its height on."""

_CASCADE_FILE = "haarcascade_frontalface_alt2.xml"
_MIN_FACE_SIDE = 28
"""Pixels; the cascade was trained on 20, but there it sees faces in leaves and stones."""


def detect_faces(image: VipsImage, param: str, max_faces: int = MAX_REGIONS) -> Sequence[FocalRegion]:
    """The largest faces of an upright picture in 8 bits; raises MissingExtra, which names the parameter that asks for them."""
    try:
        cv2, cascade = _detector()
    except (ImportError, AttributeError) as error:
        raise MissingExtra(f"{param} needs the extra pixmill[faces]", param=param) from error
    grey = image.flatten(background=[128] * (image.bands - 1)) if image.hasalpha() else image
    grey = cv2.equalizeHist(grey.colourspace("b-w").numpy())
    detections = cascade.detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=4, minSize=(_MIN_FACE_SIDE, _MIN_FACE_SIDE)
    )
    largest = sorted(map(tuple, detections), key=lambda face: (-face[2] * face[3], *face))[:max_faces]
    return [
        FocalRegion(x / image.width, y / image.height, width / image.width, height / image.height)
        for x, y, width, height in (map(int, face) for face in largest)
    ]


@lru_cache(maxsize=1)
def _detector() -> tuple[Any, Any]:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's would take memory for each core, used by nobody here
    import cv2.data  # noqa: PLC0415 - 60 MB that only those pay who look for faces

    cv2.setNumThreads(1)  # parallelism comes from processes
    cascade = cv2.CascadeClassifier(os.path.join(cv2.data.haarcascades, _CASCADE_FILE))  # noqa: PTH118 - as OpenCV wants it
    return cv2, cascade
