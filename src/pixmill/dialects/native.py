"""The native URLs: ``/resize`` and ``/info``, from raw bytes to an ImageRequest.

Knows how the values of ``params.py`` make a plan, and which spellings mean the same picture. Any bytes at all give an
ImageRequest or a BadRequest, in time linear in their number, and never another exception.
"""

from difflib import get_close_matches
from typing import Any, Final, cast

import msgspec

from pixmill.dialects.param import Asked, Param
from pixmill.dialects.params import INFO_PARAMS, PARAMS, plan_of
from pixmill.dialects.scalars import decoded
from pixmill.errors import (
    ConflictingParameters,
    MissingParameter,
    NoSuchRoute,
    RepeatedParameter,
    RequestTooLarge,
    UnknownParameter,
)
from pixmill.plan.key import canonical, result_key
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceRef, upload_ref

MAX_QUERY_BYTES = 65_536
"""More than the longest URL that any server in front of us lets through; ``max_url_bytes`` is the bound that counts."""

_LONGEST_GUESS: Final = 32
"""Longer names get no suggestion: difflib's time grows with the square."""


def _by_name(params: tuple[Param, ...]) -> dict[bytes, Param]:
    return {name.encode(): param for param in params for name in param.names}


PATHS: Final = {
    prefix + path: _by_name(params)
    for prefix in (b"", b"/api/v1")
    for path, params in ((b"/resize", PARAMS), (b"/info", INFO_PARAMS))
}
"""Every path that is answered, with the parameters it takes."""


class Native:
    """Pixmill's own grammar."""

    name = "native"

    def speaks(self, path: bytes) -> bool:
        return path in PATHS

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
        """What the URL asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
        return parse(path, query, upload=upload)


def parse(path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest:
    """What a URL, given as it was sent, asks for; ``upload`` when the original comes with the request. Raises BadRequest."""
    table = PATHS.get(path)
    if table is None:
        raise NoSuchRoute
    asked = _read(query, table)
    return ImageRequest(_source(asked, upload=upload), plan_of(asked), asked.get("filename", ""))


def explain(request: ImageRequest) -> dict[str, object]:
    """What a request means, for people: the source, the plan without its defaults, the key of the result."""
    return {
        "source": {"kind": request.source.kind.value, "text": request.source.text},
        "plan": msgspec.json.decode(canonical(request.plan)),
        "filename": request.filename,
        "key": result_key(request.source.text, request.plan),
    }


def _read(query: bytes, table: dict[bytes, Param]) -> Asked:
    """The values by the parameters' names. Names are taken as they stand: none of them needs an escape."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestTooLarge(f"The parameters may have at most {MAX_QUERY_BYTES} bytes")
    asked: dict[str, Any] = {}
    for piece in query.split(b"&"):
        name, _, raw = piece.partition(b"=")
        param = table.get(name)
        if param is None:
            if piece:
                raise _unknown(name, table)
            continue
        if param.name in asked:
            raise RepeatedParameter(f"{param.name} is given more than once", param=param.name)
        asked[param.name] = param.parse(decoded(raw))
    return asked


def _unknown(raw: bytes, table: dict[bytes, Param]) -> UnknownParameter:
    name = raw[: _LONGEST_GUESS * 2].decode("ascii", "backslashreplace")
    shown = name if name.isprintable() else repr(name)
    close = get_close_matches(name, map(bytes.decode, table), n=1) if len(name) <= _LONGEST_GUESS else []
    hint = f"; did you mean {close[0]}?" if close else ""
    return UnknownParameter(f"There is no parameter {shown}{hint}", param=shown)


def _source(asked: Asked, *, upload: bool) -> SourceRef:
    if not upload:
        if "url" not in asked:
            raise MissingParameter("url is required: it says where the original lives", param="url")
        return cast("SourceRef", asked["url"])
    if "url" in asked:
        raise ConflictingParameters("The original comes with the request: url must not be given", param="url")
    return upload_ref("")
