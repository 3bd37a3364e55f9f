"""Files of Appwrite's storage: ``/v1/storage/buckets/BUCKET/files/FILE/preview?width=300``.

``…/view`` and ``…/download`` give the file as it is.
"""

import json
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.appwrite.options import OPTIONS, TABLE
from pixmill.dialects.appwrite.writing import urls
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.port import Outcome, QueryParam, Text, UrlRoute
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    PixmillError,
    RateLimited,
    RouteNotFound,
    SourceNotFound,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.gravity import Point
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Fit, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.shapes import Border, CornerRadii, Shape
from pixmill.plan.source import parse_source
from pixmill.plan.transforms import FreeRotation

_BASE: Final = "/v1/storage/buckets/{bucket}/files/{file}"
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_FILE: Final = re.compile(rb"/v1/storage/buckets/([^/]+)/files/([^/]+)/(preview|view|download)")
_VERSION: Final = "1.7.0"
_RIGHT_ANGLE: Final = 90
_PARAMS: Final = tuple(
    QueryParam(option.names[0], option.meaning.replace("`", ""), {"type": "string"}) for option in OPTIONS
)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        f"{_BASE}/preview",
        takes_body=False,
        label="appwrite:/preview",
        summary="A preview of a file, as Appwrite renders it.",
        params=_PARAMS,
    ),
    UrlRoute(f"{_BASE}/view", takes_body=False, label="appwrite:/view", summary="A file that is an image."),
    UrlRoute(f"{_BASE}/download", takes_body=False, label="appwrite:/download", summary="A file, as a download."),
)
_TYPES: Final[tuple[tuple[type[PixmillError], str], ...]] = (
    (RouteNotFound, "general_route_not_found"),
    (RateLimited, "general_rate_limit_exceeded"),
    (BadRequest, "general_argument_invalid"),
    (Forbidden, "user_unauthorized"),
    (SourceNotFound, "storage_file_not_found"),
    (UnsupportedImage, "storage_file_type_unsupported"),
)
_UNCHANGED: Final = normal_form(Plan(output=Output(source_format=True)))


class AppwriteOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: of URLs that name none."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class Values(Struct, frozen=True, rename="camel"):
    """The values of the parameters."""

    width: int = 0
    height: int = 0
    gravity: Point = Point()
    quality: int = -1
    border_width: int = 0
    border_color: Colour | None = None
    border_radius: int = 0
    opacity: Fraction = Fraction(1)
    rotation: int = 0
    background: Colour | None = None
    output: Format | None = None


_FIELDS: Final = dict(zip(Values.__struct_encode_fields__, Values.__struct_fields__, strict=True))


class AppwriteDialect(Keyless):
    """The URLs of one server; a file of a bucket is the source ``BUCKET/FILE``."""

    prefix = "/v1/storage/buckets/"
    routes = _ROUTES

    def __init__(self, options: AppwriteOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        match = None if upload else _FILE.fullmatch(path)
        if match is None:
            raise RouteNotFound
        bucket, file = _segment(match[1], "bucketId"), _segment(match[2], "fileId")
        source = parse_source(f"/{bucket}/{file}")
        if match[3] != b"preview":
            return ImageRequest(source, _UNCHANGED, filename=file if match[3] == b"download" else "")
        return ImageRequest(source, self._plan(_values(query)))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        kind = next((name for own, name in _TYPES if isinstance(error, own)), "general_unknown")
        body = {"message": error.message, "code": status, "type": kind, "version": _VERSION}
        return Text(json.dumps(body), status, "application/json")

    def _plan(self, values: Values) -> Plan:
        both = bool(values.width and values.height)
        fit = Fit.COVER if both else Fit.INSIDE
        resize = Resize(values.width, values.height, fit=fit, gravity=values.gravity, enlarge=True)
        radius = float(values.border_radius)
        border = values.border_width and Border(values.border_width, values.border_color or Colour(0, 0, 0))
        shape = Shape(
            corner_radii=CornerRadii(radius, radius, radius, radius) if radius else None, border=border or None
        )
        angle = values.rotation % 360
        is_right = angle % _RIGHT_ANGLE == 0
        rotated = Stage(
            rotate=angle if is_right else 0,
            rotate_free=None if is_right else FreeRotation(angle, values.background or TRANSPARENT),
        )
        sized = Stage(resize=resize, shape=shape, opacity=float(values.opacity * 100))
        *stages, last = [sized, rotated] if angle else [sized]
        first, *others = [*stages, replace(last, flatten=values.background)]
        operations = {name: getattr(first, name) for name in Stage.__struct_fields__}
        return normal_form(Plan(**operations, stages=tuple(others), output=self._output(values)))

    def _output(self, values: Values) -> Output:
        quality = values.quality if values.quality > 0 else 1 if values.quality == 0 else self._options.quality
        encoding = Encoding(mode=self._mode)
        if values.output is not None:
            return Output((values.output,), quality=quality, encoding=encoding)
        return Output(source_format=True, quality=quality, encoding=encoding)


def _segment(raw: bytes, name: str) -> str:
    """Return an identifier of a path. Raises InvalidParameter."""
    try:
        text = percent_decode(raw)
    except ValueError:
        text = ""
    if not _SEGMENT.fullmatch(text):
        raise InvalidParameter(f"Invalid `{name}` param: letters, digits, _, - and . are allowed", param=name)
    return text


def _values(query: bytes) -> Values:
    """Return the values of a query; unknown names are ignored. Raises BadRequest."""
    found: dict[str, object] = {}
    for name, text in last_values(pairs(query, TABLE)).items():
        if name not in _FIELDS:
            continue
        row = TABLE[name]
        try:
            found[_FIELDS[name]] = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"Invalid `{name}` param: Value must be {row.read.expects}", param=name) from None
    return replace(Values(), **found)
