"""The causes of failed originals, as they are told to clients, and to developers only."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixmill.engine.codecs.other_kinds import other_kind
from pixmill.sources.causes import path_cause
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
PAGE = {"Sec-Fetch-Dest": "document", "Accept": "text/html"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("https%3A%2F%2Fexample.com%2Fa.jpg", "percent-encoded twice"),
        ("example.com/a.jpg", "begin it with https://"),
        ("localhost:3000/a.jpg", "begin it with https://"),
        ("www.example/a.jpg", "begin it with https://"),
        ("*.jpg", "taken literally"),
        ("photos/*.jpg", "taken literally"),
        ("a%20b.jpg", "percent-encoded twice"),
        ("photos/a.jpg", ""),
        ("a.jpg", ""),
        ("", ""),
    ],
)
def test_a_path_tells_what_is_wrong_with_it(path: str, words: str) -> None:
    cause = path_cause(path)
    assert (words in cause) if words else not cause


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "an empty file"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "an HTML page"),
        (b"<!-- made by x -->\n<html lang=en>", "an HTML page"),
        (b'{"error": 404}', "a JSON document"),
        (b"<?xml version='1.0'?><Error/>", "an XML document"),
        (b"plain text", ""),
        (b"<" * 2_000, ""),
    ],
)
def test_what_is_no_image_is_named(body: bytes, kind: str) -> None:
    assert other_kind(memoryview(body)) == kind


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        origin.serve("/page", b"<!doctype html><title>Not found</title>", headers={"Content-Type": "text/html"})
        yield origin


@pytest.fixture(scope="module")
def developer(origin: Origin) -> Iterator[Pixmill]:
    allowed = f"{origin.url('')},path:,http://127.0.0.2:1/,http://localhost:1/"
    with Pixmill(
        images=str(PHOTOS.parent),
        workers=1,
        cache="memory://",
        error_images="development",
        allowed_networks="127.0.0.1/32",
        allowed_sources=allowed,
        source_retries=0,
    ) as server:
        yield server


CAUSES = [
    ("photos/sunst.jpg", "source_not_found", "not found below the image root", "Did you mean photos/sunset.jpg"),
    ("photos/SUNSET.JPG", "source_not_found", "not found below", "photos/sunset.jpg"),
    ("photos", "source_not_found", "not found below", "photos is a folder"),
    ("photos/*.jpg", "source_not_found", "taken literally", ""),
    ("example.com/a.jpg", "source_not_found", "begin it with https://", ""),
    ("https%3A%2F%2Fexample.com%2Fa.jpg", "source_not_found", "percent-encoded twice", ""),
    ("https://other.example/a.jpg", "source_forbidden", "not allowed", "add https://other.example/ to PIXMILL_ALLOWED"),
    ("http://127.0.0.2:1/a.jpg", "address_forbidden", "not allowed", "PIXMILL_ALLOWED_NETWORKS"),
    ("ftp://example.com/a.jpg", "invalid_parameter", "Unsupported URL scheme ftp", ""),
    ("{o}/page", "unsupported_image", "an HTML page", ""),
]


@pytest.mark.parametrize(("url", "code", "message", "hint"), CAUSES)
def test_each_cause_is_named(developer: Pixmill, origin: Origin, url: str, code: str, message: str, hint: str) -> None:
    url = url.replace("{o}", origin.url("").rstrip("/"))
    for _ in range(2):  # the second time from the negative cache
        document = developer.get("/resize", url=url, width=30).json()
        assert document["code"] == code
        assert message in document["detail"]
        assert hint in document.get("hint", "")
    page = developer.get("/resize", PAGE, url=url, width=30).body.decode()
    assert not hint or hint in page
    foreign = developer.get("/resize", {"Origin": "https://evil.example"}, url=url, width=30).json()
    assert "hint" not in foreign


def test_outside_of_development_nothing_private_is_said(origin: Origin) -> None:
    settings: dict[str, str | float] = {"allowed_sources": f"{origin.url('')},path:,http://127.0.0.2:1/"}
    with Pixmill(images=str(PHOTOS), workers=1, cache="memory://", error_images="pages", **settings) as server:
        for url in ("sunst.jpg", "https://other.example/a.jpg", "http://127.0.0.2:1/a.jpg"):
            for headers in ({}, PAGE):
                body = server.get("/resize", headers, url=url, width=30).body.decode()
                assert "sunset" not in body
                assert "PIXMILL_" not in body


def test_without_an_image_root_a_path_is_told_so() -> None:
    with Pixmill(workers=1, cache="memory://", error_images="development") as server:
        document = server.get("/resize", url="photo.jpg", width=30).json()
        assert document["code"] == "source_forbidden"
        assert "no image root" in document["detail"]
        assert "PIXMILL_IMAGES" in document["hint"]
        named = json.loads(server.get("/resize", url="example.com/photo.jpg", width=30).body)
        assert "begin it with https://" in named["detail"]
