"""Images of Adobe Dynamic Media (Scene7): ``/is/image/COMPANY/ID?wid=300&hei=200&fit=crop,1``, presets, properties."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.keyless import Keyless
from pixmill.dialects.kit.options import Status
from pixmill.dialects.kit.query import MAX_QUERY_BYTES, pairs
from pixmill.dialects.port import FactsRequest, Outcome, QueryParam, Text, UrlRoute
from pixmill.dialects.scene7.options import FORMATS, OPTIONS, TABLE
from pixmill.dialects.scene7.plans import SmartCrop, Values, stages_of
from pixmill.dialects.scene7.writing import urls
from pixmill.errors import InvalidParameter, MalformedRequest, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Output, Plan
from pixmill.plan.output import Encoding, RenderMode, Subsampling
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import parse_source

PREFIX: Final = "/is/image/"
MAX_PATH_BYTES: Final = 65_536
_SIZE: Final = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_PRESET: Final = re.compile(r"\$([A-Za-z0-9 _.-]{1,64})\$")
_MAX_SHOWN: Final = 64
_AUTOMATIC: Final = (Format.AVIF, Format.WEBP)
_ROUTES: Final[tuple[UrlRoute, ...]] = (
    UrlRoute(
        f"{PREFIX}{{+image}}",
        takes_body=False,
        label=PREFIX,
        summary="An image, as Scene7 delivers it.",
        params=tuple(
            QueryParam(option.names[0], option.meaning.replace("`", ""), {"type": "string"})
            for option in OPTIONS
            if option.status is not Status.REFUSED
        ),
    ),
)


class Scene7Options(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``presets``: commands by name, for ``$NAME$``. ``smart_crops``: sizes by name, for ``ID:NAME``. ``smart_imaging``:
    AVIF or WebP in place of JPEG, as ``bfc=on``. ``quality``: of URLs that name none.
    """

    presets: dict[str, Annotated[str, Meta(max_length=2_048)]] = {}
    smart_crops: dict[str, str] = {}
    smart_imaging: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class _Commands(Struct, frozen=True):
    """The values of a query: those of pixels, and the others."""

    values: Values
    others: Mapping[str, object]


