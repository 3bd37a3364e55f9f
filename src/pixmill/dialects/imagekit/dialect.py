"""ImageKit's URLs: ``/tr:w-300,h-200:rt-90/photos/a.jpg`` and ``/photos/a.jpg?tr=w-300``.

A mount is an endpoint: what stands in front of the transformation in ImageKit's URLs, with the identifier.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.imagekit.chain import PARAM, Step, read_chain
from pixmill.dialects.imagekit.compile import StageList, Values, error, read_values
from pixmill.dialects.imagekit.layers import overlays_of, reference
from pixmill.dialects.imagekit.options import AUTO_FORMAT, ORIGINAL
from pixmill.dialects.imagekit.writing import urls
from pixmill.dialects.kit.compiled import CompiledCache
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.query import check_path_length, last_values, pairs, remove
from pixmill.dialects.kit.signatures import FIRST_EXPIRY, Key, Scheme, Spelling, check_signable, expiry, hmac_sha1
from pixmill.dialects.kit.stages import plan_of_stages
from pixmill.dialects.port import Outcome, QueryParam, Redirect, Text, UrlRoute, template_matcher
from pixmill.errors import (
    BadRequest,
    InvalidParameter,
    PixmillError,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)
from pixmill.media import Format
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import MAX_STAGES, Input, Output, Plan, Stage
from pixmill.plan.output import Encoding, Metadata, Profile, RenderMode
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

NEVER: Final = "9999999999"
"""What is signed in place of an expiry by URLs that have none."""

_MARK: Final = b"tr:"
_SEO: Final = b"ik-seo"
_NO_SOURCE: Final = SourceRef(SourceKind.PATH, "")
_NAMES: Final = frozenset((PARAM, "ik-attachment", "ik-attachment-name", "ik-s", "ik-t"))
_SIGNED_OUT: Final = frozenset((b"ik-s", b"ik-t"))
_SCHEME: Final = Scheme(hmac_sha1, Spelling.HEX)
_KEPT: Final = (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP, Format.AVIF)
_UNIVERSAL: Final = (Format.JPEG, Format.PNG, Format.GIF)
_NO_HINTS: Final = HintValues()
_FOR_OUTPUT: Final = ("f", "q", "pr", "lo", "cp", "md", "orig", "pg", "di")
_TRANSFORMATION: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="imagekit:/image",
        summary="An image, as ImageKit delivers it.",
        params=(QueryParam(PARAM, "The transformation, if it is not in the path.", {"type": "string"}),),
    ),
)


class ImageKitOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``named``: transformations by name. ``auto_format``: AVIF or WebP by Accept without ``f``. ``quality``: without
    ``q``. ``ignore_unsupported``: parameters that are not supported are ignored rather than refused.
    """

    named: Annotated[dict[str, str], Meta(max_length=1_000)] = {}
    auto_format: bool = True
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    ignore_unsupported: bool = False


