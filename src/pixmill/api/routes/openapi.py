"""Builds the OpenAPI document from the tables of operations, parameters, formats and errors.

Which operations exist is in ``openapi_operations.py``, what a parameter means in ``dialects/native/params.py``,
what a code means in ``errors.py``, which status it has in ``http/problems.py``.
"""

from dataclasses import replace
from functools import lru_cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill import __version__
from pixmill.api.context import context_of
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.http.problems import STATUS
from pixmill.api.routes.fallback import ERRORS_OF_ORIGINALS
from pixmill.api.routes.openapi_dialects import AT_ROOT, Servers, dialect_paths
from pixmill.api.routes.openapi_operations import (
    BINARY_SCHEMA,
    FORM_SCHEMA,
    JSON_TYPE,
    OPERATIONS,
    PUBLIC_OPERATIONS,
    ErrorTypes,
    Json,
    Operation,
)
from pixmill.api.routes.purge import PurgeRequest
from pixmill.api.routes.srcset import SrcsetResponse
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset
from pixmill.dialects.native.tables.srcset import PRESET, PresetNamesGrammar
from pixmill.dialects.registry import DialectRegistry
from pixmill.errors import error_classes_by_code
from pixmill.plan.facts import Description, Facts


async def get_openapi(request: Request) -> Response:
    """GET: the document as JSON."""
    context = context_of(request)
    presets, dialects = context.config.parsed_presets(), context.images.dialects
    servers = Servers(prefix_of(request.scope), context.config.hosts_without_prefix(dialects.hosts))
    document_bytes = _encode(
        tuple(presets.values_by_name),
        dialects,
        servers,
        presets_only=presets.only,
        include_admin=context.has_admin_routes,
    )
    return Response(document_bytes, media_type="application/json")


@lru_cache(maxsize=8)
def _encode(
    preset_names: tuple[str, ...],
    dialects: DialectRegistry,
    servers: Servers,
    *,
    presets_only: bool,
    include_admin: bool,
) -> bytes:
    return msgspec.json.encode(
        document(preset_names, dialects, servers, presets_only=presets_only, include_admin=include_admin)
    )


def document(
    preset_names: tuple[str, ...] = (),
    dialects: DialectRegistry | None = None,
    servers: Servers = AT_ROOT,
    *,
    presets_only: bool = False,
    include_admin: bool = True,
) -> Json:
    """Return the OpenAPI 3.1 document of a server with these presets and mounted dialects."""
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
        "servers": [{"url": servers.prefix or "/"}],
        "paths": (dialect_paths(dialects, servers) if dialects else {})
        | _paths(OPERATIONS if include_admin else PUBLIC_OPERATIONS, preset_names, presets_only=presets_only),
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
    """Return the names of the parameters that this server takes there."""
    names = [param.name for param in operation.params]
    if presets_only and operation.accepts_presets:
        names = [name for name in names if name in operation.presets_only_params]
    return [*names, PRESET.name] if preset_names and operation.accepts_presets else names


def _preset_parameter(preset_names: tuple[str, ...]) -> Json:
    """Return the parameter ``preset``, which exists only on a server with presets."""
    param = replace(PRESET, grammar=PresetNamesGrammar(preset_names), examples=preset_names[:1])
    return {PRESET.name: _parameter_object(param)} if preset_names else {}


def _operation(operation: Operation, method: str, param_names: list[str]) -> Json:
    operation_object: Json = {
        "operationId": f"{method}{operation.name}",
        "summary": operation.summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in param_names],
        "responses": _error_responses(operation.errors, operation.error_content) | dict(operation.responses),
    }
    if operation.accepts_upload:
        operation_object["requestBody"] = {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": BINARY_SCHEMA},
                "multipart/form-data": {"schema": FORM_SCHEMA},
            },
        }
    if operation.body_schema:
        operation_object["requestBody"] = {"required": True, "content": {JSON_TYPE: {"schema": operation.body_schema}}}
        operation_object["security"] = [{"token": []}]
    return operation_object


def _error_responses(error_types: ErrorTypes, other_content: Json) -> dict[str, Json]:
    """Return one response per status, listing the codes of these error families.

    Those that a fallback can replace have ``other_content`` too.
    """
    by_status: dict[int, dict[str, str]] = {}
    with_fallback: set[int] = set()
    for error_type in error_types:
        for code, error in ({error_type.code: error_type} | error_classes_by_code(error_type)).items():
            by_status.setdefault(STATUS[code], {})[code] = error.title
            if issubclass(error, ERRORS_OF_ORIGINALS):
                with_fallback.add(STATUS[code])
    return {
        str(status): _error_response(codes, other_content if status in with_fallback else {})
        for status, codes in sorted(by_status.items())
    }


def _error_response(codes: dict[str, str], other_content: Json) -> Json:
    return {
        "description": "\n".join(f"- `{code}`: {title}" for code, title in codes.items()),
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
            **other_content,
        },
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
    """Convert a parameter's text to the JSON value that its schema describes."""
    if schema.get("type") == "string":
        return text
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:  # a keyword of a parameter that also takes numbers
        return text


_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457. The code is stable; the texts are for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string", "enum": sorted(STATUS)},
        "param": {"type": "string", "description": "The parameter that caused the error."},
    },
}
