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
    assert [one["width"] for one in told["sources"][0]["images"]] == [256, 384, 640, 750, 800]


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
    url, plain = "/srcset?url=umang.jpg&widths=30&formats=jpeg&warm=true", {"accept-encoding": "identity"}
    reply = await client.head(url, headers=plain)
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


# ---------------------------------------------------------------- the element


def img_of(told: dict[str, Any]) -> dict[str, str | None]:
    return Tags(told["html"]).found[-1][1]


async def told_of(client: httpx.AsyncClient, query: str) -> dict[str, Any]:
    reply = await client.get(f"/srcset?url=umang.jpg&formats=jpeg&{query}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_an_element_keeps_its_shape_and_its_place(client: httpx.AsyncClient) -> None:
    told = await told_of(client, "widths=320,640&placeholder=none")
    img = img_of(told)
    assert told["displayed"] == {"width": 640, "height": 360}
    assert (img["width"], img["height"], img["style"]) == ("640", "360", "max-width:100%;height:auto")
    assert img_of(await told_of(client, "widths=320&placeholder=none&layout=full"))["style"] == "width:100%;height:auto"
    assert "style" not in img_of(await told_of(client, "widths=320&layout=none"))


async def test_words_of_the_page_are_attributes_in_an_order_that_browsers_can_use(client: httpx.AsyncClient) -> None:
    query = "widths=320&placeholder=none&class=hero+md:w-1/2+%5B%26%3Ep%5D:p-4&fetchpriority=high&decoding=sync&alt=A"
    img = img_of(await told_of(client, query))
    assert (img["class"], img["fetchpriority"], img["decoding"]) == ("hero md:w-1/2 [&>p]:p-4", "high", "sync")
    assert "loading" not in img  # high priority and late loading contradict each other
    lazy = img_of(await told_of(client, "widths=320&placeholder=none"))
    assert (lazy["loading"], lazy["decoding"]) == ("lazy", "async")
    assert "fetchpriority" not in lazy
    assert "class" not in lazy
    names = list(lazy)
    assert names.index("loading") < names.index("sizes") < names.index("srcset") < names.index("src")


@pytest.mark.parametrize(
    ("query", "sizes"),
    [
        ("", "auto, (min-width: 640px) 640px, 100vw"),
        ("width=300", "auto, (min-width: 300px) 300px, 100vw"),
        ("layout=full", "auto, 100vw"),
        ("loading=eager", "(min-width: 640px) 640px, 100vw"),
        ("sizes=auto", "auto, (min-width: 640px) 640px, 100vw"),
        ("sizes=AUTO+,50vw", "auto, 50vw"),
        ("sizes=50vw", "50vw"),
        ("sizes=50vw&loading=eager", "50vw"),
    ],
)
async def test_sizes_are_those_of_the_layout_unless_given(client: httpx.AsyncClient, query: str, sizes: str) -> None:
    told = await told_of(client, f"widths=320,640&placeholder=none&{query}")
    assert told["sizes"] == img_of(told)["sizes"] == sizes


async def test_a_width_limits_the_candidates_to_what_screens_show_of_it(client: httpx.AsyncClient) -> None:
    told = await told_of(client, "width=400&placeholder=none")
    assert [one["descriptor"] for one in told["sources"][0]["images"]] == [
        "256w",
        "400w",
        "640w",
        "800w",
    ]
    assert (told["displayed"]["width"], told["src"]) == (400, "/resize?url=umang.jpg&width=400&format=jpeg")


async def test_densities_are_of_one_width(client: httpx.AsyncClient) -> None:
    told = await told_of(client, "width=200&height=100&fit=cover&densities=2,1,1.5&placeholder=none")
    images = told["sources"][0]["images"]
    assert [(one["descriptor"], one["width"], one["height"]) for one in images] == [
        ("1x", 200, 100),
        ("1.5x", 300, 150),
        ("2x", 400, 200),
    ]
    img = img_of(told)
    assert "sizes" not in img
    assert "sizes" not in told
    assert (img["width"], img["height"], img["src"]) == ("200", "100", images[0]["url"])


async def test_a_density_that_the_original_does_not_have_is_told_as_it_is(client: httpx.AsyncClient) -> None:
    told = (await client.get("/srcset?url=mill.png&width=500&densities=1,2&formats=jpeg&placeholder=none")).json()
    assert [one["descriptor"] for one in told["sources"][0]["images"]] == ["1x", "1.6x"]
    small = (await client.get("/srcset?url=mill.png&width=2000&densities=1,2&formats=jpeg&placeholder=none")).json()
    assert [one["descriptor"] for one in small["sources"][0]["images"]] == ["1x"]
    assert small["displayed"]["width"] == 800


async def test_the_src_is_of_a_middle_size(client: httpx.AsyncClient) -> None:
    told = await told_of(client, "placeholder=none")
    assert told["largest"]["width"] == 3840
    assert told["src"] == img_of(told)["src"] == "/resize?url=umang.jpg&width=1080&format=jpeg"


async def test_what_is_loaded_at_once_has_a_preload_of_the_best_format(client: httpx.AsyncClient) -> None:
    query = "/srcset?url=umang.jpg&formats=avif,jpeg&widths=320,640&placeholder=none"
    told = (await client.get(f"{query}&fetchpriority=high")).json()
    ((tag, link),) = Tags(told["preload"]).found
    first, second = urls(told)[:2]
    assert (tag, link["rel"], link["as"], link["type"]) == ("link", "preload", "image", "image/avif")
    assert link["imagesrcset"] == f"{first} 320w, {second} 640w"
    assert (link["imagesizes"], link["fetchpriority"]) == ("(min-width: 640px) 640px, 100vw", "high")
    assert "preload" not in (await client.get(query)).json()


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("loading=eager&sizes=auto", "sizes"),
        ("fetchpriority=high&sizes=auto,50vw", "sizes"),
        ("width=30&densities=1,2&sizes=50vw", "sizes"),
        ("width=30&densities=1,2&widths=30", "densities"),
        ("densities=1,2", "width"),
        ("densities=5", "densities"),
        ("densities=1,1.001", "densities"),
        ("class=" + "a" * 301, "class"),
        ("class=", "class"),
        ("loading=never", "loading"),
        ("layout=fixed", "layout"),
        ("placeholder=png", "placeholder"),
    ],
)
async def test_what_makes_no_element_is_refused_by_name(client: httpx.AsyncClient, query: str, param: str) -> None:
    reply = await client.get(f"/srcset?url=umang.jpg&{query}")
    assert (reply.status_code, reply.json()["param"]) == (400, param)


