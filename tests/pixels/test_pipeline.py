"""A file in, a file out: the whole pipeline through its public door."""

import pytest
from PIL import Image

from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.open_image import open_image
from pixmill.engine.pixels.pipeline import STEPS, render
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from tests.pixels.images import LIMITS, decode_result, difference, encode_image, photo, pixels_of

FORMATS = (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.GIF)


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_every_format_becomes_every_other(source: Format, target: Format) -> None:
    image = photo()
    plan = Plan(resize=Resize(width=120), output=Output(formats=(target,), quality=90))
    rendered = render(encode_image(image, source), plan, LIMITS)
    assert (rendered.format, rendered.width, rendered.height) == (target, 120, 80)
    result = decode_result(rendered)
    assert (result.format, result.size) == (target.upper(), (120, 80))
    expected = pixels_of(image.resize((120, 80), Image.Resampling.LANCZOS))
    assert difference(pixels_of(result), expected) < (8 if Format.GIF in (source, target) else 4)


def test_the_time_of_each_stage_is_told() -> None:
    rendered = render(encode_image(photo(), "JPEG"), Plan(), LIMITS)
    assert set(rendered.seconds) == {"decode", "process", "encode"}
    assert all(seconds >= 0 for seconds in rendered.seconds.values())


def test_a_plain_resize_applies_only_the_steps_that_depend_on_the_frame() -> None:
    header = open_image(encode_image(photo(), "JPEG"), LIMITS).header
    job = resolve_job(header, Plan(resize=Resize(width=120)), LIMITS)
    names = [step.apply.__name__ for step in STEPS if step.applies(job)]
    assert names == ["resize", "convert_profile", "drop_opaque_alpha"]
