"""SVG: detection, sanitising, limits and rendering."""

import base64
import gzip
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixmill.engine.codecs.sniff import sniff
from pixmill.engine.codecs.svg_sanitiser import MAX_DEPTH, MAX_SELECTOR_MATCHES, sanitise_svg
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import ImageTooLarge, PixmillError, UndecodableImage
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, Fit, Input, Output, Plan, Resize
from tests.pixels.images import LIMITS, encode_image, pixels_of, render_image, render_resized

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(inside: str, root: str = 'width="40" height="20"') -> memoryview:
    return memoryview(f"<svg {NS} {root}>{inside}</svg>".encode())


def cleaned(inside: str) -> str:
    return sanitise_svg(bytes(svg(inside))).serialise().decode()


RED = '<rect width="40" height="20" fill="#f00"/>'


@pytest.mark.parametrize(
    "text",
    [
        f"<svg {NS}/>",
        "<svg/>",
        f'\ufeff<?xml version="1.0"?><!-- <html> --><!DOCTYPE svg [<!ENTITY a "b">]>\n<svg {NS}></svg>',
        '<s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
    ],
)
def test_an_svg_is_known_by_its_root(text: str) -> None:
    assert sniff(memoryview(text.encode())) is Format.SVG
    assert sniff(memoryview(gzip.compress(text.encode()))) is Format.SVG
    assert sniff(memoryview(text.removeprefix("\ufeff").encode("utf-16"))) is Format.SVG


@pytest.mark.parametrize(
    "text", ["<html><svg/></html>", "svg", "<svgs/>", "<!-- <svg/>", "<?xml", "", "<!DOCTYPE [", "  "]
)
def test_what_has_another_root_is_none(text: str) -> None:
    assert sniff(memoryview(text.encode())) is None


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><iframe src='http://evil'/></body></foreignObject>",
        "<rect onclick='evil()' ONLOAD='evil()'/>",
        "<a href='javascript:evil()' xlink:href='javascript:evil()'><rect/></a>",
        "<image href='http://evil/a.png'/><image xlink:href='file:///evil'/><image href='/evil'/>",
        "<use href='http://evil#a'/><use xlink:href='evil.svg#a'/>",
        "<image href='data:image/svg+xml;base64,evil'/><image href='data:text/html,evil'/>",
        "<rect fill='url(http://evil)' style='fill:url( \"//evil\" )'/>",
        "<style>@import url('evil'); @import 'evil'; a{background:\\url(evil);cursor:image-set('x' 1x)}</style>",
        '<style>/* */u/**/rl(evil) @import/**/"evil";</style>',
        "<set attributeName='href' to='javascript:evil()'/><animate attributeName='xlink:href' values='evil'/>",
        "<set attributeName='onclick' to='evil()'/>",
        "<x:rect xmlns:x='http://evil'/><metadata>evil</metadata>",
        "<style><script>evil</script></style>",
    ],
)
def test_what_runs_or_loads_is_taken_out(evil: str) -> None:
    text = cleaned(evil + "<circle r='3'/>")
    plain = text.replace("u/**/rl(evil)", "")  # two tokens, not a reference
    for word in ("evil", "script", "javascript", "alert", "http://e", "image-set", "@import"):
        assert word not in plain.lower(), text
    assert '<circle r="3"' in text


@pytest.mark.parametrize(
    "evil",
    [
        "<image HREF='//evil'/><a HREF='javascript:evil()' hREF='//evil'/><use Href='//evil#a'/>",
        "<a><animate ATTRIBUTENAME='href' VALUES='javascript:evil()' To='//evil' bY='//evil' FROM='//evil'/></a>",
        "<desc><image src='//evil' srcset='//evil 1x' SRC='//evil' sRcSet='//evil'/></desc>",
        "<a attributionsrc='//evil' AttributionSrc='//evil' pInG='//evil'/>",
    ],
)
def test_what_would_run_or_load_in_a_page_of_html_is_removed(evil: str) -> None:
    """A parser of HTML ignores the case of attributes, and reads descriptions as HTML."""
    assert "evil" not in cleaned(f"{evil}<circle r='3'/>")


def test_an_animation_has_its_values_sanitised_one_by_one() -> None:
    """A string over several values is none to browsers, which split them before they read CSS."""
    text = cleaned("<animate attributeName='mask' values='\"a;url(//evil#x);b\"'/>")
    assert "evil" not in text
    values = "url(#a);rgb(1,2,3);url( '#b' )"
    assert f'values="{values}"' in cleaned(f"<animate attributeName='fill' values=\"{values}\"/>")


def test_an_image_that_is_the_document_again_is_removed() -> None:
    text = cleaned("<image href='#a'/><image xlink:href='#a'/><feImage href='#b'/><use href='#c'/>")
    assert "#a" not in text
    assert "#b" in text
    assert "#c" in text


