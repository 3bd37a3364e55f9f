"""GIF written by libvips (cgif).

Knows GIF's palette. It keeps no metadata.
"""

from typing import Any

from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.frame import Frame

_EFFORT = 1
"""161 ms at 800 × 500 pixels, like 3 and with the same bytes; 5 takes 322 for 2 % less, 7 takes 662 for 9 % less."""


def write(frame: Frame, _quality: int, _kept: Kept) -> bytes:
    """A still GIF of up to 256 colours, dithered."""
    body: Any = to_vips(frame).colourspace("srgb").gifsave_buffer(effort=_EFFORT, keep="none")
    return bytes(body)
