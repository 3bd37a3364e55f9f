"""Formats in an order of the URL: who gets which, what is shared, and what cannot be written."""

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.e2e.scenes import until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply

ORDER = "auto:avif,webp,original"
CHROME = "image/avif,image/webp,*/*;q=0.8"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="9" height="9"/></svg>'


def made(form: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    body = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(body, form, **options)
    return body.getvalue()


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    animation = io.BytesIO()
    frames[0].save(animation, "GIF", save_all=True, append_images=frames[1:], duration=100)
    with Origin() as origin:
        origin.serve("/a.jpg", made("JPEG"))
        origin.serve("/a.png", made("PNG"))
        origin.serve("/a.bmp", made("BMP"))
        origin.serve("/wide.png", made("PNG", (17_000, 2)))
        origin.serve("/a.gif", animation.getvalue())
        origin.serve("/a.svg", DRAWING, headers={"Content-Type": "image/svg+xml"})
        yield origin


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(workers=1, cache="memory://", max_result_side=20_000, allowed_networks="127.0.0.0/8") as server:
        yield server


def get(server: Pixmill, url: str, accept: str, **query: object) -> Reply:
    return server.get("/resize", {"Accept": accept}, url=url, **query)


@pytest.mark.parametrize(
    ("name", "accept", "kind"),
    [
        ("/a.jpg", CHROME, "image/avif"),
        ("/a.jpg", "image/webp", "image/webp"),
        ("/a.jpg", "*/*", "image/jpeg"),
        ("/a.png", "image/*", "image/png"),
        ("/a.gif", CHROME, "image/avif"),
        ("/a.gif", "image/webp", "image/webp"),
        ("/a.gif", "*/*", "image/gif"),
        ("/a.svg", "*/*", "image/svg+xml"),
        ("/a.svg", CHROME, "image/avif"),
    ],
)
def test_the_first_that_accept_names_else_the_format_of_the_original(
    server: Pixmill, origin: Origin, name: str, accept: str, kind: str
) -> None:
    reply = get(server, origin.url(name), accept, format=ORDER, width=20)
    vary = "Accept, Accept-Encoding" if kind == "image/svg+xml" else "Accept"
    assert (reply.status, reply.headers["content-type"], reply.headers["vary"]) == (200, kind, vary)
    if name == "/a.gif":
        with Image.open(io.BytesIO(reply.body)) as image:
            assert getattr(image, "n_frames", 1) == 3, "an animation stays one"


@pytest.mark.parametrize(("accept", "explicit"), [(CHROME, "avif"), ("image/webp", "webp"), ("*/*", "original")])
def test_the_result_is_that_of_the_format_by_name(server: Pixmill, origin: Origin, accept: str, explicit: str) -> None:
    url = origin.url("/a.jpg")
    ordered = get(server, url, accept, format=ORDER, width=21)
    named = get(server, url, "*/*", format=explicit, width=21)
    assert (named.headers["etag"], named.body) == (ordered.headers["etag"], ordered.body)
    assert "hit" in named.headers["cache-status"], "both share one entry"
    assert "vary" not in named.headers
    for _ in range(2):  # the second by the fast path
        again = get(server, url, accept, format=ORDER, width=21)
        assert "hit" in again.headers["cache-status"]
        assert again.headers["vary"] == "Accept"


def test_the_next_format_is_taken_where_the_first_cannot_hold_the_result(server: Pixmill, origin: Origin) -> None:
    """A WebP has at most 16,383 pixels along a side."""
    wide = {"flip": "vertical"}
    for _ in range(3):
        reply = get(server, origin.url("/wide.png"), "image/webp", format="auto:webp,original", **wide)
        assert (reply.status, reply.headers["content-type"], reply.headers["vary"]) == (200, "image/png", "Accept")
    assert get(server, origin.url("/wide.png"), "image/webp", format="webp", **wide).status == 422


def test_an_error_of_the_original_varies_too(server: Pixmill, origin: Origin) -> None:
    reply = get(server, origin.url("/missing.jpg"), CHROME, format=ORDER)
    assert (reply.status, reply.headers["vary"]) == (404, "Accept")


def test_a_purge_reaches_the_results_of_every_format(origin: Origin) -> None:
    token = "a-token-of-sixteen-and-more"
    with Pixmill(workers=1, cache="memory://", allowed_networks="127.0.0.0/8", admin_token=token) as server:
        url, admin = origin.url("/a.jpg"), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for accept in (CHROME, "*/*"):
            get(server, url, accept, format=ORDER)
        assert (
            server.ask("POST", "/admin/purge", headers=admin, data=json.dumps({"sources": [url]}).encode()).status < 300
        )
        for accept in (CHROME, "*/*"):
            assert "hit" not in get(server, url, accept, format=ORDER).headers["cache-status"]


def test_a_warmed_order_is_there_for_clients_of_its_first_format(origin: Origin) -> None:
    token = "a-token-of-sixteen-and-more"
    with Pixmill(workers=1, cache="memory://", allowed_networks="127.0.0.0/8", admin_token=token) as server:
        url, admin = origin.url("/a.png"), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = json.dumps([f"/resize?url={url}&format={ORDER}"]).encode()
        assert server.ask("POST", "/admin/warm", headers=admin, data=data).status == 202
        until(lambda: server.get("/admin/warm", admin).json()["done"].get("rendered") == 1, 60, "the image is warmed")
        assert "hit" in get(server, url, CHROME, format=ORDER).headers["cache-status"]
