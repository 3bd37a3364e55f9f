"""ImageKit: transformations in path and query, crop modes, layers, output, signatures and errors."""

import pytest

from tests.compat.runner import Case, Service, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLUE, GREEN, RED

WEBP = {"Accept": "image/webp,*/*"}
GREY = (243, 243, 243)
BLACK = (0, 0, 0)

CASES = [
    Case("IK-01", "/K.jpg?tr=w-300", 200, "jpeg", (300, 405)),
    Case("IK-02", "/tr:w-300/K.jpg", 200, "jpeg", (300, 405)),
    Case("IK-03", "/L.jpg?tr=h-300", 200, "jpeg", (450, 300)),
    Case("IK-05", "/L.jpg?tr=w-0.5,h-0.25", 200, "jpeg", (600, 200)),
    Case("IK-06", "/L.jpg?tr=w-iw_div_2", 200, "jpeg", (600, 400)),
    Case("IK-07", "/K.jpg?tr=w-300,h-200", 200, "jpeg", (300, 200)),
    Case("IK-09", "/L.jpg?tr=w-300,h-300,c-maintain_ratio_no_enlarge", 200, "jpeg", (300, 300)),
    Case(
        "IK-10",
        "/K.jpg?tr=w-300,h-200,c-force",
        200,
        "jpeg",
        (300, 200),
        [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE)],
    ),
    Case("IK-11", "/K.jpg?tr=w-300,h-200,c-at_max", 200, "jpeg", (148, 200)),
    Case("IK-13", "/K.jpg?tr=w-850,h-1000,c-at_max_enlarge", 200, "jpeg", (740, 1000)),
    Case("IK-14", "/K.jpg?tr=w-300,h-200,c-at_least", 200, "jpeg", (300, 405)),
    Case("IK-15", "/K.jpg?tr=w-300,h-200,cm-pad_resize,bg-F3F3F3", 200, "jpeg", (300, 200), [pixel(10, 100, GREY)]),
    Case("black", "/K.jpg?tr=w-300,h-200,cm-pad_resize", 200, "jpeg", (300, 200), [pixel(10, 100, BLACK)]),
    Case(
        "IK-17",
        "/K.jpg?tr=w-300,h-200,cm-pad_resize,fo-left,bg-F3F3F3",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, RED), pixel(290, 100, GREY)],
    ),
    Case(
        "IK-18",
        "/S.jpg?tr=w-300,h-300,cm-pad_resize_no_enlarge,bg-FF0000",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 100, RED), pixel(165, 140, GREEN), pixel(140, 160, BLUE)],
    ),
    Case(
        "IK-19",
        "/K.jpg?tr=w-300,h-200,cm-extract",
        200,
        "jpeg",
        (300, 200),
        [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE)],
    ),
    Case("IK-21", "/K.jpg?tr=w-300,h-200,cm-extract,fo-top_left", 200, "jpeg", (300, 200), [pixel(0, 0, RED)]),
    Case("a region", "/L.jpg?tr=w-300,h-200,cm-extract,x-600,y-0", 200, "jpeg", (300, 200), [pixel(5, 5, GREEN)]),
    Case(
        "a region by its centre",
        "/L.jpg?tr=w-300,h-200,cm-extract,xc-600,yc-400",
        200,
        "jpeg",
        (300, 200),
        [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE)],
    ),
    Case("a region outside", "/L.jpg?tr=w-300,h-200,cm-extract,xc-1190,yc-400", 400),
    Case(
        "IK-22",
        "/K.jpg?tr=w-700,h-900,cm-pad_extract,bg-FF0000",
        200,
        "jpeg",
        (700, 900),
        [pixel(10, 800, RED), pixel(340, 30, RED), pixel(360, 30, GREEN), pixel(40, 870, BLUE)],
    ),
    Case(
        "IK-23",
        "/K.jpg?tr=w-700,h-200,cm-pad_extract,bg-FF0000",
        200,
        "jpeg",
        (700, 200),
        [pixel(10, 190, RED), pixel(300, 150, BLUE), pixel(690, 190, RED)],
    ),
    Case("never smaller", "/K.jpg?tr=w-700,h-200,cm-pad_extract_no_shrink", 200, "jpeg", (700, 865)),
    Case("IK-25", "/L.jpg?tr=h-300,ar-4-3", 200, "jpeg", (400, 300)),
    Case("IK-26", "/L.jpg?tr=w-300,h-200,ar-1-1", 200, "jpeg", (300, 200)),
    Case("IK-27", "/L.jpg?tr=w-300,h-300,fo-left", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("IK-29", "/L.jpg?tr=w-300,dpr-2", 200, "jpeg", (600, 400)),
    Case("IK-30", "/L.jpg?tr=w-3000,dpr-2", 200, "jpeg", (3000, 2000)),
    Case("IK-31", "/L.jpg?tr=rt-90", 200, "jpeg", (800, 1200), [pixel(0, 0, BLUE)]),
    Case("rotated in a second step", "/tr:w-400,h-300:rt-90/L.jpg", 200, "jpeg", (300, 400), [pixel(0, 0, BLUE)]),
    Case("IK-33", "/L.jpg?tr=rt-N90", 200, "jpeg", (800, 1200), [pixel(0, 0, GREEN)]),
    Case("IK-34", "/L.jpg?tr=w-300,fl-h", 200, "jpeg", (300, 200), [pixel(0, 0, GREEN)]),
    Case("IK-35", "/L.jpg?tr=w-300,h-300,r-max,f-png", 200, "png", (300, 300), [has_alpha()]),
    Case("IK-37", "/L.jpg?tr=w-300,e-grayscale", 200, "jpeg", (300, 200), [is_grey()]),
    Case("IK-38", "/L.jpg?tr=w-300,f-webp", 200, "webp", (300, 200)),
    Case("IK-39", "/L.jpg?tr=w-300,f-auto", 200, "webp", (300, 200), headers=WEBP, answers={"Vary": "Accept"}),
    Case("IK-41", "/L.jpg?tr=w-300,q-10,f-jpg", 200, "jpeg", (300, 200), [smaller_than(4_000)]),
    Case("IK-42", "/L.jpg?tr=orig-true", 200, "jpeg", (1200, 800)),
    Case(
        "IK-43",
        "/L.jpg?tr=w-600,l-image,i-W.png,w-100,lx-10,ly-10,l-end",
        200,
        "jpeg",
        (600, 400),
        [pixel(11, 11, RED), pixel(105, 15, GREEN), pixel(15, 55, BLUE)],
    ),
    Case(
        "a layer by the sides below it",
        "/L.jpg?tr=w-600,l-image,i-W.png,w-bw_div_2,lfo-bottom_right,l-end",
        200,
        "jpeg",
        (600, 400),
        [pixel(310, 260, RED), pixel(590, 260, GREEN)],
    ),
    Case(
        "a canvas",
        "/L.jpg?tr=w-600,l-image,i-ik_canvas,bg-0000FF,w-50,h-40,lfo-top_left,l-end",
        200,
        "jpeg",
        (600, 400),
        [pixel(25, 20, BLUE), pixel(60, 20, RED), pixel(20, 50, RED)],
    ),
    Case("a text", "/L.jpg?tr=w-300,l-text,i-Hello%20you,fs-50,co-FFFFFF,l-end", 200, "jpeg", (300, 200)),
    Case("IK-45", "/L.jpg?tr=n-thumb", 200, "jpeg", (150, 150)),
    Case(
        "IK-46",
        "/L.jpg?tr=w-300&ik-attachment=true",
        200,
        "jpeg",
        (300, 200),
        answers={"Content-Disposition": "attachment"},
    ),
    Case("IK-47", "/L.jpg?updatedAt=1&tr=w-300", 200, "jpeg", (300, 200)),
    Case("IK-49", "/nope.jpg?tr=w-300,di-L.jpg", 200, "jpeg", (300, 200)),
    Case("IK-50", "/nope.jpg?tr=w-300", 404),
    Case("IK-51", "/L.jpg?tr=w-300", 401, mount="imagekit-signed"),
    Case(
        "IK-53",
        "/tr:w-300,h-201/sdk-testing-files/future-search.png?version=2.0&ik-s=dd1ee8f83d019bc59fd57a5fc4674a11eb8a3496",
        401,
        mount="imagekit-signed",
    ),
    Case(
        "signed, without such a file",
        "/tr:w-300,h-200/sdk-testing-files/future-search.png?version=2.0&ik-s=dd1ee8f83d019bc59fd57a5fc4674a11eb8a3496",
        404,
        mount="imagekit-signed",
    ),
    Case("a URL of its own", "/tr:w-300/{origin}/L.jpg", 200, "jpeg", (300, 200)),
    Case("a name for search engines", "/ik-seo/tr:w-300/L/a-nice-name.jpg", 200, "jpeg", (300, 200)),
    Case("commas escaped", "/L.jpg?tr=w-300%2Ch-100", 200, "jpeg", (300, 100)),
    Case("as Nuxt asks", "/L.jpg?tr=w-200,h-200,cm-pad_resize,f-jpeg", 200, "jpeg", (200, 200)),
    Case("no number", "/L.jpg?tr=w-abc", 400, answers={"x-ik-error": "w must be"}),
    Case("no condition", "/L.jpg?tr=if-ar_gt_1,w-300,if-end", 400, answers={"x-ik-error": "if is not supported"}),
    Case("unknown ones", "/L.jpg?tr=w-300,zz-1", 200, "jpeg", (300, 200)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("imagekit", case)


def test_path_and_query_give_the_same_bytes(service: Service) -> None:
    assert (
        service.request("imagekit", "/demo/tr:w-300/K.jpg").body
        == service.request("imagekit", "/demo/K.jpg?tr=w-300").body
    )


def test_the_file_as_it_is(service: Service) -> None:
    original = service.request("imagekit", "/demo/L.jpg?tr=orig-true,w-300").body
    assert original == service.request("native-at-a-host", "/resize?url=L.jpg&format=original").body
