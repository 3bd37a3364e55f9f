"""Below which path an application is: what ``root_path`` says, what the setting says, and what requests come with."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.app import create_app as create_public_app
from pixmill.api.http.path_prefix import PathPrefix, parse_path_prefix, prefix_of, without_prefix
from pixmill.asgi import SettingsError
from pixmill.cli.program import commands
from pixmill.dialects.signing import Keyring
from pixmill.settings import load
from pixmill.startup import describe
from pixmill.wiring import build_services
from tests.embedding.hosts import IMAGE, PHOTOS, client_of, make_app

KEY = "a-key-of-at-least-16-bytes"
PREFIX = "/shop/images"
VISIBLE = {"error_images": "development", "playground": "on", "unsigned": "allow"}
DIALECTS = [{"dialect": "emgr"}, {"dialect": "iiif"}, {"dialect": "imgproxy", "mount": "/p", "source": "/"}]


def seen(path: str, root_path: str = "", raw_path: bytes | None = None, **more: Any) -> tuple[str, str, str]:
    """Return path and raw path that the application sees, and the prefix of its URLs."""
    raw = path.encode() if raw_path is None else raw_path
    scope: Scope = {"type": "http", "path": path, "raw_path": raw, "root_path": root_path, "headers": []} | more
    own = PathPrefix(more.get("configured", "")).own_scope(scope)
    return own["path"], own["raw_path"].decode(), prefix_of(own)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"path": "/images/resize", "root_path": "/images"}, ("/resize", "/resize", "/images")),
        ({"path": "/resize", "root_path": "/images"}, ("/resize", "/resize", "/images")),
        ({"path": "/images", "root_path": "/images"}, ("/", "/", "/images")),
        ({"path": "/images/", "root_path": "/images/"}, ("/", "/", "/images")),
        ({"path": "/imagesque", "root_path": "/images"}, ("/imagesque", "/imagesque", "/images")),
        ({"path": "/images/images/a", "root_path": "/images"}, ("/images/a", "/images/a", "/images")),
        # The proxy has removed what the framework was told, and the framework mounts a part.
        ({"path": "/images/a", "root_path": "/api/images", "app_root_path": "/api"}, ("/a", "/a", "/api/images")),
        ({"path": "/api/images/a", "root_path": "/api/images", "app_root_path": "/api"}, ("/a", "/a", "/api/images")),
        # Escapes of the mount, and below it, where they are kept.
        ({"path": "/ö/a b", "root_path": "/ö", "raw_path": b"/%C3%B6/a%20b"}, ("/a b", "/a%20b", "/%C3%B6")),
        ({"path": "/ö/a b", "root_path": "/ö", "raw_path": b"/%c3%b6/a%20b"}, ("/a b", "/a%20b", "/%C3%B6")),
        ({"path": "/i/a/b", "root_path": "/i", "raw_path": b"/i/a%2Fb"}, ("/a/b", "/a%2Fb", "/i")),
        ({"path": "/i/a", "root_path": "/i", "raw_path": b""}, ("/a", "/a", "/i")),
        ({"path": "/i/a%b ö", "root_path": "/i", "raw_path": b""}, ("/a%b ö", "/a%25b%20%C3%B6", "/i")),
        ({"path": "/i/a", "root_path": "/i", "raw_path": b"/i/a?x=1"}, ("/a", "/a", "/i")),
        # A mount can never make a URL of another host of a path.
        ({"path": "//evil.example/a", "root_path": "//evil.example"}, ("/a", "/a", "/evil.example")),
        ({"path": '/"><b>/a', "root_path": '/"><b>'}, ("/a", "/a", "/%22%3E%3Cb%3E")),
        # The setting is the whole of what clients see.
        ({"path": "/images/a", "configured": "/images"}, ("/a", "/a", "/images")),
        ({"path": "/a", "configured": "/images"}, ("/a", "/a", "/images")),
        ({"path": "/images/a", "root_path": "/images", "configured": "/images"}, ("/a", "/a", "/images")),
        ({"path": "/images/a", "root_path": "/images", "configured": "/shop/images"}, ("/a", "/a", "/shop/images")),
    ],
)
def test_paths_are_those_below_the_prefix(scope: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert seen(**scope) == expected


@given(st.binary(), st.text(st.characters(codec="utf-8")))
def test_any_path_is_below_or_not(path: bytes, prefix: str) -> None:
    below = without_prefix(path, prefix)
    assert below is None or not below or below.startswith(b"/")


@pytest.mark.parametrize("text", ["images", "/a//b", "/a?b", "/a/../b", "/./a", "/ö", "/a b", "/" + "a" * 600, "//"])
def test_a_prefix_is_a_plain_path(text: str) -> None:
    with pytest.raises(ValueError, match="must be a path such as /images"):
        parse_path_prefix(text)


@pytest.mark.parametrize(("text", "prefix"), [("", ""), ("/", ""), ("/images", "/images"), ("/a/b.c/", "/a/b.c")])
def test_a_final_slash_makes_no_difference(text: str, prefix: str) -> None:
    assert parse_path_prefix(text) == prefix


def test_a_public_url_with_another_path_is_refused() -> None:
    with pytest.raises(
        SettingsError, match="PIXMILL_PATH_PREFIX=/images is another path than that of PIXMILL_PUBLIC_URL"
    ):
        load({"public_url": "https://example.com/img", "path_prefix": "/images"})


# ---------------------------------------------------------------- every URL, however the application is reached


Reached = Callable[[], AbstractAsyncContextManager[dict[str, tuple[httpx.AsyncClient, str]]]]


class AtRootPath:
    """A server that was told a root path: with the whole path in requests, as the specification says, or without."""

    def __init__(self, app: ASGIApp, root_path: str, *, is_stripped: bool = False) -> None:
        self._app, self._root_path, self._is_stripped = app, root_path, is_stripped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = "" if self._is_stripped else self._root_path
        paths = {"path": prefix + scope["path"], "raw_path": prefix.encode() + scope["raw_path"]}
        await self._app({**scope, **paths, "root_path": self._root_path}, receive, send)


@asynccontextmanager
async def served() -> AsyncIterator[dict[str, tuple[httpx.AsyncClient, str]]]:
    """Yield clients of a server with the setting, and what the paths of their requests begin with."""
    given = {"path_prefix": PREFIX, "images": str(PHOTOS), "dialects": json.dumps(DIALECTS)}
    settings = load(given | VISIBLE | {"workers": 1, "cache": "memory://"})
    async with build_services(settings) as services, client_of(create_public_app(services)) as client:
        yield {"served": (client, PREFIX), "served behind a proxy that strips": (client, "")}


@asynccontextmanager
async def embedded() -> AsyncIterator[dict[str, tuple[httpx.AsyncClient, str]]]:
    """Yield clients of one application that is mounted in several ways."""
    app = make_app(dialects=DIALECTS, **VISIBLE)
    nested = Starlette(routes=[Mount("/shop", routes=[Mount("/images", app)])])
    behind_a_proxy = Starlette(routes=[Mount("/images", app)])
    async with (
        app.lifespan(),
        client_of(nested) as mounted,
        client_of(behind_a_proxy, root_path="/shop") as stripped,
        client_of(AtRootPath(app, PREFIX)) as told,
        client_of(AtRootPath(app, PREFIX, is_stripped=True)) as told_stripped,
    ):
        yield {
            "mounted": (mounted, PREFIX),
            "mounted behind a proxy that strips": (stripped, "/images"),
            "a server with a root path": (told, ""),
            "a server with a root path that is stripped": (told_stripped, ""),
        }


@pytest.mark.parametrize("reached", [served, embedded])
async def test_every_url_begins_with_the_prefix(reached: Reached) -> None:
    async with reached() as clients:
        for way, (client, path) in clients.items():
            await check_urls(client, path, has_admin_routes=way.startswith("served"))


async def check_urls(client: httpx.AsyncClient, path: str, *, has_admin_routes: bool) -> None:
    """Request below ``path`` what has URLs in it."""

    async def get(target: str, **headers: str) -> httpx.Response:
        return await client.get(path + target, headers=headers)

    for _ in range(2):
        image = await get(IMAGE)
        assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert "detail=memory" in image.headers["cache-status"]

    for target in ("/srcset?url=fig.jpg&widths=40,80", f"/srcset?of={PREFIX}/resize?url=fig.jpg&widths=40"):
        assert (await get(target)).json()["src"].startswith(f"http://127.0.0.1{PREFIX}/resize?url=fig.jpg")

    assert (await get("/iiif/3/fig.jpg/info.json")).json()["id"] == f"http://127.0.0.1{PREFIX}/iiif/3/fig.jpg"
    for _ in range(2):
        tile = await get("/iiif/3/fig.jpg/full/40,/0/default.jpg")
        assert f"<{PREFIX}/iiif/3/fig.jpg/" in tile.headers["link"]

    moved = await get("/api/images/resize?url=fig.jpg&width=40")
    assert moved.status_code in (301, 302), moved.text
    assert moved.headers["location"].startswith(f"{PREFIX}/api/images/files/")
    assert (await get(moved.headers["location"].removeprefix(PREFIX))).status_code == 200

    document = (await get("/openapi.json")).json()
    assert document["servers"] == [{"url": PREFIX}]
    assert ("/metrics" in document["paths"]) == has_admin_routes

    page = await get("/resize?url=fig.jpg&widht=4", **{"sec-fetch-dest": "document", "accept": "text/html"})
    assert f'href="{PREFIX}/#url=' in page.text
    assert f"{PREFIX}/resize" in page.text

    body = {"url": f"http://127.0.0.1{PREFIX}/resize?url=fig.jpg&width=5"}
    converted = (await client.post(path + "/playground/convert", json=body)).json()
    assert dict(converted["fields"])["width"] == "5"


async def test_signatures_cover_the_path_below_the_prefix() -> None:
    app = make_app(keys=KEY)
    signed = Keyring((KEY.encode(),)).sign(b"/resize", b"url=fig.jpg&width=40")
    host = Starlette(routes=[Mount("/a", app), Mount("/b/{tenant}/images", app)])
    srcset = Keyring((KEY.encode(),)).sign(b"/srcset", b"url=fig.jpg&widths=40")
    async with app.lifespan(), client_of(host) as client:
        for mount in ("/a", "/b/%C3%B6ne/images"):
            assert (await client.get(mount + signed)).status_code == 200
            src = urlsplit((await client.get(mount + srcset)).json()["src"])
            assert src.path == f"{mount}/resize"
            assert "sig" in dict(parse_qsl(src.query))
            assert (await client.get(f"{src.path}?{src.query}")).status_code == 200


async def test_the_prefix_alone_leads_to_the_page() -> None:
    settings = load({"path_prefix": "/images", "images": str(PHOTOS), "playground": "on", "workers": 1})
    async with build_services(settings) as services, client_of(create_public_app(services)) as client:
        reply = await client.get("/images")
        assert (reply.status_code, reply.headers["location"]) == (308, "/images/")
        assert (await client.get("/images/")).headers["content-type"].startswith("text/html")


async def test_hosts_of_dialects_that_the_public_url_does_not_name_have_no_prefix() -> None:
    dialects = [
        {"dialect": "imgix", "host": "imgix.example", "source": "/"},
        {"dialect": "iiif", "host": "www.example", "mount": "/iiif", "source": "/"},
    ]
    settings = load(
        {"path_prefix": "/images", "public_url": "https://www.example", "images": str(PHOTOS), "workers": 1}
        | {"dialects": json.dumps(dialects)}
    )
    async with build_services(settings) as services, client_of(create_public_app(services)) as client:

        async def get(target: str, host: str) -> httpx.Response:
            return await client.get(target, headers={"host": host})

        assert (await get("/fig.jpg?w=8", "imgix.example")).status_code == 200
        assert (await get("/images/fig.jpg?w=8", "imgix.example")).status_code == 404, "a folder of this name"
        info = await get("/images/iiif/3/fig.jpg/info.json", "www.example")
        assert info.json()["id"] == "https://www.example/images/iiif/3/fig.jpg"
        servers = [
            item["servers"] for item in (await get("/openapi.json", "x")).json()["paths"].values() if "servers" in item
        ]
        assert [{"url": "//www.example/images"}] in servers


# ---------------------------------------------------------------- commands and settings


@pytest.fixture
def at_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_PATH_PREFIX", "/images")
    monkeypatch.setenv("PIXMILL_KEYS", KEY)
    monkeypatch.setenv("PIXMILL_DIALECTS", json.dumps([{"dialect": "imgproxy", "mount": "/p", "source": "/"}]))


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.usefixtures("at_images")
def test_commands_take_urls_with_and_without_the_prefix_and_print_them_with_it() -> None:
    signed = Keyring((KEY.encode(),)).sign(b"/resize", b"url=a.jpg")
    for target in ("/resize?url=a.jpg", "/images/resize?url=a.jpg"):
        assert printed("sign", target).strip() == f"/images{signed}"
        assert printed("sign", f"https://example.com{target}").strip() == f"https://example.com/images{signed}"
        assert json.loads(printed("explain", target))["dialect"] == "native"
        assert printed("translate", target, "--to", "imgproxy").startswith("/images/p/")
    assert printed("translate", "/images/p/unsafe/w:30/plain/a.jpg").startswith("/images/resize?url=a.jpg&width=30")


@pytest.mark.usefixtures("at_images")
def test_a_server_shows_its_address_with_the_prefix() -> None:
    report = describe(load({"images": str(PHOTOS)}), 8080)
    assert report.url == "http://127.0.0.1:8080/images"
    assert report.playground == "http://127.0.0.1:8080/images/"
    assert "http://127.0.0.1:8080/images/resize?url=" in report.example


async def test_urls_to_warm_may_have_the_prefix() -> None:
    token = "an-admin-token-of-the-test"
    app = make_app(path_prefix="/images", admin_token=token)
    urls = [f"/images{IMAGE}", IMAGE.replace("40", "41"), f"https://example.com/images{IMAGE}"]
    async with app.lifespan(), client_of(app.admin) as client:
        reply = await client.post("/admin/warm", json=urls, headers={"authorization": f"Bearer {token}"})
        assert reply.json() == {"added": 2, "already_queued": 1, "rejected": []}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (
            {"path_prefix": "/images", "dialects": '[{"dialect": "imgproxy", "mount": "/images", "source": "/"}]'},
            "/images",
        ),
        ({"path_prefix": "/api", "dialects": '[{"dialect": "emgr"}]'}, "/api/images/resize"),
        ({"public_url": "https://example.com/iiif", "dialects": '[{"dialect": "iiif"}]'}, "/iiif/3"),
        ({"path_prefix": "/resize"}, "/resize"),
        ({"path_prefix": "/playground"}, "/playground"),
        ({"path_prefix": "/admin"}, "/admin"),
    ],
)
def test_a_prefix_with_which_paths_of_the_server_begin_is_refused(given: dict[str, str], path: str) -> None:
    with pytest.raises(SettingsError, match=f"is how the path {path}.* of this server begins"):
        load(given)


def test_mounts_on_another_host_may_begin_with_the_prefix() -> None:
    dialects = '[{"dialect": "imgix", "host": "imgix.example", "mount": "/images", "source": "/"}]'
    load({"path_prefix": "/images", "public_url": "https://www.example", "dialects": dialects})
    with pytest.raises(SettingsError, match="is how the path /images"):
        load({"path_prefix": "/images", "dialects": dialects})
