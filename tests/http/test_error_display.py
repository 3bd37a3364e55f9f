"""Errors as people see them: an image for image elements, a page for the address bar, a problem document for programs."""

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.api.http import error_svg as error_svg_module
from pixmill.api.http.error_advice import ADVICE
from pixmill.api.http.error_display import NO_DISPLAY, ErrorDisplay, FailedRequest, readable_hint, requested_size
from pixmill.api.http.error_form import ErrorForm, ErrorImages, choose_form
from pixmill.api.http.error_page import PageText, error_page
from pixmill.api.http.error_svg import MAX_SIDE, MIN_SIDE, ErrorText, error_svg
from pixmill.api.http.problems import STATUS, problem_response
from pixmill.errors import InvalidParameter, SourceNotFound, SourceUnreachable
from tests.servers.pixmill import Pixmill, Reply

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
SVG = "{http://www.w3.org/2000/svg}"
CHROME_IMAGE = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX_IMAGE = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
SAFARI_IMAGE = "image/webp,image/avif,image/jxl,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
CHROME_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
AS_IMAGE = {"Sec-Fetch-Dest": "image", "Accept": CHROME_IMAGE}
AS_PAGE = {"Sec-Fetch-Dest": "document", "Accept": CHROME_PAGE}


def form(mode: ErrorImages = ErrorImages.DEVELOPMENT, **headers: str) -> ErrorForm:
    return choose_form(mode, [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])


@pytest.mark.parametrize("accept", [CHROME_IMAGE, FIREFOX_IMAGE, SAFARI_IMAGE, "image/webp,*/*", "image/svg+xml"])
def test_who_prefers_images_gets_one(accept: str) -> None:
    assert form(accept=accept) is ErrorForm.IMAGE
    assert form(accept=accept, sec_fetch_dest="image") is ErrorForm.IMAGE
    assert form(accept=accept, sec_fetch_dest="empty") is ErrorForm.PROBLEM, "a script reads the code"


