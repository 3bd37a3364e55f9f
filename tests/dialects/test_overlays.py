"""The overlay parameter: strict, linear, one plan for equal overlays."""

import time
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.grammars.text_markup import ELEMENTS, escape_text, parse_markup
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Crop, ImageOverlay, Overlay, Plan, Stage
from pixmill.plan.overlays import Align, Blend, Length, OverlayFit, Placement, Repeat, Shadow, Stroke, TextOverlay
from pixmill.plan.references import map_sources, references
from pixmill.plan.source import parse_source

LOGO = parse_source("logo.png")


def plan(overlay: str) -> Plan:
    return parse(b"/resize", f"url=a.jpg&overlay={quote(overlay)}".encode()).plan


@pytest.mark.parametrize(
    ("text", "overlay"),
    [
        ("url:logo.png", ImageOverlay(LOGO)),
        (
            "url:logo.png,width:pct:20,height:9,fit:cover",
            ImageOverlay(LOGO, Length(20, percent=True), Length(9), OverlayFit.COVER),
        ),
        ("url:logo.png,gravity:nw,x:5,y:-6", ImageOverlay(LOGO, placement=Placement(0, 0, Length(5), Length(-6)))),
        (
            "url:logo.png,gravity:southeast,x:5,y:pct:-2.5",
            ImageOverlay(LOGO, placement=Placement(1, 1, Length(-5), Length(2.5, percent=True))),
        ),
        (
            "url:logo.png,rotate:-90,opacity:12.5,blend:soft-light,repeat:x,gap:4",
            ImageOverlay(
                LOGO,
                placement=Placement(degrees=270, opacity=12.5, blend=Blend.SOFT_LIGHT, repeat=Repeat.HORIZONTAL, gap=4),
            ),
        ),
        (
            "url:logo.png,shadow:red,shadow_x:-3,shadow_blur:0",
            ImageOverlay(LOGO, placement=Placement(shadow=Shadow(Colour(255, 0, 0), -3, 2, 0))),
        ),
        ("url:http://a.example/x,,y;;z?q=1:2", ImageOverlay(parse_source("http://a.example/x,y;z?q=1:2"))),
        ("text:Hello,, world;;: <b>", TextOverlay("Hello, world;: &lt;b&gt;")),
        (
            "text:a<b>b</b><br><<,markup:true,font:DejaVu Serif,size:40,color:fff,bold:true,italic:1",
            TextOverlay("<b><i>a<b>b</b>\n&lt;</i></b>", "DejaVu Serif", 40, Colour()),
        ),
        (
            "text:x,width:100,align:right,background:000,padding:3,outline:fff",
            TextOverlay(
                "x",
                width=Length(100),
                align=Align.RIGHT,
                stroke=Stroke(2, Colour()),
                background=Colour(0, 0, 0),
                padding=3,
            ),
        ),
    ],
)
def test_options_say_what_is_laid_and_where(text: str, overlay: Overlay) -> None:
    assert plan(text).overlays == (overlay,)


