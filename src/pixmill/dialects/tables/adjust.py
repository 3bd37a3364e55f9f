"""What is done to the colours of a picture, in order of work."""

from fractions import Fraction
from typing import Any

from pixmill.dialects.colours import Colours
from pixmill.dialects.figures import BYTE, CHANGE, COLOUR, TENFOLD, Figure, Figures, change
from pixmill.dialects.filters import CurvePoints
from pixmill.dialects.measures import Angles
from pixmill.dialects.param import Asked, Group, Param
from pixmill.dialects.scalars import FLAGS, Choice, Decimal, Whole
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, Curves, Duotone, Equalise, Levels, Recolour, Tone

_WINDOW = Figure("(?:6[0-4]|[1-5][0-9]|[2-9])", int)
_SLOPE = Figure("(?:100|[1-9][0-9]?)", int)


def _row(
    name: str, grammar: Any, meaning: str, *examples: str, default: str = "", aliases: tuple[str, ...] = ()
) -> Param:
    return Param(name, Group.COLOUR, grammar, meaning, examples, default, aliases)


def _together(red: float, green: float, blue: float) -> tuple[float, float, float]:
    return red, green, blue


PARAMS = (
    _row(
        "grayscale",
        Choice(FLAGS),
        "Whether the colours are taken out: luminance, weighted in linear light.",
        "true",
        default="false",
        aliases=("greyscale",),
    ),
    _row(
        "clahe",
        Figures(
            (_WINDOW,),
            Equalise,
            "the side of a window in pixels from 2 to 64, perhaps with ,slope from 1 to 100",
            more=(_SLOPE,),
        ),
        "Brings out local contrast (contrast-limited adaptive histogram equalisation of luma); slope, 3 unless said, is the limit.",
        "32",
        "24,5",
    ),
    _row(
        "normalize",
        Choice(FLAGS),
        "Stretches the codes so that the darkest hundredth becomes black and the lightest white.",
        "true",
        default="false",
        aliases=("normalise",),
    ),
    _row(
        "levels",
        Figures((BYTE, TENFOLD, BYTE), Levels, "black,gamma,white with codes from 0 to 255 and gamma from 0.1 to 10"),
        "Makes one code black and another white, with a gamma between; the darker white, the negative.",
        "20,1.2,235",
        default="0,1,255",
    ),
    _row(
        "curves",
        CurvePoints(),
        "A smooth tone curve through these points, for all channels.",
        "0,0,64,48,192,208,255,255",
    ),
    _row("curves_red", CurvePoints(), "The same for red alone, after the one for all.", "0,0,128,150,255,255"),
    _row("curves_green", CurvePoints(), "The same for green alone.", "0,0,128,120,255,255"),
    _row("curves_blue", CurvePoints(), "The same for blue alone.", "0,30,255,225"),
    _row(
        "gamma",
        Decimal(Fraction(1, 10), Fraction(10)),
        "Lightens (more than 1) or darkens the middle: code ^ (1 / gamma).",
        "1.4",
        default="1",
    ),
    _row(
        "brightness",
        change(),
        "Added to each code, in percent of white; not the factor that some servers take.",
        "15",
        "-15",
        default="0",
    ),
    _row(
        "contrast",
        change(),
        "Steepens (-100 is all mid-grey, 100 black and white) around mid-grey, as thumbor does.",
        "20",
        default="0",
    ),
    _row(
        "rgb",
        Figures((CHANGE, CHANGE, CHANGE), _together, "red,green,blue, each a number from -100 to 100"),
        "Added to red, green and blue, in percent of white.",
        "10,0,-10",
        default="0,0,0",
    ),
    _row(
        "invert",
        Choice(FLAGS),
        "Whether the colours become their negative; alpha stays.",
        "true",
        default="false",
        aliases=("negate",),
    ),
    _row(
        "lightness", change(), "Added to L* of CIE Lab: lighter or darker without a change of hue.", "10", default="0"
    ),
    _row(
        "saturation",
        change(),
        "Distance from grey: -100 leaves none, 100 doubles it (CSS saturate).",
        "30",
        "-40",
        default="0",
    ),
    _row("hue", Angles(), "Turns all hues by degrees, as CSS hue-rotate does; -90 is 270.", "90", default="0"),
    _row(
        "sepia",
        Decimal(Fraction(0), Fraction(100)),
        "Browns of old photographs, in percent (CSS sepia).",
        "80",
        default="0",
    ),
    _row(
        "tint",
        Colours(),
        "Keeps lightness and takes the hue of this colour; its opacity is the strength.",
        "704214",
        "0046dc80",
    ),
    _row("monochrome", Colours(), "Shades from black to this colour; its opacity is the strength.", "b3b3b3"),
    _row(
        "duotone",
        Figures((COLOUR, COLOUR), Duotone, "dark,light: two colours, each written as for background"),
        "Shades from the dark colour to the light one; their opacity is the strength.",
        "28145a,fadc5a",
    ),
    _row(
        "colorize", Colours(), "Lays this colour over what the picture shows; its opacity is the strength.", "ff000040"
    ),
    _row(
        "threshold",
        Whole(0, 255),
        "Makes white what is at least as light as this grey, and all else black.",
        "128",
        default="0",
    ),
)

_NAMES = frozenset(param.name for param in PARAMS)


def fields(asked: Asked) -> dict[str, Any]:
    """The fields of a plan that these parameters make. Raises ConflictingParameters."""
    if _NAMES.isdisjoint(asked):
        return {}
    adjust = Adjust(asked.get("clahe"), _tone(asked), _recolour(asked))
    return {"grayscale": asked.get("grayscale", False), "adjust": adjust}


def _tone(asked: Asked) -> Tone:
    red, green, blue = asked.get("rgb", (0.0, 0.0, 0.0))
    return Tone(
        normalise=asked.get("normalize", False),
        levels=asked.get("levels", Levels()),
        curves=Curves(*(asked.get(name, ()) for name in ("curves", "curves_red", "curves_green", "curves_blue"))),
        gamma=float(asked.get("gamma", 1)),
        brightness=asked.get("brightness", 0.0),
        contrast=asked.get("contrast", 0.0),
        red=red,
        green=green,
        blue=blue,
        invert=asked.get("invert", False),
    )


def _recolour(asked: Asked) -> Recolour:
    return Recolour(
        lightness=asked.get("lightness", 0.0),
        saturation=asked.get("saturation", 0.0),
        hue=float(asked.get("hue", 0)),
        sepia=float(asked.get("sepia", 0)),
        tint=_seen(asked.get("tint")),
        duotone=_duotone(asked),
        colorize=_seen(asked.get("colorize")),
        threshold=asked.get("threshold", 0),
    )


def _duotone(asked: Asked) -> Duotone | None:
    """``monochrome`` is the one that begins with black."""
    if "monochrome" in asked and "duotone" in asked:
        raise ConflictingParameters("monochrome and duotone exclude each other", param="duotone")
    duotone: Duotone | None = asked.get("duotone")
    if light := _seen(asked.get("monochrome")):
        duotone = Duotone(Colour(0, 0, 0, light.alpha), light)
    return duotone if duotone and duotone.dark.alpha + duotone.light.alpha else None


def _seen(colour: Colour | None) -> Colour | None:
    return colour if colour and colour.alpha else None
