"""The native URLs ``/resize`` and ``/info``: parses raw bytes into an ImageRequest.

Any bytes at all give an ImageRequest or a BadRequest, in time linear in their number, and never another exception.
"""

from typing import Final

import msgspec
from msgspec import structs

from pixmill.dialects.native.param_values import ParamValues
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS, info_plan, plan_of
from pixmill.dialects.native.plan_cache import CachedPlan, PlanCache, split_query
from pixmill.dialects.native.presets import NO_PRESETS, Presets
from pixmill.dialects.native.query import MAX_QUERY_BYTES, ParamTable, param_table, parse_query
from pixmill.dialects.native.srcset import SrcsetRequest, parse_srcset
from pixmill.dialects.native.tables.srcset import PRESET
from pixmill.errors import (
    ConflictingParameters,
    MissingParameter,
    RequestTooLarge,
    RouteNotFound,
)
from pixmill.plan.key import canonical_json, result_key
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, upload_ref

PARAMS_BY_PATH: Final[dict[bytes, ParamTable]] = {
    prefix + path: param_table(params)
    for prefix in (b"", b"/api/v1")
    for path, params in ((b"/resize", (*PARAMS, PRESET)), (b"/info", INFO_PARAMS))
}
"""The paths of this dialect, each with the parameters it accepts."""


class NativeDialect:
    """Pixmill's own URL grammar. ``default_mode`` applies to requests that name no mode."""

    name = "native"

    def __init__(self, presets: Presets = NO_PRESETS, default_mode: RenderMode = RenderMode.BALANCED) -> None:
        self.presets = presets
        self._default_mode = default_mode
        self._plan_cache = PlanCache()

    def matches(self, path: bytes) -> bool:
        return path in PARAMS_BY_PATH

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """Parse a URL; ``upload``: the original is the body of the request. Raises BadRequest."""
        table = PARAMS_BY_PATH.get(path)
        if table is None:
            raise RouteNotFound
        if len(query) > MAX_QUERY_BYTES:
            raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
        if path.endswith(b"/info"):
            values = parse_query(query, table)
            return ImageRequest(_source(values, upload=upload), info_plan(values))
        per_image_query, shared_query = split_query(query)
        cached_plan = self._plan_cache.get(shared_query)
        values = parse_query(per_image_query, table)
        compiled = cached_plan or self._compile(shared_query, table)
        return ImageRequest(_source(values, upload=upload), compiled.plan, compiled.filename, compiled.tags)

    def _compile(self, shared_query: bytes, table: ParamTable) -> CachedPlan:
        values = parse_query(shared_query, table)
        if "preset" in values or self.presets.only:
            values = self.presets.apply(values)
        values.setdefault("mode", self._default_mode)
        compiled = CachedPlan(plan_of(values), values.get("filename", ""), values.get("tags", ()))
        self._plan_cache.put(shared_query, compiled)
        return compiled

    def parse_srcset(self, query: bytes) -> SrcsetRequest:
        """Parse the query of ``/srcset``. Raises BadRequest; RouteNotFound in presets-only mode."""
        if self.presets.only:
            raise RouteNotFound("There is no /srcset in presets-only mode: the URLs in its answer name widths")
        return parse_srcset(query, self.presets)


def parse(path: bytes, query: bytes, *, upload: bool = False, presets: Presets = NO_PRESETS) -> ImageRequest:
    """Parse one URL without a server around it, for tests, fuzzers and the gallery. Raises BadRequest."""
    return NativeDialect(presets).parse(path, query, upload=upload)


def explain(request: ImageRequest) -> dict[str, object]:
    """Describe a request for people: the source, the plan without its defaults, the key of the result."""
    version = {"version": request.source.version} if request.source.version else {}
    return {
        "source": {"kind": request.source.kind.value, "text": request.source.text} | version,
        "plan": msgspec.json.decode(canonical_json(request.plan)),
        "filename": request.filename,
        "tags": list(request.tags),
        "key": result_key(request.source.identity, request.plan),
    }


def _source(values: ParamValues, *, upload: bool) -> SourceRef:
    if not upload:
        if "url" not in values:
            raise MissingParameter("url is required: the URL or path of the original", param="url")
        ref = values["url"]
        return structs.replace(ref, version=values["v"]) if "v" in values else ref
    unexpected = next((name for name in ("url", "v") if name in values), None)
    if unexpected:
        raise ConflictingParameters(
            f"The original is the body of the request: {unexpected} must not be given", param=unexpected
        )
    return upload_ref("")
