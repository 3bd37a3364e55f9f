"""Parameters for effects that depend on neighbouring pixels or on the position in the image, in order of work."""

from fractions import Fraction
from functools import partial
from typing import Final

from pixmill.dialects.native.grammars.filters import BLUR_REGIONS, PIXELATE_REGIONS, ConvolutionGrammar
from pixmill.dialects.native.grammars.scalars import Choice, Decimal, Integer
from pixmill.dialects.native.grammars.value_lists import (
    BYTE,
    COLOUR,
    DIRECTION,
    FACTOR,
    PERCENT,
    SHARPEN_SIGMA,
    SIGMA,
    UNSHARP_AMOUNT,
    UNSHARP_SIGMA,
    ValueList,
)
from pixmill.dialects.native.param import Group, group_param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import Colour
from pixmill.plan.effects import (
    Effects,
    Gradient,
    GradientRamp,
    LabSharpen,
    MorphologyUnit,
    ProgressiveBlur,
    UnsharpMask,
)
from pixmill.plan.ops import BlurSpace

_DIRECTION_EXPECTS: Final = "up, right, down, left or degrees clockwise from up"
_RANGE_EXPECTS: Final = "optionally followed by ,start,stop in percent of the way"

_param = partial(group_param, Group.EFFECT)


def _ramp(angle: float, start: float, stop: float) -> GradientRamp:
    """Build a ramp; one that stops before it starts is a step."""
    return GradientRamp(angle, start, max(start, stop))


def _progressive_blur(angle: float, sigma: float, start: float = 0.0, stop: float = 100.0) -> ProgressiveBlur:
    return ProgressiveBlur(sigma, _ramp(angle, start, stop))


def _gradient(angle: float, first: Colour, last: Colour, start: float = 0.0, stop: float = 100.0) -> Gradient:
    return Gradient(_ramp(angle, start, stop), first, last)


def _sharpen_lab(sigma: float, flat: float, jagged: float, *limits: float) -> LabSharpen | None:
    return LabSharpen(sigma, flat, jagged, *limits) if flat or jagged else None


def _unsharp(sigma: float, amount: float, threshold: int = 0) -> UnsharpMask | None:
    return UnsharpMask(sigma, amount, threshold) if amount else None


