"""Sizes of SVGs: real numbers, every unit, and the same numbers in images, information and candidates."""

import re
from typing import Any

import numpy as np
import pytest

from pixmill.engine.codecs.svg_size import drawing_size
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.facts import exact_size
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, CropUnit, Fit, Input, Output, Plan, Resize
from pixmill.plan.srcset_widths import srcset_widths
from tests.pixels.images import LIMITS, pixels_of, render_image, render_resized

NS = 'xmlns="http://www.w3.org/2000/svg"'
FULL = "<rect x='-100%' y='-100%' width='300%' height='300%' fill='#ff0'/>"
YELLOW = (255, 255, 0, 255)


def svg(root: str, inside: str = FULL) -> memoryview:
    return memoryview(f"<svg {NS} {root}>{inside}</svg>".encode())


SIZES = {
    'width="33.3" height="16.7"': (33.3, 16.7),
    'viewBox="0 0 1.5 1"': (1.5, 1),
    'viewBox="0 0 .8 .4"': (0.8, 0.4),
    'viewBox="0,0,30,60"': (30, 60),
    'viewBox=" 0 , 0  30\n60 "': (30, 60),
    'viewBox="-5 -5 3e1 6E+1"': (30, 60),
    'width="60" viewBox="0 0 30 60"': (60, 120),
    'height="60" viewBox="0 0 30 60"': (30, 60),
    'width="60" height="20" viewBox="0 0 30 60"': (60, 20),
    'width="50%" height="100%" viewBox="0 0 30 60"': (30, 60),
    'width="100%" height="100%"': (300, 150),
    "": (300, 150),
    'width="60"': (60, 150),
    'height="60"': (300, 60),
    'width="1e2" height="1E1px"': (100, 10),
    'width="1in" height="2.54cm"': (96, 96),
    'width="25.4mm" height="72pt"': (96, 96),
    'width="6pc" height="101.6Q"': (96, 96),
    'width="2em" height="1rem"': (32, 16),
    'width="2em" height="2ex" font-size="10"': (20, 10),
    'width="4ch" height="+10"': (32, 10),
    'width=" 10 " height="\t20PX\n"': (10, 20),
    'width="-5" height="7" viewBox="0 0 10 20"': (3.5, 7),
    'width="abc" height="10 px" viewBox="0 0 10 20"': (10, 20),
    'width="NaN" height="1e999" viewBox="0 0 10 20"': (10, 20),
    'width="5." height="auto" viewBox="0 0 10 20"': (10, 20),
    'width="0" viewBox="0 0 10 20"': (10, 20),
    'width="10" height="20" viewBox="0 0 -5 5"': (10, 20),
    'width="10" height="20" viewBox="0 0 5"': (10, 20),
    'width="10" height="20" viewBox="0 0 5 5 5"': (10, 20),
    'width="10" height="20" viewBox="0 0 5px 5"': (10, 20),
    'width="10vw" height="10vh" viewBox="0 0 10 20"': (10, 20),
    'style="width:40px;height:20.5px"': (40, 20.5),
    'style="fill:red; WIDTH : 4em !important;" width="10" height="20"': (64, 20),
    'style="width:40" width="10" height="20"': (10, 20),
    'style="width:100%;height:auto" width="10" height="20" viewBox="0 0 1 2"': (1, 2),
    'style="stroke-width:40px;max-width:5px" width="10" height="20"': (10, 20),
}


@pytest.mark.parametrize("root", SIZES)
def test_the_size_is_what_browsers_compute(root: str) -> None:
    attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', root))
    size = drawing_size(attributes)
    assert (size.width, size.height) == pytest.approx(SIZES[root])
    facts = inspect(svg(root), LIMITS)
    assert (facts.width, facts.height) == tuple(max(1, int(side + 0.5)) for side in SIZES[root])
    whole = all(side == int(side) for side in SIZES[root])
    assert (facts.exact_width, facts.exact_height) == ((None, None) if whole else pytest.approx(SIZES[root]))


SHEETS = {
    "svg{width:40px;height:20px}": (40, 20),
    ":root{width:40.5px !important}": (40.5, 30),
    "#s{height:12px}": (60, 12),
    "tspan{width:40px;height:20px}": (60, 30),
    "g svg{width:40px}": (60, 30),
    "@media print{svg{width:9px}}": (60, 30),
}


@pytest.mark.parametrize("sheet", SHEETS)
def test_style_sheets_size_the_root(sheet: str) -> None:
    source = svg('id="s" width="60" height="30"', f"<style>{sheet}</style>" + FULL)
    facts = inspect(source, LIMITS)
    exact = (facts.exact_width or facts.width, facts.exact_height or facts.height)
    assert exact == pytest.approx(SHEETS[sheet])
    pixels = pixels_of(render_resized(source, width=120), "RGBA")
    assert pixels.shape[:2] == (round(120 * exact[1] / exact[0]), 120)
    assert (pixels[-1, -1] == YELLOW).all()
    kept = render(source, Plan(resize=Resize(120), output=Output(formats=(Format.SVG,))), Limits())
    again = inspect(memoryview(kept.body), LIMITS)
    assert (again.width, again.height) == (kept.width, kept.height) == (120, pixels.shape[0])


