"""Writes the page of the HTTP API from the document that a server returns at ``/openapi.json``."""

from collections.abc import Iterable
from typing import Any

from docs import reference

from pixmill.api.routes.openapi import document

INTRODUCTION = """\
# HTTP API

```sh
curl http://127.0.0.1:8080/openapi.json
```

This page is made from that document (OpenAPI {openapi}). A server adds the paths of the dialects that it answers. Generators of clients and
viewers read it.

- `HEAD` answers wherever `GET` does, without a body.
- What begins with `/api/v1/` is the same as without.
- Errors are problem documents: [errors](errors.md).
"""
METHODS = ("get", "post", "put", "delete")
VERSION = "/api/v1"


def page() -> str:
    """Return the page of a server with default settings."""
    api = document()
    return "\n".join(_lines(api)).rstrip() + "\n"


def _lines(api: dict[str, Any]) -> Iterable[str]:
    yield INTRODUCTION.format(openapi=api["openapi"])
    for path, item in api["paths"].items():
        if path.removeprefix(VERSION) == path or path.removeprefix(VERSION) not in api["paths"]:
            for method in METHODS:
                if method in item:
                    yield from _operation(api, f"{method.upper()} {path}", item[method])


def _operation(api: dict[str, Any], name: str, operation: dict[str, Any]) -> Iterable[str]:
    yield f"## `{name}`\n"
    yield f"{operation['summary'].rstrip('.')}.\n"
    if "security" in operation:
        yield "Needs `Authorization: Bearer TOKEN`, one of `PIXMILL_ADMIN_TOKEN`.\n"
    params = [_resolved(api, it) for it in operation.get("parameters", ())]
    yield from _params(params)
    if body := operation.get("requestBody"):
        yield f"Body: {_kinds(_resolved(api, body))}\n"
    yield "| status | meaning | body |"
    yield "| --- | --- | --- |"
    for status, response in sorted(operation["responses"].items()):
        found = _resolved(api, response)
        yield f"| {status} | {_cell(found.get('description', ''))} | {_kinds(found)} |"
    yield ""


def _params(params: list[dict[str, Any]]) -> Iterable[str]:
    """List the parameters, those of the reference by their groups with links to it."""
    known = {param.name: param for param in reference.ALL_PARAMS}
    groups: dict[str, list[str]] = {}
    for name in (it["name"] for it in params if it["name"] in known):
        groups.setdefault(known[name].group, []).append(f"[`{name}`]({reference.anchor(known[name])})")
    if groups:
        yield "| parameters | |"
        yield "| --- | --- |"
        yield from (f"| {group} | {' '.join(links)} |" for group, links in groups.items())
        yield ""
    others = [it for it in params if it["name"] not in known]
    if others:
        yield "| parameter | in | meaning |"
        yield "| --- | --- | --- |"
        yield from (f"| `{it['name']}` | {it['in']} | {_cell(it.get('description', ''))} |" for it in others)
        yield ""


def _kinds(item: dict[str, Any]) -> str:
    """Return the media types, and for a named schema its fields."""
    parts = []
    for kind, media in item.get("content", {}).items():
        schema = media.get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        parts.append(f"`{kind}`" + (f" ({name})" if name else ""))
    return ", ".join(dict.fromkeys(parts))


def _resolved(api: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    if "$ref" not in item:
        return item
    found: Any = api
    for part in item["$ref"].removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return _resolved(api, found)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
