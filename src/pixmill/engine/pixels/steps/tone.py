"""Tone: all changes to each channel by itself, as one table of 256 values per channel.

On sRGB values x from 0 to 1, as in image editors, in this order:

- normalise: (x − low) / (high − low), with the 1st and 99th percentile of luminance, weighted by alpha
- equalise, in place of normalise: to the share of pixels that are darker, by channel, weighted by alpha, as Pillow's
  ``ImageOps.equalize``
- levels: ((x − black) / (white − black)) ^ (1 / gamma), clamped to 0 … 1 before the power; a threshold if black is
  white
- curves: through their points (``curves.py``), the one for all channels first
- gamma: x ^ (1 / gamma), so that more than 1 is lighter (sharp, Cloudflare, weserv)
- warmth, exposure: in linear light, times the gain of the white balance (``white_balance.py``), and times 2 ^ stops
- highlights: x + h · x³ (1 − x) with h = change / 100, one and a half times as much below 0, so that white stays
- shadows: x + s · x (1 − x)³ with s = change / 100, one and a half times as much above 0, so that black stays
- brightness_factor: x · factor (CSS ``brightness()``)
- brightness: x + change / 100 (thumbor, which rounds towards 0)
- contrast: (x − ½) · f + ½ with c = 2.55 · change and f = 259 (c + 255) / (255 (259 − c)); thumbor has
  f = ((100 + change) / 100)², around 128
- red, green, blue: x + change / 100 (thumbor's rgb, which rounds towards 0)
- invert: 1 − x

Nothing is clamped between brightness_factor and the end, so that brighter and then darker loses nothing.
"""

from collections.abc import Callable, Sequence

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import map_colours, split_alpha
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.engine.raster.curves import monotone_cubic
from pixmill.engine.raster.frame import Frame
from pixmill.engine.raster.linear_light import linear_to_srgb, srgb_to_linear
from pixmill.engine.raster.white_balance import white_balance_gains
from pixmill.plan.effects import Curve, Levels, ToneAdjustment

ValueMap = Callable[[float], float]

_NO_CHANGES = ToneAdjustment()
_NO_CURVE: Curve = ()
_LOW_QUANTILE, _HIGH_QUANTILE = 0.01, 0.99
_CHANNELS = 3
_STRONG = 1.5
"""Of highlights recovered and shadows lifted, which are the common wishes; the other direction has half the room."""


def tone(frame: Frame, job: RenderJob) -> Frame:
    """Map each channel through its table."""
    options = job.plan.adjust.tone
    shared_maps, gains = _shared_maps(options), white_balance_gains(options.warmth)
    table = _table_image(
        [
            _lookup_table([frame_map, *shared_maps, *_channel_maps(options, channel, gain * 2**options.exposure)])
            for frame_map, channel, gain in zip(
                _frame_maps(frame, options), ("red", "green", "blue"), gains, strict=True
            )
        ]
    )
    return map_colours(frame, lambda image: image.maplut(table))


def _frame_maps(frame: Frame, options: ToneAdjustment) -> list[ValueMap]:
    """Return for each channel the change that depends on the frame."""
    if options.equalise:
        return _equalise_maps(frame)
    return _CHANNELS * [_normalise_map(frame) if options.normalise else _identity]


def _shared_maps(options: ToneAdjustment) -> list[ValueMap]:
    """Return the changes up to gamma that are the same for all channels."""
    maps: list[ValueMap] = []
    if options.levels != _NO_CHANGES.levels:
        maps.append(_levels_map(options.levels))
    if options.curves.all != _NO_CURVE:
        maps.append(_curve_map(options.curves.all))
    return maps


def _channel_maps(options: ToneAdjustment, channel: str, gain: float) -> list[ValueMap]:
    """Return the changes from the channel's own curve on."""
    maps: list[ValueMap] = []
    if (points := getattr(options.curves, channel)) != _NO_CURVE:
        maps.append(_curve_map(points))
    maps.append(_gamma_map(options.gamma))
    if gain != 1:
        maps.append(_light_map(gain))
    if options.highlights or options.shadows:
        maps.append(_highlights_and_shadows_map(options.highlights / 100, options.shadows / 100))
    factor = options.brightness_factor
    maps += [
        lambda x: x * factor,
        _linear_map(1, options.brightness),
        _linear_map(_contrast_slope(options.contrast), 0),
    ]
    maps.append(_linear_map(1, getattr(options, channel)))
    if options.invert:
        maps.append(lambda x: 1 - x)
    return maps


