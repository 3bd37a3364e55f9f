"""Contentful: behaviours, focus, corners, output and errors."""

import pytest

from tests.compat.runner import Case, Reply, Service, fact, frames, has_alpha, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WHITE = (255, 255, 255)
CLEAR = (255, 255, 255, 0)
CHROME = {"Accept": "image/avif,image/webp,*/*"}


def is_progressive(reply: Reply) -> bool:
    """It is progressive."""
    return bool(reply.image.info.get("progressive"))


def has_palette(reply: Reply) -> bool:
    """It has a palette."""
    return reply.image.mode == "P"


CASES = [
    Case("inside by default", "/L.jpg?w=300&h=300", 200, "jpeg", (300, 200)),
    Case("width", "/L.jpg?w=300", 200, "jpeg", (300, 200)),
    Case("height", "/L.jpg?h=300", 200, "jpeg", (450, 300)),
    Case("fill", "/L.jpg?w=300&h=300&fit=fill", 200, "jpeg", (300, 300), [pixel(140, 140, RED), pixel(160, 140, GREEN)]),
    Case("fill left", "/L.jpg?w=300&h=300&fit=fill&f=left", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("fill bottom", "/P.jpg?w=300&h=300&fit=fill&f=bottom", 200, "jpeg", (300, 300), [pixel(10, 100, BLUE)]),
    Case("fill bottom right", "/L.jpg?w=300&h=300&fit=fill&f=bottom_right", 200, "jpeg", (300, 300),
         [pixel(100, 290, YELLOW)]),
    Case("fill enlarges", "/S.jpg?w=300&h=300&fit=fill", 200, "jpeg", (300, 300), [pixel(100, 100, RED)]),
    Case("fill by faces", "/L.jpg?w=300&h=300&fit=fill&f=faces", 200, "jpeg", (300, 300)),
    Case("pad", "/L.jpg?w=300&h=300&fit=pad&bg=rgb:ff0000", 200, "jpeg", (300, 300),
         [pixel(150, 10, RED), pixel(160, 60, GREEN)]),
    Case("pad top", "/L.jpg?w=300&h=300&fit=pad&bg=rgb:0000ff&f=top", 200, "jpeg", (300, 300),
         [pixel(10, 10, RED), pixel(160, 290, BLUE)]),
    Case("pad without a colour", "/L.jpg?w=300&h=300&fit=pad", 200, "jpeg", (300, 300), [pixel(150, 10, WHITE)]),
    Case("transparent padding", "/W.png?w=100&h=100&fit=pad", 200, "png", (100, 100), [pixel(50, 10, CLEAR)]),
    Case("pad does not enlarge", "/S.jpg?w=300&h=300&fit=pad&bg=rgb:0000ff", 200, "jpeg", (300, 300),
         [pixel(95, 150, BLUE), pixel(120, 130, RED)]),
    Case("scale", "/L.jpg?w=300&h=300&fit=scale", 200, "jpeg", (300, 300), [pixel(140, 140, RED), pixel(140, 160, BLUE)]),
    Case("crop does not scale", "/L.jpg?w=300&h=200&fit=crop", 200, "jpeg", (300, 200),
         [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE), pixel(160, 110, YELLOW)]),
    Case("crop at a corner", "/L.jpg?w=300&h=200&fit=crop&f=top_left", 200, "jpeg", (300, 200), [pixel(290, 190, RED)]),
    Case("crop at the right", "/L.jpg?w=300&h=200&fit=crop&f=right", 200, "jpeg", (300, 200),
         [pixel(10, 90, GREEN), pixel(10, 110, YELLOW)]),
    Case("crop of a small image", "/S.jpg?w=300&h=40&fit=crop", 200, "jpeg", (100, 40)),
    Case("crop with one side", "/L.jpg?w=300&fit=crop", 200, "jpeg", (300, 800)),
    Case("thumb", "/L.jpg?w=300&h=300&fit=thumb", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("thumb at the right", "/L.jpg?w=300&h=300&fit=thumb&f=top_right", 200, "jpeg", (300, 300),
         [pixel(100, 10, GREEN)]),
    Case("thumb does not enlarge", "/S.jpg?w=300&h=300&fit=thumb", 200, "jpeg", (80, 80)),
    Case("not enlarged", "/S.jpg?w=300", 200, "jpeg", (100, 80)),
    Case("corners", "/L.jpg?w=300&r=50&fm=png", 200, "png", (300, 200), [pixel(2, 2, (*RED, 0)), pixel(60, 60, (*RED, 255))]),
    Case("corners on white", "/L.jpg?w=300&r=50", 200, "jpeg", (300, 200), [pixel(2, 2, WHITE), pixel(60, 60, RED)]),
    Case("corners on a colour", "/L.jpg?w=300&r=50&bg=rgb:0000ff&fm=png", 200, "png", (300, 200),
         [pixel(2, 2, BLUE), has_alpha(expected=False)]),
    Case("ellipse", "/L.jpg?w=300&r=max&fm=png", 200, "png", (300, 200),
         [pixel(20, 20, (*RED, 0)), pixel(60, 60, (*RED, 255)), pixel(280, 180, (*YELLOW, 0))]),
    Case("corners of padding", "/L.jpg?w=300&h=300&fit=pad&r=max&bg=rgb:0000ff&fm=png", 200, "png", (300, 300),
         [pixel(150, 20, BLUE), pixel(20, 60, BLUE), pixel(60, 140, RED)]),
    Case("progressive", "/L.jpg?fm=jpg&fl=progressive&w=300", 200, "jpeg", (300, 200), [is_progressive]),
    Case("8 bits", "/W.png?fm=png&fl=png8&w=100", 200, "png", (100, 50), [has_palette]),
    Case("WebP", "/L.jpg?fm=webp&w=300", 200, "webp", (300, 200)),
    Case("lossless WebP", "/X.webp?fm=webp&fl=lossless&w=160", 200, "webp", (160, 120),
         [lambda reply: b"VP8L" in reply.body[:64]]),
    Case("AVIF", "/L.jpg?fm=avif&w=300", 200, "avif", (300, 200)),
    Case("TIFF", "/L.jpg?fm=tiff&w=300", 200, "tiff", (300, 200)),
    Case("not by Accept", "/L.jpg?w=300", 200, "jpeg", (300, 200), headers=CHROME),
    Case("transparent as JPEG", "/A.png?w=200&fm=jpg&bg=rgb:0000ff", 200, "jpeg", (200, 150), [pixel(5, 5, BLUE)]),
    Case("a colour behind transparency", "/A.png?w=200&bg=rgb:0000ff", 200, "png", (200, 150),
         [pixel(5, 5, (*BLUE, 255)), pixel(80, 80, (*RED, 255))]),
    Case("a colour alone", "/A.png?bg=rgb:0000ff", 200, "png", (400, 300), [pixel(5, 5, (*BLUE, 255))]),
    Case("a colour behind a padded transparent image", "/A.png?w=200&h=200&fit=pad&bg=rgb:0000ff", 200, "png",
         (200, 200), [pixel(5, 5, (*BLUE, 255)), pixel(5, 100, (*BLUE, 255)), pixel(80, 100, (*RED, 255))]),
    Case("a colour behind a crop", "/A.png?w=100&h=100&fit=crop&f=top_left&bg=rgb:0000ff", 200, "png", (100, 100),
         [pixel(5, 5, (*BLUE, 255))]),
    Case("transparency without a colour", "/A.png?w=200", 200, "png", (200, 150), [has_alpha()]),
    Case("quality", "/L.jpg?w=300&q=10", 200, "jpeg", (300, 200), [smaller_than(3_000)]),
    Case("untouched", "/L.jpg", 200, "jpeg", (1200, 800)),
    Case("animation", "/G.gif?w=60", 200, "gif", (60, 45), [frames(3)]),
    Case("turned", "/E6.jpg?w=100", 200, "jpeg", (100, 150)),
    Case("no such file", "/nope.jpg?w=300", 404, "json", checks=[fact("sys", "id", equals="NotFound")]),
    Case("too wide", "/L.jpg?w=4001", 400, "json",
         checks=[fact("sys", equals={"type": "Error", "id": "BadRequest"})], body="w must be"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    if case.format == "json":
        case = Case(**{name: getattr(case, name) for name in Case.__dataclass_fields__} | {"format": ""})
        assert service.check("contentful", case).media_type == "application/json"
    else:
        service.check("contentful", case)
