"""The modifiers of ipx as one table: what they mean, how each version reads their arguments, and what sharp does.

Knows sharp's functions by ``kit/sharp.py``. Must never know a source or an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from pixmill.dialects.ipx.errors import ipx_error
from pixmill.dialects.ipx.values import (
    Box4,
    Colour4,
    Flag4,
    Number4,
    Word4,
    box3,
    colour3,
    js_value,
    real,
    tint3,
    whole,
)
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.dialects.kit.sharp import FILLS, FITS, KERNELS, MAX_LENGTH, POSITIONS, SharpImage
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity

MAX_OUTPUT_SIDE: Final = 8_192
"""The longest side that version 4 resizes to."""

T = TypeVar("T")

_POSITIONS: Final = {str(name): gravity for name, gravity in POSITIONS.items()}


@dataclass(slots=True)
class Context:
    """What the modifiers of one URL have in common: the calls of sharp, and options that other modifiers use.

    Version 3 checks ``fit``, ``position``, ``kernel`` and ``background`` only where they are used.
    """

    image: SharpImage = field(default_factory=SharpImage)
    enlarge: bool = False
    quality: int | None = None
    fit: str | None = None
    position: str | None = None
    kernel: str | None = None
    background: str | None = None
    keeps_orientation: bool = True

    @property
    def colour(self) -> Colour | None:
        """The background. Raises ValueError."""
        return colour3(self.background)

    @property
    def gravity(self) -> Gravity | None:
        """The position in a box. Raises ValueError."""
        return _looked_up(_POSITIONS, self.position, "valid position/gravity/strategy")

    def resize(self, size: tuple[int, int] | None, most: int = MAX_LENGTH) -> None:
        """Resize to a box, which is shrunk into the original unless it may be enlarged."""
        if size is None:
            return
        width, height = size
        if max(width, height) > most:
            width, height = max(1, width * most // max(size)), max(1, height * most // max(size))
        self.image.resize(
            width,
            height,
            fit=_looked_up(FITS, self.fit, "valid fit"),
            gravity=self.gravity,
            kernel=_looked_up(KERNELS, self.kernel, "valid kernel name"),
            background=self.colour,
            clamps=not self.enlarge,
        )

    def resize_side(self, width: int = 0, height: int = 0) -> None:
        """Resize to one side."""
        self.image.resize(width, height, without_enlargement=not self.enlarge)


def _looked_up(table: Mapping[str, T], key: str | None, expects: str) -> T | None:
    if key is None:
        return None
    if key not in table:
        raise ValueError(expects)
    return table[key]


Apply = Callable[[Context, Sequence[str]], None]


class Reader4(Protocol):
    """Reads an argument of version 4."""

    @property
    def name(self) -> str:
        """How messages name it."""

    @property
    def required(self) -> bool:
        """Whether it must be there."""

    def __call__(self, text: str | None) -> object:
        """Read it. Raises ValueError that says what is expected."""


@dataclass(frozen=True, slots=True)
class Modifier:
    """A modifier, and what it does in each version; None where that version ignores it.

    Of all modifiers those of a lower order come first, then the names count.
    """

    option: Option
    apply3: Apply | None
    apply4: Apply | None
    order3: int = 0
    order4: int = 0


def _arg(args: Sequence[str], index: int) -> str | None:
    return args[index] if index < len(args) else None


def _call4(function: Callable[..., None], *readers: Reader4) -> Apply:
    """Build the function of a modifier of version 4, which gets an argument of each reader."""

    def apply(context: Context, args: Sequence[str]) -> None:
        function(context, *(_read4(reader, _arg(args, index)) for index, reader in enumerate(readers)))

    return apply


def _read4(reader: Reader4, text: str | None) -> object:
    try:
        value = reader(text)
    except ValueError as error:
        shown = (text or "")[:64]
        message = f"Invalid `{reader.name}` modifier argument: `{shown}` (expected {error})"
        raise ipx_error(400, "IPX_INVALID_MODIFIER_ARG", message, param=reader.name) from None
    if value is None and reader.required:
        message = f"Missing `{reader.name}` modifier argument"
        raise ipx_error(400, "IPX_MISSING_MODIFIER_ARG", message, param=reader.name)
    return value


def _defined(value: T | None, expects: str) -> T:
    """Return a value that must not be missing. Raises ValueError."""
    if value is None:
        raise ValueError(expects)
    return value


_LENGTH: Final = whole(0, MAX_LENGTH)
_SIDE: Final = whole(1, MAX_LENGTH)
_SIGMA: Final = real(0.3, 1_000)
_GAMMA: Final = real(1, 3)
_SHARPENING: Final = real(0, 10_000)


def _side3(context: Context, name: str, args: Sequence[str]) -> None:
    side = _SIDE(js_value(_arg(args, 0)))
    context.resize_side(**{name: side or 0})


def _side4(context: Context, name: str, side: float | None) -> None:
    context.resize_side(**{name: min(int(side), MAX_OUTPUT_SIDE) if side else 0})


def _set_quality(context: Context, quality: float | None) -> None:
    context.quality = None if quality is None else int(quality)


def _set_fit(context: Context, fit: str | None) -> None:
    context.fit = fit


def _set_position(context: Context, position: str | None) -> None:
    context.position = position


def _set_kernel(context: Context, kernel: str | None) -> None:
    context.kernel = kernel


def _set_background(context: Context, background: Colour | None) -> None:
    if background is not None:
        digits = (background.red, background.green, background.blue, background.alpha)
        context.background = "#" + "".join(f"{each:02x}" for each in digits)


def _enlarge(context: Context, _args: Sequence[str] = ()) -> None:
    context.enlarge = True


def _extract3(context: Context, args: Sequence[str]) -> None:
    numbers = [_defined(_LENGTH(js_value(_arg(args, index))), "integer between 0 and 100000000") for index in range(4)]
    context.image.extract(*numbers)


def _extend3(context: Context, args: Sequence[str]) -> None:
    top, right, bottom, left = (_LENGTH(js_value(_arg(args, index))) or 0 for index in range(4))
    context.image.extend(top, right, bottom, left, context.colour)


def _extend4(
    context: Context,
    top: float | None,
    right: float | None,
    bottom: float | None,
    left: float | None,
    fill: str | None,
) -> None:
    if fill == "repeat":
        raise ipx_error(400, "IPX_INVALID_MODIFIER", "Cannot apply modifier: extend with repeat is not supported")
    sides = [int(margin or 0) for margin in (top, right, bottom, left)]
    context.image.extend(sides[0], sides[1], sides[2], sides[3], context.colour, FILLS[fill] if fill else None)


def _rotate(context: Context, degrees: float | None) -> None:
    if degrees is None:
        context.keeps_orientation = False
    else:
        context.image.rotate(degrees, context.colour)


def _rotate3(context: Context, args: Sequence[str]) -> None:
    _rotate(context, real(-1e15, 1e15)(js_value(_arg(args, 0))))


def _blur3(context: Context, args: Sequence[str]) -> None:
    value = js_value(_arg(args, 0))
    if value is not False:
        context.image.blur(None if value is True else _SIGMA(value))


def _threshold3(context: Context, args: Sequence[str]) -> None:
    value = js_value(_arg(args, 0))
    if isinstance(value, bool):
        context.image.threshold(128 if value else 0)
    else:
        context.image.threshold(128 if value is None else whole(0, 255)(value) or 0)


def _gamma3(context: Context, args: Sequence[str]) -> None:
    encoding, decoding = (_GAMMA(js_value(_arg(args, index))) for index in range(2))
    context.image.gamma(encoding or 2.2, decoding)


def _median3(context: Context, args: Sequence[str]) -> None:
    context.image.median(whole(1, 1_000)(js_value(_arg(args, 0))) or 3)


def _sharpen3(context: Context, args: Sequence[str]) -> None:
    value = js_value(_arg(args, 0))
    if isinstance(value, bool):
        sigma = None
        if not value:
            return
    else:
        sigma = real(0.01, 10_000)(value)
    flat, jagged = (_SHARPENING(js_value(_arg(args, index))) for index in (1, 2))
    context.image.sharpen(sigma, 1.0 if flat is None else flat, 2.0 if jagged is None else jagged)


def _tint3(context: Context, args: Sequence[str]) -> None:
    if colour := tint3(_arg(args, 0)):
        context.image.tint(colour)


def _always_fails(expects: str) -> Apply:
    """Build a modifier that the sharp of today refuses whatever its arguments are."""

    def apply(_context: Context, _args: Sequence[str]) -> None:
        raise ValueError(expects)

    return apply


def _sharpen4(
    context: Context,
    sigma: float | None,
    flat: float | None,
    jagged: float | None,
    x1: float | None,
    y2: float | None,
    y3: float | None,
) -> None:
    given = (flat, jagged, x1, y2, y3)
    defaults = (1.0, 2.0, 2.0, 10.0, 20.0)
    context.image.sharpen(
        sigma, *(default if value is None else value for value, default in zip(given, defaults, strict=True))
    )


def _threshold4(context: Context, value: float | None, grayscale: bool | None) -> None:
    context.image.threshold(128 if value is None else int(value), grayscale=grayscale is not False)


def _modulate4(
    context: Context,
    brightness: float | None = None,
    saturation: float | None = None,
    hue: float | None = None,
    lightness: float | None = None,
) -> None:
    context.image.modulate(brightness, saturation, None if hue is None else int(hue), lightness)


def _linear4(context: Context, factor: float | None, offset: float | None) -> None:
    if factor is not None or offset is not None:
        context.image.linear(1.0 if factor is None else factor, offset or 0.0)


def _opacity4(context: Context, share: float) -> None:
    context.image.opacity(share)
    if context.background:
        context.image.flatten(context.colour)


def _unflatten4(_context: Context, _args: Sequence[str]) -> None:
    raise ipx_error(400, "IPX_INVALID_MODIFIER", "Cannot apply modifier: unflatten is not supported")


def _normalise4(context: Context, lower: float | None, upper: float | None) -> None:
    if (1 if lower is None else lower) >= (99 if upper is None else upper):
        raise ValueError("lower to be less than upper")
    context.image.normalise()


def _clahe4(context: Context, width: float, _height: float | None, max_slope: float | None) -> None:
    context.image.clahe(int(width), 3 if max_slope is None else int(max_slope))


def _text3(name: str) -> Apply:
    """Build a modifier of version 3 that keeps its argument for others."""

    def apply(context: Context, args: Sequence[str]) -> None:
        setattr(context, name, _arg(args, 0))

    return apply


def _quality3(context: Context, args: Sequence[str]) -> None:
    context.quality = whole(1, 100)(js_value(_arg(args, 0)))


def _plain(call: Callable[[SharpImage], None]) -> Apply:
    return lambda context, _args: call(context.image)


def _both(option: Option, apply: Apply) -> Modifier:
    return Modifier(option, apply, apply)


def _only4(option: Option, function: Callable[..., None], *readers: Reader4) -> Modifier:
    return Modifier(option, None, _call4(function, *readers))


_FIRST: Final = -1
_MARGIN4: Final = tuple(
    Number4(f"extend.{side}", 0, 10_000, integer=True) for side in ("top", "right", "bottom", "left")
)
_EXTRACT4: Final = tuple(
    Number4(f"extract.{name}", low, MAX_LENGTH, integer=True, required=True)
    for name, low in (("left", 0), ("top", 0), ("width", 1), ("height", 1))
)
_POSITION_WORDS: Final = tuple(dict.fromkeys(word for name in _POSITIONS for word in (name, name.replace(" ", "-"))))

MODIFIERS: Final = (
    Modifier(
        Option(("width", "w"), "Width in pixels; never enlarges without `enlarge`.", "`width`"),
        lambda context, args: _side3(context, "width", args),
        _call4(lambda context, side: _side4(context, "width", side), Number4("width", 1, integer=True)),
    ),
    Modifier(
        Option(
            ("height", "h"),
            "Height in pixels; never enlarges without `enlarge`. With `width` only the width counts, as in sharp.",
            "`height`",
        ),
        lambda context, args: _side3(context, "height", args),
        _call4(lambda context, side: _side4(context, "height", side), Number4("height", 1, integer=True)),
    ),
    Modifier(
        Option(
            ("resize", "s"),
            "A box, `300x200`, or `300` for a square; shrunk into the original in its own shape unless `enlarge` is "
            "set.",
            "`width`, `height`, `fit=cover`, `clamp=box`",
        ),
        lambda context, args: context.resize(box3(_arg(args, 0))),
        _call4(lambda context, size: context.resize(size, MAX_OUTPUT_SIDE), Box4("resize")),
    ),
    Modifier(
        Option(("fit",), "`cover` (default), `contain`, `fill`, `inside` or `outside`; for `resize`.", "`fit`"),
        _text3("fit"),
        _call4(_set_fit, Word4("fit", tuple(FITS))),
        _FIRST,
        _FIRST,
    ),
    Modifier(
        Option(
            ("position", "pos"),
            "What `cover` keeps, and where `contain` puts the image: `top`, `right top` …, `north`, `entropy`, "
            "`attention`.",
            "`gravity`",
        ),
        _text3("position"),
        _call4(
            lambda context, text: _set_position(context, text and text.replace("-", " ")),
            Word4("position", _POSITION_WORDS),
        ),
        _FIRST,
        _FIRST,
    ),
    _both(Option(("enlarge",), "Allows enlarging.", "`enlarge=true`"), _enlarge),
    Modifier(
        Option(
            ("kernel",), "Resampling kernel, for `resize`; `mks2013` and `mks2021` count as `lanczos3`.", "`kernel`"
        ),
        _text3("kernel"),
        _call4(_set_kernel, Word4("kernel", tuple(KERNELS))),
    ),
    Modifier(
        Option(
            ("background", "b"),
            "Colour of `contain`, `extend`, `flatten` and of the corners of `rotate`; black by default.",
            "`background`",
        ),
        _text3("background"),
        _call4(_set_background, Colour4("background")),
        _FIRST,
        _FIRST,
    ),
    Modifier(
        Option(("extend",), "Padding: top, right, bottom, left.", "`padding`", "`repeat` of version 4 is refused."),
        _extend3,
        _call4(_extend4, *_MARGIN4, Word4("extend.extendWith", (*FILLS, "repeat"))),
        order4=1,
    ),
    Modifier(
        Option(
            ("extract", "crop"), "A region: left, top, width, height; outside the original it is an error.", "`crop`"
        ),
        _extract3,
        _call4(
            lambda context, *numbers: context.image.extract(*map(int, numbers)),
            *_EXTRACT4,
        ),
    ),
    Modifier(
        Option(
            ("format", "f"),
            "`jpeg`, `jpg`, `png`, `webp`, `avif`, `gif`, `tiff`, `heif` or `heic`; `auto` by `Accept`: AVIF, WebP, "
            "else JPEG; others mean the format of the original.",
            "`format`",
            "ipx fails for `heif` and `heic`, which are HEIC here. `auto` ignores JPEG, PNG, TIFF and GIF in `Accept`.",
            Status.DIFFERS,
        ),
        None,
        None,
    ),
    Modifier(
        Option(("animated", "a"), "Keeps animations in formats other than GIF, which always are.", "`animated`"),
        None,
        None,
    ),
    Modifier(
        Option(
            ("quality", "q"),
            "1 to 100.",
            "`quality`",
            "One scale of perceived quality for all formats; a PNG keeps all its colours.",
            Status.DIFFERS,
        ),
        _quality3,
        _call4(_set_quality, Number4("quality", 1, 100, integer=True)),
        _FIRST,
        _FIRST,
    ),
    Modifier(
        Option(("rotate",), "Degrees clockwise.", "`rotate`"),
        _rotate3,
        _call4(_rotate, Number4("rotate", -3_600, 3_600)),
    ),
    _both(Option(("flip",), "Mirrors up and down.", "`flip=v`"), _plain(SharpImage.flip)),
    _both(Option(("flop",), "Mirrors left and right.", "`flip=h`"), _plain(SharpImage.flop)),
    Modifier(
        Option(
            ("sharpen",),
            "Sigma, flat, jagged, and in version 4 x1, y2, y3; mild by `sharpen_true` in version 3, without arguments "
            "in version 4.",
            "`sharpen_lab`, `convolution`",
        ),
        _sharpen3,
        _call4(
            _sharpen4,
            Number4("sharpen.sigma", 0.000001, 10),
            *(Number4(f"sharpen.{name}", 0, 1_000_000) for name in ("flat", "jagged", "x1", "y2", "y3")),
        ),
    ),
    Modifier(
        Option(
            ("median",),
            "Median filter over a window of this size; 3 by default in version 4.",
            "`median`",
            "At most a window of 11.",
            Status.DIFFERS,
        ),
        _median3,
        _call4(lambda context, size: context.image.median(int(size or 3)), Number4("median", 1, 1_000, integer=True)),
    ),
    Modifier(
        Option(
            ("blur",),
            "Sigma; without one a mild blur in version 4.",
            "`blur`",
            "Scaled to what libvips makes of sigma.",
        ),
        _blur3,
        _call4(
            lambda context, sigma, *_others: context.image.blur(sigma),
            Number4("blur.sigma", 0.3, 1_000),
            Word4("blur.precision", ("integer", "float", "approximate")),
            Number4("blur.minAmplitude", 0.001, 1),
        ),
    ),
    _both(
        Option(("flatten",), "Puts the background behind the image.", "`flatten`"),
        lambda context, _args: context.image.flatten(context.colour),
    ),
    Modifier(
        Option(
            ("gamma",),
            "1 to 3, then that of the output.",
            "`gamma`",
            "Only the ratio of the two counts, and that light is mixed in resampling.",
            Status.DIFFERS,
        ),
        _gamma3,
        _call4(
            lambda context, encoding, decoding: context.image.gamma(encoding or 2.2, decoding),
            Number4("gamma", 1, 3),
            Number4("gamma.gammaOut", 1, 3),
        ),
    ),
    Modifier(
        Option(("negate",), "Inverts the colours.", "`invert`", "Transparency is not inverted.", Status.DIFFERS),
        _plain(SharpImage.negate),
        _call4(lambda context, _alpha: context.image.negate(), Flag4("negate.alpha")),
    ),
    Modifier(
        Option(
            ("normalize",),
            "Stretches contrast.",
            "`normalize`",
            "Always from the 1st to the 99th percentile.",
            Status.DIFFERS,
        ),
        _plain(SharpImage.normalise),
        _call4(_normalise4, Number4("normalize.lower", 0, 99), Number4("normalize.upper", 1, 100)),
    ),
    Modifier(
        Option(("threshold",), "Black and white at this grey.", "`threshold`"),
        _threshold3,
        _call4(_threshold4, Number4("threshold", 0, 255, integer=True), Flag4("threshold.grayscale")),
    ),
    Modifier(
        Option(("grayscale",), "Removes colour.", "`grayscale`"),
        _plain(SharpImage.grayscale),
        _plain(SharpImage.grayscale),
    ),
    Modifier(
        Option(("tint",), "A colour; version 3 needs `#` before digits.", "`tint`"),
        _tint3,
        _call4(lambda context, colour: colour and context.image.tint(colour), Colour4("tint")),
    ),
    Modifier(
        Option(
            ("modulate",),
            "Version 4: brightness, saturation, hue, lightness.",
            "`modulate`, `lightness`",
            "An error in version 3, as the sharp of today refuses it.",
        ),
        _always_fails("plain object"),
        _call4(
            _modulate4,
            Number4("modulate.brightness", 0),
            Number4("modulate.saturation", 0),
            Number4("modulate.hue", integer=True),
            Number4("modulate.lightness"),
        ),
    ),
    Modifier(
        Option(
            ("trim",),
            "Version 4: removes borders; the tolerance, 10 by default.",
            "`trim`",
            "An error in version 3, as the sharp of today refuses it.",
        ),
        _always_fails("object"),
        _call4(
            lambda context, threshold: context.image.trim(10 if threshold is None else threshold), Number4("trim", 0)
        ),
    ),
    Modifier(
        Option(("autoorient",), "Version 4: applies the EXIF orientation.", "`orientation=auto`"),
        None,
        lambda context, _args: setattr(context, "keeps_orientation", False),
    ),
    _only4(
        Option(
            ("dilate",),
            "Version 4: dark areas grow, each bit of a value by itself, as in sharp.",
            "`erode`, `morphology=bits`",
            "At most by 20.",
            Status.DIFFERS,
        ),
        lambda context, width: context.image.dilate(int(width or 1)),
        Number4("dilate", 1, 100, integer=True),
    ),
    _only4(
        Option(
            ("erode",),
            "Version 4: light areas grow, each bit of a value by itself, as in sharp.",
            "`dilate`, `morphology=bits`",
            "At most by 20.",
            Status.DIFFERS,
        ),
        lambda context, width: context.image.erode(int(width or 1)),
        Number4("erode", 1, 100, integer=True),
    ),
    _only4(
        Option(
            ("clahe",),
            "Version 4: local contrast: width and height of the window, slope.",
            "`clahe`",
            "The window is a square of at most 64.",
            Status.DIFFERS,
        ),
        _clahe4,
        Number4("clahe.width", 1, 100, integer=True, required=True),
        Number4("clahe.height", 1, 100, integer=True),
        Number4("clahe.maxSlope", 0, 100, integer=True),
    ),
    _only4(
        Option(("linear",), "Version 4: a factor, and what is added.", "`convolution`"),
        _linear4,
        Number4("linear.a"),
        Number4("linear.b"),
    ),
    _only4(
        Option(("brightness",), "Version 4: factor of lightness.", "`modulate`"),
        lambda context, value: _modulate4(context, brightness=value),
        Number4("brightness", 0, required=True),
    ),
    _only4(
        Option(("saturation",), "Version 4: factor of saturation.", "`modulate`"),
        lambda context, value: _modulate4(context, saturation=value),
        Number4("saturation", 0, required=True),
    ),
    _only4(
        Option(("hue",), "Version 4: degrees added to the hue.", "`modulate`"),
        lambda context, value: _modulate4(context, hue=value),
        Number4("hue", integer=True, required=True),
    ),
    _only4(
        Option(("lightness",), "Version 4: added to the lightness.", "`lightness`"),
        lambda context, value: _modulate4(context, lightness=value),
        Number4("lightness", required=True),
    ),
    _only4(
        Option(("opacity",), "Version 4: 0 to 1; on the background if there is one.", "`opacity`, `flatten`"),
        _opacity4,
        Number4("opacity", 0, 1, required=True),
    ),
    Modifier(
        Option(
            ("unflatten",), "Version 4: makes white transparent.", "", "There is no such operation.", Status.REFUSED
        ),
        None,
        _unflatten4,
    ),
)
MODIFIERS_BY_NAME: Final = by_name(MODIFIERS)
OPTIONS: Final = options_of(MODIFIERS)
