"""EmgR URLs: ``/api/images/resize`` redirects to ``/api/images/files/{key}``, which serves the result.

The key carries the request itself, in base64url, so that any server can render the file again: nothing is
remembered, and no two requests share a key. Behind it stands the beginning of the result's entity tag: while the
result has that tag, the file is immutable. A key grants nothing that its resize URL does not: sources pass the same
checks, and where requests are signed, the redirect signs the file's URL too. ``docs/dialects/emgr.md`` lists the
differences to EmgR.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypedDict, cast
from urllib.parse import quote

from msgspec import Struct

from pixmill.dialects.emgr.options import FORMATS, PARAMS, PARAMS_BY_NAME
from pixmill.dialects.emgr.writing import urls
from pixmill.dialects.kit.query import pairs
from pixmill.dialects.port import (
    ImageRedirect,
    ImmutableImage,
    Outcome,
    Redirect,
    Text,
    UrlRoute,
    template_matcher,
)
from pixmill.dialects.signing import Keyring, MountSignatures
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MalformedRequest,
    MissingParameter,
    PixmillError,
    RepeatedParameter,
    RequestTooLarge,
    RouteNotFound,
)
from pixmill.media import Format
from pixmill.plan.ops import Fit, Input, Output, Plan, Resize
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef

MAX_REQUEST_BYTES: Final = 5_000
"""Of the canonical query that a key carries: in base64url it fits the default ``PIXMILL_MAX_URL_BYTES``."""

ETAG_CHARS: Final = 16

_RESIZE: Final = b"/api/images/resize"
_FILES: Final = b"/api/images/files/"
_KEY = re.compile(rb"([A-Za-z0-9_-]{1,8000})\.([0-9a-f]{16})\.(jpg|png|webp)")
_EXTENSIONS: Final = {form: name for name, form in FORMATS.items()}
_BASE_URL = re.compile(r"https?://(?:(?![?#])[!-~])+")
_PARAMS: Final = tuple(param.query_param for param in PARAMS)

_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(_RESIZE.decode(), summary="Render an image; redirects to its file.", params=_PARAMS),
    UrlRoute(_FILES.decode() + "{key}", summary="A rendered image."),
    UrlRoute("/health", needs_engine=False, label="emgr:/health", summary="Liveness."),
    UrlRoute("/", needs_engine=False, label="emgr:/"),
)


class EmgrOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``cdn_base_url``: where files are reached instead of below the mount, as EmgR's CDN_BASE_URL.
    ``redirect_errors``: answer a failed resize with a redirect to the original, as EmgR does, where sources are
    trusted.
    """

    cdn_base_url: str = ""
    redirect_errors: bool = True


@dataclass(frozen=True, slots=True)
class _ResizeRequest:
    """The parameters of one resize."""

    source: SourceRef
    width: int = 0
    height: int = 0
    form: Format = Format.JPEG
    blur: float = 0.0
    grayscale: bool = False

    def image_request(self, mode: RenderMode) -> ImageRequest:
        """Return the same request that native parameters would make, so that both share cache entries."""
        fit = Fit.COVER if self.width and self.height else Fit.INSIDE
        is_sized = bool(self.width or self.height)
        encoding = Encoding(mode=mode, lossless=self.form is Format.WEBP)
        plan = Plan(
            input=Input(animated=self.form is Format.JPEG),  # a JPEG is a still in any case
            resize=Resize(self.width, self.height, fit, enlarge=True) if is_sized else Resize(),
            grayscale=self.grayscale,
            blur=self.blur,
            output=Output((self.form,), encoding=encoding),
        )
        return ImageRequest(self.source, plan)

    def canonical_query(self) -> bytes:
        """Return the one query that means this request."""
        blur = f"{self.blur:.6f}".rstrip("0").rstrip(".")
        pieces = (
            f"url={quote(self._source_text(), safe='/:')}",
            f"width={self.width}" if self.width else "",
            f"height={self.height}" if self.height else "",
            f"format={self._extension}" if self.form is not Format.JPEG else "",
            f"blur_sigma={blur}" if self.blur else "",
            "grayscale=true" if self.grayscale else "",
        )
        return "&".join(filter(None, pieces)).encode()

    def _source_text(self) -> str:
        """Return a text that is parsed as this source: the slash keeps ``a:b.jpg`` from being read as a URL."""
        is_like_url = self.source.kind is SourceKind.PATH and ":" in self.source.text
        return f"/{self.source.text}" if is_like_url else self.source.text

    @property
    def _extension(self) -> str:
        return _EXTENSIONS[self.form]

    def key(self, etag: str) -> str:
        """Return the name of the file with this result."""
        query = self.canonical_query()
        if len(query) > MAX_REQUEST_BYTES:
            raise RequestTooLarge(f"The parameters may have at most {MAX_REQUEST_BYTES} bytes")
        text = urlsafe_b64encode(query).rstrip(b"=").decode()
        return f"{text}.{etag.strip(chr(34))[:ETAG_CHARS]}.{self._extension}"


