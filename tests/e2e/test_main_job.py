"""The whole path with real parts: an installed server, a web origin, an S3 server and a directory; real photos in
and out.

The reference is made here, in float64 and linear light, from what Pillow decodes.
"""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.pixels.reference import resample
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply
from tests.servers.seaweedfs import SeaweedFS

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
MIME = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "gif": "image/gif"}
Pixels = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    server: Pixmill
    origin: Origin
    images: Path
    sources: dict[str, bytes]

    def url_of(self, kind: str, where: str) -> str:
        return {
            "web": self.origin.url(f"/photo.{kind}"),
            "s3": f"s3://photos/some/photo.{kind}",
            "path": f"deep/photo.{kind}",
        }[where]


def encode(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 92} if kind in {"jpeg", "webp", "avif"} else {}))
    return out.getvalue()


@pytest.fixture(scope="module")
def world(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    images = tmp_path_factory.mktemp("images")
    (images / "deep").mkdir()
    with Image.open(next(iter(sorted(PHOTOS.glob("*.jpg"))))) as photo:
        photo.thumbnail((1200, 1200))
        sources = {kind: encode(photo.convert("RGB"), kind) for kind in MIME}
    seaweedfs.make_bucket("photos")
    stores = json.dumps({"photos": seaweedfs.named_store("photos")})
    with Origin() as origin:
        for kind, body in sources.items():
            origin.serve(f"/photo.{kind}", body, headers={"etag": f'"{kind}"', "cache-control": "max-age=600"})
            seaweedfs.put("photos", f"some/photo.{kind}", body)
            (images / "deep" / f"photo.{kind}").write_bytes(body)
        with Pixmill(images=str(images), stores=stores, allowed_networks="127.0.0.0/8") as server:
            yield World(server, origin, images, sources)


def pixels_of(body: bytes) -> Pixels:
    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64)


def reference(source: bytes, width: int, height: int) -> Pixels:
    codes = pixels_of(source) / 255
    scaled, _ = resample(codes, (0, 0, codes.shape[1], codes.shape[0]), (width, height), alpha=False)
    return np.asarray(scaled * 255)


def tolerance(wanted: Pixels, kind: str) -> float:
    """Mean error allowed, in codes of 8 bits: rounding and the decoder's own scaling for PNG, 256 colours for GIF;
    for lossy formats what Pillow's own JPEG of quality 80 loses of the reference, since one scale of looks holds for
    all.
    """
    if kind in {"png", "gif"}:
        return {"png": 1.0, "gif": 6.0}[kind]
    out = io.BytesIO()
    Image.fromarray(wanted.round().clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=80)
    return float(np.abs(pixels_of(out.getvalue()) - wanted).mean()) * 1.1


def assert_like_reference(body: bytes, source: bytes, size: tuple[int, int], kind: str) -> None:
    wanted = reference(source, *size)
    assert np.abs(pixels_of(body) - wanted).mean() < tolerance(wanted, kind)


def cache_status(reply: Reply) -> str:
    return str(reply.headers["cache-status"])


@pytest.mark.parametrize("where", ["web", "s3", "path"])
@pytest.mark.parametrize("kind", list(MIME))
def test_a_photo_of_any_format_from_any_source_comes_out_right_and_the_second_time_from_the_cache(
    world: World, kind: str, where: str
) -> None:
    asked: dict[str, Any] = {"url": world.url_of(kind, where), "width": 300, "format": kind}
    first = world.server.get("/resize", **asked)
    assert first.status == 200, first.body
    assert first.headers["content-type"] == MIME[kind]
    assert "fwd=uri-miss" in cache_status(first)
    with Image.open(io.BytesIO(first.body)) as image:
        size = image.size
        assert image.format == kind.upper()
    with Image.open(io.BytesIO(world.sources[kind])) as source:
        assert size == (300, int(source.height * 300 / source.width + 0.5))
    assert_like_reference(first.body, world.sources[kind], size, kind)
    second = world.server.get("/resize", **asked)
    assert "hit" in cache_status(second)
    assert second.body == first.body
    assert second.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("into", list(MIME))
@pytest.mark.parametrize("kind", list(MIME))
def test_every_format_becomes_every_other(world: World, kind: str, into: str) -> None:
    reply = world.server.get("/resize", url=world.url_of(kind, "path"), width=240, height=240, fit="fill", format=into)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == MIME[into]
    assert_like_reference(reply.body, world.sources[kind], (240, 240), into)


def test_the_versioned_path_is_the_same_picture_and_the_same_cache_entry(world: World) -> None:
    plain = world.server.get("/resize", url="deep/photo.jpeg", w=123)
    versioned = world.server.get("/api/v1/resize", width=123, url="/deep/photo.jpeg", fit="inside")
    assert plain.body == versioned.body
    assert "hit" in cache_status(versioned)


def test_a_client_that_has_the_picture_gets_304_with_the_headers_of_the_200(world: World) -> None:
    asked: dict[str, Any] = {"url": world.url_of("jpeg", "web"), "width": 77}
    first = world.server.get("/resize", **asked)
    again = world.server.get("/resize", headers={"if-none-match": f'"other", W/{first.headers["etag"]}'}, **asked)
    assert (again.status, again.body) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]


