"""The URLs of thumbor and imagor: ``/unsafe/fit-in/300x200/filters:blur(2)/image.jpg``.

Both have one grammar of options; filters, signatures and answers differ by flavour. Uploads are off, as in both.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pixmill.dialects.kit.query import check_path_length
from pixmill.dialects.kit.signatures import Key, check_signable_path
from pixmill.dialects.port import FactsRequest, Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.thumbor import filters_imagor, filters_thumbor
from pixmill.dialects.thumbor.compile import Compiler
from pixmill.dialects.thumbor.grammar import Flavour, read_options
from pixmill.dialects.thumbor.responses import (
    callback_of,
    flavoured_error,
    imagor_meta,
    imagor_params,
    thumbor_meta,
)
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.dialects.thumbor.signature import UNSAFE, SignedPath, Signer, split_signature
from pixmill.dialects.thumbor.writing import paths
from pixmill.errors import (
    MalformedRequest,
    MissingParameter,
    PixmillError,
    RouteNotFound,
    SignatureExpired,
)
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest

_HEALTH: Final = "/healthcheck"
_PARAMS: Final = b"params/"
_ROUTES: Final[Mapping[Flavour, tuple[UrlRoute, ...]]] = {
    Flavour.THUMBOR: (
        UrlRoute(_HEALTH, needs_engine=False, label="thumbor:/healthcheck", summary="Liveness."),
        UrlRoute("/{+image}", label="thumbor:/image", summary="An image, behind its options."),
    ),
    Flavour.IMAGOR: (
        UrlRoute("/", needs_engine=False, label="imagor:/"),
        UrlRoute(_HEALTH, needs_engine=False, label="imagor:/healthcheck", summary="Liveness."),
        UrlRoute("/{+image}", label="imagor:/image", summary="An image, behind its options."),
    ),
}
_NO_CACHE: Final = (("Cache-Control", "no-cache"),)

OPTIONS: Final = {"thumbor": filters_thumbor.OPTIONS, "imagor": filters_imagor.OPTIONS}


class ThumborDialect:
    """The URLs of one mount."""

    prefix = ""

    def __init__(
        self,
        settings: ThumborOptions,
        keys: tuple[Key, ...] = (),
        default_scheme: str = "",
        mode: RenderMode = RenderMode.BALANCED,
        mount: str = "",
    ) -> None:
        """``default_scheme``: that of image names without one; empty if these are relative.

        Without ``keys`` only ``unsafe/`` is answered.
        """
        self.routes = _ROUTES[settings.flavour]
        self._settings = settings
        self._mount = mount
        self._flavour = settings.flavour
        self._compiler = Compiler(settings, default_scheme, mode)
        self._signer = Signer.build(
            settings.flavour,
            keys,
            settings.signer_type,
            settings.signer_truncate,
            allows_unsafe=settings.allow_unsafe_url,
        )
        self._match = template_matcher(self.routes)
        self.requires_signature = bool(keys) and not settings.allow_unsafe_url

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del query  # it is not part of what is signed
        if self._own_answer(path) is not None:
            return None
        signed = self._signer.verify(path)
        if b"expire(" not in signed.rest:
            return None
        options, calls = self._compiler.options_of(signed.rest)
        expires = self._compiler.recipe_of(options, calls).expires_s
        if expires is None:
            return None
        if now >= expires:
            raise SignatureExpired(param="filters")
        return int(expires)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Sign a path that may begin with ``/unsafe/``; thumbor's signatures do not expire."""
        check_signable_path(self._signer.keys, path, query, expires)
        rest = path.removeprefix(b"/").removeprefix(UNSAFE + b"/")
        if not rest:
            raise MissingParameter("The URL names no image", param="image")
        return self._mount + self._signer.sign(rest)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return paths(request, self._flavour)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query  # thumbor and imagor ignore it
        if upload:
            raise RouteNotFound
        check_path_length(path)
        if own := self._own_answer(path):
            return own
        request, is_meta = self._image_request(path)
        return FactsRequest(request) if is_meta else request

    def _own_answer(self, path: bytes) -> Text | Redirect | None:
        """Return the answer of a path that is no image."""
        if path == _HEALTH.encode():
            return Text("WORKING" if self._flavour is Flavour.THUMBOR else "", headers=_NO_CACHE)
        if self._flavour is not Flavour.IMAGOR:
            return None
        start = path.lstrip(b"/")
        if not start:
            location = self._settings.base_path_redirect
            return Redirect(location, 307) if location else Text("imagor")
        if start.startswith(_PARAMS) and not self._settings.disable_params_endpoint:
            return self._params(start.removeprefix(_PARAMS))
        return None

    def _params(self, path: bytes) -> Text:
        signed = split_signature(b"/" + path, self._flavour)
        options, calls = self._compiler.options_of(signed.rest)
        name = self._compiler.image_name(options.image) if options.image else ""
        return imagor_params(signed, options, calls, name, is_base64=options.image.startswith(b"b64:"))

    def _signed(self, path: bytes) -> SignedPath:
        """Return the path as its signature is valid, else as it was sent: ``verify`` has the say."""
        may_be_decoded = self._flavour is Flavour.IMAGOR and (b"%" in path or b"+" in path)
        authentic = self._signer.authentic(path) if may_be_decoded else None
        signed = authentic or split_signature(path, self._flavour)
        if not signed.is_unsafe and not signed.signature:
            raise MalformedRequest("The path must begin with a signature, or with /unsafe/")
        return signed

    def _image_request(self, path: bytes) -> tuple[ImageRequest, bool]:
        request, recipe = self._compiler.request_of(self._signed(path).rest)
        return request, recipe.options.is_meta

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        rest = self._signed(path).rest
        request, recipe = self._compiler.request_of(rest)
        if self._flavour is Flavour.IMAGOR:
            return imagor_meta(facts, recipe)
        return thumbor_meta(
            facts,
            recipe,
            request.plan,
            read_options(rest, self._flavour).image.decode("latin-1"),
            ignores_orientation=not self._settings.respect_orientation,
            callback=callback_of(query, self._settings.meta_callback_name),
        )

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return flavoured_error(self._flavour, error, status, has_body=not self._settings.disable_error_body)