class EmgrDialect:
    """The URLs of EmgR 0.1. Unknown parameters are ignored, as EmgR ignores them."""

    prefix = "/api/images/"
    routes = _ROUTES

    def __init__(
        self,
        options: EmgrOptions,
        keyring: Keyring | None = None,
        mount: bytes = b"",
        allows_source: Callable[[SourceRef], bool] | None = None,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``allows_source`` is the check of the allow-list.

        Without it and without keys a failed resize is an error, since the server would redirect anywhere.
        """
        if options.cdn_base_url and not _BASE_URL.fullmatch(options.cdn_base_url):
            raise ValueError("options.cdn_base_url must be an http or https URL in ASCII, without query and fragment")
        self._base_url = options.cdn_base_url.rstrip("/")
        self._mount = mount.decode()
        self._signatures = MountSignatures(keyring, mount)
        self.requires_signature = self._signatures.is_required
        self._mode = mode
        self._allows_source = allows_source
        self._redirects_errors = options.redirect_errors and (allows_source is not None or keyring is not None)
        self._match = template_matcher(_ROUTES)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._signatures.verify(path, query, now) if path.startswith(self.prefix.encode()) else None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        if not path.startswith(self.prefix.encode()):
            raise MalformedRequest(f"Only paths below {self.prefix} are signed")
        return self._signatures.sign(path, query, expires)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload:
            raise RouteNotFound
        if path == _RESIZE:
            request = _parse_resize(query)
            request.key("")  # raises if it is too long for a URL
            return ImageRedirect(request.image_request(self._mode))
        if path.startswith(_FILES):
            request, etag_prefix = _parse_file(path.removeprefix(_FILES))
            return ImmutableImage(request.image_request(self._mode), etag_prefix)
        if path == b"/health":
            return Text("OK")
        if path == b"/":
            return Redirect("/health", 308)
        raise RouteNotFound

    def location(self, path: bytes, query: bytes, etag: str, expires: int | None) -> str:
        del path  # always that of a resize
        file_path = _FILES + _parse_resize(query).key(etag).encode()
        file_url = file_path.decode()
        if self._signatures.is_required:
            file_url = self.sign(file_path, b"", expires).removeprefix(self._mount)
        return self._base_url + file_url.removeprefix(_FILES.decode()[:-1]) if self._base_url else file_url

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        if path == _RESIZE and self._redirects_errors and not isinstance(error, BadRequest | Forbidden):
            original = self._trusted_original(path, query)
            if original:
                return Redirect(original)
        return Text(error.message, status)

    def _trusted_original(self, path: bytes, query: bytes) -> str:
        """Return the http(s) URL of the original; empty if there is none, or it is not trusted.

        A request may be rejected (Draining, QueueFull) before its signature or its source is checked. An expired
        signature is good enough: a key holder has named the original.
        """
        try:
            self.verify(path, query, now=0)
            source = _parse_resize(query).source
        except (BadRequest, Forbidden):
            return ""
        is_trusted = source.kind is SourceKind.HTTP and (self._allows_source is None or self._allows_source(source))
        return source.text if is_trusted else ""


class _Values(TypedDict, total=False):
    """The values of the parameters that were given."""

    url: SourceRef
    width: int
    height: int
    format: Format
    blur_sigma: float
    grayscale: bool


def _parse_resize(query: bytes) -> _ResizeRequest:
    found: dict[str, object] = {}
    for name, text in pairs(query, PARAMS_BY_NAME):
        if name in found:
            raise RepeatedParameter(f"{name} is given more than once", param=name)
        read = PARAMS_BY_NAME[name].read
        try:
            found[name] = read(text)
        except ValueError:
            raise InvalidParameter(f"{name} must be {read.expects}", param=name) from None
    values = cast("_Values", found)  # the readers return these types
    if "url" not in values:
        raise MissingParameter("url is required", param="url")
    return _ResizeRequest(
        values["url"],
        values.get("width", 0),
        values.get("height", 0),
        values.get("format", Format.JPEG),
        values.get("blur_sigma", 0.0),
        values.get("grayscale", False),
    )


def _parse_file(key: bytes) -> tuple[_ResizeRequest, str]:
    """Parse a file name, which must be exactly the one that a redirect gave out, and the beginning of its entity tag.

    Raises RouteNotFound.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise RouteNotFound
    try:
        request = _parse_resize(urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4)))
        is_canonical = request.key(match[2].decode()).encode() == key
    except (ValueError, BadRequest):
        raise RouteNotFound from None
    if not is_canonical:
        raise RouteNotFound
    return request, match[2].decode()
