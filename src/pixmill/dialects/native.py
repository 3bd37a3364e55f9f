"""The native URLs: ``/resize`` and ``/info``, from raw bytes to an ImageRequest.

Knows how the values of ``params.py`` make a plan, and which spellings mean the same picture. Any bytes at all give an
ImageRequest or a BadRequest, in time linear in their number, and never another exception.
"""

from typing import Final, cast

import msgspec
from msgspec import structs

from pixmill.dialects.familiar import FamiliarPlans, Wanted, parted
from pixmill.dialects.param import Asked
from pixmill.dialects.params import INFO_PARAMS, PARAMS, plan_of, question_of
from pixmill.dialects.presets import NO_PRESETS, Presets
from pixmill.dialects.reading import MAX_QUERY_BYTES, Table, read, table_of
from pixmill.dialects.sets import SetRequest, parse_set
from pixmill.dialects.tables.sets import PRESET
from pixmill.errors import (
    ConflictingParameters,
    MissingParameter,
    NoSuchRoute,
    RequestTooLarge,
)
from pixmill.plan.key import canonical, result_key
from pixmill.plan.output import Mode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, upload_ref

PATHS: Final[dict[bytes, Table]] = {
    prefix + path: table_of(params)
    for prefix in (b"", b"/api/v1")
    for path, params in ((b"/resize", (*PARAMS, PRESET)), (b"/info", INFO_PARAMS))
}
"""Every path that is answered, with the parameters it takes."""


class Native:
    """Pixmill's own grammar. ``mode`` is that of requests which name none."""

    name = "native"

    def __init__(self, presets: Presets = NO_PRESETS, mode: Mode = Mode.BALANCED) -> None:
        self.presets = presets
        self._mode = mode
        self._familiar = FamiliarPlans()

    def speaks(self, path: bytes) -> bool:
        return path in PATHS

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """What the URL asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
        table = PATHS.get(path)
        if table is None:
            raise NoSuchRoute
        if len(query) > MAX_QUERY_BYTES:
            raise RequestTooLarge(f"The parameters may have at most {MAX_QUERY_BYTES} bytes")
        if path.endswith(b"/info"):
            said = read(query, table)
            return ImageRequest(_source(said, upload=upload), question_of(said))
        own, shared = parted(query)
        said = read(own, table)
        wanted = self._familiar.recall(shared) or self._wanted(shared, table)
        return ImageRequest(_source(said, upload=upload), wanted.plan, wanted.filename, wanted.tags)

    def _wanted(self, shared: bytes, table: Table) -> Wanted:
        asked = self.presets.applied({**read(shared, table)})
        wanted = Wanted(plan_of({"mode": self._mode, **asked}), asked.get("filename", ""), asked.get("tags", ()))
        self._familiar.remember(shared, wanted)
        return wanted

    def parse_set(self, query: bytes) -> SetRequest:
        """What the query of ``/srcset`` asks for. Raises BadRequest, of it NoSuchRoute where only presets are answered."""
        if self.presets.only:
            raise NoSuchRoute("Where only presets are answered there are no sets: their widths could not be asked for")
        return parse_set(query, self.presets)


def parse(path: bytes, query: bytes, *, upload: bool = False, presets: Presets = NO_PRESETS) -> ImageRequest:
    """What a URL, given as it was sent, asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
    return Native(presets).parse(path, query, upload=upload)


def explain(request: ImageRequest) -> dict[str, object]:
    """What a request means, for people: the source, the plan without its defaults, the key of the result."""
    version = {"version": request.source.version} if request.source.version else {}
    return {
        "source": {"kind": request.source.kind.value, "text": request.source.text} | version,
        "plan": msgspec.json.decode(canonical(request.plan)),
        "filename": request.filename,
        "tags": list(request.tags),
        "key": result_key(request.source.identity, request.plan),
    }


def _source(asked: Asked, *, upload: bool) -> SourceRef:
    if not upload:
        if "url" not in asked:
            raise MissingParameter("url is required: it says where the original lives", param="url")
        ref = cast("SourceRef", asked["url"])
        return structs.replace(ref, version=asked["v"]) if "v" in asked else ref
    strange = next((name for name in ("url", "v") if name in asked), None)
    if strange:
        raise ConflictingParameters(f"The original comes with the request: {strange} must not be given", param=strange)
    return upload_ref("")