def test_a_304_from_an_empty_cache_renders_nothing(world: World) -> None:
    tag = {"etag": '"same"'}
    url = world.origin.serve("/same.jpeg", world.sources["jpeg"], headers=tag)
    first = world.server.get("/resize", url=url, width=78)
    world.origin.serve("/same.jpeg", b"no picture: rendering this would be a 415", headers=tag)
    with Pixmill(allowed_networks="127.0.0.0/8", cache="", workers=1) as empty:
        cold = empty.get("/resize", url=url, width=78, headers={"if-none-match": first.headers["etag"]})
        assert (cold.status, cold.headers["etag"]) == (304, first.headers["etag"])
        assert empty.get("/resize", url=url, width=78).status == 415


def test_format_auto_follows_accept_and_says_so_in_vary(world: World) -> None:
    asked: dict[str, Any] = {"url": "deep/photo.jpeg", "width": 90}
    for accept, mime in {
        "image/avif,image/webp,image/*;q=0.8": "image/avif",
        "image/avif;q=0,image/webp,*/*": "image/webp",
        "*/*": "image/jpeg",
    }.items():
        reply = world.server.get("/resize", headers={"accept": accept}, **asked)
        assert reply.headers["content-type"] == mime
        assert reply.headers["vary"] == "Accept"
    assert world.server.get("/resize", **asked, format="png").headers["vary"] is None


def test_head_says_what_get_would_without_the_bytes(world: World) -> None:
    asked: dict[str, Any] = {"url": "deep/photo.jpeg", "width": 91}
    get = world.server.get("/resize", **asked)
    head = world.server.ask("HEAD", "/resize", **asked)
    assert head.body == b""
    assert head.status == 200
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_a_picture_in_the_body_is_resized_and_not_kept(world: World) -> None:
    for _ in range(2):
        reply = world.server.ask("POST", "/resize", data=world.sources["png"], width=50, format="webp")
        assert reply.status == 200, reply.body
        assert reply.headers["cache-control"] == "no-store"
        assert cache_status(reply) == "Pixmill; fwd=method"
        with Image.open(io.BytesIO(reply.body)) as image:
            assert (image.format, image.width) == ("WEBP", 50)


@pytest.mark.parametrize("kind", list(MIME))
def test_info_tells_the_facts(world: World, kind: str) -> None:
    facts = world.server.get("/info", url=world.url_of(kind, "s3")).json()
    with Image.open(io.BytesIO(world.sources[kind])) as image:
        assert (facts["width"], facts["height"]) == image.size
    assert facts["format"] == kind
    assert facts["bytes"] == len(world.sources[kind])
    assert facts["frames"] == 1
    assert facts["orientation"] == 1
    assert facts["alpha"] is False


def test_a_download_has_a_name_with_the_right_ending(world: World) -> None:
    reply = world.server.get("/resize", url="deep/photo.jpeg", width=40, format="webp", filename="Meer & Küste.jpg")
    assert reply.headers["content-disposition"] == (
        "attachment; filename=\"Meer & K_ste.webp\"; filename*=UTF-8''Meer%20%26%20K%C3%BCste.webp"
    )


@pytest.mark.parametrize(
    ("query", "status", "code", "param"),
    [
        ({"width": "300"}, 400, "missing_parameter", "url"),
        ({"url": "deep/photo.jpeg", "width": "0"}, 400, "invalid_parameter", "width"),
        ({"url": "deep/photo.jpeg", "widht": "1"}, 400, "unknown_parameter", "widht"),
        ({"url": "deep/none.jpeg"}, 404, "source_not_found", None),
        ({"url": "../secret.jpeg"}, 400, "invalid_parameter", "url"),
        ({"url": "s3://others/photo.jpeg"}, 403, "source_forbidden", None),
        ({"url": "http://169.254.169.254/latest/meta-data/"}, 403, "address_forbidden", None),
        ({"url": "deep/photo.jpeg", "crop": "5000,0,10,10"}, 400, "invalid_parameter", "crop"),
    ],
)
def test_what_is_wrong_is_a_problem_with_a_code_and_the_parameter(
    world: World, query: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    reply = world.server.get("/resize", **query)
    problem = reply.json()
    assert (reply.status, problem["code"], problem.get("param")) == (status, code, param)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert problem["status"] == status


def test_a_repeated_parameter_is_named(world: World) -> None:
    query = urlencode([("url", "deep/photo.jpeg"), ("w", "1"), ("width", "2")])
    reply = world.server.get(f"/resize?{query}")
    assert (reply.status, reply.json()["code"], reply.json()["param"]) == (400, "repeated_parameter", "width")


def test_sixty_four_clients_that_want_the_same_cold_picture_cost_one_render_and_one_download(world: World) -> None:
    url = world.origin.serve("/hot.jpeg", world.sources["jpeg"], wait_s=0.2)
    before = _renders(world.server)
    with ThreadPoolExecutor(64) as clients:
        replies = list(clients.map(lambda _: world.server.get("/resize", url=url, width=200), range(64)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert world.origin.count("/hot.jpeg") == 1
    assert _renders(world.server) - before == 1


def _renders(server: Pixmill) -> float:
    text = server.get("/metrics").body.decode()
    lines = [line for line in text.splitlines() if line.startswith("pixmill_renders_total")]
    return sum(float(line.split()[-1]) for line in lines)