@pytest.mark.parametrize("content", ["<x/>", "<g/>", "<style><x/></style>"])
def test_default_attributes_that_multiply_are_refused_also_where_they_are_removed(content: str) -> None:
    default = f"'{'y' * 100_000}'"
    types = f"<!ATTLIST x a CDATA {default}><!ATTLIST g onx CDATA {default}>"
    with pytest.raises(UndecodableImage) as refusal:
        sanitise_svg(f"<!DOCTYPE svg [{types}]><svg {NS}>{content * 1_000}</svg>".encode())
    assert "length limit" in refusal.value.detail


def test_selectors_of_all_embedded_drawings_are_bounded_together() -> None:
    count = math.isqrt(MAX_SELECTOR_MATCHES // 3)
    one = base64.b64encode(bytes(svg(f"<style>{'.a{fill:red}' * count}</style>{'<g/>' * count}"))).decode()
    image = f"<image href='data:image/svg+xml;base64,{one}'/>"
    assert cleaned(image * 2)
    with pytest.raises(UndecodableImage) as refusal:
        cleaned(image * 4)
    assert "selectors" in refusal.value.detail


def test_an_instruction_is_read_in_linear_time() -> None:
    """Each letter once: not from each letter of a word to its end, which takes minutes."""
    text = f"<?xml-stylesheet {'a' * 1_000_000} href='http://elsewhere/'?><svg {NS}/>"
    assert b"<?" not in sanitise_svg(text.encode()).serialise()


@pytest.mark.parametrize("root", ["viewBox='0 0 2752 176'", "width='2752' height='176' viewBox='0 0 2752 176'"])
def test_a_kept_drawing_fills_a_size_that_is_rounded(root: str) -> None:
    """240 × 15.35 pixels are 240 × 15: of the width, a drawing that keeps its shape would leave 5 pixels empty."""
    source = svg('<rect width="100%" height="100%" fill="red"/>', root)
    kept = render(source, Plan(resize=Resize(width=240), output=Output(formats=(Format.SVG,))), LIMITS)
    assert (kept.width, kept.height) == (240, 15)
    pixels = pixels_of(render_image(memoryview(kept.body), output=Output(formats=(Format.PNG,))), "RGBA")
    assert pixels.shape[:2] == (15, 240)
    assert (pixels[1:-1, 1:-1] == (255, 0, 0, 255)).all()
    usual = render(source, Plan(resize=Resize(width=1376), output=Output(formats=(Format.SVG,))), LIMITS)
    assert b"preserveAspectRatio" not in bytes(usual.body)


def test_what_draws_stays() -> None:
    text = cleaned(
        "<defs><linearGradient id='g'><stop offset='0' stop-color='red'/></linearGradient></defs>"
        "<style>.a &gt; .b{fill:url(#g)}</style><use xlink:href='#g'/><rect fill='url(#g)' style='stroke:url(\"#g\")'/>"
        "<text xml:space='preserve'> a &lt; b </text><animate attributeName='x' to='3'/>"
    )
    for piece in (
        'fill="url(#g)"',
        "fill:url(#g)",
        "stroke:url(&quot;#g&quot;)",
        'xlink:href="#g"',
        "> a &lt; b <",
        "<animate ",
    ):
        assert piece in text


def test_what_is_safe_stays_safe_and_the_same() -> None:
    once = sanitise_svg(bytes(svg(RED + "<style>a{b:c}</style>"))).serialise()
    assert sanitise_svg(once).serialise() == once


@given(st.binary(max_size=200))
def test_any_bytes_give_an_svg_or_a_failure_of_ours(data: bytes) -> None:
    try:
        inspect(memoryview(b"<svg " + data), LIMITS)
    except PixmillError as error:
        assert isinstance(error, UndecodableImage | ImageTooLarge)  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE svg ["
        + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 9))
        + f"<!ENTITY l0 'lol'>]><svg {NS}><text>&l8;</text></svg>",
        f"<!DOCTYPE svg [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><svg {NS}><text>&a;</text></svg>",
        f"<!DOCTYPE svg [<!ENTITY a '{'x' * 50_000}'>]><svg {NS}><path d='{'&a;' * 2_000}'/></svg>",
        f'<!DOCTYPE svg [<!ENTITY a "{"x" * 50_000}">]><svg {NS}><text>{"&a;" * 2_000}</text></svg>',
        f"<svg {NS}>{'<g>' * (MAX_DEPTH + 1)}{'</g>' * (MAX_DEPTH + 1)}</svg>",
        f"<svg {NS}>{'<g>' * 300_000}",
        f"<svg {NS}>{'<g/>' * 300_000}</svg>",
        f"<svg {NS}><g>",
        '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>',
        "<svg ",
    ],
)
def test_bombs_and_ruins_are_refused_at_once(text: str) -> None:
    started = time.thread_time()
    with pytest.raises(UndecodableImage):
        inspect(memoryview(text.encode()), LIMITS)
    assert time.thread_time() - started < 5


