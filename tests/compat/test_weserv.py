"""weserv/images, case by case."""

import pytest

from tests.compat.runner import (
    Case,
    Check,
    Service,
    cut_border,
    distorted_border,
    fact,
    frames,
    has_alpha,
    is_grey,
    lasts,
    pixel,
)
from tests.compat.sources import BLACK, BLUE, GREEN, RED, WHITE, source


def image(name: str, file: str, query: str, form: str, size: tuple[int, int] | None, *checks: Check) -> Case:
    """Return a case with an image of the origin."""
    return Case(name, f"/?url={{origin-escaped}}%2F{file}&{query}", 200, form, size, checks)


def changed(name: str, query: str, *checks: Check, without: str = "") -> Case:
    """Return a case whose pixels differ from those without an option."""
    url = "/?url={origin-escaped}%2FL.jpg&w=300&"
    return Case(name, url + query, 200, "jpeg", (300, 200), checks, differs_from=url + without)


def error(name: str, query: str, status: int, message: str) -> Case:
    """Return a case whose answer is an error."""
    checks = [fact("status", equals="error"), fact("code", equals=status)]
    return Case(name, f"/?{query}", status, "json", checks=checks, body=message)


CASES = [
    image("both sides keep the shape", "B.jpg", "w=320&h=240", "jpeg", (294, 240)),
    image("dpr multiplies both sides", "B.jpg", "w=160&h=120&dpr=2", "jpeg", (294, 240)),
    image("a width beyond a large original enlarges", "B.jpg", "w=3000", "jpeg", (3000, 2450)),
    image("height alone keeps the shape", "B.jpg", "h=320", "jpeg", (392, 320)),
    image("a height out of range is ignored", "B.jpg", "w=320&h=100000000", "jpeg", (320, 261)),
    image("cover without enlarging limits each side", "B.jpg", "w=3000&h=3000&fit=cover&we=true", "jpeg", (2725, 2225)),
    image("fill with a width keeps the height", "B.jpg", "w=320&fit=fill", "jpeg", (320, 2225)),
    image("fill with a height keeps the width", "B.jpg", "h=320&fit=fill", "jpeg", (2725, 320)),
    image("fill enlarges one side alone", "B.jpg", "w=320&h=3000&fit=fill", "jpeg", (320, 3000)),
    image("fill distorts to both sides", "T.png", "w=100&h=100&fit=fill", "png", (100, 100), *distorted_border()),
    image("a crop comes after the resize", "B.jpg", "w=320&h=240&fit=cover&cx=10&cy=10&cw=50%25&ch=100%25", "jpeg",
          (160, 230), pixel(144, 100, RED), pixel(156, 100, GREEN), pixel(144, 116, BLUE)),
    image("a negative crop width is ignored", "B.jpg", "w=320&h=240&fit=cover&cx=10&cy=150&cw=-10&ch=10", "jpeg",
          (310, 10), pixel(5, 5, BLUE)),
    image("a left edge beyond the image is ignored", "B.jpg", "w=320&h=240&fit=cover&cx=3000&cy=150&cw=10&ch=10", "jpeg",
          (10, 10), pixel(5, 5, BLUE)),
    image("a crop first", "L.jpg", "w=100&cx=50%25&cw=25%25&precrop", "jpeg", (100, 267), pixel(10, 10, GREEN)),
    image("an older crop", "L.jpg", "w=300&crop=100,50,200,0", "jpeg", (100, 50), pixel(10, 10, GREEN)),
    image("a rotation on a half transparent background", "B.jpg", "w=320&ro=30&rbg=80FF0000&output=png", "png",
          (408, 386), pixel(2, 2, (255, 0, 0, 128))),
    image("a quarter turn swaps the sides", "B.jpg", "w=320&h=240&fit=fill&ro=270", "jpeg", (240, 320)),
    image("a rotation by 315 enlarges the canvas", "B.jpg", "w=240&h=240&fit=fill&ro=315&output=jpg", "jpeg",
          (339, 339)),
    image("a circle leaves transparent corners", "B.jpg", "w=240&h=240&fit=cover&mask=circle&output=png", "png",
          (240, 240), has_alpha()),
    image("mtrim cuts to the circle", "B.jpg", "w=320&h=240&fit=cover&mask=circle&mtrim=true&output=png", "png",
          (240, 240)),
    image("on a corner", "Q.jpg", "mask=triangle-180&output=png", "png", (300, 300), pixel(10, 10, (*RED, 0)),
          pixel(40, 90, (*RED, 255)), pixel(20, 280, (*BLUE, 0))),
    image("a mask on a colour", "Q.jpg", "mask=circle&mbg=white", "jpeg", (300, 300), pixel(2, 2, WHITE)),
    image("contain fills with the given colour", "L.jpg", "w=300&h=300&fit=contain&cbg=white", "jpeg", (300, 300),
          pixel(150, 10, WHITE)),
    image("on black", "L.jpg", "w=300&h=300&fit=contain", "jpeg", (300, 300), pixel(150, 10, BLACK)),
    image("on nothing", "L.jpg", "w=300&h=300&fit=contain&output=png", "png", (300, 300), has_alpha()),
    image("cover fills both sides", "T.png", "w=100&h=100&fit=cover", "png", (100, 100), *cut_border()),
    image("cover keeps the left part", "L.jpg", "w=300&h=300&fit=cover&a=left", "jpeg", (300, 300),
          pixel(200, 10, RED)),
    image("cover around a focal point", "L.jpg", "w=300&h=300&fit=cover&a=focal&fpx=1&fpy=0.5", "jpeg", (300, 300),
          pixel(100, 10, GREEN)),
    image("an older point", "L.jpg", "w=300&h=300&t=square&a=focal-100-50", "jpeg", (300, 300), pixel(100, 10, GREEN)),
    image("a small image is enlarged by default", "S.jpg", "w=300", "jpeg", (300, 240)),
    image("we does not enlarge", "S.jpg", "w=300&we", "jpeg", (100, 80)),
    image("older words", "S.jpg", "w=300&h=300&t=fit", "jpeg", (100, 80)),
    image("trim removes the border", "T.png", "trim=10", "png", (260, 160)),
    image("flip mirrors top to bottom", "L.jpg", "flip&w=300", "jpeg", (300, 200), pixel(5, 5, BLUE)),
    image("flop mirrors left to right", "L.jpg", "flop&w=300", "jpeg", (300, 200), pixel(5, 5, GREEN)),
    image("greyscale leaves no colour", "L.jpg", "w=300&filt=greyscale", "jpeg", (300, 200), is_grey()),
    image("no saturation", "L.jpg", "w=300&sat=0", "jpeg", (300, 200), is_grey()),
    image("negative", "L.jpg", "w=300&filt=negate", "jpeg", (300, 200), pixel(5, 5, (0, 255, 255))),
    changed("blur softens the edges of colours", "blur=5", pixel(5, 5, RED)),
    changed("sharp hardens the edges of colours", "blur=5&sharp=9", pixel(5, 5, RED), without="blur=5"),
    changed("a gamma of mixed colours", "gam", pixel(5, 5, RED)),
    changed("less contrast moves colours towards grey", "con=-50", pixel(5, 5, (170, 85, 85))),
    changed("a tint leaves the lightness", "tint=red", pixel(5, 5, RED), pixel(5, 190, (172, 0, 0))),
    image("an output of WebP", "L.jpg", "w=300&output=webp", "webp", (300, 200)),
    image("an output of PNG", "L.jpg", "w=300&output=png", "png", (300, 200)),
    image("an unknown output is ignored", "L.jpg", "w=300&output=nonsense", "jpeg", (300, 200)),
    image("transparency on the background as JPEG", "A.png", "bg=blue&output=jpg", "jpeg", (400, 300),
          pixel(5, 5, BLUE)),
    image("a GIF is a still by default", "G.gif", "w=60", "gif", (60, 45), frames(1)),
    image("all frames of a GIF", "G.gif", "n=-1&w=60", "gif", (60, 45), frames(3)),
    image("two frames", "G.gif", "n=2&w=60", "gif", (60, 45), frames(2)),
    image("a later page", "G.gif", "page=1&w=60", "gif", (60, 45), frames(1), pixel(5, 5, GREEN)),
    Case("facts of the image as JSON", "/?url={origin-escaped}%2FG.gif&n=-1&output=json", 200, "json",
         checks=[fact("pages", equals=3), fact("format", equals="gif"), fact("width", equals=120)]),
    Case("a filename of the answer", "/?url={origin-escaped}%2FL.jpg&w=300&filename=test", 200, "jpeg", (300, 200),
         answers={"Content-Disposition": 'inline; filename="test.jpg"', "Link": 'L.jpg>; rel="canonical"'}),
    Case("an unsafe filename is replaced", "/?url={origin-escaped}%2FL.jpg&w=300&filename=../test", 200, "jpeg",
         (300, 200),
         answers={"Content-Disposition": 'inline; filename="image.jpg"', "Access-Control-Allow-Origin": "*"}),
    Case("an invalid lifetime is a year", "/?url={origin-escaped}%2FL.jpg&w=300&maxage=1h", 200, "jpeg", (300, 200),
         [lasts(31_536_000)]),
    Case("a week", "/?url={origin-escaped}%2FL.jpg&w=300&maxage=1w", 200, "jpeg", (300, 200),
         [lasts(604_800)]),
    image("an unknown parameter is ignored", "L.jpg", "w=300&v=123", "jpeg", (300, 200)),
    Case("plain", "/?url={origin}/L.jpg&w=300", 200, "jpeg", (300, 200)),
    Case("a default URL for a missing original",
         "/?url={origin-escaped}%2Fnope.jpg&w=300&default={origin-escaped}%2FS.jpg", 302,
         answers={"Location": "/S.jpg"}),
    Case("to the original", "/?url={origin-escaped}%2Fbad.jpg&w=300&default", 302, answers={"Location": "/bad.jpg"}),
    Case("nowhere else", "/?url={origin-escaped}%2Fnope.jpg&w=300&default=https://example.org/", 404,
         answers={"Location": None}),
    error("a damaged image is refused", "url={origin-escaped}%2Fbad.jpg&w=300", 400,
          "Invalid or unsupported image format"),
    error("a URL with backslashes is refused", "url=http:%5C%5Cfoobar", 400, "Unable to parse URI"),
    error("no url is refused", "w=300", 400, "Unable to parse URI"),
    error("not there", "url={origin-escaped}%2Fnope.jpg&w=300", 404, "error: 404"),
    error("another host", "url=example.org%2Fa.jpg&w=300", 403, ""),
    Case("nuxt's string", "/?filename=test.png&we&w=200&h=200&fit=contain&output=jpg&url={origin-escaped}%2FW.png", 200,
         "jpeg", (200, 200)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("weserv", case)


def test_a_url_without_a_scheme(service: Service) -> None:
    service.origin.serve("/a b.jpg", source("S.jpg"))
    host = f"127.0.0.1:{service.origin.port}"
    for url in (f"{host}%2FS.jpg", f"%2F%2F{host}/S.jpg", f"http:{host}/S.jpg", f"HTTP://{host}/S.jpg"):
        assert service.request("weserv", f"/?url={url}&w=50").image.size == (50, 40), url
