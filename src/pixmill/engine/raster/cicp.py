"""Code points of colour primaries and transfer characteristics (ITU-T H.273, ISO/IEC 23091-2) as ICC profiles.

PQ and HLG are HDR: their profile only names them, and ``hdr.py`` maps their light to that of a display. Must never know
files.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from pixmill.engine.raster.gamuts import Chromaticity, Gamut, gamut_icc_profile, sampled_curve
from pixmill.engine.raster.hdr import HLG, PQ, HdrEncoding, cicp_tag, hdr_icc_profile
from pixmill.engine.raster.linear_light import srgb_to_linear

UNSPECIFIED: Final = 2
_BT709: Final = 1
_SRGB_TRANSFER: Final = 13
_SMPTE_428: Final = 17
_SMPTE_428_PEAK: Final = 52.37 / 48
_D65: Final[Chromaticity] = (0.3127, 0.3290)
_C: Final[Chromaticity] = (0.310, 0.316)


def _smpte_240_to_linear(value: float) -> float:
    return value / 4 if value < 4 * 0.0228 else float(((value + 0.1115) / 1.1115) ** (1 / 0.45))


SRGB_CURVE: Final = sampled_curve(srgb_to_linear)

_PRIMARIES: Final[dict[int, Gamut]] = {
    number: Gamut(name, red, green, blue, white, SRGB_CURVE)
    for number, name, red, green, blue, white in (
        (_BT709, "sRGB", (0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65),
        (4, "BT.470 M", (0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
        (5, "BT.601 625", (0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
        (6, "BT.601 525", (0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
        (7, "SMPTE 240M", (0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
        (8, "Illuminant C", (0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
        (9, "Rec. 2020", (0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
        (10, "CIE XYZ", (1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3)),
        (11, "DCI P3", (0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
        (12, "Display P3", (0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
        (22, "EBU Tech. 3213", (0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
    )
}
"""H.273 table 2."""

_CURVES: Final[dict[int, tuple[str, float | tuple[float, ...]]]] = {
    1: ("gamma 2.4", 2.4),
    4: ("gamma 2.2", 2.2),
    5: ("gamma 2.8", 2.8),
    6: ("gamma 2.4", 2.4),
    7: ("SMPTE 240M curve", sampled_curve(_smpte_240_to_linear)),
    8: ("linear", 1.0),
    11: ("gamma 2.4", 2.4),
    _SRGB_TRANSFER: ("", SRGB_CURVE),
    14: ("gamma 2.4", 2.4),
    15: ("gamma 2.4", 2.4),
    _SMPTE_428: ("SMPTE 428 curve", 2.6),
}
"""H.273 table 3, without the logarithmic curves and BT.1361, which browsers ignore. What cameras encode by the curve of
BT.709 and its equals, displays decode by gamma 2.4 (ITU-R BT.1886)."""

_HDR_TRANSFERS: Final = {16: PQ, 18: HLG}
_BT1886_TRANSFERS: Final = (1, 6, 11, 14, 15)


@lru_cache(maxsize=32)
def cicp_profile(
    primaries: int, transfer: int, *, grey: bool = False, bt1886: bool = True, max_nits: float = 0
) -> bytes | None:
    """Return the ICC profile of two code points; empty for sRGB, None if one of them is unspecified or not known.

    Without ``bt1886`` BT.709 and its equals mean the curve of sRGB, as browsers have it in AVIF, HEIC and videos.
    ``max_nits`` is the luminance of the brightest pixel of PQ and HLG, 0 if unknown.
    """
    gamut = _PRIMARIES.get(primaries)
    if gamut is None:
        return None
    if transfer in _HDR_TRANSFERS:
        return hdr_icc_profile(gamut, primaries, _HDR_TRANSFERS[transfer], max_nits)
    if transfer in _BT1886_TRANSFERS and not bt1886:
        transfer = _SRGB_TRANSFER
    if transfer not in _CURVES:
        return None
    if transfer == _SRGB_TRANSFER and (primaries == _BT709 or grey):
        return b""
    curve_name, curve = _CURVES[transfer]
    return gamut_icc_profile(
        replace(
            gamut,
            name=", ".join(filter(None, (gamut.name, curve_name))),
            curve=curve,
            peak=_SMPTE_428_PEAK if transfer == _SMPTE_428 else 1.0,
        ),
        grey=grey,
    )


@lru_cache(maxsize=32)
def hdr_encoding(profile: bytes) -> HdrEncoding | None:
    """The HDR encoding that a profile names by its tag ``cicp``; None for any other profile."""
    named = cicp_tag(profile)
    if named is None or named[1] not in _HDR_TRANSFERS or named[0] not in _PRIMARIES:
        return None
    primaries, transfer, max_nits = named
    return HdrEncoding(_PRIMARIES[primaries], transfer, *([max_nits] if max_nits else []))
