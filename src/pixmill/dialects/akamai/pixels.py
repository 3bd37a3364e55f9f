"""Transformations of colours and pixels, each into the stages of a plan. All raise InvalidParameter."""

from colorsys import hls_to_rgb
from fractions import Fraction

from pixmill.dialects.akamai.args import Args
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.numbers import angle
from pixmill.dialects.kit.stages import StageSequence
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Modulate, UnsharpMask

_FULL = 100
_ONE = Fraction(1)


def background(sequence: StageSequence, args: Args) -> None:
    sequence.put(("flatten",), args.colour("color"))


def blur(sequence: StageSequence, args: Args) -> None:
    sigma = blur_sigma(float(args.number("sigma", 2, 0, 250)))
    if sigma:
        sequence.blur(sigma)


def contrast(sequence: StageSequence, args: Args) -> None:
    for name in ("brightness", "contrast"):
        value = args.number(name, 0, -1, 1)
        if value:
            sequence.put(("adjust", "tone", name), float(value * _FULL))


def grayscale(sequence: StageSequence, args: Args) -> None:
    del args
    sequence.put(("grayscale",), True)


def hsl(sequence: StageSequence, args: Args) -> None:
    lightness = args.number("lightness", 1, 0, 10)
    if lightness < _ONE:
        sequence.put(("adjust", "tone", "brightness_factor"), float(lightness))
    elif lightness > _ONE:
        sequence.put(("adjust", "colour", "modulate"), Modulate(lightness=float(lightness)))
    _hue_and_saturation(sequence, args)


def hsv(sequence: StageSequence, args: Args) -> None:
    value = args.number("value", 1, 0, 10)
    if value != _ONE:
        sequence.put(("adjust", "tone", "brightness_factor"), float(value))
    _hue_and_saturation(sequence, args)


def _hue_and_saturation(sequence: StageSequence, args: Args) -> None:
    saturation, hue = args.number("saturation", 1, 0, 10), angle(args.number("hue", 0, -36_000, 36_000))
    if saturation != _ONE:
        sequence.put(("adjust", "colour", "saturation"), float((saturation - 1) * _FULL))
    if hue:
        sequence.put(("adjust", "colour", "hue"), float(hue))


def mono_hue(sequence: StageSequence, args: Args) -> None:
    hue = angle(args.number("hue", 0, -36_000, 36_000))
    red, green, blue = (round(255 * part) for part in hls_to_rgb(float(hue / 360), 0.5, 1.0))
    sequence.put(("adjust", "colour", "tint"), Colour(red, green, blue))


def opacity(sequence: StageSequence, args: Args) -> None:
    value = args.number("opacity", 1, 0, 1)
    if value != _ONE:
        sequence.put(("opacity",), float(value * _FULL))


def unsharp_mask(sequence: StageSequence, args: Args) -> None:
    gain = args.number("gain", 1, 0, 10)
    sigma = min(max(float(args.number("sigma", 1, 0, 100)), 0.3), 10.0)
    threshold = int(args.number("threshold", Fraction(5, 100), 0, 1) * 255)
    if gain:
        sequence.put(("effects", "sharpen"), UnsharpMask(sigma, float(gain), threshold))
