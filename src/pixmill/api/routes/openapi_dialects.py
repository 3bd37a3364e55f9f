"""The operations of mounted dialects, for the OpenAPI document, from the routes that each declares."""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.api.routes.openapi_operations import Json
from pixmill.dialects.port import QueryParam, UrlRoute
from pixmill.dialects.registry import DialectRegistry, MountedDialect

_PATH_PARAM: Final = re.compile(r"\{\+?([a-z_]+)\}")
_RESPONSES: Final[Json] = {
    "200": {"description": "The image, or a text"},
    "301": {"description": "Redirect to the image"},
    "308": {"description": "Permanent redirect"},
    "default": {"description": "An error, in the form that clients of the dialect expect"},
}


@dataclass(frozen=True, slots=True)
class Servers:
    """What paths are below. The prefix does not apply to ``hosts_without_prefix``."""

    prefix: str = ""
    hosts_without_prefix: frozenset[bytes] = frozenset()

    def url(self, host: str) -> str:
        """Return the URL of the server of a dialect with a host of its own."""
        return f"//{host}" if host.encode() in self.hosts_without_prefix else f"//{host}{self.prefix}"


AT_ROOT: Final = Servers()


def dialect_paths(dialects: DialectRegistry, servers: Servers = AT_ROOT) -> Json:
    """Return a path item per route that has a summary.

    Of several hosts with the same path the first is documented.
    """
    paths: Json = {}
    for number, mounted in enumerate(dialects.mounted, 1):
        for route in mounted.dialect.routes:
            path = mounted.mount + route.template.replace("{+", "{")  # OpenAPI has no form for several segments
            if route.summary and path.encode().startswith(mounted.prefix):
                paths.setdefault(path, _path_item(mounted, route, f"{mounted.name.title()}{number}", servers))
    return paths


def _path_item(mounted: MountedDialect, route: UrlRoute, name: str, servers: Servers) -> Json:
    operation_name = name + re.sub("[^A-Za-z]", "", route.template.title())
    item: Json = {
        method.lower(): {
            "operationId": f"{method.lower()}{operation_name}",
            "summary": route.summary,
            "parameters": [
                *(
                    {"name": one, "in": "path", "required": True, "schema": {"type": "string"}}
                    for one in _PATH_PARAM.findall(route.template)
                ),
                *map(_query_param, route.params),
            ],
            "responses": _RESPONSES,
        }
        for method in sorted(route.methods)
    }
    return {"servers": [{"url": servers.url(mounted.host)}], **item} if mounted.host else item


def _query_param(param: QueryParam) -> Json:
    return {
        "name": param.name,
        "in": "query",
        "required": param.required,
        "description": param.description,
        "schema": dict(param.schema),
    }
