"""The short way: the same request again is the same answer, and never somebody else's."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pixmill.api import familiar
from pixmill.api.app import create_app
from pixmill.api.familiar import MAX_QUERY_BYTES, Familiar
from pixmill.api.services import ApiServices
from pixmill.dialects.signing import Keyring
from pixmill.settings import load
from pixmill.wiring import opened

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
KEY = "a-key-of-more-than-sixteen-bytes"


@pytest.fixture
async def services() -> AsyncIterator[ApiServices]:
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB"})
    async with opened(settings) as services:
        yield services


def client_of(services: ApiServices) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services))
    return httpx.AsyncClient(transport=transport, base_url="http://pixmill", headers={"accept": "*/*"})


async def test_a_request_that_was_answered_is_not_read_again(
    services: ApiServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=40")
        monkeypatch.setattr(type(services.dialects), "parse", lambda *_, **__: pytest.fail("it is read again"))
        second = await client.get("/resize?url=wine.jpg&width=40")
    assert second.content == first.content
    assert "detail=memory" in second.headers["cache-status"]
    for name in ("content-type", "content-length", "etag", "cache-control", "vary", "access-control-allow-origin"):
        assert second.headers[name] == first.headers[name]


async def test_a_request_with_another_accept_is_another_request(services: ApiServices) -> None:
    async with client_of(services) as client:
        for accept, mime in {"image/avif": "image/avif", "image/webp": "image/webp", "*/*": "image/jpeg"}.items():
            for _ in range(2):
                reply = await client.get("/resize?url=friends.jpg&width=400", headers={"accept": accept})
                assert reply.headers["content-type"] == mime


async def test_the_client_that_has_the_bytes_gets_304_on_the_short_way_too(services: ApiServices) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=42")
        for _ in range(2):
            again = await client.get("/resize?url=wine.jpg&width=42", headers={"if-none-match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
            assert "content-length" not in again.headers


async def test_head_has_the_headers_of_get_on_the_short_way_too(services: ApiServices) -> None:
    async with client_of(services) as client:
        first = await client.get("/resize?url=wine.jpg&width=43")
        head = await client.head("/resize?url=wine.jpg&width=43")
    assert head.content == b""
    assert head.headers["content-length"] == first.headers["content-length"]


async def test_a_signed_url_that_has_expired_is_refused_however_familiar(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load({"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=8MiB", "keys": KEY})
    expires = int(time.time()) + 100
    signed = Keyring.from_text(KEY).sign(b"/resize", b"url=wine.jpg&width=44", expires)
    async with opened(settings) as services, client_of(services) as client:
        for _ in range(2):
            assert (await client.get(signed)).status_code == 200
        late = time.time() + 101
        monkeypatch.setattr(time, "time", lambda: late)
        reply = await client.get(signed)
    assert reply.json()["code"] == "signature_expired"


async def test_a_refused_request_is_never_familiar(services: ApiServices) -> None:
    async with client_of(services) as client:
        for _ in range(2):
            assert (await client.get("/resize?url=none.jpg&width=45")).status_code == 404
    assert services.familiar.recall((b"/resize", b"url=none.jpg&width=45", b"*/*")) is None


async def test_long_queries_are_not_kept(services: ApiServices) -> None:
    query = f"url=wine.jpg&width=46&filename={'a' * 250}{'%61' * 1}" + "&" * MAX_QUERY_BYTES
    async with client_of(services) as client:
        assert (await client.get(f"/resize?{query}")).status_code == 200
    assert services.familiar.recall((b"/resize", query.encode(), b"*/*")) is None


def test_there_is_an_end_to_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiar, "MAX_REQUESTS", 10)
    memory = Familiar()
    for number in range(25):
        scope = {"raw_path": b"/resize", "query_string": b"width=%d" % number, "headers": []}
        memory.remember(scope, None, None, None)  # type: ignore[arg-type]  # only the names count here
    assert memory.recall((b"/resize", b"width=24", b"")) is not None
    assert memory.recall((b"/resize", b"width=1", b"")) is None
