"""Detects faces by OpenCV's Haar cascade; both come in the wheel of the extra ``pixmill[faces]``.

P. Viola, M. Jones: Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001. OpenCV is imported at
the first detection. Must never know what the faces are used for.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pixmill.engine.raster.convert import VipsImage
from pixmill.errors import MissingExtra
from pixmill.plan.gravity import MAX_REGIONS, FocalRegion

DETECTION_SIDE = 640
"""At this size the detector takes about 50 ms and finds faces from a twentieth of the height on."""

_CASCADE_FILE = "haarcascade_frontalface_alt2.xml"
_MIN_FACE_SIDE = 28
"""Pixels; the cascade was trained on 20, but at that size it finds faces in leaves and stones."""


def detect_faces(image: VipsImage, param: str, max_faces: int = MAX_REGIONS) -> Sequence[FocalRegion]:
    """Return the largest faces of an upright 8-bit image. Raises MissingExtra, which names ``param``."""
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
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's BLAS would reserve memory for every core, unused here
    import cv2.data  # noqa: PLC0415 - 60 MB that only those pay who look for faces

    cv2.setNumThreads(1)  # parallelism comes from processes
    cascade = cv2.CascadeClassifier(os.path.join(cv2.data.haarcascades, _CASCADE_FILE))  # noqa: PTH118 - as OpenCV wants it
    return cv2, cascade
