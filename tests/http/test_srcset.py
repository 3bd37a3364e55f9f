"""/srcset: URLs that answer with what was told of them, HTML that holds whatever it is given, and sets made ahead."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest
from PIL import Image

from pixmill.api.app import create_app
from pixmill.api.routes.openapi import document
from pixmill.dialects.signing import Keyring
from pixmill.settings import SettingsError, load
from pixmill.wiring import build_services

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
KEYS = "the-newest-key-of-all,an-older-key-of-ours"


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    flags = {"workers": 1, "images": str(PHOTOS), "cache": "memory://?max_bytes=32MiB"} | settings
    async with build_services(load(flags)) as services:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://pixmill") as client:
            yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(srcset_warm=True) as client:
        yield client


class Tags(HTMLParser):
    """The tags of a text with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def urls(told: dict[str, Any]) -> list[str]:
    return [one["url"] for source in told["sources"] for one in source["images"]]


async def test_each_url_answers_with_the_picture_that_was_told(client: httpx.AsyncClient) -> None:
    told = (
        await client.get("/srcset?url=umang.jpg&widths=80,40&formats=webp,jpeg&blur=1&width=60&height=60&fit=cover")
    ).json()
    assert [source["type"] for source in told["sources"]] == ["image/webp", "image/jpeg"]
    for source in told["sources"]:
        assert [one["width"] for one in source["images"]] == [40, 60, 80]
        for one in source["images"]:
            reply = await client.get(one["url"])
            assert reply.headers["content-type"] == source["type"]
            assert Image.open(BytesIO(reply.content)).size == (one["width"], one["height"])
    assert told["original"] == {"width": 3840, "height": 2160}
    assert told["largest"] == {"width": 80, "height": 80}


async def test_no_picture_is_wider_than_the_original_and_the_last_is_the_original(client: httpx.AsyncClient) -> None:
    told = (await client.get("/srcset?url=mill.png&formats=png&placeholder=none")).json()
    assert [one["width"] for one in told["sources"][0]["images"]] == [320, 480, 640, 800]


async def test_formats_suit_the_original(client: httpx.AsyncClient) -> None:
    for name, last in (("umang.jpg", "image/jpeg"), ("mill.png", "image/png")):
        told = (await client.get(f"/srcset?url={name}&widths=30")).json()
        expected = last if name == "umang.jpg" else "image/png" if has_alpha(name) else "image/jpeg"
        assert [source["type"] for source in told["sources"]] == ["image/avif", "image/webp", expected]


def has_alpha(name: str) -> bool:
    with Image.open(PHOTOS / name) as image:
        return image.has_transparency_data


