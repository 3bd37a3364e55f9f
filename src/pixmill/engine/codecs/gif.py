"""Encodes GIFs: stills by libvips (cgif), animations by ``gif_encoder.py``.

Keeps no metadata.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image

from pixmill.engine.codecs.effort import codec_effort
from pixmill.engine.codecs.frame_sequence import FrameSequence
from pixmill.engine.codecs.gif_encoder import encode_frames, with_binary_alpha
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.codecs.palette import Colour, IndexedImage, corrected_palette, flat_colours, index_exactly
from pixmill.engine.raster.convert import to_pillow, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import DEFAULT_ENCODING, MAX_COLOURS, Encoding

_TABLE_START = 13


def encode(frame: Frame, _quality: int, _metadata: RetainedMetadata, encoding: Encoding = DEFAULT_ENCODING) -> bytes:
    """Encode a still GIF: without loss if there are few colours, else with a palette by libvips.

    It is dithered unless flat areas prevail.
    """
    pixels = with_binary_alpha(to_pillow(frame))
    if indexed := index_exactly(pixels, encoding.colours or MAX_COLOURS):
        return _encode_indexed(indexed, encoding)
    colours = flat_colours(pixels, encoding.colours or MAX_COLOURS)
    options = _gifsave_options(encoding) | ({"dither": 0} if colours else {})
    body: Any = to_vips(frame).colourspace("srgb").gifsave_buffer(**options)
    return _with_flat_colours(bytes(body), pixels, colours) if colours else bytes(body)


def _encode_indexed(indexed: IndexedImage, encoding: Encoding) -> bytes:
    out = BytesIO()
    image = indexed.image
    image.putpalette(indexed.rgb)
    transparency = {"transparency": 0} if indexed.alphas else {}
    image.save(out, "GIF", interlace=int(encoding.progressive), optimize=False, **transparency)
    return out.getvalue()


def _with_flat_colours(gif: bytes, pixels: Image.Image, colours: Sequence[Colour]) -> bytes:
    """Correct the global colour table (GIF89a §19)."""
    end = _TABLE_START + (3 << (gif[10] & 7) + 1)
    return gif[:_TABLE_START] + corrected_palette(gif[_TABLE_START:end], pixels, gif, colours) + gif[end:]


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
