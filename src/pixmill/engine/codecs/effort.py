"""One effort scale for all encoders: 0 is the fastest setting, 9 the smallest file in acceptable time.

Measured on a photograph of 1600 × 1082 pixels, CPU ms and bytes from effort 0 to 9: WebP 45 to 303, 233 to 202 kB;
AVIF 92 to 775, 208 to 191 kB (one step further takes 4,650 and saves nothing); PNG 42 to 758, 3.85 to 2.57 MB; GIF
640 to 2,685, 1.30 to 1.19 MB. ``modes.py`` has the defaults by mode. Knows numbers only.
"""

from pixmill.engine.codecs.modes import MODES
from pixmill.media import Format
from pixmill.plan.output import Encoding

_SCALES: dict[Format, tuple[int, ...]] = {
    Format.WEBP: (1, 1, 1, 2, 3, 3, 4, 5, 5, 6),  # method
    Format.AVIF: (10, 9, 9, 8, 8, 8, 7, 7, 6, 6),  # speed
    Format.PNG: (1, 2, 3, 4, 5, 6, 6, 7, 8, 9),  # level of deflate
    Format.GIF: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),  # effort of cgif and its quantiser
    Format.JXL: (1, 1, 2, 3, 3, 4, 5, 6, 7, 7),  # effort
}


def codec_effort(kind: Format, encoding: Encoding) -> int:
    """The effort on the encoder's own scale."""
    if encoding.effort is None:
        return MODES[encoding.mode].default_efforts[kind]
    return _SCALES[kind][encoding.effort]
