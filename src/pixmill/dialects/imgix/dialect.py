"""URLs of imgix and of services with its parameters: the path of an original, or its whole URL, and a query.

``/photo.jpg?w=300&h=200&fit=crop``. What a service does in its own way is in ``services.py``.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Final, NamedTuple, cast
from urllib.parse import unquote_to_bytes

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.imgix import appearance, geometry, overlays
from pixmill.dialects.imgix.facts import facts_text, selection_of
from pixmill.dialects.imgix.options import Row, Values
from pixmill.dialects.imgix.output import filename_of, input_of, output_of
from pixmill.dialects.imgix.services import Service
from pixmill.dialects.imgix.values import MAX_LENGTH, Side, lenient_decode
from pixmill.dialects.imgix.writing import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import base64url_decode
from pixmill.dialects.kit.query import check_path_length, pairs, remove
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, check_signable, md5_prefix
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import FactsRequest, Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.errors import (
    InvalidParameter,
    MalformedRequest,
    PixmillError,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SourceDenied,
    UnsupportedImage,
)
from pixmill.plan.colour import Colour
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.ops import Plan, Stage
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

MAX_PATH_BYTES: Final = 16_384

_SCHEME: Final = Scheme(md5_prefix, Spelling.HEX)
_SIGNATURE: Final = b"s"
_BASE64: Final = "64"
_UNCOMPILED: Final = frozenset((_SIGNATURE, b"expires"))
_NO_SOURCE: Final = SourceRef(SourceKind.PATH, "")
_MERGED: Final = frozenset(("auto", "ch"))
"""Parameters whose values add up."""
_MAX_ERROR_CHARS: Final = 200

_STATUSES: Final[tuple[tuple[type[PixmillError], int], ...]] = (
    (SignatureExpired, 404),
    (SourceDenied, 403),
    (UnsupportedImage, 415),
)


class ImgixOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``default_params``: parameters of URLs that do not have them."""

    default_params: dict[str, Annotated[str, Meta(max_length=2_048)]] = {}


NO_OPTIONS: Final = ImgixOptions()


class _Compiled(NamedTuple):
    """What a query means: a request of it, without its source."""

    request: ImageRequest
    is_facts: bool = False


