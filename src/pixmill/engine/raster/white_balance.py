"""White balance: gains of linear sRGB channels for a shift of the white point along the black-body locus.

The chromaticity of black bodies by Kim et al. (US patent 7,024,034, from 1,667 to 25,000 K). Pure arithmetic; must
never know pixels.
"""

from functools import lru_cache
from typing import Final

from pixmill.engine.raster.luma import REC709_WEIGHTS

Gains = tuple[float, float, float]

_DAYLIGHT_MIREDS: Final = 1e6 / 6504
"""Of D65, the white of sRGB."""
_LOW_K, _HIGH_K = 2_222, 4_000
"""Where the polynomials of the locus meet."""
_XYZ_TO_SRGB: Final = (
    (3.2404542, -1.5371385, -0.4985314),
    (-0.9692660, 1.8760108, 0.0415560),
    (0.0556434, -0.2040259, 1.0572252),
)


@lru_cache(maxsize=64)
def white_balance_gains(mireds: float) -> Gains:
    """Return the gains of red, green and blue that move white by this many mireds, at its luminance."""
    if not mireds:
        return (1.0, 1.0, 1.0)
    neutral, shifted = _black_body(_DAYLIGHT_MIREDS), _black_body(_DAYLIGHT_MIREDS + mireds)
    red, green, blue = (light / reference for light, reference in zip(shifted, neutral, strict=True))
    luminance = sum(weight * gain for weight, gain in zip(REC709_WEIGHTS, (red, green, blue), strict=True))
    return red / luminance, green / luminance, blue / luminance


def _black_body(mireds: float) -> Gains:
    """Return the linear sRGB of a black body with luminance 1."""
    x, y = _chromaticity(1e6 / mireds)
    xyz = (x / y, 1.0, (1 - x - y) / y)
    red, green, blue = (sum(a * b for a, b in zip(row, xyz, strict=True)) for row in _XYZ_TO_SRGB)
    return red, green, blue


def _chromaticity(kelvin: float) -> tuple[float, float]:
    t = 1e3 / kelvin
    if kelvin <= _HIGH_K:
        x = ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
    else:
        x = ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390
    if kelvin <= _LOW_K:
        y = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    elif kelvin <= _HIGH_K:
        y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    else:
        y = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    return x, y
