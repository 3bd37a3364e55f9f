"""Image transformations of Supabase Storage, case by case: the bucket ``b`` is the folder of the originals."""

import pytest

from tests.compat.runner import Case, Check, Service, fact, frames, pixel
from tests.compat.sources import GREEN, RED

WHITE = (255, 255, 255)
PUBLIC = "/storage/v1/render/image/public/b/"
TOKEN = (
    "eyJhbGciOiJIUzI1NiJ9.eyJ1cmwiOiJiL0wuanBnIiwidHJhbnNmb3JtYXRpb25zIjoid2lkdGg6MzAwLGhlaWdodDozMDAscmV"
    "zaXppbmdfdHlwZTpmaWxsIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9.RQ337uml4RCako_yNm63LoZJIYNcvo"
    "jdd4lQYLKACf4"
)


def image(name: str, target: str, form: str, size: tuple[int, int], *checks: Check, accept: str = "*/*") -> Case:
    return Case(name, PUBLIC + target, 200, form, size, checks, headers={"Accept": accept})


def error(name: str, target: str, status: int = 400, code: str = "InvalidRequest") -> Case:
    checks = [fact("statusCode", equals=str(status)), fact("code", equals=code)]
    return Case(name, target if target.startswith("/") else PUBLIC + target, status, "json", checks=checks)


CASES = [
    image("width alone keeps the shape", "L.jpg?width=300", "jpeg", (300, 200)),
    image("contain with a width alone", "L.jpg?width=300&resize=contain", "jpeg", (300, 200)),
    image("contain with a height alone", "L.jpg?height=300&resize=contain", "jpeg", (450, 300)),
    image("contain stays inside the box", "L.jpg?width=300&height=300&resize=contain", "jpeg", (300, 200)),
    image("fill distorts to the box", "L.jpg?width=300&height=300&resize=fill", "jpeg", (300, 300)),
    image(
        "fill keeps all of the original",
        "T.png?width=150&height=150&resize=fill",
        "png",
        (150, 150),
        pixel(4, 75, WHITE),
    ),
    image("cover limits each side to the original", "S.jpg?width=300&height=300", "jpeg", (100, 80)),
    image("contain does not enlarge", "S.jpg?width=300&height=300&resize=contain", "jpeg", (100, 80)),
    image("a width beyond 2500 does not enlarge", "L.jpg?width=5000&resize=contain", "jpeg", (1200, 800)),
    image("sides beyond 2500 are limited", "B.jpg?width=2600&height=2600&resize=contain", "jpeg", (2500, 2041)),
    image(
        "gravity west keeps the left", "L.jpg?width=300&height=300&gravity=we", "jpeg", (300, 300), pixel(200, 10, RED)
    ),
    image("smart gravity fills the box", "L.jpg?width=300&height=300&gravity=sm", "jpeg", (300, 300)),
    image(
        "a focal point by its offsets",
        "L.jpg?width=300&height=300&gravity=fp&x_offset=1&y_offset=0.5",
        "jpeg",
        (300, 300),
        pixel(100, 10, GREEN),
    ),
    image("format=avif sets the format", "L.jpg?width=300&resize=contain&format=avif", "avif", (300, 200)),
    image("WebP by Accept without a format", "L.jpg?width=300&resize=contain", "webp", (300, 200), accept="image/webp"),
    image(
        "format=origin ignores Accept",
        "L.jpg?width=300&resize=contain&format=origin",
        "jpeg",
        (300, 200),
        accept="image/webp",
    ),
    error("a quality below 20 is rejected", "L.jpg?quality=10"),
    error("a focal point without offsets is rejected", "L.jpg?gravity=fp"),
    error("an offset beyond 1 is rejected", "L.jpg?gravity=fp&x_offset=1.1&y_offset=0.5"),
    error("an invalid width is rejected", "L.jpg?width=abc"),
    error("an unknown resize is rejected", "L.jpg?resize=crop"),
    image("no parameter keeps the size", "L.jpg", "jpeg", (1200, 800)),
    image("an animation keeps its frames", "G.gif?width=60&resize=contain", "gif", (60, 45), frames(3)),
    image("a transparent PNG stays one", "A.png?width=100&resize=contain", "png", (100, 75)),
    error("a missing object is not found", "nope.jpg?width=100", 404, "NoSuchKey"),
    error("a malformed token is rejected", "/storage/v1/render/image/sign/b/L.jpg?token=x.y.z", 400, "InvalidJWT"),
    image(
        "cover at a corner with a format",
        "P.jpg?width=300&height=200&resize=cover&gravity=nowe&quality=60&format=webp",
        "webp",
        (300, 200),
        pixel(2, 2, RED),
    ),
    image("a height just below half rounds down", "P.jpg?width=333&height=500&resize=contain", "jpeg", (333, 499)),
    image("cover of the original's full width", "L.jpg?width=1200&height=100&resize=cover", "jpeg", (1200, 100)),
    image("cover limits the width, not the height", "L.jpg?width=2000&height=100&resize=cover", "jpeg", (1200, 100)),
    image("contain shrinks to a height", "S.jpg?height=40&resize=contain", "jpeg", (50, 40)),
    Case("without the API's prefix", "/render/image/public/b/L.jpg?width=30", 200, "jpeg", (30, 20)),
    Case("what was done", PUBLIC + "L.jpg?width=30", answers={"x-transformations": "width:30,resizing_type:fill"}),
    Case("a download", PUBLIC + "L.jpg?width=30&download=a.jpg", answers={"Content-Disposition": "attachment"}),
    Case("signed", f"/storage/v1/render/image/sign/b/L.jpg?token={TOKEN}", 200, "jpeg", (300, 300)),
    error("for another object", f"/storage/v1/render/image/sign/b/P.jpg?token={TOKEN}", 400, "InvalidJWT"),
    error("unusable", "bad.jpg?width=100"),
    error("private", "/storage/v1/render/image/authenticated/b/L.jpg", 400, "InvalidJWT"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("supabase", case)
