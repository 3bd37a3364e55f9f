"""What looks at a pixel's neighbours or at its place in the picture, in order of work."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pixmill.dialects.figures import (
    AMOUNT,
    BYTE,
    COLOUR,
    DETAIL,
    DIRECTION,
    PERCENT,
    SIGMA,
    Figures,
)
from pixmill.dialects.filters import BLOCKED, BLURRED, Matrices
from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import Decimal, Whole
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Effects, Gradient, Melt, Mosaic, Ramp, Smear, Unsharp

_DIRECTION = "up, right, down, left or degrees clockwise from up"
_STRETCH = "perhaps with ,start,stop in percent of the way"


def _row(
    name: str, grammar: Any, meaning: str, *examples: str, default: str = "", aliases: tuple[str, ...] = ()
) -> Param:
    return Param(name, Group.EFFECT, grammar, meaning, examples, default, aliases)


def _ramp(angle: float, start: float, stop: float) -> Ramp:
    """One that stops before it starts is a step."""
    return Ramp(angle, start, max(start, stop))


def _melt(angle: float, sigma: float, start: float = 0.0, stop: float = 100.0) -> Melt:
    return Melt(sigma, _ramp(angle, start, stop))


def _gradient(angle: float, first: Colour, last: Colour, start: float = 0.0, stop: float = 100.0) -> Gradient | None:
    return Gradient(_ramp(angle, start, stop), first, last) if first.alpha or last.alpha else None


def _unsharp(sigma: float, amount: float, threshold: int = 0) -> Unsharp | None:
    return Unsharp(sigma, amount, threshold) if amount else None


PARAMS = (
    _row(
        "blur",
        Decimal(Fraction(1, 10), Fraction(250), or_zero=True),
        "Gaussian blur: sigma in pixels of the result.",
        "2.5",
        default="0",
    ),
    _row(
        "progressive_blur",
        Figures(
            (DIRECTION, SIGMA),
            _melt,
            f"direction,sigma: {_DIRECTION}, then 0.1 to 250, {_STRETCH}",
            more=(PERCENT, PERCENT),
        ),
        "A blur that grows in this direction, from nothing to sigma in pixels of the result.",
        "down,12",
        "45,8,30,90",
    ),
    _row("median", Whole(0, 5), "Median filter against specks: radius in pixels of the result.", "1", default="0"),
    _row("dilate", Whole(0, 20), "Grows what is light: radius in pixels of the result.", "2", default="0"),
    _row("erode", Whole(0, 20), "Grows what is dark, after dilate.", "2", default="0"),
    _row(
        "sharpen",
        Decimal(Fraction(0), Fraction(10)),
        "Sharpens by this amount: unsharp with a sigma of 1.",
        "1",
        default="0",
    ),
    _row(
        "unsharp",
        Figures(
            (DETAIL, AMOUNT),
            _unsharp,
            "sigma,amount from 0.3 and from 0 to 10, perhaps with ,threshold from 0 to 255",
            more=(BYTE,),
        ),
        "Unsharp mask of luma: adds amount times what differs from the picture blurred by sigma, where by more than threshold codes.",
        "2,0.8",
        "2,0.8,4",
    ),
    _row(
        "convolution",
        Matrices(),
        "Each code becomes the weighted sum of those around it, plus the offset; the matrix is not mirrored, alpha stays.",
        "0,-1,0,-1,5,-1,0,-1,0",
        "-1,-1,-1,-1,8,-1,-1,-1,-1;1;128",
    ),
    _row("pixelate", Whole(0, 1_000), "Blocks of one colour: their side in pixels of the result.", "12", default="0"),
    _row("blur_areas", BLURRED, "Blurs these boxes only.", "8;10,20,60,40", "12;10,20,60,40;pct:50,0,50,25"),
    _row("pixelate_areas", BLOCKED, "Shows these boxes in blocks only.", "10;pct:40,10,20,30"),
    _row(
        "blur_faces",
        Decimal(Fraction(1, 10), Fraction(250), or_zero=True),
        "Blurs the faces that are found (with the extra pixmill[faces]): sigma in pixels of the result.",
        "12",
        default="0",
    ),
    _row("pixelate_faces", Whole(0, 1_000), "Shows these faces in blocks only.", "12", default="0"),
    _row(
        "gradient",
        Figures(
            (DIRECTION, COLOUR, COLOUR),
            _gradient,
            f"direction,colour,colour: {_DIRECTION}, then two colours, each written as for background, {_STRETCH}",
            more=(PERCENT, PERCENT),
        ),
        "Lays two colours, one running into the other in this direction, over what the picture shows.",
        "down,00000000,000000cc",
        "30,ff000080,transparent,20,60",
    ),
    _row(
        "vignette", Decimal(Fraction(0), Fraction(100)), "Darkens towards the corners, in percent.", "40", default="0"
    ),
    _row(
        "noise",
        Decimal(Fraction(0), Fraction(100)),
        "Adds grain, always the same for the same effects: its standard deviation in percent of white.",
        "5",
        default="0",
    ),
)

_NAMES = frozenset(param.name for param in PARAMS)
_SHARPENING_SIGMA = 1.0


def fields(asked: Asked) -> dict[str, Any]:
    """The fields of a plan that these parameters make. Raises ConflictingParameters."""
    if _NAMES.isdisjoint(asked):
        return {}
    effects = Effects(
        melt=asked.get("progressive_blur"),
        median=asked.get("median", 0),
        dilate=asked.get("dilate", 0),
        erode=asked.get("erode", 0),
        sharpen=_sharpened(asked),
        convolution=asked.get("convolution"),
        pixelate=_blocks(asked.get("pixelate", 0)),
        blur_areas=_made(Smear, asked.get("blur_areas")),
        pixelate_areas=_made(Mosaic, asked.get("pixelate_areas")),
        blur_faces=float(asked.get("blur_faces", 0)),
        pixelate_faces=_blocks(asked.get("pixelate_faces", 0)),
        gradient=asked.get("gradient"),
        vignette=float(asked.get("vignette", 0)),
        noise=float(asked.get("noise", 0)),
    )
    return {"blur": float(asked.get("blur", 0)), "effects": effects}


def _sharpened(asked: Asked) -> Unsharp | None:
    by_amount, unsharp = _unsharp(_SHARPENING_SIGMA, float(asked.get("sharpen", 0))), asked.get("unsharp")
    if by_amount and unsharp:
        raise ConflictingParameters("sharpen and unsharp exclude each other", param="unsharp")
    return by_amount or unsharp


def _blocks(side: int) -> int:
    """Blocks of one pixel are the picture itself."""
    return 0 if side == 1 else side


def _made(kind: Callable[..., Any], areas: tuple[Any, ...] | None) -> Any:
    return None if areas is None else kind(*areas)