def _lookup_table(maps: list[ValueMap]) -> list[int]:
    """Apply the maps, one after the other, to each 8-bit value."""
    values = []
    for value in range(256):
        x = value / 255
        for value_map in maps:
            x = value_map(x)
        values.append(round(255 * _clamp(x)))
    return values


def _table_image(channels: list[list[int]]) -> VipsImage:
    values = bytes(value for pixel in zip(*channels, strict=True) for value in pixel)
    return pyvips.Image.new_from_memory(values, 256, 1, len(channels), "uchar")


def _levels_map(levels: Levels) -> ValueMap:
    black, white, exponent = levels.black / 255, levels.white / 255, 1 / levels.gamma
    if black == white:
        return lambda x: float(x >= black)
    return lambda x: _clamp((x - black) / (white - black)) ** exponent


def _curve_map(points: Curve) -> ValueMap:
    curve = monotone_cubic([(x / 255, y / 255) for x, y in points])
    return lambda x: _clamp(curve(x))


def _gamma_map(gamma: float) -> ValueMap:
    return lambda x: _clamp(x) ** (1 / gamma)


def _light_map(gain: float) -> ValueMap:
    return lambda x: linear_to_srgb(min(1.0, srgb_to_linear(_clamp(x)) * gain))


def _highlights_and_shadows_map(highlights: float, shadows: float) -> ValueMap:
    """Map light and dark tones. The curve rises everywhere, also where both strengths are at their limits."""
    light = highlights * (_STRONG if highlights < 0 else 1.0)
    dark = shadows * (_STRONG if shadows > 0 else 1.0)

    def value_map(x: float) -> float:
        x = _clamp(x)
        return x + x * (1 - x) * (light * x**2 + dark * (1 - x) ** 2)

    return value_map


def _linear_map(slope: float, offset_percent: float) -> ValueMap:
    return lambda x: (x - 0.5) * slope + 0.5 + offset_percent / 100


def _contrast_slope(contrast: float) -> float:
    c = 2.55 * contrast
    return 259 * (c + 255) / (255 * (259 - c))


def _clamp(x: float) -> float:
    return min(max(x, 0.0), 1.0)


def _normalise_map(frame: Frame) -> ValueMap:
    """Stretch from the 1st to the 99th percentile of the visible luminance."""
    colours, alpha = split_alpha(to_vips(frame))
    luminance = colours if frame.is_grey else colours.colourspace("b-w")
    weights = (luminance * 0 + 255 if alpha is None else alpha).cast("uint")
    histogram: Sequence[float] = memoryview(weights.hist_find_indexed(luminance).write_to_memory()).cast("d")
    low, high = _quantile(histogram, _LOW_QUANTILE), _quantile(histogram, _HIGH_QUANTILE)
    if high <= low:
        return lambda x: x
    return lambda x: _clamp((255 * x - low) / (high - low))


def _equalise_maps(frame: Frame) -> list[ValueMap]:
    """Return for each channel the map that equalises its visible values."""
    colours, alpha = split_alpha(to_vips(frame))
    if frame.is_grey:
        return _CHANNELS * [_equalise_map(_histogram(colours, alpha))]
    return [_equalise_map(_histogram(band, alpha)) for band in colours.bandsplit()]


def _histogram(band: VipsImage, alpha: VipsImage | None) -> list[int]:
    histogram = band.hist_find() if alpha is None else alpha.cast("uint").hist_find_indexed(band)
    counts = [int(count) for count in memoryview(histogram.cast("double").write_to_memory()).cast("d")]
    return counts + [0] * (256 - len(counts))


def _equalise_map(histogram: list[int]) -> ValueMap:
    used = [count for count in histogram if count]
    step = (sum(used) - used[-1]) // 255 if used else 0
    if len(used) <= 1 or not step:
        return _identity
    table, total = [], step // 2
    for count in histogram:
        table.append(min(255, total // step))
        total += count
    return lambda x: table[round(255 * x)] / 255


def _identity(x: float) -> float:
    return x


def _quantile(histogram: Sequence[float], fraction: float) -> int:
    """Return the first value whose cumulative weight reaches this fraction of the total."""
    target, cumulative = fraction * sum(histogram), 0.0
    for value, weight in enumerate(histogram):
        cumulative += weight
        if cumulative >= target:
            return value
    return len(histogram) - 1