async def test_the_versioned_route_names_versioned_urls(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/v1/srcset?url=umang.jpg&widths=30&formats=jpeg")).json()
    assert urls(told) == ["/api/v1/resize?url=umang.jpg&width=30&format=jpeg"]


async def test_the_html_is_a_picture_with_all_of_it(client: httpx.AsyncClient) -> None:
    params = {"url": "umang.jpg", "widths": "30,60", "formats": "avif,webp,jpeg", "sizes": "(width<=600px) 50vw, 30em"}
    told = (await client.get("/srcset", params=params | {"alt": 'a "mill" & <b>more</b>\'s'})).json()
    (root, _), (first, avif), (second, webp), (last, img) = Tags(told["html"]).found
    assert [root, first, second, last] == ["picture", "source", "source", "img"]
    assert [avif["type"], webp["type"]] == ["image/avif", "image/webp"]
    assert {avif["sizes"], webp["sizes"], img["sizes"]} == {params["sizes"]}
    assert img["alt"] == 'a "mill" & <b>more</b>\'s'
    assert (img["width"], img["height"]) == ("60", "34")
    small, large = urls(told)[-2:]
    assert img["srcset"] == f"{small} 30w, {large} 60w"
    assert img["src"] == large


async def test_nothing_of_a_request_becomes_markup(client: httpx.AsyncClient) -> None:
    raw = "/srcset?url=umang.jpg&widths=30&formats=jpeg&filename=%22><script>'&alt=%22><script>&placeholder=none"
    reply = await client.get(raw)
    assert reply.status_code == 200
    assert [tag for tag, _ in Tags(reply.json()["html"]).found] == ["picture", "img"]
    assert "<script" not in reply.json()["html"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("kind", "begins"), [("lqip", "data:image/webp;base64,"), ("blurhash", ""), ("thumbhash", "")])
async def test_the_placeholder_is_what_resize_says_it_is(client: httpx.AsyncClient, kind: str, begins: str) -> None:
    told = (await client.get(f"/srcset?url=umang.jpg&widths=90&placeholder={kind}")).json()
    alone = await client.get(f"/resize?url=umang.jpg&width=90&format={kind}")
    assert told["placeholder"] == alone.text
    assert alone.text.startswith(begins)


async def test_the_answer_fits_its_schema(client: httpx.AsyncClient) -> None:
    whole = msgspec.json.decode(msgspec.json.encode(document()))
    schema = {"$ref": "#/components/schemas/SrcsetResponse", "components": whole["components"]}
    for query in ("widths=30", "widths=30&placeholder=none"):
        jsonschema_rs.validate(schema, (await client.get(f"/srcset?url=umang.jpg&{query}")).json())


async def test_head_has_headers_and_warms_nothing(client: httpx.AsyncClient) -> None:
    reply = await client.head("/srcset?url=umang.jpg&widths=30&formats=jpeg&warm=true")
    assert (reply.status_code, reply.content) == (200, b"")
    assert int(reply.headers["content-length"]) > 300
    assert "max-age=60" in reply.headers["cache-control"]
    assert "fwd=uri-miss" in (await client.get("/resize?url=umang.jpg&width=30&format=jpeg")).headers["cache-status"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("url=none.jpg", 404, "source_not_found"),
        ("url=umang.jpg&widths=0", 400, "invalid_parameter"),
        ("url=umang.jpg&crop=9000,9000,5,5", 400, "invalid_parameter"),
        ("url=umang.jpg&height=5", 400, "conflicting_parameters"),
        ("widths=5", 400, "missing_parameter"),
    ],
)
async def test_errors_are_problems(client: httpx.AsyncClient, query: str, status: int, code: str) -> None:
    reply = await client.get(f"/srcset?{query}")
    assert (reply.status_code, reply.json()["code"]) == (status, code)


# ---------------------------------------------------------------- signed


async def test_where_requests_are_signed_the_urls_are_too_and_end_with_the_request() -> None:
    ring, old = Keyring.from_text(KEYS), Keyring((b"an-older-key-of-ours",))
    query, ends = b"url=umang.jpg&widths=30&formats=jpeg,png&alt=caf%C3%A9", 4_000_000_000
    async with serving(keys=KEYS) as client:
        assert (await client.get(f"/srcset?{query.decode()}")).json()["code"] == "signature_missing"
        told = (await client.get(old.sign(b"/srcset", query, ends))).json()
        for url, form in zip(urls(told), ("jpeg", "png"), strict=True):
            assert url == ring.sign(b"/resize", b"url=umang.jpg&width=30&format=%s" % form.encode(), ends)
            assert (await client.get(url)).status_code == 200
        forever = (await client.get(ring.sign(b"/srcset", query))).json()
        assert "expires" not in forever["html"]
        assert (await client.get(urls(forever)[0])).status_code == 200


async def test_where_unsigned_requests_are_answered_nothing_is_signed() -> None:
    async with serving(keys=KEYS, unsigned="allow") as client:
        told = (await client.get("/srcset?url=umang.jpg&widths=30&formats=jpeg")).json()
        assert urls(told) == ["/resize?url=umang.jpg&width=30&format=jpeg"]


# ---------------------------------------------------------------- made ahead


async def test_a_set_is_made_behind_the_answer_and_then_hit(client: httpx.AsyncClient) -> None:
    told = (await client.get("/srcset?url=umang.jpg&widths=50,60,70&formats=webp,jpeg&warm=true")).json()
    assert told["warming"] is True
    async with asyncio.timeout(30):
        while await rendered(client) < len(urls(told)) + 1:  # and the placeholder
            await asyncio.sleep(0.02)
    for url in urls(told):
        reply = await client.get(url)
        assert reply.headers["cache-status"].startswith("Pixmill; hit"), url


async def rendered(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("pixmill_renders_total"))


