"""Results that describe the image instead of showing it."""

from typing import Any

import msgspec
import pytest
from PIL import Image

from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import UndecodableImage
from pixmill.media import DESCRIPTION_FORMATS, Format
from pixmill.plan.colour import Colour
from pixmill.plan.facts import Description, Fact, FactSelection
from pixmill.plan.ops import Crop, Output, Plan, Resize
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, encode_image, photo


def render_text_format(source: memoryview, form: Format, **plan: Any) -> str:
    rendered = render(source, Plan(output=Output(formats=(form,)), **plan), LIMITS)
    assert rendered.format is form
    return rendered.body.decode()


def render_description(source: memoryview, **plan: Any) -> Description:
    return msgspec.json.decode(render_text_format(source, Format.JSON, **plan), type=Description)


@pytest.mark.parametrize("form", [form for form in DESCRIPTION_FORMATS if form is not Format.JSON])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
def test_a_placeholder_of_the_whole_is_that_which_info_tells(form: Format, mode: str) -> None:
    source = encode_image(photo(90, 60).convert(mode), "PNG")
    facts = inspect(source, LIMITS, FactSelection((Fact(form.value),)))
    assert render_text_format(source, form) == getattr(facts, form.value)


def test_a_placeholder_is_of_the_result() -> None:
    half = photo(120, 60).crop((0, 0, 60, 60))
    plan = {"resize": Resize(60, 60, enlarge=True), "grayscale": True}
    expected = render_text_format(encode_image(half, "PNG"), Format.BLURHASH, **plan)
    both = Image.new("RGB", (120, 60))
    both.paste(half, (0, 0))
    assert render_text_format(encode_image(both, "PNG"), Format.BLURHASH, crop=Crop(0, 0, 60, 60), **plan) == expected


def test_a_blurhash_lies_on_the_background() -> None:
    hidden = encode_image(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG")
    red = encode_image(Image.new("RGB", (20, 20), (255, 0, 0)), "PNG")
    assert render_text_format(hidden, Format.BLURHASH, background=Colour(255, 0, 0)) == render_text_format(
        red, Format.BLURHASH
    )


def test_json_tells_the_size_of_the_result_and_what_is_asked_of_both() -> None:
    source = encode_image(photo(), "JPEG")
    selection = FactSelection((Fact.HASH, Fact.AVERAGE, Fact.PALETTE), 2)
    description = render_description(source, resize=Resize(width=60), fact_selection=selection)
    assert (description.width, description.height) == (60, 40)
    assert description.original == inspect(source, LIMITS, FactSelection((Fact.HASH,)))
    assert description.average is not None
    assert description.palette is not None
    assert len(description.palette) == 2
    assert description.blurhash is None


def test_a_description_among_several_results_tells_the_same() -> None:
    source = encode_image(photo(), "JPEG")
    plan = Plan(
        resize=Resize(width=60), output=Output(formats=(Format.JSON,)), fact_selection=FactSelection((Fact.HASH,))
    )
    results = dict(render_all(source, [plan, Plan(resize=Resize(width=30))], LIMITS))
    assert isinstance(results[0], Rendered)
    assert results[0].body == render(source, plan, LIMITS).body


@pytest.mark.parametrize("form", DESCRIPTION_FORMATS)
def test_of_an_animation_the_first_frame_is_described(form: Format) -> None:
    frames = [photo(60, 40).quantize(64), photo(60, 40).rotate(90).quantize(64)]
    moving = encode_image(frames[0], "GIF", save_all=True, append_images=frames[1:])
    if form is Format.JSON:
        assert (render_description(moving).height, render_description(moving).original.frames) == (40, 2)
    else:
        assert render_text_format(moving, form) == render_text_format(encode_image(frames[0], "GIF"), form)


def test_a_damaged_picture_has_a_header_to_tell_but_no_look() -> None:
    damaged = encode_image(photo(), "PNG")[:4_000]
    assert inspect(damaged, LIMITS).width == 240
    with pytest.raises(UndecodableImage):
        inspect(damaged, LIMITS, FactSelection((Fact.AVERAGE,)))