def test_overlays_keep_their_order() -> None:
    assert [type(one) for one in plan("text:a;url:b.png;text:c").overlays] == [TextOverlay, ImageOverlay, TextOverlay]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Overlay 1: it must begin"),
        ("width:5", "Overlay 1: it must begin"),
        ("url:a.png;", "Overlay 2: it must begin"),
        ("url:a.png,", "Overlay 1: there is no option ''"),
        ("url:a.png,colour:red", "Overlay 1: there is no option 'colour'"),
        ("text:a;url:a.png,color:red", "Overlay 2: there is no option 'color'"),
        ("url:a.png,x:1,x:2", "Overlay 1: x is given more than once"),
        ("url:a.png,width:0", "Overlay 1: width must be"),
        ("url:a.png,opacity:101", "Overlay 1: opacity must be"),
        ("url:a.png,blend:clear", "Overlay 1: blend must be"),
        ("url:../a.png", "Overlay 1: The path must not"),
        ("url:file:///etc/passwd", "Overlay 1: Unsupported URL scheme file"),
        ("text: ", "Overlay 1: text must be"),
        (f"text:{'x' * 1001}", "Overlay 1: text must be"),
        ("text:a<b>,markup:1", "Overlay 1: text must be"),
        ("text:a,font:Sans; rm", "Overlay 2: it must begin"),
        ("text:a,font:Sans'48", "Overlay 1: font must be"),
        (";".join(["text:a"] * 17), "overlay must be 1 to 16 overlays"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(text)
    assert caught.value.message.startswith(says)
    assert caught.value.param == "overlay"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("url:a.png,x:1,y:2", "url:a.png,y:2,x:1"),
        ("url:a.png", "url:a.png,gravity:center,x:0,y:pct:0,rotate:360,opacity:100.0,blend:normal,repeat:none"),
        ("url:a.png,gravity:se", "url:a.png,gravity:southeast"),
        ("url:a.png,width:5", "url:a.png,width:5,fit:cover"),
        ("url:a.png", "url:a.png,gap:9"),
        ("url:a.png", "url:a.png,shadow:transparent,shadow_x:9"),
        ("url:a.png", "url:a.png,shadow_blur:9"),
        ("url:a.png", "url:/a.png"),
        ("text:a", "text:a,padding:5"),
        ("text:a", "text:a,outline_width:5"),
        ("text:a", "text:a,markup:true,font:Noto Sans,size:32.0,color:black,bold:false,align:left"),
        ("text:<&", "text:<<&,markup:true"),
        ("text:a,bold:1", "text:<b>a</b>,markup:1"),
        ("text:a", "url:b.png,opacity:0;text:a"),
    ],
)
def test_what_looks_the_same_is_one_plan(one: str, other: str) -> None:
    assert canonical_json(plan(one)) == canonical_json(plan(other))


def test_a_plan_tells_what_it_refers_to_once_and_by_whom() -> None:
    overlay = quote("url:b.png;text:x;url:c.png;url:b.png,x:5")
    parsed = parse(b"/resize", f"url=a.jpg&overlay={overlay}&mask=alpha:m.png".encode()).plan
    assert [(one.source.text, one.param, one.name) for one in references(parsed, plan("url:d.png"))] == [
        ("m.png", "mask", "The mask"),
        ("b.png", "overlay", "Overlay 1"),
        ("c.png", "overlay", "Overlay 3"),
        ("d.png", "overlay", "Overlay 1"),
    ]


@pytest.mark.parametrize(
    "attack",
    [
        '<span font="99999">x</span>',
        "<b foo='1'>x</b>",
        "<b>x",
        "x</b>",
        "<b><i>x</b></i>",
        "<B>x</B>",
        "<b >x</b>",
        "<b/>",
        "a < b",
        "<<<",
        "<!-- x -->",
        "<![CDATA[x]]>",
        "<b>" * 9 + "x" + "</b>" * 9,
        "<br>" * 200 + "x",
        "<br>",
        "\x00x",
        "x\ufffe",
    ],
)
def test_markup_is_a_handful_of_elements_and_nothing_else(attack: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        parse_markup(attack)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from([*"<>&;/ bisub\"'x", "<b>", "</b>", "<br>", "&lt;", "&#60;"]), max_size=40).map("".join)
)
def test_whatever_is_taken_is_well_formed(text: str) -> None:
    """An independent XML parser agrees."""
    for make in (escape_text, parse_markup):
        try:
            markup = make(text)
        except ValueError:
            continue
        tree = ET.fromstring(f"<text>{markup}</text>")  # noqa: S314 - as above
        assert all(node.tag in (*ELEMENTS, "text") and not node.attrib for node in tree.iter())
        if make is escape_text:
            assert tree.text == text


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from([*",;:<>&x1-", "url:", "text:", "a.png", ",x:", ",markup:true"]), max_size=40).map("".join)
)
def test_anything_at_all_is_a_plan_or_a_refusal(text: str) -> None:
    try:
        laid: Any = plan(text).overlays
    except BadRequest:
        return
    assert all(isinstance(one, ImageOverlay | TextOverlay) for one in laid)


