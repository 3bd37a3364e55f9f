"""The normal form: native plans are in it, it is reached in one step, and it changes no size and no position."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.errors import InvalidParameter, ResultTooLarge
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.geometry import resolve_all
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.normal_form import normal_form
from pixmill.plan.normal_output import normal_output
from pixmill.plan.ops import Aspect, Crop, CropUnit, Fit, Flip, Input, Output, Plan, Resize, Stage
from pixmill.plan.output import Encoding, Metadata, Profile
from pixmill.plan.shapes import Border, CornerRadii, Shape
from pixmill.plan.transforms import Extend, Fill
from tests.plan.plans import mixed_plan, native_plan, random_query

WIDE = Limits(max_pixels=2**40, max_result_pixels=2**40, max_result_side=2**20)
JPEG = Output((Format.JPEG,))
PNG = Output((Format.PNG,))


@given(st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_native_plans_are_in_normal_form(random: Random) -> None:
    plan = native_plan(random_query(random))
    if plan is not None:
        assert normal_form(plan) is plan


@given(st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_the_normal_form_of_a_normal_form_is_itself(random: Random) -> None:
    once = normal_form(mixed_plan(random))
    assert normal_form(once) == once


@given(st.randoms(use_true_random=False), st.integers(1, 900), st.integers(1, 900))
@settings(max_examples=400)
def test_the_normal_form_has_the_same_geometry(random: Random, width: int, height: int) -> None:
    plan = mixed_plan(random)
    assert geometry(plan, Size(width, height)) == geometry(normal_form(plan), Size(width, height)) or is_placeholder(
        plan
    )


def geometry(plan: Plan, source: Size) -> object:
    """The sizes and positions of all stages that do something, or the reason why there are none."""
    try:
        found = resolve_all(source, plan, WIDE)
    except (InvalidParameter, ResultTooLarge) as error:
        return str(error)
    stages = zip((plan, *plan.stages), found, strict=True)
    return [one for number, (stage, one) in enumerate(stages) if number == 0 or stage != Stage()]


def is_placeholder(plan: Plan) -> bool:
    return not {Format.BLURHASH, Format.THUMBHASH, Format.LQIP}.isdisjoint(plan.output.formats)


@pytest.mark.parametrize(
    ("plan", "normal"),
    [
        (Plan(resize=Resize(300, 0, Fit.COVER, gravity=Smart(), adaptive=True)), Plan(resize=Resize(300))),
        (Plan(resize=Resize(300, 200, gravity=Point(0, 0))), Plan(resize=Resize(300, 200))),
        (Plan(resize=Resize(300, aspect=Aspect(3, 2), zoom=2)), Plan(resize=Resize(300))),
        (Plan(resize=Resize(fit=Fit.CONTAIN)), Plan()),
        (Plan(resize=Resize(enlarge=True, shrink=False)), Plan()),
        (Plan(rotate=270, flip=Flip.BOTH), Plan(rotate=90)),
        (Plan(crop=Crop(0, 0, 100, 100, CropUnit.PERCENT)), Plan()),
        (Plan(crop=Crop(50, 50, 100, 100, CropUnit.PERCENT)), Plan(crop=Crop(50, 50, 50, 50, CropUnit.PERCENT))),
        (Plan(flatten=TRANSPARENT), Plan()),
        (Plan(shape=Shape(CornerRadii(), border=Border(2, TRANSPARENT))), Plan()),
        (Plan(extend=Extend(Fill.BLUR)), Plan()),
        (Plan(background=Colour(1, 2, 3), output=PNG), Plan(output=PNG)),
        (Plan(background=Colour(1, 2, 3), output=JPEG), Plan(background=Colour(1, 2, 3), output=JPEG)),
        (Plan(stages=(Stage(), Stage(blur=1), Stage(resize=Resize(fit=Fit.FILL)))), Plan(stages=(Stage(blur=1),))),
        (Plan(input=Input(animated=False), output=JPEG), Plan(output=JPEG)),
        (Plan(input=Input(page=2)), Plan(input=Input(animated=False, page=2))),
        (Plan(output=Output((Format.LQIP,))), Plan(resize=Resize(100, 100), output=Output((Format.LQIP,)))),
    ],
)
def test_what_has_no_effect_is_dropped(plan: Plan, normal: Plan) -> None:
    assert normal_form(plan) == normal


@pytest.mark.parametrize(
    ("output", "normal"),
    [
        (Output((Format.PNG,), quality=30), PNG),
        (Output((Format.JPEG,), quality=30, target_quality=50), Output((Format.JPEG,), target_quality=50)),
        (Output((Format.GIF,), target_quality=50), Output((Format.GIF,))),
        (
            Output((Format.WEBP,), quality=30, encoding=Encoding(near_lossless=100)),
            Output((Format.WEBP,), encoding=Encoding(lossless=True)),
        ),
        (Output((Format.GIF,), encoding=Encoding(colours=256, depth=10)), Output((Format.GIF,))),
        (
            Output((Format.PNG,), encoding=Encoding(colours=200, trellis=True)),
            Output((Format.PNG,), encoding=Encoding(colours=16)),
        ),
        (Output((Format.GIF,), metadata=Metadata.ALL, profile=Profile.P3), Output((Format.GIF,))),
        (Output((Format.JSON,), max_bytes=500, max_bytes_strict=False), Output((Format.JSON,))),
        (Output(negotiated=True, encoding=Encoding(depth=10)), Output(negotiated=True, encoding=Encoding(depth=10))),
    ],
)
def test_options_without_an_effect_in_a_format_are_dropped(output: Output, normal: Output) -> None:
    assert normal_output(output) == normal
