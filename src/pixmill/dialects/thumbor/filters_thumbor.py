"""The filters of thumbor, as one table: arguments, meaning, native equivalent. A wrong argument drops the filter.

Knows filters and plans; must never know how a URL is split.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from math import isqrt, sqrt
from typing import Final

from pixmill.dialects.kit.effects import contrast_of_slope, truncated_gaussian_sigma
from pixmill.dialects.kit.numbers import Reading, decimal
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.dialects.thumbor.filter_rows import (
    FilterRow,
    added,
    colour_of,
    flag,
    ignore,
    percent,
    setter,
)
from pixmill.dialects.thumbor.overlay_positions import thumbor_placement
from pixmill.dialects.thumbor.recipe import Focus, Recipe, invalid_filter
from pixmill.dialects.thumbor.sharpening import unsharp_mask
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import Convolution, Curve, Curves, Modulate
from pixmill.plan.ops import ImageOverlay
from pixmill.plan.overlays import Length, OverlayFit
from pixmill.plan.shapes import CornerRadii, Shape
from pixmill.plan.transforms import Fill

_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_DECIMAL: Final = re.compile(r"-?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_BOOLEAN: Final = re.compile(r"[Tt]rue|[Ff]alse|[01]")
_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_POSITION: Final = re.compile(r"-?[0-9]{1,9}p?|center|repeat")
_RATIO: Final = re.compile(r"-?[0-9]{1,6}|none")
_RADII: Final = re.compile(r"([0-9]{1,6})(?:\|([0-9]{1,6}))?")
_POINTS: Final = re.compile(r"\[(?:\([0-9]{1,3},[0-9]{1,3}\),?+)*+\]")
_POINT: Final = re.compile(r"\(([0-9]+),([0-9]+)\)")
_WEIGHT: Final = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{0,6})?")
_REGION: Final = re.compile(r"([0-9]{1,9})x([0-9]{1,9}):([0-9]{1,9})x([0-9]{1,9})")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{6}")


def _matching(pattern: re.Pattern[str], read: Callable[[str], object], expects: str) -> Reading[object]:
    def checked(text: str) -> object:
        if not pattern.fullmatch(text):
            raise ValueError(f"must be {expects}")
        return read(text)

    return Reading(checked, expects)


_NATURAL: Final = _matching(_DIGITS, int, "digits")
_NUMBER: Final = _matching(_INTEGER, int, "a whole number")
_REAL: Final = _matching(_DECIMAL, decimal, "a number")
_FLAG: Final = _matching(_BOOLEAN, lambda text: text in {"true", "True", "1"}, "true or false")
_NAME: Final = _matching(_WORD, str, "letters and digits")
_PLACE: Final = _matching(_POSITION, str, "pixels, percent as Np, center or repeat")
_SHARE: Final = _matching(_RATIO, lambda text: 0 if text == "none" else int(text), "percent or none")
_TONES: Final = _matching(_HEX, bytes.fromhex, "six hexadecimal digits")


def _text(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _positive(text: str) -> int:
    value = _NATURAL(text)
    if not isinstance(value, int) or value == 0:
        raise ValueError("must be above 0")
    return value


def _curve(text: str) -> Curve:
    if not _POINTS.fullmatch(text):
        raise ValueError("must be points as [(x,y),…]")
    points = {int(x): int(y) for x, y in _POINT.findall(text)}
    if len(points) > _MAX_CURVE_POINTS or any(value > _WHITE for point in points.items() for value in point):
        raise ValueError("too many points, or values above 255")
    ordered = tuple(sorted(points.items()))
    return () if ordered == _IDENTITY else ordered


_MAX_CURVE_POINTS: Final = 16
_IDENTITY: Final = ((0, 0), (255, 255))
_WHITE: Final = 255
_MAX_BLUR_RADIUS: Final = 150


def _brightness(recipe: Recipe, value: int) -> None:
    recipe.sequence.put(("adjust", "tone", "brightness"), added(value))


def _contrast(recipe: Recipe, value: int) -> None:
    slope = Fraction(int(Fraction((value + 100) ** 2, 100)), 100)
    recipe.sequence.put(("adjust", "tone", "contrast"), round(contrast_of_slope(float(slope)), 4))


def _rgb(recipe: Recipe, *values: int) -> None:
    for name, value in zip(("red", "green", "blue"), values, strict=True):
        recipe.sequence.put(("adjust", "tone", name), added(value))


def _colorize(recipe: Recipe, red: int, green: int, blue: int, tones: bytes) -> None:
    curves = (_blended(min(share, 100), tone) for share, tone in zip((red, green, blue), tones, strict=True))
    recipe.sequence.put(("adjust", "tone", "curves"), Curves((), *curves))


def _blended(share: int, tone: int) -> Curve:
    """Return the straight line of a channel that is blended with ``share`` percent of a tone."""
    low = round(tone * share / 100)
    curve = ((0, low), (_WHITE, round((_WHITE * (100 - share) + tone * share) / 100)))
    return () if curve == _IDENTITY else curve


def _curves(recipe: Recipe, shared: Curve, *curves: Curve) -> None:
    """Put the curve of all channels behind those of each, which needs a stage of its own."""
    if any(curves):
        recipe.sequence.put(("adjust", "tone", "curves"), Curves((), *curves))
    if shared:
        recipe.sequence.put(("adjust", "tone", "curves"), Curves(shared))


def _equalize(recipe: Recipe) -> None:
    recipe.sequence.put(("adjust", "tone", "equalise"), value=True)


def _grayscale(recipe: Recipe) -> None:
    recipe.sequence.put(("adjust", "colour", "matrix"), _LUMA)


_LUMA: Final = (0.299, 0.587, 0.114) * 3
"""Grey as Pillow computes it: Rec. 601, on sRGB values."""


def _saturation(recipe: Recipe, value: Fraction) -> None:
    """Scale the chroma around L*, which is nearer to thumbor's perceived brightness than luma is."""
    chroma = round(float(min(max(value, Fraction(0)), Fraction(10))), 4)
    if chroma != 1:
        recipe.sequence.put(("adjust", "colour", "modulate"), Modulate(chroma=chroma))


