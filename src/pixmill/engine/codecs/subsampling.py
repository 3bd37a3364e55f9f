"""The chroma subsampling of a result whose request leaves it open. Knows no library."""

from typing import Final

from pixmill.engine.raster.frame import Frame
from pixmill.plan.output import Encoding, Subsampling

_FULL_CHROMA_PIXELS: Final = 40_000
"""Up to as many pixels photographs need all chroma too. Fewer bytes at equal SSIMULACRA2, twelve photos of 200 pixels,
and of 100: JPEG 1 and 3 %, AVIF at speed 8 5 and 17 %, WebP with sharp chroma at method 4 8 and 26 %."""


def needs_full_chroma(frame: Frame) -> bool:
    """Whether the image is a graphic or small, so that chroma of half the size shows."""
    return frame.is_graphic or frame.size.pixels <= _FULL_CHROMA_PIXELS


def subsampling_of(encoding: Encoding, *, full_chroma: bool = False) -> Subsampling:
    """Return the requested subsampling; without one 4:4:4 if the image needs ``full_chroma``, else 4:2:0."""
    if encoding.subsampling is not Subsampling.AUTO:
        return encoding.subsampling
    return Subsampling.S444 if full_chroma else Subsampling.S420
