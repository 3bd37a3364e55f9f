"""What is done to the colours of a picture, in order of work."""

from fractions import Fraction
from typing import Any

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.filters import CurveGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.grammars.value_lists import (
    BYTE,
    COLOUR,
    LEVELS_GAMMA,
    SIGNED_PERCENT,
    ListItem,
    ValueList,
    signed_percent,
)
from pixmill.dialects.native.param import Group, Param, ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, Clahe, ColourAdjustment, Curves, Duotone, Levels, ToneAdjustment

_WINDOW = ListItem("(?:6[0-4]|[1-5][0-9]|[2-9])", int)
_SLOPE = ListItem("(?:100|[1-9][0-9]?)", int)


def _param(
    name: str, grammar: Any, description: str, *examples: str, default: str = "", aliases: tuple[str, ...] = ()
) -> Param:
    return Param(name, Group.COLOUR, grammar, description, examples, default, aliases)


def _rgb(red: float, green: float, blue: float) -> tuple[float, float, float]:
    return red, green, blue


PARAMS = (
    _param(
        "grayscale",
        Choice(FLAGS),
        "Whether the colours are taken out: luminance, weighted in linear light.",
        "true",
        default="false",
        aliases=("greyscale",),
    ),
    _param(
        "clahe",
        ValueList(
            (_WINDOW,),
            Clahe,
            "the side of a window in pixels from 2 to 64, perhaps with ,slope from 1 to 100",
            optional_items=(_SLOPE,),
        ),
        "Brings out local contrast (contrast-limited adaptive histogram equalisation of luma); slope, 3 unless said, is the limit.",
        "32",
        "24,5",
    ),
    _param(
        "normalize",
        Choice(FLAGS),
        "Stretches the codes so that the darkest hundredth becomes black and the lightest white.",
        "true",
        default="false",
        aliases=("normalise",),
    ),
    _param(
        "levels",
        ValueList(
            (BYTE, LEVELS_GAMMA, BYTE), Levels, "black,gamma,white with codes from 0 to 255 and gamma from 0.1 to 10"
        ),
        "Makes one code black and another white, with a gamma between; the darker white, the negative.",
        "20,1.2,235",
        default="0,1,255",
    ),
    _param(
        "curves",
        CurveGrammar(),
        "A smooth tone curve through these points, for all channels.",
        "0,0,64,48,192,208,255,255",
    ),
    _param("curves_red", CurveGrammar(), "The same for red alone, after the one for all.", "0,0,128,150,255,255"),
    _param("curves_green", CurveGrammar(), "The same for green alone.", "0,0,128,120,255,255"),
    _param("curves_blue", CurveGrammar(), "The same for blue alone.", "0,30,255,225"),
    _param(
        "gamma",
        Decimal(Fraction(1, 10), Fraction(10)),
        "Lightens (more than 1) or darkens the middle: code ^ (1 / gamma).",
        "1.4",
        default="1",
    ),
    _param(
        "brightness",
        signed_percent(),
        "Added to each code, in percent of white; not the factor that some servers take.",
        "15",
        "-15",
        default="0",
    ),
    _param(
        "contrast",
        signed_percent(),
        "Steepens (-100 is all mid-grey, 100 black and white) around mid-grey, as thumbor does.",
        "20",
        default="0",
    ),
    _param(
        "rgb",
        ValueList(
            (SIGNED_PERCENT, SIGNED_PERCENT, SIGNED_PERCENT), _rgb, "red,green,blue, each a number from -100 to 100"
        ),
        "Added to red, green and blue, in percent of white.",
        "10,0,-10",
        default="0,0,0",
    ),
    _param(
        "invert",
        Choice(FLAGS),
        "Whether the colours become their negative; alpha stays.",
        "true",
        default="false",
        aliases=("negate",),
    ),
    _param(
        "lightness",
        signed_percent(),
        "Added to L* of CIE Lab: lighter or darker without a change of hue.",
        "10",
        default="0",
    ),
    _param(
        "saturation",
        signed_percent(),
        "Distance from grey: -100 leaves none, 100 doubles it (CSS saturate).",
        "30",
        "-40",
        default="0",
    ),
    _param("hue", AngleGrammar(), "Turns all hues by degrees, as CSS hue-rotate does; -90 is 270.", "90", default="0"),
    _param(
        "sepia",
        Decimal(Fraction(0), Fraction(100)),
        "Browns of old photographs, in percent (CSS sepia).",
        "80",
        default="0",
    ),
    _param(
        "tint",
        ColourGrammar(),
        "Keeps lightness and takes the hue of this colour; its opacity is the strength.",
        "704214",
        "0046dc80",
    ),
    _param("monochrome", ColourGrammar(), "Shades from black to this colour; its opacity is the strength.", "b3b3b3"),
    _param(
        "duotone",
        ValueList((COLOUR, COLOUR), Duotone, "dark,light: two colours, each written as for background"),
        "Shades from the dark colour to the light one; their opacity is the strength.",
        "28145a,fadc5a",
    ),
    _param(
        "colorize",
        ColourGrammar(),
        "Lays this colour over what the picture shows; its opacity is the strength.",
        "ff000040",
    ),
    _param(
        "threshold",
        Integer(0, 255),
        "Makes white what is at least as light as this grey, and all else black.",
        "128",
        default="0",
    ),
)

_NAMES = frozenset(param.name for param in PARAMS)


def adjust_fields(values: ParamValues) -> dict[str, Any]:
    """The fields of a plan that these parameters make. Raises ConflictingParameters."""
    if _NAMES.isdisjoint(values):
        return {}
    adjust = Adjust(values.get("clahe"), _tone(values), _recolour(values))
    return {"grayscale": values.get("grayscale", False), "adjust": adjust}


def _tone(values: ParamValues) -> ToneAdjustment:
    red, green, blue = values.get("rgb", (0.0, 0.0, 0.0))
    return ToneAdjustment(
        normalise=values.get("normalize", False),
        levels=values.get("levels", Levels()),
        curves=Curves(*(values.get(name, ()) for name in ("curves", "curves_red", "curves_green", "curves_blue"))),
        gamma=float(values.get("gamma", 1)),
        brightness=values.get("brightness", 0.0),
        contrast=values.get("contrast", 0.0),
        red=red,
        green=green,
        blue=blue,
        invert=values.get("invert", False),
    )


def _recolour(values: ParamValues) -> ColourAdjustment:
    return ColourAdjustment(
        lightness=values.get("lightness", 0.0),
        saturation=values.get("saturation", 0.0),
        hue=float(values.get("hue", 0)),
        sepia=float(values.get("sepia", 0)),
        tint=_visible(values.get("tint")),
        duotone=_duotone(values),
        colorize=_visible(values.get("colorize")),
        threshold=values.get("threshold", 0),
    )


def _duotone(values: ParamValues) -> Duotone | None:
    """``monochrome`` is the one that begins with black."""
    if "monochrome" in values and "duotone" in values:
        raise ConflictingParameters("monochrome and duotone exclude each other", param="duotone")
    duotone: Duotone | None = values.get("duotone")
    if light := _visible(values.get("monochrome")):
        duotone = Duotone(Colour(0, 0, 0, light.alpha), light)
    return duotone if duotone and duotone.dark.alpha + duotone.light.alpha else None


def _visible(colour: Colour | None) -> Colour | None:
    return colour if colour and colour.alpha else None
