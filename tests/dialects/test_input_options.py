"""Selection of frames and pages, and their orientation: ``animated``, ``page`` and ``orientation``."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import BadRequest, InvalidParameter
from pixmill.media import Format
from pixmill.plan.ops import DEFAULT_INPUT, DecodeScaling, Input, Plan
from pixmill.plan.output import Animation


def plan(query: str) -> Plan:
    return parse(b"/resize", f"url=a.gif&{query}".encode()).plan


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", DEFAULT_INPUT),
        ("animated=true", DEFAULT_INPUT),
        ("animated=false", Input(animated=False)),
        ("anim=0&format=webp", Input(animated=False)),
        ("page=1", Input(animated=False)),
        ("frame=7", Input(animated=False, page=7)),
        ("page=7&animated=true", Input(animated=False, page=7)),
        ("page=7&format=png", Input(animated=False, page=7)),
        ("max_frames=1", Input(animated=False)),
        ("page=7&max_frames=3&frame_step=2", Input(animated=False, page=7)),
    ],
)
def test_a_still_is_asked_for(query: str, expected: Input) -> None:
    assert plan(query).input == expected


@pytest.mark.parametrize(
    ("one", "other"), [("", "animated=false"), ("", "page=1"), ("page=3", "page=3&animated=false")]
)
def test_what_can_only_be_a_still_is_the_same_picture_either_way(one: str, other: str) -> None:
    assert plan(f"format=jpeg&{one}") == plan(f"format=jpeg&{other}")


@pytest.mark.parametrize(
    ("value", "orientation"), [("auto", 0), ("none", 1), *((str(number), number) for number in range(1, 9))]
)
def test_the_orientation_is_the_recorded_one_or_another(value: str, orientation: int) -> None:
    assert plan(f"orientation={value}").input == Input(orientation=orientation)


def test_formats_of_the_original_are_rejected_or_delivered_in_one_order() -> None:
    assert plan("reject=svg,pdf,svg") == plan("reject=pdf,svg")
    assert plan("reject=svg,pdf").input == Input(rejected=(Format.PDF, Format.SVG))
    one, other = plan("passthrough=svg,animation,gif"), plan("passthrough=gif,svg,animation")
    assert one == other
    assert (one.output.passthrough, one.output.passthrough_animations) == ((Format.GIF, Format.SVG), True)


def test_formats_of_animations_matter_only_where_there_may_be_one() -> None:
    assert plan("animated_formats=webp,gif").input.animated_formats == (Format.GIF, Format.WEBP)
    assert plan("animated_formats=gif&animated=false") == plan("animated=false")
    assert plan("animated_formats=gif&format=jpeg") == plan("format=jpeg")


def test_a_still_matters_where_animations_are_delivered_as_they_are() -> None:
    assert plan("format=jpeg&animated=false&passthrough=animation") != plan("format=jpeg&passthrough=animation")


@pytest.mark.parametrize(
    "query",
    [
        "reject=all",
        "reject=",
        "passthrough=pdf",
        "passthrough=gif,",
        "page=0",
        "page=-1",
        "page=65536",
        "page=last",
        "animated=maybe",
        "orientation=0",
        "orientation=9",
    ],
)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == query.partition("=")[0]


def test_frames_are_selected_where_there_are_some() -> None:
    assert plan("max_frames=20&frame_step=2").input == Input(max_frames=20, frame_step=2)
    assert plan("frame_step=1") == plan("")
    for still in ("format=jpeg", "animated=false"):
        assert plan(f"{still}&max_frames=20&frame_step=2&loop=2&reverse=true&frame_delay=50") == plan(still)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("loop=0", Animation(loop=0)),
        ("loop=3&speed=1.5&reverse=true", Animation(loop=3, speed=1.5, reverse=True)),
        ("speed=1&reverse=false", Animation()),
        ("frame_delay=80,80,400", Animation(delays_ms=(80, 80, 400))),
        ("frame_delay=40,80,80,80&speed=1", Animation(delays_ms=(40, 80))),
    ],
)
def test_the_timing_is_part_of_the_output(query: str, expected: Animation) -> None:
    assert plan(query).output.animation == expected


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("max_frames=0", "max_frames"),
        ("frame_step=0", "frame_step"),
        ("loop=65536", "loop"),
        ("loop=-1", "loop"),
        ("speed=0", "speed"),
        ("speed=101", "speed"),
        ("frame_delay=0", "frame_delay"),
        ("frame_delay=65536", "frame_delay"),
        ("frame_delay=1,", "frame_delay"),
        ("frame_delay=" + ",".join(["9"] * 257), "frame_delay"),
        ("frame_delay=50&speed=2", "speed"),
    ],
)
def test_another_timing_is_refused(query: str, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        plan(query)
    assert caught.value.param == param


def test_scaling_while_decoding_is_that_of_the_mode_unless_another_is_given() -> None:
    assert plan("width=5&decode_scaling=auto") == plan("width=5")
    for scaling in DecodeScaling:
        assert plan(f"decode_scaling={scaling}").input.scaling is scaling
