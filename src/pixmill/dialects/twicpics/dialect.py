"""The URLs of TwicPics: ``/a.jpg?twic=v1/cover=300x200/output=webp``, or ``/v1/cover=300x200/image:a.jpg``."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import first_values, pairs
from pixmill.dialects.port import Outcome, QueryParam, Text, UrlRoute
from pixmill.dialects.twicpics.transformations import PARAM, Manipulation, split_transformations
from pixmill.dialects.twicpics.writing import urls
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, parse_source

MAX_PATH_BYTES: Final = 65_536
_MAX_TEXT: Final = 8_192
_VERSION: Final = re.compile(r"/?v1(?:/|\Z)")
_PATH_FORM: Final = b"/v1/"
_IMAGE: Final = re.compile(r"/(?:image|media):|/(?=https?://)")
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        "/{+image}",
        takes_body=False,
        label="twicpics:/image",
        summary="An image, as TwicPics delivers it.",
        params=(QueryParam(PARAM, "v1, and transformations in their order", {"type": "string"}),),
    ),
)


class TwicPicsOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``avif``: AVIF too, for clients that show it. ``quality``: of URLs that name none."""

    avif: bool = True
    quality: Annotated[int, Meta(ge=1, le=100)] = 75


class TwicPicsDialect(Keyless):
    """The URLs of one domain."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: TwicPicsOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options, self._mode = options, mode
        self._automatic = (Format.AVIF, Format.WEBP) if options.avif else (Format.WEBP,)
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source, text = _split_path(path) if path.startswith(_PATH_FORM) else (path_source(path), _of_query(query))
        if len(text) > _MAX_TEXT:
            raise InvalidParameter(f"Transformations may have at most {_MAX_TEXT} characters", param=PARAM)
        return ImageRequest(source, self._plan(text))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def _plan(self, text: str) -> Plan:
        manipulation = Manipulation()
        for piece in split_transformations(text):
            manipulation.run(piece)
        manipulation.finish()
        plan = manipulation.stages.plan()
        operations = {name: getattr(plan, name) for name in plan.__struct_fields__}
        return normal_form(Plan(**operations | {"output": self._output(manipulation)}))

    def _output(self, manipulation: Manipulation) -> Output:
        wanted = manipulation.output
        quality = min(max(wanted.quality or self._options.quality, wanted.quality_min), wanted.quality_max)
        encoding = Encoding(mode=self._mode)
        if wanted.format is not None:
            return Output((wanted.format,), quality=quality, encoding=encoding)
        return Output(
            self._automatic,
            negotiated=True,
            ordered=True,
            source_format=True,
            original_formats=ENCODED_AGAIN if wanted != type(wanted)() else (),
            quality=quality,
            encoding=encoding,
        )


def _of_query(query: bytes) -> str:
    """Return the transformations of a query. Raises BadRequest."""
    text = first_values(pairs(query, {PARAM}, decode=percent_decode)).get(PARAM)
    if text is None:
        return ""
    version = _VERSION.match(text)
    if version is None:
        raise InvalidParameter(f"{PARAM} must begin with v1/", param=PARAM)
    return text[version.end() :]


def _split_path(path: bytes) -> tuple[SourceRef, str]:
    """Split ``/v1/TRANSFORMATIONS/image:PATH``, or with a URL. Raises BadRequest."""
    try:
        text = percent_decode(path)
    except ValueError:
        raise MalformedRequest("The path is not UTF-8, or has control characters", param="image") from None
    match = _IMAGE.search(text, len(_PATH_FORM) - 1)
    if match is None:
        raise InvalidParameter("The path must end with image: and an image", param="image")
    image = text[match.end() :]
    source = parse_source(image if image.startswith(("http://", "https://")) else "/" + image.lstrip("/"))
    return source, text[len(_PATH_FORM) : match.start()]
