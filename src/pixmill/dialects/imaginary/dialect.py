"""The URLs of imaginary: ``/crop?width=300&height=200&file=a.jpg``, ``/info?url=…``, ``/pipeline?operations=[…]``.

Any bytes give an outcome, or BadRequest. Of equal names the first counts, unknown ones are ignored.
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.dialects.imaginary.operations import OPERATIONS
from pixmill.dialects.imaginary.options import OPTIONS, read_params
from pixmill.dialects.imaginary.pipeline import PIPELINE, plan_of
from pixmill.dialects.imaginary.query import RawPair, encode, first_values, raw_pairs
from pixmill.dialects.imaginary.responses import (
    API_KEY,
    INVALID_KEY,
    MISSING_SOURCE,
    error_answer,
    error_text,
    facts_text,
    health_text,
    version_text,
)
from pixmill.dialects.imaginary.writing import urls
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, check_signable, hmac_sha256
from pixmill.dialects.port import READ_METHODS, FactsRequest, Outcome, QueryParam, Text, UrlRoute, template_matcher
from pixmill.errors import (
    Forbidden,
    MalformedRequest,
    MissingParameter,
    PixmillError,
    RouteNotFound,
)
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import DEFAULT_LIMITS, Limits
from pixmill.plan.ops import Plan, ResampleSpace
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Headers, ImageRequest
from pixmill.plan.source import SourceRef, parse_source, upload_ref

INFO: Final = "info"

_SCHEME: Final = Scheme(hmac_sha256, Spelling.BASE64URL)
_SIGN: Final = b"sign"
_WITH_BODY: Final = READ_METHODS | {"POST"}
_PARAMS: Final = tuple(
    QueryParam(name, option.meaning.replace("`", ""), {"type": "string"}) for option in OPTIONS for name in option.names
)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/", needs_engine=False, label="imaginary:/", summary="Versions.", takes_body=False),
    UrlRoute("/health", needs_engine=False, label="imaginary:/health", summary="Liveness.", takes_body=False),
    *(
        UrlRoute(
            f"/{name}",
            methods=_WITH_BODY,
            label=f"imaginary:/{name}",
            summary=f"{name}, as imaginary does it.",
            params=_PARAMS,
        )
        for name in (*OPERATIONS, PIPELINE, INFO)
    ),
)


class ImaginaryOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry, named as the flags of the program.

    ``api_key``: URLs need it as ``key``. ``disable_endpoints``: operations that are answered 501. ``http_cache_ttl``:
    seconds, -1 for those of the original. ``enable_url_source``: whether ``url`` works. ``return_size``: send the
    headers ``Image-Width`` and ``Image-Height``. ``resampling``: what resizing mixes, sRGB values as the program, or
    light.
    """

    api_key: str = ""
    disable_endpoints: Annotated[tuple[str, ...], Meta(max_length=50)] = ()
    http_cache_ttl: Annotated[int, Meta(ge=-1, le=31_556_926)] = -1
    enable_url_source: bool = True
    return_size: bool = False
    resampling: ResampleSpace = ResampleSpace.SRGB


class ImaginaryDialect:
    """The URLs of one server."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: ImaginaryOptions,
        keys: tuple[Key, ...] = (),
        mount: str = "",
        limits: Limits = DEFAULT_LIMITS,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys``: with any, URLs need a signature. An API key does not limit what a URL may name."""
        self._options = options
        self._keys = keys
        self._mount = mount.encode()
        self._limits = limits
        self._mode = mode
        self._disabled = frozenset(name.strip("/ ").lower() for name in options.disable_endpoints)
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del now
        if path in _PUBLIC_PATHS:
            return None
        pairs = raw_pairs(query)
        if self._options.api_key:
            given = first_values(pairs).get(API_KEY, "")
            if not hmac.compare_digest(given.encode(), self._options.api_key.encode()):
                raise Forbidden(INVALID_KEY, param=API_KEY)
        if self._keys:
            signature = next((value for name, value in pairs if name == _SIGN), b"")
            _SCHEME.verify(self._keys, self._message(path, pairs), signature)
        return None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        check_signable(self._keys, path, query)
        if expires is not None:
            raise MalformedRequest("Signatures of imaginary do not expire")
        pairs = [pair for pair in raw_pairs(query) if pair[0] != _SIGN]
        signature = _SCHEME.signature(self._keys[0], self._message(path, pairs))
        signed = encode([*pairs, (_SIGN, signature)])
        return (self._mount + path).decode("latin-1") + f"?{signed.decode()}"

    def _message(self, path: bytes, pairs: list[RawPair]) -> bytes:
        """Return what is signed: the path and the canonical query, without a question mark between them."""
        return self._mount + path + encode([pair for pair in pairs if pair[0] != _SIGN])

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if self.match(path) is None:
            raise RouteNotFound
        name = path[1:].decode()
        if name in self._disabled:
            return error_text("Not implemented endpoint", 501)
        if path in _PUBLIC_PATHS:
            return health_text() if name else version_text()
        given = first_values(raw_pairs(query))
        source = upload_ref("") if upload else self._source(given)
        if name == INFO:
            return FactsRequest(ImageRequest(source, Plan(fact_selection=_INFO_FACTS)))
        plan = plan_of(name, read_params(given), self._mode, self._options.resampling)
        ttl = self._options.http_cache_ttl
        return ImageRequest(source, plan, max_age_s=ttl if ttl >= 0 else None)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text | None:
        del path
        return error_answer(error, status, is_file=b"url=" not in query)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path, query
        return facts_text(facts)

    def result_headers(self, path: bytes, query: bytes, source: Size) -> Headers:
        if not self._options.return_size:
            return ()
        outcome = self.parse(path, query, upload=True)
        if not isinstance(outcome, ImageRequest):
            return ()
        size = resolve_all(source, outcome.plan, self._limits)[-1].output
        return (("image-width", str(size.width)), ("image-height", str(size.height)))

    def _source(self, given: Mapping[str, str]) -> SourceRef:
        """Return the source: of ``file`` and ``url`` the former counts. Raises MissingParameter, InvalidParameter."""
        if file := given.get("file"):
            return parse_source(_relative(file))
        url = given.get("url")
        if not url or not self._options.enable_url_source:
            raise MissingParameter(MISSING_SOURCE, param="url")
        return parse_source(url)


def _relative(file: str) -> str:
    """Return a path below the mounted folder, also of a name that looks like a URL."""
    path = "/".join(segment for segment in file.split("/") if segment not in ("", "."))
    return f"/{path}"


_PUBLIC_PATHS: Final = frozenset((b"/", b"/health"))
_INFO_FACTS: Final = FactSelection((Fact.EXIF,))
