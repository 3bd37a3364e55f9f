"""What a whole service keeps of requests that failed: values, and nothing of the requests themselves."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

import httpx
import msgspec
import pytest
from starlette.requests import Request

from pixmill.api.app import create_app
from pixmill.api.context import ApiContext
from pixmill.errors import PixmillError
from pixmill.runtime.bounded import BoundedDict, SizedDict
from pixmill.services.inputs.caches import FetchFailureCache, VersionCache
from pixmill.services.results.render_failures import RenderFailureCache
from pixmill.settings import load
from pixmill.wiring import build_services
from tests.e2e.scenes import small_photo
from tests.servers.origin import Origin

OF_A_REQUEST = (BaseException, TracebackType, FrameType, Request, asyncio.Future)
ENDS = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)
"""Code: everything in a program can be reached from it."""

DAMAGED = b"\x89PNG\r\n\x1a\n" + bytes(300)
LONG = "p" * 6_000


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        origin.serve("/damaged", DAMAGED)
        origin.serve("/text", b"this is no image" * 20)
        origin.serve("/cut", b"x" * 100, claim=500)
        origin.serve("/denied", status=403)
        origin.serve("/huge", claim=2**40)
        origin.redirect("/round", "/round")
        origin.reset("/reset")
        origin.publish("/photo.jpg", small_photo(100), {"ETag": '"1"'})
        origin.publish("/no-cache.jpg", small_photo(100), {"ETag": '"1"', "Cache-Control": "no-cache"})
        yield origin


@pytest.fixture
async def context() -> AsyncIterator[ApiContext]:
    settings = load({"workers": 1, "allowed_networks": "127.0.0.0/8", "cache": "memory://?max_bytes=8MiB"})
    async with build_services(settings) as context:
        yield context


@pytest.fixture
async def client(context: ApiContext) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://pixmill", timeout=60) as client:
        yield client


async def fail_in_every_way(client: httpx.AsyncClient, origin: Origin, times: int = 2) -> set[str]:
    """Request what fails, each several times and also at once; return the codes of the answers."""
    codes = set()
    for name in ("missing", "denied", "huge", "round", "reset", "cut", "text", "damaged"):
        for path in ("/resize", "/info"):
            for suffix in ("", f"?{LONG}"):
                url = origin.url(f"/{name}{suffix}") if suffix and name == "missing" else origin.url(f"/{name}")
                query = {"url": url} | ({"width": "30"} if path == "/resize" else {})
                answers = await asyncio.gather(*(client.get(path, params=query) for _ in range(times)))
                codes |= {answer.json()["code"] for answer in answers}
    for query in (
        {"url": origin.url("/photo.jpg"), "width": "50", "overlay": "url:" + origin.url("/missing")},
        {"url": "http://10.0.0.1/forbidden.jpg", "width": "30"},
        {"url": origin.url("/photo.jpg"), "width": "30", "crop": "5000,5000,10,10"},
    ):
        codes.add((await client.get("/resize", params=query)).json()["code"])
    for _ in range(times):
        codes.add((await client.post("/resize?width=30", content=DAMAGED)).json()["code"])
    return codes


async def test_what_is_remembered_holds_nothing_of_a_request(
    context: ApiContext, client: httpx.AsyncClient, origin: Origin
) -> None:
    codes = await fail_in_every_way(client, origin)
    assert codes >= {"source_not_found", "source_denied", "source_too_large", "too_many_redirects", "address_forbidden"}
    assert codes >= {"source_bad_response", "unsupported_image", "undecodable_image"}
    remembering = [one for one in reachable([context]) if isinstance(one, BoundedDict | SizedDict)]
    assert len(remembering) > 5
    held = [entry for one in remembering for entry in (one if isinstance(one, BoundedDict) else one.entries).items()]
    assert len(held) > 10
    assert [one for one in reachable(held) if isinstance(one, OF_A_REQUEST)] == []


async def test_a_long_url_is_remembered_in_as_few_bytes_as_a_short_one(
    context: ApiContext, client: httpx.AsyncClient, origin: Origin
) -> None:
    origin.publish(f"/photo.jpg?{LONG}", small_photo(100), {"ETag": '"1"'})
    assert (
        await client.get("/resize", params={"url": origin.url(f"/photo.jpg?{LONG}"), "width": "20"})
    ).status_code == 200
    await fail_in_every_way(client, origin)
    caches = [
        one for one in reachable([context]) if isinstance(one, VersionCache | FetchFailureCache | RenderFailureCache)
    ]
    assert len(caches) == 3
    values = [
        entry
        for cache in caches
        for field in vars(cache).values()
        if isinstance(field, BoundedDict)
        for entry in field.items()
    ]
    assert len(values) > 10
    assert max(len(one) for one in reachable(values) if isinstance(one, str | bytes)) < 600


async def test_what_has_failed_needs_no_garbage_collection(client: httpx.AsyncClient, origin: Origin) -> None:
    await fail_in_every_way(client, origin)
    gc.collect()
    before = set(map(id, alive()))
    gc.disable()
    try:
        await fail_in_every_way(client, origin, times=3)
        for _ in range(100):  # a cancelled task needs another iteration of the loop to end; a cycle never ends
            left = [repr(one) for one in alive() if id(one) not in before]
            if not left:
                break
            await asyncio.sleep(0.05)
        assert left == []
    finally:
        gc.enable()


def alive() -> list[object]:
    """All errors and requests that are in memory, whether or not anything refers to them."""
    return [one for one in gc.get_objects() if isinstance(one, PixmillError | Request)]


def reachable(roots: Iterable[object]) -> list[object]:
    """Everything that is referred to, directly or not, except code; also by values that the collector does not track."""
    pending, seen, found = list(roots), set(), []
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, ENDS):
            continue
        seen.add(id(one))
        found.append(one)
        pending += gc.get_referents(one)
        if isinstance(one, msgspec.Struct):
            pending += fields_of(one)
    return found


def fields_of(struct: msgspec.Struct) -> list[Any]:
    return [getattr(struct, name) for name in struct.__struct_fields__]
