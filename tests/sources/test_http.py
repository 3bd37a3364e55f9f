"""Fetching from a real origin on loopback, well-behaved and not."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import brotli
import pytest
from backports import zstd

from pixmill import __version__
from pixmill.errors import (
    AddressForbidden,
    InternalError,
    PixmillError,
    SourceBadResponse,
    SourceDenied,
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    TooManyRedirects,
)
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef, parse_source
from pixmill.ports.values import Original
from pixmill.runtime.memory_budget import MemoryBudget
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.source import HttpSource
from tests.servers.origin import Origin, Seen
from tests.timers import finished_within

BODY = bytes(range(256)) * 1000
MAX_BYTES = 2 * 2**20


def config(**settings: object) -> SourcesConfig:
    return SourcesConfig.model_validate(
        {"allowed_networks": "127.0.0.0/8", "max_source_bytes": MAX_BYTES, "source_timeout_s": 5} | settings
    )


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture
async def source() -> AsyncIterator[HttpSource]:
    opened = HttpSource(config())
    await opened.open()
    yield opened
    await opened.close()


async def fetched(url: str, **settings: object) -> Original:
    source = HttpSource(config(**settings))
    await source.open()
    try:
        return await source.fetch(parse_source(url))
    finally:
        await source.close()


async def body_of(source: HttpSource, url: str) -> bytes:
    with (await source.fetch(parse_source(url))).spool as spool:
        return spool.read()


async def test_a_picture_comes_as_it_is(origin: Origin, source: HttpSource) -> None:
    assert await body_of(source, origin.serve("/plain", BODY)) == BODY


async def test_a_chunked_picture_comes_as_it_is(origin: Origin, source: HttpSource) -> None:
    assert await body_of(source, origin.serve("/chunked", BODY, chunked=True)) == BODY


async def test_the_request_names_us_and_carries_nothing_of_the_client(origin: Origin, source: HttpSource) -> None:
    await body_of(source, origin.serve("/who", BODY, headers={"Set-Cookie": "spy=1"}))
    await body_of(source, origin.url("/who"))
    headers = [seen.headers for seen in origin.requests if seen.target == "/who"][-1]
    assert headers["user-agent"] == f"Pixmill/{__version__}"
    assert headers["accept-encoding"] == "identity"
    assert headers["cdn-loop"] == "pixmill"
    assert headers["via"] == "1.1 pixmill"
    assert headers["host"] == f"127.0.0.1:{origin.port}"
    assert not {"cookie", "referer", "authorization"} & set(headers)


async def test_the_url_is_sent_as_it_was_parsed(origin: Origin, source: HttpSource) -> None:
    target = "/a%20b%2Fc;d/%C3%A9?x=%2F+%20&y[]=1&sig=a%2Bb%3D"
    expected = "/a%20b%2Fc;d/%C3%A9?x=%2F+%20&y%5B%5D=1&sig=a%2Bb%3D"
    origin.serve(expected, BODY)
    assert await body_of(source, origin.url(target)) == BODY
    assert origin.count(expected) == 1


async def test_connections_are_used_again(source: HttpSource) -> None:
    with Origin() as origin:
        url = origin.serve("/", BODY)
        for _ in range(5):
            await body_of(source, url)
        assert origin.connections == 1


async def test_a_proxy_in_the_environment_is_not_used(
    origin: Origin, monkeypatch: pytest.MonkeyPatch, source: HttpSource
) -> None:
    with Origin() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        assert await body_of(source, origin.serve("/direct", BODY)) == BODY
        assert proxy.connections == 0


# ---------------------------------------------------------------- what the origin vouches for


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"abc"', "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}, 'etag:"abc"'),
        ({"ETag": 'W/"abc"'}, 'etag:W/"abc"'),
        ({"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}, "modified:784111777:3"),
        ({}, "sha256:" + sha256(b"pic").hexdigest()),
        ({"ETag": "unquoted"}, "sha256:" + sha256(b"pic").hexdigest()),
    ],
)
async def test_the_validator_is_the_best_that_the_origin_states(
    origin: Origin, source: HttpSource, headers: dict[str, str], validator: str
) -> None:
    original = await source.fetch(parse_source(origin.serve("/validated", b"pic", headers=headers)))
    original.spool.close()
    assert original.version.validator == validator


async def test_a_large_original_without_validator_has_its_digest(origin: Origin, source: HttpSource) -> None:
    original = await source.fetch(parse_source(origin.serve("/large", BODY * 4)))
    original.spool.close()
    assert original.version.validator == "sha256:" + sha256(BODY * 4).hexdigest()


async def test_freshness_is_what_the_origin_says(origin: Origin, source: HttpSource) -> None:
    url = origin.serve("/fresh", b"pic", headers={"Cache-Control": "public, max-age=600", "Age": "100"})
    original = await source.fetch(parse_source(url))
    original.spool.close()
    assert original.version.directives == CacheDirectives(500)


# ---------------------------------------------------------------- the same again


STATED = [{"ETag": '"a"'}, {"ETag": 'W/"a"'}, {"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}]


async def known(source: HttpSource, url: str) -> str:
    original = await source.fetch(parse_source(url))
    original.spool.close()
    return original.version.validator


@pytest.mark.parametrize("headers", STATED)
async def test_an_original_that_is_still_the_same_is_not_sent_again(
    origin: Origin, source: HttpSource, headers: dict[str, str]
) -> None:
    url = origin.publish("/same", BODY, headers | {"Cache-Control": "max-age=7, stale-if-error=9"})
    before = origin.sent
    again = await source.revalidate(parse_source(url), await known(source, url))
    assert again == CacheDirectives(7, stale_if_error_s=9)
    assert origin.sent - before == len(BODY), "once, for what was not known yet"


@pytest.mark.parametrize(("old", "new"), [(STATED[0], {"ETag": '"b"'}), (STATED[2], STATED[0]), (STATED[0], {})])
async def test_an_original_that_has_changed_comes_at_once(
    origin: Origin, source: HttpSource, old: dict[str, str], new: dict[str, str]
) -> None:
    url = origin.publish("/changing", b"old", old)
    validator = await known(source, url)
    origin.publish("/changing", b"new", new)
    changed = await source.revalidate(parse_source(url), validator)
    assert isinstance(changed, Original)
    with changed.spool as spool:
        assert (spool.read(), changed.version.validator != validator) == (b"new", True)


@pytest.mark.parametrize("headers", STATED)
async def test_an_origin_that_knows_no_conditions_is_not_read_to_the_end(
    origin: Origin, source: HttpSource, headers: dict[str, str]
) -> None:
    url = origin.serve("/unconditional", BODY * 4, headers=headers)
    validator = await known(source, url)
    assert isinstance(await source.revalidate(parse_source(url), validator), CacheDirectives)


async def test_without_a_stated_validator_the_digest_tells(origin: Origin, source: HttpSource) -> None:
    url = origin.serve("/untold", b"pic")
    validator = await known(source, url)
    again = await source.revalidate(parse_source(url), validator)
    assert isinstance(again, Original)
    again.spool.close()
    assert again.version.validator == validator
    assert not {"if-none-match", "if-modified-since"} & set(origin.requests[-1].headers)


async def test_a_304_that_nobody_asked_for_is_broken_also_when_a_digest_is_known(
    origin: Origin, source: HttpSource
) -> None:
    url = origin.serve("/odd", status=304)
    with pytest.raises(SourceBadResponse):
        await source.revalidate(parse_source(url), "sha256:00")


async def test_the_condition_follows_redirects_and_is_tried_again(source: HttpSource) -> None:
    with Origin() as origin:
        origin.publish("/there", BODY, STATED[0])
        url = origin.redirect("/here", "/there")
        origin.reset("/there", times=1)
        assert isinstance(await source.revalidate(parse_source(url), 'etag:"a"'), CacheDirectives)
        assert origin.sent == 0


async def test_a_condition_is_held_to_the_allow_list_and_to_the_address_guard(origin: Origin) -> None:
    url = origin.redirect("/away", "http://127.0.0.2/private")
    for settings in ({"allowed_networks": "127.0.0.1/32"}, {"allowed_networks": ""}):
        closed = HttpSource(config(**settings))
        await closed.open()
        with pytest.raises(AddressForbidden):
            await closed.revalidate(parse_source(url), 'etag:"a"')
        await closed.close()


# ---------------------------------------------------------------- statuses


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, SourceDenied),
        (403, SourceDenied),
        (404, SourceNotFound),
        (410, SourceNotFound),
        (451, SourceDenied),
        (400, SourceBadResponse),
        (429, SourceBadResponse),
        (500, SourceBadResponse),
        (503, SourceBadResponse),
        (504, SourceTimeout),
        (204, SourceBadResponse),
        (205, SourceBadResponse),
        (300, SourceBadResponse),
        (304, SourceBadResponse),
        (305, SourceBadResponse),
        (302, SourceBadResponse),  # without Location
        (999, SourceBadResponse),
    ],
)
async def test_a_status_that_brings_no_picture_is_a_failure(
    origin: Origin, source: HttpSource, status: int, failure: type[PixmillError]
) -> None:
    with pytest.raises(failure) as caught:
        await source.fetch(parse_source(origin.serve(f"/status/{status}", BODY, status=status)))
    assert type(caught.value) is failure


async def test_203_is_as_good_as_200(origin: Origin, source: HttpSource) -> None:
    assert await body_of(source, origin.serve("/203", BODY, status=203)) == BODY


# ---------------------------------------------------------------- size and time


async def test_a_stated_length_beyond_the_limit_is_refused_before_the_body(origin: Origin, source: HttpSource) -> None:
    url = origin.serve("/huge", b"start", claim=MAX_BYTES + 1, pace_s=2)
    with pytest.raises(SourceTooLarge):
        await finished_within(source.fetch(parse_source(url)), 1)


async def test_an_endless_body_is_cut_at_the_limit(origin: Origin, source: HttpSource) -> None:
    with pytest.raises(SourceTooLarge):
        await source.fetch(parse_source(origin.serve("/endless", BODY, endless=True)))


async def test_a_body_of_exactly_the_limit_is_taken(origin: Origin) -> None:
    url = origin.serve("/exact", BODY, chunked=True)
    (await fetched(url, max_source_bytes=len(BODY))).spool.close()
    with pytest.raises(SourceTooLarge):
        await fetched(url, max_source_bytes=len(BODY) - 1)


async def test_an_origin_that_never_answers_times_out(origin: Origin) -> None:
    with pytest.raises(SourceTimeout):
        await fetched(origin.hang("/hang"), source_timeout_s=0.3)


async def test_an_origin_that_falls_silent_times_out(origin: Origin) -> None:
    url = origin.serve("/silent", BODY, pace_s=3)
    with pytest.raises(SourceTimeout):
        await finished_within(fetched(url, source_idle_timeout_s=0.3), 2)


async def test_an_origin_that_drips_is_stopped_by_the_total_time(origin: Origin) -> None:
    with pytest.raises(SourceTimeout):
        await fetched(origin.serve("/drip", BODY, pace_s=0.1), source_timeout_s=0.5)


async def test_a_connection_that_was_idle_for_long_is_as_good_as_new(origin: Origin) -> None:
    """Also if the last bytes of its last answer lay there for a while: aiohttp goes on timing such a connection, and
    fails it in the pool."""
    body, sent = (
        bytes(2 * 256 * 1024 + 1000),
        threading.Event(),
    )  # the last piece is more than aiohttp takes ahead of its reader

    async def send(_seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.transport.set_write_buffer_limits(0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        sent.set()
        return True

    url, budget, idle_s = origin.route("/idle", send), MemoryBudget(2 * MAX_BYTES), 0.3
    source = HttpSource(config(source_idle_timeout_s=idle_s), budget=budget)
    await source.open()
    await budget.acquire(2 * MAX_BYTES)  # so that nothing is read until all has come
    fetching = asyncio.create_task(body_of(source, url))
    await asyncio.to_thread(sent.wait, 5)
    for _ in range(20):
        await asyncio.sleep(0)
    budget.release(2 * MAX_BYTES)
    assert await fetching == body
    connections = origin.connections
    await asyncio.sleep(2 * idle_s)
    assert await body_of(source, url) == body
    assert origin.connections == connections
    await source.close()


async def test_an_origin_is_not_silent_while_nobody_listens(origin: Origin) -> None:
    """That there is no memory for what it sends is our affair."""
    budget, idle_s = MemoryBudget(2 * MAX_BYTES), 0.3
    source = HttpSource(config(source_idle_timeout_s=idle_s), budget=budget)
    await source.open()
    await budget.acquire(2 * MAX_BYTES)
    fetching = asyncio.create_task(body_of(source, origin.serve("/patient", BODY)))
    await asyncio.sleep(2 * idle_s)
    budget.release(2 * MAX_BYTES)
    assert await fetching == BODY
    await source.close()


async def test_a_name_server_that_hangs_is_bounded_by_the_connect_time() -> None:
    async def lookup(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(3600)
        return []

    source = HttpSource(config(source_connect_timeout_s=0.2, source_timeout_s=30), lookup=lookup)
    await source.open()
    with pytest.raises(SourceTimeout):
        await source.fetch(parse_source("http://slow.example/"))
    await source.close()


# ---------------------------------------------------------------- broken bodies


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_ends_early_is_broken(origin: Origin, source: HttpSource, *, chunked: bool) -> None:
    url = origin.serve(f"/cut/{chunked}", BODY, chunked=chunked, cut_after=1000)
    with pytest.raises(SourceBadResponse):
        await source.fetch(parse_source(url))


async def test_a_stated_length_beyond_the_body_is_broken(origin: Origin, source: HttpSource) -> None:
    with pytest.raises(SourceBadResponse):
        await source.fetch(parse_source(origin.serve("/short", BODY, claim=len(BODY) + 1)))


async def test_bytes_beyond_the_stated_length_are_neither_taken_nor_mistaken_for_the_next_answer(
    origin: Origin, source: HttpSource
) -> None:
    origin.serve("/next", b"next")
    lie = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    for _ in range(5):
        assert await body_of(source, origin.raw("/long", lie)) == b"ok"
        assert await body_of(source, origin.url("/next")) == b"next"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 20 OK\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
async def test_an_answer_that_is_no_http_is_broken(origin: Origin, source: HttpSource, answer: bytes) -> None:
    with pytest.raises((SourceBadResponse, SourceUnreachable)) as caught:
        await source.fetch(parse_source(origin.raw("/nonsense", answer)))
    assert len(caught.value.detail) <= 500  # strangers do not fill the log


async def test_a_body_without_length_ends_with_the_connection(origin: Origin, source: HttpSource) -> None:
    assert await body_of(source, origin.raw("/old", b"HTTP/1.0 200 OK\r\n\r\n" + BODY)) == BODY


# ---------------------------------------------------------------- content codings


async def test_a_compressed_answer_is_decoded_although_not_asked_for(origin: Origin, source: HttpSource) -> None:
    assert await body_of(source, origin.serve_gzip("/zipped", BODY)) == BODY


@pytest.mark.parametrize("bits", [zlib.MAX_WBITS, -zlib.MAX_WBITS])
async def test_both_kinds_of_deflate_are_decoded(origin: Origin, source: HttpSource, bits: int) -> None:
    packer = zlib.compressobj(wbits=bits)
    packed = packer.compress(BODY) + packer.flush()
    url = origin.serve(f"/deflate{bits}", packed, headers={"Content-Encoding": "deflate"})
    assert await body_of(source, url) == BODY


async def test_a_gzip_bomb_is_stopped_at_the_limit(origin: Origin, source: HttpSource) -> None:
    bomb = gzip.compress(bytes(200 * 2**20), compresslevel=1)
    assert len(bomb) < MAX_BYTES
    with pytest.raises(SourceTooLarge):
        await source.fetch(parse_source(origin.serve("/bomb", bomb, headers={"Content-Encoding": "gzip"})))


async def test_the_loop_keeps_turning_while_a_bomb_is_inflated(origin: Origin) -> None:
    url = origin.serve_gzip("/slow-bomb", bytes(60 * 2**20))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    (await fetched(url, max_source_bytes=64 * 2**20)).spool.close()
    ticking.cancel()
    assert ticks > 500  # one for each piece of at most 64 KiB


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(BODY)[:-9]),
        ("gzip", gzip.compress(BODY)[:-8] + bytes(8)),
        ("deflate", zlib.compress(BODY)[:-5]),
        ("br", brotli.compress(BODY)[:-1]),
        ("zstd", zstd.compress(BODY)[:-1]),
        ("gzip, gzip", gzip.compress(gzip.compress(BODY)[:-9])),
    ],
)
async def test_damaged_codings_are_broken(origin: Origin, source: HttpSource, coding: str, body: bytes) -> None:
    with pytest.raises(SourceBadResponse):
        await source.fetch(parse_source(origin.serve("/coded", body, headers={"Content-Encoding": coding})))


# ---------------------------------------------------------------- connections


async def test_a_refused_connection_is_unreachable_and_its_detail_private() -> None:
    with Origin() as gone:
        url = gone.url("/")
    with pytest.raises(SourceUnreachable) as caught:
        await fetched(url)
    assert "127.0.0.1" not in caught.value.message
    assert "127.0.0.1" in caught.value.detail


async def test_a_connection_reset_before_the_answer_is_tried_again(origin: Origin) -> None:
    origin.serve("/twice", BODY)
    (await fetched(origin.reset("/twice", times=2), source_retries=2)).spool.close()
    assert origin.count("/twice") == 3


async def test_retries_end(origin: Origin) -> None:
    with pytest.raises(SourceUnreachable):
        await fetched(origin.reset("/never"), source_retries=2)
    assert origin.count("/never") == 3


async def test_an_answer_is_never_asked_for_twice(origin: Origin) -> None:
    with pytest.raises(SourceBadResponse):
        await fetched(origin.serve("/once", BODY, cut_after=10), source_retries=3)
    assert origin.count("/once") == 1


async def test_a_pooled_connection_that_the_origin_closed_costs_nothing(origin: Origin, source: HttpSource) -> None:
    url = origin.serve("/pooled", BODY)
    assert await body_of(source, url) == BODY
    origin.reset("/pooled", times=1)
    assert await body_of(source, url) == BODY


async def test_an_origin_without_tls_is_unreachable_by_https(origin: Origin) -> None:
    with pytest.raises(SourceUnreachable) as caught:
        await fetched(origin.url("/").replace("http:", "https:"), source_retries=0)
    assert "SSL" not in caught.value.message


async def test_a_name_without_address_is_unreachable() -> None:
    async def lookup(_host: str, _port: int) -> list[str]:
        return []

    source = HttpSource(config(source_retries=0), lookup=lookup)
    await source.open()
    with pytest.raises(SourceUnreachable):
        await source.fetch(parse_source("http://nowhere.example/"))
    await source.close()


async def test_a_source_that_is_not_open_says_so() -> None:
    with pytest.raises(InternalError):
        await HttpSource(config()).fetch(parse_source("http://127.0.0.1/"))


# ---------------------------------------------------------------- headers of the operator


def seen_headers(origin: Origin, path: str) -> Mapping[str, str]:
    return next(each.headers for each in reversed(origin.requests) if each.target == path)


async def test_a_header_goes_to_its_origin_and_folder_only(origin: Origin) -> None:
    headers = json.dumps({origin.url("/private/"): {"Authorization": "Bearer secret"}})
    for path in ("/private/a", "/public/a"):
        (await fetched(origin.serve(path, BODY), source_headers=headers)).spool.close()
    assert seen_headers(origin, "/private/a")["authorization"] == "Bearer secret"
    assert "authorization" not in seen_headers(origin, "/public/a")


async def test_a_header_does_not_follow_a_redirect_to_another_origin(origin: Origin) -> None:
    with Origin() as other:
        origin.redirect("/with-key", other.serve("/elsewhere", BODY))
        headers = json.dumps({origin.url("/"): {"X-Key": "secret"}})
        (await fetched(origin.url("/with-key"), source_headers=headers)).spool.close()
        assert seen_headers(origin, "/with-key")["x-key"] == "secret"
        assert "x-key" not in seen_headers(other, "/elsewhere")


async def test_the_first_pattern_counts_and_revalidation_has_its_headers_too(origin: Origin) -> None:
    url = origin.publish("/tenants/a", BODY, {"ETag": '"1"'})
    table = {origin.url("/tenants/"): {"X-Tenant": "a"}, origin.url("/"): {"X-Other": "1"}}
    source = HttpSource(config(source_headers=json.dumps(table)))
    await source.open()
    await source.revalidate(parse_source(url), 'etag:"1"')
    await source.close()
    seen = seen_headers(origin, "/tenants/a")
    assert (seen["x-tenant"], seen["if-none-match"], "x-other" in seen) == ("a", '"1"', False)


async def test_the_user_agent_is_that_of_the_settings(origin: Origin) -> None:
    (await fetched(origin.serve("/agent", BODY), source_user_agent="ExampleImages/1.0")).spool.close()
    assert seen_headers(origin, "/agent")["user-agent"] == "ExampleImages/1.0"


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(origin: Origin, source: HttpSource, status: int) -> None:
    origin.serve("/deep/target?x=1", BODY)
    url = origin.redirect(f"/deep/from{status}", "target?x=1#part", status)
    assert await body_of(source, url) == BODY


async def test_as_many_redirects_as_allowed_are_followed_and_no_more(origin: Origin) -> None:
    for step in range(3):
        origin.redirect(f"/hop/{step}", f"/hop/{step + 1}")
    origin.serve("/hop/3", BODY)
    (await fetched(origin.url("/hop/0"), max_redirects=3)).spool.close()
    with pytest.raises(TooManyRedirects):
        await fetched(origin.url("/hop/0"), max_redirects=2)


async def test_a_loop_of_redirects_ends_at_once(origin: Origin) -> None:
    origin.redirect("/loop/a", "/loop/b")
    origin.redirect("/loop/b", "/loop/a#again")
    with pytest.raises(TooManyRedirects):
        await fetched(origin.url("/loop/a"), max_redirects=50)
    assert origin.count("/loop/a") == 1


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "s3://bucket/key", "data:,x", "http://user:pass@127.0.0.1/", "//[", "http://127.1/"],
)  # fmt: skip
async def test_a_redirect_to_what_is_no_web_address_is_broken(
    origin: Origin, source: HttpSource, location: str
) -> None:
    with pytest.raises(SourceBadResponse):
        await source.fetch(parse_source(origin.redirect("/away", location)))


async def test_a_redirect_out_of_what_is_permitted_is_refused_before_the_request(origin: Origin) -> None:
    def permit(ref: SourceRef) -> None:
        if "secret" in ref.text:
            raise SourceForbidden

    source = HttpSource(config(), permit)
    await source.open()
    with pytest.raises(SourceForbidden):
        await source.fetch(parse_source(origin.redirect("/leave", "/secret")))
    await source.close()
    assert origin.count("/secret") == 0


# ---------------------------------------------------------------- leaving


async def test_no_spool_stays_open_after_failures(origin: Origin) -> None:
    before = _open_spools()
    for url in (origin.serve("/f1", BODY, cut_after=9), origin.serve("/f2", BODY, endless=True)):
        with pytest.raises(PixmillError) as caught:
            await fetched(url)
        assert caught.tb is not None  # holds every frame, and with them the spool, so that only close() can close it
        assert _open_spools() == before


async def test_a_fetch_that_is_cancelled_leaves_no_spool(origin: Origin, source: HttpSource) -> None:
    before = _open_spools()
    fetch = asyncio.create_task(source.fetch(parse_source(origin.serve("/leaving", BODY, pace_s=0.05))))
    await asyncio.sleep(0.2)
    assert _open_spools() == before + 1
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await fetch
    assert caught.tb is not None
    assert _open_spools() == before


def _open_spools() -> int:
    """Count those of this process: other tests may have left some to the garbage collection."""
    links = (link for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    return sum("pixmill-spool" in str(link.readlink()) for link in links if link.is_symlink())
