"""EmgR URLs against a running server and a real origin: hostile input, keys, other servers.

``tests/compat/test_emgr.py`` has the cases of EmgR's own behaviour.
"""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from PIL import Image

from tests.e2e.scenes import metric
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

HOST = "img.example.com"
MOUNTS = [{"dialect": "emgr", "host": HOST}]
IMMUTABLE = "public, max-age=31536000, immutable"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str:
        return self.headers["location"]

    @property
    def image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.body))


def get(server: Pixmill, target: str, host: str = HOST, method: str = "GET") -> Reply:
    """The first answer: redirects are not followed."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, target, headers={"Host": host})
        response = connection.getresponse()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def resize(server: Pixmill, url: str, query: str = "") -> Reply:
    return get(server, f"/api/images/resize?url={quote(url, safe='')}{query}")


def follow(server: Pixmill, url: str, query: str = "") -> Reply:
    first = resize(server, url, query)
    assert first.status == 301, first
    return get(server, first.location)


def picture(form: str, width: int, height: int, **options: object) -> bytes:
    body = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(body, form, **options)
    return body.getvalue()


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        origin.serve("/L.jpg", picture("JPEG", 1200, 800), headers={"ETag": '"1"'})
        origin.serve("/S.jpg", picture("JPEG", 100, 80))
        origin.serve("/W.png", picture("PNG", 400, 200))
        frames = [Image.new("RGB", (120, 90), colour) for colour in ("red", "green", "blue")]
        gif = io.BytesIO()
        frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:], duration=100)
        origin.serve("/G.gif", gif.getvalue())
        origin.serve("/text.jpg", b"no image")
        yield origin


@pytest.fixture(scope="module")
def server(origin: Origin) -> Iterator[Pixmill]:
    with Pixmill(
        allowed_networks="127.0.0.0/8",
        allowed_sources=f"http://127.0.0.1:{origin.port}",
        workers=1,
        cache="memory://",
        dialects=json.dumps(MOUNTS),
    ) as server:
        yield server


def test_the_first_answer_is_a_redirect_to_a_key(server: Pixmill, origin: Origin) -> None:
    """The key is longer than EmgR's, since it carries the request."""
    reply = resize(server, origin.url("/L.jpg"), "&width=300")
    assert reply.status == 301
    assert reply.location.startswith("/api/images/files/")
    assert reply.location.endswith(".jpg")
    assert reply.body == b""
    assert "max-age" in reply.headers["cache-control"]
    assert get(server, reply.location, method="HEAD").headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("name", ["/nope.jpg", "/text.jpg"])
def test_a_failed_resize_redirects_to_the_original(server: Pixmill, origin: Origin, name: str) -> None:
    """Only for a moment, though: EmgR's browsers would never ask again."""
    reply = resize(server, origin.url(name), "&width=300")
    assert (reply.status, reply.location, reply.body) == (301, origin.url(name), b"")
    assert reply.headers["cache-control"] != IMMUTABLE
    seconds = int(reply.headers["cache-control"].rpartition("=")[2])
    assert seconds <= 60


@pytest.mark.parametrize(
    "query",
    [
        "?width=300",
        "?url=L.jpg&width=abc",
        "?url=L.jpg&format=tiff",
        "?url=L.jpg&width=0",
        "?url=L.jpg&width=-1",
        "?url=L.jpg&width=16384",
        "?url=L.jpg&width=99999999999999999999",
        "?url=L.jpg&width=%D9%A3",
        "?url=L.jpg&blur_sigma=101",
        "?url=L.jpg&blur_sigma=nan",
        "?url=L.jpg&blur_sigma=1e1",
        "?url=L.jpg&grayscale=1",
        "?url=L.jpg&url=S.jpg",
        "?url=%FF",
        "?url=a%0d%0ab",
        "?url=",
        "?url=ftp://a/b",
        "?url=http://user:pass@a/b",
        f"?url={'a/' * 2600}x",
    ],
)
def test_what_is_not_valid_is_told_as_text(server: Pixmill, query: str) -> None:
    """A missing URL, an invalid number and an unknown format are errors, not redirects."""
    reply = get(server, f"/api/images/resize{query}")
    assert reply.status in {400, 414}
    assert reply.headers["content-type"].startswith("text/plain")
    assert "location" not in reply.headers


def test_the_root_leads_to_health(server: Pixmill) -> None:
    """The host of EmgR has its own text on health, not Pixmill's JSON."""
    root, health = get(server, "/"), get(server, "/health")
    assert (root.status, root.location) == (308, "/health")
    assert (health.status, health.body) == (200, b"OK")


def test_pixmill_keeps_its_own_paths_on_other_hosts(server: Pixmill, origin: Origin) -> None:
    assert json.loads(get(server, "/health", host="other.example").body)["status"] == "ok"
    assert get(server, "/", host="other.example").status == 404
    assert get(server, "/api/images/resize?url=L.jpg", host="other.example").status == 404
    assert get(server, f"/resize?url={quote(origin.url('/S.jpg'))}&width=20").status == 200, "native is behind it"


def test_metrics_have_the_routes_of_the_dialect(server: Pixmill, origin: Origin) -> None:
    follow(server, origin.url("/L.jpg"), "&width=31")
    assert metric(server, "pixmill_requests_total", route="/api/images/resize", status="301", format="none") > 0
    assert metric(server, "pixmill_requests_total", route="/api/images/files/{key}", status="200", format="jpeg") > 0


def test_the_same_image_has_one_entry_whoever_asks(server: Pixmill, origin: Origin) -> None:
    follow(server, origin.url("/L.jpg"), "&width=77&height=55")
    native = f"/resize?url={quote(origin.url('/L.jpg'))}&width=77&height=55&fit=cover&enlarge=true&format=jpeg"
    assert "; hit" in get(server, native).headers["cache-status"]


