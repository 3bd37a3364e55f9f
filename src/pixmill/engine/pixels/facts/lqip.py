"""LQIP: a low-quality image placeholder, a tiny WebP as a data URI."""

from base64 import b64encode
from io import BytesIO
from typing import Final

from PIL import features

from pixmill.engine.pixels.facts.thumbnail import shrink_to
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Frame
from pixmill.errors import UnsupportedOutput

MAX_CHARACTERS: Final = 400
_SIDES: Final = (24, 20, 16, 12, 8, 4)
_QUALITY: Final = 40
_PREFIX: Final = "data:image/webp;base64,"


def lqip(frame: Frame) -> str:
    """Return the largest of a few sizes whose URI is short enough. Raises UnsupportedOutput."""
    if not features.check("webp"):
        raise UnsupportedOutput("This installation cannot write webp")
    uri = ""
    for side in _SIDES:
        uri = _PREFIX + b64encode(_encode_webp(shrink_to(frame, side))).decode()
        if len(uri) <= MAX_CHARACTERS:
            break
    return uri


def _encode_webp(frame: Frame) -> bytes:
    out = BytesIO()
    to_pillow(frame).save(out, "WEBP", quality=_QUALITY, alpha_quality=_QUALITY, method=6)
    return out.getvalue()
