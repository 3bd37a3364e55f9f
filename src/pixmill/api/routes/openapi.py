"""The OpenAPI document, put together from the tables of parameters, formats and errors.

Knows which operation takes which parameters and can fail in which ways. What a parameter means stands in
``dialects/native/params.py``, what a code means in ``errors.py``, which status it has in ``problems.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill import __version__
from pixmill.api.context import context_of
from pixmill.api.http.problems import STATUS
from pixmill.api.routes.purge import PurgeRequest
from pixmill.api.routes.srcset import SrcsetResponse
from pixmill.api.routes.warm import MAX_URLS
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.dialects.native.presets import PRESETS_ONLY_PARAMS
from pixmill.dialects.native.srcset import SRCSET_PARAMS
from pixmill.dialects.native.tables import srcset
from pixmill.dialects.native.tables.srcset import PRESET, PresetNamesGrammar
from pixmill.errors import (
    BadRequest,
    Draining,
    EngineError,
    Forbidden,
    HeadersTooLarge,
    ImageError,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    PixmillError,
    RequestTooLarge,
    RouteNotFound,
    SourceError,
    StoreError,
    error_classes_by_code,
)
from pixmill.media import MEDIA, OUTPUT_FORMATS
from pixmill.plan.facts import Description, Facts

Json = dict[str, object]
ErrorTypes = tuple[type[PixmillError], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path: what it takes, what it answers, and from which families the errors are."""

    path: str
    methods: tuple[str, ...]
    name: str
    summary: str
    responses: Mapping[str, Json]
    errors: ErrorTypes
    params: tuple[Param, ...] = ()
    accepts_upload: bool = False
    body_schema: Json | None = None
    accepts_presets: bool = False


async def get_openapi(request: Request) -> Response:
    """The document as JSON."""
    context = context_of(request)
    presets, include_admin = context.native_dialect.presets, not context.config.admin_listen
    document_bytes = _encode(tuple(presets.values_by_name), presets_only=presets.only, include_admin=include_admin)
    return Response(document_bytes, media_type="application/json")


@cache
def _encode(preset_names: tuple[str, ...], *, presets_only: bool, include_admin: bool) -> bytes:
    return msgspec.json.encode(document(preset_names, presets_only=presets_only, include_admin=include_admin))


def document(preset_names: tuple[str, ...] = (), *, presets_only: bool = False, include_admin: bool = True) -> Json:
    """The OpenAPI 3.1 document of this version, on a server with these presets, perhaps with nothing else, which answers operators too or not."""
    _, schemas = msgspec.json.schema_components(
        [Facts, Description, SrcsetResponse, PurgeRequest], ref_template="#/components/schemas/{name}"
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
        "paths": _paths(OPERATIONS if include_admin else PUBLIC_OPERATIONS, preset_names, presets_only=presets_only),
        "components": {
            "parameters": {param.name: _parameter_object(param) for param in (*PARAMS, *srcset.PARAMS)}
            | _preset_parameter(preset_names),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM_SCHEMA, **schemas},
        },
    }


def _paths(operations: tuple[Operation, ...], preset_names: tuple[str, ...], *, presets_only: bool) -> Json:
    paths: dict[str, Json] = {}
    for operation in operations:
        param_names = _param_names(operation, preset_names, presets_only=presets_only)
        for method in operation.methods:
            paths.setdefault(operation.path, {})[method] = _operation(operation, method, param_names)
    return dict(paths)


def _param_names(operation: Operation, preset_names: tuple[str, ...], *, presets_only: bool) -> list[str]:
    """The parameters that this server takes there."""
    names = [param.name for param in operation.params]
    if presets_only and operation.accepts_presets:
        names = [name for name in names if name in PRESETS_ONLY_PARAMS]
    return [*names, PRESET.name] if preset_names and operation.accepts_presets else names


def _preset_parameter(preset_names: tuple[str, ...]) -> Json:
    """A parameter that there is only on a server with presets."""
    param = replace(PRESET, grammar=PresetNamesGrammar(preset_names), examples=preset_names[:1])
    return {PRESET.name: _parameter_object(param)} if preset_names else {}


