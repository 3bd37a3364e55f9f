"""What clients of thumbor and imagor get besides images: errors, ``meta/``, ``params/``. Knows no pixels.

thumbor's errors have no body. imagor's are JSON, with statuses of its own.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, convert

from pixmill.dialects.port import Text
from pixmill.dialects.thumbor.filter_text import FilterCall
from pixmill.dialects.thumbor.grammar import Flavour, PathOptions
from pixmill.dialects.thumbor.recipe import Recipe
from pixmill.dialects.thumbor.signature import SignedPath
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    ImageTooLarge,
    MethodNotAllowed,
    PixmillError,
    QueueFull,
    RateLimited,
    RenderTimeout,
    ResultTooLarge,
    SignatureExpired,
    SourceDenied,
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    TooManyRedirects,
)
from pixmill.media import MEDIA, Format
from pixmill.plan.cropping import resolve_crop
from pixmill.plan.fitting import fit
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Plan

JSON: Final = "application/json"
_OVERLAY_PARAMS: Final = frozenset({"overlay", "mask", "then"})
_FIRST_SERVER_ERROR: Final = 500

_THUMBOR_STATUSES: Final[tuple[tuple[type[PixmillError], int], ...]] = (
    (RateLimited, 429),
    (MethodNotAllowed, 405),
    (BadRequest, 400),
    (Forbidden, 400),
    (ImageError, 400),
    (SourceTimeout, 504),
    (SourceUnreachable, 504),
    (SourceNotFound, 404),
    (SourceDenied, 404),
    (TooManyRedirects, 404),
)
"""The first that fits counts."""

_IMAGOR_ERRORS: Final[tuple[tuple[type[PixmillError], int, str], ...]] = (
    (RateLimited, 429, "too many requests"),
    (QueueFull, 429, "too many requests"),
    (MethodNotAllowed, 405, "method not allowed"),
    (SignatureExpired, 410, "expired"),
    (SourceForbidden, 403, "http source not allowed"),
    (AddressForbidden, 403, "http source not allowed"),
    (Forbidden, 403, "url signature mismatch"),
    (BadRequest, 400, "invalid"),
    (SourceNotFound, 404, "not found"),
    (SourceDenied, 403, "Forbidden"),
    (SourceTimeout, 408, "timeout"),
    (RenderTimeout, 408, "timeout"),
    (SourceTooLarge, 400, "maximum size exceeded"),
    (ImageTooLarge, 422, "maximum resolution exceeded"),
    (ResultTooLarge, 422, "maximum resolution exceeded"),
    (ImageError, 406, "unsupported format"),
)


def thumbor_error(error: PixmillError, status: int) -> Text:
    """Return thumbor's answer to an error."""
    if error.param in _OVERLAY_PARAMS and status < _FIRST_SERVER_ERROR:
        return Text("", 400, "text/html")
    own = next((number for kind, number in _THUMBOR_STATUSES if isinstance(error, kind)), status)
    return Text("", own, "text/html")


def imagor_error(error: PixmillError, status: int, *, has_body: bool) -> Text:
    """Return imagor's answer to an error."""
    default = (PixmillError, status, error.message)
    _, own, message = next((row for row in _IMAGOR_ERRORS if isinstance(error, row[0])), default)
    body = json.dumps({"message": message, "status": own}, separators=(",", ":")) if has_body else ""
    return Text(body, own, JSON)


class _SizeFacts(Struct):
    width: int
    height: int


class _Facts(Struct):
    """What is read of the facts about an original and the result."""

    width: int
    height: int
    format: str = "jpeg"
    frames: int = 1
    orientation: int = 1
    alpha: bool = False
    colour_space: str = ""
    exif: dict[str, object] | None = None
    blurhash: str = ""
    thumbhash: str = ""
    average: str = ""
    result: _SizeFacts | None = None


def _read(facts: Mapping[str, object]) -> _Facts:
    return convert(dict(facts), _Facts)


def _stored_size(facts: _Facts, *, ignores_orientation: bool) -> Size:
    """Return the size of the original, as stored if its orientation is ignored."""
    size = Size(facts.width, facts.height)
    return size.transposed if ignores_orientation and facts.orientation > _LAST_UPRIGHT else size


_LAST_UPRIGHT: Final = 4
"""The orientations after it swap the sides."""


def thumbor_meta(
    facts: Mapping[str, object], recipe: Recipe, plan: Plan, name: str, *, ignores_orientation: bool, callback: str
) -> Text:
    """Return the operations and the sizes of the result, as thumbor's ``meta/`` has them.

    ``source`` has the size of the whole result, ``target`` that which the operations on geometry lead to.
    """
    read = _read(facts)
    stored = _stored_size(read, ignores_orientation=ignores_orientation)
    operations, target = _operations(stored, plan)
    operations += [{"type": name} for name, is_set in _flips(recipe.options) if is_set]
    result = read.result or target
    document: dict[str, object] = {
        "source": {"url": name, "width": result.width, "height": result.height, "frameCount": read.frames},
        "operations": operations,
        "target": {"width": target.width, "height": target.height},
        "focal_points": _focal_points(recipe, stored),
    }
    body = json.dumps({"thumbor": document})
    return Text(f"{callback}({body});", media_type="text/javascript") if callback else Text(body, media_type=JSON)


