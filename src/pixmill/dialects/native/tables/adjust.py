"""Parameters that change the colours of an image, in order of work."""

from fractions import Fraction
from functools import partial
from typing import Final

from pixmill.dialects.native.grammars.colours import ColourGrammar
from pixmill.dialects.native.grammars.controls import Control, ControlKind
from pixmill.dialects.native.grammars.filters import CurveGrammar
from pixmill.dialects.native.grammars.measurements import AngleGrammar
from pixmill.dialects.native.grammars.scalars import FLAGS, Choice, Decimal, Integer
from pixmill.dialects.native.grammars.value_lists import (
    ANGLE,
    BYTE,
    COLOUR,
    FACTOR,
    LEVELS_GAMMA,
    MATRIX_WEIGHT,
    SIGNED_PERCENT,
    ListItem,
    ValueList,
    saturation_percent,
    signed_percent,
    stops,
    vibrance_percent,
)
from pixmill.dialects.native.param import Group, group_param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.errors import ConflictingParameters
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, Clahe, ColourAdjustment, Curves, Duotone, Levels, Modulate, ToneAdjustment

_WINDOW: Final = ListItem("(?:6[0-4]|[1-5][0-9]|[2-9])", int, Control(ControlKind.INTEGER, 2, 64))
_SLOPE: Final = ListItem("(?:100|[1-9][0-9]?)", int, Control(ControlKind.INTEGER, 1, 100))

_param = partial(group_param, Group.COLOUR)


def _rgb(red: float, green: float, blue: float) -> tuple[float, float, float]:
    return red, green, blue


def _modulate(lightness: float, chroma: float, hue: Fraction) -> Modulate:
    return Modulate(lightness, chroma, float(hue))


def _weights(*weights: float) -> tuple[float, ...]:
    return weights


