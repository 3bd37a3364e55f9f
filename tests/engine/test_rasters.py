"""Decoded pixels that are kept for other parts of the same original."""

import asyncio
from collections.abc import Callable
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.decoder import Decoder, DecodeRequest
from pixmill.engine.pixels import raster_file
from pixmill.engine.pixels.decode import decode_frame
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.raster_file import read_raster
from pixmill.engine.pool import rasters
from pixmill.engine.pool.pool import EnginePool
from pixmill.engine.raster.file_access import RasterAccess
from pixmill.engine.raster.frame import Area, Frame, Layout
from pixmill.errors import RenderCrashed
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Plan, Resize
from pixmill.ports.observe import Event
from pixmill.ports.values import Rendered
from pixmill.runtime.spool import Spool
from tests.engine.support import ROOT, Notebook, eventually, pools
from tests.pixels.images import photo

WIDTH, HEIGHT = 2_400, 1_760
PART = Plan(resize=Resize(width=5), crop=Crop(0, 0, 10, 10))


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers can import the test handlers."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@cache
def encoded(kind: str) -> bytes:
    image = photo().resize((WIDTH, HEIGHT))
    options: dict[str, object] = {}
    if "alpha" in kind:
        image.putalpha(image.getchannel("G"))
    if "turned" in kind:
        exif = Image.Exif()
        exif[0x0112] = 6
        options["exif"] = exif
    if "grey" in kind:
        image = image.convert("L")
    if "animated" in kind:
        options |= {"save_all": True, "append_images": [image.rotate(90)], "duration": 50}
    stream = BytesIO()
    image.save(stream, kind.split(maxsplit=1)[0], **options)
    return stream.getvalue()


def original(data: bytes, identity: bytes = b"one") -> Spool:
    spool = Spool(len(data))
    spool.write(data)
    spool.identity = identity
    return spool


def part(left: int, top: int, side: int = 256, width: int = 256) -> Plan:
    return parse(b"/resize", f"url=a&format=png&crop={left},{top},{side},{side}&width={width}".encode()).plan


def pixels(rendered: Rendered) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(rendered.body)).convert("RGBA")).astype(int)


def lookups(notebook: Notebook) -> list[str]:
    return [
        labels["outcome"]
        for event, labels in notebook.events
        if event is Event.CACHE_LOOKUP and labels["tier"] == "rasters"
    ]


@pytest.mark.parametrize(
    "kind", ["jpeg", "jpeg turned", "jpeg grey", "png", "png alpha", "webp", "webp alpha", "tiff", "tiff turned"]
)
async def test_a_part_of_kept_pixels_is_that_of_a_decode_of_its_own(kind: str) -> None:
    notebook, data = Notebook(), encoded(kind)
    plans = [part(0, 0), part(1_024, 512), part(1_600, 1_500), part(3, 1_504), part(512, 640, 600, 300)]
    async with pools(notebook, handlers=None, workers=1) as pool:
        with original(data) as spool:
            results = [await pool.render(spool, plan) for plan in plans]
    assert lookups(notebook) == ["miss", "miss", "hit", "hit", "hit"]
    for plan, result in zip(plans, results, strict=True):
        alone = render(memoryview(data), plan, Limits())
        assert (result.width, result.height, result.format) == (alone.width, alone.height, alone.format)
        assert np.abs(pixels(result) - pixels(alone)).max() <= 1
    assert pixels(results[0]).std() > 5


def test_keeping_all_pixels_takes_one_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Area] = []

    def noted(decoder: Decoder, request: DecodeRequest, limits: Limits) -> Frame:
        decoded.append(request.area)
        return decode_frame(decoder, request, limits)

    monkeypatch.setattr(raster_file, "decode_frame", noted)
    written: list[bytes] = []
    raster = RasterAccess(write=lambda part: written.append(bytes(part)), max_bytes=2**25)
    kept = render(memoryview(encoded("jpeg")), part(100, 200), Limits(), raster=raster)
    assert decoded == [Area(0, 0, WIDTH, HEIGHT)]
    taken = render(
        memoryview(encoded("jpeg")), part(100, 200), Limits(), raster=RasterAccess(memoryview(b"".join(written)))
    )
    assert len(decoded) == 1
    assert taken.body == kept.body


async def test_parts_that_are_requested_together_wait_for_one_decode() -> None:
    notebook = Notebook()
    async with pools(notebook, handlers=None, workers=2) as pool:
        with original(encoded("jpeg")) as spool:
            await pool.render(spool, part(0, 0))
            await asyncio.gather(*(pool.render(spool, part(100 * number, 9)) for number in range(1, 13)))
    assert lookups(notebook) == ["miss"] * 2 + ["hit"] * 11


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        ("jpeg", part(0, 0, 1_800)),
        ("gif animated", parse(b"/resize", b"url=a&crop=0,0,256,256&width=256").plan),
        ("jpeg", parse(b"/resize", b"url=a&width=256").plan),
    ],
)
async def test_pixels_are_kept_for_small_parts_of_stills_only(kind: str, plan: Plan) -> None:
    async with pools(handlers=None, workers=1) as pool:
        with original(encoded(kind)) as spool:
            for _ in range(3):
                await pool.render(spool, plan)
        assert pool.rasters.used_bytes == 0


