"""What looks at a pixel's neighbours or at its place in the picture, in order of work."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pixmill.dialects.native.grammars.filters import BLUR_REGIONS, PIXELATE_REGIONS, ConvolutionGrammar
from pixmill.dialects.native.grammars.scalars import Decimal, Integer
from pixmill.dialects.native.grammars.value_lists import (
    BYTE,
    COLOUR,
    DIRECTION,
    PERCENT,
    SIGMA,
    UNSHARP_AMOUNT,
    UNSHARP_SIGMA,
    ValueList,
)
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import Colour
from pixmill.plan.effects import (
    Effects,
    Gradient,
    GradientRamp,
    ProgressiveBlur,
    RegionBlur,
    RegionPixelation,
    UnsharpMask,
)

_DIRECTION_EXPECTS = "up, right, down, left or degrees clockwise from up"
_RANGE_EXPECTS = "perhaps with ,start,stop in percent of the way"


def _param(
    name: str, grammar: Any, description: str, *examples: str, default: str = "", aliases: tuple[str, ...] = ()
) -> Param:
    return Param(name, Group.EFFECT, grammar, description, examples, default, aliases)


def _ramp(angle: float, start: float, stop: float) -> GradientRamp:
    """One that stops before it starts is a step."""
    return GradientRamp(angle, start, max(start, stop))


def _progressive_blur(angle: float, sigma: float, start: float = 0.0, stop: float = 100.0) -> ProgressiveBlur:
    return ProgressiveBlur(sigma, _ramp(angle, start, stop))


def _gradient(angle: float, first: Colour, last: Colour, start: float = 0.0, stop: float = 100.0) -> Gradient | None:
    return Gradient(_ramp(angle, start, stop), first, last) if first.alpha or last.alpha else None


def _unsharp(sigma: float, amount: float, threshold: int = 0) -> UnsharpMask | None:
    return UnsharpMask(sigma, amount, threshold) if amount else None


PARAMS = (
    _param(
        "blur",
        Decimal(Fraction(1, 10), Fraction(250), allow_zero=True),
        "Gaussian blur: sigma in pixels of the result.",
        "2.5",
        default="0",
    ),
    _param(
        "progressive_blur",
        ValueList(
            (DIRECTION, SIGMA),
            _progressive_blur,
            f"direction,sigma: {_DIRECTION_EXPECTS}, then 0.1 to 250, {_RANGE_EXPECTS}",
            optional_items=(PERCENT, PERCENT),
        ),
        "A blur that grows in this direction, from nothing to sigma in pixels of the result.",
        "down,12",
        "45,8,30,90",
    ),
    _param("median", Integer(0, 5), "Median filter against specks: radius in pixels of the result.", "1", default="0"),
    _param("dilate", Integer(0, 20), "Grows what is light: radius in pixels of the result.", "2", default="0"),
    _param("erode", Integer(0, 20), "Grows what is dark, after dilate.", "2", default="0"),
    _param(
        "sharpen",
        Decimal(Fraction(0), Fraction(10)),
        "Sharpens by this amount: unsharp with a sigma of 1.",
        "1",
        default="0",
    ),
    _param(
        "unsharp",
        ValueList(
            (UNSHARP_SIGMA, UNSHARP_AMOUNT),
            _unsharp,
            "sigma,amount from 0.3 and from 0 to 10, perhaps with ,threshold from 0 to 255",
            optional_items=(BYTE,),
        ),
        "Unsharp mask of luma: adds amount times what differs from the picture blurred by sigma, where by more than threshold codes.",
        "2,0.8",
        "2,0.8,4",
    ),
    _param(
        "convolution",
        ConvolutionGrammar(),
        "Each code becomes the weighted sum of those around it, plus the offset; the matrix is not mirrored, alpha stays.",
        "0,-1,0,-1,5,-1,0,-1,0",
        "-1,-1,-1,-1,8,-1,-1,-1,-1;1;128",
    ),
    _param(
        "pixelate", Integer(0, 1_000), "Blocks of one colour: their side in pixels of the result.", "12", default="0"
    ),
    _param("blur_areas", BLUR_REGIONS, "Blurs these boxes only.", "8;10,20,60,40", "12;10,20,60,40;pct:50,0,50,25"),
    _param("pixelate_areas", PIXELATE_REGIONS, "Shows these boxes in blocks only.", "10;pct:40,10,20,30"),
    _param(
        "blur_faces",
        Decimal(Fraction(1, 10), Fraction(250), allow_zero=True),
        "Blurs the faces that are found (with the extra pixmill[faces]): sigma in pixels of the result.",
        "12",
        default="0",
    ),
    _param("pixelate_faces", Integer(0, 1_000), "Shows these faces in blocks only.", "12", default="0"),
    _param(
        "gradient",
        ValueList(
            (DIRECTION, COLOUR, COLOUR),
            _gradient,
            f"direction,colour,colour: {_DIRECTION_EXPECTS}, then two colours, each written as for background, {_RANGE_EXPECTS}",
            optional_items=(PERCENT, PERCENT),
        ),
        "Lays two colours, one running into the other in this direction, over what the picture shows.",
        "down,00000000,000000cc",
        "30,ff000080,transparent,20,60",
    ),
    _param(
        "vignette", Decimal(Fraction(0), Fraction(100)), "Darkens towards the corners, in percent.", "40", default="0"
    ),
    _param(
        "noise",
        Decimal(Fraction(0), Fraction(100)),
        "Adds grain, always the same for the same effects: its standard deviation in percent of white.",
        "5",
        default="0",
    ),
)

_NAMES = frozenset(param.name for param in PARAMS)
_SHARPENING_SIGMA = 1.0


def effect_fields(values: ParamValues) -> dict[str, Any]:
    """The fields of a plan that these parameters make. Raises ConflictingParameters."""
    if _NAMES.isdisjoint(values):
        return {}
    effects = Effects(
        progressive_blur=values.get("progressive_blur"),
        median=values.get("median", 0),
        dilate=values.get("dilate", 0),
        erode=values.get("erode", 0),
        sharpen=_sharpening(values),
        convolution=values.get("convolution"),
        pixelate=_block_side(values.get("pixelate", 0)),
        blur_areas=_build_optional(RegionBlur, values.get("blur_areas")),
        pixelate_areas=_build_optional(RegionPixelation, values.get("pixelate_areas")),
        blur_faces=float(values.get("blur_faces", 0)),
        pixelate_faces=_block_side(values.get("pixelate_faces", 0)),
        gradient=values.get("gradient"),
        vignette=float(values.get("vignette", 0)),
        noise=float(values.get("noise", 0)),
    )
    return {"blur": float(values.get("blur", 0)), "effects": effects}


def _sharpening(values: ParamValues) -> UnsharpMask | None:
    by_amount, unsharp = _unsharp(_SHARPENING_SIGMA, float(values.get("sharpen", 0))), values.get("unsharp")
    if by_amount and unsharp:
        raise ConflictingParameters("sharpen and unsharp exclude each other", param="unsharp")
    return by_amount or unsharp


def _block_side(side: int) -> int:
    """Blocks of one pixel are the picture itself."""
    return 0 if side == 1 else side


def _build_optional(effect_type: Callable[..., Any], arguments: tuple[Any, ...] | None) -> Any:
    return None if arguments is None else effect_type(*arguments)
