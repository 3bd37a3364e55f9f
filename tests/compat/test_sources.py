"""The originals are what the cases say they are, and a case that fails tells why."""

import io

import pytest
from PIL import Image

from tests.compat.runner import (
    Case,
    Service,
    cut_border,
    distorted_border,
    fact,
    frames,
    has_alpha,
    is_grey,
    pixel,
    smaller_than,
)
from tests.compat.sources import BLUE, GREEN, RED, SOURCES, YELLOW, source


@pytest.mark.parametrize(
    ("name", "size", "colours"),
    [
        ("L.jpg", (1200, 800), [RED, GREEN, BLUE, YELLOW]),
        ("P.jpg", (600, 900), [RED, GREEN, BLUE, YELLOW]),
        ("B.jpg", (2725, 2225), [RED, GREEN, BLUE, YELLOW]),
        ("W.png", (200, 100), [RED, GREEN, BLUE, YELLOW]),
        ("X.webp", (320, 240), [RED, GREEN, BLUE, YELLOW]),
        ("G.gif", (120, 90), [RED, GREEN, BLUE, YELLOW]),
        ("T.png", (300, 200), [(255, 255, 255)] * 4),
        ("E6.jpg", (300, 200), [RED, GREEN, BLUE, YELLOW]),
    ],
)
def test_originals_have_a_colour_in_each_corner(
    name: str, size: tuple[int, int], colours: list[tuple[int, int, int]]
) -> None:
    image = Image.open(io.BytesIO(source(name)))
    assert image.size == size
    right, bottom = size[0] - 5, size[1] - 5
    corners = [image.convert("RGB").getpixel(at) for at in ((4, 4), (right, 4), (4, bottom), (right, bottom))]
    for found, colour in zip(corners, colours, strict=True):
        assert isinstance(found, tuple)
        assert max(abs(one - other) for one, other in zip(found, colour, strict=True)) <= 12


def test_what_is_special_of_originals() -> None:
    assert Image.open(io.BytesIO(source("E6.jpg"))).getexif()[0x0112] == 6
    assert [getattr(Image.open(io.BytesIO(source(name))), "n_frames", 1) for name in ("G.gif", "G.webp", "DB.gif")] == [
        3,
        3,
        8,
    ]
    assert Image.open(io.BytesIO(source("A.png"))).getpixel((0, 0)) == (0, 0, 0, 0)
    assert b"<script>" in source("V.svg")


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"bad.jpg"}))
def test_the_server_reads_all_originals_from_both_places(service: Service, name: str) -> None:
    for url in (name, f"{{origin}}/{name}"):
        case = Case(name, f"/resize?url={url}&width=20&format=jpeg", format="jpeg", checks=[frames(1)])
        service.check("native-at-a-host", case)


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        (Case("a status", "/resize?url=L.jpg&width=0"), "status 400, not 200"),
        (Case("several", "/resize?url=L.jpg&width=0", (200, 404)), "status 400, not 200 or 404"),
        (Case("a format", "/resize?url=L.jpg&width=30&format=png", format="jpeg"), "image/png, not image/jpeg"),
        (Case("a size", "/resize?url=L.jpg&width=30&format=png", size=(30, 30)), "30 × 20, not 30 × 30"),
        (Case("a header", "/resize?url=L.jpg&width=30", answers={"X-Nothing": "x"}), "X-Nothing is None"),
        (Case("no header", "/resize?url=L.jpg&width=30", answers={"ETag": None}), "the header ETag is"),
        (Case("a body", "/resize?url=nope.jpg", 404, body="no such words"), "the body has no"),
        (Case("a redirect", "/resize?url=L.jpg", follows=True), "it is no redirect"),
        (
            Case("checks", "/resize?url=A.png&width=30&format=png", checks=[pixel(15, 10, BLUE), frames(2)]),
            "it is not so that the pixel at 15, 10 is (0, 0, 255); it is not so that it has 2 frames",
        ),
        (
            Case("more", "/resize?url=A.png&width=30&format=png", checks=[is_grey(), has_alpha(expected=False)]),
            "it is not so that it has no colour; it is not so that it is opaque",
        ),
        (Case("length", "/resize?url=A.png&width=30&format=png", checks=[smaller_than(9)]), "less than 9 bytes"),
        (Case("facts", "/info?url=L.jpg", checks=[fact("width", equals=1)]), "width is 1"),
    ],
    ids=str,
)
def test_a_case_that_fails_says_why_and_shows_request_and_answer(service: Service, case: Case, fault: str) -> None:
    with pytest.raises(AssertionError) as failed:
        service.check("native-at-a-host", case)
    text = str(failed.value)
    assert text.startswith(f"{case.name}: ")
    assert fault in text
    assert f"GET {case.target}" in text
    assert "content-type: " in text
    assert " bytes: b" in text


def test_a_case_that_is_met_returns_the_answer(service: Service) -> None:
    checks = [pixel(2, 2, RED), pixel(27, 2, GREEN), pixel(2, 2, (*RED, 255)), has_alpha(expected=False), frames(1)]
    case = Case("met", "/resize?url=L.jpg&width=30&format=png", format="png", size=(30, 20), checks=checks)
    assert service.check("native-at-a-host", case).image.format == "PNG"
    grey = Case("grey", "/resize?url=L.jpg&width=30&format=png&grayscale=true", checks=[is_grey(), smaller_than(999)])
    service.check("native-at-a-host", grey)
    missing = Case("head", "/resize?url=nope.jpg", 404, method="HEAD", headers={"Accept": "*/*"})
    assert service.check("native-at-a-host", missing).body == b""


@pytest.mark.parametrize(
    ("mount", "target", "other"),
    [
        ("bunny", "/L.jpg?width=300&blur=10", "/L.jpg?width=300"),
        ("fastly", "/L.jpg?width=300&blur=5", "/L.jpg?width=300&auto=webp"),
        ("thumbor", "/unsafe/200x200/smart/L.jpg", "/unsafe/200x200/L.jpg"),
    ],
)
def test_a_comparison_fails_without_the_option(service: Service, mount: str, target: str, other: str) -> None:
    service.check(mount, Case("with it", target, differs_from=other))
    with pytest.raises(AssertionError, match="it differs from"):
        service.check(mount, Case("without it", other, differs_from=other))
    with pytest.raises(AssertionError, match="compare the sizes"):
        service.check(mount, Case("another size", target, differs_from=target.replace("00", "01")))


def test_a_cut_is_no_distortion(service: Service) -> None:
    cut, distorted = "/T.png?width=100&height=100&fit=crop", "/T.png?width=100&height=100"
    for target, checks in ((cut, distorted_border()), (distorted, cut_border())):
        with pytest.raises(AssertionError, match="it is not so"):
            service.check("fastly", Case("the other one", target, checks=checks))
