"""One effort scale for all encoders: 0 is the fastest setting, 9 the smallest file in acceptable time.

Measured on a photograph of 1600 × 1082 pixels, CPU ms and bytes from effort 0 to 9: WebP 45 to 303, 233 to 202 kB;
AVIF 92 to 775, 208 to 191 kB (one step further takes 4,650 and saves nothing); GIF 640 to
2,685, 1.30 to 1.19 MB; PNG, of one of 2048 × 1152, 57 to 1,000, 3.00 to 2.80 MB.
``modes.py`` has the defaults by mode. Knows numbers only.
"""

from pixmill.engine.codecs.modes import MODES
from pixmill.media import Format
from pixmill.plan.output import Encoding

_SCALES: dict[Format, tuple[int, ...]] = {
    Format.WEBP: (1, 1, 1, 2, 3, 3, 4, 5, 5, 6),  # method
    Format.AVIF: (10, 9, 9, 8, 8, 8, 7, 7, 6, 6),  # speed
    Format.PNG: tuple(range(10)),  # row of png_effort.py
    Format.GIF: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),  # effort of cgif and its quantiser
    Format.JXL: (1, 1, 2, 3, 3, 4, 5, 6, 7, 7),  # effort
}


def codec_effort(kind: Format, encoding: Encoding, *, drawn: bool = False) -> int:
    """The effort on the encoder's own scale; ``drawn`` is a graphic, or an image with alpha."""
    if encoding.effort is None:
        mode = MODES[encoding.mode]
        return mode.drawn_efforts.get(kind, mode.default_efforts[kind]) if drawn else mode.default_efforts[kind]
    return _SCALES[kind][encoding.effort]
