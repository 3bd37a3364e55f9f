"""What is done to the colours and to the detail of a picture, in the order in which it is done.

Knows values and their bounds. What each does to a pixel, with its formula, stands with its step in the engine.
Colours here carry their strength in ``alpha``: what is wholly transparent does nothing.
"""

from typing import Annotated

from msgspec import Meta, Struct

from pixmill.plan.colour import Byte, Colour

SignedPercent = Annotated[float, Meta(ge=-100.0, le=100.0)]
Percent = Annotated[float, Meta(ge=0.0, le=100.0)]
Gamma = Annotated[float, Meta(ge=0.1, le=10.0)]
Sigma = Annotated[float, Meta(ge=0.1, le=250.0)]
CurvePoint = tuple[Byte, Byte]
Curve = Annotated[tuple[CurvePoint, ...], Meta(max_length=16)]
"""Points of a tone curve, from the darkest on; none is the straight line."""


class Clahe(Struct, frozen=True):
    """Contrast-limited adaptive histogram equalisation over windows of ``window`` × ``window`` pixels."""

    window: Annotated[int, Meta(ge=2, le=64)]
    max_slope: Annotated[int, Meta(ge=1, le=100)] = 3


class Levels(Struct, frozen=True):
    """The code that becomes black, the gamma between, the code that becomes white."""

    black: Byte = 0
    gamma: Gamma = 1.0
    white: Byte = 255


class Curves(Struct, frozen=True, omit_defaults=True):
    """One curve for all channels, then one for each."""

    all: Curve = ()
    red: Curve = ()
    green: Curve = ()
    blue: Curve = ()


class Duotone(Struct, frozen=True):
    """The colours that black and white become."""

    dark: Colour
    light: Colour


class ToneAdjustment(Struct, frozen=True, omit_defaults=True):
    """What is done to each channel for itself."""

    normalise: bool = False
    levels: Levels = Levels()
    curves: Curves = Curves()
    gamma: Gamma = 1.0
    brightness: SignedPercent = 0.0
    contrast: SignedPercent = 0.0
    red: SignedPercent = 0.0
    green: SignedPercent = 0.0
    blue: SignedPercent = 0.0
    invert: bool = False


class ColourAdjustment(Struct, frozen=True, omit_defaults=True):
    """What is done to the three channels of a pixel together."""

    lightness: SignedPercent = 0.0
    saturation: SignedPercent = 0.0
    hue: Annotated[float, Meta(ge=0.0, lt=360.0)] = 0.0
    sepia: Percent = 0.0
    tint: Colour | None = None
    duotone: Duotone | None = None
    colorize: Colour | None = None
    threshold: Byte = 0


class Adjust(Struct, frozen=True, omit_defaults=True):
    """What is done to colours. Alpha stays as it is."""

    clahe: Clahe | None = None
    tone: ToneAdjustment = ToneAdjustment()
    colour: ColourAdjustment = ColourAdjustment()


class GradientRamp(Struct, frozen=True, omit_defaults=True):
    """A way across the picture, as CSS means it: ``angle`` 0 leads up, 90 to the right, from corner to corner.

    Up to ``start`` (percent of the way) nothing has begun; from ``stop`` on all is done.
    """

    angle: Annotated[float, Meta(ge=0.0, lt=360.0)] = 180.0
    start: Percent = 0.0
    stop: Percent = 100.0


MorphologyRadius = Annotated[int, Meta(ge=0, le=20)]


class UnsharpMask(Struct, frozen=True):
    """Differences from the blurred picture, where more than ``threshold`` codes, are added ``amount`` times."""

    sigma: Annotated[float, Meta(ge=0.3, le=10.0)]
    amount: Annotated[float, Meta(gt=0.0, le=10.0)]
    threshold: Byte = 0


class ProgressiveBlur(Struct, frozen=True):
    """A blur that grows along a ramp up to ``sigma`` pixels."""

    sigma: Sigma
    ramp: GradientRamp


class Convolution(Struct, frozen=True):
    """A square of 9, 25 or 49 weights, row by row, not mirrored, and what is added to the sum, in codes."""

    weights: Annotated[tuple[float, ...], Meta(min_length=9, max_length=49)]
    offset: Annotated[float, Meta(ge=-255.0, le=255.0)] = 0.0


class RedactionBox(Struct, frozen=True, order=True):
    """A box on the picture, in pixels or in percent of its sides; what lies outside of the picture is nothing."""

    left: Annotated[float, Meta(ge=0.0)]
    top: Annotated[float, Meta(ge=0.0)]
    width: Annotated[float, Meta(gt=0.0)]
    height: Annotated[float, Meta(gt=0.0)]
    percent: bool = False


RedactionBoxes = Annotated[tuple[RedactionBox, ...], Meta(min_length=1, max_length=32)]


class RegionBlur(Struct, frozen=True):
    """Boxes that are blurred."""

    sigma: Sigma
    regions: RedactionBoxes


BlockSize = Annotated[int, Meta(ge=2, le=1_000)]


class RegionPixelation(Struct, frozen=True):
    """Boxes of which only blocks are shown."""

    block_size: BlockSize
    regions: RedactionBoxes


class Gradient(Struct, frozen=True):
    """Two colours, one running into the other, laid over the picture."""

    ramp: GradientRamp
    start: Colour
    stop: Colour


class Effects(Struct, frozen=True, omit_defaults=True):
    """What looks at a pixel's neighbours or at its place. Lengths are pixels of the result. ``blur_faces`` is a sigma, ``pixelate_faces`` the
    side of a block, 0 for neither.
    """

    progressive_blur: ProgressiveBlur | None = None
    median: Annotated[int, Meta(ge=0, le=5)] = 0
    dilate: MorphologyRadius = 0
    erode: MorphologyRadius = 0
    sharpen: UnsharpMask | None = None
    convolution: Convolution | None = None
    pixelate: Annotated[int, Meta(ge=0, le=1_000)] = 0
    blur_areas: RegionBlur | None = None
    pixelate_areas: RegionPixelation | None = None
    blur_faces: Annotated[float, Meta(ge=0.0, le=250.0)] = 0.0
    pixelate_faces: Annotated[int, Meta(ge=0, le=1_000)] = 0
    gradient: Gradient | None = None
    vignette: Percent = 0.0
    noise: Percent = 0.0
