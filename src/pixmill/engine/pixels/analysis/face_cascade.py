"""Detects faces by OpenCV's Haar cascade, where the wheel of the network does not exist.

P. Viola, M. Jones: Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001. Finds upright frontal
faces. Must never know what the faces are used for.
"""

import os
from typing import Final

from pixmill.engine.pixels.analysis.face_network import Detector, Face
from pixmill.engine.raster.convert import VipsImage

_CASCADE_FILE: Final = "haarcascade_frontalface_alt2.xml"
_MIN_FACE_SIDE: Final = 28
"""Pixels; the cascade was trained on 20, but at that size it finds faces in leaves and stones."""


def load_detector() -> Detector:
    """Return the detector; takes sRGB images without alpha. Raises ImportError without the cascade of OpenCV 4."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's BLAS would reserve memory for every core, unused here
    import cv2.data  # noqa: PLC0415 - 60 MB that only those pay who look for faces

    cv2.setNumThreads(1)  # parallelism comes from processes
    try:
        cascade = cv2.CascadeClassifier(os.path.join(cv2.data.haarcascades, _CASCADE_FILE))  # noqa: PTH118 - as OpenCV wants it
    except AttributeError as error:
        raise ImportError("OpenCV 5 has no cascades") from error

    def find_faces(image: VipsImage) -> list[Face]:
        grey = cv2.equalizeHist(image.colourspace("b-w").numpy())
        found = cascade.detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=4, minSize=(_MIN_FACE_SIDE, _MIN_FACE_SIDE)
        )
        return [(int(x), int(y), int(width), int(height)) for x, y, width, height in found]

    return find_faces
