"""Colours and effects: parsed values, equal spellings, errors."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.tables import adjust, effects
from pixmill.errors import ConflictingParameters, InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.effects import (
    Convolution,
    Duotone,
    Effects,
    Gradient,
    GradientRamp,
    Levels,
    ProgressiveBlur,
    RedactionBox,
    RegionBlur,
    UnsharpMask,
)
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Plan

PARAMS = (*adjust.PARAMS, *effects.PARAMS)


def plan(*pieces: str) -> Plan:
    return parse(b"/resize", "&".join(("url=a.jpg", "format=png", *pieces)).encode()).plan


def effect(piece: str) -> Effects:
    return plan(piece).effects


_BASES = {"blur_space": ("blur=3",), "morphology": ("dilate=1",)}


@pytest.mark.parametrize("param", PARAMS, ids=lambda param: param.name)
def test_every_example_changes_the_plan_and_every_default_does_not(param: Any) -> None:
    base = _BASES.get(param.name, ())
    for example in param.examples:
        assert plan(*base, f"{param.name}={example.replace('#', '%23')}") != plan(*base)
    if param.default:
        assert plan(*base, f"{param.name}={param.default}") == plan(*base)


def test_the_examples_are_all_different_plans() -> None:
    plans = [
        canonical_json(plan(*_BASES.get(param.name, ()), f"{param.name}={example}"))
        for param in PARAMS
        for example in param.examples
    ]
    assert len(set(plans)) == len(plans)


@settings(max_examples=100, deadline=None)
@given(st.permutations([param for param in PARAMS if param.name not in {"monochrome", "unsharp"}]))
def test_the_order_in_the_url_makes_no_difference(params: list[Any]) -> None:
    pieces = [f"{param.name}={param.examples[0]}" for param in params]
    assert plan(*pieces) == plan(*sorted(pieces))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("brightness=-0", ""),
        ("brightness=5.0", "brightness=5"),
        ("contrast=-0.00", ""),
        ("rgb=0,-0,0.0", ""),
        ("hue=-90", "hue=270"),
        ("hue=360", ""),
        ("levels=0,1.0,255", ""),
        ("curves=0,0,255,255", ""),
        ("curves=0,0,77,77,255,255", ""),
        ("curves=255,255,0,10", "curves=0,10,255,255"),
        ("curves_red=0,0,9,1,9,5,255,255", "curves_red=0,0,9,5,255,255"),
        ("negate=1", "invert=true"),
        ("normalise=1", "normalize=true"),
        ("clahe=32", "clahe=32,3"),
        ("blur_space=srgb", ""),
        ("morphology=bits", ""),
        ("blur=0&blur_space=srgb", ""),
        ("blur=3&blur_space=linear", "blur=3"),
        ("equalise=1", "equalize=true"),
        ("equalize=true&normalize=true", "equalize=true"),
        ("modulate=1,1.0,360", ""),
        ("color_matrix=1,0,0,0,1,0,0,0,1", ""),
        ("colour_matrix=0,1,0,1.0,0,0,0,0,1", "color_matrix=0,1,0,1,0,0,0,0,1"),
        ("modulate=1,1,-90", "modulate=1.0,1,270"),
        ("brightness_factor=1.0", ""),
        ("exposure=-0", ""),
        ("vibrance=0.0", ""),
        ("tint=f000", ""),
        ("tint=red", "tint=ff0000"),
        ("monochrome=transparent", ""),
        ("monochrome=f80", "duotone=black,ff8800"),
        ("duotone=0000,fff0", ""),
        ("colorize=00f0", ""),
        ("unsharp=1,0.5", "sharpen=0.5"),
        ("unsharp=3,0,9", ""),
        ("sharpen_lab=1,0,0.0", ""),
        ("sharpen_lab=1,1,2", "sharpen_lab=1.0,1,2,2,10,20"),
        ("unsharp=3,1,0", "unsharp=3,1"),
        ("sharpen=0&unsharp=2,1", "unsharp=2,1"),
        ("pixelate=1", ""),
        ("progressive_blur=down,3", "progressive_blur=180,3,0,100"),
        ("progressive_blur=down,3,50,20", "progressive_blur=down,3,50,50"),
        ("gradient=up,0000,fff0", ""),
        ("gradient=-90,red,blue", "gradient=left,f00,00f"),
        ("convolution=0,0,0,0,7,0,0,0,0", ""),
        ("convolution=2,2,2,2,2,2,2,2,2", "convolution=1,1,1,1,1,1,1,1,1;9"),
        ("convolution=0,0,0,0,0,0,1,1,1,0,0,1,5,1,0,0,1,1,1,0,0,0,0,0,0", "convolution=1,1,1,1,5,1,1,1,1;13;0"),
        ("convolution=1,0,-1,1,0,-1,1,0,-1", "convolution=1,0,-1,1,0,-1,1,0,-1;1"),
        ("blur_areas=2;5,5,5,5;1,1,1,1", "blur_areas=2.0;1,1,1,1;5,5,5,5;1,1,1,1"),
        ("pixelate_areas=9;pct:50,0,80,100", "pixelate_areas=9;pct:50,0,50,100.0"),
    ],
)
def test_these_mean_the_same(one: str, other: str) -> None:
    assert canonical_json(plan(one)) == canonical_json(plan(other))


def test_values_arrive_as_they_are_meant() -> None:
    assert plan("levels=20,1.5,200").adjust.tone.levels == Levels(20, 1.5, 200)
    assert plan("curves_blue=9,8").adjust.tone.curves.blue == ((9, 8),)
    assert plan("duotone=red,00f8").adjust.colour.duotone == Duotone(Colour(255, 0, 0), Colour(0, 0, 255, 136))
    assert effect("progressive_blur=right,4,10,60").progressive_blur == ProgressiveBlur(
        4.0, GradientRamp(90.0, 10.0, 60.0)
    )
    assert effect("unsharp=2,0.8,4").sharpen == UnsharpMask(2.0, 0.8, 4)
    assert effect("convolution=1,2,1,2,4,2,1,2,1;16;-3").convolution == Convolution(
        tuple(weight / 16 for weight in (1, 2, 1, 2, 4, 2, 1, 2, 1)), -3.0
    )
    assert effect("blur_areas=8;10,20,30,40;pct:0.5,0,50,25").blur_areas == RegionBlur(
        8.0, (RedactionBox(0.5, 0.0, 50.0, 25.0, percent=True), RedactionBox(10.0, 20.0, 30.0, 40.0))
    )
    assert effect("gradient=45,red,000,10,90").gradient == Gradient(
        GradientRamp(45.0, 10.0, 90.0), Colour(255, 0, 0), Colour(0, 0, 0)
    )


@pytest.mark.parametrize(
    "piece",
    [
        "brightness=101",
        "sharpen_lab=1,1",
        "sharpen_lab=11,1,2",
        "sharpen_lab=1,1,2,3",
        "sharpen_lab=1,1,2,3,4,101",
        "brightness_factor=-1",
        "brightness_factor=10.1",
        "exposure=5.1",
        "exposure=-6",
        "highlights=101",
        "shadows=-100.5",
        "warmth=1e1",
        "vibrance=501",
        "vibrance=-101",
        "saturation=901",
        "saturation=-101",
        "saturation=1000",
        "modulate=1,1",
        "color_matrix=1,0,0,0,1,0,0,0",
        "color_matrix=1,0,0,0,1,0,0,0,11",
        "modulate=11,1,0",
        "modulate=1,-1,0",
        "modulate=1,1,361",
        "equalize=2",
        "brightness=--1",
        "contrast=1e1",
        "contrast=%2B5",
        "gamma=0",
        "gamma=11",
        "rgb=1,2",
        "hue=361",
        "sepia=-1",
        "levels=0,0,255",
        "levels=0,1,256",
        "levels=0,1",
        "curves=1",
        "curves=1,2,3",
        "curves=" + ",".join(["1,2"] * 17),
        "clahe=65",
        "clahe=32,0",
        "clahe=32,",
        "tint=reddish",
        "duotone=red",
        "median=6",
        "sharpen=10.1",
        "unsharp=0.2,1",
        "unsharp=1",
        "unsharp=1,1,1,1",
        "convolution=1,2,3",
        "convolution=" + ",".join("1" * 16),
        "convolution=" + ",".join("1" * 81),
        "convolution=1,1,1,1,1,1,1,1,1;0",
        "convolution=1,1,1,1,1,1,1,1,1;-9",
        "convolution=1,1,1,1,1,1,1,1,1;9;256",
        "convolution=1000,1,1,1,1,1,1,1,1",
        "pixelate=1001",
        "progressive_blur=5",
        "progressive_blur=down,251",
        "progressive_blur=down,5,10",
        "blur_areas=5",
        "blur_areas=5;1,1,0,5",
        "blur_areas=5;pct:0,0,101,5",
        "blur_areas=5" + ";1,1,1,1" * 33,
        "pixelate_areas=1;1,1,1,1",
        "gradient=red,blue",
        "gradient=down,red,blue,0,101",
        "vignette=101",
        "noise=-1",
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(piece: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(piece)
    assert caught.value.param == piece.partition("=")[0]


@pytest.mark.parametrize("query", ["monochrome=red&duotone=red,blue", "sharpen=1&unsharp=1,1"])
def test_two_ways_to_say_one_thing_exclude_each_other(query: str) -> None:
    with pytest.raises(ConflictingParameters):
        plan(query)


def test_a_plan_without_any_is_as_before() -> None:
    assert canonical_json(plan()) == canonical_json(plan("brightness=0", "noise=0", "sepia=0"))
    assert b"adjust" not in canonical_json(plan())
    assert b"effects" not in canonical_json(plan())