def _operation(operation: Operation, method: str, param_names: list[str]) -> Json:
    operation_object: Json = {
        "operationId": f"{method}{operation.name}",
        "summary": operation.summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in param_names],
        "responses": _error_responses(operation.errors) | dict(operation.responses),
    }
    if operation.accepts_upload:
        operation_object["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": _BINARY_SCHEMA}},
        }
    if operation.body_schema:
        operation_object["requestBody"] = {"required": True, "content": {_JSON_TYPE: {"schema": operation.body_schema}}}
        operation_object["security"] = [{"token": []}]
    return operation_object


def _error_responses(error_types: ErrorTypes) -> dict[str, Json]:
    """The statuses of all codes of these families, each with its codes."""
    by_status: dict[int, dict[str, str]] = {}
    for error_type in error_types:
        for code, error in ({error_type.code: error_type} | error_classes_by_code(error_type)).items():
            by_status.setdefault(STATUS[code], {})[code] = error.title
    return {str(status): _error_response(codes) for status, codes in sorted(by_status.items())}


def _error_response(codes: dict[str, str]) -> Json:
    return {
        "description": "\n".join(f"- `{code}`: {title}" for code, title in codes.items()),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _parameter_object(param: Param) -> Json:
    schema = dict(param.grammar.schema)
    if param.default:
        schema["default"] = _json_value(schema, param.default)
    alias_note = f" Also written {' or '.join(f'`{alias}`' for alias in param.aliases)}." if param.aliases else ""
    return {
        "name": param.name,
        "in": "query",
        "required": param.name == "url",
        "description": param.description + alias_note,
        "schema": schema,
        "examples": {text: {"value": _json_value(schema, text)} for text in param.examples},
    }


def _json_value(schema: Json, text: str) -> object:
    """A text as the JSON value that stands for it in a schema."""
    if schema.get("type") == "string":
        return text
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:  # a word where numbers may stand too
        return text


def _response(description: str, *media_types: str, schema: str = "") -> Json:
    content: Json = {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
    return {"description": description, "content": dict.fromkeys(media_types, content)}


_PROBLEM_SCHEMA: Json = {
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

_PURGE_SCHEMA: Json = {"$ref": "#/components/schemas/PurgeRequest"}
_WARM_SCHEMA: Json = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_URLS}
_BINARY_SCHEMA: Json = {"type": "string", "format": "binary"}

_COMMON_ERRORS: ErrorTypes = (
    RequestTooLarge,
    HeadersTooLarge,
    MalformedRequest,
    MethodNotAllowed,
    Draining,
    InternalError,
)
"""What can befall a request anywhere."""

_UPLOAD_ERRORS: ErrorTypes = (BadRequest, Forbidden, ImageError, EngineError, InternalError)
_FETCH_ERRORS: ErrorTypes = (*_UPLOAD_ERRORS, SourceError, StoreError)
_JSON_TYPE = "application/json"
_IMAGE_RESPONSE: Json = {
    "description": "The picture, or what `format` asks to be told of it",
    "content": {
        **{mime: {} for mime in (*(MEDIA[form].mime for form in OUTPUT_FORMATS), "text/plain")},
        _JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Description"}},
    },
}
_UNHEALTHY_RESPONSE = {
    "503": _response("Not all do, or the server is shutting down", _JSON_TYPE, "application/problem+json")
}
_GET_METHODS = ("get", "head")


def _image_operations(prefix: str, name_suffix: str) -> tuple[Operation, ...]:
    not_modified: dict[str, Json] = {"304": {"description": "The client's copy is still good"}}
    upload_params = tuple(param for param in PARAMS if param.name not in {"url", "v"})
    return (
        Operation(
            f"{prefix}/resize",
            _GET_METHODS,
            f"Resize{name_suffix}",
            "A picture at a size, in a format.",
            {"200": _IMAGE_RESPONSE} | not_modified,
            _FETCH_ERRORS,
            PARAMS,
            accepts_presets=True,
        ),
        Operation(
            f"{prefix}/resize",
            ("post",),
            f"Resize{name_suffix}",
            "The same for the picture in the body; nothing is stored.",
            {"200": _IMAGE_RESPONSE},
            _FETCH_ERRORS,
            upload_params,
            accepts_upload=True,
            accepts_presets=True,
        ),
        Operation(
            f"{prefix}/info",
            _GET_METHODS,
            f"Info{name_suffix}",
            "The facts of an original.",
            {"200": _response("The facts", _JSON_TYPE, schema="Facts")},
            _FETCH_ERRORS,
            INFO_PARAMS,
        ),
        Operation(
            f"{prefix}/srcset",
            _GET_METHODS,
            f"Srcset{name_suffix}",
            "A picture in several widths and formats, for a page.",
            {"200": _response("The URLs, and HTML with them", _JSON_TYPE, schema="SrcsetResponse")},
            _FETCH_ERRORS,
            SRCSET_PARAMS,
            accepts_presets=True,
        ),
    )


PUBLIC_OPERATIONS: tuple[Operation, ...] = (
    *_image_operations("", ""),
    *_image_operations("/api/v1", "V1"),
    Operation(
        "/health/live",
        _GET_METHODS,
        "Live",
        "Whether the process is alive.",
        {"200": _response("It is", _JSON_TYPE)},
        _COMMON_ERRORS,
    ),
    Operation(
        "/health/ready",
        _GET_METHODS,
        "Ready",
        "Whether all parts work.",
        {"200": _response("They do", _JSON_TYPE)} | _UNHEALTHY_RESPONSE,
        _COMMON_ERRORS,
    ),
    Operation(
        "/openapi.json",
        _GET_METHODS,
        "Openapi",
        "This document.",
        {"200": _response("The document", _JSON_TYPE)},
        _COMMON_ERRORS,
    ),
)

_ADMIN_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "/health",
        _GET_METHODS,
        "Health",
        "How each part does.",
        {"200": _response("All work", _JSON_TYPE)} | _UNHEALTHY_RESPONSE,
        _COMMON_ERRORS,
    ),
    Operation(
        "/metrics",
        _GET_METHODS,
        "Metrics",
        "Counters and durations, for Prometheus.",
        {"200": _response("The metrics", "text/plain", "application/openmetrics-text")},
        (*_COMMON_ERRORS, RouteNotFound),
    ),
    Operation(
        "/admin/purge",
        ("post",),
        "Purge",
        "Purge by source, tag or prefix, or everything; for the operator.",
        {"200": _response("It is in force", _JSON_TYPE)},
        (BadRequest, Forbidden, *_COMMON_ERRORS),
        body_schema=_PURGE_SCHEMA,
    ),
    Operation(
        "/admin/purges",
        _GET_METHODS,
        "Purges",
        "What is purged; for the operator.",
        {"200": _response("All purges in force", _JSON_TYPE)},
        (*_COMMON_ERRORS, RouteNotFound, Forbidden),
    ),
    Operation(
        "/admin/warm",
        ("post",),
        "Warm",
        "Make pictures, named by the URLs that clients would ask for, in spare time; for the operator.",
        {"202": _response("What is in line, and what is refused", _JSON_TYPE)},
        (BadRequest, Forbidden, *_COMMON_ERRORS),
        body_schema=_WARM_SCHEMA,
    ),
    Operation(
        "/admin/warm",
        _GET_METHODS,
        "Warming",
        "How many pictures wait to be made, and what became of the others; for the operator.",
        {"200": _response("The progress", _JSON_TYPE)},
        (*_COMMON_ERRORS, RouteNotFound, Forbidden),
    ),
)

OPERATIONS = (*PUBLIC_OPERATIONS, *_ADMIN_OPERATIONS)
"""Operators may have a listener of their own; what is told to anybody else then says nothing of theirs."""