def test_keys_do_not_collide(server: Pixmill, origin: Origin) -> None:
    """EmgR's key is one text of all values: ``…10`` + ``110`` is ``…101`` + ``10``."""
    queries = ("&width=101&height=10", "&width=10&height=110", "&width=1&height=0110", "&width=10110")
    locations = {resize(server, origin.url("/L.jpg"), query).location for query in queries}
    assert len(locations) == len(queries)


def test_spellings_share_a_key(server: Pixmill, origin: Origin) -> None:
    url = origin.url("/L.jpg")
    spelled = [resize(server, url, query).location for query in ("&width=30", "&width=030&blur_sigma=0&x=y")]
    assert spelled[0] == spelled[1]


def test_a_key_works_after_a_restart_on_another_server_and_tells_when_the_original_has_changed() -> None:
    with ExitStack() as stack:
        origin = stack.enter_context(Origin())
        origin.serve("/a.jpg", picture("JPEG", 100, 80), headers={"ETag": '"1"'})
        settings: dict[str, str | float] = {
            "allowed_networks": "127.0.0.0/8",
            "workers": 1,
            "dialects": json.dumps(MOUNTS),
        }
        with Pixmill(cache="memory://", **settings) as first:
            location = resize(first, origin.url("/a.jpg"), "&width=40").location
            served = get(first, location)
        second = stack.enter_context(Pixmill(cache="memory://", **settings))
        again = get(second, location)
        assert (again.status, again.body, again.headers["etag"]) == (200, served.body, served.headers["etag"])
        assert again.headers["cache-control"] == get(second, location).headers["cache-control"] == IMMUTABLE
        origin.serve("/a.jpg", picture("PNG", 60, 60), headers={"ETag": '"2"'})
        third = stack.enter_context(Pixmill(cache="memory://", **settings))
        changed = [get(third, location) for _ in range(2)]
        assert [reply.status for reply in changed] == [200, 200]
        assert all("immutable" not in reply.headers["cache-control"] for reply in changed), "also from the fast path"
        assert resize(third, origin.url("/a.jpg"), "&width=40").location != location


def test_a_changed_key_is_not_found(server: Pixmill, origin: Origin) -> None:
    location = resize(server, origin.url("/L.jpg"), "&width=30").location
    folder, _, name = location.rpartition("/")
    text, etag, extension = name.split(".")
    for other in (
        f"{text}.{etag}.png",
        f"{text}=.{etag}.{extension}",
        f"{text}A.{etag}.{extension}",
        f"{text[:-1]}.{etag}.{extension}",
        f"{text}.{etag[:-1]}.{extension}",
        f"{text}.{etag}.{extension}x",
        f"{text}.{etag}.{extension}/",
        "%2e%2e",
        "a" * 64 + ".jpg",
        "dXJsPWZpbGU6Ly8vZXRjL3Bhc3N3ZA.0123456789abcdef.jpg",
    ):
        reply = get(server, f"{folder}/{other}")
        assert reply.status == 404, other
        assert reply.body


@pytest.mark.parametrize("url", ["http://evil.example/x.jpg", "http://169.254.169.254/latest", "http://127.0.0.1:1/x"])
def test_forbidden_sources_are_no_open_redirect(server: Pixmill, url: str) -> None:
    reply = resize(server, url)
    assert (reply.status, "location" in reply.headers) == (403, False)


def test_keys_reach_no_source_that_a_resize_does_not(server: Pixmill) -> None:
    from pixmill.dialects.emgr.dialect import _parse_resize  # noqa: PLC0415 - what an attacker could craft

    key = _parse_resize(b"url=http://169.254.169.254/latest").key('"0123456789abcdef"')
    assert get(server, f"/api/images/files/{key}").status == 403


def test_without_trusted_sources_a_failure_is_an_error(origin: Origin) -> None:
    """Otherwise the domain would redirect to wherever an attacker likes."""
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache="memory://", dialects=json.dumps(MOUNTS)) as server:
        reply = resize(server, origin.url("/nope.jpg"))
        assert (reply.status, "location" in reply.headers) == (404, False)


def test_signed_below_a_mount_with_a_base_and_a_cdn(origin: Origin) -> None:
    keys = "0123456789abcdef"
    entry = {
        "dialect": "emgr",
        "mount": "/emgr",
        "source": origin.url("/"),
        "keys": keys,
        "options": {"cdn_base_url": "https://cdn.example/emgr/api/images/files/"},
    }
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache="memory://", dialects=json.dumps([entry])) as server:
        from pixmill.dialects.signing import Keyring  # noqa: PLC0415 - for this test alone

        keyring = Keyring.from_text(keys)
        unsigned = get(server, "/emgr/api/images/resize?url=S.jpg&width=20")
        assert (unsigned.status, b"sign" in unsigned.body.lower()) == (403, True)
        signed = keyring.sign(b"/emgr/api/images/resize", b"url=S.jpg&width=20", 4_000_000_000)
        reply = get(server, signed)
        location = urlsplit(reply.location)
        assert (reply.status, location.netloc) == (301, "cdn.example")
        assert dict(parse_qsl(location.query))["expires"] == "4000000000"
        file_reply = get(server, f"{location.path}?{location.query}")
        assert (file_reply.status, file_reply.image.size) == (200, (20, 16))
        assert get(server, location.path).status == 403
        assert get(server, "/emgr/").location == "/emgr/health"
        assert get(server, "/emgr/health").body == b"OK"
        failed = get(server, keyring.sign(b"/emgr/api/images/resize", b"url=nope.jpg"))
        assert (failed.status, "location" in failed.headers) == (404, False), (
            "a relative original has no URL of its own"
        )
