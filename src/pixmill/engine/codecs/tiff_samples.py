"""Decodes TIFFs whose samples Pillow does not know or reads wrong: deep, signed, floating point, white-is-zero, planar.

libvips reads them, in the order and at the range that the tags state (TIFF 6.0 sections 8, 18 and 19). It fills what it
cannot read with black and reports that beside the image only, so that its error buffer is checked. Must never know
requests.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import pyvips
from PIL import Image

from pixmill.engine.codecs.vips import load_image
from pixmill.engine.raster.convert import VipsImage
from pixmill.errors import UndecodableImage

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _EXTRA = 258, 259, 262, 277, 284, 338
_TILE_WIDTH, _FORMAT, _MINIMUM, _MAXIMUM = 322, 339, 340, 341
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5
_COLOUR_SAMPLES: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _CMYK: 4}
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_KINDS: Final = {(8, _UNSIGNED), (16, _UNSIGNED), (32, _UNSIGNED), (8, _SIGNED), (16, _SIGNED), (32, _SIGNED)} | {
    (16, _FLOAT),
    (32, _FLOAT),
}
_COMPRESSIONS: Final = (1, 5, 8, 32773, 32946)
"""None, LZW, deflate (two codes), PackBits: what libvips' wheel can decode besides JPEG and fax."""

_SEPARATE_PLANES: Final = 2
_ASSOCIATED, _UNASSOCIATED = 1, 2
_DEEP: Final = 16
_TWELVE_BITS: Final = 12
_OPAQUE: Final = 255

TIFF_LOADER: Final[Any] = pyvips.Image.tiffload_source


@dataclass(frozen=True, slots=True)
class Samples:
    """What the tags of a page say of its samples. ``alpha``: 0 for none, 1 for associated, 2 for unassociated alpha."""

    bits: int
    sample_format: int
    photometric: int
    count: int
    alpha: int
    planar: bool
    tiled: bool
    compression: int
    minimum: float
    maximum: float

    @property
    def colours(self) -> int:
        return _COLOUR_SAMPLES.get(self.photometric, 0)

    @property
    def is_cmyk(self) -> bool:
        return self.photometric == _CMYK

    @property
    def is_grey(self) -> bool:
        return self.colours == 1

    @property
    def is_supported(self) -> bool:
        return (
            (self.bits, self.sample_format) in _KINDS
            and self.compression in _COMPRESSIONS
            and 0 < self.colours <= self.count - bool(self.alpha)
            and not (self.planar and (self.bits, self.sample_format) == (_DEEP, _FLOAT))  # libvips reads them wrong,
            and not (self.alpha == _ASSOCIATED and not self._is_made_straight)  # and these
        )

    @property
    def _is_made_straight(self) -> bool:
        """Whether libvips divides the colours by associated alpha of the right range."""
        return self.sample_format == _FLOAT or (self.sample_format == _UNSIGNED and self.bits <= _DEEP)

    def pillow_is_wrong(self, mode: str) -> bool:
        """Whether Pillow opens the page in this mode, but does not return what its samples mean."""
        return (
            mode in ("I", "F")
            or self.sample_format == _SIGNED
            or (self.bits == _DEEP and (self.photometric == _WHITE_IS_ZERO or self._has_deep_planes))
        )

    @property
    def _has_deep_planes(self) -> bool:
        """Whether only libvips reads the planes right. It reads none in tiles, Pillow those without alpha."""
        return self.planar and not (self.tiled and not self.alpha)

    @property
    def twelve_bits(self) -> bool:
        """Whether Pillow returns samples up to 4,095 as if they were 16 bits deep."""
        return self.bits == _TWELVE_BITS


