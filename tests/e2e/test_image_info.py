"""What a running server tells of pictures, and that it is cached as pictures are."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=str(PHOTOS)) as running:
        yield running


def test_info_tells_what_is_asked_for(server: Pixmill) -> None:
    facts = server.get("/info", url="fig.jpg", include="palette,hash,blurhash,exif", palette_colors=3).json()
    assert facts["hash"] == sha256((PHOTOS / "fig.jpg").read_bytes()).hexdigest()
    assert len(facts["palette"]) == 3
    assert len(facts["blurhash"]) == 28
    assert "average" not in facts


@pytest.mark.parametrize("form", ["blurhash", "thumbhash", "lqip"])
def test_a_placeholder_is_plain_text_and_cached_like_a_picture(server: Pixmill, form: str) -> None:
    first = server.get("/resize", url="sunset.jpg", format=form)
    again = server.get("/resize", url="sunset.jpg", format=form)
    assert (first.status, first.headers["content-type"]) == (200, "text/plain")
    assert first.headers["cache-status"] == "Pixmill; fwd=uri-miss; stored"
    assert again.headers["cache-status"].startswith("Pixmill; hit")
    assert (again.body, again.headers["etag"]) == (first.body, first.headers["etag"])
    facts = server.get("/info", url="sunset.jpg", include=form).json()
    assert facts[form] == first.body.decode()


def test_a_thumbhash_is_base64(server: Pixmill) -> None:
    assert 16 <= len(b64decode(server.get("/resize", url="wine.jpg", format="thumbhash").body, validate=True)) <= 26


def test_json_tells_the_size_of_the_result_and_the_facts_of_the_original(server: Pixmill) -> None:
    reply = server.get(
        "/resize", url="fig.jpg", width=300, height=300, fit="cover", format="json", include="average,hash"
    )
    told = reply.json()
    assert reply.headers["content-type"] == "application/json"
    assert (told["width"], told["height"]) == (300, 300)
    assert told["average"].startswith("#")
    assert (told["original"]["width"], told["original"]["format"]) == (2572, "jpeg")
    assert told["original"]["hash"] == sha256((PHOTOS / "fig.jpg").read_bytes()).hexdigest()


def test_a_description_is_of_the_result_not_of_the_original(server: Pixmill) -> None:
    def average(grayscale: str) -> str:
        reply = server.get("/resize", url="fig.jpg", format="json", include="average", width=50, grayscale=grayscale)
        return str(reply.json()["average"])

    grey = average("true")
    assert grey != average("false")
    assert len({grey[1:3], grey[3:5], grey[5:7]}) == 1


def test_the_command_line_tells_the_same(server: Pixmill) -> None:
    command = [sys.executable, "-m", "pixmill", "info", str(PHOTOS / "mill.png"), "--include", "palette,phash"]
    told = subprocess.run([*command, "--palette_colors", "2"], capture_output=True, check=True, timeout=60)
    assert (
        json.loads(told.stdout) == server.get("/info", url="mill.png", include="phash,palette", palette_colors=2).json()
    )


def test_the_command_line_writes_descriptions(tmp_path: Path) -> None:
    target = tmp_path / "told.json"
    command = [sys.executable, "-m", "pixmill", "resize", str(PHOTOS / "mill.png"), str(target), "-w", "40"]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert (json.loads(target.read_text())["width"], json.loads(target.read_text())["original"]["width"]) == (40, 800)
