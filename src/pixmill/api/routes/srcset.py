"""``/srcset``: URLs of an image in several widths and formats, as JSON and as HTML.

Knows that each candidate is a URL of ``/resize`` on this server, and signs it if needed. What the parameters mean
is in ``dialects/native/srcset.py``, which widths are useful in ``plan/srcset_widths.py``, HTML in
``http/picture_element.py``.
"""

import time
from dataclasses import dataclass, replace
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.disconnect import cancel_on_disconnect
from pixmill.api.http.facts_response import facts_response
from pixmill.api.http.picture_element import picture_element
from pixmill.api.request_parsing import image_of, verify_request
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.native.srcset import SrcsetRequest
from pixmill.dialects.registry import DialectMatch, DialectRegistry
from pixmill.errors import InvalidParameter, RouteNotFound
from pixmill.media import MEDIA, VECTOR_FORMATS, Format
from pixmill.plan.facts import Facts, exact_size
from pixmill.plan.key import result_key
from pixmill.plan.lengths import Size
from pixmill.plan.passthrough import is_delivered_unchanged
from pixmill.plan.request import ImageRequest
from pixmill.plan.srcset_widths import srcset_widths


class Dimensions(msgspec.Struct, frozen=True):
    """In pixels."""

    width: int
    height: int


class SrcsetCandidate(Dimensions, frozen=True):
    """One image of the set, and its URL."""

    url: str


class SrcsetSource(msgspec.Struct, frozen=True):
    """The candidates in one format, smallest first."""

    type: str
    images: list[SrcsetCandidate]


class SrcsetResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """``html`` is a ``<picture>`` with all candidates.

    ``largest`` has the dimensions of the largest one, ``original`` those of the original as displayed. ``warming``: all
    candidates are rendered in the background. ``placeholder`` is absent if none was requested.
    """

    html: str
    original: Dimensions
    largest: Dimensions
    sizes: str
    sources: list[SrcsetSource]
    warming: bool
    placeholder: str | None = None


async def get_srcset(context: ApiContext, request: Request) -> Response:
    """GET and HEAD: a set of candidates, whose URLs are signed if this request is."""
    match, expires = verify_request(request)
    if not isinstance(match.mounted.dialect, NativeDialect):
        raise RouteNotFound
    native_query_of = partial(_native_query_of, context.images.dialects, request.headers.get("host", ""))
    srcset_request = match.mounted.dialect.parse_srcset(request.scope["query_string"], native_query_of)
    images = replace(match, path=match.path.removesuffix(b"/srcset") + b"/resize")
    builder = _SrcsetBuilder(
        context, srcset_request, images, expires, may_warm=request.method == "GET" and context.config.srcset_warm
    )
    return facts_response(request, await cancel_on_disconnect(request.receive, builder.build()), expires)


def _native_query_of(dialects: DialectRegistry, host: str, target: bytes) -> bytes:
    """Return the query of ``/resize`` that means the same as a URL of any dialect on this host.

    Raises BadRequest, Forbidden, and InvalidParameter for a URL that is no image or has no native URL.
    """
    path, _, query = target.partition(b"?")
    match = dialects.match(dialects.known_host(host.encode()), path)
    if match is None:
        raise InvalidParameter("of must be a URL of a dialect of this server", param="of")
    match.mounted.dialect.verify(match.path, query, time.time())
    image_request = image_of(match.parse(query))
    if image_request is None:
        raise InvalidParameter("of must be the URL of an image", param="of")
    return native_url(image_request).partition("?")[2].encode()


@dataclass(frozen=True, slots=True)
class _SrcsetBuilder:
    """Builds one set. ``images`` is the match of its candidates: same dialect and mount."""

    context: ApiContext
    srcset_request: SrcsetRequest
    images: DialectMatch
    expires: int | None
    may_warm: bool

    async def build(self) -> SrcsetResponse:
        source = self._image_request(self.srcset_request.widths[0], Format.JPEG).source
        resizer = self.context.images.resizer
        async with resizer.load_original(source):  # held, so that all that follows shares one fetch
            facts = await resizer.inspect(source)
            sized_widths = self._sized_widths(facts)
            formats = self.srcset_request.formats or _formats(facts, self.context.images.negotiable_formats)
            candidates = {
                form: [self._candidate(width, form, size) for width, size in sized_widths] for form in formats
            }
            image_requests = (
                [self._image_request(width, form) for form in formats for width, _ in sized_widths]
                if self._should_warm
                else []
            )
            warming = bool(image_requests) and resizer.warm(
                source, [one.plan for one in image_requests], image_requests[0].tags
            )
            placeholder = await self._placeholder(sized_widths[0][0])
        return self._response(facts, candidates, warming=warming, placeholder=placeholder)

    def _response(
        self, facts: Facts, candidates: dict[Format, list[SrcsetCandidate]], *, warming: bool, placeholder: str | None
    ) -> SrcsetResponse:
        largest = next(iter(candidates.values()))[-1]
        html_candidates = {form: [(one.width, one.url) for one in those] for form, those in candidates.items()}
        return SrcsetResponse(
            html=picture_element(
                html_candidates, Size(largest.width, largest.height), self.srcset_request.sizes, self.srcset_request.alt
            ),
            original=Dimensions(facts.width, facts.height),
            largest=Dimensions(largest.width, largest.height),
            sizes=self.srcset_request.sizes,
            sources=[SrcsetSource(MEDIA[form].mime, those) for form, those in candidates.items()],
            warming=warming,
            placeholder=placeholder,
        )

    @property
    def _should_warm(self) -> bool:
        return self.may_warm and self.srcset_request.warm

    def _sized_widths(self, facts: Facts) -> list[tuple[int, Size]]:
        """Return the widths to request, each with its resulting size."""
        original_size = Size(facts.width, facts.height)
        return srcset_widths(
            original_size,
            self.srcset_request.widths,
            lambda width: self._image_request(width, Format.JPEG).plan,
            self.context.limits.images,
            is_vector=facts.format in VECTOR_FORMATS,
            exact_source=exact_size(facts),
            orientation=facts.orientation,
            is_unchanged=is_delivered_unchanged(
                self._image_request(self.srcset_request.widths[0], Format.JPEG).plan,
                facts.format,
                is_animation=facts.frames > facts.pages,
            ),
        )

    def _candidate(self, width: int, form: Format, size: Size) -> SrcsetCandidate:
        url = self.images.sign(self.srcset_request.query(width, form), self.expires)
        return SrcsetCandidate(size.width, size.height, url)

    def _image_request(self, width: int, form: Format) -> ImageRequest:
        image_request = image_of(self.images.parse(self.srcset_request.query(width, form)))
        if image_request is None:
            raise RouteNotFound
        return image_request

    async def _placeholder(self, width: int) -> str | None:
        if self.srcset_request.placeholder is None:
            return None
        image_request, resizer = (
            self._image_request(width, self.srcset_request.placeholder),
            self.context.images.resizer,
        )
        key = result_key(image_request.source.identity, image_request.plan)
        result = await resizer.resize(image_request, (), key)
        return result.entry.body.decode() if result.entry else None


def _formats(facts: Facts, negotiable_formats: tuple[Format, ...]) -> tuple[Format, ...]:
    """Return the negotiable formats, and a universally supported fallback that can hold the image."""
    if facts.frames > facts.pages:
        return (*negotiable_formats, Format.GIF)
    return (*negotiable_formats, Format.PNG if facts.alpha else Format.JPEG)
