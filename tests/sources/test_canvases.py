"""Generated originals: files that show what their name says, and no fetch."""

import io

import pytest
from PIL import Image

from pixmill.errors import SourceTooLarge
from pixmill.plan.canvas_source import parse_canvas
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import parse_source
from pixmill.ports.values import Original
from pixmill.sources.canvases import CanvasSource, encode_canvas
from pixmill.sources.config import SourcesConfig


@pytest.mark.parametrize(
    ("text", "size", "colour"),
    [
        ("1x1,008000", (1, 1), (0, 128, 0, 255)),
        ("9x7,f00", (9, 7), (255, 0, 0, 255)),
        ("300x2,12345678", (300, 2), (0x12, 0x34, 0x56, 0x78)),
        ("8x3", (8, 3), (255, 255, 255, 255)),
        ("17x5,0000", (17, 5), (255, 255, 255, 0)),
    ],
)
def test_a_canvas_is_a_picture_of_one_colour(
    text: str, size: tuple[int, int], colour: tuple[int, int, int, int]
) -> None:
    with Image.open(io.BytesIO(encode_canvas(parse_canvas(text)))) as image:
        assert (image.format, image.size) == ("PNG", size)
        assert image.convert("RGBA").getcolors() == [(size[0] * size[1], colour)]


def test_the_largest_canvas_is_a_small_file() -> None:
    assert len(encode_canvas(parse_canvas("16383x3051,abc"))) < 100_000


async def test_a_canvas_is_generated_once_and_for_all() -> None:
    ref = parse_source("canvas:5x4,f00")
    source = CanvasSource(SourcesConfig())
    original = await source.fetch(ref)
    with original.spool:
        assert original.spool.size == len(encode_canvas(parse_canvas("5x4,f00")))
    assert original.version.directives.immutable
    assert isinstance(await source.revalidate(ref, original.version.validator), CacheDirectives)
    renewed = await source.revalidate(ref, "canvas:0")
    assert isinstance(renewed, Original)
    renewed.spool.close()


async def test_a_canvas_counts_as_much_as_any_original() -> None:
    with pytest.raises(SourceTooLarge):
        await CanvasSource(SourcesConfig(max_source_bytes=20)).fetch(parse_source("canvas:5x4,f00"))
