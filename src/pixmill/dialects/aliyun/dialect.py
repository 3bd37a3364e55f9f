"""Objects with a processing chain, as Aliyun OSS has them: ``/a.jpg?x-oss-process=image/resize,w_300/format,webp``.

Huawei OBS and Baidu BOS have nearly the same actions behind a parameter of another name.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.dialects.aliyun.actions import AVERAGE, Chain, Output, Values, read_values
from pixmill.dialects.aliyun.chain import IMAGE, SNAPSHOT, STYLE, parse_actions
from pixmill.dialects.aliyun.options import OPTIONS, SNAPSHOT_VALUES, Row
from pixmill.dialects.aliyun.watermarks import watermark
from pixmill.dialects.aliyun.writing import urls
from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.options import Option
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.query import first_values, pairs
from pixmill.dialects.kit.xml_errors import xml_error
from pixmill.dialects.port import FactsRequest, Outcome, QueryParam, Text, UrlRoute, template_matcher
from pixmill.errors import Forbidden, InvalidParameter, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Plan, Resize
from pixmill.plan.ops import Output as PlanOutput
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef

MAX_PATH_BYTES: Final = 65_536
_MAX_CHAIN: Final = 8_192

_UNCHANGED: Final = PlanOutput(source_format=True)
_SNAPSHOT_ROW: Final = Row(Option(("snapshot",), ""), SNAPSHOT_VALUES)
_ANIMATED: Final = frozenset((None, Format.GIF, Format.WEBP))
_EXTENSIONS: Final = {"jpeg": "jpg"}


@dataclass(frozen=True, slots=True)
class Service:
    """A service with these chains: its name, title, and the names of its parameter."""

    name: str
    title: str
    params: tuple[str, ...]


SERVICES: Final[Mapping[str, Service]] = {
    service.name: service
    for service in (
        Service("aliyun", "Aliyun OSS", ("x-oss-process", "image_process")),
        Service("obs", "Huawei OBS", ("x-image-process",)),
        Service("bos", "Baidu BOS", ("x-bce-process",)),
    )
}


class AliyunOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``styles``: chains by name. ``force_styles``: only these are allowed, and no originals. ``quality``: of chains that
    name none.
    """

    styles: dict[str, Annotated[str, Meta(max_length=4_096)]] = {}
    force_styles: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 85


@dataclass(frozen=True, slots=True)
class _Request:
    """What a chain means."""

    plan: Plan
    facts: str = ""