@pytest.mark.parametrize("hostile", ["text:" + ",," * 15_000, "text:" + ";;," * 15_000, "text:" + "<b>" * 9_000])
def test_time_is_linear(hostile: str) -> None:
    began = time.thread_time()
    with pytest.raises(InvalidParameter):
        parse(b"/resize", f"url=a.jpg&overlay={hostile},markup:1".encode())
    assert time.thread_time() - began < 1


def test_stages_of_an_image_are_compiled_like_other_stages() -> None:
    (overlay,) = plan("url:logo.png,then:blur=2.0&rotate=90|crop=1,,2,,3,,4,prepare:grayscale=1|rotate=0").overlays
    assert overlay == ImageOverlay(
        LOGO, prepare=(Stage(grayscale=True),), stages=(Stage(blur=2.0, rotate=90), Stage(crop=Crop(1, 2, 3, 4)))
    )
    assert plan("url:logo.png,then:rotate=0,prepare:flip=none") == plan("url:logo.png")


def nested(depth: int) -> str:
    """Return overlays on overlays, to a depth."""
    inner = "url:logo.png"
    for _ in range(depth - 1):
        inner = f"url:logo.png,then:overlay={quote(inner, safe='')}"
    return inner


def test_overlays_are_nested_three_deep() -> None:
    (outer,) = plan(nested(3)).overlays
    assert isinstance(outer, ImageOverlay)
    (middle,) = outer.stages[0].overlays
    assert isinstance(middle, ImageOverlay)
    assert middle.stages == (Stage(overlays=(ImageOverlay(LOGO),)),)
    with pytest.raises(InvalidParameter, match="no option 'then'"):
        plan(nested(4))


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("url:a.png,then:", "Overlay 1: then must be 1 to 4 stages"),
        ("url:a.png,then:" + "|".join(["blur=2"] * 5), "Overlay 1: then must be 1 to 4 stages"),
        ("url:a.png,prepare:blur=2|blur=x", "Overlay 1: Stage 2: blur must be"),
        ("url:a.png,then:format=png", "Overlay 1: Stage 1: .*format"),
        ("url:a.png,then:sharpen=1&unsharp=2,,1", "Overlay 1: Stage 1: sharpen and unsharp exclude each other"),
        ("url:a.png;url:b.png,then:page=2", "Overlay 2: Stage 1: .*page"),
        ("text:Hello,then:blur=2", "there is no option 'then'"),
    ],
)
def test_an_invalid_stage_of_an_image_is_named(overlay: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        plan(overlay)


def test_images_of_stages_are_references_and_counted() -> None:
    text = "url:a.png,prepare:mask=alpha:b.png,then:overlay=url:c.png%2Cthen:mask=alpha:d.png"
    names = {str(reference.source.text): reference.name for reference in references(plan(text))}
    assert names == {
        "a.png": "Overlay 1",
        "b.png": "Overlay 1: The mask",
        "c.png": "Overlay 1: Overlay 1",
        "d.png": "Overlay 1: Overlay 1: The mask",
    }
    renamed = map_sources(plan(text), lambda source: structs.replace(source, text=f"base/{source.text}"))
    assert [reference.source.text for reference in references(renamed)] == [f"base/{name}" for name in names]
    many = ";".join(
        f"url:{one}.png,then:overlay=" + quote(";".join(f"url:{one}-{two}.png" for two in range(8)), safe="")
        for one in range(5)
    )
    with pytest.raises(InvalidParameter, match="at most 40 images"):
        plan(many)


def test_the_canvas_grows_if_it_is_asked_to_and_can() -> None:
    (overlay,) = plan("url:logo.png,x:-50,expand:true").overlays
    assert overlay.placement == Placement(offset_x=Length(-50), expand=True)
    for other in ("repeat:x", "blend:mask"):
        assert plan(f"url:logo.png,{other},expand:1") == plan(f"url:logo.png,{other}")
