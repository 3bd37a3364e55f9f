"""ImageSharp.Web, also as Umbraco uses it: ``/media/a.jpg?width=300&height=200&rmode=crop&ranchor=top``.

Any bytes give an outcome, or BadRequest. What is unknown or cannot be read is ignored, and a URL without commands gives
the original itself.
"""

import hmac
from base64 import b64decode
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.kit.colours import components_colour
from pixmill.dialects.kit.numbers import decimal
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.kit.query import MAX_QUERY_BYTES, pairs
from pixmill.dialects.kit.signatures import Key, check_signable, hmac_sha256
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.riapi import values as readers
from pixmill.dialects.riapi.writing import imagesharp_urls
from pixmill.errors import (
    BadRequest,
    MalformedRequest,
    PixmillError,
    RequestTooLarge,
    RouteNotFound,
    SignatureInvalid,
    SignatureMissing,
)
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Point
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import (
    CropInsets,
    CropOverflow,
    CropUnit,
    Fit,
    Input,
    Kernel,
    Output,
    Plan,
    ResampleSpace,
    Resize,
)
from pixmill.plan.output import Encoding, Metadata, Profile, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.size_rules import SkipSmaller

MAX_PATH_BYTES: Final = 65_536

_HMAC: Final = "hmac"
_QUALITY: Final = 75
_ORIGINAL: Final = normal_form(Plan(output=Output(source_format=True, metadata=Metadata.ALL)))
_BLACK: Final = Colour(0, 0, 0)
_JPEG_ENDINGS: Final = (b".jpg", b".jpeg", b".jfif")
_EDGES: Final = 4
_FORMATS: Final = {
    "jpg": Format.JPEG,
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "gif": Format.GIF,
    "webp": Format.WEBP,
    "bmp": Format.BMP,
    "tiff": Format.TIFF,
    "tif": Format.TIFF,
}
_WRITABLE: Final = tuple(dict.fromkeys(_FORMATS.values()))
_MODES: Final = frozenset(("crop", "pad", "boxpad", "max", "min", "stretch", "manual"))
_ANCHORS: Final = {
    vertical + horizontal or "center": Point(x, y)
    for vertical, y in (("top", 0.0), ("", 0.5), ("bottom", 1.0))
    for horizontal, x in (("left", 0.0), ("", 0.5), ("right", 1.0))
}
_KERNELS: Final = {
    "nearest": Kernel.NEAREST,
    "box": Kernel.LINEAR,
    "triangle": Kernel.LINEAR,
    "hermite": Kernel.LINEAR,
    "bicubic": Kernel.CUBIC,
    "catmull": Kernel.CUBIC,
    "mitchell": Kernel.MITCHELL,
    "robidoux": Kernel.MITCHELL,
    "robidouxsharp": Kernel.MITCHELL,
    "spline": Kernel.MITCHELL,
    "lanczos2": Kernel.LANCZOS2,
    "lanczos3": Kernel.LANCZOS3,
    "lanczos5": Kernel.LANCZOS3,
    "lanczos8": Kernel.LANCZOS3,
    "welch": Kernel.LANCZOS3,
}


class ImageSharpOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``base64_keys``: ``keys`` are base64, as in the settings of Umbraco."""

    base64_keys: bool = False


class Values(Struct, frozen=True):
    """The values of the commands."""

    width: int = 0
    height: int = 0
    rmode: str = "crop"
    ranchor: Point = Point()
    rxy: Point | None = None
    rcolor: Colour | None = None
    rsampler: Kernel = Kernel.CUBIC
    compand: bool = False
    cc: tuple[Fraction, ...] = ()
    bgcolor: Colour | None = None
    format: Format | None = None
    quality: int = _QUALITY


def _mode(text: str) -> str:
    if text.lower() not in _MODES:
        raise ValueError("not a mode")
    return text.lower()


def _colour(text: str) -> Colour:
    return components_colour(text.split(",", 4)) if "," in text else readers.colour(text)


def _shares(text: str, count: int) -> tuple[Fraction, ...]:
    found = tuple(min(max(decimal(part.strip()), Fraction(0)), Fraction(1)) for part in text.split(",", count))
    if len(found) != count:
        raise ValueError("wrong number of values")
    return found


def _centre(text: str) -> Point:
    x, y = _shares(text, 2)
    return Point(float(x), float(y))


Read = Callable[[str], object]


def _row(
    names: str, meaning: str, native: str, read: Read, note: str = "", status: Status = Status.SUPPORTED
) -> OptionRow[Read]:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), read)


ROWS: Final[tuple[OptionRow[Read], ...]] = (
    _row("width", "Width; alone the shape is kept.", "`width`", readers.side),
    _row("height", "Height.", "`height`", readers.side),
    _row("rmode", "`crop` (default), `pad`, `boxpad`, `max`, `min` or `stretch`. All but `min` enlarge; `boxpad` "
         "enlarges the canvas only.", "`fit`, `enlarge`", _mode, "`manual` is as `crop`.", Status.DIFFERS),
    _row("ranchor", "Which part stays, or where the image is: `center`, `top`, `topleft` …", "`gravity`",
         lambda text: _ANCHORS[text.lower()]),
    _row("rxy", "Focal point of `crop`: shares `x,y`.", "`gravity=fp:`", _centre),
    _row("rcolor", "Colour of the canvas of `pad` and `boxpad`; transparent by default, black in JPEG.", "`background`",
         _colour),
    _row("rsampler", "Resampling; `bicubic` by default.", "`kernel`", lambda text: _KERNELS[text.lower()],
         "The nearest of Pixmill's kernels.", Status.DIFFERS),
    _row("cc", "Shares that are cut off: left, top, right, bottom.", "`crop=edges:`",
         lambda text: _shares(text, _EDGES)),
    _row("bgcolor", "Behind transparency: a name, hexadecimal digits, or `r,g,b`.", "`flatten`", _colour),
    _row("format", "`jpg`, `png`, `gif`, `webp`, `bmp`, `tiff`.", "`format`", lambda text: _FORMATS[text.lower()],
         "No `tga` and `pbm`.", Status.DIFFERS),
    _row("quality", "1 to 100; 75 by default.", "`quality`", readers.percent_number,
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row(_HMAC, "Signature, with `keys`.", "`sig`", str),
    _row("autoorient orient", "EXIF orientation.", "", str, "Always applied.", Status.IGNORED),
    _row("compand", "`true` mixes light, else sRGB values.", "`light`", readers.boolean),
    _row("v rnd", "Versions of URLs.", "", str, "No effect.", Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)

_FIELDS: Final = frozenset(Values.__struct_fields__)
_COMMANDS: Final = _FIELDS | {"autoorient", "orient"}
"""The names that signatures cover: all that processors of ImageSharp.Web know. Umbraco adds ``v`` after signing."""

_SAFE: Final = "!$()*,;@"
"""What the default encoder of .NET leaves as it is, beside letters, digits and ``-._~``."""
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="imagesharp:/image",
        summary="An image, as ImageSharp.Web delivers it.",
        params=tuple(
            QueryParam(name, option.meaning.replace("`", ""), {"type": "string"})
            for option in OPTIONS
            for name in option.names
        ),
    ),
)


class ImageSharpDialect:
    """The URLs of one site."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: ImageSharpOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a signature. Raises ValueError for keys that are not base64."""
        decode = options.base64_keys
        self._secrets = tuple(b64decode(key.secret, validate=True) if decode else key.secret for key in keys)
        self._mount = mount.encode()
        self._mode = mode
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del now
        if not self._secrets:
            return None
        given = [piece.partition(b"=")[2] for piece in query.split(b"&") if _is_signature(piece)]
        if not given:
            raise SignatureMissing
        message = self._message(path, query)
        matches = [hmac.compare_digest(given[0].lower(), _digest(secret, message)) for secret in self._secrets]
        if True not in matches:
            raise SignatureInvalid
        return None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        check_signable(self._secrets, path, query)
        if expires is not None:
            raise MalformedRequest("Signatures of ImageSharp.Web do not expire")
        rest = _unsigned(query)
        signature = _digest(self._secrets[0], self._message(path, rest)).decode()
        signed = "&".join(piece for piece in (rest.decode(), f"{_HMAC}={signature}") if piece)
        return f"{(self._mount + path).decode('latin-1')}?{signed}"

    def _message(self, path: bytes, query: bytes) -> bytes:
        """Return what is signed: path and commands in lower case, escaped again; versions are not signed."""
        rest = "&".join(f"{quote(name, safe=_SAFE)}={quote(text, safe=_SAFE)}" for name, text in _commands(query))
        return (self._mount + path + (b"?" + rest.encode() if rest else b"")).lower()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return imagesharp_urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES or len(query) > MAX_QUERY_BYTES:
            raise RequestTooLarge(f"Path and query may have at most {MAX_PATH_BYTES} bytes each")
        values = _read(query)
        if values == Values():
            return ImageRequest(path_source(path), _ORIGINAL)
        is_jpeg = values.format is Format.JPEG or (values.format is None and path.lower().endswith(_JPEG_ENDINGS))
        return ImageRequest(path_source(path), _plan(values, is_jpeg=is_jpeg, mode=self._mode))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, 400 if isinstance(error, SignatureMissing | SignatureInvalid) else status)