def _blur(recipe: Recipe, radius: int, sigma: Fraction = Fraction(0)) -> None:
    """Blur as much as a kernel does that thumbor cuts off at the radius, which is its sigma unless one is given."""
    spread = truncated_gaussian_sigma(min(radius, _MAX_BLUR_RADIUS), float(abs(sigma) or radius))
    if spread:
        recipe.sequence.blur(round(spread, 3))


def _sharpen(recipe: Recipe, amount: Fraction, radius: Fraction, _luma_only: object) -> None:
    mask = unsharp_mask(float(amount), float(radius))
    if mask is not None:
        recipe.sequence.put(("effects", "sharpen"), mask)


def _noise(recipe: Recipe, amount: int, _seed: object = None) -> None:
    deviation = min(amount, _MAX_NOISE) / sqrt(12)  # of a uniform distribution
    if deviation:
        recipe.sequence.put(("effects", "noise"), percent(deviation * 100 / _WHITE))


_MAX_NOISE: Final = 883
"""That of a standard deviation of white."""


def _weights(text: str) -> tuple[float, ...]:
    pieces = text.split(";", _MAX_WEIGHTS)
    if len(pieces) > _MAX_WEIGHTS or not all(_WEIGHT.fullmatch(piece) for piece in pieces):
        raise ValueError("must be weights between semicolons")
    return tuple(map(float, pieces))


_MAX_WEIGHTS: Final = 49


def _convolution(recipe: Recipe, weights: tuple[float, ...], columns: int, normalises: bool = True) -> None:
    rows, rest = divmod(len(weights), columns)
    if rest or len(weights) % 2 == 0 or rows % 2 == 0:
        raise invalid_filter("convolution", "the matrix must have odd numbers of rows and columns")
    side = max(columns, rows, 3)
    if side * side > _MAX_WEIGHTS:
        raise invalid_filter("convolution", f"the matrix may have at most {isqrt(_MAX_WEIGHTS)} rows and columns")
    total = sum(weights) if normalises else 1.0
    scaled = [weight / (total or 1.0) for weight in weights]
    left, top = (side - columns) // 2, (side - rows) // 2
    square = [0.0] * (side * side)
    for number, weight in enumerate(scaled):
        row, column = divmod(number, columns)
        square[(row + top) * side + column + left] = round(min(max(weight, -999.9999), 999.9999), 6)
    recipe.sequence.put(("effects", "convolution"), Convolution(tuple(square)))


def _rotate(recipe: Recipe, degrees: int) -> None:
    if degrees % 90 == 0 and degrees % 360:
        recipe.sequence.put(("rotate",), -degrees % 360)
        if degrees % 180:
            recipe.shape = recipe.shape[::-1]


def _proportion(recipe: Recipe, factor: Fraction) -> None:
    if 0 < factor < 1:
        recipe.scale(factor)


def _fill(recipe: Recipe, name: str, fills_transparent: bool = False) -> None:
    if name == "blur":
        recipe.fill_canvas(TRANSPARENT, Fill.BLUR)
    elif name == "auto":
        recipe.fill_canvas(_BLACK, Fill.AVERAGE)
    else:
        colour = colour_of(name, "fill")
        if fills_transparent:
            recipe.flatten(colour)
        recipe.fill_canvas(colour)


