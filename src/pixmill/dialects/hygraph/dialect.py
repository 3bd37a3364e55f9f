"""Hygraph's asset URLs: ``/ENVIRONMENT/resize=width:300,fit:crop/output=format:webp/HANDLE``, as those of Filestack.

Transformations are segments of the path, in the order of work; the other segments are the path of the original.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.hygraph.options import TABLE, TASKS
from pixmill.dialects.hygraph.tasks import APPLY, Arguments, Work
from pixmill.dialects.hygraph.writing import urls
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN
from pixmill.dialects.port import Outcome, Redirect, Text, UrlRoute
from pixmill.errors import InvalidParameter, PixmillError
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Output
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import parse_source

_IGNORED: Final = "cache"
_SHOWN_CHARS: Final = 64
_NAME: Final = re.compile(r"[a-z_]{1,32}")
_ARGUMENT: Final = re.compile(r"([a-z_]{1,32}):(\[[^\[\]]{0,64}\]|[^,\[\]]{0,64})(?:,|\Z)")
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute("/{+image}", label="hygraph:/image", summary="An image, as Hygraph delivers its assets."),
)


class HygraphOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry. ``quality``: without one in the URL."""

    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class HygraphDialect(Keyless):
    """The URLs of all environments. The query has no meaning."""

    prefix = ""
    routes = _ROUTES

    def __init__(self, options: HygraphOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        self._options = options
        self._mode = mode
        super().__init__()

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        del query
        self._check_path(path, upload=upload)
        *segments, handle = _segments(path)
        if handle.partition("=")[0] in TASKS and "=" in handle:
            raise InvalidParameter("The handle of the asset is missing", param="handle")
        work = Work()
        names = [segment for segment in segments if not _transform(work, segment)]
        plan = normal_form(replace(work.sequence.plan(), output=self._output(work)))
        return ImageRequest(parse_source("/" + "/".join((*names, handle))), plan)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Redirect | Text | None:
        del path, query
        return Text(error.message, status)

    def _output(self, work: Work) -> Output:
        quality = work.quality or self._options.quality
        output = Output(quality=quality, metadata=work.metadata, encoding=Encoding(mode=self._mode))
        if work.by_accept:
            formats = (Format.AVIF, Format.WEBP)
            return replace(output, formats=formats, negotiated=True, ordered=True, fallback_format=Format.JPEG)
        if work.format:
            return replace(output, formats=(work.format,))
        return replace(output, source_format=True, original_formats=ENCODED_AGAIN if work.quality else ())


def _segments(path: bytes) -> list[str]:
    try:
        return [percent_decode(segment) for segment in path.removeprefix(b"/").split(b"/")]
    except ValueError:
        raise InvalidParameter("The path is not UTF-8, or has control characters", param="handle") from None


def _transform(work: Work, segment: str) -> bool:
    """Do the work of a segment; return whether it is a transformation. Raises InvalidParameter."""
    name, has_values, text = segment.partition("=")
    if name == _IGNORED:
        return True
    if name not in APPLY:
        if has_values:
            shown = name[:_SHOWN_CHARS] if _NAME.fullmatch(name) else repr(name[:_SHOWN_CHARS])
            raise InvalidParameter(f"There is no transformation {shown}", param=shown)
        return False
    given = dict(_arguments(name, text)) if has_values else {}
    APPLY[name](work, replace(Arguments(), **given))
    return True


def _arguments(name: str, text: str) -> Iterator[tuple[str, object]]:
    """Yield the values of a transformation by the names of ``Arguments``. Raises InvalidParameter."""
    start = 0
    while start < len(text):
        match = _ARGUMENT.match(text, start)
        row = TABLE.get(f"{name}={match[1]}") if match else None
        if match is None or row is None:
            raise InvalidParameter(f"{name} does not have such a value, or it is not NAME:VALUE", param=name)
        try:
            value = row.read(match[2])
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name}={match[1]} must be {row.read.expects}", param=name) from None
        yield row.option.names[0].partition("=")[2], value
        start = match.end()