def _operations(size: Size, plan: Plan) -> tuple[list[dict[str, object]], Size]:
    """Return the crop and the changes of size of a plan for an image of this size, and the size they lead to."""
    operations: list[dict[str, object]] = []
    box = resolve_crop(size, plan.crop)
    if box.size != size:
        right, bottom = box.left + box.width, box.top + box.height
        operations.append({"type": "crop", "left": box.left, "top": box.top, "right": right, "bottom": bottom})
    size = box.size
    for stage in (plan, *plan.stages):
        window = fit(size, stage.resize).window
        if window != size:
            operations.append({"type": "resize", "width": window.width, "height": window.height})
        size = window
    return operations, size


def _flips(options: PathOptions) -> tuple[tuple[str, bool], ...]:
    return (
        ("flip_horizontally", options.is_flipped_horizontally),
        ("flip_vertically", options.is_flipped_vertically),
    )


def _focal_points(recipe: Recipe, size: Size) -> list[dict[str, object]]:
    if recipe.focus:
        return [
            {"x": int(one.x), "y": int(one.y), "z": one.weight, "height": 1, "width": 1, "origin": "Explicit"}
            for one in recipe.focus
        ]
    x = {"left": 0.0, "right": 1.0}.get(recipe.options.halign, 0.5)
    y = {"top": 0.0, "bottom": 1.0}.get(recipe.options.valign, 0.5)
    return [
        {"x": int(size.width * x), "y": int(size.height * y), "z": 1.0, "height": 1, "width": 1, "origin": "alignment"}
    ]


_BANDS: Final = {"grey": 1, "gray": 1, "b-w": 1}


def imagor_meta(facts: Mapping[str, object], recipe: Recipe) -> Text:
    """Return the properties of the result, as imagor's ``meta/`` has them."""
    read = _read(facts)
    form = recipe.output_format or Format(read.format)
    result = read.result or read
    document: dict[str, object] = {
        "format": "heif" if form is Format.HEIC else form.value,
        "content_type": MEDIA[form].mime,
        "width": result.width,
        "height": result.height,
        "orientation": read.orientation,
        "pages": read.frames if form in (Format.GIF, Format.WEBP) else 1,
        "bands": _BANDS.get(read.colour_space, 3) + read.alpha,
        "exif": {name: str(value) for name, value in (read.exif or {}).items()},
    }
    if "blurhash" in recipe.facts and read.blurhash:
        document["blurhash"] = read.blurhash
    if "thumbhash" in recipe.facts and read.thumbhash:
        document["thumbhash"] = read.thumbhash
    if "average" in recipe.facts and read.average:
        red, green, blue = bytes.fromhex(read.average.removeprefix("#")[:6])
        document["average_color"] = {"r": red, "g": green, "b": blue}
    return Text(json.dumps(document, separators=(",", ":"), ensure_ascii=False), media_type=JSON)


_CALLBACK: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,99}")


def callback_of(query: bytes, default: str) -> str:
    """Return the name of the function that the JSON is an argument of, or nothing."""
    if default:
        return default
    for piece in query.split(b"&"):
        name, _, value = piece.partition(b"=")
        if name == b"callback":
            text = value.decode("latin-1")
            return text if _CALLBACK.fullmatch(text) else ""
    return ""


def imagor_params(
    signed: SignedPath, options: PathOptions, calls: Iterable[FilterCall], name: str, *, is_base64: bool
) -> Text:
    """Return the options of a path, as imagor's ``params/`` echoes them: those that are set."""
    crop = options.crop
    fields: dict[str, object] = {
        "path": signed.rest.decode("latin-1"),
        "image": name,
        "base64_image": is_base64,
        "unsafe": signed.is_unsafe,
        "hash": signed.signature.decode("latin-1"),
        "meta": options.is_meta,
        "trim": options.trim is not None,
        "trim_by": options.trim.corner.value if options.trim else "",
        "trim_tolerance": options.trim.tolerance if options.trim else 0,
        "crop_left": _plain(crop.left) if crop else 0,
        "crop_top": _plain(crop.top) if crop else 0,
        "crop_right": _plain(crop.right) if crop else 0,
        "crop_bottom": _plain(crop.bottom) if crop else 0,
        "fit_in": options.is_fit_in,
        "adaptive_fit_in": options.is_adaptive,
        "full_fit_in": options.is_full,
        "stretch": options.is_stretched,
        "width": options.width,
        "height": options.height,
        "padding_left": options.padding[0],
        "padding_top": options.padding[1],
        "padding_right": options.padding[2],
        "padding_bottom": options.padding[3],
        "h_flip": options.is_flipped_horizontally,
        "v_flip": options.is_flipped_vertically,
        "h_align": options.halign,
        "v_align": options.valign,
        "smart": options.is_smart,
        "filters": [_named(call) for call in calls],
    }
    return Text(json.dumps({name: value for name, value in fields.items() if value}, indent=2), media_type=JSON)


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _named(call: FilterCall) -> dict[str, str]:
    return {"name": call.name, "args": call.text} if call.text else {"name": call.name}


def flavoured_error(flavour: Flavour, error: PixmillError, status: int, *, has_body: bool) -> Text:
    """Return the answer of a flavour to an error."""
    if flavour is Flavour.IMAGOR:
        return imagor_error(error, status, has_body=has_body)
    return thumbor_error(error, status)
