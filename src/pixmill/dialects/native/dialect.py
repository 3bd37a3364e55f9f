"""The native URLs ``/resize`` and ``/info``: parses raw bytes into an ImageRequest.

Any bytes at all give an ImageRequest or a BadRequest, in time linear in their number, and never another exception.

``url``, its version ``v``, and ``expires`` and ``sig`` of signed URLs differ from image to image; the rest of the query
is the same for thousands of URLs. Compiling it takes 10 to 30 µs, five times as long as the rest of the URL, so
compiled plans are cached by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import structs

from pixmill.dialects.native.hints import hints_of, with_hints
from pixmill.dialects.native.param_values import ParamValues
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS, info_plan, plan_of
from pixmill.dialects.native.presets import NO_PRESETS, Presets
from pixmill.dialects.native.query import MAX_QUERY_BYTES, ParamTable, param_table, parse_query
from pixmill.dialects.native.srcset import SrcsetRequest, parse_srcset
from pixmill.dialects.native.tables import source
from pixmill.dialects.native.tables.response import fallback_of
from pixmill.dialects.native.tables.srcset import PRESET
from pixmill.dialects.port import READ_METHODS, Endpoint, UrlRoute
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    ConflictingParameters,
    MissingParameter,
    PixmillError,
    RequestTooLarge,
    RouteNotFound,
)
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.key import canonical_json, result_key
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import SourceRef, upload_ref
from pixmill.runtime.bounded import BoundedDict

_ROUTES: Final = tuple(
    UrlRoute(prefix + path, endpoint, methods, needs_engine)
    for prefix in ("", "/api/v1")
    for path, endpoint, methods, needs_engine in (
        ("/resize", Endpoint.IMAGE, READ_METHODS | {"POST"}, True),
        ("/info", Endpoint.FACTS, READ_METHODS | {"POST"}, True),
        ("/srcset", Endpoint.SRCSET, READ_METHODS, False),
    )
)

_ROUTES_BY_PATH: Final = {route.template.encode(): route for route in _ROUTES}

PARAMS_BY_PATH: Final[dict[bytes, ParamTable]] = {
    prefix + path: param_table(params)
    for prefix in (b"", b"/api/v1")
    for path, params in ((b"/resize", (*PARAMS, PRESET)), (b"/info", INFO_PARAMS))
}
"""The paths of this dialect, each with the parameters it accepts."""

MAX_PLANS: Final = 1_024
"""Beyond it the plan that was compiled the longest ago is evicted."""

MAX_SHARED_BYTES: Final = 1_024
"""Longer queries are not cached, so that clients cannot fill the memory with them."""

_PER_IMAGE_PARAMS: Final = tuple(
    f"{name}=".encode() for param in (*source.PARAMS, *source.ACCESS_PARAMS) for name in param.names
)


@dataclass(frozen=True, slots=True)
class CachedPlan:
    """The compiled shared part of a query."""

    plan: Plan
    filename: str = ""
    tags: tuple[str, ...] = ()
    inline: bool = False
    max_age_s: int | None = None
    fallback: Fallback | None = None
    hints: Hints | None = None


class PlanCache:
    """Compiled plans by shared query."""

    def __init__(self) -> None:
        self._plans: BoundedDict[bytes, CachedPlan] = BoundedDict(MAX_PLANS)

    def get(self, shared_query: bytes) -> CachedPlan | None:
        return self._plans.get(shared_query)

    def put(self, shared_query: bytes, cached_plan: CachedPlan) -> None:
        if len(shared_query) <= MAX_SHARED_BYTES:
            self._plans[shared_query] = cached_plan


def split_query(query: bytes) -> tuple[bytes, bytes]:
    """Split a query into the parameters of its own image and those that images share, each in order."""
    per_image: list[bytes] = []
    shared: list[bytes] = []
    for piece in query.split(b"&"):
        (per_image if piece.startswith(_PER_IMAGE_PARAMS) else shared).append(piece)
    return b"&".join(per_image), b"&".join(shared)


class NativeDialect:
    """Pixmill's own URL grammar. ``default_mode`` applies to requests that name no mode."""

    prefix = ""
    routes = _ROUTES

    def __init__(
        self,
        presets: Presets = NO_PRESETS,
        default_mode: RenderMode = RenderMode.BALANCED,
        keyring: Keyring | None = None,
        mount: bytes = b"",
    ) -> None:
        """Requests must be signed if there is a ``keyring``; signatures include the ``mount``."""
        self.presets = presets
        self.requires_signature = keyring is not None
        self._keyring = keyring
        self._mount = mount
        self._default_mode = default_mode
        self._plan_cache = PlanCache()

    def match(self, path: bytes) -> UrlRoute | None:
        return _ROUTES_BY_PATH.get(path)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return self._keyring.verify(self._mount + path, query, now) if self._keyring else None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Return path and query, signed if requests must be. Raises BadRequest."""
        if self._keyring:
            return self._keyring.sign(self._mount + path, query, expires)
        return (self._mount + path + b"?" + query).decode()

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> None:
        """Leave errors to problem documents."""
        del error, status, path, query

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """Parse a URL; ``upload``: the original is the body of the request. Raises BadRequest."""
        return self._parse(path, query, None, upload=upload)

    def parse_with_hints(self, path: bytes, query: bytes, hinted: HintValues, *, upload: bool = False) -> ImageRequest:
        """Parse a URL with what the client says. Raises BadRequest."""
        return self._parse(path, query, hinted, upload=upload)

    def _parse(self, path: bytes, query: bytes, hinted: HintValues | None, *, upload: bool) -> ImageRequest:
        table = PARAMS_BY_PATH.get(path)
        if table is None:
            raise RouteNotFound
        if len(query) > MAX_QUERY_BYTES:
            raise RequestTooLarge(f"The query may have at most {MAX_QUERY_BYTES} bytes")
        if path.endswith(b"/info"):
            values = parse_query(query, table)
            return ImageRequest(self._source(values, upload=upload), info_plan(values))
        per_image_query, shared_query = split_query(query)
        cached_plan = self._plan_cache.get(shared_query) if hinted is None else None
        values = parse_query(per_image_query, table)
        compiled = cached_plan or self._compile(shared_query, table, hinted)
        return ImageRequest(
            self._source(values, upload=upload),
            compiled.plan,
            compiled.filename,
            compiled.tags,
            compiled.inline,
            compiled.max_age_s,
            fallback=compiled.fallback,
            hints=compiled.hints,
        )

    def _compile(self, shared_query: bytes, table: ParamTable, hinted: HintValues | None) -> CachedPlan:
        values = parse_query(shared_query, table)
        if "preset" in values or self.presets.only:
            values = self.presets.apply(values)
        values.setdefault("mode", self._default_mode)
        hints = hints_of(values)
        if hints is not None:
            values = with_hints(values) if hinted is None else with_hints(values, hinted)
        compiled = CachedPlan(
            plan_of(values),
            values.get("filename", ""),
            values.get("tags", ()),
            values.get("disposition", False),
            values.get("max_age"),
            fallback_of(values) if "fallback" in values else None,
            hints,
        )
        if hinted is None:
            self._plan_cache.put(shared_query, compiled)
        return compiled

    def _source(self, values: ParamValues, *, upload: bool) -> SourceRef:
        if not upload:
            if "url" not in values:
                raise MissingParameter("url is required: the URL or path of the original", param="url")
            ref = values["url"]
            if "v" not in values:
                return ref
            return structs.replace(ref, version=values["v"], is_version_signed=self._keyring is not None)
        unexpected = next((name for name in ("url", "v") if name in values), None)
        if unexpected:
            raise ConflictingParameters(
                f"The original is the body of the request: {unexpected} must not be given", param=unexpected
            )
        return upload_ref("")

    def parse_srcset(self, query: bytes, native_query_of: Callable[[bytes], bytes] | None = None) -> SrcsetRequest:
        """Parse the query of ``/srcset``. Raises BadRequest."""
        return parse_srcset(query, self.presets, native_query_of)


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