class Scene7Dialect(Keyless):
    """The URLs of one server."""

    prefix = PREFIX
    routes = _ROUTES

    def __init__(self, options: Scene7Options, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises ValueError or InvalidParameter for presets and sizes that are not valid."""
        self._options, self._mode = options, mode
        super().__init__()
        self._presets = {name: list(pairs(text.encode())) for name, text in options.presets.items()}
        self._crops = {name: _smart_crop(text) for name, text in options.smart_crops.items()}
        for items in self._presets.values():
            _read(items)

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        image, smart = self._image(path)
        commands = self._commands(query)
        request = ImageRequest(parse_source("/" + image), self._plan(commands, smart), fallback=_fallback(commands))
        return FactsRequest(request) if _requested(commands)[0] in ("props", "imageprops", "exists") else request

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return Text(error.message, status)

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path
        kind, as_json = _requested(self._commands(query))
        properties = _properties(facts, kind)
        if as_json:
            return Text(f's7jsonResponse({json.dumps(properties)},"");', media_type="text/javascript")
        return Text("".join(f"{name}={value}\n" for name, value in properties.items()))

    def _image(self, path: bytes) -> tuple[str, SmartCrop | None]:
        """Return the image of a path, and its smart crop. Raises BadRequest."""
        try:
            text = percent_decode(path[len(PREFIX) :])
        except ValueError:
            raise MalformedRequest("The path is not UTF-8, or has control characters", param="image") from None
        image, separator, name = text.partition(":")
        if not separator:
            return image, None
        if name not in self._crops:
            raise InvalidParameter(f"There is no smart crop {name[:_MAX_SHOWN]!r}", param="image")
        return image, self._crops[name]

    def _commands(self, query: bytes) -> _Commands:
        """Read presets, then what the URL says. Raises BadRequest."""
        if len(query) > MAX_QUERY_BYTES:
            raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
        items = pairs(query)
        presets: list[tuple[str, str]] = []
        for name, _ in items:
            match = _PRESET.fullmatch(name)
            if match is None:
                continue
            if match[1] not in self._presets:
                raise InvalidParameter(f"There is no preset {match[1]!r}", param="preset")
            presets += self._presets[match[1]]
        return _read([*presets, *items])

    def _plan(self, commands: _Commands, smart: SmartCrop | None) -> Plan:
        name, has_alpha, pixels = _format_of(commands)
        values = commands.values
        stages = stages_of(values, smart, keeps_alpha=has_alpha, grey=pixels == "gray")
        plan = stages.plan()
        operations = {field: getattr(plan, field) for field in plan.__struct_fields__}
        changes = {"input": Input(animated=False), "output": self._output(commands, name)}
        return normal_form(Plan(**operations | changes))

    def _output(self, commands: _Commands, name: str) -> Output:
        quality = commands.others.get("qlt")
        number, full_colours = quality if isinstance(quality, tuple) else (self._options.quality, False)
        encoding = Encoding(
            mode=self._mode,
            progressive=name == "pjpeg",
            subsampling=Subsampling.S444 if full_colours else Subsampling.S420,
            colours=256 if name == "png8" else 0,
        )
        form = FORMATS[name]
        is_smart = commands.others.get("bfc", self._options.smart_imaging)
        if is_smart and form is Format.JPEG:
            return Output(
                _AUTOMATIC, negotiated=True, ordered=True, fallback_format=form, quality=number, encoding=encoding
            )
        return Output((form,), quality=number, encoding=encoding)


def _smart_crop(text: str) -> SmartCrop:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"the size of a smart crop is WIDTHxHEIGHT, not {text[:_MAX_SHOWN]!r}")
    return SmartCrop(int(match[1]), int(match[2]))


def _read(items: list[tuple[str, str]]) -> _Commands:
    """Read commands; of equal ones the last counts, unknown ones are ignored. Raises InvalidParameter."""
    pixels: dict[str, object] = {}
    others: dict[str, object] = {}
    for name, text in items:
        row = TABLE.get(name)
        if row is None or row.option.status is Status.IGNORED:
            continue
        if row.option.status is Status.REFUSED:
            raise InvalidParameter(f"{name} is not supported: there are no layers", param=name)
        own = row.option.names[0]
        if not text:
            continue
        try:
            value = row.read(text)
        except (ValueError, KeyError):
            raise InvalidParameter(f"{name} must be {row.read.expects}", param=name) from None
        (pixels if own in _PIXEL_NAMES else others)[own] = value
    return _Commands(replace(Values(), **pixels), others)


_PIXEL_NAMES: Final = frozenset(Values.__struct_fields__)


def _format_of(commands: _Commands) -> tuple[str, bool, str]:
    value = commands.others.get("fmt")
    return value if isinstance(value, tuple) else ("jpeg", False, "")


def _requested(commands: _Commands) -> tuple[str, bool]:
    value = commands.others.get("req")
    return value if isinstance(value, tuple) else ("img", False)


def _fallback(commands: _Commands) -> Fallback | None:
    image = commands.others.get("defaultImage")
    return Fallback(parse_source("/" + image.lstrip("/"))) if isinstance(image, str) else None


def _properties(facts: Mapping[str, object], kind: str) -> dict[str, object]:
    """Return the properties of the result, or of the original."""
    if kind == "exists":
        return {"catalogRecord.exists": 1}
    result = facts.get("result")
    sides = result if kind == "props" and isinstance(result, Mapping) else facts
    return {
        "image.height": sides["height"],
        "image.mask": int(bool(facts.get("alpha"))),
        "image.pixTyp": "RGB",
        "image.printRes": 72,
        "image.width": sides["width"],
    }
