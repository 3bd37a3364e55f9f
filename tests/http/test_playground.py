"""The playground over a real server: its page and files, what the form is made of, and who may see them."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pixmill.api.playground.assets import assets
from pixmill.dialects.native.params import PARAMS
from tests.servers.pixmill import Pixmill, Reply

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
KEY = "a-signing-key-of-the-playground-tests"
TOKEN = "an-admin-token-of-the-playground-tests"
PRESETS = {"card": "width=300&height=200&fit=cover", "grey": {"grayscale": True}}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    dialects = json.dumps([{"dialect": "ipx"}, {"dialect": "imgix", "mount": "/imgix"}])
    with Pixmill(images=PHOTOS.as_posix(), workers=1, dialects=dialects, presets=json.dumps(PRESETS)) as server:
        yield server


@pytest.fixture(scope="module")
def signed_server() -> Iterator[Pixmill]:
    """Playground for everybody, signatures for those on this machine and those with a token."""
    with Pixmill(
        images=PHOTOS.as_posix(),
        workers=1,
        keys=KEY,
        admin_token=TOKEN,
        playground="on",
        trusted_proxies="127.0.0.0/8",
        allowed_sources="https://images.example.com/, path:",
    ) as server:
        yield server


def config_of(server: Pixmill, headers: dict[str, str] | None = None) -> Any:
    reply = server.get("/playground/config.json", headers)
    assert reply.status == 200, reply.body
    return reply.json()


STRANGER = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "127.0.0.1"}
"""What a trusted proxy says of a client elsewhere."""


# ---------------------------------------------------------------- page and files


def test_the_page_is_at_the_root_with_a_strict_policy(server: Pixmill) -> None:
    reply = server.get("/")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.body == assets()["index.html"].content
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["access-control-allow-origin"] is None
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("name", sorted(assets()))
def test_files_are_revalidated_by_their_entity_tag(server: Pixmill, name: str) -> None:
    reply = server.get(f"/playground/{name}")
    assert (reply.status, reply.body) == (200, assets()[name].content)
    assert reply.headers["cache-control"] == "no-cache"
    again = server.get(f"/playground/{name}", {"If-None-Match": f'W/"x", {reply.headers["etag"]}'})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == reply.headers["etag"]
    assert server.get(f"/playground/{name}", {"If-None-Match": '"x"'}).status == 200


def test_head_says_what_get_would_send(server: Pixmill) -> None:
    for path in ("/", "/playground/app.js"):
        head, get = server.ask("HEAD", path), server.get(path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize(
    "name", ["none.js", "..%2Faccess.py", "%2e%2e/access.py", "../access.py", "static", "__init__.py", "%00", "%ff"]
)
def test_other_names_are_not_found(server: Pixmill, name: str) -> None:
    assert server.get(f"/playground/{name}").status == 404


def test_other_methods_are_refused(server: Pixmill) -> None:
    reply = server.ask("POST", "/", data=b"x")
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_request_is_counted_by_its_route(server: Pixmill) -> None:
    server.get("/playground/app.js")
    metrics = server.get("/metrics").body.decode()
    assert 'route="/playground/{name}"' in metrics


# ---------------------------------------------------------------- the form


def test_the_form_has_every_parameter_once(server: Pixmill) -> None:
    config = config_of(server)
    names = [param["name"] for param in config["parameters"]]
    assert names == [param.name for param in PARAMS if param.name != "sig"] + ["preset"]
    by_name = {param["name"]: param for param in config["parameters"]}
    assert by_name["width"] == {
        "name": "width",
        "group": "size",
        "kind": "integer",
        "min": 1,
        "max": 16_383,
        "step": 1,
        "choices": ["auto"],
        "unit": "px",
        "aliases": ["w"],
        "default": "",
        "example": "800",
        "examples": ["800", "pct:50", "auto"],
        "placeholder": "800",
        "items": [],
        "required": 0,
        "repeatable": False,
        "advanced": False,
        "description": by_name["width"]["description"],
        "expects": by_name["width"]["expects"],
    }
    assert by_name["fit"]["kind"] == "enum"
    assert by_name["flip"]["choices"] == ["none", "horizontal", "vertical", "both"]
    assert by_name["background"]["kind"] == "colour"
    assert by_name["contrast"]["min"] == -100
    assert by_name["preset"]["choices"] == ["card", "grey"]
    assert {param["group"] for param in config["parameters"]} == {group["name"] for group in config["groups"]}


def test_the_form_has_presets_and_dialects(server: Pixmill) -> None:
    config = config_of(server)
    assert config["presets"] == [
        {"name": "card", "query": "width=300&height=200&fit=cover"},
        {"name": "grey", "query": "grayscale=true"},
    ]
    dialects = {one["name"]: (one["title"], one["prefix"]) for one in config["dialects"]}
    assert dialects == {
        "imgix": ("imgix", "/imgix"),
        "ipx": ("ipx (Nuxt Image, Nitro)", "/_ipx"),
        "native": ("Pixmill", ""),
    }
    assert (config["signed"], config["may_sign"]) == (False, True)
    assert config["urls"]["allowed"] is True


def test_a_server_of_presets_only_offers_those_only() -> None:
    with Pixmill(images=PHOTOS.as_posix(), workers=1, presets=json.dumps(PRESETS), presets_only="true") as server:
        names = [param["name"] for param in config_of(server)["parameters"]]
    assert names == ["url", "v", "format", "expires", "preset"]


# ---------------------------------------------------------------- who may see it


def test_it_is_for_this_machine_only_unless_it_is_switched_on(server: Pixmill) -> None:
    """What a proxy adds, or another name in Host, tells that somebody else asks."""
    for headers in (
        {"Host": "images.example.com"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": "localhost.example.com"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ):
        for path in ("/", "/playground/app.js", "/playground/config.json", "/playground/images.json"):
            assert server.get(path, headers).status == 404, headers
    for host in ("localhost", f"localhost:{server.port}", "127.0.0.5:80", "[::1]:8080", "app.localhost", "LOCALHOST."):
        assert server.get("/", {"Host": host}).status == 200, host


def test_http_1_0_is_what_a_proxy_speaks(server: Pixmill) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.0 404 ")


@pytest.mark.parametrize("mode", ["off", "auto", "on"])
def test_on_a_public_address_it_is_off_unless_it_is_switched_on(mode: str) -> None:
    with Pixmill(host="0.0.0.0", workers=1, keys=KEY, playground=mode) as server:
        assert {server.get(path).status for path in ("/", "/playground/config.json", "/playground/app.js")} == {
            200 if mode == "on" else 404
        }


def test_pages_of_other_sites_learn_nothing(server: Pixmill) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{server.port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        for path in ("/playground/config.json", "/playground/images.json"):
            reply = server.get(path, headers)
            assert (reply.status, reply.json()["code"]) == (403, "forbidden"), headers
            assert reply.headers["access-control-allow-origin"] is None
    own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert server.get("/playground/config.json", own).status == 200
    assert server.get("/", {"Sec-Fetch-Site": "cross-site"}).status == 200  # a link


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("10.0.0.7:8080", 200),
        ("nas:8080", 200),
        ("images.internal", 200),
    ],
)
def test_names_that_anybody_can_register_are_refused(signed_server: Pixmill, host: str, status: int) -> None:
    assert signed_server.get("/playground/config.json", {"Host": host}).status == status


def test_strangers_are_told_less(signed_server: Pixmill) -> None:
    local, stranger = config_of(signed_server), config_of(signed_server, STRANGER)
    assert (local["signed"], local["may_sign"]) == (True, True)
    assert (stranger["signed"], stranger["may_sign"]) == (True, False)
    assert "images.example.com" in local["urls"]["hint"]
    assert "images.example.com" not in json.dumps(stranger)
    assert images_of(signed_server)["images"]
    assert images_of(signed_server, STRANGER) == {"images": [], "next": None, "complete": True}


def test_an_admin_token_makes_a_stranger_known(signed_server: Pixmill) -> None:
    token = STRANGER | {"Authorization": f"Bearer {TOKEN}"}
    assert config_of(signed_server, token)["may_sign"] is True
    assert images_of(signed_server, token)["images"]
    wrong = signed_server.get("/playground/config.json", STRANGER | {"Authorization": "Bearer wrong-wrong-wrong-wrong"})
    assert (wrong.status, wrong.json()["code"]) == (403, "admin_denied")


def test_a_rebound_name_is_no_name_of_this_machine(signed_server: Pixmill) -> None:
    """A page that has made its name mean this machine may send any header but Host and Origin."""
    forged = {"Host": "nas", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost"}
    assert config_of(signed_server, forged)["may_sign"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"Via": "1.1 proxy"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-For": "unknown"},
        {"Forwarded": "for=_hidden"},
        {"Forwarded": "proto=https"},
    ],
)
def test_a_client_that_a_trusted_proxy_does_not_name_is_a_stranger(
    signed_server: Pixmill, headers: dict[str, str]
) -> None:
    """The address would be that of the proxy, which may be on this machine, and so may the Host that it sends."""
    assert config_of(signed_server, headers)["may_sign"] is False
    assert "sig=" not in converted(signed_server, "/resize?url=fig.jpg&width=30", headers).body.decode()


# ---------------------------------------------------------------- images


def images_of(server: Pixmill, headers: dict[str, str] | None = None, **query: Any) -> Any:
    reply: Reply = server.get("/playground/images.json", headers, **query)
    assert reply.status == 200, reply.body
    return reply.json()


def test_images_come_in_pages(server: Pixmill) -> None:
    everything = images_of(server)
    names = [image["source"] for image in everything["images"]]
    assert names == sorted(path.name for path in PHOTOS.iterdir() if path.suffix in (".jpg", ".png"))
    assert everything["next"] is None
    assert everything["complete"] is True
    assert everything["images"][0] == {
        "source": names[0],
        "name": names[0],
        "bytes": (PHOTOS / names[0]).stat().st_size,
    }
    pages, after = [], ""
    while True:
        page = images_of(server, after=after, limit=2)
        pages += [image["source"] for image in page["images"]]
        if page["next"] is None:
            break
        assert page["next"] == pages[-1]
        after = page["next"]
    assert pages == names
    assert images_of(server, after="zzz")["images"] == []


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1001", "99999999999999999999", ""])
def test_a_limit_out_of_bounds_is_named(server: Pixmill, limit: str) -> None:
    reply = server.get("/playground/images.json", limit=limit)
    assert (reply.status, reply.json()["param"]) == (400, "limit")


def test_every_listed_image_can_be_requested(server: Pixmill) -> None:
    image = images_of(server, limit=1)["images"][0]
    assert server.get("/info", url=image["source"]).status == 200


def test_a_server_without_images_lists_none() -> None:
    with Pixmill(workers=1) as server:
        assert images_of(server) == {"images": [], "next": None, "complete": True}


# ---------------------------------------------------------------- uploads


def uploaded(server: Pixmill, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    return server.ask("POST", "/playground/upload", data=body, headers=headers)


def test_an_upload_is_requested_by_its_name(server: Pixmill) -> None:
    reply = uploaded(server, PHOTOS.joinpath("mill.png").read_bytes())
    assert reply.status == 201
    source = reply.json()["source"]
    image = server.get("/resize", url=source, width=40, format="png")
    assert (image.status, image.headers["content-type"]) == (200, "image/png")
    again = server.get("/resize", url=source, width=40, format="png")
    assert again.headers["cache-status"].startswith("Pixmill; hit")
    assert again.body == image.body
    assert server.get("/info", url=source).json()["format"] == "png"
    assert server.get("/resize", url=f"{source[:-1]}_", width=40).status in (400, 404)
    assert uploaded(server, PHOTOS.joinpath("mill.png").read_bytes()).json()["source"] != source


def test_an_upload_may_be_of_any_bytes_and_is_judged_when_it_is_requested(server: Pixmill) -> None:
    source = uploaded(server, b"<script>alert(1)</script>").json()["source"]
    reply = server.get("/resize", url=source, width=40)
    assert (reply.status, reply.json()["code"]) == (415, "unsupported_image")
    assert uploaded(server, b"").json()["code"] == "malformed_request"


def test_uploads_are_refused_to_pages_of_other_sites(server: Pixmill) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert uploaded(server, b"x", headers).json()["code"] == "forbidden"
        assert converted(server, "/resize?url=fig.jpg", headers).json()["code"] == "forbidden"
    assert server.ask("OPTIONS", "/playground/upload").status == 204


def test_strangers_of_a_server_with_keys_upload_nothing(signed_server: Pixmill) -> None:
    assert uploaded(signed_server, b"x", STRANGER).json()["code"] == "forbidden"
    assert uploaded(signed_server, b"x").status == 201
    assert uploaded(signed_server, b"x", STRANGER | {"Authorization": f"Bearer {TOKEN}"}).status == 201


def test_many_uploads_at_once_stay_within_their_bounds() -> None:
    """The oldest make room, and a name that is gone says what to do."""
    body = PHOTOS.joinpath("fig.jpg").read_bytes()
    with (
        Pixmill(workers=1, memory_budget_bytes=12 * 2**20, max_source_bytes=2 * 2**20, cache="memory://") as server,
        ThreadPoolExecutor(8) as threads,
    ):
        largest = config_of(server)["uploads"]["max_bytes"]
        assert largest == 2 * 2**20
        replies = list(threads.map(lambda _: uploaded(server, body), range(30)))
        assert {reply.status for reply in replies} <= {201, 503}
        sources = [reply.json()["source"] for reply in replies if reply.status == 201]
        gone = [reply for reply in (server.get("/info", url=source) for source in sources) if reply.status != 200]
        assert len(gone) >= len(sources) - 12 * 2**20 // 4 // len(body)
        assert {reply.json()["code"] for reply in gone} == {"source_not_found"}
        assert "upload it again" in gone[0].json()["detail"]
        assert uploaded(server, b"x" * (largest + 1)).json()["code"] == "upload_too_large"
        assert server.get("/health/ready").status == 200


def test_a_server_without_playground_has_no_uploads() -> None:
    with Pixmill(workers=1, playground="off") as server:
        assert uploaded(server, b"x").status == 404
        assert converted(server, "/resize?url=fig.jpg").status == 404
        reply = server.get("/resize", url="upload:" + "a" * 22, width=40)
        assert (reply.status, reply.json()["code"]) == (403, "source_forbidden")


# ---------------------------------------------------------------- URLs


def converted(server: Pixmill, url: object, headers: dict[str, str] | None = None) -> Reply:
    body = json.dumps({"url": url}).encode()
    return server.ask("POST", "/playground/convert", data=body, headers=JSON | (headers or {}))


def meaning_of(server: Pixmill, url: str, headers: dict[str, str] | None = None) -> Any:
    reply = converted(server, url, headers)
    assert reply.status == 200, reply.body
    return reply.json()


@pytest.mark.parametrize(
    ("url", "native", "fields"),
    [
        (
            "/resize?url=fig.jpg&w=300&q=70",
            "/resize?url=fig.jpg&w=300&q=70",
            [["url", "fig.jpg"], ["width", "300"], ["quality", "70"]],
        ),
        (
            "https://images.example.com/api/v1/resize?url=a%20b.jpg&fit=inside#top",
            "/resize?url=a%20b.jpg&fit=inside",
            [["url", "a b.jpg"], ["fit", "inside"]],
        ),
        (
            "  resize?url=fig.jpg&preset=card ",
            "/resize?url=fig.jpg&preset=card",
            [["url", "fig.jpg"], ["preset", "card"]],
        ),
        ("/resize?url=é.jpg", "/resize?url=%C3%A9.jpg", [["url", "é.jpg"]]),
        ("/resize?url=fig.jpg&expires=1924992000&sig=x", "/resize?url=fig.jpg&expires=1924992000", None),
        ("/imgix/fig.jpg?w=300&h=200&fit=crop", None, None),
        ("/_ipx/w_300/fig.jpg", None, None),
    ],
)
def test_a_url_is_read_as_fields(server: Pixmill, url: str, native: str | None, fields: list[list[str]] | None) -> None:
    meaning = meaning_of(server, url)
    assert "problem" not in meaning
    assert native is None or meaning["native"] == native
    assert fields is None or meaning["fields"] == fields
    assert meaning["url"] == meaning["native"]
    assert "signed_url" not in meaning
    by_name = dict(meaning["fields"])
    assert meaning_of(server, f"/resize?{urlencode(by_name)}")["fields"] == meaning["fields"]


@pytest.mark.parametrize("url", ["/imgix/fig.jpg?w=120&h=80&fit=crop&fm=png", "/_ipx/w_120,f_png/fig.jpg"])
def test_the_native_url_gives_the_same_image(server: Pixmill, url: str) -> None:
    meaning = meaning_of(server, url)
    assert server.get(meaning["url"]).body == server.get(url).body


def test_a_url_of_a_service_that_is_not_mounted_is_read_by_its_mark(server: Pixmill) -> None:
    url = "https://res.cloudinary.com/demo/image/fetch/w_300,c_scale/https://example.com/a.jpg"
    meaning = meaning_of(server, url)
    assert meaning["dialect"] == "cloudinary"
    assert dict(meaning["fields"])["url"] == "https://example.com/a.jpg"
    assert dict(meaning["fields"])["width"] == "300"


@pytest.mark.parametrize(
    ("url", "code", "param"),
    [
        ("/resize?url=fig.jpg&width=wide", "invalid_parameter", "width"),
        ("/resize?url=fig.jpg&w=0&h=20", "invalid_parameter", "width"),
        ("/resize?url=fig.jpg&wdth=3", "unknown_parameter", "wdth"),
        ("/resize?url=fig.jpg&width=3&w=4", "repeated_parameter", "width"),
        ("/resize?width=3", "missing_parameter", "url"),
        ("/resize?url=fig.jpg&overlay=url:logo.png,size:x", "invalid_parameter", "overlay"),
        ("/resize?url=fig.jpg&preset=none", "invalid_parameter", "preset"),
        ("/resize?url=fig.jpg&%zz=1", "unknown_parameter", "%zz"),
        ("/resize?url=fig.jpg&width=%zz", "malformed_request", None),
        ("/info?url=fig.jpg", "invalid_parameter", "url"),
        ("/none/of/all", "route_not_found", None),
        ("https://example.com/", "route_not_found", None),
        ("", "route_not_found", None),
        ("/resize?url=" + "a" * 9_000, "request_too_large", None),
    ],
)
def test_a_problem_names_the_parameter(server: Pixmill, url: str, code: str, param: str | None) -> None:
    problem = meaning_of(server, url)["problem"]
    assert (problem["code"], problem["param"]) == (code, param)
    assert problem["detail"]


def test_a_problem_leaves_the_fields_that_can_be_read(server: Pixmill) -> None:
    meaning = meaning_of(server, "/resize?url=fig.jpg&width=wide&fit=cover&format=%ff")
    assert meaning["fields"] == [["url", "fig.jpg"], ["width", "wide"], ["fit", "cover"]]


@pytest.mark.parametrize("query", ["url=fig.jpg&width=wide", "url=a/../b", "url=fig.jpg&then=blur=x", "width=3&wdth=4"])
def test_it_is_the_problem_that_a_request_has(server: Pixmill, query: str) -> None:
    reply = server.get(f"/resize?{query}").json()
    problem = meaning_of(server, f"/resize?{query}")["problem"]
    assert problem == {"code": reply["code"], "detail": reply["detail"], "param": reply.get("param")}


def test_the_request_is_written_in_the_grammar_of_every_mount(server: Pixmill) -> None:
    """Or there is a reason; what is written gives the same image."""
    native = "/resize?url=fig.jpg&width=60&format=png"
    dialects = {one["name"]: one for one in meaning_of(server, native)["dialects"]}
    assert list(dialects) == ["imgix", "ipx"]
    assert dialects["imgix"]["title"] == "imgix"
    for one in dialects.values():
        reply = server.get(one["url"])
        assert (reply.status, reply.headers["content-type"]) == (200, "image/png"), one
        assert meaning_of(server, one["url"])["dialect"] == one["name"]
    refused = meaning_of(server, "/resize?url=fig.jpg&width=60&clahe=32")["dialects"]
    assert [(one["url"], bool(one["reason"])) for one in refused] == [(None, True), (None, True)]


def test_urls_of_dialects_are_signed_as_native_ones_are() -> None:
    """With the keys of their mounts, for those who may have signatures."""
    entry = {"dialect": "imgix", "mount": "/imgix", "keys": "a-key-of-the-imgix-mount"}
    with Pixmill(
        images=PHOTOS.as_posix(),
        workers=1,
        keys=KEY,
        playground="on",
        trusted_proxies="127.0.0.0/8",
        dialects=json.dumps([entry]),
    ) as server:
        native = "/resize?url=fig.jpg&width=60&format=png"
        (local,) = meaning_of(server, native)["dialects"]
        assert server.get(local["url"]).status == 200
        (remote,) = meaning_of(server, native, STRANGER)["dialects"]
        assert remote["url"] is None or server.get(remote["url"]).status == 403


# ---------------------------------------------------------------- signatures


def test_a_client_on_this_machine_gets_a_signature_that_holds(signed_server: Pixmill) -> None:
    assert signed_server.get("/resize?url=fig.jpg&width=60").status == 403
    meaning = meaning_of(signed_server, "/resize?url=fig.jpg&width=60&sig=wrong")
    assert meaning["url"] == meaning["signed_url"]
    assert meaning["native"] == "/resize?url=fig.jpg&width=60"
    assert signed_server.get(meaning["url"]).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        STRANGER,
        {"Host": "images.internal"},
        {"Host": "10.0.0.7"},
        {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
    ],
)
def test_a_stranger_gets_no_signature(signed_server: Pixmill, headers: dict[str, str]) -> None:
    meaning = meaning_of(signed_server, "/resize?url=fig.jpg&width=60", headers)
    assert (meaning["url"], "signed_url" in meaning) == ("/resize?url=fig.jpg&width=60", False)
    assert "sig=" not in json.dumps(meaning)


def test_a_token_gets_a_signature(signed_server: Pixmill) -> None:
    token = STRANGER | {"Authorization": f"Bearer {TOKEN}"}
    assert signed_server.get(meaning_of(signed_server, "/resize?url=fig.jpg&width=60", token)["url"]).status == 200


@pytest.mark.parametrize("url", ["/info?url=fig.jpg", "/srcset?url=fig.jpg&sepia=50"])
def test_facts_and_a_srcset_get_a_signature_too(signed_server: Pixmill, url: str) -> None:
    meaning = meaning_of(signed_server, url)
    assert meaning["fields"] == []
    assert meaning["url"].startswith(f"{url}&sig=")
    assert signed_server.get(meaning["url"]).status == 200
    assert "sig=" not in json.dumps(meaning_of(signed_server, url, STRANGER))


def test_what_is_no_valid_request_is_not_signed(signed_server: Pixmill) -> None:
    assert "sig=" not in json.dumps(meaning_of(signed_server, "/resize?url=fig.jpg&width=wide"))


def test_an_encrypted_source_is_not_shown_to_strangers() -> None:
    """A URL of imgproxy whose source is in Base64 needs its signature, as a request does."""
    entry = {"dialect": "imgproxy", "mount": "/p", "keys": "", "options": {"key": "736563726574", "salt": "68656c6c6f"}}
    with Pixmill(
        workers=1, keys=KEY, playground="on", trusted_proxies="127.0.0.0/8", dialects=json.dumps([entry])
    ) as server:
        url = "/p/unsigned/rs:fit:30:30/plain/https://example.com/secret.jpg"
        assert meaning_of(server, url, STRANGER)["problem"]["code"] == "signature_invalid"
        assert "secret" not in json.dumps(meaning_of(server, url, STRANGER))


def test_what_is_encrypted_is_not_shown_to_a_stranger_who_has_a_valid_url() -> None:
    """Every page that shows the image has its signed URL."""
    options = {"source_url_encryption_key": "00" * 16}
    encoded = "AAAAAAAAAAAAAAAAAAAAAA" + "A" * 21
    entry = {"dialect": "imgproxy", "mount": "/p", "source": "/", "options": options}
    with Pixmill(workers=1, playground="on", trusted_proxies="127.0.0.0/8", dialects=json.dumps([entry])) as server:
        url = f"/p/unsafe/rs:fit:30:30/enc/{encoded}"
        problem = meaning_of(server, url, STRANGER)["problem"]
        assert (problem["code"], problem["param"]) == ("forbidden", "url")


# ---------------------------------------------------------------- hostile bodies


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_request"),
        (b"{", 400, "malformed_request"),
        (b"[" * 100_000, 400, "invalid_parameter"),
        (b'{"url":' * 50_000, 400, "invalid_parameter"),
        (b'{"a":' * 50_000, 400, "malformed_request"),
        (b'{"url": "\\ud800"}', 400, "malformed_request"),
        (b"null", 400, "invalid_parameter"),
        (b'{"url": 7}', 400, "invalid_parameter"),
        (b"{}", 400, "invalid_parameter"),
        (b'{"url": "\xff"}', 400, "malformed_request"),
        (b'{"url": "' + b"a" * 2_000_000 + b'"}', 413, "upload_too_large"),
    ],
)
def test_a_body_that_is_none_is_refused(server: Pixmill, body: bytes, status: int, code: str) -> None:
    reply = server.ask("POST", "/playground/convert", data=body, headers=JSON)
    assert (reply.status, reply.json()["code"]) == (status, code)


def test_a_dialect_keeps_its_own_urls() -> None:
    """A dialect on a host of its own has any path there, except those that it does not answer."""
    entry = {"dialect": "weserv", "host": "localhost"}
    with Pixmill(images=PHOTOS.as_posix(), workers=1, dialects=json.dumps([entry])) as server:
        own = {"Host": "localhost"}
        assert server.get("/", own).headers["content-type"] == "application/json"
        assert server.get("/", own).json()["code"] == 400
        assert server.get("/").body == assets()["index.html"].content
        assert server.get("/playground", own).body == assets()["index.html"].content
