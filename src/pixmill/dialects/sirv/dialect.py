"""Sirv's dynamic imaging: ``/photos/a.jpg?w=300&scale.option=fill``. The order of the options has no meaning."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import path_source
from pixmill.dialects.port import FactsRequest, Outcome, QueryParam, Redirect, Text, UrlRoute
from pixmill.dialects.sirv.compile import plan_of
from pixmill.dialects.sirv.grammar import Grammar
from pixmill.dialects.sirv.options import OPTIONS
from pixmill.dialects.sirv.writing import urls
from pixmill.errors import PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import MEDIA, Format
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest

MAX_PATH_BYTES: Final = 65_536

_MAX_NAME_CHARS: Final = 255
_NOT_FOUND: Final = 404
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        label="sirv:/image",
        summary="An image, as Sirv delivers it.",
        params=tuple(
            QueryParam(option.names[0], option.meaning.replace("`", ""), {"type": "string"}) for option in OPTIONS
        ),
    ),
)


class SirvOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``profiles``: the options of each, as a query or as the object in its file; ``default_profile`` is the name of the
    one that all images have. ``quality``: without the option. ``avif``: AVIF before WebP where the client takes it.
    """

    profiles: Annotated[dict[str, str | dict[str, object]], Meta(max_length=1_000)] = {}
    default_profile: str = ""
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    avif: bool = False


class SirvDialect(Keyless):
    """The URLs of one account."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: SirvOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises BadRequest or ValueError for a profile that is not valid."""
        if options.default_profile and options.default_profile not in options.profiles:
            raise ValueError(f"there is no profile {options.default_profile[:64]!r}")
        self._quality = options.quality
        self._mode = mode
        self._offered = (Format.AVIF, Format.WEBP) if options.avif else (Format.WEBP,)
        self._grammar = Grammar(options.profiles, options.default_profile)
        super().__init__()
        for name in options.profiles:
            self.parse(b"/a", f"profile={quote(name)}".encode())

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source = path_source(path)
        reading = self._grammar.read(query)
        plan = plan_of(reading, self._quality, self._mode, self._offered)
        name = source.text.rpartition("/")[2][:_MAX_NAME_CHARS] if reading.values.dl else ""
        request = ImageRequest(source, plan, filename=name)
        return FactsRequest(request) if reading.is_info else request

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        name = "ApiNotFoundError" if status == _NOT_FOUND else "ApiError"
        return _json({"name": name, "message": error.message}, status)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path, query
        result = facts.get("result")
        size = result if isinstance(result, dict) else facts
        form = str(facts["format"])
        original = {
            "width": facts["width"],
            "height": facts["height"],
            "contentType": MEDIA[Format(form)].mime if form in MEDIA else f"image/{form}",
            "contentLength": facts["bytes"],
            "frames": facts.get("frames", 1),
            "pages": facts.get("pages", 1),
        }
        return _json({"width": size["width"], "height": size["height"], "original": original})


def _json(body: Mapping[str, object], status: int = 200) -> Text:
    return Text(msgspec.json.encode(body).decode(), status, "application/json")
