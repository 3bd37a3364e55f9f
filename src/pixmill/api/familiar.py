"""The short way for a request that was answered before: nothing of its URL is read, checked or looked up twice.

Knows which requests, byte for byte, mean which picture. Only requests that passed every check are remembered, and only what the checks
looked at is part of their name: path, query and Accept. What time changes, the end of a signed URL, is looked at again.
"""

import time
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.caching import entity_tags
from pixmill.api.pictures import picture_headers
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry
from pixmill.services.resize import Answer, ResizeService

MAX_REQUESTS = 4_096
"""When so many are known, all are forgotten: reading them again costs each one a few microseconds, once."""

MAX_QUERY_BYTES = 1_024
"""Longer queries are not remembered, so that strangers cannot fill the memory with them: 4 MiB at the most."""

Name = tuple[bytes, bytes, bytes]
RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Known:
    """What a request means. ``route`` is for the log; ``headers`` are those of ``entry`` in that ``second``."""

    image: ImageRequest
    key: Key
    expires: int | None
    route: object
    entry: Entry | None = None
    second: int = 0
    headers: RawHeaders = field(default_factory=list)


class Familiar:
    """The requests that are known."""

    def __init__(self) -> None:
        self._known: dict[Name, Known] = {}

    def remember(self, scope: Scope, image: ImageRequest, key: Key, expires: int | None) -> None:
        """Keep what a request that was answered means."""
        name, _ = _named(scope)
        if len(name[1]) > MAX_QUERY_BYTES:
            return
        if len(self._known) >= MAX_REQUESTS:
            self._known.clear()
        self._known[name] = Known(image, key, expires, scope.get("route"))

    def recall(self, name: Name) -> Known | None:
        """What a request means that is still good; None when it has to be read."""
        known = self._known.get(name)
        if known is None or (known.expires is not None and time.time() >= known.expires):
            return None
        return known


class ShortWay:
    """Answers familiar requests from memory; sends all others on."""

    def __init__(self, app: ASGIApp, familiar: Familiar, resizer: ResizeService) -> None:
        self.app = app
        self._familiar = familiar
        self._resizer = resizer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            name, tags = _named(scope)
            known = self._familiar.recall(name)
            answer = known and self._resizer.cached(known.image, entity_tags(tags), known.key)
            if known and answer:
                await _answer(scope, send, known, answer)
                return
        await self.app(scope, receive, send)


async def _answer(scope: Scope, send: Send, known: Known, answer: Answer) -> None:
    scope["route"] = known.route
    entry = answer.entry
    if not isinstance(entry, Entry):
        headers = _raw(picture_headers(known.image, answer, known.expires))
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    scope["state"]["format"] = entry.format.value
    second = int(time.time())
    if known.entry is not entry or known.second != second:
        known.entry, known.second = entry, second
        known.headers = _raw(picture_headers(known.image, answer, known.expires))
    await send({"type": "http.response.start", "status": 200, "headers": known.headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else entry.body})


def _named(scope: Scope) -> tuple[Name, str]:
    """The name of a request, and its If-None-Match, in one pass over the headers."""
    accept, tags = b"", ""
    for header, value in scope["headers"]:
        if header == b"accept":
            accept = accept + b"\n" + value if accept else value
        elif header == b"if-none-match":
            tags = value.decode("latin-1")
    return (scope["raw_path"], scope["query_string"], accept), tags


def _raw(headers: dict[str, str]) -> RawHeaders:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