async def test_an_opaque_image_covers_its_placeholder(client: httpx.AsyncClient) -> None:
    told = await told_of(client, "widths=90")
    style = img_of(told)["style"]
    assert style == f"max-width:100%;height:auto;background:url({told['placeholder']}) 0 0/100% 100% no-repeat"


@pytest.mark.parametrize(("kind", "attribute"), [("blurhash", "data-blurhash"), ("thumbhash", "data-thumbhash")])
async def test_a_hash_is_there_for_scripts_and_its_colour_for_all(
    client: httpx.AsyncClient, kind: str, attribute: str
) -> None:
    told = await told_of(client, f"widths=90&placeholder={kind}")
    img = img_of(told)
    assert img[attribute] == told["placeholder"]
    colour = (await told_of(client, "widths=90&placeholder=colour"))["placeholder"]
    assert (img["style"] or "").endswith(f";background:{colour}")


async def test_the_colour_is_about_the_average_of_the_result(client: httpx.AsyncClient) -> None:
    told = await told_of(client, "widths=90&placeholder=color&crop=pct:0,0,50,50")
    reply = await client.get("/resize?url=umang.jpg&crop=pct:0,0,50,50&width=90&format=png")
    average = Image.open(BytesIO(reply.content)).convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    colour = bytes.fromhex(told["placeholder"].removeprefix("#"))
    assert isinstance(average, tuple)
    assert max(abs(one - other) for one, other in zip(average, colour, strict=True)) <= 8


@pytest.mark.parametrize("kind", ["lqip", "color", "blurhash"])
@pytest.mark.parametrize(
    ("query", "covered"),
    [
        ("url=clear.png", False),
        ("url=clear.png&formats=avif,png", False),
        ("url=clear.png&formats=jpeg", None),  # flattened: either will do
        ("url=umang.jpg&radius=20&formats=webp", False),
        ("url=umang.jpg&rotate=10&formats=webp", False),
        ("url=umang.jpg&rotate=10&background=f00&formats=webp", True),
        ("url=umang.jpg", True),
    ],
)
async def test_nothing_remains_behind_what_is_transparent(
    tmp_path: Path, kind: str, query: str, covered: bool | None
) -> None:
    clear = Image.new("RGBA", (100, 60), (255, 0, 0, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 10, 10))
    clear.save(tmp_path / "clear.png")
    (tmp_path / "umang.jpg").write_bytes((PHOTOS / "umang.jpg").read_bytes())
    async with serving(images=str(tmp_path)) as client:
        told = (await client.get(f"/srcset?{query}&widths=90&placeholder={kind}")).json()
        assert told["placeholder"]
        if covered is not None:
            assert ("background" in (img_of(told)["style"] or "")) is covered