PARAMS = (
    _param(
        "grayscale",
        Choice(FLAGS),
        "Converts to greyscale: luminance, weighted in linear light.",
        "true",
        default="false",
        aliases=("greyscale",),
    ),
    _param(
        "clahe",
        ValueList(
            (_WINDOW,),
            Clahe,
            "a window size in pixels from 2 to 64, optionally followed by ,slope from 1 to 100",
            optional_items=(_SLOPE,),
        ),
        "Enhances local contrast: contrast-limited adaptive histogram equalisation (CLAHE) of luma. `slope` (default "
        "3) is the contrast limit.",
        "32",
        "24,5",
        is_advanced=True,
    ),
    _param(
        "normalize",
        Choice(FLAGS),
        "Stretches contrast between the 1st and 99th percentile.",
        "true",
        default="false",
        aliases=("normalise",),
    ),
    _param(
        "equalize",
        Choice(FLAGS),
        "Equalises the histogram of each channel, so that all values are about equally frequent. Takes the place of "
        "`normalize`.",
        "true",
        default="false",
        aliases=("equalise",),
        is_advanced=True,
    ),
    _param(
        "levels",
        ValueList(
            (BYTE, LEVELS_GAMMA, BYTE), Levels, "black,gamma,white with values from 0 to 255 and gamma from 0.1 to 10"
        ),
        "Maps one 8-bit value to black and another to white, with a gamma in between. If `white` is below `black`, "
        "the result is a negative.",
        "20,1.2,235",
        default="0,1,255",
        is_advanced=True,
    ),
    _param(
        "curves",
        CurveGrammar(),
        "Smooth tone curve through these points, for all channels.",
        "0,0,64,48,192,208,255,255",
        is_advanced=True,
    ),
    _param(
        "curves_red",
        CurveGrammar(),
        "Tone curve for red, applied after `curves`.",
        "0,0,128,150,255,255",
        is_advanced=True,
    ),
    _param(
        "curves_green",
        CurveGrammar(),
        "Tone curve for green, applied after `curves`.",
        "0,0,128,120,255,255",
        is_advanced=True,
    ),
    _param(
        "curves_blue", CurveGrammar(), "Tone curve for blue, applied after `curves`.", "0,30,255,225", is_advanced=True
    ),
    _param(
        "gamma",
        Decimal(Fraction(1, 10), Fraction(10)),
        "Gamma correction: value ^ (1 / gamma). Above 1 it lightens the midtones, below 1 it darkens them.",
        "1.4",
        default="1",
    ),
    _param(
        "warmth",
        signed_percent(),
        "White balance: makes colours warmer, or cooler below 0, at the same luminance of white. Each unit moves the "
        "white point by 1 mired (100: as if daylight of 6,500 K were taken for 3,940 K).",
        "40",
        "-40",
        default="0",
        unit="%",
    ),
    _param(
        "exposure",
        stops(),
        "Exposure in stops: 1 doubles the light, -1 halves it, in linear light.",
        "0.7",
        "-1",
        default="0",
    ),
    _param(
        "highlights",
        signed_percent(),
        "Lightens or, below 0, recovers the light tones; black, white and dark tones stay.",
        "-60",
        default="0",
        unit="%",
    ),
    _param(
        "shadows",
        signed_percent(),
        "Lightens or, below 0, deepens the dark tones; black, white and light tones stay.",
        "60",
        default="0",
        unit="%",
    ),
    _param(
        "brightness_factor",
        Decimal(Fraction(0), Fraction(10)),
        "Multiplies each channel, as CSS `brightness()`: 0 is black, 1 no change, 2 twice as bright.",
        "1.3",
        default="1",
        is_advanced=True,
    ),
    _param(
        "brightness",
        signed_percent(),
        "Added to each channel, in percent of white. `brightness_factor` multiplies.",
        "15",
        "-15",
        default="0",
        unit="%",
    ),
    _param(
        "contrast",
        signed_percent(),
        "Contrast around mid-grey: -100 is all mid-grey, 100 is black and white. The slope is 259 (c + 255) / (255 "
        "(259 - c)) with c = 2.55 times the number: 1.5 at 20 and 3.0 at 50, where thumbor has 1.4 and 2.3.",
        "20",
        default="0",
        unit="%",
    ),
    _param(
        "rgb",
        ValueList(
            (SIGNED_PERCENT, SIGNED_PERCENT, SIGNED_PERCENT), _rgb, "red,green,blue, each a number from -100 to 100"
        ),
        "Added to red, green and blue, in percent of white.",
        "10,0,-10",
        default="0,0,0",
        is_advanced=True,
    ),
    _param(
        "invert",
        Choice(FLAGS),
        "Inverts the colours; alpha is unchanged.",
        "true",
        default="false",
        aliases=("negate",),
    ),
    _param(
        "lightness",
        signed_percent(),
        "Added to L* of CIE Lab: lightens or darkens without changing the hue.",
        "10",
        default="0",
        unit="%",
    ),
    _param(
        "modulate",
        ValueList(
            (FACTOR, FACTOR, ANGLE),
            _modulate,
            "brightness,saturation,hue: two factors from 0 to 10, and degrees from -360 to 360",
        ),
        "Factors of lightness and chroma, and degrees added to the hue, of CIE LCh: as sharp's `modulate`.",
        "1.1,1.4,0",
        "1,1,40",
        default="1,1,0",
        is_advanced=True,
    ),
    _param(
        "vibrance",
        vibrance_percent(),
        "Saturation of muted colours: grey and fully saturated colours stay. -100 removes most of the muted colour.",
        "60",
        "-60",
        default="0",
        unit="%",
    ),
    _param(
        "color_matrix",
        ValueList((MATRIX_WEIGHT,) * 9, _weights, "nine numbers from -10 to 10 separated by commas"),
        "Mixes the channels, on sRGB values: the weights of red, green and blue in the new red, then in the new green, "
        "then in the new blue; as sharp's `recomb`. Three times `.299,.587,.114` is the grey of most image editors.",
        "0.299,0.587,0.114,0.299,0.587,0.114,0.299,0.587,0.114",
        "0,1,0,1,0,0,0,0,1",
        default="1,0,0,0,1,0,0,0,1",
        aliases=("colour_matrix",),
        is_advanced=True,
    ),
    _param(
        "saturation",
        saturation_percent(),
        "Saturation, as CSS `saturate()`: -100 removes all colour, 100 doubles the distance from grey.",
        "30",
        "-40",
        default="0",
        unit="%",
    ),
    _param(
        "hue",
        AngleGrammar(),
        "Rotates all hues by degrees, as CSS `hue-rotate()`; -90 equals 270.",
        "90",
        default="0",
        unit="°",
    ),
    _param(
        "sepia",
        Decimal(Fraction(0), Fraction(100)),
        "Sepia tone in percent, as CSS `sepia()`.",
        "80",
        default="0",
        unit="%",
    ),
    _param(
        "tint",
        ColourGrammar(),
        "Tints the image: keeps its lightness and takes the hue of this colour. The opacity of the colour is the "
        "strength.",
        "704214",
        "0046dc80",
    ),
    _param(
        "monochrome",
        ColourGrammar(),
        "Maps luminance to shades from black to this colour. The opacity of the colour is the strength.",
        "b3b3b3",
    ),
    _param(
        "duotone",
        ValueList((COLOUR, COLOUR), Duotone, "dark,light: two colours, each as in background"),
        "Maps luminance to shades from the dark to the light colour. Their opacity is the strength.",
        "28145a,fadc5a",
    ),
    _param(
        "colorize",
        ColourGrammar(),
        "Overlays this colour. The opacity of the colour is the strength.",
        "ff000040",
        is_advanced=True,
    ),
    _param(
        "threshold",
        Integer(0, 255),
        "Black and white: pixels at least as light as this 8-bit grey become white, all others black.",
        "128",
        default="0",
        is_advanced=True,
    ),
)

