"""The OpenAPI document, put together from the tables of parameters, formats and errors.

Knows which operation takes which parameters and can fail in which ways. What a parameter means stands in
``dialects/params.py``, what a code means in ``errors.py``, which status it has in ``problems.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill import __version__
from pixmill.api.admin import PurgeOrder
from pixmill.api.problems import STATUS
from pixmill.api.services import services_of
from pixmill.api.srcset import PictureSet
from pixmill.api.warm import MAX_URLS
from pixmill.dialects.param import Param
from pixmill.dialects.params import INFO_PARAMS, PARAMS
from pixmill.dialects.presets import ALONE
from pixmill.dialects.sets import SET_PARAMS
from pixmill.dialects.tables import sets
from pixmill.dialects.tables.sets import PRESET, PresetNames
from pixmill.errors import (
    BadRequest,
    Draining,
    EngineError,
    Forbidden,
    HeadersTooLarge,
    ImageError,
    Internal,
    MalformedRequest,
    MethodNotAllowed,
    NoSuchRoute,
    PixmillError,
    RequestTooLarge,
    SourceError,
    StoreError,
    leaves,
)
from pixmill.media import MEDIA, OUTPUT_FORMATS
from pixmill.ports import Description, Facts

Json = dict[str, object]
Errors = tuple[type[PixmillError], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path: what it takes, what it answers, and from which families the errors are."""

    path: str
    methods: tuple[str, ...]
    name: str
    summary: str
    answers: Mapping[str, Json]
    errors: Errors
    params: tuple[Param, ...] = ()
    uploads: bool = False
    body: Json | None = None
    presets: bool = False


async def get_openapi(request: Request) -> Response:
    """The document as JSON."""
    services = services_of(request)
    presets, operators = services.native.presets, not services.config.admin_listen
    encoded = _encoded(tuple(presets.asked), only=presets.only, operators=operators)
    return Response(encoded, media_type="application/json")


@cache
def _encoded(presets: tuple[str, ...], *, only: bool, operators: bool) -> bytes:
    return msgspec.json.encode(document(presets, only=only, operators=operators))


def document(presets: tuple[str, ...] = (), *, only: bool = False, operators: bool = True) -> Json:
    """The OpenAPI 3.1 document of this version, on a server with these presets, perhaps with nothing else, which answers operators too or not."""
    _, facts = msgspec.json.schema_components(
        [Facts, Description, PictureSet, PurgeOrder], ref_template="#/components/schemas/{name}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pixmill",
            "summary": "Resizes images.",
            "version": __version__,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": _paths(OPERATIONS if operators else ANYBODYS, presets, only=only),
        "components": {
            "parameters": {param.name: _parameter(param) for param in (*PARAMS, *sets.PARAMS)} | _preset(presets),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM, **facts},
        },
    }


def _paths(operations: tuple[Operation, ...], presets: tuple[str, ...], *, only: bool) -> Json:
    paths: dict[str, Json] = {}
    for operation in operations:
        names = _names(operation, presets, only=only)
        for method in operation.methods:
            paths.setdefault(operation.path, {})[method] = _operation(operation, method, names)
    return dict(paths)


def _names(operation: Operation, presets: tuple[str, ...], *, only: bool) -> list[str]:
    """The parameters that this server takes there."""
    names = [param.name for param in operation.params]
    if only and operation.presets:
        names = [name for name in names if name in ALONE]
    return [*names, PRESET.name] if presets and operation.presets else names


def _preset(presets: tuple[str, ...]) -> Json:
    """A parameter that there is only on a server with presets."""
    there = replace(PRESET, grammar=PresetNames(presets), examples=presets[:1])
    return {PRESET.name: _parameter(there)} if presets else {}


def _operation(operation: Operation, method: str, names: list[str]) -> Json:
    described: Json = {
        "operationId": f"{method}{operation.name}",
        "summary": operation.summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
        "responses": _failures(operation.errors) | dict(operation.answers),
    }
    if operation.uploads:
        described["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": _BYTES}}}
    if operation.body:
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": operation.body}}}
        described["security"] = [{"token": []}]
    return described


def _failures(families: Errors) -> dict[str, Json]:
    """The statuses of all codes of these families, each with its codes."""
    by_status: dict[int, dict[str, str]] = {}
    for family in families:
        for code, error in ({family.code: family} | leaves(family)).items():
            by_status.setdefault(STATUS[code], {})[code] = error.title
    return {str(status): _failure(codes) for status, codes in sorted(by_status.items())}


def _failure(codes: dict[str, str]) -> Json:
    return {
        "description": "\n".join(f"- `{code}`: {title}" for code, title in codes.items()),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _parameter(param: Param) -> Json:
    schema = dict(param.grammar.schema)
    if param.default:
        schema["default"] = _literal(schema, param.default)
    also = f" Also written {' or '.join(f'`{alias}`' for alias in param.aliases)}." if param.aliases else ""
    return {
        "name": param.name,
        "in": "query",
        "required": param.name == "url",
        "description": param.meaning + also,
        "schema": schema,
        "examples": {text: {"value": _literal(schema, text)} for text in param.examples},
    }


def _literal(schema: Json, text: str) -> object:
    """A text as the JSON value that stands for it in a schema."""
    if schema.get("type") == "string":
        return text
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:  # a word where numbers may stand too
        return text


def _answer(description: str, *media_types: str, schema: str = "") -> Json:
    content: Json = {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
    return {"description": description, "content": dict.fromkeys(media_types, content)}


_PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457. The code is stable; texts are for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string", "enum": sorted(STATUS)},
        "param": {"type": "string", "description": "The parameter that is at fault."},
    },
}

