"""Colour adjustments and effects, in order of work.

Knows values and their bounds. The formulas are documented with the steps of the engine. The ``alpha`` of a colour is
its strength: a fully transparent colour has no effect.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from pixmill.plan.colour import Byte, Colour

SignedPercent = Annotated[float, Meta(ge=-100.0, le=100.0)]
Percent = Annotated[float, Meta(ge=0.0, le=100.0)]
Saturation = Annotated[float, Meta(ge=-100.0, le=900.0)]
"""A factor of (100 + value) / 100, up to 10."""
Vibrance = Annotated[float, Meta(ge=-100.0, le=500.0)]
Exposure = Annotated[float, Meta(ge=-5.0, le=5.0)]
Factor = Annotated[float, Meta(ge=0.0, le=10.0)]
Gamma = Annotated[float, Meta(ge=0.1, le=10.0)]
Sigma = Annotated[float, Meta(ge=0.1, le=250.0)]
CurvePoint = tuple[Byte, Byte]
Curve = Annotated[tuple[CurvePoint, ...], Meta(max_length=16)]
"""Points of a tone curve, from black to white; empty for the identity."""


class Clahe(Struct, frozen=True):
    """Contrast-limited adaptive histogram equalisation over windows of ``window`` × ``window`` pixels."""

    window: Annotated[int, Meta(ge=2, le=64)]
    max_slope: Annotated[int, Meta(ge=1, le=100)] = 3


class Levels(Struct, frozen=True):
    """The value that becomes black, the gamma in between, the value that becomes white."""

    black: Byte = 0
    gamma: Gamma = 1.0
    white: Byte = 255


class Curves(Struct, frozen=True, omit_defaults=True):
    """Tone curves: one for all channels, then one for each."""

    all: Curve = ()
    red: Curve = ()
    green: Curve = ()
    blue: Curve = ()


class Duotone(Struct, frozen=True):
    """The colours that black and white become."""

    dark: Colour
    light: Colour


class Modulate(Struct, frozen=True, omit_defaults=True):
    """Factors of lightness and chroma, and degrees added to the hue, all of CIE LCh."""

    lightness: Factor = 1.0
    chroma: Factor = 1.0
    hue: Annotated[float, Meta(ge=0.0, lt=360.0)] = 0.0


MatrixWeight = Annotated[float, Meta(ge=-10.0, le=10.0)]
ColourWeights = Annotated[tuple[MatrixWeight, ...], Meta(min_length=9, max_length=9)]
"""Of red, green and blue, first in the new red, then in the new green and blue."""


class ToneAdjustment(Struct, frozen=True, omit_defaults=True):
    """Adjustments of each channel on its own. ``equalise`` takes the place of ``normalise``."""

    normalise: bool = False
    equalise: bool = False
    levels: Levels = Levels()
    curves: Curves = Curves()
    gamma: Gamma = 1.0
    warmth: SignedPercent = 0.0
    exposure: Exposure = 0.0
    highlights: SignedPercent = 0.0
    shadows: SignedPercent = 0.0
    brightness_factor: Factor = 1.0
    brightness: SignedPercent = 0.0
    contrast: SignedPercent = 0.0
    red: SignedPercent = 0.0
    green: SignedPercent = 0.0
    blue: SignedPercent = 0.0
    invert: bool = False


class ColourAdjustment(Struct, frozen=True, omit_defaults=True):
    """Adjustments of all channels of a pixel together."""

    lightness: SignedPercent = 0.0
    modulate: Modulate | None = None
    vibrance: Vibrance = 0.0
    matrix: ColourWeights | None = None
    saturation: Saturation = 0.0
    hue: Annotated[float, Meta(ge=0.0, lt=360.0)] = 0.0
    sepia: Percent = 0.0
    tint: Colour | None = None
    duotone: Duotone | None = None
    colorize: Colour | None = None
    threshold: Byte = 0


class Adjust(Struct, frozen=True, omit_defaults=True):
    """All colour adjustments. Alpha is unchanged."""

    clahe: Clahe | None = None
    tone: ToneAdjustment = ToneAdjustment()
    colour: ColourAdjustment = ColourAdjustment()


class GradientRamp(Struct, frozen=True, omit_defaults=True):
    """A gradient line across the image, as in CSS: ``angle`` 0 points up, 90 to the right, from corner to corner.

    The transition begins at ``start`` and ends at ``stop``, in percent of the line.
    """

    angle: Annotated[float, Meta(ge=0.0, lt=360.0)] = 180.0
    start: Percent = 0.0
    stop: Percent = 100.0


MorphologyRadius = Annotated[int, Meta(ge=0, le=20)]


class MorphologyUnit(StrEnum):
    """What dilation and erosion take the extreme of: a value, or each bit of it, as masks of libvips do."""

    VALUES = "values"
    BITS = "bits"


class UnsharpMask(Struct, frozen=True):
    """Adds ``amount`` times the difference to the blurred image, where it exceeds ``threshold`` 8-bit values."""

    sigma: Annotated[float, Meta(ge=0.3, le=10.0)]
    amount: Annotated[float, Meta(gt=0.0, le=10.0)]
    threshold: Byte = 0


class LabSharpen(Struct, frozen=True, omit_defaults=True):
    """libvips' ``sharpen``: adds to L* the difference to the blurred image, times ``flat`` up to ``threshold`` and
    times ``jagged`` beyond, at most ``max_lighten`` and ``max_darken``. All in units of L*.
    """

    sigma: Annotated[float, Meta(ge=0.1, le=10.0)]
    flat: Factor = 1.0
    jagged: Factor = 2.0
    threshold: Percent = 2.0
    max_lighten: Percent = 10.0
    max_darken: Percent = 20.0


class ProgressiveBlur(Struct, frozen=True):
    """A blur that increases along a ramp up to ``sigma`` pixels."""

    sigma: Sigma
    ramp: GradientRamp


class Convolution(Struct, frozen=True):
    """A matrix of 9, 25 or 49 weights, row by row, not mirrored, and the offset of the sum in 8-bit values."""

    weights: Annotated[tuple[float, ...], Meta(min_length=9, max_length=49)]
    offset: Annotated[float, Meta(ge=-255.0, le=255.0)] = 0.0


class RedactionBox(Struct, frozen=True, order=True):
    """A region to redact, in pixels or in percent of the sides; parts outside the image are ignored."""

    left: Annotated[float, Meta(ge=0.0)]
    top: Annotated[float, Meta(ge=0.0)]
    width: Annotated[float, Meta(gt=0.0)]
    height: Annotated[float, Meta(gt=0.0)]
    percent: bool = False


RedactionBoxes = Annotated[tuple[RedactionBox, ...], Meta(min_length=1, max_length=32)]


class RegionBlur(Struct, frozen=True):
    """Regions that are blurred."""

    sigma: Sigma
    regions: RedactionBoxes


BlockSize = Annotated[int, Meta(ge=2, le=1_000)]


class RegionPixelation(Struct, frozen=True):
    """Regions that are pixelated."""

    block_size: BlockSize
    regions: RedactionBoxes


class Gradient(Struct, frozen=True):
    """A linear gradient between two colours over the image."""

    ramp: GradientRamp
    start: Colour
    stop: Colour


class Effects(Struct, frozen=True, omit_defaults=True):
    """Effects that depend on neighbouring pixels or on the position. Lengths are in pixels of the result.

    ``blur_faces`` is a sigma, ``pixelate`` and ``pixelate_faces`` are block sizes; 0 for none.
    """

    progressive_blur: ProgressiveBlur | None = None
    median: Annotated[int, Meta(ge=0, le=5)] = 0
    dilate: MorphologyRadius = 0
    erode: MorphologyRadius = 0
    morphology: MorphologyUnit = MorphologyUnit.VALUES
    sharpen: UnsharpMask | None = None
    sharpen_lab: LabSharpen | None = None
    convolution: Convolution | None = None
    pixelate: Annotated[int, Meta(ge=0, le=1_000)] = 0
    blur_areas: RegionBlur | None = None
    pixelate_areas: RegionPixelation | None = None
    blur_faces: Annotated[float, Meta(ge=0.0, le=250.0)] = 0.0
    pixelate_faces: Annotated[int, Meta(ge=0, le=1_000)] = 0
    gradient: Gradient | None = None
    vignette: Percent = 0.0
    noise: Percent = 0.0
