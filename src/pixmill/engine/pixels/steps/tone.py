"""Tone: all that is done to each channel for itself, as one table of 256 codes for each.

On sRGB codes x from 0 to 1, as image editors do, in this order:

- normalise: (x − low) / (high − low), with the codes below which 1 % and 99 % of the luminance lie, weighted by alpha
- levels: ((x − black) / (white − black)) ^ (1 / gamma), held to 0 … 1 before the power; a threshold where black is white
- curves: through their points (``curve.py``), the one for all channels first
- gamma: x ^ (1 / gamma), so that more than 1 is lighter (sharp, Cloudflare, weserv)
- brightness: x + change / 100 (thumbor, imagor, weserv)
- contrast: (x − ½) · f + ½ with c = 2.55 · change and f = 259 (c + 255) / (255 (259 − c)) (thumbor, imagor)
- red, green, blue: x + change / 100 (thumbor's and imagor's rgb)
- invert: 1 − x

Nothing is cut off between brightness and the end, so that brighter and then darker loses nothing.
"""

from collections.abc import Callable, Sequence

import pyvips

from pixmill.engine.pixels.bridge import VipsImage, to_vips
from pixmill.engine.pixels.curve import through
from pixmill.engine.pixels.frame import Frame
from pixmill.engine.pixels.job import Job
from pixmill.engine.pixels.opacity import mapped, parted
from pixmill.plan.effects import Curve, Levels, Tone

Map = Callable[[float], float]

_NOTHING = Tone()
_STRAIGHT: Curve = ()
_DARKEST, _LIGHTEST = 0.01, 0.99


def tone(frame: Frame, job: Job) -> Frame:
    """The frame with each channel mapped as is asked."""
    asked = job.plan.adjust.tone
    if asked == _NOTHING:
        return frame
    maps = [_stretch(frame)] if asked.normalise else []
    maps += _common(asked)
    table = _table([_codes([*maps, *_own(asked, channel)]) for channel in ("red", "green", "blue")])
    return mapped(frame, lambda image: image.maplut(table))


def _common(asked: Tone) -> list[Map]:
    """What is done to all channels alike, up to gamma."""
    maps: list[Map] = []
    if asked.levels != _NOTHING.levels:
        maps.append(_levelled(asked.levels))
    if asked.curves.all != _STRAIGHT:
        maps.append(_curve(asked.curves.all))
    return maps


def _own(asked: Tone, channel: str) -> list[Map]:
    """What follows, with what may differ from channel to channel."""
    maps: list[Map] = []
    if (points := getattr(asked.curves, channel)) != _STRAIGHT:
        maps.append(_curve(points))
    maps += [_power(asked.gamma), _line(1, asked.brightness), _line(_steepness(asked.contrast), 0)]
    maps.append(_line(1, getattr(asked, channel)))
    if asked.invert:
        maps.append(lambda x: 1 - x)
    return maps


def _codes(maps: list[Map]) -> list[int]:
    """The table of what these maps make of each code, one after the other."""
    codes = []
    for code in range(256):
        x = code / 255
        for one in maps:
            x = one(x)
        codes.append(round(255 * _held(x)))
    return codes


def _table(channels: list[list[int]]) -> VipsImage:
    codes = bytes(code for pixel in zip(*channels, strict=True) for code in pixel)
    return pyvips.Image.new_from_memory(codes, 256, 1, len(channels), "uchar")


def _levelled(levels: Levels) -> Map:
    black, white, exponent = levels.black / 255, levels.white / 255, 1 / levels.gamma
    if black == white:
        return lambda x: float(x >= black)
    return lambda x: _held((x - black) / (white - black)) ** exponent


def _curve(points: Curve) -> Map:
    curve = through([(x / 255, y / 255) for x, y in points])
    return lambda x: _held(curve(x))


def _power(gamma: float) -> Map:
    return lambda x: _held(x) ** (1 / gamma)


def _line(slope: float, change: float) -> Map:
    return lambda x: (x - 0.5) * slope + 0.5 + change / 100


def _steepness(contrast: float) -> float:
    c = 2.55 * contrast
    return 259 * (c + 255) / (255 * (259 - c))


def _held(x: float) -> float:
    return min(max(x, 0.0), 1.0)


def _stretch(frame: Frame) -> Map:
    """From the darkest to the lightest code of what one sees, leaving out one percent at each end."""
    colours, alpha = parted(to_vips(frame))
    light = colours if frame.grey else colours.colourspace("b-w")
    weights = (light * 0 + 255 if alpha is None else alpha).cast("uint")
    histogram: Sequence[float] = memoryview(weights.hist_find_indexed(light).write_to_memory()).cast("d")
    low, high = _quantile(histogram, _DARKEST), _quantile(histogram, _LIGHTEST)
    if high <= low:
        return lambda x: x
    return lambda x: _held((255 * x - low) / (high - low))


def _quantile(histogram: Sequence[float], part: float) -> int:
    """The first code up to which there is that part of everything."""
    wanted, seen = part * sum(histogram), 0.0
    for code, weight in enumerate(histogram):
        seen += weight
        if seen >= wanted:
            return code
    return len(histogram) - 1