PARAMS = (
    _param(
        "blur",
        Decimal(Fraction(1, 10), Fraction(250), allow_zero=True),
        "Gaussian blur: sigma in pixels of the result.",
        "2.5",
        default="0",
        unit="px",
    ),
    _param(
        "blur_space",
        Choice({space.value: space for space in BlurSpace}),
        "What `blur` mixes: light (`linear`), in which bright areas spread as behind a lens, or sRGB values (`srgb`), "
        "as most other services and CSS do.",
        "srgb",
        default=BlurSpace.LINEAR.value,
        is_advanced=True,
    ),
    _param(
        "progressive_blur",
        ValueList(
            (DIRECTION, SIGMA),
            _progressive_blur,
            f"direction,sigma: {_DIRECTION_EXPECTS}, then 0.1 to 250, {_RANGE_EXPECTS}",
            optional_items=(PERCENT, PERCENT),
        ),
        "Blur that increases in this direction, from 0 to sigma in pixels of the result.",
        "down,12",
        "45,8,30,90",
        is_advanced=True,
    ),
    _param(
        "median",
        Integer(0, 5),
        "Median filter (removes specks): radius in pixels of the result.",
        "1",
        default="0",
        is_advanced=True,
    ),
    _param(
        "dilate",
        Integer(0, 20),
        "Morphological dilation: light areas grow by this radius in pixels of the result.",
        "2",
        default="0",
        unit="px",
        is_advanced=True,
    ),
    _param(
        "erode",
        Integer(0, 20),
        "Morphological erosion: dark areas grow by this radius, after `dilate`.",
        "2",
        default="0",
        unit="px",
        is_advanced=True,
    ),
    _param(
        "morphology",
        Choice({unit.value: unit for unit in MorphologyUnit}),
        "What `dilate` and `erode` look at: values, or each bit of them by itself (`bits`), as sharp does; in black "
        "and white both are the same.",
        "bits",
        default=MorphologyUnit.VALUES.value,
        is_advanced=True,
    ),
    _param(
        "sharpen",
        Decimal(Fraction(0), Fraction(10)),
        "Sharpens by this amount: unsharp mask with a sigma of 1.",
        "1",
        default="0",
    ),
    _param(
        "unsharp",
        ValueList(
            (UNSHARP_SIGMA, UNSHARP_AMOUNT),
            _unsharp,
            "sigma,amount with sigma from 0.3 to 10 and amount from 0 to 10, optionally followed by ,threshold from "
            "0 to 255",
            optional_items=(BYTE,),
        ),
        "Unsharp mask of luma: adds `amount` times the difference to the image blurred by `sigma`, where it exceeds "
        "`threshold` (in 8-bit values).",
        "2,0.8",
        "2,0.8,4",
        is_advanced=True,
    ),
    _param(
        "sharpen_lab",
        ValueList(
            (SHARPEN_SIGMA, FACTOR, FACTOR),
            _sharpen_lab,
            "sigma,flat,jagged with sigma from 0.1 to 10 and factors from 0 to 10, optionally followed by "
            ",threshold,max_lighten,max_darken in L* from 0 to 100",
            optional_items=(PERCENT, PERCENT, PERCENT),
        ),
        "Sharpens L* of CIE Lab as libvips and sharp do: `flat` is the strength in smooth areas, `jagged` at edges, "
        "where the difference to the image blurred by `sigma` exceeds `threshold` (2). It becomes at most "
        "`max_lighten` (10) lighter and `max_darken` (20) darker.",
        "1,1,2",
        "0.6,0,3,2,10,20",
        is_advanced=True,
    ),
    _param(
        "convolution",
        ConvolutionGrammar(),
        "Convolution: each value becomes the weighted sum of its neighbours plus the offset. The matrix is not "
        "mirrored; alpha is unchanged.",
        "0,-1,0,-1,5,-1,0,-1,0",
        "-1,-1,-1,-1,8,-1,-1,-1,-1;1;128",
        is_advanced=True,
    ),
    _param(
        "pixelate",
        Integer(0, 1_000),
        "Pixelates the image: block size in pixels of the result.",
        "12",
        default="0",
        unit="px",
    ),
    _param(
        "blur_areas",
        BLUR_REGIONS,
        "Blurs these regions.",
        "8;10,20,60,40",
        "12;10,20,60,40;pct:50,0,50,25",
        is_advanced=True,
    ),
    _param("pixelate_areas", PIXELATE_REGIONS, "Pixelates these regions.", "10;pct:40,10,20,30", is_advanced=True),
    _param(
        "blur_faces",
        Decimal(Fraction(1, 10), Fraction(250), allow_zero=True),
        "Blurs detected faces (needs `pixmill[faces]`): sigma in pixels of the result.",
        "12",
        default="0",
        unit="px",
    ),
    _param(
        "pixelate_faces",
        Integer(0, 1_000),
        "Pixelates detected faces (needs `pixmill[faces]`): block size in pixels of the result.",
        "12",
        default="0",
        unit="px",
    ),
    _param(
        "gradient",
        ValueList(
            (DIRECTION, COLOUR, COLOUR),
            _gradient,
            f"direction,colour,colour: {_DIRECTION_EXPECTS}, then two colours, each as in background, {_RANGE_EXPECTS}",
            optional_items=(PERCENT, PERCENT),
        ),
        "Overlays a linear gradient between two colours in this direction.",
        "down,00000000,000000cc",
        "30,ff000080,transparent,20,60",
    ),
    _param(
        "vignette",
        Decimal(Fraction(0), Fraction(100)),
        "Vignette: darkens the corners, in percent.",
        "40",
        default="0",
        unit="%",
    ),
    _param(
        "noise",
        Decimal(Fraction(0), Fraction(100)),
        "Adds film grain: standard deviation in percent of white. Equal requests get equal noise.",
        "5",
        default="0",
        unit="%",
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS) - {"blur", "blur_space"}
"""The parameters of ``effects_of``."""

_SHARPENING_SIGMA: Final = 1.0


def effects_of(values: ParamValues) -> Effects:
    """Compile the effects. Raises ConflictingParameters."""
    return Effects(
        progressive_blur=values.get("progressive_blur"),
        median=values.get("median", 0),
        dilate=values.get("dilate", 0),
        erode=values.get("erode", 0),
        morphology=values.get("morphology", MorphologyUnit.VALUES),
        sharpen=_sharpening(values),
        sharpen_lab=values.get("sharpen_lab"),
        convolution=values.get("convolution"),
        pixelate=values.get("pixelate", 0),
        blur_areas=values.get("blur_areas"),
        pixelate_areas=values.get("pixelate_areas"),
        blur_faces=float(values.get("blur_faces", 0)),
        pixelate_faces=values.get("pixelate_faces", 0),
        gradient=values.get("gradient"),
        vignette=float(values.get("vignette", 0)),
        noise=float(values.get("noise", 0)),
    )


def _sharpening(values: ParamValues) -> UnsharpMask | None:
    by_amount, unsharp = _unsharp(_SHARPENING_SIGMA, float(values.get("sharpen", 0))), values.get("unsharp")
    if by_amount and unsharp:
        raise ConflictingParameters("sharpen and unsharp exclude each other", param="unsharp")
    return by_amount or unsharp