@pytest.mark.parametrize(
    "query",
    [
        "class=%22%3E%3Cscript%3E&alt=%22%3E%3Cscript%3E",
        "class=x%22+onload=%22alert(1)",
        "filename=%22%3E%3Cscript%3E",
        "placeholder=blurhash&alt='%22%3E%3Cimg+src=x+onerror=alert(1)%3E",
        "loading=eager&filename=%22%3E%3Cscript%3E",
    ],
)
async def test_no_word_of_the_page_becomes_markup(client: httpx.AsyncClient, query: str) -> None:
    told = await told_of(client, f"widths=30&{query}")
    for markup, tags in ((told["html"], ["picture", "img"]), (told.get("preload", "<link>"), ["link"])):
        found = Tags(markup).found
        assert [tag for tag, _ in found] == tags
        assert not {name for _, attributes in found for name in attributes if name.startswith("on")}


# ---------------------------------------------------------------- absolute URLs


PUBLIC = "https://images.example.com/img"


async def test_with_a_public_url_every_url_works_on_any_page() -> None:
    async with serving(public_url=PUBLIC + "/") as client:
        reply = await client.get("/srcset?url=umang.jpg&widths=30,60&formats=webp,jpeg&loading=eager")
        told = reply.json()
        assert urls(told)[0] == f"{PUBLIC}/resize?url=umang.jpg&width=30&format=webp"
        everything = [attributes for text in (told["html"], told["preload"]) for _, attributes in Tags(text).found]
        named = [
            url.split()[0]
            for attributes in everything
            for name in ("src", "srcset", "href", "imagesrcset")
            for url in (attributes.get(name) or "").split(", ")
            if url
        ]
        assert {told["src"], *named} == set(urls(told))
        assert all(url.startswith(PUBLIC) for url in urls(told))
        assert reply.headers["cache-control"].startswith("public")


async def test_a_signature_is_over_what_this_server_sees() -> None:
    ring = Keyring.from_text(KEYS)
    async with serving(public_url=PUBLIC, keys=KEYS) as client:
        told = (await client.get(ring.sign(b"/srcset", b"url=umang.jpg&widths=30&formats=jpeg"))).json()
        (url,) = urls(told)
        assert url == PUBLIC + ring.sign(b"/resize", b"url=umang.jpg&width=30&format=jpeg")
        assert (await client.get(url.removeprefix(PUBLIC))).status_code == 200


