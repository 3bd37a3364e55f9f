"""flyimg: sizes, cuts, rotation, effects, texts, formats, originals, uploads and errors."""

import pytest

from tests.compat.runner import Case, Service, cut_border, distorted_border, frames, has_alpha, is_grey, pixel
from tests.compat.sources import BLACK, BLUE, GREEN, RED, YELLOW, source

WHITE = (255, 255, 255)
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WEBP = {"Accept": "image/webp,*/*"}

CASES = [
    Case("width", "/upload/w_300/L.jpg", 200, "jpeg", (300, 200)),
    Case("height", "/upload/h_300/L.jpg", 200, "jpeg", (450, 300)),
    Case("inside both sides", "/upload/w_300,h_300/L.jpg", 200, "jpeg", (300, 200)),
    Case("a remote original", "/upload/w_200,h_200,o_jpeg/{origin}/L.jpg", 200, "jpeg", (200, 133)),
    Case("an escaped URL", "/upload/w_200/{origin-escaped}%2FL.jpg", 200, "jpeg", (200, 133)),
    Case("the query is the original's", "/upload/w_200/{origin}/L.jpg?x=1", (200, 404)),
    Case("no options", "/upload/-/S.jpg", 200, "jpeg", (100, 80)),
    Case("not enlarged", "/upload/w_300/S.jpg", 200, "jpeg", (100, 80)),
    Case("enlarged", "/upload/w_300,pns_0/S.jpg", 200, "jpeg", (300, 240)),
    Case("cut", "/upload/w_100,h_100,c_1,o_png/T.png", 200, "png", (100, 100), cut_border()),
    Case("cut at the right", "/upload/w_300,h_300,c_1,g_East/L.jpg", 200, "jpeg", (300, 300),
         [pixel(100, 10, GREEN), pixel(100, 290, YELLOW)]),
    Case("cut at a corner", "/upload/w_300,h_300,c_1,g_southwest/P.jpg", 200, "jpeg", (300, 300), [pixel(10, 100, BLUE)]),
    Case("a cut does not enlarge", "/upload/w_250,h_250,c_1/S.jpg", 200, "jpeg", (100, 80)),
    Case("a cut of one short side", "/upload/w_50,h_250,c_1/S.jpg", 200, "jpeg", (50, 80), [pixel(20, 10, RED)]),
    Case("a cut that enlarges", "/upload/w_250,h_250,c_1,pns_0/S.jpg", 200, "jpeg", (250, 250)),
    Case("a smart cut", "/upload/w_300,h_300,c_1,smc_1/L.jpg", 200, "jpeg", (300, 300)),
    Case("a cut by faces", "/upload/w_300,h_300,c_1,fc_1/L.jpg", 200, "jpeg", (300, 300)),
    Case("distorted", "/upload/w_100,h_100,par_0,o_png/T.png", 200, "png", (100, 100), distorted_border()),
    Case("a region", "/upload/e_1,p1x_600,p1y_0,p2x_900,p2y_400/L.jpg", 200, "jpeg", (300, 400), [pixel(10, 390, GREEN)]),
    Case("a region, resized", "/upload/e_1,p1x_600,p1y_400,p2x_1200,p2y_800,w_60/L.jpg", 200, "jpeg", (60, 40),
         [pixel(5, 5, YELLOW)]),
    Case("a right angle", "/upload/w_300,r_90/L.jpg", 200, "jpeg", (200, 300), [pixel(10, 10, BLUE), pixel(190, 10, RED)]),
    Case("a negative angle", "/upload/w_300,r_-90/L.jpg", 200, "jpeg", (200, 300), [pixel(10, 10, GREEN)]),
    Case("a free angle", "/upload/w_300,r_45,bg_blue,o_png/L.jpg", 200, "png", (354, 354), [pixel(3, 3, BLUE)]),
    Case("corners without a colour", "/upload/w_300,r_45,o_png/L.jpg", 200, "png", (354, 354), [pixel(3, 3, WHITE)]),
    Case("a background", "/upload/w_200,bg_%230000ff,o_png/A.png", 200, "png", (200, 150),
         [pixel(5, 5, (*BLUE, 255)), pixel(80, 80, (*RED, 255))]),
    Case("a background of three numbers", "/upload/w_200,bg_rgb(0,0,255),o_png/A.png", 200, "png", (200, 150),
         [pixel(5, 5, (*BLUE, 255))]),
    Case("transparent", "/upload/w_200/A.png", 200, "png", (200, 150), [has_alpha()]),
    Case("grey", "/upload/w_300,clsp_Gray/L.jpg", 200, "jpeg", (300, 200), [is_grey()]),
    Case("black and white", "/upload/w_300,mnchr_1/L.jpg", 200, "jpeg", (300, 200),
         [pixel(10, 10, BLACK), pixel(290, 10, WHITE), pixel(290, 190, WHITE)]),
    Case("blurred", "/upload/w_300,blr_0x8/L.jpg", 200, "jpeg", (300, 200), differs_from="/upload/w_300/L.jpg"),
    Case("a sharpened blur", "/upload/w_300,unsh_0x9+9/L.jpg", 200, "jpeg", (300, 200),
         differs_from="/upload/w_300,unsh_0x9+0/L.jpg"),
    Case("a text", "/upload/w_300,t_Hello,ts_60,tc_black,tbg_white,g_Center/L.jpg", 200, "jpeg", (300, 200),
         differs_from="/upload/w_300/L.jpg"),
    Case("AVIF", "/upload/w_300/L.jpg", 200, "avif", (300, 200), headers=CHROME, answers={"vary": "Accept"}),
    Case("WebP", "/upload/w_300,o_auto/L.jpg", 200, "webp", (300, 200), headers=WEBP),
    Case("as the input", "/upload/w_300,o_input/L.jpg", 200, "jpeg", (300, 200), headers=CHROME),
    Case("PNG", "/upload/w_300,o_png/L.jpg", 200, "png", (300, 200), headers=CHROME),
    Case("lossless WebP", "/upload/w_160,o_webp,webpl_1/X.webp", 200, "webp", (160, 120),
         [lambda reply: b"VP8L" in reply.body[:64]]),
    Case("a first frame", "/upload/w_60,o_png/G.gif", 200, "png", (60, 45), [frames(1)]),
    Case("an animation", "/upload/w_60,o_gif/G.gif", 200, "gif", (60, 45), [frames(3)]),
    Case("as stored", "/upload/w_150/E6.jpg", 200, "jpeg", (150, 100), [pixel(10, 10, RED)]),
    Case("turned by EXIF", "/upload/w_100,ao_1/E6.jpg", 200, "jpeg", (100, 150), [pixel(10, 10, BLUE)]),
    Case("the path of an image", "/path/w_300/L.jpg", 200, body="/upload/w_300/L.jpg"),
    Case("the path of an image below a mount", "/path/w_300/L.jpg", 200, body="/fly/upload/w_300/L.jpg",
         mount="flyimg-mounted"),
    Case("another host", "/upload/w_3/https://other.example/a.jpg", 403),
    Case("missing original", "/upload/w_3/gone.jpg", 404),
    Case("bad width", "/upload/w_x/L.jpg", 400, body="w must be a whole number"),
    Case("bad format", "/upload/o_xxx/L.jpg", 400, body="o must be auto, input, png"),
    Case("no image", "/upload/w_3", (404, 405)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("flyimg", case)


def test_an_uploaded_image(service: Service) -> None:
    reply = service.request("flyimg", "/upload/w_60,o_png", "POST", body=source("L.jpg"))
    assert (reply.status, reply.media_type) == (200, "image/png")
    assert reply.image.size == (60, 40)
