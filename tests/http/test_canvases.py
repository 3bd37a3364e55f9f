"""Generated originals in every route: nothing is fetched, and the answer is that for a file."""

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.http.test_emgr import Reply, get
from tests.servers.pixmill import Pixmill


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    """Serve an installation that may fetch from nowhere."""
    with Pixmill(
        allowed_sources="https://nowhere.example/", workers=1, cache="memory://", max_pixels=1_000_000
    ) as server:
        yield server


def picture(reply: Reply) -> Image.Image:
    assert reply.status == 200, reply.body
    return Image.open(io.BytesIO(reply.body)).convert("RGBA")


def test_a_canvas_is_rendered_like_any_original(server: Pixmill) -> None:
    image = picture(get(server, "/resize?url=canvas:80x60,ff0000&width=40&padding=5&background=00f&format=png"))
    assert image.size == (50, 40)
    assert (image.getpixel((0, 0)), image.getpixel((20, 20))) == ((0, 0, 255, 255), (255, 0, 0, 255))


def test_spellings_of_a_canvas_share_a_result(server: Pixmill) -> None:
    first = get(server, "/resize?url=canvas:8x6,f00&format=png")
    other = get(server, "/resize?url=CANVAS:8x6,FF0000FF&format=png")
    assert first.headers["etag"] == other.headers["etag"]
    assert "immutable" in first.headers["cache-control"]


def test_a_canvas_is_an_overlay_and_a_mask(server: Pixmill) -> None:
    query = "url=canvas:40x40,fff&overlay=url:canvas:10x10%2C%2C00ff00,gravity:nw&format=png"
    image = picture(get(server, f"/resize?{query}"))
    assert (image.getpixel((5, 5)), image.getpixel((30, 30))) == ((0, 255, 0, 255), (255, 255, 255, 255))
    masked = picture(get(server, "/resize?url=canvas:9x9,f00&mask=alpha:canvas:9x9,00ff0080&format=png"))
    assert masked.getpixel((4, 4)) == (255, 0, 0, 128)


def test_facts_and_candidates_of_a_canvas(server: Pixmill) -> None:
    facts = json.loads(get(server, "/info?url=canvas:80x60,f00").body)
    assert (facts["width"], facts["height"], facts["format"]) == (80, 60, "png")
    candidates = get(server, "/srcset?url=canvas:80x60,f00&widths=20,40")
    assert candidates.status == 200
    assert b"canvas:80x60" in candidates.body


@pytest.mark.parametrize(
    "text", ["canvas:0x5", "canvas:5x5,red", "canvas:16384x1", "canvas:16383x16383", "canvas://h/"]
)
def test_a_canvas_that_cannot_be_is_refused(server: Pixmill, text: str) -> None:
    reply = get(server, f"/resize?url={text}")
    assert (reply.status, json.loads(reply.body)["param"]) == (400, "url")


def test_the_limits_of_originals_apply(server: Pixmill) -> None:
    assert json.loads(get(server, "/resize?url=canvas:1100x1000,f00").body)["code"] == "image_too_large"