_BLACK: Final = Colour(0, 0, 0)


def _background_color(recipe: Recipe, name: str) -> None:
    recipe.flatten(colour_of(name, "background_color"))


def _radii(text: str) -> tuple[int, int]:
    match = _RADII.fullmatch(text)
    if match is None:
        raise ValueError("must be a radius, or two separated by |")
    return int(match[1]), int(match[2] or match[1])


def _round_corner(
    recipe: Recipe, radii: tuple[int, int], red: int, green: int, blue: int, is_transparent: bool = False
) -> None:
    radius = float(min(radii))
    recipe.sequence.put(("shape",), Shape(corner_radii=CornerRadii(radius, radius, radius, radius)))
    if not is_transparent:
        recipe.flatten(Colour(*(min(value, _WHITE) for value in (red, green, blue))))


def _watermark(recipe: Recipe, name: str, x: str, y: str, alpha: int, width: int = 0, height: int = 0) -> None:
    if alpha >= _INVISIBLE:
        return
    overlay = ImageOverlay(
        recipe.find_source(name),
        Length(float(width), percent=True) if width > 0 else None,
        Length(float(height), percent=True) if height > 0 else None,
        OverlayFit.INSIDE,
        thumbor_placement(x, y, 100.0 - alpha),
    )
    recipe.sequence.add_overlay(overlay)


_INVISIBLE: Final = 100


