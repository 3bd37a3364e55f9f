"""``/srcset``: URLs of an image in several widths and formats, as JSON and as HTML.

Knows that each candidate is a URL of ``/resize`` on this server, and signs it if needed. What the parameters mean
is in ``dialects/native/srcset.py``, which widths are useful in ``plan/srcset_widths.py``, HTML in
``http/picture_element.py``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.disconnect import cancel_on_disconnect
from pixmill.api.http.facts_response import facts_response
from pixmill.api.http.forwarded import trusted_origin
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.http.picture_element import ImageCandidate, PictureElement
from pixmill.api.http.placeholder_style import NO_PLACEHOLDER, PlaceholderView, hash_view, lqip_view
from pixmill.api.http.public_url import path_below, public_base
from pixmill.api.request_parsing import verify_request
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.element_options import Placeholder
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.native.srcset import SrcsetRequest
from pixmill.dialects.port import image_of
from pixmill.dialects.registry import DialectMatch, DialectRegistry
from pixmill.errors import ConflictingParameters, InternalError, InvalidParameter, RouteNotFound
from pixmill.media import BROWSER_FORMATS, MEDIA, VECTOR_FORMATS, Format
from pixmill.plan.facts import Facts, exact_size
from pixmill.plan.key import result_key
from pixmill.plan.lengths import Size, round_length
from pixmill.plan.passthrough import is_delivered_unchanged
from pixmill.plan.request import ImageRequest
from pixmill.plan.result_size import result_size
from pixmill.plan.srcset_widths import srcset_widths


class Dimensions(msgspec.Struct, frozen=True):
    """In pixels."""

    width: int
    height: int


class SrcsetCandidate(Dimensions, frozen=True):
    """One image of the set, its URL, and its descriptor in ``srcset``: its width or its density."""

    url: str
    descriptor: str


class SrcsetSource(msgspec.Struct, frozen=True):
    """The candidates in one format, smallest first."""

    type: str
    images: list[SrcsetCandidate]


class SrcsetResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """``html`` is a ``<picture>`` with all candidates.

    ``largest`` has the dimensions of the largest one, ``original`` those of the original as displayed, and
    ``displayed`` those of the element in CSS pixels, where there is room. ``src`` is the URL for browsers without
    ``srcset``. ``warming``: all candidates are rendered in the background. ``placeholder`` is absent if none was
    requested, ``sizes`` with densities; ``preload`` is a ``<link>`` for the head of the page if ``loading`` is eager.
    """

    html: str
    original: Dimensions
    largest: Dimensions
    displayed: Dimensions
    src: str
    sources: list[SrcsetSource]
    warming: bool
    sizes: str | None = None
    placeholder: str | None = None
    preload: str | None = None


async def get_srcset(context: ApiContext, request: Request) -> Response:
    """GET and HEAD: a set of candidates, whose URLs are signed if this request is."""
    match, expires = verify_request(request)
    if not isinstance(match.mounted.dialect, NativeDialect):
        raise RouteNotFound
    config = context.config
    base = public_base(request.scope, config.public_url, config.proxy_networks(), match.mounted.host)
    bases = (base.text, trusted_origin(request.scope, config.proxy_networks()))
    own_path_of = partial(path_below, bases=bases, prefix=prefix_of(request.scope))
    native_query_of = partial(_native_query_of, context.images.dialects, request.headers.get("host", ""), own_path_of)
    srcset_request = match.mounted.dialect.parse_srcset(request.scope["query_string"], native_query_of)
    images = replace(match, path=match.path.removesuffix(b"/srcset") + b"/resize")
    builder = _SrcsetBuilder(
        context, srcset_request, images, base.text, expires, may_warm=request.method == "GET" and config.srcset_warm
    )
    response = await cancel_on_disconnect(request.receive, builder.build())
    return facts_response(request, response, expires, is_private=base.is_private)


def _native_query_of(
    dialects: DialectRegistry, host: str, own_path_of: Callable[[str], str | None], target: bytes
) -> bytes:
    """Return the query of ``/resize`` that means the same as a URL of any dialect on this host.

    ``own_path_of`` returns path and query of URLs of this server. Raises BadRequest, Forbidden, and InvalidParameter
    for a URL that is no image or has no native URL.
    """
    own = own_path_of(target.decode())
    if own is None:
        raise InvalidParameter("of must be a URL of this server: a path, or below its public URL", param="of")
    path, _, query = own.encode().partition(b"?")
    match = dialects.match(dialects.known_host(host.encode()), path)
    if match is None:
        raise InvalidParameter("of must be a URL of a dialect of this server", param="of")
    match.mounted.dialect.verify(match.path, query, time.time())
    if match.conceals_source:
        raise InvalidParameter("of hides its source, which the URLs of candidates would show", param="of")
    image_request = image_of(match.parse(query))
    if image_request is None:
        raise InvalidParameter("of must be the URL of an image", param="of")
    return native_url(image_request).partition("?")[2].encode()


CandidateKey = int | tuple[str, ...]
"""What tells one size from another: the width that is requested, or presets."""


@dataclass(frozen=True, slots=True)
class _SrcsetBuilder:
    """Builds one set.

    ``images`` is the match of its candidates: same dialect and mount. Their URLs begin with ``base``.
    """

    context: ApiContext
    srcset_request: SrcsetRequest
    images: DialectMatch
    base: str
    expires: int | None
    may_warm: bool

    async def build(self) -> SrcsetResponse:
        source = self._image_request(self._first_key, Format.JPEG).source
        resizer = self.context.images.resizer
        async with resizer.load_original(source):  # held, so that all that follows shares one fetch
            facts = await resizer.inspect(source)
            sized_keys = self._sized_keys(facts)
            element_size = self._element_size(facts, sized_keys)
            formats = self.srcset_request.formats or _formats(facts, self.context.images.negotiable_formats)
            image_requests = (
                [self._image_request(key, form) for form in formats for key, _ in sized_keys]
                if self._should_warm
                else []
            )
            warming = bool(image_requests) and resizer.warm(
                source, [one.plan for one in image_requests], image_requests[0].tags
            )
            is_opaque = not facts.alpha or not any(MEDIA[form].alpha for form in formats)
            placeholder = await self._placeholder(sized_keys[0][0], is_opaque=is_opaque)
        element = PictureElement(
            {form: [self._candidate(*one, form, element_size) for one in sized_keys] for form in formats},
            element_size,
            self.srcset_request.element,
            placeholder,
            has_densities=self.srcset_request.has_densities,
        )
        return _response(element, facts, warming=warming)

    @property
    def _should_warm(self) -> bool:
        return self.may_warm and self.srcset_request.warm

    @property
    def _first_key(self) -> CandidateKey:
        return (self.srcset_request.variants or self.srcset_request.widths)[0]

    def _sized_keys(self, facts: Facts) -> list[tuple[CandidateKey, Size]]:
        """Return what to request, smallest first, each with its resulting size."""
        if self.srcset_request.variants:
            return _same_shape(self._sized_variants(facts))
        return [*self._sized_widths(facts, self.srcset_request.widths)]

    def _sized_variants(self, facts: Facts) -> Iterator[tuple[CandidateKey, Size]]:
        for names in self.srcset_request.variants:
            plan = self._image_request(names, Format.JPEG).plan
            size = result_size(facts, plan, self.context.limits.images)
            if size is None:
                raise InvalidParameter(
                    "the size of a variant must not depend on the pixels of the image", param="variants"
                )
            yield names, size

    def _sized_widths(self, facts: Facts, widths: Iterable[int]) -> list[tuple[int, Size]]:
        return srcset_widths(
            Size(facts.width, facts.height),
            widths,
            lambda width: self._image_request(width, Format.JPEG).plan,
            self.context.limits.images,
            is_vector=facts.format in VECTOR_FORMATS,
            exact_source=exact_size(facts),
            orientation=facts.orientation,
            is_unchanged=self._is_unchanged(facts),
        )

    def _is_unchanged(self, facts: Facts) -> bool:
        plan = self._image_request(self._first_key, Format.JPEG).plan
        return is_delivered_unchanged(plan, facts.format, is_animation=facts.frames > facts.pages)

    def _element_size(self, facts: Facts, sized_keys: list[tuple[CandidateKey, Size]]) -> Size:
        """Return the size of the element in CSS pixels."""
        width, (_, largest) = self.srcset_request.width, sized_keys[-1]
        if width is None:
            return largest
        if self._is_unchanged(facts):
            width = min(width, largest.width)
            return Size(width, round_length(Fraction(width * largest.height, largest.width)))
        ((_, size),) = self._sized_widths(facts, [width])
        return size

    def _candidate(self, key: CandidateKey, size: Size, form: Format, element_size: Size) -> ImageCandidate:
        url = self.base + self.images.sign(self._query(key, form), self.expires)
        has_densities = self.srcset_request.has_densities
        return ImageCandidate(
            url, size, f"{size.width / element_size.width:.4g}x" if has_densities else f"{size.width}w"
        )

    def _query(self, key: CandidateKey, form: Format) -> bytes:
        request = self.srcset_request
        return request.query(key, form) if isinstance(key, int) else request.variant_query(key, form)

    def _image_request(self, key: CandidateKey, form: Format) -> ImageRequest:
        image_request = image_of(self.images.parse(self._query(key, form)))
        if image_request is None:
            raise RouteNotFound
        return image_request

    async def _placeholder(self, key: CandidateKey, *, is_opaque: bool) -> PlaceholderView:
        kind = self.srcset_request.placeholder
        if kind is Placeholder.NONE:
            return NO_PLACEHOLDER
        if kind is Placeholder.LQIP:
            return lqip_view(await self._text(key, Format.LQIP), is_opaque=is_opaque)
        thumbhash = await self._text(key, Format.THUMBHASH)
        text = await self._text(key, Format.BLURHASH) if kind is Placeholder.BLURHASH else thumbhash
        return hash_view(kind, text, thumbhash, is_opaque=is_opaque)

    async def _text(self, key: CandidateKey, form: Format) -> str:
        """Return the result in a format that is a text."""
        image_request = self._image_request(key, form)
        result_id = result_key(image_request.source.identity, image_request.plan)
        result = await self.context.images.resizer.resize(image_request, (), result_id)
        if result.entry is None:
            raise InternalError
        return result.entry.body.decode()


def _response(element: PictureElement, facts: Facts, *, warming: bool) -> SrcsetResponse:
    largest = next(iter(element.candidates.values()))[-1].size
    return SrcsetResponse(
        html=element.html(),
        original=Dimensions(facts.width, facts.height),
        largest=Dimensions(largest.width, largest.height),
        displayed=Dimensions(element.size.width, element.size.height),
        src=element.default_url(),
        sources=[
            SrcsetSource(
                MEDIA[form].mime,
                [SrcsetCandidate(one.size.width, one.size.height, one.url, one.descriptor) for one in those],
            )
            for form, those in element.candidates.items()
        ],
        warming=warming,
        sizes=element.sizes or None,
        placeholder=element.placeholder.text,
        preload=element.preload() if element.options.loading == "eager" else None,
    )


def _same_shape(variants: Iterable[tuple[CandidateKey, Size]]) -> list[tuple[CandidateKey, Size]]:
    """Return variants by width, one of each. Raises ConflictingParameters if one would be shown in another shape."""
    by_width: dict[int, tuple[CandidateKey, Size]] = {}
    for key, size in variants:
        by_width.setdefault(size.width, (key, size))
    found = [by_width[width] for width in sorted(by_width)]
    largest = found[-1][1]
    for _, size in found:
        if abs(size.height * largest.width - size.width * largest.height) > largest.width + largest.height:
            raise ConflictingParameters(
                f"variants have different shapes, {size.width} × {size.height} and {largest.width} × {largest.height}:"
                " the page would move while it loads",
                param="variants",
            )
    return found


def _formats(facts: Facts, negotiable_formats: tuple[Format, ...]) -> tuple[Format, ...]:
    """Return those of the negotiable formats that all browsers show, and a universally supported one for the image."""
    browser_formats = tuple(form for form in negotiable_formats if form in BROWSER_FORMATS)
    if facts.frames > facts.pages:
        return (*browser_formats, Format.GIF)
    return (*browser_formats, Format.PNG if facts.alpha else Format.JPEG)
