"""Text: glyphs, size, colours and limits."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontpkg_noto_sans import ROOT
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pixmill.engine.pixels.draw.text import render_text
from pixmill.engine.raster.convert import from_vips
from pixmill.errors import ResultTooLarge
from pixmill.plan.colour import Colour
from pixmill.plan.overlays import MAX_TEXT_PIXELS, Align, Length, Placement, Stroke, TextOverlay
from tests.pixels.images import encode_image, pixels_of, render_image

WHITE = Image.new("RGB", (300, 120), "white")
FONT_FILE = next(path for path in (ROOT / "files").glob("*.ttf") if "Italic" not in path.name)
Pixels = NDArray[np.uint8]


def text_pixels(markup: str, **how: Any) -> Pixels:
    frame = from_vips(render_text(TextOverlay(markup, **({"width": Length(2000)} | how))))
    return np.frombuffer(frame.pixels, np.uint8).reshape(frame.height, frame.width, 4)


def count_lines(ink: Pixels) -> int:
    """Rows of letters: runs of pixel rows with ink."""
    rows = (ink[..., 3].max(axis=1) > 60).astype(int)
    return int((np.diff(rows, prepend=0) == 1).sum())


def test_letters_look_as_freetype_draws_the_same_font_through_pillow() -> None:
    """Other hinting and positions in between pixels; the same ink within a pixel."""
    ink = text_pixels("Hamburg", size=60)
    font = ImageFont.truetype(str(FONT_FILE), 60)
    canvas = Image.new("L", (600, 120))
    ImageDraw.Draw(canvas).text((20, 10), "Hamburg", font=font, fill=255)
    expected = np.asarray(canvas.crop(canvas.getbbox()), dtype=float)
    assert abs(ink.shape[1] - expected.shape[1]) <= 3
    assert abs(ink.shape[0] - expected.shape[0]) <= 2
    assert abs(ink[..., 3].sum() / expected.sum() - 1) < 0.05
    height, width = min(ink.shape[0], expected.shape[0]), min(ink.shape[1], expected.shape[1])
    assert np.abs(ink[:height, :width, 3] - expected[:height, :width]).mean() < 30


@pytest.mark.parametrize("size", [8.0, 20.0, 37.5, 200.0])
def test_the_size_is_that_of_the_font_in_pixels(size: float) -> None:
    """Capitals of Noto Sans are 0.714 of the size high."""
    assert abs(text_pixels("H", size=size).shape[0] - 0.714 * size) <= 1.5


def test_letters_have_their_colour_and_its_opacity() -> None:
    ink = text_pixels("Il", colour=Colour(10, 200, 30, 128))
    assert (ink[..., :3] == (10, 200, 30)).all()
    assert ink[..., 3].max() == 128


@pytest.mark.parametrize("markup", ["\u202e", "\u200b", "\u00ad", "<b>\u2060</b>"])
@pytest.mark.parametrize("size", [8.0, 60.0])
def test_characters_that_show_nothing_are_drawn_as_nothing(markup: str, size: float) -> None:
    ink = text_pixels(markup, size=size, stroke=Stroke(2, Colour(255, 0, 0)))
    assert not ink[..., 3].any()


def test_lines_break_at_the_width_or_where_they_are_told() -> None:
    words = "many short words in a row"
    assert count_lines(text_pixels(words)) == 1
    narrow = text_pixels(words, width=Length(120))
    assert narrow.shape[1] <= 120
    assert count_lines(narrow) > 3
    assert count_lines(text_pixels("one\ntwo\nsea")) == 3
    assert count_lines(text_pixels("W" * 30, width=Length(100))) > 5


def test_without_a_width_lines_break_at_that_of_the_picture() -> None:
    text = TextOverlay("word " * 12, size=24, placement=Placement(x=0, y=0))
    rows = pixels_of(render_image(encode_image(WHITE, "PNG"), overlays=(text,)), "L").min(axis=1) < 100
    assert (np.diff(rows.astype(int), prepend=0) == 1).sum() > 1


def test_lines_are_aligned() -> None:
    edges = {}
    for align in Align:
        ink = text_pixels("i\nmmmmmmmm", align=align)[..., 3] > 100
        edges[align] = float(np.nonzero(ink[: ink.shape[0] // 3].any(axis=0))[0].mean() / ink.shape[1])
    assert edges[Align.LEFT] < 0.1
    assert 0.45 < edges[Align.CENTRE] < 0.55
    assert edges[Align.RIGHT] > 0.9


def test_markup_makes_letters_bold_and_slanted() -> None:
    plain, bold, italic = (text_pixels(text, size=60)[..., 3].astype(int) for text in ("nn", "<b>nn</b>", "<i>nn</i>"))
    assert bold.sum() > 1.2 * plain.sum()
    assert plain.shape != italic.shape or np.abs(plain - italic).mean() > 5


def test_an_outline_is_as_wide_as_it_is_told() -> None:
    """The letters grow by a disc: each pixel of the line is within its radius of ink, and all that are are of it."""
    bare, lined = text_pixels("l", size=80), text_pixels("l", size=80, stroke=Stroke(7, Colour(255, 0, 0)))
    assert lined.shape[0] == bare.shape[0] + 14
    assert lined.shape[1] == bare.shape[1] + 14
    ink = np.pad(bare[..., 3] > 250, 7)
    y, x = np.mgrid[: ink.shape[0], : ink.shape[1]]
    places = np.argwhere(ink)
    distance = np.min(np.hypot(y[..., None] - places[:, 0], x[..., None] - places[:, 1]), axis=2)
    assert lined[..., 3][distance <= 7].min() >= 250
    assert lined[..., 3][distance > 9].max() == 0
    assert lined[0, lined.shape[1] // 2, :3].tolist() == [255, 0, 0]


def test_a_background_is_a_box_around_the_ink() -> None:
    bare = text_pixels("box")
    boxed = text_pixels("box", background=Colour(0, 0, 255), padding=9)
    assert boxed.shape[:2] == (bare.shape[0] + 18, bare.shape[1] + 18)
    assert boxed[0, 0].tolist() == [0, 0, 255, 255]
    assert boxed[..., 3].min() == 255


def test_a_missing_family_is_replaced() -> None:
    assert (text_pixels("Hello", font="No Such Family") == text_pixels("Hello")).all()


@pytest.mark.parametrize("how", [{"size": 1000}, {"size": 400, "width": Length(16_000)}])
def test_a_text_too_large_for_any_picture_is_refused_before_it_is_drawn(how: dict[str, Any]) -> None:
    with pytest.raises(ResultTooLarge):
        render_text(TextOverlay("W" * 500, **({"width": Length(2000)} | how)))
    assert text_pixels("W" * 50, size=100).size // 4 <= MAX_TEXT_PIXELS


def test_text_is_drawn_where_no_font_is_installed(tmp_path: Path) -> None:
    """With a configuration that finds none there is as much ink as here."""
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    code = """
from pixmill.engine.pixels.draw.text import render_text
from pixmill.plan.overlays import Length, TextOverlay
for text in ("Hamburg", "Жд"):
    print(render_text(TextOverlay(text, size=60, width=Length(900)))[3].avg())