@pytest.mark.parametrize(
    "accept", [CHROME_PAGE, "text/html", "text/html,*/*", "application/xhtml+xml, text/html;q=0.9"]
)
def test_the_address_bar_gets_a_page(accept: str) -> None:
    assert form(accept=accept) is ErrorForm.PAGE
    assert form(accept=accept, sec_fetch_dest="document") is ErrorForm.PAGE
    for other in ("iframe", "embed", "script", "audio"):
        assert form(accept=accept, sec_fetch_dest=other) is ErrorForm.PROBLEM


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/json", "image/webp", "image/avif;q=0", "application/problem+json,image/*;q=0.5", ",;,"],
)
def test_programs_get_the_problem_document(accept: str) -> None:
    assert form(accept=accept) is ErrorForm.PROBLEM
    assert form() is ErrorForm.PROBLEM


def test_the_mode_says_who_sees_what() -> None:
    assert form(ErrorImages.OFF, sec_fetch_dest="image") is ErrorForm.PROBLEM
    assert form(ErrorImages.OFF, sec_fetch_dest="document") is ErrorForm.PROBLEM
    assert form(ErrorImages.PAGES, sec_fetch_dest="image") is ErrorForm.PROBLEM
    assert form(ErrorImages.PAGES, sec_fetch_dest="document") is ErrorForm.PAGE


@given(st.binary(max_size=300))
def test_any_accept_has_a_form(accept: bytes) -> None:
    assert choose_form(ErrorImages.DEVELOPMENT, [(b"accept", accept)]) in ErrorForm


def parsed(svg: str | bytes) -> ET.Element:
    assert b"<!" not in (svg if isinstance(svg, bytes) else svg.encode()), "no entities"
    return ET.fromstring(svg)  # noqa: S314 - without a document type


def lines(svg: str) -> list[ET.Element]:
    return list(parsed(svg).iter(f"{SVG}text"))


@pytest.mark.parametrize("size", [(16, 16), (24, 16), (48, 48), (100, 60), (320, 80), (60, 300), (640, 400), (4000, 9)])
def test_an_image_has_the_size_and_its_text_is_inside(size: tuple[int, int]) -> None:
    text = ErrorText(404, "source_not_found", "There is no such image", "Did you mean sunset.jpg?")
    root = parsed(error_svg(text, *size))
    assert (root.get("width"), root.get("height")) == (str(size[0]), str(max(16, size[1])))
    drawn = list(root.iter(f"{SVG}text"))
    assert "404" in (drawn[0].text or "")
    for element in drawn:
        font_px, y = float(element.get("font-size", "0")), float(element.get("y", "0"))
        assert font_px >= 4.9, "it can be read"
        assert font_px * 0.6 < y <= max(16, size[1])
        width = len(element.text or "") * font_px * 0.53
        assert width <= size[0] + 1, element.text


def test_a_large_image_tells_all_and_a_small_one_what_matters() -> None:
    text = ErrorText(400, "invalid_parameter", "width must be a whole number", "Give a number")
    said = {
        side: " ".join(line.text or "" for line in lines(error_svg(text, side, side))) for side in (16, 80, 140, 400)
    }
    assert said[16] == "400"
    assert said[80].replace("_ ", "_").startswith("400 invalid_parameter")
    assert "width must be" in said[140]
    assert said[400].endswith("Give a number")


def test_a_ratio_scales_the_letters_with_the_page() -> None:
    text = ErrorText(400, "invalid_parameter", "width must be a whole number")
    once, twice = error_svg(text, 400, 300), error_svg(text, 800, 600, 2)
    assert 'width="800" height="600" viewBox="0 0 400 300"' in twice
    assert [line.attrib for line in lines(once)] == [line.attrib for line in lines(twice)]


@given(st.text(max_size=400), st.integers(0, 99_999), st.integers(0, 99_999), st.floats(0, 10), st.text(max_size=400))
def test_any_words_give_a_bounded_well_formed_image(
    sentence: str, width: int, height: int, ratio: float, hint: str
) -> None:
    svg = error_svg(ErrorText(500, "internal", sentence, hint), width, height, ratio)
    root = parsed(svg)
    assert all(MIN_SIDE <= int(root.get(side, "0")) <= MAX_SIDE for side in ("width", "height"))
    assert len(svg.encode()) < 24_000
    assert {element.tag for element in root.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "style", "rect", "text")
    }


@pytest.mark.parametrize(
    ("target", "size"),
    [
        ("/resize?url=a.jpg&width=300&height=200", (300, 200, 1.0)),
        ("/resize?w=300&dpr=2", (600, 0, 2.0)),
        ("/resize?w=300&dpr=1.5", (450, 0, 1.5)),
        ("/300x200/a.jpg", (300, 200, 1.0)),
        ("/sig/rs:fill:300:400/plain/a", (300, 400, 1.0)),
        ("/cdn-cgi/image/width=80,height=60/a.jpg", (80, 60, 1.0)),
        ("/demo/image/upload/w_120,h_90/a", (120, 90, 1.0)),
        ("/_next/image?url=%2Fa.jpg&w=640&q=75", (640, 0, 1.0)),
        ("/resize?url=a.jpg&width=wide&border_width=7", (0, 0, 1.0)),
        ("/resize?width=pct:50&height=0.5", (0, 0, 1.0)),
    ],
)
def test_the_size_is_read_from_urls_that_cannot_be_parsed(target: str, size: tuple[int, int, float]) -> None:
    path, _, query = target.encode().partition(b"?")
    assert requested_size(path, query) == size


@given(st.binary(max_size=2_000), st.binary(max_size=2_000))
def test_any_url_has_a_size(path: bytes, query: bytes) -> None:
    width, height, ratio = requested_size(path, query)
    assert min(width, height) >= 0
    assert 1 <= ratio < 10


class Elements(HTMLParser):
    """Names of elements, and the text of each kind."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts[self.names[-1]] = self.texts.get(self.names[-1], "") + data


def test_the_page_marks_the_parameter_also_by_an_alias() -> None:
    text = PageText(400, "invalid_parameter", "Invalid parameter value", "width must be …", "width")
    found = Elements(error_page(text, b"/resize", b"url=a.jpg&w=wi%20de&height=2"))
    assert found.texts["mark"].startswith("w=wi de")
    assert found.names.count("mark") == 1
    unmarked = Elements(error_page(text, b"/resize", b"url=a.jpg&height=2"))
    assert "mark" not in unmarked.names


@given(st.text(max_size=100), st.binary(max_size=200), st.binary(max_size=400), st.text(max_size=30))
def test_nothing_of_the_request_becomes_markup(words: str, path: bytes, query: bytes, param: str) -> None:
    text = PageText(400, "invalid_parameter", "Invalid", words, param, (words,), (), words)
    page = error_page(text, b"/" + path, query)
    allowed = "html head meta title style body main p b code h1 h2 pre mark ul li footer span"
    assert set(Elements(page).names) <= set(allowed.split())
    assert not re.search("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)


def test_every_code_has_advice() -> None:
    assert set(ADVICE) == set(STATUS)
    assert all(sentence.endswith(".") and len(sentence) < 130 for sentence in ADVICE.values())


def test_a_page_outside_of_development_has_no_advice_and_no_hint() -> None:
    error = SourceNotFound(detail="/srv/secret", hint="Did you mean private.jpg?")
    for mode, expected in ((ErrorImages.PAGES, False), (ErrorImages.DEVELOPMENT, True)):
        display = ErrorDisplay(mode)
        shown = display.show(
            ErrorForm.PAGE, FailedRequest(error, "id", b"/resize", b"url=a", error.hint), problem_response(error)
        )
        body = bytes(shown.body).decode()
        assert ("private.jpg" in body) is expected
        assert ("What to try" in body) is expected
        assert "secret" not in body


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (b"/resize", b"url=a%20b.jpg&width=0", 'href="/#url=a%20b.jpg&amp;width=0"'),
        (b"/api/v1/resize", b"width=0", 'href="/#width=0"'),
        (b"/resize", b'url="><script>\xff', 'href="/#url=%22%3E%3Cscript%3E%FF"'),
        (b"/resize", b"url=" + b"a" * 3_000, 'href="/"'),
        (b"/_next/image", b"w=0", 'href="/"'),
    ],
)
def test_a_page_for_developers_links_to_the_playground(path: bytes, query: bytes, expected: str) -> None:
    failed = FailedRequest(InvalidParameter("width …", param="width"), "id", path, query)
    for mode, has_playground in (
        (ErrorImages.DEVELOPMENT, True),
        (ErrorImages.DEVELOPMENT, False),
        (ErrorImages.PAGES, True),
    ):
        display = ErrorDisplay(mode, has_playground=has_playground)
        shown = display.show(ErrorForm.PAGE, failed, problem_response(failed.error))
        is_linked = mode is ErrorImages.DEVELOPMENT and has_playground
        assert (f"<a {expected}>Open in the playground" in bytes(shown.body).decode()) is is_linked
        assert ("Open in the playground" in bytes(shown.body).decode()) is is_linked


@pytest.mark.parametrize(
    ("origin", "host", "is_shown"),
    [
        ("", "localhost:8080", True),
        ("http://localhost:3000", "localhost:8080", True),
        ("http://LOCALHOST", "localhost", True),
        ("http://[::1]:3000", "[::1]:8080", True),
        ("https://evil.example", "localhost:8080", False),
        ("null", "localhost:8080", False),
        ("", "127.0.0.1", True),
        ("", "nas:8080", True),
        ("", "photos.test", True),
        ("", "evil.example", False),
        ("", "127.0.0.1.evil.example:8080", False),
        ("", "", False),
    ],
)
def test_scripts_of_other_hosts_read_no_hints(origin: str, host: str, is_shown: bool) -> None:
    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    assert bool(readable_hint(SourceNotFound(hint="a.jpg"), headers)) is is_shown


def test_without_the_setting_nothing_changes() -> None:
    response = problem_response(InvalidParameter("width …", param="width"))
    before = response.headers.items()
    shown = NO_DISPLAY.show(ErrorForm.PROBLEM, FailedRequest(SourceUnreachable(), "id"), response)
    assert shown is response
    assert shown.headers.items() == before


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    settings: dict[str, str | float] = {"error_images": "development", "docs_url": "https://docs.example.com/"}
    mounts = json.dumps([{"dialect": "imgproxy", "mount": "/ip"}])
    with Pixmill(
        images=str(PHOTOS), workers=1, cache="memory://", dialects=mounts, max_url_bytes=1_000, **settings
    ) as server:
        yield server


def is_image(reply: Reply, status: int, code: str) -> bool:
    assert reply.status == status
    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert reply.headers["Cache-Control"] == "no-store"
    assert {"sec-fetch-dest", "accept"} <= set(reply.headers["Vary"].lower().replace(" ", "").split(","))
    return code in parsed(reply.body).findtext(f"{SVG}title", "")


ERRORS: list[tuple[str, str, Mapping[str, str], int, str]] = [
    ("GET", "/resize?url=missing.jpg&width=300", {}, 404, "source_not_found"),
    ("GET", "/resize?url=sunset.jpg&width=wide", {}, 400, "invalid_parameter"),
    ("GET", "/nothing/here", {}, 404, "route_not_found"),
    ("DELETE", "/resize?url=sunset.jpg", {}, 405, "method_not_allowed"),
    ("GET", f"/resize?url={'a' * 1_000}", {}, 414, "request_too_large"),
    ("GET", "/resize?url=sunset.jpg", {"X-Long": "a" * 33_000}, 431, "headers_too_large"),
    ("GET", "/info?url=missing.jpg", {}, 404, "source_not_found"),
    ("GET", "/admin/purges", {}, 404, "route_not_found"),
    ("POST", "/resize?width=wide", {}, 400, "invalid_parameter"),
    ("GET", "/ip/unsafe/rs:fit:wide/plain/local:///sunset.jpg", {}, 400, "invalid_parameter"),
]


@pytest.mark.parametrize(("method", "target", "headers", "status", "code"), ERRORS)
def test_each_error_has_an_image_and_a_page_and_a_document(
    server: Pixmill, method: str, target: str, headers: Mapping[str, str], status: int, code: str
) -> None:
    image = server.ask(method, target, headers={**headers, **AS_IMAGE})
    assert is_image(image, image.status, code)
    page = server.ask(method, target, headers={**headers, **AS_PAGE})
    assert image.status == page.status == server.ask(method, target, headers=headers).status
    if not target.startswith("/ip/"):
        document = server.ask(method, target, headers=headers)
        assert (document.status, document.json()["code"]) == (status, code)
        assert document.headers["Content-Type"] == "application/problem+json"
        assert "Sec-Fetch-Dest" in document.headers["Vary"]
    found = Elements(page.body.decode())
    assert (page.headers["Content-Type"], page.headers["Cache-Control"]) == ("text/html; charset=utf-8", "no-store")
    assert found.texts["code"].startswith(code)
    assert f'href="https://docs.example.com/errors.html#{code}"' in page.body.decode()
    assert "script" not in found.names
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    if code == "method_not_allowed":
        assert "GET" in image.headers["Allow"]
        assert "GET" in page.headers["Allow"]


@pytest.mark.parametrize("headers", [AS_IMAGE, AS_PAGE, {}])
def test_head_has_the_headers_alone(server: Pixmill, headers: dict[str, str]) -> None:
    target = "/resize?url=missing.jpg&width=300"
    get, head = server.get(target, headers), server.ask("HEAD", target, headers=headers)
    assert head.body == b""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    if headers is not AS_PAGE:  # whose request ID differs in length
        assert abs(int(head.headers["Content-Length"]) - len(get.body)) < 4


def test_images_and_documents_of_one_url_follow_each_other(server: Pixmill) -> None:
    target = "/resize?url=missing.jpg&width=300&format=auto"
    for _ in range(2):
        assert is_image(server.get(target, AS_IMAGE), 404, "source_not_found")
        assert server.get(target).json()["code"] == "source_not_found"
        varied = [name.strip().lower() for name in server.get(target, AS_IMAGE).headers["Vary"].split(",")]
        assert sorted(varied) == ["accept", "sec-fetch-dest"]


def test_a_redirect_that_a_url_asks_for_is_no_error_to_be_shown(server: Pixmill) -> None:
    target = "/resize?url=sunset.jpg&width=60"
    assert server.get(target, AS_IMAGE).headers["Content-Type"].startswith("image/")
    assert "Sec-Fetch-Dest" not in (server.get(target, AS_IMAGE).headers["Vary"] or "")


def test_machines_get_the_document_as_before(server: Pixmill) -> None:
    reply = server.get("/resize?url=missing.jpg&width=300", {"Accept": "*/*"})
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize("text", ["a " * 150, "/" * 300, "a" * 300])
def test_a_sentence_is_laid_out_in_linear_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size of letters that is tried measures each character a few times, in a wide image, too."""
    measured = 0
    measure = error_svg_module._text_width

    def counted(words: str, style: str) -> float:
        nonlocal measured
        measured += len(words)
        return measure(words, style)

    monkeypatch.setattr(error_svg_module, "_text_width", counted)
    error_svg(ErrorText(400, "invalid_parameter", text, text), 4_096, 40)
    assert 0 < measured < 150_000