_PURGE: Json = {"$ref": "#/components/schemas/PurgeOrder"}
_WARM: Json = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_URLS}
_BYTES: Json = {"type": "string", "format": "binary"}

_ANY: Errors = (RequestTooLarge, HeadersTooLarge, MalformedRequest, MethodNotAllowed, Draining, Internal)
"""What can befall a request anywhere."""

_UPLOADED: Errors = (BadRequest, Forbidden, ImageError, EngineError, Internal)
_FETCHED: Errors = (*_UPLOADED, SourceError, StoreError)
_JSON = "application/json"
_PICTURE: Json = {
    "description": "The picture, or what `format` asks to be told of it",
    "content": {
        **{mime: {} for mime in (*(MEDIA[form].mime for form in OUTPUT_FORMATS), "text/plain")},
        _JSON: {"schema": {"$ref": "#/components/schemas/Description"}},
    },
}
_UNWELL = {"503": _answer("Not all do, or the server is shutting down", _JSON, "application/problem+json")}
_GET = ("get", "head")


def _pictures(prefix: str, version: str) -> tuple[Operation, ...]:
    unchanged: dict[str, Json] = {"304": {"description": "The client's copy is still good"}}
    upload = tuple(param for param in PARAMS if param.name not in {"url", "v"})
    return (
        Operation(
            f"{prefix}/resize",
            _GET,
            f"Resize{version}",
            "A picture at a size, in a format.",
            {"200": _PICTURE} | unchanged,
            _FETCHED,
            PARAMS,
            presets=True,
        ),
        Operation(
            f"{prefix}/resize",
            ("post",),
            f"Resize{version}",
            "The same for the picture in the body; nothing is stored.",
            {"200": _PICTURE},
            _FETCHED,
            upload,
            uploads=True,
            presets=True,
        ),
        Operation(
            f"{prefix}/info",
            _GET,
            f"Info{version}",
            "The facts of an original.",
            {"200": _answer("The facts", _JSON, schema="Facts")},
            _FETCHED,
            INFO_PARAMS,
        ),
        Operation(
            f"{prefix}/srcset",
            _GET,
            f"Srcset{version}",
            "A picture in several widths and formats, for a page.",
            {"200": _answer("The URLs, and HTML with them", _JSON, schema="PictureSet")},
            _FETCHED,
            SET_PARAMS,
            presets=True,
        ),
    )


ANYBODYS: tuple[Operation, ...] = (
    *_pictures("", ""),
    *_pictures("/api/v1", "V1"),
    Operation("/health/live", _GET, "Live", "Whether the process is alive.", {"200": _answer("It is", _JSON)}, _ANY),
    Operation(
        "/health/ready", _GET, "Ready", "Whether all parts work.", {"200": _answer("They do", _JSON)} | _UNWELL, _ANY
    ),
    Operation("/openapi.json", _GET, "Openapi", "This document.", {"200": _answer("The document", _JSON)}, _ANY),
)

_OPERATORS: tuple[Operation, ...] = (
    Operation("/health", _GET, "Health", "How each part does.", {"200": _answer("All work", _JSON)} | _UNWELL, _ANY),
    Operation(
        "/metrics",
        _GET,
        "Metrics",
        "Counters and durations, for Prometheus.",
        {"200": _answer("The metrics", "text/plain", "application/openmetrics-text")},
        (*_ANY, NoSuchRoute),
    ),
    Operation(
        "/admin/purge",
        ("post",),
        "Purge",
        "Purge by source, tag or prefix, or everything; for the operator.",
        {"200": _answer("It is in force", _JSON)},
        (BadRequest, Forbidden, *_ANY),
        body=_PURGE,
    ),
    Operation(
        "/admin/purges",
        _GET,
        "Purges",
        "What is purged; for the operator.",
        {"200": _answer("All purges in force", _JSON)},
        (*_ANY, NoSuchRoute, Forbidden),
    ),
    Operation(
        "/admin/warm",
        ("post",),
        "Warm",
        "Make pictures, named by the URLs that clients would ask for, in spare time; for the operator.",
        {"202": _answer("What is in line, and what is refused", _JSON)},
        (BadRequest, Forbidden, *_ANY),
        body=_WARM,
    ),
    Operation(
        "/admin/warm",
        _GET,
        "Warming",
        "How many pictures wait to be made, and what became of the others; for the operator.",
        {"200": _answer("The progress", _JSON)},
        (*_ANY, NoSuchRoute, Forbidden),
    ),
)

OPERATIONS = (*ANYBODYS, *_OPERATORS)
"""Operators may have a listener of their own; what is told to anybody else then says nothing of theirs."""