def read_samples(tags: Any) -> Samples:
    """Read the tags of a page, with the defaults of TIFF 6.0. ``bits`` and ``sample_format`` are 0 if they vary."""
    bits, formats, extra = _values(tags, _BITS, 1), _values(tags, _FORMAT, _UNSIGNED), _values(tags, _EXTRA, -1)
    photometric, count = _values(tags, _PHOTOMETRIC, 0)[0], _values(tags, _SAMPLES, len(bits))[0]
    minimum, maximum = _range(tags)
    colours = _COLOUR_SAMPLES.get(photometric, count)
    alpha = extra[0] if extra[0] in (_ASSOCIATED, _UNASSOCIATED) and count > colours else 0
    if extra[0] < 0 and (photometric, count) == (_RGB, _COLOUR_SAMPLES[_RGB] + 1):
        alpha = _UNASSOCIATED  # the tag is missing, as Pillow takes it
    return Samples(
        bits[0] if len(set(bits)) == 1 else 0,
        formats[0] if len(set(formats)) == 1 else 0,
        photometric,
        count,
        alpha,
        count > 1 and _values(tags, _PLANAR, 1)[0] == _SEPARATE_PLANES,
        _TILE_WIDTH in tags,
        _values(tags, _COMPRESSION, 1)[0],
        minimum,
        maximum,
    )


def _values(tags: Any, tag: int, default: int) -> tuple[int, ...]:
    value = tags.get(tag, default)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(part if isinstance(part, int) else 0 for part in values) or (default,)


def _range(tags: Any) -> tuple[float, float]:
    """The values of floating point samples that are black and white; 0 and 1 unless both are stated."""
    limits = []
    for tag in (_MINIMUM, _MAXIMUM):
        value = tags.get(tag)
        value = value[0] if isinstance(value, tuple) and value else value
        limits.append(float(value) if isinstance(value, (int, float)) and isfinite(value) else None)
    minimum, maximum = limits
    return (minimum, maximum) if minimum is not None and maximum is not None and minimum < maximum else (0.0, 1.0)


def decode_samples(source: memoryview, page: int, samples: Samples) -> VipsImage | Image.Image:
    """Decode a page to 8-bit grey or RGB with straight alpha, or to Pillow's CMYK."""
    if not samples.is_supported:
        raise UndecodableImage("Original has samples of a kind that is not supported", detail=f"{samples}")
    pyvips.vips_lib.vips_error_clear()
    image = load_image(TIFF_LOADER, source, access="sequential", fail_on="truncated", page=page - 1)
    if image.bands < samples.colours + bool(samples.alpha):
        raise UndecodableImage(detail=f"{image.bands} bands for {samples}")
    result = _to_8_bit(image, samples).copy_memory()
    if reported := pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()):
        raise UndecodableImage(detail=reported.decode(errors="replace")[:500])
    if not samples.is_cmyk:
        return result.copy(interpretation="b-w" if samples.is_grey else "srgb")
    inks, alpha = (result.extract_band(0, n=4), result[4]) if samples.alpha else (result, None)
    cmyk = Image.frombytes("CMYK", (result.width, result.height), inks.write_to_memory())
    if alpha is not None:
        cmyk.info["alpha"] = Image.frombytes("L", cmyk.size, alpha.write_to_memory())
    return cmyk


def _to_8_bit(image: VipsImage, samples: Samples) -> VipsImage:
    minimum, maximum = _sample_range(samples)
    scale = _OPAQUE / (maximum - minimum)
    image = image.extract_band(0, n=samples.colours + bool(samples.alpha))
    if not _is_inverted(samples):
        return image.linear(scale, 0.5 - minimum * scale, uchar=True)
    scales, offsets = [-scale] * samples.colours, [_OPAQUE + 0.5 + minimum * scale] * samples.colours
    if samples.alpha:
        scales.append(scale)
        offsets.append(0.5 - minimum * scale)
    return image.linear(scales, offsets, uchar=True)


def _is_inverted(samples: Samples) -> bool:
    """Whether white is zero, which libvips converts for unsigned samples only."""
    return samples.photometric == _WHITE_IS_ZERO and samples.sample_format != _UNSIGNED


def _sample_range(samples: Samples) -> tuple[float, float]:
    """The values of black and white: of integers the full range (TIFF 6.0, SMinSampleValue)."""
    if samples.sample_format == _FLOAT:
        return samples.minimum, samples.maximum
    highest = float((1 << samples.bits) - 1)
    lowest = -float(1 << samples.bits - 1) if samples.sample_format == _SIGNED else 0.0
    return lowest, lowest + highest
