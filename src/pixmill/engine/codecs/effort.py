"""One effort scale for all encoders: 0 is the fastest setting, 9 the smallest file in acceptable time.

Measured on a photograph of 1600 × 1082 pixels, CPU ms and bytes from effort 0 to 9: WebP 45 to 303, 233 to 202 kB;
AVIF 92 to 775, 208 to 191 kB (one step further takes 4,650 and saves nothing); GIF 640 to
2,685, 1.30 to 1.19 MB; PNG, of one of 2048 × 1152, 57 to 1,000, 3.00 to 2.80 MB.
``modes.py`` has the defaults by mode. Knows no library.
"""

from typing import Final

from pixmill.engine.codecs.modes import MODES
from pixmill.engine.raster.frame import Frame
from pixmill.media import Format
from pixmill.plan.output import Encoding

_SCALES: dict[Format, tuple[int, ...]] = {
    Format.WEBP: (1, 1, 1, 2, 3, 3, 4, 5, 5, 6),  # method
    Format.AVIF: (10, 9, 9, 8, 8, 8, 7, 7, 6, 6),  # speed
    Format.PNG: tuple(range(10)),  # row of png_effort.py
    Format.GIF: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),  # effort of cgif and its quantiser
    Format.JXL: (1, 1, 2, 3, 3, 4, 5, 6, 7, 7),  # effort
}


_SMALL_PIXELS: Final = 16_384
"""Up to as many pixels, twelve photos take 23 % fewer bytes as AVIF at speed 8, at equal score, in 4 ms more."""


def is_demanding(frame: Frame) -> bool:
    """Whether more effort pays in modes where it does not for photographs: for graphics, cut-outs and small images."""
    return frame.is_graphic or frame.layout.has_alpha or frame.size.pixels <= _SMALL_PIXELS


def codec_effort(kind: Format, encoding: Encoding, *, demanding: bool = False) -> int:
    """The effort on the encoder's own scale."""
    if encoding.effort is None:
        mode = MODES[encoding.mode]
        return mode.demanding_efforts.get(kind, mode.default_efforts[kind]) if demanding else mode.default_efforts[kind]
    return _SCALES[kind][encoding.effort]
