"""Equal plans have equal keys, different plans different ones, however they are built."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.key import canonical_json, entity_tag, result_key
from pixmill.plan.ops import Crop, CropUnit, Fit, Flip, Output, Plan, Resize
from pixmill.plan.output import Metadata

gravities = st.builds(Point, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5])) | st.builds(Smart)
plans = st.builds(
    Plan,
    rotate=st.sampled_from([0, 90]),
    flip=st.sampled_from(Flip),
    crop=st.none() | st.builds(Crop, st.just(0.0), st.just(1.0), st.just(2.0), st.just(3.0), st.sampled_from(CropUnit)),
    resize=st.builds(Resize, st.sampled_from([0, 8]), st.sampled_from([0, 9]), st.sampled_from(Fit), gravities),
    blur=st.sampled_from([0.0, 1.5]),
    background=st.builds(Colour, st.sampled_from([0, 255]), alpha=st.sampled_from([0, 255])),
    output=st.builds(
        Output,
        st.sampled_from([(), (Format.WEBP,), (Format.WEBP, Format.AVIF), (Format.AVIF, Format.WEBP)]),
        st.booleans(),
        st.sampled_from([1, 80]),
        st.sampled_from(Metadata),
    ),
)


def test_defaults_are_left_out_even_when_they_are_said() -> None:
    plan = Plan(resize=Resize(gravity=Point(0.5, 0.5)), blur=float("0"), background=Colour(), output=Output(quality=80))
    assert canonical_json(plan) == canonical_json(Plan()) == b"{}"


def test_equal_numbers_have_one_spelling() -> None:
    plan = Plan(crop=Crop(-0.0, 1, 2.0, 3), resize=Resize(8, 9, Fit.COVER, Point(-0.0, 1)))
    other = Plan(crop=Crop(0, 1.0, 2, 3.0), resize=Resize(8, 9, Fit.COVER, Point(0, 1.0)))
    assert plan == other
    assert canonical_json(plan) == canonical_json(other)


@settings(max_examples=500, deadline=None)
@given(plans, plans)
def test_plans_are_equal_exactly_when_their_keys_are(one: Plan, other: Plan) -> None:
    assert (one == other) == (result_key("a.jpg", one) == result_key("a.jpg", other))


def test_the_source_is_part_of_the_key_and_cannot_be_mistaken_for_the_plan() -> None:
    assert result_key("a.jpg", Plan()) != result_key("b.jpg", Plan())
    assert result_key('a\n{"blur":1}', Plan()) != result_key("a", Plan(blur=1))


def test_an_entity_tag_is_strong_and_changes_with_plan_and_original() -> None:
    key = result_key("a.jpg", Plan())
    tags = {entity_tag(key, "v1"), entity_tag(key, "v2"), entity_tag(result_key("a.jpg", Plan(blur=1)), "v1")}
    assert len(tags) == 3
    assert all(len(tag) == 34 and tag.startswith('"') and tag.endswith('"') for tag in tags)


def test_a_key_stays_the_same_from_release_to_release() -> None:
    """A change without raising PLAN_VERSION would serve old bytes for new plans."""
    plan = Plan(resize=Resize(800, 600, Fit.COVER, Smart()), output=Output((Format.WEBP,), quality=75))
    assert (
        canonical_json(plan) == b'{"output":{"formats":["webp"],"quality":75},'
        b'"resize":{"fit":"cover","gravity":{"type":"smart"},"height":600,"width":800}}'
    )
