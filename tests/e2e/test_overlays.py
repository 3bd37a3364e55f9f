"""Overlays through the whole server: fetched by the rules for originals, shared, told apart when one fails, and seen
in the result."""

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.scenes import small_photo
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply


@dataclass(frozen=True)
class World:
    server: Pixmill
    origin: Origin

    def resize(self, overlay: str, **query: Any) -> Reply:
        return self.server.get(
            "/resize", url=self.origin.url("/photo.jpg"), width=200, format="png", overlay=overlay, **query
        )


def flat(colour: tuple[int, ...], width: int = 40, height: int = 20) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def at(reply: Reply, x: int, y: int) -> tuple[int, ...]:
    assert reply.status == 200, reply.body
    with Image.open(io.BytesIO(reply.body)) as image:
        return tuple(int(code) for code in np.asarray(image.convert("RGBA"))[y, x])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    images: Path = tmp_path_factory.mktemp("images")
    (images / "green.png").write_bytes(flat((0, 255, 0)))
    (images / "broken.png").write_bytes(flat((0, 255, 0))[:40])
    with Origin() as origin:
        origin.serve("/photo.jpg", small_photo(), headers={"cache-control": "max-age=600", "etag": '"p"'})
        origin.serve("/red.png", flat((255, 0, 0)), headers={"cache-control": "max-age=60", "etag": '"r"'})
        origin.serve("/slow.png", flat((0, 0, 255)), wait_s=0.5)
        with Pixmill(images=str(images), allowed_networks="127.0.0.0/8") as server:
            yield World(server, origin)


def test_pictures_from_everywhere_and_texts_lie_one_over_the_other(world: World) -> None:
    red, green = f"url:{world.origin.url('/red.png')},gravity:nw", "url:green.png,gravity:nw,x:10"
    reply = world.resize(f"{red};{green};text:Ж,size:50,color:00f,background:00f,gravity:ne")
    assert at(reply, 5, 5) == (255, 0, 0, 255)
    assert at(reply, 15, 5) == (0, 255, 0, 255)
    assert at(reply, 198, 5) == (0, 0, 255, 255)


def test_a_result_is_as_fresh_as_the_least_fresh_of_its_pictures(world: World) -> None:
    plain = world.server.get("/resize", url=world.origin.url("/photo.jpg"), width=201)
    laid = world.resize(f"url:{world.origin.url('/red.png')},gravity:e")
    assert re.match(r"public, max-age=(600|59\d),", str(plain.headers["cache-control"]))
    assert re.match(r"public, max-age=(60|5\d),", str(laid.headers["cache-control"]))


@pytest.mark.parametrize(
    ("second", "status", "code", "param"),
    [
        ("url:missing.png", 404, "source_not_found", "overlay"),
        ("url:http://10.0.0.1/a.png", 403, "address_forbidden", "overlay"),
        ("url:broken.png", 422, "undecodable_image", "overlay"),
        ("url:ftp://host/a.png", 400, "invalid_parameter", "overlay"),
        ("url:green.png,width:0", 400, "invalid_parameter", "overlay"),
    ],
)
def test_an_overlay_that_fails_says_which(world: World, second: str, status: int, code: str, param: str) -> None:
    reply = world.resize(f"url:green.png;{second}")
    problem = reply.json()
    assert (reply.status, problem["code"], problem["param"]) == (status, code, param)
    assert problem["detail"].startswith("Overlay 2: ")


def test_a_mask_that_is_missing_says_so(world: World) -> None:
    reply = world.server.get("/resize", url=world.origin.url("/photo.jpg"), width=50, mask="alpha:missing.png")
    assert (reply.status, reply.json()["param"]) == (404, "mask")


def test_many_results_fetch_an_overlay_once_at_a_time(world: World) -> None:
    overlay = f"url:{world.origin.url('/slow.png')}"
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda x: world.resize(f"{overlay},x:{x}"), range(6)))
    assert [reply.status for reply in replies] == [200] * 6
    assert world.origin.count("/slow.png") == 1


def test_another_overlay_under_the_same_name_changes_the_etag(world: World) -> None:
    etags = []
    for version, colour in (("1", (1, 2, 3)), ("2", (200, 100, 0))):
        headers = {"cache-control": "max-age=0", "etag": f'"{version}"'}
        world.origin.serve("/changing.png", flat(colour), headers=headers)
        reply = world.resize(f"url:{world.origin.url('/changing.png')},gravity:nw")
        assert at(reply, 3, 3) == (*colour, 255)
        etags.append(str(reply.headers["etag"]))
    assert len(set(etags)) == 2


def test_an_unchanged_client_is_told_so_without_a_render(world: World) -> None:
    world.origin.serve("/vouched.png", flat((9, 9, 9)), headers={"cache-control": "max-age=0", "etag": '"v"'})
    overlay = f"url:{world.origin.url('/vouched.png')}"
    first = world.resize(overlay)
    query = {"url": world.origin.url("/photo.jpg"), "width": 200, "format": "png", "overlay": overlay}
    again = world.server.get("/resize", headers={"If-None-Match": str(first.headers["etag"])}, **query)
    assert again.status == 304


def test_an_upload_may_have_overlays(world: World) -> None:
    reply = world.server.ask("POST", "/resize", data=small_photo(), format="png", overlay="url:green.png,gravity:nw")
    assert at(reply, 2, 2) == (0, 255, 0, 255)
