"""``/srcset``: what a page needs to offer a picture in several widths and formats, as JSON.

Knows that each picture of a set is a URL of ``/resize`` on this server, and signs it if that is needed. What a set's parameters
mean is in ``dialects/sets.py``, which widths are worth having in ``plan/ladder.py``, HTML in ``markup.py``.
"""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.connection import while_connected
from pixmill.api.info import facts_response
from pixmill.api.markup import picture
from pixmill.api.reading import read_set
from pixmill.api.services import ApiServices, services_of
from pixmill.dialects.sets import SetRequest
from pixmill.media import MEDIA, Format
from pixmill.plan.key import result_key
from pixmill.plan.ladder import rungs
from pixmill.plan.lengths import Size
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry, Facts


class Sides(msgspec.Struct, frozen=True):
    """In pixels."""

    width: int
    height: int


class Offer(Sides, frozen=True):
    """One picture of a set, and where it is."""

    url: str


class SetSource(msgspec.Struct, frozen=True):
    """The pictures of one format, the smallest first."""

    type: str
    pictures: list[Offer]


class PictureSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """``html`` is a ``<picture>`` with all of it. ``largest`` tells the sides of the largest picture, ``original`` those of the original
    as displayed. ``warming``: all of it is rendered behind the answer. ``placeholder`` is there unless none was asked for.
    """

    html: str
    original: Sides
    largest: Sides
    sizes: str
    sources: list[SetSource]
    warming: bool
    placeholder: str | None = None


async def get_srcset(request: Request) -> Response:
    """GET and HEAD: a set of pictures, whose URLs are signed as this request is."""
    services = services_of(request)
    asked, expires = read_set(request, services)
    path = request.scope["raw_path"].removesuffix(b"/srcset") + b"/resize"
    maker = _Maker(services, asked, path, expires, may_warm=request.method == "GET" and services.config.srcset_warm)
    return facts_response(request, await while_connected(request.receive, maker.make()), expires)


@dataclass(frozen=True, slots=True)
class _Maker:
    """One set on its way. ``path`` is where its pictures are."""

    services: ApiServices
    asked: SetRequest
    path: bytes
    expires: int | None
    may_warm: bool

    async def make(self) -> PictureSet:
        source = self._image(self.asked.widths[0], Format.JPEG).source
        resizer = self.services.resizer
        async with resizer.original(source):  # fetched once for all that follows
            facts = await resizer.inspect(source)
            steps = self._steps(facts)
            formats = self.asked.formats or _formats(facts, self.services.negotiable)
            offers = {form: [self._offer(width, form, size) for width, size in steps] for form in formats}
            images = [self._image(width, form) for form in formats for width, _ in steps] if self._warms else []
            warming = bool(images) and resizer.warming.start(source, [one.plan for one in images], images[0].tags)
            placeholder = await self._placeholder(steps[0][0])
        return self._set(facts, offers, warming=warming, placeholder=placeholder)

    def _set(
        self, facts: Facts, offers: dict[Format, list[Offer]], *, warming: bool, placeholder: str | None
    ) -> PictureSet:
        largest = next(iter(offers.values()))[-1]
        links = {form: [(one.width, one.url) for one in those] for form, those in offers.items()}
        return PictureSet(
            html=picture(links, Size(largest.width, largest.height), self.asked.sizes, self.asked.alt),
            original=Sides(facts.width, facts.height),
            largest=Sides(largest.width, largest.height),
            sizes=self.asked.sizes,
            sources=[SetSource(MEDIA[form].mime, those) for form, those in offers.items()],
            warming=warming,
            placeholder=placeholder,
        )

    @property
    def _warms(self) -> bool:
        return self.may_warm and self.asked.warm

    def _steps(self, facts: Facts) -> list[tuple[int, Size]]:
        """The widths to ask for, with the sizes that come of it."""
        whole = Size(facts.width, facts.height)
        return rungs(whole, self.asked.widths, lambda width: self._image(width, Format.JPEG).plan, self.services.limits)

    def _offer(self, width: int, form: Format, size: Size) -> Offer:
        query, keyring = self.asked.query(width, form), self.services.keyring
        target = keyring.sign(self.path, query, self.expires) if keyring else (self.path + b"?" + query).decode()
        return Offer(size.width, size.height, target)

    def _image(self, width: int, form: Format) -> ImageRequest:
        return self.services.native.parse(self.path, self.asked.query(width, form))

    async def _placeholder(self, width: int) -> str | None:
        if self.asked.placeholder is None:
            return None
        image, resizer = self._image(width, self.asked.placeholder), self.services.resizer
        key = result_key(image.source.identity, image.plan)
        answer = resizer.cached(image, (), key) or await resizer.resize(image, (), key)
        return answer.entry.body.decode() if isinstance(answer.entry, Entry) else None


def _formats(facts: Facts, modern: tuple[Format, ...]) -> tuple[Format, ...]:
    """The modern ones, and for all who do not know them what can hold the picture."""
    if facts.frames > facts.pages:
        return (*modern, Format.GIF)
    return (*modern, Format.PNG if facts.alpha else Format.JPEG)
