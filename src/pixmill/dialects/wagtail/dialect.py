"""Wagtail's dynamic image URLs: ``/images/SIGNATURE/1/fill-300x200%7Cformat-webp/a.jpg``.

The database of the site knows which file has which id; here the entry says so.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, hmac_sha1
from pixmill.dialects.kit.stages import StageSequence
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.wagtail.filters import PARAM, Filter, add_transforms, read_filter
from pixmill.dialects.wagtail.options import FORMATS
from pixmill.dialects.wagtail.transform import Rectangle
from pixmill.dialects.wagtail.writing import urls
from pixmill.errors import (
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RequestTooLarge,
    RouteNotFound,
    UnsupportedImage,
)
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Output
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source

MAX_PATH_BYTES: Final = 65_536
_SCHEME: Final = Scheme(hmac_sha1, Spelling.BASE64URL_PADDED)
_SIGNED: Final = re.compile(r"[A-Za-z0-9_-]{27}=")
_ID: Final = re.compile(r"[0-9]{1,18}")
_ID_FIELD: Final = "{id}"
_NAME_FIELD: Final = "{filename}"
_PARTS: Final = 4
_NOT_FOUND: Final = 404
_MAX_AGE_S: Final = 3_600
_MAX_NAME_CHARS: Final = 255
_HEADERS: Final = (("Content-Security-Policy", "default-src 'none'"), ("X-Content-Type-Options", "nosniff"))
_KEPT: Final = {
    7: (Format.JPEG, Format.PNG, Format.GIF, Format.ICO, Format.SVG),
    8: (Format.JPEG, Format.PNG, Format.GIF, Format.ICO, Format.SVG, Format.WEBP, Format.AVIF),
}
_QUALITIES: Final = {
    7: {"jpeg": 85, "webp": 80, "avif": 80, "heic": 80},
    8: {"jpeg": 76, "webp": 80, "avif": 61, "heic": 80},
}
_EXTENSIONS: Final = {".webp": "webp", ".avif": "avif", ".heic": "heic", ".heif": "heic"}
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/{+rendition}", label="wagtail:/rendition", summary="A rendition of an image of a Wagtail site."),
)

Length = Annotated[int, Meta(ge=1, le=65_535)]
Quality = Annotated[int, Meta(ge=1, le=100)]


class WagtailImage(Struct, frozen=True, forbid_unknown_fields=True):
    """An image of the site, with the columns of the table ``wagtailimages_image``.

    ``width`` and ``height`` are those of the oriented image. The focal point is its centre, with its sides.
    """

    file: str
    width: Length | None = None
    height: Length | None = None
    focal_point_x: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    focal_point_y: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    focal_point_width: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    focal_point_height: Annotated[int, Meta(ge=0, le=65_535)] | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        return (self.width, self.height) if self.width and self.height else None

    @property
    def focus(self) -> Rectangle | None:
        """The region around the focal point, None without one."""
        x, y = self.focal_point_x, self.focal_point_y
        if x is None or y is None:
            return None
        width, height = self.focal_point_width or 0, self.focal_point_height or 0
        return Rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


class WagtailOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``images``: the images by id, each with its file or all that is known of it; others do not exist. Without any,
    ``path`` is that of every image, with ``{id}`` and ``{filename}``, which the signature does not cover. ``version``
    of Wagtail: its default qualities and conversions. ``format_conversions`` as ``WAGTAILIMAGES_FORMAT_CONVERSIONS``.
    """

    images: dict[str, str | WagtailImage] = {}
    path: str = _ID_FIELD
    version: Literal[7, 8] = 7
    format_conversions: dict[Format, Format] = {}
    jpeg_quality: Quality | None = None
    webp_quality: Quality | None = None
    avif_quality: Quality | None = None


class _Address(Struct, frozen=True):
    """The last segments of a path, decoded."""

    signature: str
    id: str
    spec: str
    filename: str

    @property
    def message(self) -> bytes:
        return f"{self.id}/{self.spec}/".encode()


