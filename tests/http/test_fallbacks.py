"""What is sent instead of an image that cannot be fetched or decoded."""

import io
import json
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from pixmill.dialects.signing import Keyring
from pixmill.settings import SettingsError, load
from tests.e2e.scenes import until
from tests.http.test_emgr import Reply, get
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill


def colour(name: str, form: str = "PNG", size: tuple[int, int] = (60, 40)) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, name).save(body, form)
    return body.getvalue()


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        origin.serve("/red.png", colour("red"), headers={"ETag": '"red"', "Cache-Control": "max-age=86400"})
        origin.serve("/blue.png", colour("blue"))
        origin.serve("/text.png", b"no image at all")
        origin.serve("/private.png", colour("blue"), headers={"Cache-Control": "no-store"})
        origin.serve("/broken", b"", status=500)
        origin.serve("/elsewhere/red.png", colour("red"))
        yield origin


@pytest.fixture(scope="module")
def server(origin: Origin) -> Iterator[Pixmill]:
    base = origin.url("").rstrip("/")
    mounts = [
        {"dialect": "native", "mount": "/default", "fallback": f"{base}/blue.png", "fallback_status": 0},
        {"dialect": "native", "mount": "/base", "source": base, "sources": f"{base}/blue.png", "fallback": "blue.png"},
        {"dialect": "native", "mount": "/listed", "source": f"{base}/b", "sources": f"{base}/blue.png"},
    ]
    with Pixmill(
        allowed_networks="127.0.0.0/8",
        allowed_sources=f"{base}/red.png,{base}/blue.png,{base}/missing,{base}/text.png,{base}/broken,{base}/b",
        workers=1,
        cache="memory://",
        dialects=json.dumps(mounts),
        negative_ttl_not_found_s=30,
    ) as server:
        yield server


def fetch(server: Pixmill, origin: Origin, name: str, query: str = "", mount: str = "", method: str = "GET") -> Reply:
    target = f"{mount}/resize?url={origin.url(name)}&width=30&format=png{query}"
    return get(server, target.replace("{o}", origin.url("").rstrip("/")), "localhost", method)


def pixel(reply: Reply) -> tuple[tuple[int, int], object]:
    with reply.image as image:
        return image.size, image.convert("RGB").getpixel((5, 5))


RED, BLUE = ((30, 20), (255, 0, 0)), ((30, 20), (0, 0, 255))


@pytest.mark.parametrize("name", ["/missing", "/text.png", "/broken"])
def test_another_image_with_the_same_parameters(server: Pixmill, origin: Origin, name: str) -> None:
    for _ in range(3):
        reply = fetch(server, origin, name, "&fallback={o}/red.png")
        assert (reply.status, pixel(reply), reply.headers["content-type"]) == (200, RED, "image/png")
        assert "etag" not in reply.headers, "it is no version of the image that was asked for"
    head = fetch(server, origin, name, "&fallback={o}/red.png", method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(reply.body)))


@pytest.mark.parametrize(("name", "control"), [("/missing", "public, max-age="), ("/broken", "no-store")])
def test_it_is_cached_for_as_long_as_the_error(server: Pixmill, origin: Origin, name: str, control: str) -> None:
    error = fetch(server, origin, name)
    reply = fetch(server, origin, name, "&fallback={o}/red.png")
    for one in (error, reply):
        assert one.headers["cache-control"].startswith(control)
    if name == "/missing":
        assert int(reply.headers["cache-control"].rpartition("=")[2]) <= 30
        assert "negative-source_not_found" in reply.headers["cache-status"]


def test_its_status_is_200_or_that_of_the_error(server: Pixmill, origin: Origin) -> None:
    reply = fetch(server, origin, "/missing", "&fallback={o}/red.png&fallback_status=error")
    assert (reply.status, pixel(reply)) == (404, RED)


def test_the_image_itself_is_sent_as_soon_as_it_is_there(origin: Origin) -> None:
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache="memory://", negative_ttl_not_found_s=0) as server:
        for _ in range(2):
            assert pixel(fetch(server, origin, "/late.png", "&fallback={o}/red.png")) == RED
        origin.serve("/late.png", colour("blue"))
        reply = fetch(server, origin, "/late.png", "&fallback={o}/red.png")
        assert pixel(reply) == BLUE
        assert reply.headers["etag"] == fetch(server, origin, "/late.png").headers["etag"]


def test_no_fallback_stands_for_a_request_that_is_wrong_or_not_allowed(server: Pixmill, origin: Origin) -> None:
    assert fetch(server, origin, "/elsewhere/x.png", "&fallback={o}/red.png").status == 403
    assert fetch(server, origin, "/missing", "&fallback={o}/red.png&width=x").status == 400
    assert fetch(server, origin, "/red.png", "&fallback={o}/blue.png&overlay=url:missing.png").status != 200


