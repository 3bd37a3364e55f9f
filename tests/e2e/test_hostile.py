"""Pictures made to break a decoder, through HTTP: each is answered in time by a picture or a problem, and nothing is
broken."""

import io
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from tests import material
from tests.e2e.scenes import PHOTOS, in_flight, metric, random_of, until
from tests.mutations import MAKERS
from tests.mutations import mutated as damaged
from tests.servers.pixmill import Pixmill, Reply

pytestmark = pytest.mark.xdist_group("hostile")

DEADLINE_S = 10.0
MUTATIONS = 300
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "ICO"]

Answer = tuple[str, Reply, float]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def server(images: Path) -> Iterator[Pixmill]:
    with Pixmill(images=str(images), cache="", deadline_s=DEADLINE_S, max_pixels=50_000_000) as server:
        yield server


def lay_out(images: Path, files: list[tuple[str, bytes]]) -> list[str]:
    """The files below the image root, under names that are sound; those names."""
    names = [f"{number:04d}-{label}" for number, (label, _) in enumerate(files)]
    for name, (_, body) in zip(names, files, strict=True):
        (images / name).write_bytes(body)
    return names


def answers(server: Pixmill, names: list[str]) -> list[Answer]:
    """Of ``/resize`` and ``/info`` for each; two clients ask."""

    def ask(case: tuple[str, str]) -> Answer:
        path, name = case
        size: dict[str, Any] = {"width": 48, "format": "png"} if path == "/resize" else {}
        began = time.monotonic()
        reply = server.get(path, url=name, **size)
        return f"{path} {name}", reply, time.monotonic() - began

    with ThreadPoolExecutor(2) as clients:
        return list(clients.map(ask, [(path, name) for name in names for path in ("/resize", "/info")]))


def assert_borne(server: Pixmill, answered: list[Answer]) -> None:
    """Each was answered in time, by what may be said of a picture; the service goes on."""
    allowed = {200, 413, 415, 422}
    wrong = [(what, reply.status, reply.body[:300]) for what, reply, _ in answered if reply.status not in allowed]
    assert not wrong
    for what, reply, seconds in answered:
        assert seconds < DEADLINE_S, what
        if reply.status != 200:
            assert reply.headers["content-type"] == "application/problem+json", what
        elif what.startswith("/resize"):
            with Image.open(io.BytesIO(reply.body)) as image:
                image.load()
    until(lambda: metric(server, "pixmill_workers") == 2, 60, "both workers are there")
    assert in_flight(server) == 0
    assert server.ask("POST", "/resize", data=good("JPEG"), width=20).status == 200
    assert server.get("/health/ready").status == 200
    print(Counter((reply.status, "" if reply.status == 200 else reply.json()["code"]) for _, reply, _ in answered))  # noqa: T201
    print("worker restarts:", metric(server, "pixmill_worker_restarts_total"))  # noqa: T201
    print("slowest:", sorted(((round(seconds, 2), what) for what, _, seconds in answered), reverse=True)[:3])  # noqa: T201


@cache
def good(kind: str) -> bytes:
    """A small photo in this format."""
    out = io.BytesIO()
    with Image.open(PHOTOS / "sunset.jpg") as photo:
        photo.thumbnail((96, 96))
        photo.convert("RGBA" if kind in {"PNG", "WEBP", "AVIF", "ICO"} else "RGB").save(out, kind)
    return out.getvalue()


def test_what_broke_pillow_does_not_break_us(server: Pixmill, images: Path) -> None:
    paths = material.pillow_images()
    assert len([path for path in paths if path.name.startswith(("crash-", "timeout-"))]) >= 30
    assert_borne(server, answers(server, lay_out(images, [(sound(path), path.read_bytes()) for path in paths])))


def test_what_broke_libjxl_does_not_break_us(server: Pixmill, images: Path) -> None:
    paths = material.libjxl_images()
    assert len([path for path in paths if "oss-fuzz" in path.parts]) >= 40
    assert_borne(server, answers(server, lay_out(images, [(sound(path), path.read_bytes()) for path in paths])))


def test_what_broke_libvips_does_not_break_us(server: Pixmill, images: Path) -> None:
    paths = material.libvips_images()
    assert len([path for path in paths if "_fuzzer-" in path.name]) >= 15
    assert_borne(server, answers(server, lay_out(images, [(sound(path), path.read_bytes()) for path in paths])))


def test_what_broke_libheif_and_exiv2_does_not_break_us(server: Pixmill, images: Path) -> None:
    paths = [*material.libheif_images(), *material.exiv2_images()]
    assert len(paths) >= 90
    assert_borne(server, answers(server, lay_out(images, [(sound(path), path.read_bytes()) for path in paths])))