class WagtailDialect:
    """The image URLs of one site. What stands before the signature is the site's own and has no meaning."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: WagtailOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs must be signed. Raises ValueError, BadRequest for options that are not valid."""
        self._options = options
        self._keys = keys
        self._mount = mount
        self._mode = mode
        self._images = {name: _image(name, value) for name, value in options.images.items()}
        if not self._images and _ID_FIELD not in options.path and _NAME_FIELD not in options.path:
            raise ValueError("path needs {id} or {filename}")
        parse_source(_filled(options.path, "1", "x"))
        self._kept, self._converted = _conversions(options)
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys) and (bool(self._images) or _NAME_FIELD not in options.path)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del query, now
        if self._keys:
            address = _address(path)
            _SCHEME.verify(self._keys, address.message, address.signature.encode())
        return None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Sign a path without a signature: ``/images/1/fill-300x200/a.jpg``."""
        if not self._keys:
            raise MalformedRequest("There is no key to sign with")
        if expires is not None:
            raise MalformedRequest("Signatures of this service do not expire")
        if query or not path.isascii():
            raise MalformedRequest("A path without query, in ASCII, is signed")
        start, *rest = path.decode().rsplit("/", _PARTS - 1)
        if len(rest) < _PARTS - 1 or not _ID.fullmatch(rest[0]) or _SIGNED.fullmatch(start.rpartition("/")[2]):
            raise MalformedRequest("The path must be /ID/FILTER-SPEC/, without a signature")
        image_id, spec, filename = rest
        message = _Address("", image_id, _decoded(spec.encode()), filename).message
        signature = _SCHEME.signature(self._keys[0], message).decode()
        return f"{self._mount}{start}/{signature}/{image_id}/{spec}/{filename}"

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query
        if upload:
            raise RouteNotFound
        address = _address(path)
        image = self._image(address)
        spec = read_filter(address.spec)
        source = _source(image.file)
        sequence = StageSequence(PARAM)
        add_transforms(sequence, spec, image.size, image.focus)
        if spec.background:
            sequence.put(("flatten",), spec.background)
        output, rejected = self._output(spec, source.text)
        animated_formats = () if spec.target else (Format.GIF,)
        plan = replace(
            sequence.plan(), output=output, input=Input(rejected=rejected, animated_formats=animated_formats)
        )
        return ImageRequest(
            source,
            normal_form(plan),
            filename=address.filename[:_MAX_NAME_CHARS],
            inline=bool(address.filename),
            max_age_s=_MAX_AGE_S,
            headers=_HEADERS,
        )

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del query
        if status == _NOT_FOUND and self._images and not isinstance(error, RouteNotFound):
            return Text("Source image file not found", 410)
        if isinstance(error, UnsupportedImage) and error.param:  # its format, not its bytes
            return Text(f"Invalid filter spec: {_spec_of(path)}", 400)
        return Text(error.message, status)

    def _image(self, address: _Address) -> WagtailImage:
        """Return an image by its id. Raises RouteNotFound."""
        if not self._images:
            return WagtailImage(_filled(self._options.path, address.id, address.filename))
        image = self._images.get(address.id.lstrip("0") or "0")
        if image is None:
            raise RouteNotFound("There is no such image")
        return image

    def _output(self, spec: Filter, source: str) -> tuple[Output, tuple[Format, ...]]:
        """Return the output, and the formats of originals that cannot be written so."""
        encoding = Encoding(mode=self._mode)
        if spec.target:
            form = spec.target.format
            lossless = spec.target.lossless and form is not Format.JPEG
            output = Output(quality=self._quality(spec, form), encoding=replace(encoding, lossless=lossless))
            if spec.preserves_svg:
                return replace(output, source_format=True, original_formats=(Format.SVG,), fallback_format=form), ()
            return replace(output, formats=(form,)), (Format.SVG,)
        extension = "." + source.lower().rpartition(".")[2]
        form = Format(_EXTENSIONS.get(extension, Format.JPEG))
        written = form if form in self._kept else self._converted
        return Output(
            source_format=True,
            original_formats=self._kept,
            fallback_format=self._converted,
            quality=self._quality(spec, written),
            encoding=encoding,
        ), ()

    def _quality(self, spec: Filter, form: Format) -> int:
        own = {
            "jpeg": self._options.jpeg_quality,
            "webp": self._options.webp_quality,
            "avif": self._options.avif_quality,
        }
        qualities = _QUALITIES[self._options.version] | {name: value for name, value in own.items() if value}
        return (qualities | spec.qualities).get(form.value, qualities["jpeg"])


def _image(name: str, value: str | WagtailImage) -> WagtailImage:
    """Check an image of the options. Raises ValueError, BadRequest."""
    if not _ID.fullmatch(name) or name != str(int(name)):
        raise ValueError(f"image {name[:32]!r} must have a whole number as its id")
    image = WagtailImage(value) if isinstance(value, str) else value
    parse_source("/" + image.file.removeprefix("/"))
    return image


def _conversions(options: WagtailOptions) -> tuple[tuple[Format, ...], Format]:
    """Return the formats that stay what they are, and the one that all others become. Raises ValueError."""
    kept = dict.fromkeys(_KEPT[options.version])
    others: set[Format] = set()
    for original, result in options.format_conversions.items():
        if original is result:
            kept[original] = None
        else:
            kept.pop(original, None)
            others.add(result)
    if len(others) > 1 or not others <= set(FORMATS.values()):
        raise ValueError("format_conversions must have one format beside those that stay as they are")
    return tuple(kept), next(iter(others), Format.PNG)


def _filled(template: str, image_id: str, filename: str) -> str:
    return template.replace(_ID_FIELD, image_id).replace(_NAME_FIELD, filename)


def _source(path: str) -> SourceRef:
    try:
        return parse_source("/" + path.removeprefix("/"))
    except InvalidParameter:
        raise RouteNotFound("There is no such image") from None


def _decoded(raw: bytes) -> str:
    try:
        return percent_decode(raw)
    except ValueError:
        raise RouteNotFound from None


def _spec_of(path: bytes) -> str:
    try:
        return _address(path).spec[:1_024]
    except (RouteNotFound, RequestTooLarge):
        return ""


def _address(path: bytes) -> _Address:
    """Split a path. Raises RouteNotFound, RequestTooLarge."""
    if len(path) > MAX_PATH_BYTES:
        raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
    parts = path.rsplit(b"/", _PARTS)[1:]
    if len(parts) < _PARTS:
        raise RouteNotFound
    signature, image_id, spec, filename = map(_decoded, parts)
    if not _ID.fullmatch(image_id) or "/" in f"{signature}{spec}{filename}":
        raise RouteNotFound
    return _Address(signature, image_id, spec, filename)
