"""The URLs of weserv/images, the software of wsrv.nl and images.weserv.nl: ``/?url=example.com/a.jpg&w=300``.

What it does not know or accept is ignored. Any bytes give an outcome, or BadRequest.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.options import query_params
from pixmill.dialects.kit.query import pairs
from pixmill.dialects.port import FactsRequest, Outcome, Text, UrlRoute
from pixmill.dialects.signing import Keyring, MountSignatures
from pixmill.dialects.weserv.options import BY_NAME, JSON, OPTIONS, Parameters, read_parameters
from pixmill.dialects.weserv.plans import plan_of
from pixmill.dialects.weserv.writing import urls
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Forbidden,
    ImageError,
    InvalidParameter,
    PixmillError,
    RouteNotFound,
    SourceError,
    SourceForbidden,
)
from pixmill.media import Format
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source
from pixmill.plan.url import special_url

UNPARSABLE: Final = "Unable to parse URI"
_SCHEME: Final = re.compile(r"(?:(https?):/{0,2}|(ssl):|//)?", re.IGNORECASE)
_REDIRECT: Final = 302
_PARAMS: Final = query_params(OPTIONS, required=("url",))
_ROUTE: Final = UrlRoute(
    "/", label="weserv:/", takes_body=False, summary="An image, as weserv/images makes it.", params=_PARAMS
)
_EXTENSIONS: Final = ((Format.JPEG, "jpg"),)
_STATUSES: Final[tuple[tuple[type[PixmillError], int, str], ...]] = (
    (AddressForbidden, 400, "IP address blocked by policy"),
    (SourceForbidden, 403, ""),
    (Forbidden, 403, ""),
    (SourceError, 404, ""),
    (ImageError, 400, "Invalid or unsupported image format. Is it a valid image?"),
)
"""The first that fits counts; an empty message is that of the error."""


class WeservOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: of URLs that name none. ``canonical_header``: send ``Link``."""

    quality: int = 80
    canonical_header: bool = True


class WeservDialect:
    """The URLs of one mount."""

    prefix = ""
    routes: tuple[UrlRoute, ...] = (_ROUTE,)

    def __init__(
        self,
        options: WeservOptions,
        *,
        mount: str = "",
        default_scheme: str = "",
        keyring: Keyring | None = None,
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        if not 1 <= options.quality <= 100:  # noqa: PLR2004 - percent
            raise ValueError("options.quality must be from 1 to 100")
        self._options, self._mode = options, mode
        self._compiled: CompiledCache[tuple[tuple[str, str], ...], tuple[Parameters, Plan]] = CompiledCache()
        self._signatures = MountSignatures(keyring, mount)
        self._scheme = default_scheme or "http"
        self.requires_signature = self._signatures.is_required

    def match(self, path: bytes) -> UrlRoute | None:
        return _ROUTE if path == b"/" else None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._signatures.verify(path, query, now)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        return self._signatures.sign(path, query, expires)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or path != b"/":
            raise RouteNotFound
        found = _lenient_pairs(query, self._options.quality)
        source = self._source(read_parameters(pair for pair in found if pair[0] == "url").url)
        values, plan = self._compiled_of(tuple(pair for pair in found if pair[0] != "url"))
        request = ImageRequest(
            source,
            plan,
            filename=values.filename,
            inline=True,
            max_age_s=values.max_age_s,
            headers=self._headers(source),
            fallback=_fallback(values, source),
            extensions=_EXTENSIONS,
        )
        return FactsRequest(request) if values.output == JSON else request

    def _compiled_of(self, found: tuple[tuple[str, str], ...]) -> tuple[Parameters, Plan]:
        """Return parameters other than the URL, and their plan. Raises InvalidParameter."""
        compiled = self._compiled.get(found)
        if compiled is None:
            values = read_parameters(found)
            length = sum(len(name) + len(text) for name, text in found)
            compiled = self._compiled.put(found, (values, plan_of(values, self._mode)), length)
        return compiled

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text | None:
        del path, query
        status, message = next(((own, text) for kind, own, text in _STATUSES if isinstance(error, kind)), (status, ""))
        if isinstance(error, SourceError) and error.upstream_status:
            message = f"The requested URL returned error: {error.upstream_status}"
        body = {"status": "error", "code": status, "message": message or error.message}
        return Text(msgspec.json.encode(body).decode(), status, "application/json")

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path, query
        frames, pages = facts.get("frames", 1), facts.get("pages", 1)
        alpha, space = bool(facts["alpha"]), str(facts["colour_space"]).lower()
        body: dict[str, object] = {
            "format": facts["format"],
            "width": facts["width"],
            "height": facts["height"],
            "space": space,
            "channels": _CHANNELS.get(space, 3) + alpha,
            "hasProfile": bool(facts["profile"]),
            "hasAlpha": alpha,
        }
        count = frames if isinstance(frames, int) and frames > 1 else pages
        if isinstance(count, int) and count > 1:
            body |= {"pages": count, "pageHeight": facts["height"]}
        if facts["orientation"] != 1:
            body["orientation"] = facts["orientation"]
        return Text(msgspec.json.encode(body).decode(), media_type="application/json")

    def _source(self, url: str) -> SourceRef:
        """Return the source of ``url``. Raises InvalidParameter."""
        if url.startswith("/") and not url.startswith("//"):
            return parse_source(url)
        scheme = _SCHEME.match(url)
        rest = url[scheme.end() :] if scheme else url
        if not rest or "\\" in rest.partition("?")[0] or rest.startswith("/"):
            raise InvalidParameter(UNPARSABLE, param="url")
        name = "https" if scheme and scheme[2] else (scheme and scheme[1]) or self._scheme
        try:
            return parse_source(special_url(f"{name.lower()}://{rest}"))
        except BadRequest:
            raise InvalidParameter(UNPARSABLE, param="url") from None

    def _headers(self, source: SourceRef) -> tuple[tuple[str, str], ...]:
        if not self._options.canonical_header or source.kind is not SourceKind.HTTP:
            return ()
        return (("link", f'<{source.text}>; rel="canonical"'),)


_CHANNELS: Final = {"b-w": 1, "gray": 1, "grey": 1, "l": 1, "cmyk": 4}


def _lenient_pairs(query: bytes, quality: int) -> list[tuple[str, str]]:
    """Return names and values; those that cannot be decoded are left out. The default quality comes last."""
    found: list[tuple[str, str]] = []
    for name, value in pairs(query, BY_NAME, decode=_latin):
        try:
            found.append((name, percent_decode(value.encode("latin-1"))))
        except ValueError:
            if name == "url":
                raise InvalidParameter(UNPARSABLE, param="url") from None
    return [*found, ("q", str(quality))]


def _latin(raw: bytes) -> str:
    return raw.decode("latin-1")


def _fallback(values: Parameters, source: SourceRef) -> Fallback | None:
    if values.default is None:
        return None
    if values.default in {"", "1"}:
        return Fallback(source, status=_REDIRECT)
    return Fallback(redirect=values.default, status=_REDIRECT)
