"""GIF written by libvips (cgif), animated ones by ``gif_animation.py``.

Knows GIF's palette. It keeps no metadata.
"""

from typing import Any

from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.gif_animation import assembled
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.reel import Reel
from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import MAX_COLOURS, PLAIN, Encoding


def write(frame: Frame, _quality: int, _kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """A still GIF of up to 256 colours, dithered."""
    body: Any = to_vips(frame).colourspace("srgb").gifsave_buffer(**_options(encoding))
    return bytes(body)


def animate(reel: Reel, _quality: int, _kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An animated GIF."""
    return b"".join(assembled(reel, encoding.colours or MAX_COLOURS, dither=encoding.dither > 0))


def _options(encoding: Encoding) -> dict[str, Any]:
    """The palette is as large as the largest power of two that is asked for."""
    return {
        "effort": codec_effort(Format.GIF, encoding),
        "bitdepth": (encoding.colours or MAX_COLOURS).bit_length() - 1,
        "dither": encoding.dither,
        "interlace": encoding.progressive,
        "keep": "none",
    }
