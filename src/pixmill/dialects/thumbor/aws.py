"""The URLs of AWS Dynamic Image Transformation (Serverless Image Handler), in its three forms.

- ``/BASE64``: JSON with ``bucket``, ``key`` and ``edits``, which are operations of sharp;
- ``/fit-in/300x200/filters:grayscale()/key``: thumbor's options without its signature;
- ``/key?width=300&height=200&fit=cover``.

A signature is the parameter ``signature``: HMAC-SHA256 in hexadecimal digits, of the path, ``?`` and the other
parameters in the order of their names, or of the path alone if there are none.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import Struct, structs

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.effects import BOX_BLUR, MILD_SHARPEN, vips_blur_sigma
from pixmill.dialects.kit.encodings import base64url_decode
from pixmill.dialects.kit.numbers import angle, decimal, integer
from pixmill.dialects.kit.options import Option, Status, by_name
from pixmill.dialects.kit.query import check_path_length, first_values, pairs, remove
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, hmac_sha256
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.thumbor.compile import Compiler
from pixmill.dialects.thumbor.grammar import Flavour
from pixmill.dialects.thumbor.overlay_positions import thumbor_placement
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.dialects.thumbor.writing import image_of, options_of
from pixmill.errors import (
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RouteNotFound,
    UnknownParameter,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import LabSharpen, Modulate
from pixmill.plan.gravity import Faces, Gravity, Interest, Point, Smart
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import BlurSpace, Clamp, Crop, CropOverflow, Fit, Flip, ImageOverlay, Output, Plan, Resize
from pixmill.plan.output import Encoding, Metadata, Profile, RenderMode
from pixmill.plan.overlays import Length
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Ellipse, Shape
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import FreeRotation, Trim

_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/{+image}", label="aws:/image", summary="An image, by JSON in base64, by thumbor's options, or a query."),
)
_MAX_JSON_BYTES: Final = 32_768
_BLACK: Final = Colour(0, 0, 0)
_JSON_START: Final = b"ey"
"""How an object begins in base64."""


class AwsOptions(ThumborOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one mount: EXIF orientation is on, and ``fit-in`` enlarges."""

    respect_orientation: bool | None = True
    fit_in_enlarges: bool = True


class _Body(Struct, forbid_unknown_fields=False):
    """The JSON of a request."""

    key: str
    bucket: str = ""
    edits: dict[str, object] = {}
    output_format: str = msgspec.field(name="outputFormat", default="")


@dataclass(slots=True)
class _Draft:
    """One image in the making: the plan of one stage, in sharp's own order."""

    source_of: Callable[[str], SourceRef]
    bucket: str
    plan: Plan = field(default_factory=Plan)
    output_format: Format | None = None
    quality: int | None = None
    respects_orientation: bool = True

    def put(self, **changes: object) -> None:
        self.plan = structs.replace(self.plan, **changes)

    def tone(self, **changes: object) -> None:
        adjust = self.plan.adjust
        self.put(adjust=structs.replace(adjust, tone=structs.replace(adjust.tone, **changes)))

    def colour(self, **changes: object) -> None:
        adjust = self.plan.adjust
        self.put(adjust=structs.replace(adjust, colour=structs.replace(adjust.colour, **changes)))

    def effect(self, **changes: object) -> None:
        self.put(effects=structs.replace(self.plan.effects, **changes))


Change = Callable[[_Draft, object], None]


@dataclass(frozen=True, slots=True)
class EditRow:
    """An edit, and what it changes; raises ValueError, TypeError or KeyError for what it cannot read."""

    option: Option
    change: Change