class ImgixDialect:
    """The URLs of one mount of one of the services."""

    prefix = ""

    def __init__(
        self,
        service: Service,
        options: ImgixOptions = NO_OPTIONS,
        keys: tuple[Key, ...] = (),
        *,
        mount: str = "",
        mode: RenderMode = RenderMode.BALANCED,
    ) -> None:
        """``keys`` are the tokens of the source: with one or more every request must be signed.

        Raises ValueError for default parameters that nobody has.
        """
        self._service = service
        self._keys = keys
        self._mount = mount.encode()
        self._mode = mode
        unknown = next((name for name in options.default_params if name not in service.by_name), None)
        if unknown is not None:
            raise ValueError(f"default_params: {service.name} has no parameter {unknown[:64]!r}")
        self._defaults = self._read(options.default_params.items())
        self._expiry_names = {name for name, row in service.by_name.items() if row.key == "expires"}
        self._compiled: CompiledCache[tuple[bytes, HintValues | None], _Compiled] = CompiledCache()
        self.requires_signature = bool(keys)
        self.routes: tuple[UrlRoute, ...] = (
            UrlRoute(
                "/{+path}",
                takes_body=False,
                label=f"{service.name}:/image",
                summary=f"An image, as {service.name} makes it.",
            ),
        )
        self._match = template_matcher(self.routes)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    # Signatures

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        if self._keys:
            self._verify_signature(path, query)
        expires = self._expires(query)
        if expires is not None and now >= expires:
            raise SignatureExpired(param="expires")
        return expires

    def _expires(self, query: bytes) -> int | None:
        """Return the expiry of a URL, else that of the defaults. Raises SignatureInvalid if it cannot be read."""
        expires = self._defaults.find("expires", int)
        if b"expires" not in query and b"%" not in query:
            return expires
        for name, text in pairs(query, self._expiry_names, decode=lenient_decode):
            row = self._service.by_name[name]
            expires = cast("int | None", _value(row, text if name in row.option.names else _decoded(name, text)))
            if expires is None:
                raise SignatureInvalid("expires must be seconds since 1970, or a date", param="expires")
        return expires

    def _verify_signature(self, path: bytes, query: bytes) -> None:
        """Accept a signature of the path below the mount, or of the whole one. Raises Forbidden."""
        given = next((piece[2:] for piece in query.split(b"&") if piece.startswith(b"s=")), b"")
        if not given:
            raise SignatureMissing
        rest = remove(query, {_SIGNATURE})
        suffix = b"?" + rest if rest else b""
        below = _SCHEME.matches(self._keys, path + suffix, given)
        if not (self._mount and _SCHEME.matches(self._keys, self._mount + path + suffix, given)) and not below:
            _SCHEME.verify(self._keys, path + suffix, given)

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Sign a URL with the mount in front."""
        check_signable(self._keys, path, query, expires)
        if expires is not None and not self._expiry_names:
            raise MalformedRequest("Signatures of this service do not expire")
        names = {_SIGNATURE} if expires is None else {_SIGNATURE, b"expires"}
        pieces = [
            piece for piece in (remove(query, names), b"" if expires is None else b"expires=%d" % expires) if piece
        ]
        target = self._mount + path + (b"?" + b"&".join(pieces) if pieces else b"")
        signature = _SCHEME.signature(self._keys[0], target).decode()
        return f"{target.decode()}{'&' if pieces else '?'}s={signature}"

    # Requests

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, self._service)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        return self._parse(path, query, None, upload=upload)

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> Outcome:
        return self._parse(path, query, hinted, upload=upload)

    def _parse(self, path: bytes, query: bytes, hinted: HintValues | None, *, upload: bool) -> Outcome:
        if upload:
            raise RouteNotFound
        source = self._source(path)
        query = remove(query, _UNCOMPILED)
        compiled = self._compiled.get((query, hinted))
        if compiled is None:
            compiled = self._compiled.put((query, hinted), self._compile(query, hinted), len(query))
        request = replace(compiled.request, source=source)
        return FactsRequest(request) if compiled.is_facts else request

    def _compile(self, query: bytes, hinted: HintValues | None) -> "_Compiled":
        """Return what a query means, without its signature and its expiry. Raises BadRequest."""
        values = self._values(query)
        self._check_models(values)
        selection = selection_of(values)
        if selection is not None:
            return _Compiled(ImageRequest(_NO_SOURCE, Plan(fact_selection=selection)), is_facts=True)
        words: tuple[str, ...] = values.value("ch", ())
        hints = Hints("width" in words, "dpr" in words, "save-data" in words) if words else None
        saves_data = bool(hints and hints.save_data and hinted and hinted.save_data)
        if hints is not None and hinted is not None:
            values = _with_hints(values, hints, hinted)
        plan = self._plan(values, saves_data=saves_data)
        return _Compiled(ImageRequest(_NO_SOURCE, plan, filename_of(values), hints=hints))

    def _source(self, path: bytes) -> SourceRef:
        """Return the original. Raises InvalidParameter."""
        check_path_length(path, MAX_PATH_BYTES)
        try:
            text = unquote_to_bytes(path.removeprefix(b"/")).decode()
        except UnicodeDecodeError:
            raise MalformedRequest("The path is not UTF-8", param="path") from None
        return parse_source(self._service.source_path(text))

    def _values(self, query: bytes) -> Values:
        """Return the values of a query, and the defaults. Raises BadRequest."""
        found = self._read(pairs(query, self._service.by_name, decode=lenient_decode))
        return Values({**self._defaults, **found}) if self._defaults else found

    def _read(self, items: Iterable[tuple[str, str]]) -> Values:
        """Read values; of equal parameters the last counts. Invalid ones count as not given. Raises InvalidParameter.

        Of names that end with 64 the value is base64; only what is none is an error.
        """
        values = Values()
        for name, text in items:
            row = self._service.by_name[name]
            value = _value(row, text if name in row.option.names else _decoded(name, text))
            if value is None:
                continue
            if row.key in _MERGED and isinstance(value, tuple):
                value = tuple(dict.fromkeys((*values.value(row.key, value), *value)))
            values[row.key] = value
        return values

    def _check_models(self, values: Values) -> None:
        """Refuse what must not fall back to an image without it."""
        for name in ("bg-remove", "bg-replace", "upscale"):
            if values.get(name) and not values.value(f"{name}-fallback", True):
                raise InvalidParameter(f"{name} is not supported", param=name)
        if values.value("fill", "") in ("gen", "generative") and not values.value("fill-gen-fallback", True):
            raise InvalidParameter("fill=gen is not supported", param="fill")

    # Plans

    def _plan(self, values: Values, *, saves_data: bool) -> Plan:
        first, *others = self._stages(values, draws=True)
        source = input_of(values)
        is_unchanged = first == Stage() and not others and source == Plan().input
        output = output_of(values, self._service, self._mode, saves_data=saves_data, is_unchanged=is_unchanged)
        if "bg" in values and others:
            first = _with_background(first, values)
        return plan_of_stages((first, *others), source, output, param="blend")

    def _stages(self, values: Values, *, draws: bool) -> tuple[Stage, ...]:
        """Return the stages; a watermark of a watermark is not drawn."""
        draft = geometry.lay_out(values, self._service)
        appearance.adjust(draft, values, self._service)
        appearance.outline(draft, values)
        overlays.draw_gradient(draft, values)
        geometry.pad(draft, values)
        if draws:
            overlays.draw(draft, values, self._inner_values, lambda inner: self._stages(inner, draws=False))
        return draft.built()

    def _inner_values(self, query: str) -> Values:
        """Return the values in the query of a watermark's path. Raises BadRequest."""
        return self._read(pairs(query.encode(), self._service.by_name, decode=lenient_decode))

    # Answers

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path
        return facts_text(facts, self._values(query))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        own = next((number for kind, number in _STATUSES if isinstance(error, kind)), status)
        message = error.message[:_MAX_ERROR_CHARS].encode("ascii", "replace").decode()
        shown = "".join(letter if letter.isprintable() else " " for letter in message)
        header = self._service.error_header
        return Text(error.message, own, headers=((header, shown),) if header else ())


def _decoded(name: str, text: str) -> str:
    try:
        return base64url_decode(text).decode()
    except ValueError:
        raise InvalidParameter(f"{name} is not base64", param=name) from None


def _value(row: Row, text: str) -> object:
    if row.read is None:
        return None
    try:
        return row.read(text)
    except ValueError:
        return None


def _with_hints(values: Values, hints: Hints, hinted: HintValues) -> Values:
    """Replace what the URL leaves to the client by what it says; its width is in device pixels."""
    changed = Values(values)
    if hints.width and hinted.width:
        changed["w"] = Side(Fraction(min(hinted.width, MAX_LENGTH)))
        changed["dpr"] = Fraction(1)
    elif hints.dpr and hinted.dpr:
        changed["dpr"] = hinted.dpr
    return changed


def _with_background(first: Stage, values: Values) -> Stage:
    """Put the background behind the whole result, whichever stage pads it."""
    return replace(first, background=values.value("bg", Colour())) if first.background == Colour() else first
