"""The native URLs: ``/resize`` and ``/info``, from raw bytes to an ImageRequest.

Knows how the values of ``params.py`` make a plan, and which spellings mean the same picture. Any bytes at all give an
ImageRequest or a BadRequest, in time linear in their number, and never another exception.
"""

from typing import Final, cast

import msgspec

from pixmill.dialects.param import Asked
from pixmill.dialects.params import INFO_PARAMS, PARAMS, plan_of, question_of
from pixmill.dialects.presets import NO_PRESETS, Presets
from pixmill.dialects.reading import Table, read, table_of
from pixmill.dialects.sets import SetRequest, parse_set
from pixmill.dialects.tables.sets import PRESET
from pixmill.errors import (
    ConflictingParameters,
    MissingParameter,
    NoSuchRoute,
)
from pixmill.plan.key import canonical, result_key
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, upload_ref

PATHS: Final[dict[bytes, Table]] = {
    prefix + path: table_of(params)
    for prefix in (b"", b"/api/v1")
    for path, params in ((b"/resize", (*PARAMS, PRESET)), (b"/info", INFO_PARAMS))
}
"""Every path that is answered, with the parameters it takes."""


class Native:
    """Pixmill's own grammar."""

    name = "native"

    def __init__(self, presets: Presets = NO_PRESETS) -> None:
        self.presets = presets

    def speaks(self, path: bytes) -> bool:
        return path in PATHS

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """What the URL asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
        return parse(path, query, upload=upload, presets=self.presets)

    def parse_set(self, query: bytes) -> SetRequest:
        """What the query of ``/srcset`` asks for. Raises BadRequest, of it NoSuchRoute where only presets are answered."""
        if self.presets.only:
            raise NoSuchRoute("Where only presets are answered there are no sets: their widths could not be asked for")
        return parse_set(query, self.presets)


def parse(path: bytes, query: bytes, *, upload: bool = False, presets: Presets = NO_PRESETS) -> ImageRequest:
    """What a URL, given as it was sent, asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
    table = PATHS.get(path)
    if table is None:
        raise NoSuchRoute
    said = read(query, table)
    if path.endswith(b"/info"):
        return ImageRequest(_source(said, upload=upload), question_of(said))
    asked = presets.applied(said)
    return ImageRequest(_source(asked, upload=upload), plan_of(asked), asked.get("filename", ""))


def explain(request: ImageRequest) -> dict[str, object]:
    """What a request means, for people: the source, the plan without its defaults, the key of the result."""
    return {
        "source": {"kind": request.source.kind.value, "text": request.source.text},
        "plan": msgspec.json.decode(canonical(request.plan)),
        "filename": request.filename,
        "key": result_key(request.source.text, request.plan),
    }


def _source(asked: Asked, *, upload: bool) -> SourceRef:
    if not upload:
        if "url" not in asked:
            raise MissingParameter("url is required: it says where the original lives", param="url")
        return cast("SourceRef", asked["url"])
    if "url" in asked:
        raise ConflictingParameters("The original comes with the request: url must not be given", param="url")
    return upload_ref("")
