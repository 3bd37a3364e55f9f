"""Objects with a pipeline, as Tencent COS and Qiniu have them: ``/a.jpg?imageMogr2/thumbnail/300x/format/webp``."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.dialects.cos.operations import Output, Work
from pixmill.dialects.cos.pipelines import (
    AVERAGE,
    EXIF,
    FACTS,
    MOGR,
    SLIM,
    STYLE,
    VIEW,
    WATERMARK,
    Operation,
    parse_pipeline,
    pipeline_text,
)
from pixmill.dialects.cos.watermarks import WatermarkRules, watermark
from pixmill.dialects.cos.writing import urls
from pixmill.dialects.kit.plan_values import ENCODED_AGAIN, path_source
from pixmill.dialects.kit.xml_errors import xml_error
from pixmill.dialects.port import FactsRequest, Outcome, QueryParam, Text, UrlRoute, template_matcher
from pixmill.errors import Forbidden, InvalidParameter, PixmillError, RequestTooLarge, RouteNotFound
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Input, Plan
from pixmill.plan.ops import Output as PlanOutput
from pixmill.plan.output import Encoding, RenderMode
from pixmill.plan.request import ImageRequest

MAX_PATH_BYTES: Final = 65_536
_UNCHANGED: Final = normal_form(Plan(output=PlanOutput(source_format=True)))
_ANIMATED: Final = frozenset((None, Format.GIF, Format.WEBP))
_QINIU: Final = "qiniu"
_RULES: Final = {
    "cos": WatermarkRules(0, 13, Fraction(1), same_bucket=True),
    _QINIU: WatermarkRules(10, 240, Fraction(1, 20), same_bucket=False),
}
NAMES: Final = tuple(_RULES)
_TITLES: Final = {"cos": "Tencent COS", _QINIU: "Qiniu"}


class CosOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """``options`` of an entry.

    ``styles``: pipelines by name. ``separators``: what may stand between an object and a style, one character each.
    ``force_styles``: only these are allowed, and no originals. ``quality``: of pipelines that name none.
    """

    styles: dict[str, Annotated[str, Meta(max_length=4_096)]] = {}
    separators: Annotated[str, Meta(max_length=8)] = "!"
    force_styles: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 85


@dataclass(frozen=True, slots=True)
class _Request:
    """What a pipeline means."""

    plan: Plan
    facts: str = ""


class CosDialect:
    """The URLs of one service."""

    prefix = ""

    def __init__(self, name: str, options: CosOptions, mode: RenderMode = RenderMode.BALANCED) -> None:
        """Raises InvalidParameter for a style that is no pipeline."""
        self._name, self._options, self._mode = name, options, mode
        self.routes: tuple[UrlRoute, ...] = (
            UrlRoute(
                "/{+object}",
                takes_body=False,
                label=f"{name}:/object",
                summary=f"An object, processed as {_TITLES[name]} does.",
                params=(QueryParam(f"{MOGR}/…", "A pipeline of operations", {"type": "string"}),),
            ),
        )
        self._match = template_matcher(self.routes)
        self._styles = {style: self._read(parse_pipeline(text)) for style, text in options.styles.items()}
        self._suffixes = {
            f"{separator}{style}".encode(): request
            for style, request in self._styles.items()
            for separator in options.separators
        }

    def match(self, path: bytes) -> UrlRoute | None:
        return self._match(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        del path, query, now
        return None

    def write(self, request: ImageRequest) -> Iterable[str]:
        return urls(request)

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        if upload or self.match(path) is None:
            raise RouteNotFound
        if len(path) > MAX_PATH_BYTES:
            raise RequestTooLarge(f"The path may have at most {MAX_PATH_BYTES} bytes")
        path, request = self._request(path, query)
        source = path_source(path)
        if request.facts:
            fact = Fact.AVERAGE if request.facts == AVERAGE else Fact.EXIF
            return FactsRequest(ImageRequest(source, Plan(fact_selection=FactSelection((fact,)))))
        return ImageRequest(source, request.plan)

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        del path, query
        if self._name == _QINIU:
            return Text(json.dumps({"error": error.message}), status, "application/json")
        return xml_error(error, status, invalid_code="InvalidArgument", undecodable_code="InvalidImageFormat")

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        kind = self._request(path, query)[1].facts
        render = {AVERAGE: _average, EXIF: _exif}.get(kind)
        document = render(facts) if render else _information(facts, as_text=self._name != _QINIU)
        return Text(json.dumps(document), media_type="application/json")

    def _request(self, path: bytes, query: bytes) -> tuple[bytes, _Request]:
        """Return the path of the object, and what is requested. Raises BadRequest, Forbidden."""
        for suffix, request in self._suffixes.items():
            if path.endswith(suffix) and len(path) > len(suffix) + 1:
                return path[: -len(suffix)], request
        text = pipeline_text(query)
        operations = parse_pipeline(text) if text else ()
        if len(operations) == 1 and operations[0].interface == STYLE:
            return path, self._style(operations[0].get("name"))
        if self._options.force_styles:
            raise Forbidden("Only styles are allowed", param=STYLE)
        if not operations:
            return path, _Request(_UNCHANGED)
        try:
            return path, self._read(operations)
        except InvalidParameter:
            if any(operation.get("ignore-error") == "1" for operation in operations):
                return path, _Request(_UNCHANGED)
            raise

    def _style(self, name: str) -> _Request:
        if name not in self._styles:
            raise InvalidParameter(f"There is no style {name[:64]!r}", param=STYLE)
        return self._styles[name]

    def _read(self, operations: tuple[Operation, ...]) -> _Request:
        """Return what operations mean. Raises InvalidParameter."""
        work = Work()
        facts = ""
        for operation in operations:
            match operation.interface:
                case name if name in FACTS:
                    facts = name
                case name if name == MOGR:
                    work.mogr(operation)
                case name if name == VIEW:
                    work.view(operation)
                case name if name == WATERMARK:
                    work.stages.add_overlay(watermark(operation, _RULES[self._name]))
                case name if name == SLIM:
                    work.slim()
                case name if name == STYLE:
                    raise InvalidParameter("A style is the only operation", param=STYLE)
                case _:
                    continue
        return _Request(self._plan(work), facts)

    def _plan(self, work: Work) -> Plan:
        plan = work.stages.plan()
        operations = {name: getattr(plan, name) for name in plan.__struct_fields__}
        changes = {"input": Input(animated=work.output.format in _ANIMATED), "output": self._output(work.output)}
        return normal_form(Plan(**operations | changes))

    def _output(self, output: Output) -> PlanOutput:
        return PlanOutput(
            formats=(output.format,) if output.format else (),
            source_format=output.format is None,
            original_formats=ENCODED_AGAIN if output != Output() else (),
            quality=output.quality or self._options.quality,
            max_bytes=output.max_bytes,
            max_bytes_strict=False,
            encoding=Encoding(mode=self._mode, progressive=output.progressive),
        )


def _average(facts: Mapping[str, object]) -> dict[str, object]:
    return {"RGB": "0x" + str(facts.get("average", "")).removeprefix("#")}


def _exif(facts: Mapping[str, object]) -> dict[str, object]:
    exif = facts.get("exif")
    found = exif if isinstance(exif, Mapping) else {}
    return {str(name): {"val": str(value), "type": 2} for name, value in found.items()}


def _information(facts: Mapping[str, object], *, as_text: bool) -> dict[str, object]:
    """Return the facts of imageInfo; ``as_text``: numbers are texts."""
    numbers = {
        "width": facts["width"],
        "height": facts["height"],
        "size": facts["bytes"],
        "frame_count" if as_text else "frameNumber": facts.get("frames", 1),
    }
    return {"format": facts["format"]} | {name: str(one) if as_text else one for name, one in numbers.items()}