async def test_nothing_is_made_ahead_unless_the_server_is_told_to() -> None:
    async with serving() as client:
        told = (await client.get("/srcset?url=umang.jpg&widths=50&formats=jpeg&warm=true")).json()
        assert told["warming"] is False


# ---------------------------------------------------------------- presets

PRESETS = {"card": {"width": 60, "height": 40, "fit": "cover"}, "grey": "grayscale=1"}


async def test_a_preset_is_the_picture_that_it_spells() -> None:
    async with serving(presets=json.dumps(PRESETS)) as client:
        named = await client.get("/resize?url=umang.jpg&preset=card,grey&format=png")
        spelled = await client.get("/resize?url=umang.jpg&w=60&h=40&fit=cover&grayscale=true&f=png")
        assert named.content == spelled.content
        assert "hit" in spelled.headers["cache-status"]
        assert named.headers["etag"] == spelled.headers["etag"]
        told = (await client.get("/srcset?url=umang.jpg&preset=card,grey&widths=30&formats=png")).json()
        picture = Image.open(BytesIO((await client.get(urls(told)[0])).content))
        assert (picture.size, picture.mode) == ((30, 20), "L")


async def test_a_server_of_presets_answers_nothing_else() -> None:
    async with serving(presets=json.dumps(PRESETS), presets_only=True) as client:
        assert (await client.get("/resize?url=umang.jpg&preset=card&format=webp")).status_code == 200
        assert (await client.get("/resize?url=umang.jpg&preset=card&width=5")).json()["code"] == "unknown_parameter"
        assert (await client.get("/resize?url=umang.jpg")).json()["code"] == "missing_parameter"
        assert (await client.get("/srcset?url=umang.jpg&preset=card")).status_code == 404
        described = (await client.get("/openapi.json")).json()
        names = [one["$ref"].rpartition("/")[2] for one in described["paths"]["/resize"]["get"]["parameters"]]
        assert names == ["url", "v", "format", "expires", "sig", "preset"]
        preset = jsonschema_rs.validator_for(described["components"]["parameters"]["preset"]["schema"])
        assert [preset.is_valid(names) for names in ("card", "grey,card", "nobody", "")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"presets": '{"card": "width=x"}'}, "PIXMILL_PRESETS: preset card: width must be"),
        ({"presets": "nonsense"}, "PIXMILL_PRESETS: must be a JSON object"),
        ({"presets_only": True}, "PIXMILL_PRESETS_ONLY needs PIXMILL_PRESETS"),
    ],
)
def test_presets_that_cannot_be_used_keep_the_server_from_starting(flags: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(flags)
    assert says in str(caught.value)


DIALECTS = json.dumps(
    [
        {"dialect": "ipx", "source": "/"},
        {"dialect": "imgproxy", "mount": "/i", "source": "/", "options": {"key": "6b6579", "salt": "73616c74"}},
    ]
)


async def test_a_url_of_another_dialect_is_offered_in_other_widths() -> None:
    async with serving(dialects=DIALECTS) as client:
        query = {"of": "/_ipx/s_300x200,blur_3/sunset.jpg", "widths": "100,150", "formats": "jpeg"}
        told = (await client.get("/srcset", params=query)).json()
        assert [(one["width"], one["height"]) for one in told["sources"][0]["images"]] == [
            (100, 67),
            (150, 100),
            (300, 200),
        ]
        reply = await client.get(urls(told)[0])
        assert Image.open(BytesIO(reply.content)).size == (100, 67)
        assert reply.content != (await client.get("/resize?url=sunset.jpg&width=100&format=jpeg")).content


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/none/a.jpg", 400),
        ("/health/live", 400),
        ("/info?url=sunset.jpg", 400),
        ("/i/insecure/rs:fit:300:300/plain/sunset.jpg", 403),
        ("/resize?url=sunset.jpg&width=0", 400),
        ("https://example.com/a.jpg", 400),
        ("/" + "a" * 4_097, 400),
    ],
)
async def test_only_images_that_a_dialect_would_answer_are_offered(target: str, status: int) -> None:
    async with serving(dialects=DIALECTS) as client:
        reply = await client.get("/srcset", params={"of": target})
        assert reply.status_code == status, reply.text