def _number(value: object, low: float, high: float) -> float:
    """Return a number between bounds. Raises ValueError."""
    if isinstance(value, str):
        value = float(decimal(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"must be a number from {low:g} to {high:g}")
    return float(value)


def _fields(value: object) -> Mapping[str, object]:
    """Return the fields of an object. Raises TypeError."""
    if not isinstance(value, dict):
        raise TypeError("must be an object")
    return value


def _side(value: object) -> int:
    return 0 if value in (None, "", 0) else round(_number(value, 1, 65_535))


def _is_on(value: object) -> bool:
    return value is True or value in ("true", "", "1")


def _colour(value: object) -> Colour:
    """Return a colour from its name, its digits, or an object with r, g, b and alpha."""
    if isinstance(value, Mapping):
        red, green, blue = (round(_number(value.get(name, 0), 0, 255)) for name in "rgb")
        return Colour(red, green, blue, round(_number(value.get("alpha", 1), 0, 1) * 255))
    return css_colour(str(value))


_FITS: Final = {fit.value: fit for fit in (Fit.COVER, Fit.CONTAIN, Fit.FILL, Fit.INSIDE, Fit.OUTSIDE)}
_POSITIONS: Final[Mapping[str, Gravity]] = {
    "top": Point(0.5, 0.0),
    "right top": Point(1.0, 0.0),
    "right": Point(1.0, 0.5),
    "right bottom": Point(1.0, 1.0),
    "bottom": Point(0.5, 1.0),
    "left bottom": Point(0.0, 1.0),
    "left": Point(0.0, 0.5),
    "left top": Point(0.0, 0.0),
    "north": Point(0.5, 0.0),
    "northeast": Point(1.0, 0.0),
    "east": Point(1.0, 0.5),
    "southeast": Point(1.0, 1.0),
    "south": Point(0.5, 1.0),
    "southwest": Point(0.0, 1.0),
    "west": Point(0.0, 0.5),
    "northwest": Point(0.0, 0.0),
    "center": Point(),
    "centre": Point(),
    "entropy": Smart(Interest.ENTROPY),
    "attention": Smart(),
}


def _resize(draft: _Draft, value: object) -> None:
    options = _fields(value)
    width, height = _side(options.get("width")), _side(options.get("height"))
    fit = _FITS[str(options.get("fit") or "cover")]
    is_limited = _is_on(options.get("withoutEnlargement"))
    if "background" in options:
        draft.put(background=_colour(options["background"]))
    elif fit is Fit.CONTAIN:
        draft.put(background=Colour(0, 0, 0))
    if width or height:
        gravity = draft.plan.resize.gravity
        draft.put(
            resize=Resize(
                width,
                height,
                fit if width and height else Fit.INSIDE,
                gravity=_POSITIONS[str(options.get("position") or "center")] if gravity == Point() else gravity,
                enlarge=not is_limited,
                clamp=Clamp.SIDES if is_limited and fit in (Fit.COVER, Fit.FILL) else Clamp.SHAPE,
                rounding=RoundingMode.RECIPROCAL_HALF_EVEN,
            )
        )


def _rotate(draft: _Draft, value: object) -> None:
    if value is None:
        draft.respects_orientation = False
        return
    degrees = angle(_number(value, -36_000, 36_000))
    if degrees % 90 == 0:
        draft.put(rotate=int(degrees))
    else:
        draft.put(rotate_free=FreeRotation(float(degrees), Colour(0, 0, 0)))


def _mirror(flip: Flip, both: Flip) -> Change:
    def change(draft: _Draft, value: object) -> None:
        if _is_on(value):
            draft.put(flip=Flip.BOTH if draft.plan.flip is both else flip)

    return change


def _blur(draft: _Draft, value: object) -> None:
    if value is True:
        draft.effect(convolution=BOX_BLUR)
    elif value is not False and value is not None:
        draft.put(blur=vips_blur_sigma(_number(value, 0.1, 1_000)), blur_space=BlurSpace.SRGB)


def _sharpen(draft: _Draft, value: object) -> None:
    if value is True:
        draft.effect(convolution=MILD_SHARPEN)
        return
    options = value if isinstance(value, Mapping) else {"sigma": value}
    draft.effect(
        sharpen_lab=LabSharpen(
            min(max(_number(options["sigma"], 0.000001, 10_000), 0.1), 10.0),
            flat=min(_number(options.get("m1", 1), 0, 1_000_000), 10.0),
            jagged=min(_number(options.get("m2", 2), 0, 1_000_000), 10.0),
        )
    )


def _modulate(draft: _Draft, value: object) -> None:
    options = _fields(value)
    lightness, chroma = (min(_number(options.get(name, 1), 0, 1_000), 10.0) for name in ("brightness", "saturation"))
    hue = float(angle(_number(options.get("hue", 0), -36_000, 36_000)))
    draft.colour(modulate=Modulate(lightness, chroma, hue))


def _extract(draft: _Draft, value: object) -> None:
    area = _fields(value)
    left, top = _number(area["left"], 0, 65_535), _number(area["top"], 0, 65_535)
    width, height = _number(area["width"], 1, 65_535), _number(area["height"], 1, 65_535)
    draft.put(crop=Crop(left, top, width, height, overflow=CropOverflow.REFUSE))


def _trim(draft: _Draft, value: object) -> None:
    options = value if isinstance(value, Mapping) else {"threshold": 10 if value is True else value}
    if value is False:
        return
    colour = _colour(options["background"]) if options.get("background") else None
    draft.put(trim=Trim(round(_number(options.get("threshold", 10), 0, 255)), colour))


def _format(draft: _Draft, value: object) -> None:
    draft.output_format = _FORMATS[str(value).lower()]


def _encoder(form: Format) -> Change:
    def change(draft: _Draft, value: object) -> None:
        draft.output_format = form
        if isinstance(value, Mapping) and value.get("quality") is not None:
            draft.quality = round(_number(value["quality"], 1, 100))

    return change


_FORMATS: Final = {
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "heif": Format.HEIC,
    "gif": Format.GIF,
    "tiff": Format.TIFF,
    "tif": Format.TIFF,
    "jxl": Format.JXL,
}


def _overlay(draft: _Draft, value: object) -> None:
    other = _fields(value)
    options = _fields(other.get("options") or {})
    x, y = (str(options.get(name, "center")) for name in ("left", "top"))
    for text in (x, y):
        if text != "center":
            integer(text.removesuffix("p"))
    ratios = [other.get(name) for name in ("wRatio", "hRatio")]
    width, height = (Length(_number(one, 1, 100), percent=True) if one else None for one in ratios)
    name = str(other["key"])
    bucket = str(other.get("bucket") or draft.bucket)
    overlay = ImageOverlay(
        draft.source_of(f"s3://{bucket}/{name}" if bucket else name),
        width,
        height,
        placement=thumbor_placement(x, y, 100.0 - _number(other.get("alpha") or 0, 0, 100)),
    )
    draft.put(overlays=(*draft.plan.overlays, overlay))


def _smart_crop(draft: _Draft, value: object) -> None:
    if value:
        draft.put(resize=structs.replace(draft.plan.resize, gravity=Faces()))


def _switch(change: Callable[[_Draft], None]) -> Change:
    return lambda draft, value: change(draft) if _is_on(value) else None


def _row(
    names: tuple[str, ...], meaning: str, native: str, change: Change, note: str = "", status: Status = Status.SUPPORTED
) -> EditRow:
    return EditRow(Option(names, meaning, native, note, status), change)


EDIT_ROWS: Final = (
    _row(
        ("smartCrop",),
        "Keeps the faces",
        "`gravity=face`",
        _smart_crop,
        "faceIndex and padding are ignored; needs `pixmill[faces]`",
        Status.DIFFERS,
    ),
    _row(("resize",), "Size: width, height, fit, position, background, withoutEnlargement", "`width`, …", _resize),
    _row(("rotate",), "Turns clockwise; null ignores the EXIF orientation", "`rotate`, `orientation=none`", _rotate),
    _row(("flip",), "Mirrors top to bottom", "`flip=vertical`", _mirror(Flip.VERTICAL, Flip.HORIZONTAL)),
    _row(("flop",), "Mirrors left to right", "`flip=horizontal`", _mirror(Flip.HORIZONTAL, Flip.VERTICAL)),
    _row(("extract",), "Crop before the resize: left, top, width, height", "`crop`", _extract),
    _row(("trim",), "Trims borders", "`trim`", _trim),
    _row(("grayscale", "greyscale"), "Removes colour", "`grayscale`", _switch(lambda draft: draft.put(grayscale=True))),
    _row(("negate",), "Inverts the colours", "`invert`", _switch(lambda draft: draft.tone(invert=True))),
    _row(
        ("normalize", "normalise"),
        "Stretches the contrast",
        "`normalize`",
        _switch(lambda draft: draft.tone(normalise=True)),
    ),
    _row(
        ("gamma",),
        "Gamma of the resize",
        "",
        lambda _draft, _value: None,
        "resizing is in linear light; colours do not change",
        Status.IGNORED,
    ),
    _row(("tint",), "Tints", "`tint`", lambda draft, value: draft.colour(tint=_colour(value))),
    _row(("modulate",), "Brightness, saturation, hue", "`modulate`", _modulate),
    _row(("blur",), "Blurs: sigma", "`blur`", _blur),
    _row(
        ("median",),
        "Median filter",
        "`median`",
        lambda draft, value: draft.effect(median=1 if value is True else round(_number(value, 1, 11)) // 2),
    ),
    _row(("sharpen",), "Sharpens: sigma, or sigma, m1 and m2", "`sharpen_lab`", _sharpen),
    _row(
        ("flatten",),
        "Puts a colour behind the image",
        "`flatten`",
        lambda draft, value: draft.put(
            flatten=_colour(value["background"]) if isinstance(value, Mapping) and value.get("background") else _BLACK
        ),
    ),
    _row(
        ("roundCrop",),
        "Cuts an ellipse",
        "`mask=ellipse`",
        lambda draft, value: draft.put(shape=Shape(mask=Ellipse())) if value else None,
        "in the middle, as large as the image",
        Status.DIFFERS,
    ),
    _row(("overlayWith",), "Draws another image: bucket, key, alpha, wRatio, hRatio, options", "`overlay`", _overlay),
    _row(("toFormat", "format"), "Format of the result", "`format`", _format),
    *(
        _row((name,), f"{name} and its quality", "`format`, `quality`", _encoder(form))
        for name, form in _FORMATS.items()
        if name not in {"jpg", "tif"}
    ),
    _row(
        ("animated",),
        "Whether an animation stays one",
        "`animated`",
        lambda draft, value: draft.put(input=structs.replace(draft.plan.input, animated=_is_on(value))),
    ),
    _row(
        ("contentModeration", "strip_exif", "strip_icc", "withMetadata"),
        "Nothing here",
        "",
        lambda _draft, _value: None,
        status=Status.IGNORED,
    ),
)
EDITS: Final = by_name(EDIT_ROWS)
_SIZE_NAMES: Final = frozenset({"width", "height", "fit", "position", "background", "withoutEnlargement"})
_QUERY_NAMES: Final = _SIZE_NAMES | {"rotate", "flip", "flop", "grayscale", "greyscale", "format"}


class AwsDialect:
    """The URLs of one mount. Relative keys are below the mount's base, which is the default bucket."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        settings: AwsOptions,
        keys: tuple[Key, ...] = (),
        default_scheme: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._mode = mode
        self._compiler = Compiler(settings, default_scheme, mode)
        self._match = template_matcher(_ROUTES)
        self._scheme = Scheme(hmac_sha256, Spelling.HEX)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del now  # signatures do not expire
        if self._keys:
            rest = b"&".join(sorted(filter(None, remove(query, frozenset({b"signature"})).split(b"&"))))
            given = first_values(pairs(query, {"signature"})).get("signature", "")
            message = path + b"?" + rest if rest else path
            self._scheme.verify(self._keys, message, given.encode("ascii", "replace"))
        return None

    def write(self, request: ImageRequest) -> Iterable[str]:
        yield f"/{options_of(request, Flavour.THUMBOR)}{image_of(request.source)}"

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        check_path_length(path)
        if body := _json_body(path):
            name = f"s3://{body.bucket}/{body.key}" if body.bucket else body.key
            edits = body.edits | ({"toFormat": body.output_format} if body.output_format else {})
            return self._edited(self._compiler.find_source(name), body.bucket, edits)
        values = first_values(pairs(query, _QUERY_NAMES))
        request, _ = self._compiler.request_of(path.removeprefix(b"/").removeprefix(b"unsafe/"))
        if not values:
            return request
        size = {name: value for name, value in values.items() if name in _SIZE_NAMES}
        edits = {name: value for name, value in values.items() if name not in _SIZE_NAMES}
        return self._edited(request.source, "", ({"resize": size} if size else {}) | edits)

    def _edited(self, source: SourceRef, bucket: str, edits: Mapping[str, object]) -> ImageRequest:
        """Return the request of edits. Raises InvalidParameter, UnknownParameter."""
        draft = _Draft(self._compiler.find_source, bucket)
        unknown = next((name for name in edits if name not in EDITS), None)
        if unknown is not None:
            raise UnknownParameter(f"There is no edit {unknown[:64]!r}", param="edits")
        for name in EDITS:  # the order of work, as sharp's, does not depend on the order of the edits
            if name in edits:
                _apply(draft, name, edits[name])
        return ImageRequest(source, self._plan(draft), max_age_s=self._settings.max_age)

    def _plan(self, draft: _Draft) -> Plan:
        form = draft.output_format
        respects = draft.respects_orientation and self._settings.respect_orientation
        quality = draft.quality or self._settings.quality or 80
        output = Output((form,)) if form else Output(source_format=True)
        plan = structs.replace(
            draft.plan,
            input=structs.replace(draft.plan.input, orientation=0 if respects else 1),
            output=structs.replace(
                output,
                quality=quality,
                metadata=Metadata.STRIP,
                profile=Profile.SRGB,
                encoding=Encoding(mode=self._mode),
            ),
        )
        return normal_form(plan)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        body = {"status": status, "code": type(error).__name__, "message": error.message}
        return Text(json.dumps(body), status, "application/json")


def _json_body(path: bytes) -> _Body | None:
    """Return the JSON of a path in base64, None if it is none. Raises MalformedRequest."""
    text = path.removeprefix(b"/")
    if not text.startswith(_JSON_START):
        return None
    try:
        raw = base64url_decode(text, max_bytes=_MAX_JSON_BYTES)
    except ValueError:
        return None
    if not raw.startswith(b"{"):
        return None
    try:
        return msgspec.json.decode(raw, type=_Body)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"The JSON of the path: {error}") from None


def _apply(draft: _Draft, name: str, value: object) -> None:
    try:
        EDITS[name].change(draft, value)
    except InvalidParameter:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InvalidParameter(f"{name}: {error}", param=name) from None
