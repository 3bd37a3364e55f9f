"""ImageKit: transformations in path and query, crop modes, layers, output, signatures and errors."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, has_alpha, is_grey, pixel, smaller_than
from tests.compat.sources import BLACK, BLUE, GREEN, RED, WHITE, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
GREY = (243, 243, 243)

CASES = [
    Case("width alone keeps the shape", "/K.jpg?tr=w-300", 200, "jpeg", (300, 405)),
    Case("a transformation in the path", "/tr:w-300/K.jpg", 200, "jpeg", (300, 405)),
    Case("height alone keeps the shape", "/L.jpg?tr=h-300", 200, "jpeg", (450, 300)),
    Case("both sides as shares of the original", "/L.jpg?tr=w-0.5,h-0.25", 200, "jpeg", (600, 200)),
    Case("a width by an expression", "/L.jpg?tr=w-iw_div_2", 200, "jpeg", (600, 400)),
    Case("both sides crop by default", "/K.jpg?tr=w-300,h-200", 200, "jpeg", (300, 200)),
    Case(
        "maintain_ratio_no_enlarge crops to both sides",
        "/T.png?tr=w-100,h-100,c-maintain_ratio_no_enlarge",
        200,
        "png",
        (100, 100),
        cut_border(),
    ),
    Case(
        "maintain_ratio_no_enlarge shrinks the box to the image",
        "/S.jpg?tr=w-300,h-300,c-maintain_ratio_no_enlarge",
        200,
        "jpeg",
        (80, 80),
    ),
    Case(
        "force distorts to both sides",
        "/T.png?tr=w-100,h-100,c-force",
        200,
        "png",
        (100, 100),
        distorted_border(),
    ),
    Case("at_max stays within both sides", "/K.jpg?tr=w-300,h-200,c-at_max", 200, "jpeg", (148, 200)),
    Case("at_max_enlarge enlarges to both sides", "/K.jpg?tr=w-850,h-1000,c-at_max_enlarge", 200, "jpeg", (740, 1000)),
    Case("at_least covers both sides without cutting", "/K.jpg?tr=w-300,h-200,c-at_least", 200, "jpeg", (300, 405)),
    Case(
        "pad_resize fills with the background",
        "/K.jpg?tr=w-300,h-200,cm-pad_resize,bg-F3F3F3",
        200,
        "jpeg",
        (300, 200),
        [pixel(10, 100, GREY)],
    ),
    Case("black", "/K.jpg?tr=w-300,h-200,cm-pad_resize", 200, "jpeg", (300, 200), [pixel(10, 100, BLACK)]),
    Case(
        "pad_resize with the image on the left",
        "/K.jpg?tr=w-300,h-200,cm-pad_resize,fo-left,bg-F3F3F3",
        200,
        "jpeg",
        (300, 200),
        [pixel(5, 5, RED), pixel(290, 100, GREY)],
    ),
    Case(
        "pad_resize_no_enlarge keeps a small image small",
        "/S.jpg?tr=w-300,h-300,cm-pad_resize_no_enlarge,bg-FF0000",
        200,
        "jpeg",
        (300, 300),
        [pixel(150, 100, RED), pixel(165, 140, GREEN), pixel(140, 160, BLUE)],
    ),
    Case(
        "extract cuts the centre without resizing",
        "/T.png?tr=w-270,h-170,cm-extract",
        200,
        "png",
        (270, 170),
        [pixel(2, 80, WHITE), pixel(8, 80, BLACK), pixel(130, 2, WHITE), pixel(130, 8, BLACK)],
    ),
    Case(
        "extract cuts the top left corner",
        "/K.jpg?tr=w-300,h-200,cm-extract,fo-top_left",
        200,
        "jpeg",
        (300, 200),
        [pixel(295, 195, RED)],
    ),
    Case("a region", "/L.jpg?tr=w-300,h-200,cm-extract,x-600,y-400", 200, "jpeg", (300, 200), [pixel(5, 5, YELLOW)]),
    Case(
        "a region by its centre",
        "/L.jpg?tr=w-300,h-200,cm-extract,xc-650,yc-450",
        200,
        "jpeg",
        (300, 200),
        [pixel(95, 45, RED), pixel(105, 45, GREEN), pixel(95, 55, BLUE)],
    ),
    Case("a region outside", "/L.jpg?tr=w-300,h-200,cm-extract,xc-1190,yc-400", 400),
    Case(
        "pad_extract pads both ways",
        "/K.jpg?tr=w-700,h-900,cm-pad_extract,bg-FF0000",
        200,
        "jpeg",
        (700, 900),
        [pixel(10, 800, RED), pixel(340, 30, RED), pixel(360, 30, GREEN), pixel(40, 870, BLUE)],
    ),
    Case(
        "pad_extract cuts one way, pads the other",
        "/K.jpg?tr=w-700,h-200,cm-pad_extract,bg-FF0000",
        200,
        "jpeg",
        (700, 200),
        [pixel(10, 190, RED), pixel(300, 150, BLUE), pixel(690, 190, RED)],
    ),
    Case("never smaller", "/K.jpg?tr=w-700,h-200,cm-pad_extract_no_shrink", 200, "jpeg", (700, 865)),
    Case("an aspect ratio with a height", "/L.jpg?tr=h-300,ar-4-3", 200, "jpeg", (400, 300)),
    Case("an aspect ratio beside both sides is ignored", "/L.jpg?tr=w-300,h-200,ar-1-1", 200, "jpeg", (300, 200)),
    Case("a crop focused on the left", "/L.jpg?tr=w-300,h-300,fo-left", 200, "jpeg", (300, 300), [pixel(200, 10, RED)]),
    Case("dpr multiplies the width", "/L.jpg?tr=w-300,dpr-2", 200, "jpeg", (600, 400)),
    Case("dpr that exceeds the limit is ignored", "/L.jpg?tr=w-3000,dpr-2", 200, "jpeg", (3000, 2000)),
    Case("rotate turns right", "/L.jpg?tr=rt-90", 200, "jpeg", (800, 1200), [pixel(0, 0, BLUE)]),
    Case("rotated in a second step", "/tr:w-400,h-300:rt-90/L.jpg", 200, "jpeg", (300, 400), [pixel(0, 0, BLUE)]),
    Case("a negative rotate turns left", "/L.jpg?tr=rt-N90", 200, "jpeg", (800, 1200), [pixel(0, 0, GREEN)]),
    Case("flip mirrors left to right", "/L.jpg?tr=w-300,fl-h", 200, "jpeg", (300, 200), [pixel(0, 0, GREEN)]),
    Case("r-max makes transparent corners", "/L.jpg?tr=w-300,h-300,r-max,f-png", 200, "png", (300, 300), [has_alpha()]),
    Case("grayscale leaves no colour", "/L.jpg?tr=w-300,e-grayscale", 200, "jpeg", (300, 200), [is_grey()]),
    Case("a format of WebP", "/L.jpg?tr=w-300,f-webp", 200, "webp", (300, 200)),
    Case(
        "f-auto gives WebP where it is accepted",
        "/L.jpg?tr=w-300,f-auto",
        200,
        "webp",
        (300, 200),
        headers=WEBP,
        answers={"Vary": "Accept"},
    ),
    Case("a low quality makes few bytes", "/L.jpg?tr=w-300,q-10,f-jpg", 200, "jpeg", (300, 200), [smaller_than(2_500)]),
    Case("orig-true ignores what else is asked for", "/L.jpg?tr=orig-true,w-300", 200, "jpeg", (1200, 800)),
    Case(
        "an image layer at an offset",
        "/L.jpg?tr=w-600,l-image,i-W.png,w-100,lx-10,ly-10,l-end",
        200,
        "jpeg",
        (600, 400),
        [pixel(11, 11, RED), pixel(95, 15, GREEN), pixel(15, 55, BLUE)],
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
    Case(
        "a text",
        "/L.jpg?tr=w-300,l-text,i-Hello%20you,fs-50,co-FFFFFF,l-end",
        200,
        "jpeg",
        (300, 200),
        differs_from="/L.jpg?tr=w-300",
    ),
    Case(
        "a size of a text",
        "/L.jpg?tr=w-300,l-text,i-Hello%20you,fs-50,co-FFFFFF,l-end",
        differs_from="/L.jpg?tr=w-300,l-text,i-Hello%20you,co-FFFFFF,l-end",
    ),
    Case(
        "a colour of a text",
        "/L.jpg?tr=w-300,l-text,i-Hello%20you,fs-50,co-FFFFFF,l-end",
        differs_from="/L.jpg?tr=w-300,l-text,i-Hello%20you,fs-50,l-end",
    ),
    Case("a named transformation", "/L.jpg?tr=n-thumb", 200, "jpeg", (150, 150)),
    Case(
        "ik-attachment makes a download",
        "/L.jpg?tr=w-300&ik-attachment=true",
        200,
        "jpeg",
        (300, 200),
        answers={"Content-Disposition": "attachment"},
    ),
    Case("unknown keys of the query are ignored", "/L.jpg?updatedAt=1&tr=w-300", 200, "jpeg", (300, 200)),
    Case("a default image for a missing original", "/nope.jpg?tr=w-300,di-L.jpg", 200, "jpeg", (300, 200)),
    Case("a missing original is not found", "/nope.jpg?tr=w-300", 404),
    Case("an unsigned URL is refused", "/L.jpg?tr=w-300", 401, mount="imagekit-signed"),
    Case(
        "a signature of another URL is refused",
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
    Case(
        "as Nuxt asks", "/W.png?tr=w-200,h-200,cm-pad_resize,f-jpeg", 200, "jpeg", (200, 200), [pixel(100, 10, BLACK)]
    ),
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
