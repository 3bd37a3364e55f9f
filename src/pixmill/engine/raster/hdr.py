"""Maps the light of HDR images (PQ and HLG, ITU-R BT.2100-3) to that of a display without HDR.

The tone mapping is the reference white operator of SMPTE ST 2094-50 (annex D, candidate draft 2), as browsers apply it:
203 cd/m² are white (ITU-R BT.2408), the maximum of the colour components of Rec. 2020 selects the gain, so hues stay,
and the brightest light of the image becomes the brightest of the display. Must never know files.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log2, sqrt
from typing import Final

import pyvips

from pixmill.engine.raster.alpha import split_alpha
from pixmill.engine.raster.convert import VipsImage, to_8_bit
from pixmill.engine.raster.gamuts import REC_2020, SRGB, Gamut, encode_bt709, gamut_icc_profile, linear_conversion
from pixmill.engine.raster.linear_light import encode_srgb

PQ: Final = 16
HLG: Final = 18
"""Transfer characteristics of ITU-T H.273."""

REFERENCE_WHITE_NITS: Final = 203
_DEFAULT_MAX_NITS: Final = 1_000
_HLG_PEAK_NITS: Final = 1_000
_PQ_PEAK_NITS: Final = 10_000
_HLG_GAMMA: Final = 1.2
_LUMINANCE: Final = [0.2627, 0.6780, 0.0593]
"""Of the components of Rec. 2020."""

_KAPPA: Final = 0.65
_WHITE_AT_FULL_HEADROOM: Final = 0.5
_LEVELS: Final = {"uchar": 256, "ushort": 65_536}
_TABLE_END: Final = 65_535
_MAX_TAGS: Final = 100
_CICP_TAG_BYTES: Final = 12
_TAG: Final = struct.Struct(">4s2I")
_FULL_RANGE: Final = 1
_MAX_NITS_TAG: Final = b"pxmx"
"""A tag of our own, in profiles that never leave the process."""


@dataclass(frozen=True, slots=True)
class HdrEncoding:
    """What the numbers of an HDR image mean; ``max_nits`` is the luminance of its brightest pixel."""

    gamut: Gamut
    transfer: int
    max_nits: float = _DEFAULT_MAX_NITS

    @property
    def headroom(self) -> float:
        """How much brighter than white the image gets, in powers of two."""
        return log2(max(self.max_nits / REFERENCE_WHITE_NITS, 1.0))


def hdr_icc_profile(gamut: Gamut, primaries: int, transfer: int, max_nits: float) -> bytes:
    """Build a profile that names the encoding by its tag ``cicp`` (ICC.1:2022 §10.3).

    It is converted by ``tone_map`` only, and never written.
    """
    name = "Rec. 2100" if gamut.red == REC_2020.red else gamut.name
    tags = (
        (b"cicp", b"cicp" + bytes(4) + bytes((primaries, transfer, 0, _FULL_RANGE))),
        (_MAX_NITS_TAG, b"ui32" + bytes(4) + struct.pack(">I", round(max_nits))),
    )
    described = Gamut(
        f"{name} {'PQ' if transfer == PQ else 'HLG'}", gamut.red, gamut.green, gamut.blue, gamut.white, 2.2
    )
    return gamut_icc_profile(described, private_tags=tags)


def cicp_tag(profile: bytes) -> tuple[int, int, float] | None:
    """Return the primaries, the transfer and the maximum luminance that a profile names; None if it names none."""
    tags = dict[bytes, bytes]()
    count = int.from_bytes(profile[128:132])
    for number in range(min(count, _MAX_TAGS)):
        if len(profile) < 132 + (number + 1) * _TAG.size:
            break
        name, offset, length = _TAG.unpack_from(profile, 132 + number * _TAG.size)
        if name in (b"cicp", _MAX_NITS_TAG):
            tags[name] = profile[offset : offset + min(length, _CICP_TAG_BYTES)]
    named = tags.get(b"cicp", b"")
    if len(named) < _CICP_TAG_BYTES or named[11] != _FULL_RANGE:
        return None
    return named[8], named[9], float(int.from_bytes(tags.get(_MAX_NITS_TAG, b"")[8:]))


def tone_map(image: VipsImage, encoding: HdrEncoding, *, srgb: bool) -> VipsImage:
    """Convert 8 or 16-bit values to 8-bit sRGB, or to Rec. 2020 with the curve of BT.709; grey always to sRGB."""
    colours, alpha = split_alpha(image)
    is_grey = colours.bands == 1
    light = _display_light(colours, encoding, is_grey=is_grey)
    if encoding.headroom:
        brightest = light if is_grey else light[0].maxpair(light[1]).maxpair(light[2])
        light *= _gain(brightest, encoding.headroom)
    if is_grey or srgb:
        result = encode_srgb(light if is_grey else _recombined(light, REC_2020, SRGB))
    else:
        result = _through_table(light, _TABLE_END, _bt709_table())
    return result if alpha is None else result.bandjoin(to_8_bit(alpha))


def _display_light(colours: VipsImage, encoding: HdrEncoding, *, is_grey: bool) -> VipsImage:
    """Decode values to the light of a display for HDR, in Rec. 2020; reference white is 1."""
    table = (_pq_table if encoding.transfer == PQ else _hlg_table)(_LEVELS[colours.format])
    light = colours.maplut(table)
    if not is_grey and encoding.gamut.red != REC_2020.red:
        light = _recombined(light, encoding.gamut, REC_2020)
    if encoding.transfer == PQ:
        return light
    luminance = light if is_grey else light.recomb([_LUMINANCE])
    return light * luminance ** (_HLG_GAMMA - 1) * (_HLG_PEAK_NITS / REFERENCE_WHITE_NITS)


def _gain(brightest: VipsImage, headroom: float) -> VipsImage:
    """The gain for light whose strongest component is ``brightest``: constant up to white, then ever smaller."""
    max_light = 2**headroom
    mapped = _through_table((brightest - 1) / (max_light - 1), _TABLE_END, _highlight_table(headroom))
    return mapped / brightest.maxpair(1)


def _through_table(values: VipsImage, table_end: int, table: VipsImage) -> VipsImage:
    return (values * table_end).rint().cast("ushort").maplut(table)


def _recombined(light: VipsImage, source: Gamut, target: Gamut) -> VipsImage:
    return light.recomb([list(row) for row in linear_conversion(source, target)])


@lru_cache(maxsize=4)
def _highlight_table(headroom: float) -> VipsImage:
    """The mapped light of light from 1 to the maximum: a quadratic Bézier curve (ST 2094-50 formulas D.2 to D.5)."""
    share = min(headroom / log2(_DEFAULT_MAX_NITS / REFERENCE_WHITE_NITS), 1.0)
    white = 1 - _WHITE_AT_FULL_HEADROOM * share
    max_light = 2**headroom
    middle = (1 - _KAPPA) + _KAPPA / white, (1 - _KAPPA) * white + _KAPPA
    x_square, y_square = 1 - 2 * middle[0] + max_light, white - 2 * middle[1] + 1
    x_line, y_line = 2 * (middle[0] - 1), 2 * (middle[1] - white)

    def mapped(position: float) -> float:
        beyond = position * (max_light - 1)
        root = sqrt(max(0.0, x_line**2 + 4 * x_square * beyond))
        t = 2 * beyond / (x_line + root)
        return white + t * (y_line + t * y_square)

    return _table(mapped, _TABLE_END + 1)


@lru_cache(maxsize=2)
def _pq_table(levels: int) -> VipsImage:
    return _table(lambda value: _pq_to_nits(value) / REFERENCE_WHITE_NITS, levels)


@lru_cache(maxsize=2)
def _hlg_table(levels: int) -> VipsImage:
    return _table(_hlg_to_scene, levels)


@lru_cache(maxsize=1)
def _bt709_table() -> VipsImage:
    return _table(lambda light: round(255 * encode_bt709(light)), _TABLE_END + 1).cast("uchar").copy_memory()


def _table(function: Callable[[float], float], levels: int) -> VipsImage:
    """Tabulate a function of values from 0 to 1."""
    values = [function(level / (levels - 1)) for level in range(levels)]
    return pyvips.Image.new_from_array([values]).cast("float").copy_memory()


def _pq_to_nits(value: float) -> float:
    """ITU-R BT.2100-3 table 4."""
    m1, m2, c1, c2, c3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
    root = value ** (1 / m2)
    return float(_PQ_PEAK_NITS * (max(root - c1, 0.0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_to_scene(value: float) -> float:
    """ITU-R BT.2100-3 table 5: the inverse of the OETF, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return value**2 / 3 if value <= 0.5 else (exp((value - c) / a) + b) / 12  # noqa: PLR2004 - of the formula
