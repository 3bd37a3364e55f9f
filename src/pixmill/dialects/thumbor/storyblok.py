"""Storyblok's URLs: the path of an image, ``/m/``, then the options and filters of thumbor.

``/f/1/1200x800/HASH/a.jpg/m/300x200/filters:format(webp)``. There are no signatures.
"""

from collections.abc import Iterable
from typing import Final

from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.query import check_path_length
from pixmill.dialects.kit.writing import path_of
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute
from pixmill.dialects.thumbor.compile import Compiler
from pixmill.dialects.thumbor.grammar import Flavour
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.dialects.thumbor.writing import options_of
from pixmill.errors import PixmillError, RouteNotFound
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest

_MARK: Final = b"/m/"
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/{+image}", label="storyblok:/image", summary="An image, with its options behind /m/."),
)


class StoryblokOptions(ThumborOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one mount: WebP by Accept, and EXIF orientation, are on."""

    auto_webp: bool = True
    respect_orientation: bool | None = True


class StoryblokDialect(Keyless):
    """The URLs of one mount."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self, settings: StoryblokOptions, default_scheme: str = "", mode: RenderMode = RenderMode.BALANCED
    ) -> None:
        self._compiler = Compiler(settings, default_scheme, mode)
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        options = options_of(request, Flavour.THUMBOR).removesuffix("/")
        yield f"/{path_of(request.source)}/m/{options}"

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query
        if upload:
            raise RouteNotFound
        check_path_length(path)
        name, mark, options = path.removesuffix(b"/").rpartition(_MARK)
        if not mark:
            name, options = path.removesuffix(b"/").removesuffix(b"/m"), b""
        # The parser wants the image behind the options, in one segment.
        rest = b"/".join(filter(None, (options, name.lstrip(b"/").replace(b"/", b"%2F"))))
        request, _ = self._compiler.request_of(rest)
        return request

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, status)