"""
    values = []
    for extra in ({}, {"FONTCONFIG_FILE": str(config)}):
        completed = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | extra, capture_output=True, text=True, check=True, timeout=60
        )
        values.append([float(line) for line in completed.stdout.split()])
    assert np.allclose(values[0], values[1], rtol=0.05)


DRAWING = """
import hashlib, sys
from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.draw.text import render_text
from pixmill.engine.pixels.pipeline import render
from pixmill.plan.limits import Limits
from pixmill.plan.overlays import TextOverlay

drawing = b'''<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60">
<text y="40" font-family="%s" font-size="24">Hamburg</text></svg>'''
plan = parse(b"/resize", b"width=300&format=png", upload=True).plan
for step in sys.argv[1:]:
    if step == "overlay":
        render_text(TextOverlay("Hamburg"))
    else:
        print(hashlib.sha256(render(memoryview(drawing % step.encode()), plan, Limits()).body).hexdigest())
"""


def test_text_of_a_drawing_looks_the_same_whatever_text_was_rendered_before() -> None:
    def drawn(*steps: str) -> list[str]:
        command = [sys.executable, "-c", DRAWING, *steps]
        return subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout.split()

    first, *later = drawn("sans-serif", "overlay", "sans-serif", "Unknown", "sans-serif")
    after_an_overlay, unknown = drawn("overlay", "sans-serif", "Unknown")
    assert {first, later[0], later[2]} == {after_an_overlay}
    assert later[1] == unknown