def test_the_error_is_sent_if_the_fallback_fails_too(server: Pixmill, origin: Origin) -> None:
    for other in ("{o}/missing", "{o}/text.png", "{o}/elsewhere/red.png"):
        reply = fetch(server, origin, "/broken", f"&fallback={other}")
        assert (reply.status, json.loads(reply.body)["code"]) == (502, "source_bad_response"), other


def test_a_mount_has_a_fallback_for_all_that_name_none(server: Pixmill, origin: Origin) -> None:
    reply = fetch(server, origin, "/missing", mount="/default")
    assert (reply.status, pixel(reply)) == (404, BLUE)
    reply = fetch(server, origin, "/missing", "&fallback={o}/red.png", mount="/default")
    assert (reply.status, pixel(reply)) == (200, RED)
    relative = get(server, "/base/resize?url=missing&width=30&format=png", "localhost")
    assert (relative.status, pixel(relative)) == (200, BLUE)
    target = "/listed/resize?url=missing&width=30&format=png&fallback="
    allowed = get(server, target + origin.url("/blue.png"), "localhost")
    assert (allowed.status, pixel(allowed)) == (200, BLUE)
    refused = get(server, target + origin.url("/red.png"), "localhost")
    assert refused.status == 404, "the list of the mount does not allow it"


def test_fallbacks_are_counted_by_error(server: Pixmill, origin: Origin) -> None:
    fetch(server, origin, "/missing", "&fallback={o}/red.png")
    page = get(server, "/metrics", "localhost").body.decode()
    assert 'pixmill_fallbacks_total{outcome="source_not_found"}' in page
    line = next(one for one in page.splitlines() if one.startswith("pixmill_requests_total{") and 'status="200"' in one)
    assert line


def server_with(origin: Origin, **settings: str | float) -> Pixmill:
    base = origin.url("").rstrip("/")
    mounts = [
        {"dialect": "native", "mount": "/entry", "fallback": f"{base}/red.png", "fallback_status": 0},
        {"dialect": "imgproxy", "mount": "/ip", "keys": "", "options": {"fallback_image_url": f"{base}/red.png"}},
        {"dialect": "imgproxy", "mount": "/plain", "keys": ""},
        {"dialect": "emgr", "mount": "/emgr"},
        {"dialect": "cloudflare", "mount": "/cf"},
        {"dialect": "iiif", "mount": "/iiif", "source": base},
    ]
    given: dict[str, str | float] = {
        "allowed_networks": "127.0.0.0/8",
        "workers": 1,
        "cache": "memory://",
        "dialects": json.dumps(mounts),
        "fallback_image": f"{base}/blue.png",
        "unsigned": "allow",
        "negative_ttl_not_found_s": 30,
    }
    return Pixmill(**(given | settings))


@pytest.fixture(scope="module")
def defaulted(origin: Origin) -> Iterator[Pixmill]:
    with server_with(origin) as server:
        yield server


def test_the_server_has_a_fallback_for_all_that_have_none(defaulted: Pixmill, origin: Origin) -> None:
    for _ in range(2):
        reply = fetch(defaulted, origin, "/missing")
        assert (reply.status, pixel(reply)) == (200, BLUE)
        assert reply.headers["pixmill-fallback"] == "source_not_found"
        assert "etag" not in reply.headers
        assert "last-modified" not in reply.headers
    assert "pixmill-fallback" not in fetch(defaulted, origin, "/red.png").headers
    assert fetch(defaulted, origin, "/text.png").headers["pixmill-fallback"] == "unsupported_image"


def test_the_url_comes_before_the_entry_and_that_before_the_server(defaulted: Pixmill, origin: Origin) -> None:
    entry = fetch(defaulted, origin, "/missing", mount="/entry")
    assert (entry.status, pixel(entry)) == (404, RED)
    named = fetch(defaulted, origin, "/missing", "&fallback={o}/elsewhere/red.png", mount="/entry")
    assert (named.status, pixel(named)) == (200, RED)
    missing = origin.url("/missing")
    option = get(defaulted, f"/ip/unsafe/rs:fit:30:20/plain/{missing}@png", "localhost")
    assert (option.status, pixel(option)) == (200, RED)
    default = get(defaulted, f"/plain/unsafe/rs:fit:30:20/plain/{missing}@png", "localhost")
    assert (default.status, pixel(default)) == (200, BLUE)
    redirected = get(defaulted, f"/cf/cdn-cgi/image/width=30,onerror=redirect,format=png/{missing}", "localhost")
    assert (redirected.status, pixel(redirected)) == (200, BLUE), "the server must not redirect there"
    iiif = get(defaulted, "/iiif/3/missing/full/30,/0/default.png", "localhost")
    assert (iiif.status, pixel(iiif)) == (200, BLUE)


