"""Appwrite's storage: previews cut to both sides, borders, opacity, rotation, background, views, downloads, errors."""

import pytest

from tests.compat.runner import Case, Service, fact, has_alpha, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

B = "/v1/storage/buckets/b/files"
L = f"{B}/L.jpg/preview?project=p"
WHITE = (255, 255, 255)

CASES = [
    Case("both sides", f"{L}&width=300&height=300", 200, "jpeg", (300, 300), [pixel(140, 140, RED)]),
    Case("one side", f"{L}&width=300&output=webp&quality=60", 200, "webp", (300, 200)),
    Case("the other side", f"{L}&height=200", 200, "jpeg", (300, 200)),
    Case("a side of 0", f"{L}&width=300&height=0", 200, "jpeg", (300, 200)),
    Case("gravity", f"{L}&width=200&height=300&gravity=top-left", 200, "jpeg", (200, 300), [pixel(190, 140, RED)]),
    Case("another gravity", f"{L}&width=200&height=300&gravity=right", 200, "jpeg", (200, 300), [pixel(5, 140, GREEN)]),
    Case("small", f"{B}/S.jpg/preview?width=300&height=300", 200, "jpeg", (300, 300)),
    Case("quality", f"{L}&width=300&quality=10", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case(
        "border",
        f"{L}&width=300&borderWidth=10&borderColor=0000FF&output=png",
        200,
        "png",
        (300, 200),
        [pixel(5, 5, BLUE), pixel(15, 15, RED)],
    ),
    Case(
        "rounded",
        f"{L}&width=300&borderRadius=40&output=png",
        200,
        "png",
        (300, 200),
        [has_alpha(), pixel(60, 60, RED)],
    ),
    Case("opacity", f"{L}&width=300&opacity=0.5&output=png", 200, "png", (300, 200), [pixel(5, 5, (*RED, 128))]),
    Case("rotation", f"{L}&width=300&rotation=90", 200, "jpeg", (200, 300), [pixel(5, 5, BLUE)]),
    Case("rotation back", f"{L}&width=300&rotation=-90", 200, "jpeg", (200, 300), [pixel(5, 5, GREEN)]),
    Case("corners", f"{B}/Q.jpg/preview?rotation=45&background=0000ff", 200, "jpeg", (425, 425), [pixel(5, 5, BLUE)]),
    Case(
        "background",
        f"{B}/A.png/preview?background=0000ff",
        200,
        "png",
        (400, 300),
        [pixel(5, 5, BLUE), has_alpha(expected=False)],
    ),
    Case("transparent on white", f"{B}/A.png/preview?output=jpg", 200, "jpeg", (400, 300), [pixel(5, 5, WHITE)]),
    Case("nothing", f"{B}/X.webp/preview", 200, "webp", (320, 240)),
    Case("unknown", f"{L}&zoom=3&width=300", 200, "jpeg", (300, 200)),
    Case("view", f"{B}/L.jpg/view?project=p&width=3", 200, "jpeg", (1200, 800)),
    Case("download", f"{B}/L.jpg/download", 200, "jpeg", (1200, 800), answers={"Content-Disposition": "attachment"}),
    Case("turned by EXIF", f"{B}/E6.jpg/preview?width=100&height=150", 200, "jpeg", (100, 150)),
    Case(
        "too wide",
        f"{L}&width=4001",
        400,
        "json",
        checks=[fact("type", equals="general_argument_invalid"), fact("code", equals=400)],
    ),
    Case("no number", f"{L}&width=x", 400, "json", body="`width`"),
    Case("no colour", f"{L}&background=red", 400, "json", body="`background`"),
    Case("no such format", f"{L}&output=mp4", 400, "json", body="`output`"),
    Case("no file", f"{B}/none/preview", 404, "json", checks=[fact("type", equals="storage_file_not_found")]),
    Case("no identifier", f"{B}/a%2f..%2fb/preview", 400, "json", body="fileId"),
    Case(
        "the middle", f"{L}&width=100&height=100&gravity=bottom-right", 200, "jpeg", (100, 100), [pixel(95, 95, YELLOW)]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("appwrite", case)
