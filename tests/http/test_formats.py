"""Formats as HTTP: what an SVG is sent with, and what a client hears of what cannot be read."""

import json
from collections.abc import Iterator

import pytest

from tests.http.test_images import exchange, post
from tests.pixels.images import photo
from tests.pixels.originals import make_pdf
from tests.servers.pixmill import Pixmill

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><script>alert(1)</script><rect width="9" height="9"/></svg>'


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(workers=1, cache="memory://") as server:
        yield server


def test_a_drawing_is_sent_so_that_it_can_run_and_load_nothing(server: Pixmill) -> None:
    status, head, body = exchange(server, post(len(DRAWING)), DRAWING)
    assert status == 200
    assert "content-type: image/svg+xml" in head
    policy = next(line for line in head.splitlines() if line.startswith("content-security-policy:"))
    assert {"default-src 'none'", "sandbox"} <= {part.strip() for part in policy.partition(":")[2].split(";")}
    assert "x-content-type-options: nosniff" in head
    assert b"script" not in body
    assert b'width="20"' in body


def test_pixels_are_sent_without_such_a_policy(server: Pixmill) -> None:
    status, head, body = exchange(server, post(len(DRAWING), "/resize?width=20&format=png"), DRAWING)
    assert (status, body[:4]) == (200, b"\x89PNG")
    assert "content-security-policy" not in head


def test_a_page_of_a_document_is_a_picture(server: Pixmill) -> None:
    source = bytes(make_pdf(photo(), photo()))
    status, _, body = exchange(server, post(len(source), "/resize?width=200&page=2&format=jpeg"), source)
    assert (status, body[:2]) == (200, b"\xff\xd8")
    status, _, body = exchange(server, post(len(source), "/resize?page=3"), source)
    assert (status, json.loads(body)["param"]) == (400, "page")


def test_what_is_no_picture_is_a_415(server: Pixmill) -> None:
    assert exchange(server, post(13), b"<html></html>")[0] == 415
    assert exchange(server, post(len(DRAWING), "/resize?format=svg&blur=3"), DRAWING)[0] == 422
