"""BlurHash (https://blurha.sh) by the library of that name, of a picture small enough for its loops.

4 components along the longer side and 3 along the shorter, of 32 pixels: more would not be seen. Alpha lies on white.
"""

from typing import Final, cast

from blurhash import encode

from pixmill.engine.pixels.bridge import from_vips, to_pillow, to_vips
from pixmill.engine.pixels.facts.small import at_most
from pixmill.engine.pixels.frame import Frame

SIDE: Final = 32


def blurhash(frame: Frame) -> str:
    """The 28 characters."""
    small = at_most(frame, SIDE)
    components = (4, 3) if small.width >= small.height else (3, 4)
    return cast("str", encode(_rows(_opaque(small)), *components))


def _opaque(frame: Frame) -> Frame:
    return from_vips(to_vips(frame).flatten(background=255), frame) if frame.layout.alpha else frame


def _rows(frame: Frame) -> list[list[bytes]]:
    pixels = to_pillow(frame).convert("RGB").tobytes()
    row = frame.width * 3
    return [[pixels[at : at + 3] for at in range(start, start + row, 3)] for start in range(0, len(pixels), row)]