@pytest.mark.parametrize("rule", [".a{fill:red}", ".a,.b{fill:red}"])
def test_a_style_is_bounded_by_what_it_asks_of_all_elements_together(rule: str) -> None:
    def styled(selectors: int, elements: int) -> str:
        rules = selectors // (rule.count(",") + 1)
        return f"<style>{rule * rules}</style>" + "<g/>" * (elements - 2)

    half = f"<g><style>{rule}</style></g>" * 10
    assert cleaned(styled(500, 50_000) + half).count("<style>") == 11, "as much as graphics editors write"
    with pytest.raises(UndecodableImage):
        sanitise_svg(bytes(svg(styled(MAX_SELECTOR_MATCHES // 1_000 + 2, 1_000))))


def test_entities_of_a_file_are_texts_and_files_are_not_read() -> None:
    entities = '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY c "#f00"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    source = f'{entities}<svg xmlns="&ns;" width="4" height="4"><rect width="4" height="4" fill="&c;"/><text>&x;</text></svg>'
    assert pixels_of(render_image(memoryview(source.encode())))[2, 2].tolist() == [255, 0, 0]


def test_references_that_multiply_end() -> None:
    groups = "".join(f"<g id='a{n}'>" + f"<use href='#a{n - 1}'/>" * 10 + "</g>" for n in range(1, 9))
    source = svg(f"<defs><g id='a0'>{RED}</g>{groups}</defs><use href='#a8'/>")
    with pytest.raises(UndecodableImage):
        render_image(source)


def test_a_picture_within_is_drawn_and_bounded() -> None:
    blue = base64.b64encode(encode_image(Image.new("RGB", (4, 4), "blue"), "PNG")).decode()
    image = f"<image width='40' height='20' preserveAspectRatio='none' href='data:image/png;base64,{blue}'/>"
    assert pixels_of(render_image(svg(image)))[10, 20].tolist() == [0, 0, 255]
    large = base64.b64encode(encode_image(Image.new("1", (9_000, 9_000)), "PNG")).decode()
    with pytest.raises(ImageTooLarge):
        render_image(svg(f"<image width='4' height='4' href='data:image/png;base64,{large}'/>"))


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('width="40" height="20"', (40, 20)),
        ('viewBox="0 0 30 60"', (30, 60)),
        ('width="60" viewBox="0 0 30 60"', (60, 120)),
        ('width="1in" height="0.5in"', (96, 48)),
        ('viewBox="0 0 3000000 1500000"', (9_999, 4_999)),
        ('width="200000" height="2"', (16_383, 1)),
    ],
)
def test_its_size_is_what_it_says_within_bounds(root: str, size: tuple[int, int]) -> None:
    facts = inspect(svg(RED, root), LIMITS)
    assert abs(facts.width - size[0]) <= 1
    assert abs(facts.height - size[1]) <= 1
    assert (facts.format, facts.alpha) == (Format.SVG, True)


def test_it_is_drawn_at_the_size_that_is_wanted_and_not_enlarged_from_pixels() -> None:
    source = svg("<rect width='20' height='20' fill='#00f'/>", 'viewBox="0 0 40 20"')
    pixels = pixels_of(render_resized(source, width=801), "RGBA")
    assert pixels.shape[:2] == (401, 801)
    edge = pixels[200, :, 3].astype(int)
    assert np.count_nonzero((edge > 0) & (edge < 255)) <= 1
    assert abs(int(np.count_nonzero(edge)) - 400) <= 1


def test_a_part_is_drawn_as_sharp_as_the_whole() -> None:
    source = svg("<rect x='10' width='10' height='20' fill='#00f'/>")
    part = pixels_of(render_image(source, crop=Crop(9, 0, 2, 2), resize=Resize(width=400)), "RGBA")[..., 3]
    assert not part[:, :199].any()
    assert (part[:, 201:] == 255).all()


def test_it_can_be_stretched() -> None:
    pixels = pixels_of(render_image(svg(RED), resize=Resize(width=300, height=300, fit=Fit.FILL)))
    assert pixels.shape[:2] == (300, 300)
    assert (pixels == (255, 0, 0)).all()


def test_a_stretch_to_a_line_draws_no_more_than_bounded() -> None:
    assert render_image(svg(RED), resize=Resize(width=16_000, height=1, fit=Fit.FILL)).size == (16_000, 1)


def test_more_dots_an_inch_make_it_larger() -> None:
    assert render_image(svg(RED), input=Input(dpi=192)).size == (80, 40)


def test_the_bound_on_the_originals_pixels_says_nothing_to_shapes() -> None:
    plan = Plan(resize=Resize(width=10), output=Output(formats=(Format.PNG,)))
    assert render(svg(RED), plan, Limits(max_pixels=100)).width == 10


def test_brackets_within_each_other_are_bounded() -> None:
    """librsvg overflows its stack at some thousands."""
    sheet = "<style>" + ":not(" * 5_000 + "g" + ")" * 5_000 + "{fill:red}</style>"
    with pytest.raises(UndecodableImage):
        render_image(memoryview(f"<svg {NS} width='4' height='4'>{sheet}<g/></svg>".encode()))
    many = "<style>" + "rect:not(.a){fill:#f00}" * 300 + "</style><rect width='4' height='4'/>"
    assert pixels_of(render_image(memoryview(f"<svg {NS} width='4' height='4'>{many}</svg>".encode())))[2, 2, 0] == 255
