"""The short way: the same request again is the same answer, and never somebody else's."""

import asyncio
import gc
import time
import weakref
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pixmill.api.app import create_app
from pixmill.api.context import ApiContext
from pixmill.api.fastpath import request_cache
from pixmill.api.fastpath.request_cache import MAX_KEY_BYTES, CachedRequest, RequestCache, RequestKeyReader
from pixmill.api.fastpath.telemetry_batch import MAX_BATCH
from pixmill.api.middleware.telemetry import AccessRecord
from pixmill.dialects.native.dialect import parse
from pixmill.dialects.registry import DialectMatch, DialectRegistry
from pixmill.dialects.signing import Keyring
from pixmill.plan.key import Key
from pixmill.plan.purge import PurgeScope, PurgeTarget
from pixmill.settings import load
from pixmill.wiring import build_services
from tests.http.contexts import with_access_log

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
KEY = "a-key-of-more-than-sixteen-bytes"


@pytest.fixture
async def services() -> AsyncIterator[ApiContext]:
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB"})
    async with build_services(settings) as services:
        yield services


def client_of(services: ApiContext) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services))
    return httpx.AsyncClient(transport=transport, base_url="http://pixmill", headers={"accept": "*/*"})


async def test_a_request_that_was_answered_is_not_read_again(
    services: ApiContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=40")
        monkeypatch.setattr(DialectMatch, "parse", lambda *_, **__: pytest.fail("it is read again"))
        second = await client.get("/resize?url=wine.jpg&width=40")
    assert second.content == first.content
    assert "detail=memory" in second.headers["cache-status"]
    for name in ("content-type", "content-length", "etag", "cache-control", "vary", "access-control-allow-origin"):
        assert second.headers[name] == first.headers[name]


async def test_a_method_that_the_route_does_not_have_is_not_answered_from_memory(services: ApiContext) -> None:
    match = services.images.request_cache.reader.match((b"/resize", b"", b"", b""))
    assert match is not None
    url, methods = "/resize?url=wine.jpg&width=41", match.route.methods
    async with client_of(services) as client:
        object.__setattr__(match.route, "methods", frozenset({"GET"}))
        try:
            assert (await client.get(url)).status_code == 200
            assert "detail=memory" in (await client.get(url)).headers["cache-status"]
            assert (await client.head(url)).status_code == 405
        finally:
            object.__setattr__(match.route, "methods", methods)


async def counted(client: httpx.AsyncClient, name: str) -> dict[str, float]:
    """The samples of a metric, by their labels as written."""
    page = (await client.get("/metrics")).text
    lines = [line.removeprefix(name).rpartition(" ") for line in page.splitlines() if line.startswith(name)]
    return {labels: float(value) for labels, _, value in lines}


async def test_the_short_way_counts_what_the_long_way_counts(services: ApiContext) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=50")
        for _ in range(3):
            await client.get("/resize?url=wine.jpg&width=50")
        await client.head("/resize?url=wine.jpg&width=50")
        await client.get("/resize?url=wine.jpg&width=50", headers={"if-none-match": first.headers["etag"]})
        requests = await counted(client, "pixmill_requests_total")
        assert requests['{format="jpeg",route="/resize",status="200"}'] == 5
        assert requests['{format="none",route="/resize",status="304"}'] == 1
        assert (await counted(client, "pixmill_response_bytes_total"))['{route="/resize"}'] == 4 * len(first.content)
        assert (await counted(client, "pixmill_request_duration_seconds_count"))['{route="/resize"}'] == 6
        assert (await counted(client, "pixmill_cache_lookups_total"))['{outcome="hit",tier="memory"}'] == 5
        assert (await counted(client, "pixmill_requests_in_flight"))[""] == 1, "the page itself"


class Written:
    """An access log on paper."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def format(self, level: str, event: str, fields: dict[str, object]) -> dict[str, object]:
        return {"level": level, "event": event, **fields}

    def write(self, records: Iterable[AccessRecord]) -> None:
        for spelled, remote, request_id, ended, seconds, _ in records:
            assert 0 < seconds < 60
            assert abs(ended - time.time()) < 60
            self.lines.append({**spelled, "remote": remote, "request_id": request_id.decode()})


async def test_the_short_way_writes_what_the_long_way_writes(services: ApiContext) -> None:
    written = Written()
    services = with_access_log(services, written)
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=51")
        again = await client.get("/resize?url=wine.jpg&width=51", headers={"x-request-id": "mine"})
        head = await client.head("/resize?url=wine.jpg&width=51")
        tags = {"if-none-match": first.headers["etag"]}
        unchanged = await client.get("/resize?url=wine.jpg&width=51", headers=tags)
    services.telemetry.batch.flush()
    long, *short = written.lines
    assert (long["cache"], long["bytes"]) == ("Pixmill; fwd=uri-miss; stored", len(first.content))
    hit = long | {"cache": again.headers["cache-status"]}
    assert short == [
        hit | {"request_id": "mine"},
        hit | {"request_id": head.headers["x-request-id"], "method": "HEAD", "bytes": 0},
        hit | {"request_id": unchanged.headers["x-request-id"], "status": 304, "format": "none", "bytes": 0},
    ]


async def test_each_answer_of_the_short_way_has_an_id_of_its_own(services: ApiContext) -> None:
    async with client_of(services) as client:
        replies = [await client.get("/resize?url=wine.jpg&width=52") for _ in range(4)]
        odd = await client.get("/resize?url=wine.jpg&width=52", headers={"x-request-id": "a b"})
        mine = await client.get("/resize?url=wine.jpg&width=52", headers={"x-request-id": "mine"})
    ids = {reply.headers["x-request-id"] for reply in (*replies, odd)}
    assert len(ids) == 5
    assert "a b" not in ids
    assert mine.headers["x-request-id"] == "mine"


async def test_the_age_of_a_familiar_answer_is_told_anew_each_second(
    services: ApiContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=53")
        assert (await client.get("/resize?url=wine.jpg&width=53")).headers["age"] == "0"
        later = time.time() + 7
        monkeypatch.setattr(time, "time", lambda: later)
        again = await client.get("/resize?url=wine.jpg&width=53")
    assert int(again.headers["age"]) in {7, 8}
    assert again.headers["cache-control"] == first.headers["cache-control"]


async def test_what_has_become_stale_goes_the_long_way_which_refreshes_it() -> None:
    settings = load(
        {
            "workers": 1,
            "images": str(PHOTOS),
            "cache": "memory://?max_bytes=8MiB",
            "cache_ttl_s": 0.001,
            "cache_stale_while_revalidate_s": 3600,
        }
    )
    async with build_services(settings) as services, client_of(services) as client:
        await client.get("/resize?url=wine.jpg&width=54")
        stale = await client.get("/resize?url=wine.jpg&width=54")
        assert "detail=memory" in stale.headers["cache-status"]
        lookups = await counted(client, "pixmill_cache_lookups_total")
    assert lookups['{outcome="stale",tier="memory"}'] == 1


async def test_a_client_that_leaves_in_the_middle_is_counted_and_logged(services: ApiContext) -> None:
    written = Written()
    services = with_access_log(services, written)
    app = create_app(services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pixmill") as client:
        await client.get("/resize?url=wine.jpg&width=55", headers={"accept": ""})

        async def broken(_message: object) -> None:
            raise OSError("gone")

        scope = {
            "type": "http", "method": "GET", "path": "/resize", "raw_path": b"/resize",
            "query_string": b"url=wine.jpg&width=55", "headers": [(b"accept", b"")], "client": ("192.0.2.1", 1),
        }  # fmt: skip
        with pytest.raises(OSError, match="gone"):
            await app(scope, None, broken)  # type: ignore[arg-type]  # nothing is received
        assert (await counted(client, "pixmill_requests_in_flight"))[""] == 1, "the page itself"
    assert written.lines[1]["remote"] == "192.0.2.1"


async def test_a_request_with_another_accept_is_another_request(services: ApiContext) -> None:
    async with client_of(services) as client:
        for accept, mime in {"image/avif": "image/avif", "image/webp": "image/webp", "*/*": "image/jpeg"}.items():
            for _ in range(2):
                reply = await client.get("/resize?url=friends.jpg&width=400", headers={"accept": accept})
                assert reply.headers["content-type"] == mime


async def test_the_client_that_has_the_bytes_gets_304_on_the_short_way_too(services: ApiContext) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=42")
        for _ in range(2):
            again = await client.get("/resize?url=wine.jpg&width=42", headers={"if-none-match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
            assert "content-length" not in again.headers


async def test_head_has_the_headers_of_get_on_the_short_way_too(services: ApiContext) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=43")
        head = await client.head("/resize?url=wine.jpg&width=43")
    assert head.content == b""
    assert head.headers["content-length"] == first.headers["content-length"]


async def test_a_signed_url_that_has_expired_is_refused_however_familiar(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB", "keys": KEY})
    expires = int(time.time()) + 100
    signed = Keyring.from_text(KEY).sign(b"/resize", b"url=wine.jpg&width=44", expires)
    async with build_services(settings) as services, client_of(services) as client:
        for _ in range(2):
            assert (await client.get(signed)).status_code == 200
        late = time.time() + 101
        monkeypatch.setattr(time, "time", lambda: late)
        reply = await client.get(signed)
    assert reply.json()["code"] == "signature_expired"


async def test_who_asks_with_a_tag_that_was_purged_is_no_longer_answered_in_short(services: ApiContext) -> None:
    tagged = replace(
        services,
        config=services.config.model_copy(update={"tag_header": "X-Tags"}),
        images=replace(
            services.images,
            request_cache=RequestCache(RequestKeyReader(services.images.dialects, frozenset({b"x-tags"}))),
        ),
    )
    assert tagged.admin is not None
    async with client_of(tagged) as client:

        async def hits(query: str = "", header: str = "") -> bool:
            reply = await client.get(
                f"/resize?url=wine.jpg&width=48{query}", headers={"x-tags": header} if header else {}
            )
            assert reply.status_code == 200
            return "; hit" in reply.headers["cache-status"]

        ways = [("", ""), ("&tags=a", ""), ("", "a"), ("", "b, c"), ("&tags=b", "")]
        assert [await hits(*way) for way in ways] == [False, True, True, True, True]
        assert [await hits(*way) for way in ways] == [True] * 5
        for number, found in enumerate(([True, True, False], [True, True, True])):
            if not number:
                await tagged.admin.purger.purge([PurgeTarget(PurgeScope.TAG, "a")])
            assert [await hits(*way) for way in (("", ""), ("", "b, c"), ("", "a"))] == found
        await tagged.admin.purger.purge([PurgeTarget(PurgeScope.TAG, "a")])
        assert not await hits(), "the last one was made for who asked with the tag"


@pytest.mark.parametrize("said", ["a" * 129, '"a"', ",".join("abcdefghijklmnopq")])
async def test_a_header_that_has_no_tags_is_refused(services: ApiContext, said: str) -> None:
    tagged = replace(services, config=services.config.model_copy(update={"tag_header": "X-Tags"}))
    async with client_of(tagged) as client:
        reply = await client.get("/resize?url=wine.jpg&width=48", headers={"x-tags": said})
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_parameter")
    async with client_of(services) as client:
        assert (await client.get("/resize?url=wine.jpg&width=48", headers={"x-tags": said})).status_code == 200


async def test_a_refused_request_is_never_familiar(services: ApiContext) -> None:
    async with client_of(services) as client:
        for _ in range(2):
            assert (await client.get("/resize?url=none.jpg&width=45")).status_code == 404
    assert services.images.request_cache.get((b"/resize", b"url=none.jpg&width=45", b"*/*", b""), 0.0) is None


async def test_a_known_request_holds_no_image_that_memory_has_given_up(services: ApiContext) -> None:
    async with client_of(services) as client:
        for _ in range(2):
            assert (await client.get("/resize?url=wine.jpg&width=47")).status_code == 200
    cached = services.images.request_cache.get((b"/resize", b"url=wine.jpg&width=47", b"*/*", b""), 0.0)
    assert cached
    hit = services.images.resizer.lookup.results.peek_fresh(cached.result_key)
    assert hit
    entry = weakref.ref(hit.entry)
    del hit
    await services.admin.purger.purge([PurgeTarget(PurgeScope.ALL)])
    assert cached.responses, "the request is still known"
    async with asyncio.timeout(30):
        while entry() is not None:  # the tier removes it in the background
            gc.collect()
            await asyncio.sleep(0.02)


async def test_long_queries_are_not_kept(services: ApiContext) -> None:
    query = f"url=wine.jpg&width=46&filename={'a' * 250}{'%61' * 1}" + "&" * MAX_KEY_BYTES
    async with client_of(services) as client:
        assert (await client.get(f"/resize?{query}")).status_code == 200
    assert services.images.request_cache.get((b"/resize", query.encode(), b"*/*", b""), 0.0) is None


def test_there_is_an_end_to_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_cache, "MAX_CACHED_REQUESTS", 10)
    reader = RequestKeyReader(DialectRegistry([]))
    memory = RequestCache(reader)
    for number in range(25):
        scope = {"raw_path": b"/resize", "query_string": b"width=%d" % number, "headers": []}
        cached = CachedRequest(parse(b"/resize", b"url=a.jpg"), Key(""), None)
        memory.put(reader.read(scope)[0], cached)
    assert memory.get((b"/resize", b"width=24", b"", b""), 0.0) is not None
    assert memory.get((b"/resize", b"width=1", b"", b""), 0.0) is None


async def test_what_is_noted_is_written_up_soon_and_at_the_latest_at_the_end() -> None:
    written = Written()
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB"})
    async with build_services(settings) as plain:
        services = with_access_log(plain, written)
        async with client_of(services) as client:
            for _ in range(MAX_BATCH + 3):
                await client.get("/resize?url=wine.jpg&width=56")
            assert len(written.lines) > MAX_BATCH, (
                "as many as are written up at once, and the first, which went the long way"
            )
            while len(written.lines) < MAX_BATCH + 3:
                await asyncio.sleep(0.001)
            await client.get("/resize?url=wine.jpg&width=56")
        services.telemetry.batch.flush()
        services.telemetry.batch.flush()
    assert len(written.lines) == MAX_BATCH + 4
