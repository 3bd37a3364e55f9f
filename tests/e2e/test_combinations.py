"""Valid parameters in any combination make a picture: seeded samples of all that can be said together."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from PIL import Image

from tests.e2e.scenes import PHOTOS, random_of
from tests.servers.pixmill import Pixmill

SAMPLES = 400
SIZE = (160, 107)
SOURCES = {"photo.jpg": "JPEG", "drawing.png": "PNG", "photo.webp": "WEBP", "photo.gif": "GIF", "photo.tiff": "TIFF"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    images = tmp_path_factory.mktemp("images")
    with Image.open(PHOTOS / "sunset.jpg") as photo:
        small = photo.resize(SIZE)
    for name, kind in SOURCES.items():
        small.convert("RGBA" if kind in {"PNG", "WEBP"} else "RGB").save(images / name, kind)
    with Pixmill(images=str(images), cache="") as server:
        yield server


def cropped(dice: Random, turned: bool) -> str:
    """A region that lies inside, often at an edge and often tiny."""
    width, height = (SIZE[1], SIZE[0]) if turned else SIZE
    across, down = dice.choice([1, 2, 7, 50, width]), dice.choice([1, 2, 7, 50, height])
    left, top = dice.choice([0, width - across]), dice.choice([0, height - down])
    return f"{left},{top},{across},{down}"


def sample(dice: Random) -> dict[str, Any]:
    """Some parameters with some values; about half of all are left out."""
    rotate = dice.choice([0, 90, 180, 270])
    said = {
        "rotate": rotate,
        "crop": cropped(dice, turned=rotate in {90, 270}),
        "width": dice.choice([1, 2, 5, 40, 300]),
        "height": dice.choice([1, 2, 5, 40, 300]),
        "fit": dice.choice(["cover", "contain", "fill", "inside", "outside"]),
        "gravity": dice.choice(["smart", "south", "northwest", "fp:1,1", "fp:0.3,0.7"]),
        "enlarge": "true",
        "dpr": dice.choice(["0.1", "1.5", "3"]),
        "flip": dice.choice(["h", "v", "hv"]),
        "blur": dice.choice(["0.1", "0.3", "3", "20", "250"]),
        "grayscale": "true",
        "background": dice.choice(["transparent", "navy", "00000080"]),
        "quality": dice.choice([1, 50, 100]),
        "metadata": "keep",
    }
    kept = {name: value for name, value in said.items() if name == "rotate" or dice.random() < 0.5}
    form = dice.choice(["jpeg", "png", "webp", "gif", "avif", "auto"])
    return kept | {"url": dice.choice(list(SOURCES)), "format": form}


def test_parameters_in_any_combination_make_a_picture(server: Pixmill) -> None:
    dice = random_of(7)
    asked = [sample(dice) for _ in range(SAMPLES)]
    with ThreadPoolExecutor(2) as clients:
        replies = list(clients.map(lambda query: server.get("/resize", **query), asked))
    refused = [(query, reply.body) for query, reply in zip(asked, replies, strict=True) if reply.status != 200]
    assert not refused, json.dumps([query for query, _ in refused[:5]])
    for reply in replies:
        with Image.open(io.BytesIO(reply.body)) as image:
            image.load()
            assert reply.headers["content-type"] == f"image/{str(image.format).lower()}"
