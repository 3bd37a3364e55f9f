"""The delivery URLs of Cloudinary: ``/CLOUD/image/upload/c_fill,w_300,h_200/v1/folder/image.jpg``.

Nothing is uploaded here: public ids name originals below the source of the mount.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import structs

from pixmill.dialects.cloudinary.compile import Compiler, names_only
from pixmill.dialects.cloudinary.grammar import PROTECTED_TYPES, Delivery, split_path
from pixmill.dialects.cloudinary.options import KEYS
from pixmill.dialects.cloudinary.responses import error_text, sizes
from pixmill.dialects.cloudinary.settings import CloudinaryOptions
from pixmill.dialects.cloudinary.signature import scheme_of, token_of, verify_signature, verify_token
from pixmill.dialects.cloudinary.writing import urls
from pixmill.dialects.kit.signatures import Key, check_signable_path, hex_keys
from pixmill.dialects.port import FactsRequest, Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.errors import BadRequest, MalformedRequest, PixmillError, RouteNotFound, SignatureMissing
from pixmill.plan.facts import HEADER_FACTS_ONLY
from pixmill.plan.hints import HintValues
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest

_ROUTES: Final = (UrlRoute("/{+asset}", label="cloudinary:/asset", summary="An image, behind its transformation."),)
_SHORT: Final = 8


class CloudinaryDialect:
    """The URLs of one mount."""

    prefix = ""
    routes: tuple[UrlRoute, ...] = _ROUTES

    def __init__(
        self,
        settings: CloudinaryOptions,
        keys: tuple[Key, ...] = (),
        mount: bytes = b"",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys`` are API secrets. Raises ValueError for settings that need a key without one."""
        self._settings = settings
        self._keys = keys
        self._token_keys = hex_keys(settings.auth_token_key)
        self._mount = mount
        self._compiler = Compiler(settings, mode)
        self._match = template_matcher(self.routes)
        if (settings.require_signature or settings.strict_transformations) and not keys:
            raise ValueError("require_signature and strict_transformations need keys")
        if settings.protected_folders and not (keys or self._token_keys):
            raise ValueError("protected_folders need keys or auth_token_key: nothing else opens them")
        if settings.require_token and not self._token_keys:
            raise ValueError("require_token needs auth_token_key")
        for name, text in settings.transformations.items():
            try:
                self._compiler.components_of(text.strip("/").encode().split(b"/"))
            except BadRequest as error:
                raise ValueError(f"transformation {name[:64]}: {error.message}") from error
        self.requires_signature = settings.require_signature or settings.require_token

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        delivery = self._split(path)
        token = token_of(query)
        expires = None
        has_token = bool(self._token_keys and (token or self._settings.require_token))
        if has_token:
            expires = verify_token(token, self._token_keys, path, self._mount, now)
        if delivery.signature and self._keys:
            algorithm = self._settings.signature_algorithm
            verify_signature(self._keys, delivery.signed_texts, delivery.signature, algorithm)
        elif self._needs_signature(delivery, has_token=has_token):
            raise SignatureMissing("Unsigned access: the URL must be signed")
        return expires

    def _needs_signature(self, delivery: Delivery, *, has_token: bool) -> bool:
        settings = self._settings
        is_strict = settings.strict_transformations and not names_only(delivery.components)
        is_protected = delivery.type in PROTECTED_TYPES and not has_token
        return settings.require_signature or is_strict or is_protected

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Sign a path without a signature; Cloudinary's signatures do not expire."""
        check_signable_path(self._keys, path, query, expires)
        delivery = self._split(path)
        if delivery.signature:
            raise MalformedRequest("The path is signed already")
        text = delivery.signed_texts[0]
        signature = scheme_of(_SHORT, self._settings.signature_algorithm).signature(self._keys[0], text)
        start = path[: _start_of(path, delivery)]
        signed = start + b"s--" + signature + b"--/" + path[len(start) :]
        return (self._mount + signed).decode()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, self._settings.cloud_name or "CLOUD")

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query  # only tokens and analytics
        return self._parse(path, None, upload=upload)

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> Outcome:
        del query
        return self._parse(path, hinted, upload=upload)

    def _parse(self, path: bytes, hinted: HintValues | None, *, upload: bool) -> Outcome:
        if upload:
            raise RouteNotFound
        request, recipe = self._compiler.request_of(self._split(path), hinted)
        if "getinfo" not in recipe.flags:
            return request
        plan = structs.replace(request.plan, fact_selection=HEADER_FACTS_ONLY)
        return FactsRequest(structs.replace(request, plan=plan))

    def _split(self, path: bytes) -> Delivery:
        settings = self._settings
        return split_path(path, KEYS, settings.cloud_name, use_root_path=settings.use_root_path)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path, query
        return sizes(facts)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del query
        try:
            name = self._split(path).name
        except BadRequest:
            name = ""
        return error_text(error, status, name)


def _start_of(path: bytes, delivery: Delivery) -> int:
    """Return where the components of a path begin, or what follows them."""
    rest = b"/".join((*delivery.components, b""))
    return path.index(rest) if delivery.components else _end_of_type(path, delivery)


def _end_of_type(path: bytes, delivery: Delivery) -> int:
    mark = f"/{delivery.resource}/{delivery.type}/".encode()
    at = path.find(mark)
    if at < 0:
        raise MalformedRequest("Only paths with a resource and a type are signed")
    return at + len(mark)
