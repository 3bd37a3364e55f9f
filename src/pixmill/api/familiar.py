"""The short way for a request that was answered before: nothing of its URL is read, checked or looked up twice.

Knows which requests, byte for byte, mean which picture. Only requests that passed every check are remembered, and only what the checks
looked at is part of their name: path, query, Accept and the header of tags. What time changes, the end of a signed URL, is looked at again.

In a rush (``rush.py``) it also refuses, at no more cost, what it does not know.

It stands before everything else, and does for its answers what ``middleware.py`` does for all others: id and common headers; counts
and log lines by way of ``books.py``.
What is the same in all answers of one second is made once. On an answer that costs 40 microseconds in all, every call here shows.
"""

import time
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.books import Books, Kind
from pixmill.api.caching import entity_tags, is_unmodified
from pixmill.api.middleware import COMMON_HEADERS, facts_of, remote, request_id, route_of
from pixmill.api.pictures import picture_headers
from pixmill.api.rush import Name, Refusal, Rush
from pixmill.plan.key import Key
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry, Hit
from pixmill.services.answers import Answer, Outcome
from pixmill.services.renewal import unchanged_of
from pixmill.services.results import Results

MAX_REQUESTS = 4_096
"""When so many are known, all are forgotten: reading them again costs each one a few microseconds, once."""

MAX_NAME_BYTES = 1_024
"""Requests whose path, query and Accept are longer together are not remembered, so that strangers cannot fill the memory with them: 4 MiB at the most."""

_METHODS: Final = frozenset({"GET", "HEAD"})

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Reply:
    """What is the same in all answers of one second to a request."""

    kind: Kind
    headers: RawHeaders
    body: bytes


@dataclass(slots=True)
class Known:
    """What a request means. ``replies``, by method, or 304 when the client has the bytes, are made of ``entry`` in that ``second``."""

    image: ImageRequest
    key: Key
    expires: int | None
    route: str
    entry: Entry | None = None
    second: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)


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

    def recall(self, name: Name, now: float) -> Known | None:
        """What a request means that is still good; None when it has to be read."""
        known = self._known.get(name)
        if known is None or (known.expires is not None and now >= known.expires):
            return None
        return known


class ShortWay:
    """Answers familiar requests with what memory has fresh, refuses in a rush what would be refused anyway; sends all others on."""

    def __init__(
        self,
        app: ASGIApp,
        familiar: Familiar,
        results: Results,
        rush: Rush,
        books: Books,
    ) -> None:
        self.app = app
        self._rush = rush
        self._familiar = familiar
        self._results = results
        self._books = books
        self._traffic = books.traffic
        self._access_log = books.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        if scope["type"] != "http" or scope["method"] not in _METHODS:
            await self.app(scope, receive, send)
            return
        now = time.time()
        name, tags, since, asked = named(scope, self._familiar.tag_header)
        known = self._familiar.recall(name, now)
        hit = known and self._results.fresh(known.key, known.image.tags)
        if known and hit:
            reply, id_ = self._reply(scope, known, hit, tags, since, now), request_id(asked)
        elif refusal := self._rush.refusal(name):
            reply = self._refused(scope, refusal, id_ := request_id(asked))
        else:
            async with self._rush.let_in(name):
                await self.app(scope, receive, send)
            return
        raw_id = id_.encode()
        self._traffic.in_flight += 1
        try:
            headers = [*reply.headers, (b"x-request-id", raw_id)]
            await send({"type": "http.response.start", "status": reply.kind.status, "headers": headers})
            await send({"type": "http.response.body", "body": reply.body})
        finally:
            self._traffic.in_flight -= 1
            seconds = time.perf_counter() - begun
            self._books.note((reply.kind, remote(scope), raw_id, now + seconds, seconds))

    def _refused(self, scope: Scope, refusal: Refusal, id_: str) -> Reply:
        body = refusal.body(id_)
        headers = [*refusal.headers, (b"content-length", b"%d" % len(body)), *COMMON_HEADERS]
        route = scope["raw_path"].decode()
        body = b"" if scope["method"] == "HEAD" else body
        line = None
        if self._access_log:
            facts = facts_of(scope, route, refusal.status, "none", len(body), refusal.cached)
            line = self._access_log.spell("warning", "request", facts | refusal.facts)
        return Reply(Kind(route, refusal.status, "none", len(body), line, is_hit=False), headers, body)

    def _reply(self, scope: Scope, known: Known, hit: Hit, tags: bytes, since: bytes, now: float) -> Reply:
        second = int(now)
        if known.entry is not hit.entry or known.second != second:
            known.entry, known.second = hit.entry, second
            known.replies.clear()
        if tags:
            unchanged = tags == hit.entry.etag.encode() or hit.entry.etag in entity_tags(tags.decode("latin-1"))
        else:
            unchanged = bool(since) and is_unmodified(hit.entry, since.decode("latin-1"))
        which = "304" if unchanged else scope["method"]
        return known.replies.get(which) or known.replies.setdefault(
            which, self._made(scope, known, hit, unchanged=unchanged)
        )

    def _made(self, scope: Scope, known: Known, hit: Hit, *, unchanged: bool) -> Reply:
        entry = hit.entry
        answer = Answer(unchanged_of(entry) if unchanged else entry, Outcome.HIT, hit.tier)
        headers = picture_headers(known.image, answer, known.expires)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()] + COMMON_HEADERS
        status, media = (304, "none") if unchanged else (200, entry.format.value)
        body = b"" if unchanged or scope["method"] == "HEAD" else entry.body
        line = None
        if self._access_log:
            facts = facts_of(scope, known.route, status, media, len(body), headers["cache-status"])
            line = self._access_log.spell("info", "request", facts)
        return Reply(Kind(known.route, status, media, len(body), line, is_hit=True), raw, body)


def named(scope: Scope, tag_header: bytes) -> tuple[Name, bytes, bytes, bytes | None]:
    """The name of a request, its If-None-Match, its If-Modified-Since and the id that it asks for, in one pass over the headers.

    With Accept goes the header that adds tags, where there is one: behind a NUL, which no header has.
    """
    accept, tags, since, asked = b"", b"", b"", None
    for header, value in scope["headers"]:
        if header == b"accept":
            accept = accept + b"\n" + value if accept else value
        elif header == b"if-none-match":
            tags = value
        elif header == b"if-modified-since":
            since = value
        elif header == b"x-request-id" and asked is None:
            asked = value
        elif header == tag_header:
            accept += b"\0" + value
    return (scope["raw_path"], scope["query_string"], accept), tags, since, asked
