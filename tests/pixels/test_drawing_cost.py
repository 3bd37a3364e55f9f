"""What a drawing costs to render is bounded before it is rendered; usual drawings are far below the limit."""

from time import process_time

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import TooCostly
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.references import references

LIMITS = Limits()
STOP_AT_ONCE = Limits(max_cost_s=0.05)


def drawing(content: str, size: int = 2000) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}">{content}</svg>'.encode()


def filtered(primitives: str, count: int = 1) -> str:
    return f'<filter id="f">{primitives}</filter>' + '<rect width="99%" height="99%" filter="url(#f)"/>' * count


LIGHT = "<feDiffuseLighting><feDistantLight/></feDiffuseLighting>"
STOPS = "<linearGradient id='g'>" + "<stop offset='.5'/>" * 20_000 + "</linearGradient>"
COSTLY = {
    "a wide window": filtered('<feMorphology radius="500"/>'),
    "many lights": filtered(LIGHT * 30),
    "many blurs": filtered('<feGaussianBlur stdDeviation="300"/>' * 30),
    "noise": filtered('<feTurbulence baseFrequency=".05" numOctaves="999999"/>' * 5),
    "a large matrix": filtered(f'<feConvolveMatrix order="15" kernelMatrix="{"1 " * 225}"/>'),
    "a unit below a pixel": filtered('<feConvolveMatrix kernelUnitLength=".01" kernelMatrix="1 1 1 1 1 1 1 1 1"/>'),
    "displacement": filtered('<feDisplacementMap in2="SourceGraphic" scale="9"/>' * 5),
    "a filter used often": filtered("<feOffset/>", 200),
    "a filter in a style sheet": "<style>.a,.b{filter:url(#f)}</style><filter id='f'><feOffset/></filter>"
    + "<rect class='b' width='9' height='9'/>" * 200,
    "a filter for all elements": "<style>rect{filter:url(#f)}</style><filter id='f'><feOffset/></filter>"
    + "<rect width='9' height='9'/>" * 200,
    "a filter by a selector with a negation": "<style>:not(.a){filter:url(#f)}</style><filter id='f'><feOffset/></filter>"
    + "<rect width='9' height='9'/>" * 200,
    "a filter in a class": "<style>.a rect{filter:url(#f)}</style><filter id='f'><feOffset/></filter><g class='a'>"
    + "<rect width='9' height='9'/>" * 200
    + "</g>",
    "a filter in a rule left open": "<style>rect{filter:url(#f)</style><filter id='f'><feOffset/></filter>"
    + "<rect width='9' height='9'/>" * 200,
    "functions in capitals": f"<rect width='9' height='9' style='filter:{'BLUR(9px)' * 30}'/>",
    "the function for opacity": f"<rect width='9' height='9' style='filter:{'opacity(.9)' * 30}'/>",
    "a list of filters": f"<rect width='9' height='9' style='filter:{'blur(9px)' * 30}'/>",
    "filters in uses": "<filter id='f'><feOffset/></filter><g id='a'><rect filter='url(#f)' width='9' height='9'/></g>"
    + "<use href='#a'/>" * 200,
    "layers": '<g opacity=".5"><rect width="9" height="9"/></g>' * 2_000,
    "blend modes": '<g style="mix-blend-mode:multiply"><rect width="9" height="9"/></g>' * 500,
    "masks": "<mask id='m'><rect width='9' height='9'/></mask>" + "<rect width='9' height='9' mask='url(#m)'/>" * 300,
    "stops of a gradient used often": STOPS + "<rect width='9' height='9' fill='url(#g)'/>" * 50,
    "a long text": f"<text>{'W' * 50_000}</text>",
}


@pytest.mark.parametrize("name", COSTLY)
@pytest.mark.parametrize("query", ["format=png", "trim=10&format=png"])
def test_a_drawing_that_would_take_long_is_refused_before_it_is_rendered(name: str, query: str) -> None:
    plan = parse(b"/resize", query.encode(), upload=True).plan
    with pytest.raises(TooCostly, match="drawing would take about"):
        render(memoryview(drawing(COSTLY[name])), plan, LIMITS)


def test_visual_facts_of_a_costly_drawing_are_refused_and_its_header_is_read() -> None:
    source = memoryview(drawing(COSTLY["layers"] * 3))
    assert inspect(source, STOP_AT_ONCE).format is Format.SVG
    with pytest.raises(TooCostly):
        inspect(source, STOP_AT_ONCE, FactSelection((Fact.PALETTE,)))


def test_a_costly_drawing_that_is_passed_on_is_not_rendered() -> None:
    plan = parse(b"/resize", b"format=svg", upload=True).plan
    assert render(memoryview(drawing(COSTLY["many blurs"])), plan, LIMITS).format is Format.SVG


