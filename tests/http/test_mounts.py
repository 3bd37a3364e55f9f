"""Mounts with sources of their own, as a server answers them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pixmill.api.app import create_app
from pixmill.settings import load
from pixmill.wiring import build_services
from tests.servers.origin import Origin

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    with Origin() as origin:
        origin.serve("/own/wine.jpg", (PHOTOS / "wine.jpg").read_bytes())
        origin.serve("/raw?name=wine.jpg&x=1", (PHOTOS / "wine.jpg").read_bytes())
        base = origin.url("")
        mounts = [
            {"dialect": "native", "mount": "/own", "source": f"{base}/own", "keys": ""},
            {"dialect": "native", "mount": "/query", "source": f"{base}/raw?name={{path}}&x=1", "keys": ""},
            {"dialect": "native", "mount": "/list", "sources": f"{base}/own/", "keys": ""},
        ]
        settings = load(
            {
                "workers": 1,
                "images": str(PHOTOS),
                "cache": "memory://?max_bytes=8MiB",
                "allowed_networks": "127.0.0.0/8",
                "dialects": json.dumps(mounts),
            }
        )
        async with build_services(settings) as context:
            transport = httpx.ASGITransport(create_app(context))
            async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
                client.headers["x-base"] = base
                yield client


async def test_sources_are_those_of_the_mount(client: httpx.AsyncClient) -> None:
    base = client.headers["x-base"]
    size = {"width": "40", "format": "png"}

    async def get(mount: str, url: str) -> httpx.Response:
        return await client.get(f"/{mount}/resize", params={"url": url, **size})

    own = await get("own", "wine.jpg")
    assert (own.status_code, own.headers["content-type"]) == (200, "image/png")
    assert (await get("query", "wine.jpg")).content == own.content
    listed = await get("list", f"{base}/own/wine.jpg")
    assert listed.headers["etag"] == own.headers["etag"], "two mounts share the entry of one image"
    for mount, url in (
        ("own", f"{base}/own/wine.jpg"),
        ("list", f"{base}/raw?name=wine.jpg&x=1"),
        ("list", "wine.jpg"),
    ):
        refused = await get(mount, url)
        assert (refused.status_code, refused.json()["code"]) == (403, "source_forbidden"), (mount, url)
    assert (await client.get("/own/info", params={"url": "wine.jpg"})).json()["format"] == "jpeg"
