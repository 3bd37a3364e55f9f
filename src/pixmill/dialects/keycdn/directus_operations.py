"""The functions of sharp that Directus lets URLs call, as one table: what each means, and what it does with a call.

Knows sharp's functions by ``kit/sharp.py``, and their arguments as JSON values. Must never know a source or an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.keycdn.directus_errors import ILLEGAL, directus_error
from pixmill.dialects.keycdn.directus_values import (
    colour,
    fields,
    flag,
    is_number,
    known,
    number,
    numbers,
    side,
    unexpected,
    whole,
    word,
)
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.sharp import BLACK, FILLS, FITS, KERNELS, MAX_LENGTH, POSITIONS, SharpImage
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity
from pixmill.plan.ops import Fit, Kernel
from pixmill.plan.output import MAX_EFFORT, Encoding, Subsampling

FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "jpe": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "tiff": Format.TIFF,
    "tif": Format.TIFF,
    "gif": Format.GIF,
    "heif": Format.HEIC,
    "heic": Format.HEIC,
}
_SQUARES: Final = (3, 5, 7)
_CHANNELS: Final = {"red": 0, "green": 1, "blue": 2}
_CORNERS: Final = 3
_SUBSAMPLINGS: Final = {"4:2:0": Subsampling.S420, "4:4:4": Subsampling.S444}
_EXTEND_WITH: Final[Mapping[str, object]] = {**FILLS, "repeat": None}

NO_LIST: Final = '"transforms" Parameter needs to be a JSON array of allowed transformations'

Args = Sequence[object]


@dataclass(slots=True)
class Calls:
    """The calls of one URL: those on the image, and how the result is written, of which the last call counts.

    ``max_side`` is the longest side that an image may be resized to. ``count``: of the operations.
    """

    max_side: int
    image: SharpImage = field(default_factory=SharpImage)
    count: int = 0
    has_size: bool = False
    format: Format | None = None
    quality: int | None = None
    encoding: Encoding = field(default_factory=Encoding)
    is_rotated: bool = False
    is_oriented: bool = False

    def resize(
        self,
        width: int,
        height: int,
        *,
        fit: Fit | None,
        gravity: Gravity | None,
        without_enlargement: bool | None,
        kernel: Kernel | None = None,
        background: Colour | None = None,
    ) -> None:
        """Resize, to sides that are allowed. Raises InvalidParameter."""
        if max(width, height) > self.max_side:
            raise directus_error("The image would be too large", "width, height", ILLEGAL)
        self.has_size = True
        self.image.resize(
            width,
            height,
            fit=fit,
            gravity=gravity,
            kernel=kernel,
            background=background,
            without_enlargement=without_enlargement,
        )

    def write(self, form: Format, options: Mapping[str, object]) -> None:
        """Write the result in a format, with options that several formats have."""
        self.format = form
        self.quality = whole(options["quality"], "quality", 1, 100) if "quality" in options else None
        changes: dict[str, object] = {name: flag(options[name], name) for name in _SWITCHES if name in options}
        if "effort" in options:
            changes["effort"] = min(whole(options["effort"], "effort", 0, 10), MAX_EFFORT)
        if "compressionLevel" in options:
            changes["effort"] = whole(options["compressionLevel"], "compressionLevel", 0, 9)
        if options.get("nearLossless") is True:
            changes["near_lossless"] = self.quality or 80
        if options.get("palette") is True or "colours" in options or "colors" in options:
            count = options.get("colours", options.get("colors", 256))
            changes["colours"] = whole(count, "colours", 2, 256)
        if "chromaSubsampling" in options:
            changes["subsampling"] = _SUBSAMPLINGS[
                word(options["chromaSubsampling"], "chromaSubsampling", _SUBSAMPLINGS)
            ]
        self.encoding = replace(Encoding(), **changes)


_SWITCHES: Final = ("progressive", "lossless")
Apply = Callable[[Calls, Args], None]
Row = OptionRow[Apply]


def _at(args: Args, index: int) -> object:
    return args[index] if index < len(args) else None


def _is_off(args: Args) -> bool:
    return bool(args) and args[0] is False


def _switch(call: Callable[[SharpImage], None]) -> Apply:
    """Build a function that a false argument switches off."""

    def apply(calls: Calls, args: Args) -> None:
        if not _is_off(args):
            call(calls.image)

    return apply


# Size


def _resize(calls: Calls, args: Args) -> None:
    first, second, third = (_at(args, index) for index in range(3))
    given = first if isinstance(first, dict) and third is None else third
    options = dict(fields(given, "options")) if given is not None else {}
    if isinstance(second, dict) and third is None:
        options, second = dict(fields(second, "options")), None
    sides = {"width": options.get("width") if isinstance(first, dict) else first, "height": second}
    if sides["height"] is None:
        sides["height"] = options.get("height")
    width, height = (0 if value is None else side(value, name) for name, value in sides.items())
    kernel, fit = options.get("kernel"), options.get("fit")
    if options.get("withoutReduction") is True:
        raise ValueError("withoutReduction is not supported")
    calls.resize(
        width,
        height,
        fit=None if fit is None else FITS[known(fit, "valid fit", "fit", FITS)],
        gravity=_position(options.get("position", options.get("gravity", options.get("strategy")))),
        kernel=None if kernel is None else KERNELS[known(kernel, "valid kernel name", "kernel", KERNELS)],
        background=_background(options),
        without_enlargement=_optional_flag(options, "withoutEnlargement"),
    )


def _position(value: object) -> Gravity | None:
    if value is None:
        return None
    if not isinstance(value, str | int) or isinstance(value, bool) or value not in POSITIONS:
        unexpected("valid position/gravity/strategy", "position", value)
    return POSITIONS[value]


def _background(options: Mapping[str, object]) -> Colour | None:
    return colour(options["background"], "background") if "background" in options else None


def _optional_flag(options: Mapping[str, object], name: str) -> bool | None:
    return flag(options[name], name) if name in options else None


def _extend(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if is_number(value):
        margin = whole(value, "extend", 1, MAX_LENGTH, "positive integer")
        calls.image.extend(margin, margin, margin, margin)
        return
    if not isinstance(value, dict):
        unexpected("integer or object", "extend", value)
    options = fields(value, "extend")
    top, right, bottom, left = (
        whole(options.get(name, 0), name, 0, MAX_LENGTH) for name in ("top", "right", "bottom", "left")
    )
    name = word(options.get("extendWith", "background"), "extendWith", _EXTEND_WITH)
    if name == "repeat":
        raise ValueError("extendWith repeat is not supported")
    calls.image.extend(top, right, bottom, left, _background(options), FILLS[name])


def _extract(calls: Calls, args: Args) -> None:
    options = fields(_at(args, 0), "options")
    left, top, width, height = (
        whole(options.get(name), name, 0, MAX_LENGTH) for name in ("left", "top", "width", "height")
    )
    calls.image.extract(left, top, width, height)


def _trim(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if value is None or is_number(value):
        calls.image.trim(10 if value is None else number(value, "threshold", 0, MAX_LENGTH))
        return
    if not isinstance(value, dict):
        unexpected("object", "trim", value)
    options = fields(value, "trim")
    threshold = number(options.get("threshold", 10), "threshold", 0, MAX_LENGTH)
    margin = whole(options.get("margin", 0), "margin", 0, MAX_LENGTH)
    calls.image.trim(threshold, _background(options), margin)


def _rotate(calls: Calls, args: Args) -> None:
    angle, options = _at(args, 0), _at(args, 1)
    if angle is None:
        calls.is_oriented = True
        return
    if not isinstance(angle, int | float) or isinstance(angle, bool) or abs(angle) > MAX_LENGTH:
        unexpected("numeric", "angle", angle)
    calls.is_rotated = True
    calls.image.rotate(angle, None if options is None else _background(fields(options, "options")))


# Pixels


def _sharpen(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if value is None or isinstance(value, bool):
        if value is not False:
            calls.image.sharpen()
        return
    options = dict(value) if isinstance(value, dict) else {"sigma": value}
    named = zip(("m1", "m2", "x1", "y2", "y3"), (_at(args, 1), _at(args, 2), None, None, None), strict=True)
    if not isinstance(value, dict):
        options |= {name: argument for name, argument in named if argument is not None}
    sigma = number(options.get("sigma"), "options.sigma", 0.000001, 10_000)
    values = (
        number(default if options.get(name) is None else options[name], f"options.{name}", 0, 1_000_000)
        for name, default in (("m1", 1.0), ("m2", 2.0), ("x1", 2.0), ("y2", 10.0), ("y3", 20.0))
    )
    calls.image.sharpen(sigma, *values)


def _median(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    calls.image.median(3 if value is None else whole(value, "size", 1, 1_000))


def _blur(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if value is None or isinstance(value, bool):
        if value is not False:
            calls.image.blur()
        return
    sigma = value.get("sigma") if isinstance(value, dict) else value
    calls.image.blur(number(sigma, "sigma", 0.3, 1_000))


def _flatten(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if value is not False:
        calls.image.flatten(_background(fields(value, "options")) if isinstance(value, dict) else None)


def _gamma(calls: Calls, args: Args) -> None:
    encoding, decoding = (
        None if value is None else number(value, name, 1, 3)
        for value, name in ((_at(args, 0), "gamma"), (_at(args, 1), "gammaOut"))
    )
    calls.image.gamma(encoding or 2.2, decoding)


def _normalise(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    options = fields(value, "options") if isinstance(value, dict) else {}
    lower = number(options.get("lower", 1), "lower", 0, 99)
    upper = number(options.get("upper", 99), "upper", 1, 100)
    if lower >= upper:
        unexpected("lower to be less than upper", "range", f"{lower:g} >= {upper:g}")
    if value is not False:
        calls.image.normalise()


def _clahe(calls: Calls, args: Args) -> None:
    options = fields(_at(args, 0), "options")
    width, _ = (whole(options.get(name), name, 1, 65_536) for name in ("width", "height"))
    calls.image.clahe(width, whole(options.get("maxSlope", 3), "maxSlope", 0, 100))


def _convolve(calls: Calls, args: Args) -> None:
    options = fields(_at(args, 0), "kernel")
    width, height = (options.get(name) for name in ("width", "height"))
    weights = numbers(options.get("kernel"), "kernel", max(_SQUARES) ** 2)
    if width != height or len(weights) != next((size**2 for size in _SQUARES if size == width), 0):
        raise ValueError("Invalid convolution kernel: only squares of 3, 5 or 7 are supported")
    scale = number(options.get("scale", sum(weights) or 1), "scale", -MAX_LENGTH, MAX_LENGTH) or 1.0
    offset = number(options.get("offset", 0), "offset", -MAX_LENGTH, MAX_LENGTH)
    calls.image.convolve([weight / scale for weight in weights], offset)


def _threshold(calls: Calls, args: Args) -> None:
    value, options = _at(args, 0), _at(args, 1)
    grey = fields(options, "options") if isinstance(options, dict) else {}
    is_grey = grey.get("greyscale", True) is not False and grey.get("grayscale", True) is not False
    if isinstance(value, bool):
        value = 128 if value else 0
    calls.image.threshold(128 if value is None else whole(value, "threshold", 0, 255), grayscale=is_grey)


def _linear(calls: Calls, args: Args) -> None:
    factor, offset = (_same(value, name) for value, name in ((_at(args, 0), "a"), (_at(args, 1), "b")))
    if factor is not None or offset is not None:
        calls.image.linear(1.0 if factor is None else factor, offset or 0.0)


def _same(value: object, name: str) -> float | None:
    """Read a number, or a list of numbers that are all the same."""
    if value is None:
        return None
    if not isinstance(value, list):
        if not is_number(value):
            unexpected("number or array of numbers", name, value)
        return number(value, name, -MAX_LENGTH, MAX_LENGTH)
    found = numbers(value, name, 4)
    if len(set(found)) > 1:
        raise ValueError(f"Different numbers of {name} for each channel are not supported")
    return found[0] if found else None


def _recomb(calls: Calls, args: Args) -> None:
    rows = _at(args, 0)
    is_square = isinstance(rows, list) and len(rows) == _CORNERS
    if not isinstance(rows, list) or not is_square or any(not isinstance(row, list) for row in rows):
        unexpected("3x3 array", "inputMatrix", rows)
    weights = [weight for row in rows for weight in numbers(row, "inputMatrix", _CORNERS)]
    if len(weights) != _CORNERS**2:
        unexpected("3x3 array", "inputMatrix", rows)
    calls.image.recomb(weights)


def _modulate(calls: Calls, args: Args) -> None:
    options = fields(_at(args, 0), "options")
    brightness, saturation = (
        number(options[name], name, 0, MAX_LENGTH) if name in options else None for name in ("brightness", "saturation")
    )
    hue = whole(options["hue"], "hue", -MAX_LENGTH, MAX_LENGTH) if "hue" in options else None
    lightness = number(options["lightness"], "lightness", -MAX_LENGTH, MAX_LENGTH) if "lightness" in options else None
    calls.image.modulate(brightness, saturation, hue, lightness)


def _tint(calls: Calls, args: Args) -> None:
    calls.image.tint(colour(_at(args, 0), "tint"))


def _colour_space(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if not isinstance(value, str):
        unexpected("string", "colourspace", value)
    if value == "b-w":
        calls.image.grayscale()


def _ensure_alpha(calls: Calls, args: Args) -> None:
    del calls
    if _at(args, 0) is not None:
        number(_at(args, 0), "alpha", 0, 1)


def _extract_channel(calls: Calls, args: Args) -> None:
    value = _at(args, 0)
    if value in ("alpha", _CORNERS):
        raise ValueError("extractChannel alpha is not supported")
    channel = _CHANNELS[value] if isinstance(value, str) and value in _CHANNELS else value
    if not isinstance(channel, int) or isinstance(channel, bool) or channel not in range(_CORNERS):
        unexpected("integer or one of: red, green, blue, alpha", "channel", value)
    calls.image.recomb([float(index == channel) for index in range(_CORNERS)] * _CORNERS)


def _bandbool(_calls: Calls, _args: Args) -> None:
    raise ValueError("bandbool is not supported")


# Output


def _to_format(calls: Calls, args: Args) -> None:
    name, options = _at(args, 0), _at(args, 1)
    if isinstance(name, dict):
        name = name.get("id")
    form = FORMATS[word(name, "format", FORMATS)]
    calls.write(form, {} if options is None else fields(options, "options"))


def _written(form: Format) -> Apply:
    def apply(calls: Calls, args: Args) -> None:
        options = _at(args, 0)
        calls.write(form, {} if options is None else fields(options, "options"))

    return apply


def _row(names: str, meaning: str, native: str, apply: Apply, note: str = "", status: Status = Status.SUPPORTED) -> Row:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), apply)


ROWS: Final[tuple[Row, ...]] = (
    _row("resize", "`[width, height, {fit, position, background, kernel, withoutEnlargement}]`, or one object.",
         "`width`, `height`, `fit`", _resize, "No `withoutReduction`.", Status.DIFFERS),
    _row("extend", "`{top, left, bottom, right, background, extendWith}`, or one number.", "`padding`", _extend,
         "`repeat` is refused.", Status.DIFFERS),
    _row("extract", "`{left, top, width, height}`.", "`crop`", _extract),
    _row("trim", "`{background, threshold, margin}`, or a number.", "`trim`", _trim),
    _row("rotate", "Degrees, `{background}`; without degrees the EXIF orientation.", "`rotate`", _rotate),
    _row("flip", "Mirrors up and down.", "`flip=v`", _switch(SharpImage.flip)),
    _row("flop", "Mirrors left and right.", "`flip=h`", _switch(SharpImage.flop)),
    _row("sharpen", "A sigma, or `{sigma, m1, m2, x1, y2, y3}`.", "`sharpen_lab`", _sharpen, "A sigma of 10 at most.",
         Status.DIFFERS),
    _row("median", "A window, 3 by default.", "`median`", _median, "At most a window of 11.", Status.DIFFERS),
    _row("blur", "A sigma, or `{sigma}`; without one a mild blur.", "`blur`", _blur),
    _row("flatten", "`{background}` behind the image.", "`flatten`", _flatten),
    _row("gamma", "1 to 3, then that of the output.", "`gamma`", _gamma, "Only the ratio of the two counts.",
         Status.DIFFERS),
    _row("negate", "Inverts the colours.", "`invert`", _switch(SharpImage.negate), "Transparency is not inverted.",
         Status.DIFFERS),
    _row("normalise normalize", "Stretches contrast.", "`normalize`", _normalise,
         "Always from the 1st to the 99th percentile.", Status.DIFFERS),
    _row("clahe", "`{width, height, maxSlope}`.", "`clahe`", _clahe, "The window is a square of at most 64.",
         Status.DIFFERS),
    _row("convolve", "`{width, height, kernel, scale, offset}`.", "`convolution`", _convolve,
         "Squares of 3, 5 or 7.", Status.DIFFERS),
    _row("threshold", "A grey, then `{grayscale}`.", "`threshold`", _threshold),
    _row("linear", "A factor, and what is added.", "`convolution`", _linear, "The same for all channels.",
         Status.DIFFERS),
    _row("recomb", "Three rows of three weights.", "`color_matrix`", _recomb),
    _row("modulate", "`{brightness, saturation, hue, lightness}`.", "`modulate`, `lightness`", _modulate),
    _row("tint", "A colour.", "`tint`", _tint),
    _row("greyscale grayscale", "Removes colour.", "`grayscale`", _switch(SharpImage.grayscale)),
    _row("toColourspace toColorspace", "`b-w`: removes colour.", "`grayscale`", _colour_space,
         "Others are ignored: the result is sRGB.", Status.DIFFERS),
    _row("removeAlpha", "Removes transparency.", "`flatten=000`",
         lambda calls, _args: calls.image.flatten(BLACK), "Black shows, not the colours behind it.", Status.DIFFERS),
    _row("ensureAlpha", "Adds an alpha channel.", "", _ensure_alpha, status=Status.IGNORED),
    _row("extractChannel", "`red`, `green` or `blue` as grey.", "`color_matrix`", _extract_channel, "No `alpha`.",
         Status.DIFFERS),
    _row("bandbool", "Combines the bits of channels.", "", _bandbool, status=Status.REFUSED),
    _row("toFormat", "A format, and `{quality, progressive, lossless, nearLossless, effort, palette, colours, "
         "chromaSubsampling}`.", "`format`", _to_format, "Other options of formats are ignored.", Status.DIFFERS),
    _row("jpeg", "JPEG, with these options.", "`format=jpeg`", _written(Format.JPEG)),
    _row("png", "PNG.", "`format=png`", _written(Format.PNG)),
    _row("webp", "WebP.", "`format=webp`", _written(Format.WEBP)),
    _row("avif", "AVIF.", "`format=avif`", _written(Format.AVIF)),
    _row("tiff", "TIFF.", "`format=tiff`", _written(Format.TIFF)),
)  # fmt: skip
OPERATIONS: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)


def apply_operations(calls: Calls, operations: object, most: int) -> None:
    """Make the calls of a list of lists, each a name and its arguments. Raises ValueError."""
    if not isinstance(operations, list):
        raise ValueError(NO_LIST)  # noqa: TRY004 - a value of a URL, not an argument
    if len(operations) > most:
        raise ValueError(f'"transforms" Parameter is only allowed {most} transformations')
    for operation in operations:
        name, *args = operation if isinstance(operation, list) and operation else (None,)
        if not isinstance(name, str) or name not in OPERATIONS:
            shown = name[:64] if isinstance(name, str) else ""
            raise ValueError(f'"transforms" Parameter does not allow "{shown}" as a transformation')
        OPERATIONS[name].read(calls, args)
        calls.count += 1