@pytest.mark.parametrize(
    ("public_url", "host", "base"),
    [
        ("/", "127.0.0.1:8080", ""),
        ("/img", "127.0.0.1:8080", "/img"),
        ("", "127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("", "localhost", "http://localhost"),
        ("", "evil.example", ""),
        ("https://a.example", "evil.example", "https://a.example"),
    ],
)
async def test_a_host_that_the_client_made_up_is_not_repeated(public_url: str, host: str, base: str) -> None:
    async with serving(public_url=public_url) as client:
        reply = await client.get("/srcset?url=umang.jpg&widths=30&formats=jpeg", headers={"host": host})
        assert urls(reply.json()) == [base + "/resize?url=umang.jpg&width=30&format=jpeg"]
        is_from_request = base.startswith("http://")
        assert reply.headers["cache-control"].split(",")[0] == ("private" if is_from_request else "public")


async def test_a_mount_on_a_host_is_named_by_it() -> None:
    dialects = json.dumps([{"dialect": "native", "host": "pics.example", "mount": "/p", "source": "/"}])
    async with serving(public_url="https://a.example/img", dialects=dialects) as client:
        query = "/p/srcset?url=umang.jpg&widths=30&formats=jpeg"
        told = (await client.get(query, headers={"host": "pics.example"})).json()
        assert urls(told) == ["https://pics.example/p/resize?url=umang.jpg&width=30&format=jpeg"]


@pytest.mark.parametrize(
    "text",
    [
        "images.example.com",
        "//images.example.com",
        "ftp://a.example",
        "https://",
        "https://a.example?x=1",
        "https://a.example/#x",
        "https://user@a.example",
        "https://a.example/a/../b",
        "https://a.example/a b",
        'https://a.example/"',
        "https://a.example:70000",
        "https://a.example/" + "a" * 512,
        "javascript:alert(1)",
    ],
)
def test_what_is_no_public_url_keeps_the_server_from_starting(text: str) -> None:
    with pytest.raises(SettingsError, match="PIXMILL_PUBLIC_URL"):
        load({"public_url": text})


async def test_hints_of_a_client_change_no_set() -> None:
    async with serving(client_hints=True) as client:
        query = "/srcset?url=umang.jpg&width=auto&widths=30,60&formats=jpeg"
        plain = (await client.get(query)).json()
        hinted = (await client.get(query, headers={"sec-ch-width": "200", "sec-ch-dpr": "2"})).json()
        assert plain == hinted
        assert [one["width"] for one in plain["sources"][0]["images"]] == [30, 60]
        for url in urls(plain):
            assert "sec-ch" not in (await client.get(url)).headers.get("vary", "").lower()


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
        described = (await client.get("/openapi.json")).json()
        names = accepted(described, "/resize")
        assert names == ["url", "v", "format", "expires", "sig", "preset"]
        assert {"url", "variants", "alt", "sig", "preset"} <= set(accepted(described, "/srcset"))
        assert {"width", "widths", "densities", "of", "blur", "format"}.isdisjoint(accepted(described, "/srcset"))
        preset = jsonschema_rs.validator_for(described["components"]["parameters"]["preset"]["schema"])
        assert [preset.is_valid(names) for names in ("card", "grey,card", "nobody", "")] == [True, True, False, False]


def accepted(described: dict[str, Any], path: str) -> list[str]:
    """The parameters of a path."""
    return [one["$ref"].rpartition("/")[2] for one in described["paths"][path]["get"]["parameters"]]


VARIANTS = PRESETS | {
    "small": "width=30",
    "wide": "width=90&height=60&fit=cover",
    "large": "width=90",
    "sharp": {"width": 60, "height": 40, "fit": "cover", "dpr": 2},
    "cut": "trim=10",
}


@pytest.mark.parametrize("only", [True, False])
async def test_presets_stand_in_for_widths(only: bool) -> None:
    async with serving(presets=json.dumps(VARIANTS), presets_only=only) as client:
        query = "url=umang.jpg&preset=grey&variants=large,small&formats=webp,jpeg"
        told = (await client.get(f"/srcset?{query}&alt=x&loading=eager")).json()
        assert [one["descriptor"] for one in told["sources"][1]["images"]] == ["30w", "90w"]
        assert urls(told)[:2] == [
            "/resize?url=umang.jpg&preset=grey,small&format=webp",
            "/resize?url=umang.jpg&preset=grey,large&format=webp",
        ]
        for source in told["sources"]:
            for one in source["images"]:
                reply = await client.get(one["url"])
                assert reply.headers["content-type"] == source["type"]
                assert Image.open(BytesIO(reply.content)).size == (one["width"], one["height"])
        assert (told["displayed"]["width"], told["placeholder"][:15]) == (90, "data:image/webp")


async def test_in_presets_only_mode_a_preset_alone_is_a_set_of_one() -> None:
    async with serving(presets=json.dumps(VARIANTS), presets_only=True) as client:
        told = (await client.get("/srcset?url=umang.jpg&preset=sharp&formats=avif,jpeg")).json()
        assert urls(told) == [f"/resize?url=umang.jpg&preset=sharp&format={form}" for form in ("avif", "jpeg")]
        assert told["largest"] == {"width": 120, "height": 80}


@pytest.mark.parametrize(
    ("query", "only", "code", "param"),
    [
        ("variants=small,nobody", True, "invalid_parameter", "preset"),
        ("variants=small,cut", True, "invalid_parameter", "variants"),
        ("variants=small,wide", True, "conflicting_parameters", "variants"),
        ("preset=card,grey,card,grey,card,grey,card,grey&variants=small", True, "invalid_parameter", "variants"),
        ("variants=small&widths=30", False, "conflicting_parameters", "widths"),
        ("variants=small&width=30", False, "conflicting_parameters", "width"),
        ("preset=card&width=30", True, "unknown_parameter", "width"),
        ("preset=card&widths=30", True, "unknown_parameter", "widths"),
        ("preset=card&blur=3", True, "unknown_parameter", "blur"),
        ("preset=card&of=/resize", True, "unknown_parameter", "of"),
        ("alt=x", True, "missing_parameter", "preset"),
    ],
)
async def test_variants_that_make_no_set_are_refused(query: str, only: bool, code: str, param: str) -> None:
    async with serving(presets=json.dumps(VARIANTS), presets_only=only) as client:
        problem = (await client.get(f"/srcset?url=umang.jpg&{query}")).json()
        assert (problem["code"], problem["param"]) == (code, param)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"presets": '{"card": "width=x"}'}, "(--presets): preset card: width must be"),
        ({"presets": "nonsense"}, "PIXMILL_PRESETS=nonsense (--presets): must be a JSON object"),
        ({"presets_only": True}, "PIXMILL_PRESETS_ONLY=true needs PIXMILL_PRESETS"),
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
