"""Answers that a dialect shapes: headers of its own, names in pages, lifetimes, facts in its own form."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from msgspec import structs
from pydantic import SecretStr

from pixmill.api.app import create_app
from pixmill.api.context import ApiContext
from pixmill.api.fastpath.request_cache import RequestCache, RequestKeyReader
from pixmill.api.middleware.cors import COMMON_HEADERS
from pixmill.dialects.port import Endpoint, FactsRequest, Outcome, Redirect, Text, UrlRoute, template_matcher
from pixmill.dialects.registry import DialectRegistry, MountedDialect
from pixmill.errors import PixmillError
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import parse_source
from pixmill.settings import load
from pixmill.wiring import build_services

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
PLAN = Plan(resize=Resize(width=40), output=Output((Format.PNG,)))
OF_THE_SERVER = tuple((name.decode().title(), "other") for name, _ in COMMON_HEADERS)


class Shapes:
    """``/s/KIND/NAME``; the query is the number of seconds."""

    prefix = "/s/"
    routes: tuple[UrlRoute, ...] = (
        UrlRoute("/s/info/{+path}", Endpoint.FACTS, label="shapes:info"),
        UrlRoute("/s/{kind}/{+path}", label="shapes:image"),
    )

    def __init__(self) -> None:
        self.match = template_matcher(self.routes)

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return None

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> Outcome:
        kind, _, name = path.decode().removeprefix("/s/").partition("/")
        source = parse_source(name)
        request = ImageRequest(
            source, PLAN, max_age_s=int(query) if query else None, headers=(("X-Kind", kind), *OF_THE_SERVER)
        )
        if kind in {"facts", "info"}:
            plan = Plan(resize=Resize(width=40), fact_selection=FactSelection((Fact.HASH,)))
            return FactsRequest(ImageRequest(source, plan, max_age_s=request.max_age_s, headers=request.headers))
        if kind == "away":
            return Redirect("/s/plain/\r\nü", 302, headers=(("Cache-Control", "max-age=7"), ("X-Bad", "a\r\nb")))
        if kind == "text":
            return Text("a text", 202, headers=(("X-Own", "1"),))
        if kind == "moved":
            return ImageRequest(source, PLAN, fallback=Fallback(redirect="/s/plain/wine.jpg", status=307))
        if kind == "named":
            return ImageRequest(source, PLAN, filename="a b.jpg", inline=True)
        return request

    def render_facts(self, facts: Mapping[str, object], path: bytes, query: bytes) -> Text:
        names = {"w": facts["width"], "hash": facts["hash"], "result": facts.get("result")}
        return Text(json.dumps(names), media_type="application/x-facts+json", headers=(("Link", "<a>"),))

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        return Text(error.code, status, headers=(("X-Error", "yes"), ("Retry-After", "9")))


@pytest.fixture
async def context() -> AsyncIterator[ApiContext]:
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB", "cache_max_ttl_s": 7200})
    async with build_services(settings) as context:
        dialects = DialectRegistry([MountedDialect("shapes", Shapes(), prefix=b"/s/")])
        images = replace(context.images, dialects=dialects, request_cache=RequestCache(RequestKeyReader(dialects)))
        yield replace(context, images=images)


@pytest.fixture
async def client(context: ApiContext) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
        yield client


async def test_images_have_the_headers_of_their_dialect_on_every_way(client: httpx.AsyncClient) -> None:
    missed = await client.get("/s/plain/wine.jpg")
    hit = await client.get("/s/plain/wine.jpg")
    head = await client.head("/s/plain/wine.jpg")
    unchanged = await client.get("/s/plain/wine.jpg", headers={"if-none-match": missed.headers["etag"]})
    assert (missed.status_code, hit.status_code, head.status_code, unchanged.status_code) == (200, 200, 200, 304)
    assert "detail=memory" in hit.headers["cache-status"]
    assert [one.headers["x-kind"] for one in (missed, hit, head, unchanged)] == ["plain"] * 4
    common = [(name.decode(), value.decode()) for name, value in COMMON_HEADERS]
    for reply in (missed, hit, head, unchanged):
        assert [(name, reply.headers[name]) for name, _ in common] == common, "each of them once"


async def test_a_name_in_a_page_is_inline(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        reply = await client.get("/s/named/wine.jpg")
        assert reply.headers["content-disposition"] == "inline; filename=\"a b.png\"; filename*=UTF-8''a%20b.png"


@pytest.mark.parametrize(("asked", "sent"), [("60", 60), ("5000", 5000), ("86400", 7200), ("0", 0)])
async def test_a_url_says_how_long_its_answer_lives_within_the_operators_limit(
    client: httpx.AsyncClient, asked: str, sent: int
) -> None:
    for _ in range(2):
        reply = await client.get(f"/s/plain/wine.jpg?{asked}")
        assert reply.headers["cache-control"] == f"public, max-age={sent + int(reply.headers['age'])}"
    other = await client.get("/s/plain/wine.jpg")
    assert other.headers["etag"] == reply.headers["etag"], "the result itself is the same one"
    assert other.headers["cache-control"].startswith("public, max-age=3600")


@pytest.mark.parametrize("kind", ["facts", "info"])
async def test_facts_come_in_the_form_of_the_dialect_on_any_route(client: httpx.AsyncClient, kind: str) -> None:
    reply = await client.get(f"/s/{kind}/wine.jpg")
    native = json.loads(reply.text)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/x-facts+json")
    assert native["result"] == {"width": 40, "height": 60}
    assert len(native["hash"]) == 64
    assert reply.headers["cache-control"] == "public, max-age=60"
    assert (reply.headers["link"], reply.headers["x-kind"]) == ("<a>", kind)
    head = await client.head(f"/s/{kind}/wine.jpg")
    assert (head.content, head.headers["content-length"]) == (b"", reply.headers["content-length"])
    assert (await client.get(f"/s/{kind}/wine.jpg?99999")).headers["cache-control"] == "public, max-age=7200"
    failed = await client.get(f"/s/{kind}/missing.jpg")
    assert (failed.status_code, failed.text, failed.headers["x-error"]) == (404, "source_not_found", "yes")


async def test_facts_can_be_had_of_what_is_larger_than_any_result(context: ApiContext) -> None:
    limits = replace(context.limits, images=structs.replace(context.limits.images, max_result_pixels=100))
    transport = httpx.ASGITransport(create_app(replace(context, limits=limits)))
    async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
        reply = await client.get("/s/facts/wine.jpg")
    assert (reply.status_code, reply.json()["result"]) == (200, None)


async def test_a_redirect_can_stand_for_an_original_that_is_missing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/s/moved/wine.jpg")).status_code == 200
    for method in ("GET", "HEAD"):
        reply = await client.request(method, "/s/moved/missing.jpg", follow_redirects=False)
        assert (reply.status_code, reply.headers["location"]) == (307, "/s/plain/wine.jpg")
        assert reply.headers["cache-control"].startswith("public, max-age=")
        assert reply.content == b""


async def test_facts_are_no_image_to_warm(context: ApiContext) -> None:
    token = "a-token-of-sixteen-and-more"
    context = replace(context, config=context.config.model_copy(update={"admin_token": SecretStr(token)}))
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
        urls = ["/s/facts/wine.jpg", "/s/info/wine.jpg", "/s/text/a", "/s/plain/wine.jpg"]
        reply = await client.post("/admin/warm", json=urls, headers={"authorization": f"Bearer {token}"})
    assert reply.json()["added"] == 1
    assert [one["code"] for one in reply.json()["rejected"]] == ["route_not_found"] * 3


async def test_answers_have_headers_of_their_own(client: httpx.AsyncClient) -> None:
    text = await client.get("/s/text/a")
    assert (text.status_code, text.headers["x-own"], text.headers["cache-control"]) == (202, "1", "no-cache")
    failed = await client.get("/s/plain/missing.jpg")
    assert (failed.headers["x-error"], failed.headers["retry-after"]) == ("yes", "9")
    assert failed.headers["cache-control"] == "public, max-age=10"


async def test_no_header_of_an_answer_contains_a_line_break(client: httpx.AsyncClient) -> None:
    reply = await client.get("/s/away/a", follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (302, "/s/plain/%0D%0A%C3%BC")
    assert reply.headers["cache-control"] == "max-age=7"
    assert "x-bad" not in reply.headers


async def test_metrics_have_one_route_for_all_paths(client: httpx.AsyncClient, context: ApiContext) -> None:
    for path in ("plain/wine.jpg", "plain/a/b/c.jpg", "else/d.jpg", "info/e/f.jpg"):
        await client.get(f"/s/{path}")
    context.telemetry.batch.flush()
    assert context.telemetry.render_metrics
    page = context.telemetry.render_metrics("text/plain")[1].decode()
    routes = {line.split('route="')[1].split('"')[0] for line in page.splitlines() if 'route="' in line}
    assert {route for route in routes if "wine" in route or "c.jpg" in route} == set()
    assert {"shapes:image", "shapes:info"} <= routes
