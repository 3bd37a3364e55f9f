"""The URLs of imgproxy: ``/signature/option:argument/…/source``.

Any bytes at all give an outcome, or BadRequest or Forbidden, in time linear in their number. The options of a site are
few, and compiling them takes longer than the rest of a URL, so compiled options are cached.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import structs

from pixmill.dialects.imgproxy.compile import plan_of
from pixmill.dialects.imgproxy.config import Config, ImgproxyOptions
from pixmill.dialects.imgproxy.error_answers import error_text
from pixmill.dialects.imgproxy.info import InfoApplier, InfoConfig, InfoState, fact_selection, info_json
from pixmill.dialects.imgproxy.options import set_format
from pixmill.dialects.imgproxy.paths import SignedPath, split_path, split_presets, split_signature
from pixmill.dialects.imgproxy.presets import OptionApplier
from pixmill.dialects.imgproxy.signature import KeyPair, Signatures
from pixmill.dialects.imgproxy.source import SourceCipher, SourceText, is_encrypted, read_source, source_ref
from pixmill.dialects.imgproxy.state import RequestState
from pixmill.dialects.imgproxy.writing import paths
from pixmill.dialects.kit.signatures import check_signable
from pixmill.dialects.port import FactsRequest, Outcome, Text, UrlRoute
from pixmill.dialects.signing import Keyring
from pixmill.errors import BadRequest, MalformedRequest, PixmillError, RouteNotFound, SignatureExpired
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.runtime.bounded import BoundedDict

MAX_CACHED_OPTIONS: Final = 1_024
MAX_CACHED_BYTES: Final = 1_024

_INFO: Final = b"/info/"
_UNSIGNED: Final = b"unsafe"
_VERSION: Final = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_UNSAFE_IN_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_NAME: Final = 200
_YEAR_S: Final = 31_536_000
"""imgproxy's default lifetime of an answer."""
_EXPIRES: Final = b"exp"
_LANDING_PAGE: Final = (
    "<!doctype html><html lang=en><title>imgproxy</title><p>Pixmill answers the URLs of imgproxy here.</html>"
)

_IMAGE_ROUTE: Final = UrlRoute(
    "/{signature}/{+options_and_source}", label="imgproxy:/image", summary="A processed image."
)
_INFO_ROUTE: Final = UrlRoute(
    "/info/{signature}/{+options_and_source}", label="imgproxy:/info", summary="Information about an image, as JSON."
)
_LANDING_ROUTE: Final = UrlRoute("/", needs_engine=False, label="imgproxy:/")
_HEALTH_ROUTE: Final = UrlRoute("/health", needs_engine=False, label="imgproxy:/health", summary="Liveness.")
_NOTHING_ROUTE: Final = UrlRoute("/favicon.ico", needs_engine=False, label="imgproxy:/nothing")


@dataclass(frozen=True, slots=True)
class CompiledOptions:
    """What the options of a URL mean, whatever its source is."""

    plan: Plan
    state: RequestState