def _focal(recipe: Recipe, region: str) -> None:
    match = _REGION.match(region)
    if match is None:
        return
    left, top, right, bottom = map(int, match.groups())
    width, height = right - left, bottom - top
    if width and height:
        recipe.focus.append(Focus(left + width // 2, top + height // 2, width * height))


_FORMATS: Final = {
    "png": Format.PNG,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "heic": Format.HEIC,
    "heif": Format.HEIC,
}


def _format(recipe: Recipe, name: str) -> None:
    recipe.output_format = _FORMATS.get(name.lower())


def _autojpg(recipe: Recipe, is_on: bool = True) -> None:
    recipe.converts_opaque_png = bool(is_on)


_ROWS: Final = (
    FilterRow(
        Option(("format",), "Format of the result: png, jpeg, jpg, gif, webp, avif, heic, heif", "`format`"),
        _format,
        (_text,),
    ),
    FilterRow(Option(("quality",), "Quality of the encoder", "`quality`"), setter("quality"), (_NATURAL,)),
    FilterRow(
        Option(
            ("max_bytes",), "Maximum size of the result, if it can be reached", "`max_bytes`, `max_bytes_strict=false`"
        ),
        setter("max_bytes"),
        (_NATURAL,),
    ),
    FilterRow(
        Option(("max_age",), "Lifetime of this answer in seconds", note="no longer than the operator allows"),
        setter("max_age_s"),
        (_NATURAL,),
    ),
    FilterRow(
        Option(("no_upscale",), "No side becomes longer than that of the original", "`clamp=sides`"),
        flag("may_upscale", value=False),
        is_early=True,
    ),
    FilterRow(
        Option(("upscale",), "Lets `fit-in` enlarge", "`enlarge=true`"), flag("lets_fit_in_enlarge"), is_early=True
    ),
    FilterRow(
        Option(("stretch",), "Distorts the image to the size", "`fit=fill`"), flag("is_stretched"), is_early=True
    ),
    FilterRow(
        Option(("focal",), "Region to keep, in pixels of the original: `focal(10x20:110x80)`", "`gravity`"),
        _focal,
        (_text,),
        is_early=True,
    ),
    FilterRow(
        Option(("extract_focal",), "Keeps what the URL that is the image's name cuts out, of the original behind it"),
        flag("extracts_focal"),
        is_early=True,
    ),
    FilterRow(Option(("proportion",), "Scales the result: 0 to 1", "`zoom`"), _proportion, (_REAL,)),
    FilterRow(
        Option(("rotate",), "Turns by multiples of 90 degrees, counter-clockwise", "`then=rotate=270` for 90"),
        _rotate,
        (_NUMBER,),
    ),
    FilterRow(
        Option(
            ("fill",),
            "Pads to the whole box with a colour, `blur`, `auto` (the average colour) or `transparent`",
            "`fit=contain&background=`, `extend=blur`, `extend=average`",
        ),
        _fill,
        (_NAME, _FLAG),
        least=1,
    ),
    FilterRow(
        Option(("background_color",), "Puts a colour behind the image", "`flatten`"), _background_color, (_NAME,)
    ),
    FilterRow(Option(("brightness",), "Adds percent of white", "`brightness`"), _brightness, (_NUMBER,)),
    FilterRow(
        Option(("contrast",), "Contrast around mid-grey, with thumbor's slope", "`contrast`, another number"),
        _contrast,
        (_NUMBER,),
    ),
    FilterRow(Option(("rgb",), "Adds percent of white to each channel", "`rgb`"), _rgb, (_NUMBER,) * 3),
    FilterRow(
        Option(("colorize",), "Blends each channel with a share of a colour", "`curves_red`, …"),
        _colorize,
        (_NATURAL, _NATURAL, _NATURAL, _TONES),
    ),
    FilterRow(
        Option(("curve",), "Tone curves: all channels, red, green, blue", "`curves`, `curves_red`, …"),
        _curves,
        (Reading(_curve, "points as [(x,y),…]"),) * 4,
    ),
    FilterRow(Option(("equalize",), "Equalises the histogram of each channel", "`equalize`"), _equalize),
    FilterRow(Option(("grayscale",), "Removes colour", "`color_matrix`, Rec. 601"), _grayscale),
    FilterRow(
        Option(
            ("saturation",),
            "Factor of the saturation",
            "`modulate`",
            "another measure of brightness, which shows in strong colours",
            Status.DIFFERS,
        ),
        _saturation,
        (_REAL,),
    ),
    FilterRow(
        Option(
            ("blur",),
            "Blurs: radius and sigma of a kernel that is cut off at the radius",
            "`blur`, with the standard deviation of that kernel",
            "a Gaussian of the same width",
        ),
        _blur,
        (Reading(_positive, "a whole number above 0"), _REAL),
        least=1,
    ),
    FilterRow(
        Option(
            ("sharpen",),
            "Sharpens: amount, radius, luma only",
            "`unsharp`",
            "the unsharp mask that comes nearest, always of luma",
            Status.DIFFERS,
        ),
        _sharpen,
        (_REAL, _REAL, _FLAG),
    ),
    FilterRow(
        Option(
            ("noise",), "Noise of this amplitude", "`noise`", "another pattern; the seed is ignored", Status.DIFFERS
        ),
        _noise,
        (_NATURAL, _NATURAL),
        least=1,
    ),
    FilterRow(
        Option(
            ("convolution",),
            "Convolves with a matrix: weights, columns, whether to normalise",
            "`convolution`",
            "at most 7 rows and columns; alpha is unchanged",
        ),
        _convolution,
        (Reading(_weights, "weights between semicolons"), Reading(_positive, "a whole number above 0"), _FLAG),
        least=2,
    ),
    FilterRow(
        Option(
            ("round_corner",),
            "Rounds the corners: radius, red, green, blue, transparent",
            "`radius`, `flatten`",
            "circular corners: of two radii the smaller one",
            Status.DIFFERS,
        ),
        _round_corner,
        (Reading(_radii, "a radius, or two separated by |"), _NATURAL, _NATURAL, _NATURAL, _FLAG),
        least=4,
    ),
    FilterRow(
        Option(
            ("watermark",),
            "Draws another image: URL, x, y, transparency, width and height in percent",
            "`overlay`",
            "repetitions touch, and are cut at the edges",
            Status.DIFFERS,
        ),
        _watermark,
        (_text, _PLACE, _PLACE, _NATURAL, _SHARE, _SHARE),
        least=4,
    ),
    FilterRow(
        Option(
            ("autojpg",),
            "PNGs without transparency become JPEGs",
            "`format=auto`",
            "graphics stay PNG, which is smaller",
            Status.DIFFERS,
        ),
        _autojpg,
        (_FLAG,),
        least=0,
    ),
    FilterRow(
        Option(("strip_icc",), "Drops the colour profile", "`profile=srgb`", "after a conversion to sRGB"),
        flag("keeps_profile", value=False),
    ),
    FilterRow(Option(("strip_exif",), "Drops EXIF", "`metadata=strip`"), flag("keeps_metadata", value=False)),
    FilterRow(Option(("cover",), "First frame of an animation", "`animated=false`"), flag("is_still"), is_early=True),
    FilterRow(
        Option(("frame",), "Draws a stretched frame", note="no native equivalent", status=Status.IGNORED),
        ignore,
        (_text,),
    ),
    FilterRow(Option(("red_eye",), "Removes red eyes", note="no native equivalent", status=Status.IGNORED), ignore),
    FilterRow(
        Option(("gifv",), "Makes a video", note="no videos are made", status=Status.IGNORED), ignore, (_text,), least=0
    ),
)
FILTERS: Final = by_name(_ROWS)
OPTIONS: Final = options_of(_ROWS)
