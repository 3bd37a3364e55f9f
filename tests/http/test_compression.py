"""Answers that are text are compressed as the client asks, and one entity tag stands for all codings."""

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import brotli
import httpx
import pytest
from backports import zstd

from pixmill.api.app import create_app
from pixmill.api.context import ApiContext
from pixmill.api.http.compression import CODINGS, choose_coding
from pixmill.settings import load
from pixmill.wiring import build_services
from tests.servers.pixmill import Pixmill

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
}
DRAWING = "".join(f'<circle cx="{n % 90}" cy="{n % 60}" r="{n % 7}"/>' for n in range(400))
SMALL = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="4" height="4"/></svg>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60">'
    (tmp_path / "large.svg").write_text(f"{head}{DRAWING}</svg>")
    (tmp_path / "small.svg").write_text(SMALL)
    (tmp_path / "photo.jpg").write_bytes((Path(__file__).parents[2] / "examples/photos/wine.jpg").read_bytes())
    return tmp_path


@pytest.fixture
async def services(folder: Path) -> AsyncIterator[ApiContext]:
    async with build_services(load({"workers": 1, "images": str(folder), "cache": "memory://"})) as services:
        yield services


@pytest.fixture
async def client(services: ApiContext) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://pixmill", headers={"accept": "*/*"}) as client:
        yield client


async def asked(
    client: httpx.AsyncClient, url: str, accept: str | None, **headers: str
) -> tuple[httpx.Response, bytes]:
    """The response, and its body as it was sent."""
    request = client.build_request("GET", url, headers=headers)
    del request.headers["accept-encoding"]
    if accept is not None:
        request.headers["accept-encoding"] = accept
    response = await client.send(request, stream=True)
    return response, b"".join([part async for part in response.aiter_raw()])


LARGE = "/resize?url=large.svg&format=svg"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("url", [LARGE, "/openapi.json", "/metrics"])
async def test_text_is_compressed(client: httpx.AsyncClient, coding: str, url: str) -> None:
    plain, body = await asked(client, url, None)
    for _ in range(2):  # made, and from memory
        response, compressed = await asked(client, url, coding)
        assert response.headers["content-encoding"] == coding
        assert int(response.headers["content-length"]) == len(compressed) < len(body) / 2
        assert "Accept-Encoding" in response.headers["vary"]
        if url != "/metrics":
            assert DECODERS[coding](compressed) == body
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["vary"]


@pytest.mark.parametrize(
    "url", ["/resize?url=small.svg&format=svg", "/resize?url=photo.jpg&width=300", "/resize?url=large.svg&format=png"]
)
async def test_images_and_what_is_small_are_sent_as_they_are(client: httpx.AsyncClient, url: str) -> None:
    for _ in range(2):
        response, body = await asked(client, url, "gzip, br, zstd")
        assert "content-encoding" not in response.headers
        assert int(response.headers["content-length"]) == len(body)


async def test_a_tag_is_weak_with_a_coding_and_matches_with_any(client: httpx.AsyncClient) -> None:
    plain, _ = await asked(client, LARGE, None)
    coded, _ = await asked(client, LARGE, "br")
    assert coded.headers["etag"] == f"W/{plain.headers['etag']}"
    for accept in (None, "br", "gzip"):
        for tag in (plain.headers["etag"], coded.headers["etag"]):
            unchanged, body = await asked(client, LARGE, accept, **{"if-none-match": tag})
            assert (unchanged.status_code, body) == (304, b"")
            assert unchanged.headers["etag"] == tag, "that of the client's copy"


async def test_a_head_request_has_the_headers_of_the_answer(client: httpx.AsyncClient) -> None:
    request = client.build_request("HEAD", LARGE, headers={"accept-encoding": "gzip"})
    response = await client.send(request)
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"].startswith("W/")


async def test_none_is_compressed_where_the_operator_wants_none(folder: Path) -> None:
    settings = load({"workers": 1, "images": str(folder), "cache": "memory://", "compression": ""})
    async with build_services(settings) as services:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
            response, _ = await asked(client, LARGE, "br")
    assert "content-encoding" not in response.headers


def test_a_real_server_sends_what_a_client_can_read(folder: Path) -> None:
    with Pixmill(workers=1, cache="memory://", images=str(folder)) as server:
        for coding, decode in DECODERS.items():
            reply = server.ask("GET", LARGE, headers={"accept-encoding": f"{coding};q=0.9"})
            assert reply.headers["content-encoding"] == coding
            assert b"<circle" in decode(reply.body)
            page = server.ask("GET", "/", headers={"accept-encoding": coding, "accept": "text/html"})
            assert decode(page.body).startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("*", "br"),
        ("*;q=0.1, gzip", "gzip"),
        ("br;q=0, *", "zstd"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br ; q = 0.5 , gzip", "gzip"),
        ("gzip;q=0", ""),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip;q=1.0", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", ""),
        ("deflate, compress", ""),
        ("gzip;q=x", ""),
        ("gzip;q=2", ""),
        ("gzip;q=nan", ""),
        ("gzip;foo=1", "gzip"),
        (",,;;,gzip", "gzip"),
        ("gzip," * 400, ""),
    ],
)
def test_a_coding_is_what_the_client_weighs_most(header: str, coding: str) -> None:
    assert choose_coding(header, tuple(CODINGS)) == coding


def test_the_operator_chooses_among_equal_ones() -> None:
    assert choose_coding("gzip, br, zstd", ("gzip", "br")) == "gzip"
