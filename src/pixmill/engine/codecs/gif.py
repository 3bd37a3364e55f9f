"""Encodes GIFs: stills by libvips (cgif), animations by ``gif_encoder.py``.

Keeps no metadata.
"""

from typing import Any

from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.gif_encoder import encode_frames
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.raster.convert import to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, MAX_COLOURS, Encoding


def encode(frame: Frame, _quality: int, _metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode a still GIF of up to 256 colours, dithered."""
    body: Any = to_vips(frame).colourspace("srgb").gifsave_buffer(**_gifsave_options(encoding))
    return bytes(body)


def encode_animation(
    sequence: FrameSequence, _quality: int, _metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING
) -> bytes:
    """Encode an animated GIF."""
    return b"".join(encode_frames(sequence, encoding.colours or MAX_COLOURS, dither=encoding.dither > 0))


def _gifsave_options(encoding: Encoding) -> dict[str, Any]:
    """The palette size is rounded down to a power of two."""
    return {
        "effort": codec_effort(Format.GIF, encoding),
        "bitdepth": (encoding.colours or MAX_COLOURS).bit_length() - 1,
        "dither": encoding.dither,
        "interlace": encoding.progressive,
        "keep": "none",
    }