class ImageKitDialect:
    """The URLs of one endpoint."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        options: ImageKitOptions,
        keys: tuple[Key, ...] = (),
        mode: RenderMode = RenderMode.BALANCED,
        mount: str = "",
    ) -> None:
        """``keys``: with any, URLs must be signed by one of them. Raises ValueError for a bad named transformation."""
        self._options = options
        self._keys = keys
        self._mount = mount
        self._mode = mode
        self._compiled: CompiledCache[tuple[str, HintValues], ImageRequest] = CompiledCache()
        self._named = {name: _named_chain(name, text) for name, text in options.named.items()}
        self._match = template_matcher(_ROUTES)
        self.requires_signature = bool(keys)

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        if not self._keys:
            return None
        values = last_values(pairs(query, _NAMES))
        expires, signature = values.get("ik-t", ""), values.get("ik-s", "")
        message = _signed_text(path, query) + (expires or NEVER).encode()
        _SCHEME.verify(self._keys, message, signature.encode())
        return expiry(expires, now, param="ik-t") if expires and expires != NEVER else None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        check_signable(self._keys, path, query, expires, first_expiry=FIRST_EXPIRY)
        text = _signed_text(path, query)
        signature = _SCHEME.signature(self._keys[0], text + (str(expires) if expires else NEVER).encode()).decode()
        expiry_text = f"ik-t={expires}&" if expires else ""
        mark = "&" if b"?" in text else "?"
        return f"{self._mount}/{text.decode()}{mark}{expiry_text}ik-s={signature}"

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        return self.parse_with_hints(path, query, _NO_HINTS, upload=upload)

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        check_path_length(path)
        values = last_values(pairs(query, _NAMES, decode=percent_decode))
        image, in_path = _split_path(path)
        source = _source(image)
        chain = values.get(PARAM) or in_path
        request = self._compiled.get((chain, hinted))
        if request is None:
            request = self._compiled.put((chain, hinted), self._compile(chain, hinted), len(chain))
        is_attached = values.get("ik-attachment") == "true"
        filename = (values.get("ik-attachment-name") or image.rpartition("/")[2])[:255] if is_attached else ""
        return replace(request, source=source, filename=filename)

    def _compile(self, chain: str, hinted: HintValues) -> ImageRequest:
        """Return the request of a transformation, without its source. Raises BadRequest."""
        steps = self._expanded(read_chain(chain))
        stages, found = StageList(), Values()
        wants_width = wants_dpr = False
        for step in steps:
            given = self._read(step)
            wants_width = wants_width or any(name == "w" and text == "auto" for name, text in step.params)
            wants_dpr = wants_dpr or given.dpr == 0
            changes = {name: value for name in _FOR_OUTPUT if (value := getattr(given, name)) is not None}
            found = replace(found, **changes)
            stages.add_step(given, overlays_of(step, self._read), hinted)
        return ImageRequest(
            _NO_SOURCE,
            self._plan(stages.stages, found),
            fallback=Fallback(reference(found.di)) if found.di else None,
            hints=Hints(wants_width, wants_dpr) if wants_width or wants_dpr else None,
        )

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        if isinstance(error, SignatureMissing | SignatureInvalid | SignatureExpired):
            return Text("Your request is not authorized.", 401)
        if isinstance(error, BadRequest) and not isinstance(error, RouteNotFound):
            shown = error.message.encode("ascii", "replace").decode()
            return Text(error.message, status, headers=(("x-ik-error", shown),))
        return Text(error.message, status)

    def _read(self, step: Step) -> Values:
        return read_values(step, ignore_unsupported=self._options.ignore_unsupported)

    def _expanded(self, steps: list[Step]) -> list[Step]:
        """Replace names of transformations by their steps. Raises InvalidParameter."""
        expanded: list[Step] = []
        for step in steps:
            names = [value for name, value in step.params if name == "n"]
            for name in names:
                if name not in self._named:
                    raise error(f"There is no named transformation {name[:64]}")
                expanded += self._named[name]
            others = [param for param in step.params if param[0] != "n"]
            if others or step.layers or not names:
                expanded.append(Step(others, step.layers))
            if len(expanded) > MAX_STAGES + 1:
                raise error(f"A transformation may have at most {MAX_STAGES + 1} steps")
        return expanded

    def _plan(self, stages: tuple[Stage, ...], found: Values) -> Plan:
        source = Input(page=found.pg or 1)
        if found.orig:
            return normal_form(Plan(output=Output(source_format=True)))
        what = "The steps of the transformation"
        return plan_of_stages(stages or (Stage(),), source, self._output(found), what=what, param=PARAM)

    def _output(self, found: Values) -> Output:
        encoding = Encoding(mode=self._mode, progressive=bool(found.pr), lossless=bool(found.lo))
        output = Output(
            quality=found.q or self._options.quality,
            metadata=Metadata.KEEP if found.md else Metadata.STRIP,
            profile=Profile.KEEP if found.cp else Profile.SRGB,
            encoding=encoding,
        )
        form = found.f or (AUTO_FORMAT if self._options.auto_format else ORIGINAL)
        if form == AUTO_FORMAT:
            formats = (Format.AVIF, Format.WEBP)
            return replace(
                output,
                formats=formats,
                negotiated=True,
                ordered=True,
                source_format=True,
                original_formats=_UNIVERSAL,
                passthrough=(Format.SVG,),
            )
        if form == ORIGINAL:
            return replace(output, source_format=True, original_formats=_KEPT, passthrough=(Format.SVG,))
        return replace(output, formats=(Format(form),))


def _named_chain(name: str, text: str) -> list[Step]:
    if not _TRANSFORMATION.fullmatch(name):
        raise ValueError(f"named: {name[:64]!r} is not a name")
    steps = read_chain(text)
    for step in steps:
        if any(key == "n" for key, _ in step.params):
            raise ValueError(f"named: {name} names another transformation")
        overlays_of(step, read_values)
        read_values(step)
    return steps


def _signed_text(path: bytes, query: bytes) -> bytes:
    """Return what is signed besides the expiry: the URL below the endpoint, without the signature."""
    rest = remove(query, _SIGNED_OUT)
    return path.removeprefix(b"/") + (b"?" + rest if rest else b"")


def _split_path(path: bytes) -> tuple[str, str]:
    """Return the path of the image and the transformation in it, both decoded. Raises InvalidParameter."""
    segments = path.removeprefix(b"/").split(b"/")
    is_seo = segments[0] == _SEO
    if is_seo:
        segments = segments[1:]
    chain = b""
    for index, segment in enumerate(segments):
        start = segment[:5].lower().replace(b"%3a", b":")
        if start.startswith(_MARK):
            chain = segments.pop(index)
            break
    if is_seo and len(segments) > 1:
        *folders, suffix = segments
        _, dot, extension = suffix.rpartition(b".")
        segments = [*folders[:-1], folders[-1] + dot + extension]
    try:
        return percent_decode(b"/".join(segments)), percent_decode(chain)[len(_MARK) :] if chain else ""
    except ValueError:
        raise InvalidParameter("The path is not UTF-8, or has control characters", param="image") from None


def _source(image: str) -> SourceRef:
    """Return the original: a path, or an http or https URL. Raises InvalidParameter."""
    is_url = image.startswith(("http://", "https://"))
    return parse_source(image if is_url else f"/{image}")
