"""``/playground/convert``: what a URL of any grammar means, as fields of the form and in every other grammar.

Parses as requests are parsed, so that a problem is the one that a request would have. Must never sign for a caller that
is not trusted, nor show what a signed or encrypted URL hides.
"""

import re
import time
from typing import Final
from urllib.parse import quote

import msgspec

from pixmill.api.context import ApiContext
from pixmill.api.http.path_prefix import without_prefix
from pixmill.api.playground.access import Caller
from pixmill.api.playground.form import service_title
from pixmill.dialects.catalogue import marked_services
from pixmill.dialects.factory import DIALECTS, NATIVE, ad_hoc_registry
from pixmill.dialects.native.dialect import PARAMS_BY_PATH
from pixmill.dialects.native.query import decode_value
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import Endpoint, FactsRequest, image_of
from pixmill.dialects.registry import DialectMatch, DialectRegistry
from pixmill.dialects.writing import named_request, write
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RequestTooLarge,
    RouteNotFound,
)
from pixmill.plan.request import ImageRequest

_ORIGIN: Final = re.compile(r"(?:https?:)?//([^/?#]*)", re.IGNORECASE)
_NATIVE_PATH: Final = b"/resize"
_AS_SENT: Final = "".join(map(chr, range(0x21, 0x7F)))
"""Characters of a URL that stay as they are; all others are percent-encoded, as browsers do."""

_SIGNATURE: Final = b"sig"


class ConvertRequest(msgspec.Struct, frozen=True):
    """The body: a URL, or a path with its query."""

    url: str


class Problem(msgspec.Struct, frozen=True):
    """What a request for the URL would be answered: the code, the sentence, and the parameter at fault."""

    code: str
    detail: str
    param: str | None


class WrittenUrl(msgspec.Struct, frozen=True):
    """The request in the grammar of a mount, or the reason why there is none."""

    name: str
    title: str
    url: str | None
    reason: str


class ConvertResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer. ``native`` is null where no native URL says the same, ``url`` is what to request.

    ``dialect`` is the grammar of the URL. ``fields`` are the parameters of ``native``, as they are written in a form.
    """

    native: str | None
    fields: list[tuple[str, str]]
    url: str | None
    dialects: list[WrittenUrl]
    dialect: str | None
    signed_url: str | None = None
    problem: Problem | None = None


def convert(context: ApiContext, caller: Caller, url: str, prefix: str = "") -> ConvertResponse:
    """Return what a URL means; a URL that means nothing has a problem, and the fields that can be read of it.

    A URL with the prefix of this server is one below it. The URLs of the answer are below it, too.
    """
    dialects = context.images.dialects
    try:
        host, path, query = _split(url.strip(), context.config.max_url_bytes)
        match = _match(dialects, host, without_prefix(path, prefix) or path if prefix else path, query)
    except PixmillError as error:
        return ConvertResponse(None, [], None, [], None, problem=_problem(error))
    is_native = match.mounted.name == NATIVE
    if match.route.endpoint is not Endpoint.IMAGE:
        return _information(match, query, caller)
    native_query = _without_signature(query) if is_native else b""
    native = _native_target(native_query) if is_native else None
    try:
        image_request = _parse(match, query, caller)
        if native is None:
            native = native_url(image_request)
            native_query = native.partition("?")[2].encode()
        signed = _signed(dialects, native_query, caller)
    except PixmillError as error:
        fields = _fields(native_query) if native else []
        return ConvertResponse(native, fields, native, [], match.mounted.name, problem=_problem(error))
    return ConvertResponse(
        native,
        _fields(native_query),
        signed or native,
        _written(dialects, match, image_request, caller),
        match.mounted.name,
        signed,
    )


def _information(match: DialectMatch, query: bytes, caller: Caller) -> ConvertResponse:
    """Return what to request for facts or a srcset, where a signature is all that the URL lacks; else the problem."""
    try:
        if match.mounted.name != NATIVE or not (caller.is_trusted and _is_signature_required(match)):
            raise InvalidParameter(f"{match.route.template} gives information, and no image", param="url")
        signed = match.sign(_without_signature(query))
    except PixmillError as error:
        return ConvertResponse(None, [], None, [], None, problem=_problem(error))
    return ConvertResponse(None, [], signed, [], NATIVE, signed)


def _split(url: str, max_bytes: int) -> tuple[bytes, bytes, bytes]:
    """Return host, path and query of a URL, as a browser would send it. Raises BadRequest."""
    text = url.partition("#")[0]
    if len(text) > max_bytes:
        raise RequestTooLarge(f"Path and query may have at most {max_bytes} bytes")
    try:
        target = quote(text, safe=_AS_SENT)
    except UnicodeEncodeError as error:
        raise MalformedRequest("A URL is text in Unicode") from error
    origin = _ORIGIN.match(target)
    host = origin[1] if origin else ""
    target = target[origin.end() :] if origin else target
    if len(target) > max_bytes:
        raise RequestTooLarge(f"Path and query may have at most {max_bytes} bytes")
    path, _, query = target.partition("?")
    return host.encode(), (path if path.startswith("/") else f"/{path}").encode(), query.encode()


def _match(dialects: DialectRegistry, host: bytes, path: bytes, query: bytes) -> DialectMatch:
    """Return the dialect of a URL, mounted or not. Raises RouteNotFound."""
    match = dialects.match(dialects.known_host(host), path)
    if match is None:
        names = (service.name for service in marked_services(path, query) if service.name in DIALECTS)
        match = next((one for name in names if (one := ad_hoc_registry(name).match(b"", path))), None)
    if match is None:
        raise RouteNotFound("No grammar of this server has such URLs")
    return match


def _parse(match: DialectMatch, query: bytes, caller: Caller) -> ImageRequest:
    """Parse a URL. Raises PixmillError.

    Callers that are not trusted need the signature of a dialect's URL: it may have an encrypted source. The query of a
    native one hides nothing.
    """
    if not caller.is_trusted and match.mounted.name != NATIVE:
        match.mounted.dialect.verify(match.path, query, time.time())
        if match.conceals_source:
            raise Forbidden("The source of this URL is encrypted: it is shown to trusted clients only", param="url")
    outcome = match.parse(_without_signature(query) if match.mounted.name == NATIVE else query)
    image_request = None if isinstance(outcome, FactsRequest) else image_of(outcome)
    if image_request is None:
        raise InvalidParameter("This URL is answered without an image", param="url")
    return image_request


def _signed(dialects: DialectRegistry, query: bytes, caller: Caller) -> str | None:
    """Return the native URL with a signature, if it needs one and this caller may have it. Raises BadRequest."""
    match = dialects.match(b"", _NATIVE_PATH)
    if match is None or match.mounted.name != NATIVE or not caller.is_trusted:
        return None
    return match.sign(query) if _is_signature_required(match) else None


def _is_signature_required(match: DialectMatch) -> bool:
    return bool(getattr(match.mounted.dialect, "requires_signature", False))


def _fields(query: bytes) -> list[tuple[str, str]]:
    """Return names and values of a native query, by their first names; what cannot be decoded is left out."""
    table = PARAMS_BY_PATH[_NATIVE_PATH]
    fields: list[tuple[str, str]] = []
    for piece in query.split(b"&"):
        name, _, raw = piece.partition(b"=")
        param = table.get(name)
        try:
            value = decode_value(raw)
        except BadRequest:
            continue
        if piece:
            fields.append((param.name if param else name.decode("latin-1"), value))
    return fields


def _native_target(query: bytes) -> str:
    return f"{_NATIVE_PATH.decode()}?{query.decode('latin-1')}"


def _without_signature(query: bytes) -> bytes:
    return b"&".join(piece for piece in query.split(b"&") if piece.partition(b"=")[0] != _SIGNATURE)


def _written(
    dialects: DialectRegistry, match: DialectMatch, image_request: ImageRequest, caller: Caller
) -> list[WrittenUrl]:
    """Return what the URL names in the grammar of each mount, signed for a trusted caller."""
    named = named_request(match, image_request)
    return [
        WrittenUrl(one.name, service_title(one.name), one.url, one.reason)
        for one in write(dialects, named, sign=caller.is_trusted)
    ]


def _problem(error: PixmillError) -> Problem:
    return Problem(error.code, error.message, error.param)
