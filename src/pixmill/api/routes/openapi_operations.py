"""The operations of the OpenAPI document: parameters, responses and errors of each path and method.

What a parameter means is in ``dialects/native/params.py``; the document is built in ``openapi.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pixmill.api.routes.warm import MAX_URLS
from pixmill.dialects.native.param import Param
from pixmill.dialects.native.params import INFO_PARAMS, PARAMS
from pixmill.dialects.native.presets import PRESETS_ONLY_PARAMS
from pixmill.dialects.native.srcset import SRCSET_PARAMS, SRCSET_PRESETS_ONLY_PARAMS
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
)
from pixmill.media import MEDIA, OUTPUT_FORMATS
from pixmill.ports.purges import PEER_PATH

Json = dict[str, object]
ErrorTypes = tuple[type[PixmillError], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on a path: parameters, responses, and the families of its errors.

    ``error_content`` is what an error can have instead of a problem document: a fallback.
    """

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
    presets_only_params: frozenset[str] = PRESETS_ONLY_PARAMS
    error_content: Json = field(default_factory=dict)


def _response(description: str, *media_types: str, schema: str = "") -> Json:
    content: Json = {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
    return {"description": description, "content": dict.fromkeys(media_types, content)}


_PURGE_SCHEMA: Json = {"$ref": "#/components/schemas/PurgeRequest"}


_WARM_SCHEMA: Json = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_URLS}


BINARY_SCHEMA: Json = {"type": "string", "format": "binary"}


FORM_SCHEMA: Json = {
    "type": "object",
    "properties": {"file": {**BINARY_SCHEMA, "description": "The image, in a field of any name"}},
    "required": ["file"],
    "additionalProperties": {"type": "string", "description": "A parameter, as in the query"},
}


_COMMON_ERRORS: ErrorTypes = (
    RequestTooLarge,
    HeadersTooLarge,
    MalformedRequest,
    MethodNotAllowed,
    Draining,
    InternalError,
)
"""Errors that any request can meet."""


_UPLOAD_ERRORS: ErrorTypes = (BadRequest, Forbidden, ImageError, EngineError, InternalError)


_FETCH_ERRORS: ErrorTypes = (*_UPLOAD_ERRORS, SourceError, StoreError)


JSON_TYPE = "application/json"


_IMAGE_CONTENT: Json = {MEDIA[form].mime: {} for form in OUTPUT_FORMATS}


_IMAGE_RESPONSE: Json = {
    "description": "The image, or the image information that `format` asks for",
    "content": {
        **_IMAGE_CONTENT,
        "text/plain": {},
        JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Description"}},
    },
}


_UNHEALTHY_RESPONSE = {
    "503": _response("At least one part fails, or the server is shutting down", JSON_TYPE, "application/problem+json")
}


_GET_METHODS = ("get", "head")


def _image_operations(prefix: str, name_suffix: str) -> tuple[Operation, ...]:
    not_modified: dict[str, Json] = {"304": {"description": "The client's copy is still valid"}}
    upload_params = tuple(param for param in PARAMS if param.name not in {"url", "v"})
    return (
        Operation(
            f"{prefix}/resize",
            _GET_METHODS,
            f"Resize{name_suffix}",
            "Resize and convert an image.",
            {"200": _IMAGE_RESPONSE} | not_modified,
            _FETCH_ERRORS,
            PARAMS,
            accepts_presets=True,
            error_content=_IMAGE_CONTENT,
        ),
        Operation(
            f"{prefix}/resize",
            ("post",),
            f"Resize{name_suffix}",
            "Resize and convert the image in the body; nothing is stored.",
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
            "Image information of an original.",
            {"200": _response("The image information", JSON_TYPE, schema="Facts")},
            _FETCH_ERRORS,
            INFO_PARAMS,
        ),
        Operation(
            f"{prefix}/info",
            ("post",),
            f"Info{name_suffix}",
            "Image information of the image in the body; nothing is stored.",
            {"200": _response("The image information", JSON_TYPE, schema="Facts")},
            _FETCH_ERRORS,
            tuple(param for param in INFO_PARAMS if param.name not in {"url", "v"}),
            accepts_upload=True,
        ),
        Operation(
            f"{prefix}/srcset",
            _GET_METHODS,
            f"Srcset{name_suffix}",
            "URLs of an image in several widths and formats, for a page.",
            {"200": _response("The URLs, and HTML that uses them", JSON_TYPE, schema="SrcsetResponse")},
            _FETCH_ERRORS,
            SRCSET_PARAMS,
            accepts_presets=True,
            presets_only_params=SRCSET_PRESETS_ONLY_PARAMS,
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
        {"200": _response("It is alive", JSON_TYPE)},
        _COMMON_ERRORS,
    ),
    Operation(
        "/health/ready",
        _GET_METHODS,
        "Ready",
        "Whether this server's own parts work. Shared stores do not count.",
        {"200": _response("All required parts work", JSON_TYPE)} | _UNHEALTHY_RESPONSE,
        _COMMON_ERRORS,
    ),
    Operation(
        "/openapi.json",
        _GET_METHODS,
        "Openapi",
        "This document.",
        {"200": _response("The document", JSON_TYPE)},
        _COMMON_ERRORS,
    ),
)


_ADMIN_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "/health",
        _GET_METHODS,
        "Health",
        "Status of each part.",
        {"200": _response("All required parts work", JSON_TYPE)} | _UNHEALTHY_RESPONSE,
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
        "Purge by source, tag or prefix, or everything. Needs an admin token.",
        {"200": _response("The purge is in force", JSON_TYPE)},
        (BadRequest, Forbidden, *_COMMON_ERRORS),
        body_schema=_PURGE_SCHEMA,
    ),
    Operation(
        "/admin/purges",
        _GET_METHODS,
        "Purges",
        "Active purges. Needs an admin token.",
        {"200": _response("All active purges", JSON_TYPE)},
        (*_COMMON_ERRORS, RouteNotFound, Forbidden),
    ),
    Operation(
        PEER_PATH,
        _GET_METHODS,
        "Purges for other servers",
        "What this server has learned since a place of its journal, for PIXMILL_PEERS. Needs an admin token.",
        {"200": _response("Purges", "application/vnd.msgpack")},
        (*_COMMON_ERRORS, RouteNotFound, Forbidden),
    ),
    Operation(
        PEER_PATH,
        ("post",),
        "Purges of another server",
        "Apply purges of a server of PIXMILL_PEERS. Needs an admin token.",
        {"200": _response("The purges are in force; the name of this server", "text/plain")},
        (BadRequest, Forbidden, *_COMMON_ERRORS),
    ),
    Operation(
        "/admin/warm",
        ("post",),
        "Warm",
        "Queue URLs for cache warming, as clients would request them. Needs an admin token.",
        {"202": _response("How many URLs were queued, and which were rejected", JSON_TYPE)},
        (BadRequest, Forbidden, *_COMMON_ERRORS),
        body_schema=_WARM_SCHEMA,
    ),
    Operation(
        "/admin/warm",
        _GET_METHODS,
        "Warming",
        "Progress of cache warming. Needs an admin token.",
        {"200": _response("The progress", JSON_TYPE)},
        (*_COMMON_ERRORS, RouteNotFound, Forbidden),
    ),
)


OPERATIONS = (*PUBLIC_OPERATIONS, *_ADMIN_OPERATIONS)
"""With ``PIXMILL_ADMIN_LISTEN`` the public document leaves out the admin operations."""
