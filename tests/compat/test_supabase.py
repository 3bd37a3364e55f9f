"""Image transformations of Supabase Storage, case by case: the bucket ``b`` is the folder of the originals."""

import pytest

from tests.compat.runner import Case, Check, Service, fact, frames, pixel
from tests.compat.sources import GREEN, RED

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
    image("SB-01", "L.jpg?width=300", "jpeg", (300, 200)),
    image("SB-02", "L.jpg?width=300&resize=contain", "jpeg", (300, 200)),
    image("SB-03", "L.jpg?height=300&resize=contain", "jpeg", (450, 300)),
    image("SB-05", "L.jpg?width=300&height=300&resize=contain", "jpeg", (300, 200)),
    image("SB-06", "L.jpg?width=300&height=300&resize=fill", "jpeg", (300, 300)),
    image("SB-07", "S.jpg?width=300&height=300", "jpeg", (100, 80)),
    image("SB-09", "S.jpg?width=300&height=300&resize=contain", "jpeg", (100, 80)),
    image("SB-10", "L.jpg?width=5000&resize=contain", "jpeg", (1200, 800)),
    image("SB-11", "B.jpg?width=2600&height=2600&resize=contain", "jpeg", (2500, 2041)),
    image("SB-13", "L.jpg?width=300&height=300&gravity=we", "jpeg", (300, 300), pixel(200, 10, RED)),
    image("SB-14", "L.jpg?width=300&height=300&gravity=sm", "jpeg", (300, 300)),
    image(
        "SB-15",
        "L.jpg?width=300&height=300&gravity=fp&x_offset=1&y_offset=0.5",
        "jpeg",
        (300, 300),
        pixel(100, 10, GREEN),
    ),
    image("SB-17", "L.jpg?width=300&resize=contain&format=avif", "avif", (300, 200)),
    image("SB-18", "L.jpg?width=300&resize=contain", "webp", (300, 200), accept="image/webp"),
    image("SB-19", "L.jpg?width=300&resize=contain&format=origin", "jpeg", (300, 200), accept="image/webp"),
    error("SB-21", "L.jpg?quality=10"),
    error("SB-22", "L.jpg?gravity=fp"),
    error("SB-23", "L.jpg?gravity=fp&x_offset=1.1&y_offset=0.5"),
    error("SB-25", "L.jpg?width=abc"),
    error("SB-26", "L.jpg?resize=crop"),
    image("SB-27", "L.jpg", "jpeg", (1200, 800)),
    image("SB-29", "G.gif?width=60&resize=contain", "gif", (60, 45), frames(3)),
    image("SB-30", "A.png?width=100&resize=contain", "png", (100, 75)),
    error("SB-31", "nope.jpg?width=100", 404, "NoSuchKey"),
    error("SB-33", "/storage/v1/render/image/sign/b/L.jpg?token=x.y.z", 400, "InvalidJWT"),
    image(
        "SB-34",
        "P.jpg?width=300&height=200&resize=cover&gravity=nowe&quality=60&format=webp",
        "webp",
        (300, 200),
        pixel(2, 2, RED),
    ),
    image("SB-35", "P.jpg?width=333&height=500&resize=contain", "jpeg", (333, 499)),
    image("SB-37", "L.jpg?width=1200&height=100&resize=cover", "jpeg", (1200, 100)),
    image("SB-38", "L.jpg?width=2000&height=100&resize=cover", "jpeg", (1200, 100)),
    image("SB-39", "S.jpg?height=40&resize=contain", "jpeg", (50, 40)),
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
