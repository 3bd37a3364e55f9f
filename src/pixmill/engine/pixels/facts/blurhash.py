"""BlurHash (https://blurha.sh) by the ``blurhash`` library, from an image small enough for its loops.

4 components along the longer side and 3 along the shorter, of 32 pixels: more would not be visible. Alpha is flattened
on white.
"""

from typing import Final, cast

from blurhash import encode

from pixmill.engine.pixels.facts.thumbnail import shrink_to
from pixmill.engine.raster.convert import from_vips, to_pillow, to_vips
from pixmill.engine.raster.frame import Frame

SIDE: Final = 32


def blurhash(frame: Frame) -> str:
    """Return the 28 characters."""
    small = shrink_to(frame, SIDE)
    components = (4, 3) if small.width >= small.height else (3, 4)
    return cast("str", encode(_pixel_rows(_flatten_on_white(small)), *components))


def _flatten_on_white(frame: Frame) -> Frame:
    return from_vips(to_vips(frame).flatten(background=255), frame) if frame.layout.has_alpha else frame


def _pixel_rows(frame: Frame) -> list[list[bytes]]:
    pixels = to_pillow(frame).convert("RGB").tobytes()
    row_bytes = frame.width * 3
    return [
        [pixels[at : at + 3] for at in range(start, start + row_bytes, 3)] for start in range(0, len(pixels), row_bytes)
    ]