class AliyunDialect:
    """The URLs of one service."""

    prefix = ""

    def __init__(self, service: Service, options: AliyunOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises InvalidParameter for a style that is no chain."""
        self._service, self._options, self._mode = service, options, mode
        self._param = service.params[0]
        self.routes: tuple[UrlRoute, ...] = (
            UrlRoute(
                "/{+object}",
                takes_body=False,
                label=f"{service.name}:/object",
                summary=f"An object, processed as {service.title} does.",
                params=(QueryParam(self._param, _summary(OPTIONS), {"type": "string"}),),
            ),
        )
        self._match = template_matcher(self.routes)
        self._styles = {name: self._read(_chain_of(text)) for name, text in options.styles.items()}

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del path, query, now
        return None

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request, self._param)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        source = path_source(path)
        request = self._request(query)
        if request.facts:
            return FactsRequest(_facts_request(source, request.facts))
        return ImageRequest(source, request.plan)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        return xml_error(error, status, invalid_code="InvalidArgument", undecodable_code="BadRequest")

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        del path
        document = _average(facts) if self._request(query).facts == AVERAGE else _information(facts)
        return Text(json.dumps(document), media_type="application/json")

    def _request(self, query: bytes) -> _Request:
        """Return what a query means. Raises BadRequest, Forbidden."""
        given = first_values(pairs(query, self._service.params, decode=percent_decode))
        text = next(iter(given.values()), "")
        if text.startswith(STYLE):
            name = text.removeprefix(STYLE)
            style = self._styles.get(name)
            if style is None:
                raise InvalidParameter(f"{self._param}: there is no style {name[:64]!r}", param=self._param)
            return style
        if self._options.force_styles:
            raise Forbidden("Only styles are allowed", param=self._param)
        if not given:
            return _Request(normal_form(Plan(output=_UNCHANGED)))
        return self._read(text if "image_process" not in given else _chain_of(text))

    def _read(self, text: str) -> _Request:
        """Return what a chain means. Raises InvalidParameter."""
        if len(text) > _MAX_CHAIN:
            raise InvalidParameter(f"{self._param} may have at most {_MAX_CHAIN} characters", param=self._param)
        if text.startswith(SNAPSHOT):
            return self._snapshot(text)
        chain, pipe, _ = text.partition("|")
        if not chain.startswith(IMAGE) or pipe:
            raise InvalidParameter(
                f"{self._param} must be {IMAGE} and actions, or {STYLE} and a name", param=self._param
            )
        actions = parse_actions(chain.removeprefix(IMAGE), self._param)
        if not actions:
            raise InvalidParameter(f"{self._param} has no actions", param=self._param)
        built = Chain(self._param, watermark)
        built.run(actions)
        return _Request(self._plan(built), built.output.facts)

    def _plan(self, chain: Chain) -> Plan:
        return normal_form(
            replace_plan(
                chain.stages.plan(),
                source=Input(animated=chain.output.format in _ANIMATED, orientation=1 if chain.output.as_stored else 0),
                output=self._output(chain.output),
            )
        )

    def _output(self, output: Output) -> PlanOutput:
        quality = output.quality or self._options.quality
        encoding = Encoding(mode=self._mode, progressive=output.progressive)
        if output.format is not None:
            return PlanOutput((output.format,), quality=quality, encoding=encoding)
        kept = ENCODED_AGAIN if output.quality or output.progressive else ()
        return PlanOutput(source_format=True, original_formats=kept, quality=quality, encoding=encoding)

    def _snapshot(self, text: str) -> _Request:
        actions = parse_actions(text.removeprefix("video/"), self._param)
        if len(actions) != 1:
            raise InvalidParameter(f"{self._param}: video/snapshot is the only action", param=self._param)
        values: Values = read_values(actions[0], _SNAPSHOT_ROW, self._param)
        width, height = values.get("w", 0), values.get("h", 0)
        resize = Resize(width, height, enlarge=True)
        output = PlanOutput(
            (values.get("f", Format.JPEG),), quality=self._options.quality, encoding=Encoding(mode=self._mode)
        )
        return _Request(normal_form(Plan(resize=resize, input=Input(time_s=values.get("t", 0) / 1_000), output=output)))


def replace_plan(plan: Plan, *, source: Input, output: PlanOutput) -> Plan:
    """Return the plan with its input and its output."""
    return Plan(**{name: getattr(plan, name) for name in plan.__struct_fields__} | {"input": source, "output": output})


def _chain_of(text: str) -> str:
    """Return a chain that may lack ``image/``."""
    return text if text.startswith((IMAGE, STYLE, SNAPSHOT)) else IMAGE + text


def _summary(options: Iterable[Option]) -> str:
    return f"A chain of actions: {', '.join(option.names[0] for option in options)}"


def _facts_request(source: SourceRef, kind: str) -> ImageRequest:
    return ImageRequest(source, Plan(fact_selection=FactSelection((Fact.AVERAGE if kind == AVERAGE else Fact.EXIF,))))


def _average(facts: Mapping[str, object]) -> dict[str, object]:
    return {"RGB": "0x" + str(facts.get("average", "")).removeprefix("#")}


def _information(facts: Mapping[str, object]) -> dict[str, object]:
    form = str(facts["format"])
    values = {
        "FileSize": facts["bytes"],
        "Format": _EXTENSIONS.get(form, form),
        "FrameCount": facts.get("frames", 1),
        "ImageHeight": facts["height"],
        "ImageWidth": facts["width"],
    }
    exif = facts.get("exif")
    if isinstance(exif, Mapping):
        values = {str(name): value for name, value in exif.items()} | values
    return {name: {"value": str(value)} for name, value in values.items()}