class ImgproxyDialect:
    """imgproxy 4, of the open and the paid edition."""

    prefix = ""
    routes: tuple[UrlRoute, ...] = (_IMAGE_ROUTE, _INFO_ROUTE, _LANDING_ROUTE, _HEALTH_ROUTE, _NOTHING_ROUTE)

    def __init__(
        self,
        options: ImgproxyOptions,
        keyring: Keyring | None = None,
        mode: RenderMode = RenderMode.BALANCED,
        mount: str = "",
    ) -> None:
        """Requests must be signed if the options have keys, or if there is a ``keyring``. Raises ValueError."""
        self._config = Config.of(options)
        self._mode = mode
        self._mount = mount
        self._separator = options.arguments_separator
        signatures = Signatures.parse(options.key, options.salt, options.signature_size, options.trusted_signatures)
        if keyring is not None and not signatures.pairs:
            signatures = _signed_by_server(signatures, keyring)
        self._signatures = signatures
        self.requires_signature = bool(signatures.pairs)
        self._cipher = SourceCipher(options.source_url_encryption_key) if options.source_url_encryption_key else None
        self._info_config = InfoConfig.parse(
            self._config.policy,
            options.info_presets,
            options.presets_separator,
            options.arguments_separator,
            options.allowed_info_options,
        )
        self._health_paths = frozenset((b"/health", options.health_check_path.encode()))
        self._expires_in_presets = any(
            name in ("expires", "exp")
            for pipelines in self._config.presets.values()
            for part in pipelines
            for name, _ in part
        )
        self._compiled: BoundedDict[tuple[object, str], CompiledOptions] = BoundedDict(MAX_CACHED_OPTIONS)

    def match(self, path: bytes) -> UrlRoute | None:
        if path in (b"", b"/"):
            return _LANDING_ROUTE
        if path in self._health_paths:
            return _HEALTH_ROUTE
        if path == b"/favicon.ico" or path.startswith(b"/.well-known/"):
            return _NOTHING_ROUTE
        if self._is_info(path):
            return _INFO_ROUTE
        return _IMAGE_ROUTE

    def _is_info(self, path: bytes) -> bool:
        return self._config.options.info_endpoint and path.startswith(_INFO)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del query  # everything behind the first question mark is ignored
        if self.match(path) not in (_IMAGE_ROUTE, _INFO_ROUTE):
            return None
        try:
            signed = split_signature(path.removeprefix(_INFO[:-1]) if self._is_info(path) else path)
        except BadRequest:
            return None  # ``parse`` raises it again
        self._signatures.check(signed.signature, signed.rest, self._separator.encode())
        if _EXPIRES not in signed.rest and not self._expires_in_presets:
            return None
        return self._check_expiry(path, signed, now)

    def _check_expiry(self, path: bytes, signed: SignedPath, now: float) -> int | None:
        try:
            expires = self._info(signed)[0].expires if self._is_info(path) else self._options(signed)[0].state.expires
        except BadRequest:
            return None
        if expires and expires < now:
            raise SignatureExpired(param="expires")
        return expires or None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Return the path with the signature in place of its first segment."""
        check_signable(self._signatures.pairs, path, query, expires)
        prefix = _INFO[:-1] if self._is_info(path) else b""
        rest = split_signature(path.removeprefix(prefix)).rest
        if expires is not None:
            if self._config.options.only_presets:
                raise MalformedRequest("URLs of presets cannot expire")
            rest = f"/expires{self._separator}{expires}".encode() + rest
        signature = self._signatures.pairs[0].signature(rest, self._signatures.size)
        suffix = b"?" + query if query else b""
        return self._mount + (prefix + b"/" + signature + rest + suffix).decode()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return paths(request, self._separator)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query
        route = self.match(path)
        if upload or route is _NOTHING_ROUTE:
            raise RouteNotFound
        if route is _LANDING_ROUTE:
            return Text(_LANDING_PAGE, media_type="text/html")
        if route is _HEALTH_ROUTE:
            return Text("imgproxy is running")
        if route is _INFO_ROUTE:
            state, source = self._info(split_signature(path.removeprefix(_INFO[:-1])))
            plan = Plan(fact_selection=fact_selection(state))
            return FactsRequest(ImageRequest(self._versioned(source_ref(source.text), state.cachebuster), plan))
        compiled, source = self._options(split_signature(path))
        return self._request(compiled, source_ref(source.text))

    def conceals_source(self, path: bytes) -> bool:
        if self._cipher is None:
            return False
        options, is_info = self._config.options, self._is_info(path)
        rest = split_signature(path.removeprefix(_INFO[:-1]) if is_info else path).rest
        if options.info_only_presets if is_info else options.only_presets:
            return is_encrypted(split_presets(rest, self._separator)[1])
        return is_encrypted(split_path(rest, self._separator).source)

    def _options(self, signed: SignedPath) -> tuple[CompiledOptions, SourceText]:
        """Return the compiled options and the source. Raises BadRequest and Forbidden."""
        if self._config.options.only_presets:
            names, segments = split_presets(signed.rest, self._separator)
            key: object = names
        else:
            split = split_path(signed.rest, self._separator)
            names, segments, key = (), split.source, split.pipelines
        source = read_source(segments, self._config, self._cipher)
        compiled = self._compiled.get((key, source.extension))
        if compiled is None:
            applier = OptionApplier(self._config)
            if self._config.options.only_presets:
                applier.apply_presets(names)
            else:
                applier.apply(split.pipelines)
            compiled = self._compile(applier.state, source.extension)
            if len(signed.rest) <= MAX_CACHED_BYTES:
                self._compiled[key, source.extension] = compiled
        return compiled, source

    def _compile(self, state: RequestState, extension: str) -> CompiledOptions:
        if extension and not state.raw:
            set_format(state, extension)
        return CompiledOptions(plan_of(state, self._config, self._mode), state)

    def _info(self, signed: SignedPath) -> tuple[InfoState, SourceText]:
        """Return the state and the source of a request for information. Raises BadRequest and Forbidden."""
        applier = InfoApplier(self._info_config)
        if self._config.options.info_only_presets:
            names, segments = split_presets(signed.rest, self._separator)
            applier.apply_presets(names)
        else:
            split = split_path(signed.rest, self._separator)
            for part in split.pipelines:
                applier.apply(part)
            segments = split.source
        return applier.state, read_source(segments, self._config, self._cipher)

    def _request(self, compiled: CompiledOptions, source: SourceRef) -> ImageRequest:
        state, options = compiled.state, self._config.options
        return ImageRequest(
            self._versioned(source, state.cachebuster),
            compiled.plan,
            filename=_file_name(state.filename, source),
            tags=state.tags,
            inline=not state.attachment,
            max_age_s=_YEAR_S if options.ttl is None else options.ttl,
            headers=_headers(options, source),
            fallback=self._fallback(state.fallback_url),
        )

    def _fallback(self, url: str) -> Fallback | None:
        """Return the image instead of one that fails: that of the URL, else that of the server."""
        source = source_ref(url) if url else self._config.fallback
        return None if source is None else Fallback(source, status=self._config.options.fallback_image_http_code)

    def _versioned(self, source: SourceRef, cachebuster: str) -> SourceRef:
        if not cachebuster:
            return source
        is_version = _VERSION.fullmatch(cachebuster)
        version = cachebuster if is_version else blake2b(cachebuster.encode(), digest_size=16).hexdigest()
        return structs.replace(source, version=version, is_version_signed=self.requires_signature)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del query
        state, _ = self._info(split_signature(path.removeprefix(_INFO[:-1])))
        return Text(info_json(state, facts), media_type="application/json")

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return error_text(error, status, development=self._config.options.development_errors_mode)


def _signed_by_server(signatures: Signatures, keyring: Keyring) -> Signatures:
    """Return signatures by the server's keys, without a salt."""
    return Signatures(tuple(KeyPair(key, b"") for key in keyring.keys), signatures.size, signatures.trusted)


def _file_name(name: str, source: SourceRef) -> str:
    """Return a name for the result: that of the URL, else of the original."""
    if not name:
        path = urlsplit(source.text).path if source.kind is SourceKind.HTTP else source.text
        name = unquote(path.rpartition("/")[2]).rpartition(".")[0] or unquote(path.rpartition("/")[2]) or "image"
    return _UNSAFE_IN_NAME.sub("_", name)[:_MAX_NAME]


def _headers(options: ImgproxyOptions, source: SourceRef) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    if options.set_canonical_header and source.kind is SourceKind.HTTP:
        headers.append(("Link", f'<{source.text}>; rel="canonical"'))
    return tuple(headers)