def _is_signature(piece: bytes) -> bool:
    return piece.partition(b"=")[0].lower() == _HMAC.encode()


def _unsigned(query: bytes) -> bytes:
    return b"&".join(piece for piece in query.split(b"&") if not _is_signature(piece))


def _digest(secret: bytes, message: bytes) -> bytes:
    return hmac_sha256(secret, message).hex().encode()


def _commands(query: bytes) -> list[tuple[str, str]]:
    """Return the commands of a query, decoded, in order; those that cannot be decoded are not there."""
    found: list[tuple[str, str]] = []
    for piece in query.split(b"&"):
        try:
            found += [(name, text) for name, text in pairs(piece) if name.lower() in _COMMANDS]
        except BadRequest:
            continue
    return found


def _read(query: bytes) -> Values:
    """Return the values of a query; of equal names the first counts."""
    found: dict[str, object] = {}
    for name, text in _commands(query):
        lower = name.lower()
        if lower not in _FIELDS or lower in found or not text.strip():
            continue
        try:
            found[lower] = TABLE[lower].read(text.strip())
        except (ValueError, KeyError):
            continue
    return replace(Values(), **found)


def _plan(values: Values, *, is_jpeg: bool, mode: RenderMode) -> Plan:
    behind = values.rcolor or values.bgcolor or (_BLACK if is_jpeg else TRANSPARENT)
    crop = None
    if values.cc:
        left, top, right, bottom = (float(share * 100) for share in values.cc)
        crop = CropInsets(left, top, right, bottom, CropUnit.PERCENT, CropOverflow.IGNORE)
    return normal_form(
        Plan(
            crop=crop,
            resize=_resize(values),
            flatten=values.bgcolor or (_BLACK if is_jpeg else None),
            resample_space=ResampleSpace.LINEAR if values.compand else ResampleSpace.SRGB,
            background=behind,
            input=Input(),
            output=_output(values, mode),
        )
    )


def _resize(values: Values) -> Resize:
    resize = Resize(values.width, values.height, enlarge=True, kernel=values.rsampler, gravity=values.ranchor)
    match values.rmode if values.width and values.height else "":
        case "":
            return replace(resize, enlarge=values.rmode not in {"min", "boxpad"})
        case "min":
            return replace(resize, fit=Fit.OUTSIDE, enlarge=False, skip_smaller=SkipSmaller.EITHER)
        case "boxpad":
            return replace(resize, fit=Fit.CONTAIN, enlarge=False)
        case "crop" | "manual":
            return replace(resize, fit=Fit.COVER, gravity=values.rxy or values.ranchor)
        case mode:
            return replace(resize, fit=_FITS[mode])


_FITS: Final = {"max": Fit.INSIDE, "stretch": Fit.FILL, "pad": Fit.CONTAIN}


def _output(values: Values, mode: RenderMode) -> Output:
    output = Output(
        quality=values.quality, encoding=Encoding(mode=mode), metadata=Metadata.KEEP, profile=Profile.KEEP
    )  # fmt: skip
    if values.format:
        return replace(output, formats=(values.format,))
    return replace(output, source_format=True, original_formats=_WRITABLE)