def test_a_dialect_that_redirects_to_results_has_the_fallback_too(defaulted: Pixmill, origin: Origin) -> None:
    target = f"/emgr/api/images/resize?url={origin.url('/missing')}&width=30"
    reply = get(defaulted, target, "localhost")
    assert (reply.status, reply.headers["pixmill-fallback"]) == (200, "source_not_found")
    assert pixel(reply)[0] == (30, 20)


@pytest.mark.parametrize(
    ("ttl_s", "control"), [(7, "public, max-age=7"), (0, "public, no-cache"), (3600, "public, max-age=")]
)
def test_its_lifetime_is_a_setting_and_never_longer_than_that_of_the_error(
    origin: Origin, ttl_s: int, control: str
) -> None:
    with server_with(origin, fallback_ttl_s=ttl_s, fallback_status=0) as server:
        reply = fetch(server, origin, "/missing")
        assert (reply.status, pixel(reply)) == (404, BLUE)
        assert reply.headers["cache-control"].startswith(control)
        if ttl_s > 30:
            assert int(reply.headers["cache-control"].rpartition("=")[2]) <= 30
        assert fetch(server, origin, "/broken").headers["cache-control"] == "no-store"


def test_a_fallback_that_fails_leaves_the_error_and_is_logged(origin: Origin) -> None:
    with server_with(origin, fallback_image=origin.url("/gone.png")) as server:
        reply = fetch(server, origin, "/missing")
        assert (reply.status, json.loads(reply.body)["code"]) == (404, "source_not_found")
        assert "pixmill-fallback" not in reply.headers
        itself = fetch(server, origin, "/gone.png")
        assert (itself.status, json.loads(itself.body)["code"]) == (404, "source_not_found"), (
            "no fallback of a fallback"
        )
        until(lambda: "fallback_failed" in server.log(), 30, "it is in the log")
        page = get(server, "/metrics", "localhost").body.decode()
        assert 'pixmill_fallbacks_total{outcome="error"}' in page


def test_signed_urls_have_it_and_unsigned_ones_their_error(origin: Origin) -> None:
    key = "0123456789abcdef0123456789abcdef"
    with server_with(origin, keys=key, dialects="[]", unsigned="deny") as server:
        target = f"/resize?url={origin.url('/missing')}&width=30&format=png"
        assert get(server, target, "localhost").status == 403
        signed = Keyring.from_text(key).sign(b"/resize", target.partition("?")[2].encode())
        reply = get(server, signed, "localhost")
        assert (reply.status, pixel(reply)) == (200, BLUE)


def test_no_cache_keeps_it_longer_than_its_signature(origin: Origin) -> None:
    key = "0123456789abcdef0123456789abcdef"
    with server_with(
        origin, keys=key, dialects="[]", unsigned="deny", negative_ttl_not_found_s=3_600, fallback_ttl_s=3_600
    ) as server:
        query = f"url={origin.url('/missing')}&width=30&format=png&expires={int(time.time()) + 600}"
        reply = get(server, Keyring.from_text(key).sign(b"/resize", query.encode()), "localhost")
        assert (reply.status, pixel(reply)) == (200, BLUE)
        assert int(reply.headers["cache-control"].rpartition("=")[2]) <= 600


def test_a_fallback_that_its_origin_lets_nobody_store_is_not_stored(defaulted: Pixmill, origin: Origin) -> None:
    reply = fetch(defaulted, origin, "/missing", "&fallback={o}/private.png")
    assert (reply.status, pixel(reply)) == (200, BLUE)
    assert reply.headers["cache-control"] == "no-store"


def test_a_generated_canvas_needs_no_file(origin: Origin) -> None:
    with server_with(origin, fallback_image="canvas:60x40,00ff00", allowed_sources=f"{origin.url('')}") as server:
        assert pixel(fetch(server, origin, "/missing")) == ((30, 20), (0, 255, 0))
        auto = get(server, f"/resize?url={origin.url('/missing')}&format=auto", "localhost")
        assert auto.headers["vary"] == "Accept"


def test_what_is_not_the_originals_fault_stays_an_error(defaulted: Pixmill, origin: Origin) -> None:
    assert fetch(defaulted, origin, "/missing", "&width=x").status == 400
    facts = get(defaulted, f"/info?url={origin.url('/missing')}", "localhost")
    assert (facts.status, json.loads(facts.body)["code"]) == (404, "source_not_found")
    upload = get(defaulted, "/resize?width=30", "localhost", "POST")
    assert upload.status == 415


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"fallback_image": "missing.png"}, "PIXMILL_IMAGES"),
        ({"fallback_image": "ftp://a/b"}, "scheme"),
        (
            {"fallback_image": "https://a.example/b.png", "allowed_sources": "https://b.example/"},
            "PIXMILL_ALLOWED_SOURCES",
        ),
        ({"fallback_image": "canvas:1x1", "fallback_status": 301}, "200 to 299"),
    ],
)
def test_a_fallback_that_cannot_work_is_found_at_the_start(settings: dict[str, str], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load(settings)