async def obey(pool: EnginePool, command: str, identity: bytes = b"one") -> bytes:
    with original(f"part {command}".encode(), identity) as spool:
        return (await pool.render(spool, PART)).body


async def test_the_second_part_keeps_pixels_and_later_ones_use_them() -> None:
    async with pools() as pool:
        assert [await obey(pool, "pixels") for _ in range(4)] == [b"none", b"new", b"pixels", b"pixels"]
        assert await obey(pool, "pixels", b"two") == b"none"
        assert await obey(pool, "pixels", b"") == b"none"
        assert await obey(pool, "pixels", b"") == b"none"


async def test_nothing_is_kept_without_memory_for_it() -> None:
    async with pools(raster_memory_bytes=0) as pool:
        assert [await obey(pool, "pixels") for _ in range(3)] == [b"none"] * 3
    async with pools(raster_memory_bytes=16_000_000) as pool:
        assert [await obey(pool, "pixels") for _ in range(3)] == [b"none"] * 3


@pytest.mark.parametrize("command", ["nothing", "too much"])
async def test_a_worker_that_keeps_nothing_or_too_much_is_not_asked_again(command: str) -> None:
    async with pools() as pool:
        assert [await obey(pool, command) for _ in range(4)] == [b"none", b"new", b"none", b"none"]
        assert pool.rasters.used_bytes == 0


async def test_pixels_that_a_worker_dies_of_are_dropped_and_the_part_is_made_without_them() -> None:
    async with pools() as pool:
        assert [await obey(pool, "die") for _ in range(3)] == [b"none", b"new", b"none"]
        assert pool.rasters.used_bytes == 0


async def test_the_least_recently_used_pixels_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasters, "MAX_DESCRIPTION_BYTES", 0)
    async with pools(raster_memory_bytes=16_000_009) as pool:  # room for one new raster and one of five bytes
        for identity in (b"one", b"two"):
            for _ in range(2):
                await obey(pool, "pixel", identity)
        assert await obey(pool, "pixel", b"one") == b"pixel"
        for _ in range(2):
            await obey(pool, "pixel", b"three")
        assert await obey(pool, "pixel", b"one") == b"pixel"
        assert await obey(pool, "pixel", b"two") == b"new"


async def test_pixels_that_nobody_uses_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasters, "MAX_IDLE_S", 0.05)
    notebook = Notebook()
    async with pools(notebook) as pool:
        for _ in range(2):
            await obey(pool, "pixels")
        await eventually(lambda: pool.rasters.used_bytes == 0)
        assert (Event.CACHE_EVICTION, {"tier": "rasters"}) in notebook.events
        assert await obey(pool, "pixels") == b"new"


async def test_pixels_live_as_long_as_calls_that_use_them() -> None:
    async with pools() as pool:
        for _ in range(2):
            await obey(pool, "pixels")
        with original(b"part pixels") as spool:
            task = asyncio.create_task(pool.render(spool, PART))
            await asyncio.sleep(0)
            pool.rasters.close()
            assert (await task).body == b"pixels"


async def test_a_decode_that_fails_is_not_repeated_for_all_pixels() -> None:
    async with pools() as pool:
        assert await obey(pool, "pixels") == b"none"
        with original(b"die now") as spool, pytest.raises(RenderCrashed):
            await pool.render(spool, PART)
        assert await obey(pool, "pixels") == b"none"


def described(change: Callable[[bytes], bytes]) -> memoryview:
    """The content that a worker wrote for a picture of 40 × 30 pixels, changed."""
    parts: list[bytes] = []
    frame = Frame(bytes(range(240)) * 15, 40, 30, Layout.RGB, b"profile")
    raster_file._write(frame, "as asked", lambda part: parts.append(bytes(part)), 2**20)
    return memoryview(change(b"".join(parts)))


def test_a_file_is_read_as_it_was_written() -> None:
    frame = read_raster(described(bytes), "as asked")
    assert frame is not None
    assert (frame.width, frame.height, frame.profile, bytes(frame.pixels)) == (
        40,
        30,
        b"profile",
        bytes(range(240)) * 15,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda file: b"",
        lambda file: file[:3],
        lambda file: file[:20],
        lambda file: file[:-1],
        lambda file: file + b"1",
        lambda file: b"\xff\xff\xff\xff" + file[4:],
        lambda file: file.replace(b"width\x28", b"width\x00"),
        lambda file: file.replace(b"width\x28", b"width\x29"),
        lambda file: file.replace(b"RGB", b"CMY"),
    ],
)
def test_a_file_that_is_damaged_is_not_used(change: Callable[[bytes], bytes]) -> None:
    assert read_raster(described(change), "as asked") is None


def test_a_file_of_another_decode_is_not_used() -> None:
    assert read_raster(described(bytes), "as asked differently") is None