NAMES: Final = frozenset(param.name for param in PARAMS) - {"grayscale"}
"""The parameters of ``adjust_of``."""


def adjust_of(values: ParamValues) -> Adjust:
    """Compile the changes of colours. Raises ConflictingParameters."""
    return Adjust(values.get("clahe"), _tone(values), _colour_adjustment(values))


def _tone(values: ParamValues) -> ToneAdjustment:
    red, green, blue = values.get("rgb", (0.0, 0.0, 0.0))
    return ToneAdjustment(
        normalise=values.get("normalize", False),
        equalise=values.get("equalize", False),
        levels=values.get("levels", Levels()),
        curves=Curves(
            values.get("curves", ()),
            values.get("curves_red", ()),
            values.get("curves_green", ()),
            values.get("curves_blue", ()),
        ),
        gamma=float(values.get("gamma", 1)),
        warmth=values.get("warmth", 0.0),
        exposure=values.get("exposure", 0.0),
        highlights=values.get("highlights", 0.0),
        shadows=values.get("shadows", 0.0),
        brightness_factor=float(values.get("brightness_factor", 1)),
        brightness=values.get("brightness", 0.0),
        contrast=values.get("contrast", 0.0),
        red=red,
        green=green,
        blue=blue,
        invert=values.get("invert", False),
    )


def _colour_adjustment(values: ParamValues) -> ColourAdjustment:
    return ColourAdjustment(
        lightness=values.get("lightness", 0.0),
        modulate=values.get("modulate"),
        vibrance=values.get("vibrance", 0.0),
        matrix=values.get("color_matrix"),
        saturation=values.get("saturation", 0.0),
        hue=float(values.get("hue", 0)),
        sepia=float(values.get("sepia", 0)),
        tint=values.get("tint"),
        duotone=_duotone(values),
        colorize=values.get("colorize"),
        threshold=values.get("threshold", 0),
    )


def _duotone(values: ParamValues) -> Duotone | None:
    """Compile ``duotone``, or ``monochrome``, which is a duotone that begins with black."""
    if "monochrome" in values and "duotone" in values:
        raise ConflictingParameters("monochrome and duotone exclude each other", param="duotone")
    if "monochrome" not in values:
        return values.get("duotone")
    light = values["monochrome"]
    return Duotone(Colour(0, 0, 0, light.alpha), light)
