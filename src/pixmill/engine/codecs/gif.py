"""GIF written by libvips (cgif).

Knows GIF's palette. It keeps no metadata.
"""

from dataclasses import replace
from typing import Any

from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.reel import Reel, Timing
from pixmill.engine.codecs.strip import strip
from pixmill.engine.pixels.bridge import to_vips
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import MAX_COLOURS, PLAIN, Encoding

_TAKEN_FOR_TEN_MS = 10


def write(frame: Frame, _quality: int, _kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """A still GIF of up to 256 colours, dithered."""
    body: Any = to_vips(frame).colourspace("srgb").gifsave_buffer(**_options(encoding))
    return bytes(body)


def animate(reel: Reel, _quality: int, _kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """An animated GIF; a frame has its own palette where the one before will not do. Delays are in hundredths of a second."""
    with strip(replace(reel, timing=_in_hundredths(reel.timing))) as image:
        body: Any = image.colourspace("srgb").gifsave_buffer(**_options(encoding))
        return bytes(body)


def _in_hundredths(timing: Timing) -> Timing:
    """Delays that can be written, which lose no time together. Browsers take one hundredth for ten, so none becomes that."""
    due, gone, delays = 0, 0, []
    for delay in timing.delays_ms:
        due += delay
        delays.append(10 * max(2 if delay > _TAKEN_FOR_TEN_MS else 1, round((due - gone) / 10)))
        gone += delays[-1]
    return Timing(tuple(delays), timing.plays)


def _options(encoding: Encoding) -> dict[str, Any]:
    """The palette is as large as the largest power of two that is asked for."""
    return {
        "effort": codec_effort(Format.GIF, encoding.effort),
        "bitdepth": (encoding.colours or MAX_COLOURS).bit_length() - 1,
        "dither": encoding.dither,
        "interlace": encoding.progressive,
        "keep": "none",
    }
