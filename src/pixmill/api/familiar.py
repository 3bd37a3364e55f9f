"""The short way for a request that was answered before: nothing of its URL is read, checked or looked up twice.

Knows which requests, byte for byte, mean which picture. Only requests that passed every check are remembered, and only what the checks
looked at is part of their name: path, query, Accept and the header of tags. What time changes, the end of a signed URL, is looked at again.

In a rush (``rush.py``) it also refuses, at no more cost, what it does not know.

It stands before everything else, and does for its answers what ``middleware.py`` does for all others: id, common headers, counts, log line.
What is the same in all answers of one second is made once. On an answer that costs 40 microseconds in all, every call here shows.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.caching import entity_tags
from pixmill.api.middleware import COMMON_HEADERS, AccessLog, Traffic, facts_of, remote, request_id, route_of
from pixmill.api.pictures import picture_headers
from pixmill.api.rush import Name, Refusal, Rush
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry, Hit
from pixmill.services.renewal import unchanged_of
from pixmill.services.resize import Answer, Outcome, ResizeService

MAX_REQUESTS = 4_096
"""When so many are known, all are forgotten: reading them again costs each one a few microseconds, once."""

MAX_NAME_BYTES = 1_024
"""Requests whose path, query and Accept are longer together are not remembered, so that strangers cannot fill the memory with them: 4 MiB at the most."""

_METHODS: Final = frozenset({"GET", "HEAD"})

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Reply:
    """What is the same in all answers of one second to a request. ``line`` is what the access log has spelled of it."""

    route: str
    status: int
    headers: RawHeaders
    body: bytes
    media: str
    line: Any


@dataclass(slots=True)
class Known:
    """What a request means. ``replies``, by method and whether the client has the bytes, are made of ``entry`` in that ``second``."""

    image: ImageRequest
    key: Key
    expires: int | None
    route: str
    entry: Entry | None = None
    second: int = 0
    replies: dict[tuple[str, bool], Reply] = field(default_factory=dict)


class Familiar:
    """The requests that are known."""

    def __init__(self, tag_header: str = "") -> None:
        self.tag_header = tag_header.lower().encode()
        self._known: dict[Name, Known] = {}

    def remember(self, scope: Scope, name: Name, image: ImageRequest, key: Key, expires: int | None) -> None:
        """Keep what a request that was answered means."""
        if sum(map(len, name)) > MAX_NAME_BYTES:
            return
        if len(self._known) >= MAX_REQUESTS:
            self._known.clear()
        self._known[name] = Known(image, key, expires, route_of(scope))

    def recall(self, name: Name) -> Known | None:
        """What a request means that is still good; None when it has to be read."""
        known = self._known.get(name)
        if known is None or (known.expires is not None and time.time() >= known.expires):
            return None
        return known


class ShortWay:
    """Answers familiar requests with what memory has fresh, refuses in a rush what would be refused anyway; sends all others on."""

    def __init__(
        self,
        app: ASGIApp,
        familiar: Familiar,
        resizer: ResizeService,
        traffic: Traffic,
        rush: Rush,
        access_log: AccessLog | None = None,
    ) -> None:
        self.app = app
        self._rush = rush
        self._familiar = familiar
        self._resizer = resizer
        self._traffic = traffic
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self.app(scope, receive, send)
            return
        name, tags, asked = named(scope, self._familiar.tag_header)
        known = self._familiar.recall(name)
        hit = known and self._resizer.fresh(known.key, known.image.tags)
        if known and hit:
            await self._answer(scope, send, self._reply(scope, known, hit, tags), request_id(asked), begun)
        elif refusal := self._rush.refusal(name):
            await self._answer(scope, send, self._refused(scope, refusal, id_ := request_id(asked)), id_, begun)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send, reply: Reply, id_: str, begun: float) -> None:
        self._traffic.began()
        try:
            headers = [*reply.headers, (b"x-request-id", id_.encode())]
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            await send({"type": "http.response.body", "body": reply.body})
        finally:
            seconds = time.perf_counter() - begun
            self._traffic.answered(reply.route, reply.status, reply.media, seconds, len(reply.body))
            if self._access_log and reply.line is not None:
                self._access_log.write(reply.line, remote(scope), id_, seconds)

    def _refused(self, scope: Scope, refusal: Refusal, id_: str) -> Reply:
        body = refusal.body(id_)
        headers = [*refusal.headers, (b"content-length", b"%d" % len(body)), *COMMON_HEADERS]
        route = scope["raw_path"].decode()
        reply = Reply(route, refusal.status, headers, b"" if scope["method"] == "HEAD" else body, "none", None)
        if self._access_log:
            facts = facts_of(scope, route, reply.status, reply.media, len(reply.body), refusal.cached)
            reply.line = self._access_log.spell("warning", "request", facts | refusal.facts)
        return reply

    def _reply(self, scope: Scope, known: Known, hit: Hit, tags: bytes) -> Reply:
        second = int(time.time())
        if known.entry is not hit.entry or known.second != second:
            known.entry, known.second = hit.entry, second
            known.replies.clear()
        unchanged = bool(tags) and hit.entry.etag in entity_tags(tags.decode("latin-1"))
        which = (scope["method"], unchanged)
        reply = known.replies.get(which)
        if reply is None:
            reply = known.replies[which] = self._made(scope, known, hit, unchanged=unchanged)
        return reply

    def _made(self, scope: Scope, known: Known, hit: Hit, *, unchanged: bool) -> Reply:
        entry = hit.entry
        answer = Answer(unchanged_of(entry) if unchanged else entry, Outcome.HIT, hit.tier)
        headers = picture_headers(known.image, answer, known.expires)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()] + COMMON_HEADERS
        media = "none" if unchanged else entry.format.value
        body = b"" if unchanged or scope["method"] == "HEAD" else entry.body
        reply = Reply(known.route, 304 if unchanged else 200, raw, body, media, None)
        if self._access_log:
            facts = facts_of(scope, known.route, reply.status, media, len(body), headers["cache-status"])
            reply.line = self._access_log.spell("info", "request", facts)
        return reply


def named(scope: Scope, tag_header: bytes) -> tuple[Name, bytes, bytes | None]:
    """The name of a request, its If-None-Match and the id that it asks for, in one pass over the headers.

    With Accept goes the header that adds tags, where there is one: behind a NUL, which no header has.
    """
    accept, tags, asked = b"", b"", None
    for header, value in scope["headers"]:
        if header == b"accept":
            accept = accept + b"\n" + value if accept else value
        elif header == b"if-none-match":
            tags = value
        elif header == b"x-request-id" and asked is None:
            asked = value
        elif header == tag_header:
            accept += b"\0" + value
    return (scope["raw_path"], scope["query_string"], accept), tags, asked