ROAD = "opacity:1;fill:none;stroke:#f80;isolation:auto;mix-blend-mode:normal;mask:none;filter:none"
USUAL = {
    "a map by a drawing program": f'<path style="{ROAD}" opacity="1.0" d="M0 0L9 9"/>' * 5_000,
    "a style sheet that makes all opaque": "<style>path{opacity:100%}</style>" + '<path d="M0 0L9 9"/>' * 5_000,
    "a drop shadow": filtered('<feDropShadow stdDeviation="4"/>'),
    "thirty shadows": filtered('<feGaussianBlur stdDeviation="4"/><feOffset/><feMerge><feMergeNode/></feMerge>', 30),
    "a glow": filtered('<feMorphology radius="2"/><feGaussianBlur stdDeviation="4"/>'),
    "noise": filtered('<feTurbulence baseFrequency=".8" numOctaves="4"/>'),
    "groups": '<g opacity=".5"><rect width="9" height="9"/></g>' * 200,
    "a map": '<path d="M0 0L9 9" stroke="red"/>' * 20_000,
    "labels": "<text>Some town</text>" * 2_000,
    "gradients": "<linearGradient id='g'><stop/><stop offset='1'/></linearGradient>"
    + "<rect width='9' height='9' fill='url(#g)'/>" * 2_000,
}


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_drawing_is_far_below_the_limit(name: str) -> None:
    assert sanitise_svg(drawing(USUAL[name])).cost.seconds(2_000_000) < LIMITS.max_cost_s / 2


@pytest.mark.parametrize("css", ["a" * 1_000_000, "a{" + "b" * 1_000_000, "{" * 1_000_000, "a{b:c " * 150_000])
def test_a_style_sheet_is_read_in_linear_time(css: str) -> None:
    started = process_time()
    sanitise_svg(drawing(f"<style>{css}</style>"))
    assert process_time() - started < 30  # a quadratic reader takes an hour


@pytest.mark.parametrize(
    "query",
    [
        "overlay=" + "%3B".join(f"url:x.svg,width:{1900 + number},height:1900,fit:fill" for number in range(8)),
        "overlay=" + "%3B".join(f"url:x.svg,width:pct:{90 + number}" for number in range(8)),
        "then=" + "%7C".join(["mask%3Dluminance:x.svg%26blur%3D1"] * 8),
    ],
)
def test_drawings_on_an_image_count_at_the_size_in_which_they_are_drawn_each_time(query: str) -> None:
    plan = parse(b"/resize", f"format=png&{query}".encode(), upload=True).plan
    small = drawing(filtered(LIGHT + '<feMorphology radius="1"/>'), 10)
    with pytest.raises(TooCostly) as caught:
        render(
            memoryview(drawing("<rect width='9' height='9'/>")),
            plan,
            LIMITS,
            {reference.source: memoryview(small) for reference in references(plan)},
        )
    assert caught.value.param == "overlay"


TURNED = "rotate:30,shadow:000,shadow_blur:50"


@pytest.mark.parametrize(
    "overlays",
    [
        "%3B".join(f"url:x.svg,width:{6000 + number},{TURNED}" for number in range(8)),
        "%3B".join(f"text:{'W' * number},size:1000,width:9000,{TURNED}" for number in range(10, 18)),
    ],
)
def test_overlays_that_are_larger_than_the_image_count_in_full(overlays: str) -> None:
    plan = parse(b"/resize", f"width=50&format=png&overlay={overlays}".encode(), upload=True).plan
    plain = memoryview(drawing("<rect width='9' height='9'/>", 400))
    with pytest.raises(TooCostly) as caught:
        render(plain, plan, LIMITS, {reference.source: plain for reference in references(plan)})
    assert caught.value.param == "overlay"


def test_usual_watermarks_are_far_below_the_limit() -> None:
    overlays = "%3B".join(
        (
            *[f"url:x.svg,width:pct:20,rotate:{turn},shadow:000" for turn in range(5)],
            *["text:Photo by us,shadow:000"] * 5,
        )
    )
    plan = parse(b"/resize", f"width=1600&format=webp&overlay={overlays}".encode(), upload=True).plan
    plain = memoryview(drawing("<rect width='9' height='9'/>", 1600))
    render(
        plain,
        plan,
        Limits(max_cost_s=LIMITS.max_cost_s / 2),
        {reference.source: plain for reference in references(plan)},
    )


def test_circles_of_references_end() -> None:
    circle = "<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/><use href='#b'/></g>"
    assert sanitise_svg(drawing(circle)).cost.seconds(1_000_000) < 1


def test_long_chains_and_extreme_numbers_are_counted_without_an_error() -> None:
    chain = "".join(f"<g id='a{n}'><use href='#a{n + 1}'/><use href='#a{n + 1}'/></g>" for n in range(5_000))
    numbers = "<feMorphology radius='1e999 -1e-999'/><feConvolveMatrix kernelUnitLength='1e-300' order='9e99'/>"
    for content in (chain, filtered(numbers), filtered("<feTurbulence numOctaves='1e309'/>") + chain):
        assert sanitise_svg(drawing(content)).cost.seconds(1_000_000) >= 0