@pytest.mark.parametrize(
    "root", ['width="0" height="0"', 'viewBox="0 0 0 20"', 'width="0" height="0" viewBox="0 0 4 4"']
)
def test_a_drawing_without_an_area_is_refused(root: str) -> None:
    with pytest.raises(UndecodableImage):
        inspect(svg(root), LIMITS)


SHAPES = {
    'viewBox="0 0 1.5 1"': (600, 400),
    'viewBox="0 0 0.8 0.4"': (600, 300),
    'width="33.3" height="16.7" viewBox="0 0 33.3 16.7"': (600, 301),
    'width="33.3" height="16.7"': (600, 301),
    'viewBox="0 0 0.01 0.007"': (600, 420),
    'width="0.5mm" height="0.3mm"': (600, 360),
    'viewBox="0 0 300 200.4"': (600, 401),
    'style="width:1.5px;height:1px"': (600, 400),
    'width="1e300" height="1.5e300"': (600, 900),
}


@pytest.mark.parametrize("root", SHAPES)
def test_each_result_has_the_exact_shape_to_its_corners(root: str) -> None:
    pixels = pixels_of(render_resized(svg(root), width=600), "RGBA")
    assert pixels.shape[:2] == (SHAPES[root][1], SHAPES[root][0])
    assert (pixels == YELLOW).all()
    facts = inspect(svg(root), LIMITS)
    sizes = srcset_widths(
        Size(facts.width, facts.height),
        [150, 600],
        lambda width: Plan(resize=Resize(width)),
        Limits(),
        is_vector=True,
        exact_source=exact_size(facts),
    )
    assert sizes[-1] == (600, Size(*SHAPES[root]))
    kept = render(svg(root), Plan(resize=Resize(600), output=Output(formats=(Format.SVG,))), Limits())
    assert (kept.width, kept.height) == SHAPES[root]


def test_a_viewbox_far_below_a_pixel_has_its_shape() -> None:
    """librsvg draws nothing at scales of 100,000 and more."""
    assert render_resized(svg('viewBox="0 0 1e-9 2e-9"'), width=600).size == (600, 1200)


@pytest.mark.parametrize(
    ("resize", "size"),
    [
        (Resize(height=400), (600, 400)),
        (Resize(60, 60, Fit.INSIDE), (60, 40)),
        (Resize(60, 60, Fit.OUTSIDE), (90, 60)),
        (Resize(60, 60, Fit.COVER), (60, 60)),
        (Resize(60, 60, Fit.FILL), (60, 60)),
        (Resize(max_width=90, min_height=30), (45, 30)),
        (Resize(zoom=100), (150, 100)),
    ],
)
def test_every_fit_follows_the_exact_shape(resize: Resize, size: tuple[int, int]) -> None:
    pixels = pixels_of(render_image(svg('viewBox="0 0 1.5 1"'), resize=resize), "RGBA")
    assert pixels.shape[1::-1] == size
    assert (pixels == YELLOW).all()


def test_a_quarter_turn_and_a_crop_keep_the_exact_shape() -> None:
    halves = "<rect width='20' height='100%' fill='#ff0'/><rect x='20' width='20' height='100%' fill='#00f'/>"
    source = svg('viewBox="0 0 40 12.6"', halves)
    turned = pixels_of(render_image(source, rotate=90, resize=Resize(height=400)))
    assert turned.shape[:2] == (400, 126)
    part = pixels_of(render_image(source, crop=Crop(50, 0, 50, 100, CropUnit.PERCENT), resize=Resize(200)))
    assert part.shape[:2] == (126, 200)
    assert (part == (0, 0, 255)).all()


ALIGNMENTS = {
    "xMidYMid meet": (slice(50, 150), slice(0, 200)),
    "xMinYMin meet": (slice(0, 100), slice(0, 200)),
    "xMaxYMax": (slice(100, 200), slice(0, 200)),
    "none": (slice(0, 200), slice(0, 200)),
    "xMidYMid slice": (slice(0, 200), slice(0, 200)),
    "nonsense": (slice(50, 150), slice(0, 200)),
}


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_the_viewbox_is_aligned_in_the_size(alignment: str) -> None:
    inside = "<rect width='20' height='10' fill='#ff0'/>"
    source = svg(f'width="20" height="20" viewBox="0 0 20 10" preserveAspectRatio="{alignment}"', inside)
    pixels: Any = pixels_of(render_resized(source, width=200), "RGBA")
    expected = np.zeros((200, 200), bool)
    expected[ALIGNMENTS[alignment]] = True
    assert ((pixels[..., 3] == 255) == expected).all()


def test_lengths_in_a_drawing_are_css_lengths() -> None:
    inside = "<rect width='1in' height='25.4mm' fill='#ff0'/>"
    for root in ('width="96" height="96"', 'width="1in" height="1in"', 'viewBox="0 0 96 96"'):
        assert (pixels_of(render_image(svg(root, inside)), "RGBA") == YELLOW).all()
    em = svg('width="16" height="16"', "<rect width='1em' height='1em' fill='#ff0'/>")
    assert (pixels_of(render_image(em), "RGBA") == YELLOW).all()


def test_more_dots_an_inch_enlarge_real_sizes() -> None:
    assert render_image(svg('width="33.3" height="16.7"'), input=Input(dpi=960)).size == (333, 167)