def test_damaged_pictures_that_are_sent_or_laid_over_others_break_nothing(server: Pixmill, images: Path) -> None:
    dice = random_of(301)
    files = [(f"{name.replace(' ', '-')}.bin", damaged(dice, name)) for name in MAKERS for _ in range(8)]
    (images / "under.jpg").write_bytes(good("JPEG"))

    def used(case: tuple[str, bytes]) -> list[Answer]:
        name, body = case
        began = time.monotonic()
        sent = server.ask("POST", "/resize", data=body, width=48, format="png")
        between = time.monotonic()
        over = server.get("/resize", url="under.jpg", width=40, format="png", overlay=f"url:{name},width:20")
        return [
            (f"/resize sent {name}", sent, between - began),
            (f"/resize over {name}", over, time.monotonic() - between),
        ]

    names = lay_out(images, files)
    cases = [(name, body) for name, (_, body) in zip(names, files, strict=True)]
    with ThreadPoolExecutor(2) as clients:
        answered = [answer for both in clients.map(used, cases) for answer in both]
    assert_borne(server, answered)
    assert {200, 415, 422} <= {reply.status for _, reply, _ in answered}


def sound(path: Path) -> str:
    return "".join(char if char.isalnum() or char in ".-_" else "_" for char in path.name)[-60:]


def test_pictures_with_some_bytes_changed_break_nothing(server: Pixmill, images: Path) -> None:
    dice = random_of(300)
    files = [(f"{kind.lower()}.bin", mutated(dice, kind)) for kind in FORMATS for _ in range(MUTATIONS // len(FORMATS))]
    answered = answers(server, lay_out(images, files))
    assert_borne(server, answered)
    assert {200, 415, 422} <= {reply.status for _, reply, _ in answered}, "the changes reach every layer"


def mutated(dice: Random, kind: str) -> bytes:
    """A good file with bits turned, bytes set to extremes, its end cut off, or a piece of another file put in."""
    data = bytearray(good(kind))
    for _ in range(dice.choice([1, 1, 2, 5, 20])):
        place = dice.randrange(len(data)) if dice.random() < 0.5 else dice.randrange(min(len(data), 64))
        match dice.randrange(4):
            case 0:
                data[place] ^= 1 << dice.randrange(8)
            case 1:
                data[place] = dice.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                data[place : place + 4] = dice.choice([b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"])
            case _:
                other = good(dice.choice(FORMATS))
                start = dice.randrange(len(other))
                data[place : place + 16] = other[start : start + dice.choice([4, 16, 64])]
    return bytes(data[: dice.randrange(1, len(data))] if dice.random() < 0.2 else data)


BOMBS = {
    "a GIF of 4.3 gigapixels": b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;",
    "a PNG of 4 gigapixels": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x06\x00\x00\x00",
    "a BMP of 2 gigapixels a side": b"BM"
    + bytes(12)
    + b"\x28\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f\x01\x00\x18\x00"
    + bytes(24),
    "an SVG with an entity bomb": b'<!DOCTYPE s [<!ENTITY a0 "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9))
    + b"]><svg>&a9;</svg>",
    "a PostScript file": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\nshowpage\n",
    "a PDF": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
    "an MVG file": b"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 'https://127.0.0.1/'\npop graphic-context\n",
    "a XBM": b"#define a_width 65535\n#define a_height 65535\nstatic char a_bits[] = {0};",
    "a PPM of many pixels": b"P6 65535 65535 255\n",
    "a FITS header": b"SIMPLE  =                    T".ljust(2880),
    "one byte": b"\x00",
    "nothing": b"",
}


def test_small_files_that_claim_to_be_huge_and_files_that_are_programs_are_refused_at_once(
    server: Pixmill, images: Path
) -> None:
    answered = answers(server, lay_out(images, [("bomb", body) for body in BOMBS.values()]))
    assert_borne(server, answered)
    assert all(reply.status in {413, 415, 422} for what, reply, _ in answered if what.startswith("/resize"))
    assert all(seconds < 3 for _, _, seconds in answered)


def test_a_drawing_that_reads_a_file_is_shown_without_it(server: Pixmill, images: Path) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
    (images / "reads.svg").write_bytes(drawing)
    kept, drawn = (server.get("/resize", url="reads.svg", format=kind) for kind in ("svg", "png"))
    assert (kept.status, drawn.status) == (200, 200)
    assert b"passwd" not in kept.body
