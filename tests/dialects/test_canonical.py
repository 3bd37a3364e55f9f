"""Spellings of the same image have equal plans; different images have different ones."""

from collections.abc import Mapping
from random import Random
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.params import PARAMS
from pixmill.plan.key import result_key

ALIASES = {param.name: param.names for param in PARAMS}

VALUES = {
    "animated": [("true", "1"), ("false", "0")],
    "page": [("1", "1"), ("3", "3")],
    "width": [("300", "300"), ("301", "301")],
    "height": [("200", "200"), ("201", "201")],
    "fit": [("cover", "cover"), ("contain", "contain"), ("inside", "inside"), ("outside", "outside"), ("fill", "fill")],
    "gravity": [
        ("ne", "northeast"),
        ("fp:0.5,0", "north"),
        ("fp:0.50,0.5", "center"),
        ("smart", "smart:attention"),
        ("se:0,0", "se"),
        ("fr:0,0,0.5,1;0.5,0,0.5,1", "fr:0.50,0,0.5,1,7;0,0.0,0.5,1,7"),
    ],
    "aspect": [("16:9", "32:18"), ("1.5", "3:2")],
    "zoom": [("0.5", "pct:50"), ("1", "1.0"), ("pct:100", "pct:100.0")],
    "min_width": [("250", "250")],
    "min_height": [("260", "260")],
    "max_width": [("270", "270")],
    "max_height": [("280", "280")],
    "adaptive": [("true", "1"), ("false", "0")],
    "light": [("linear", "linear"), ("gamma", "srgb"), ("auto", "auto")],
    "kernel": [("cubic", "cubic"), ("nearest", "nearest")],
    "padding": [("10", "10,10,10,10"), ("1,2", "1,2,1,2"), ("0", "0,0")],
    "extend": [("color", "colour"), ("blur", "blur")],
    "trim": [("10", "10")],
    "trim_color": [("red", "f00"), ("0000", "transparent")],
    "trim_equal": [("none", "none"), ("both", "both")],
    "dpr": [("1", "1.0"), ("1.50", "1.5"), ("2", "2.00")],
    "enlarge": [("true", "1"), ("false", "0")],
    "crop": [
        ("1,2,3,4", "1,2,3,4"),
        ("pct:50,50,50,50", "pct:50.0,50,100,99"),
        ("pct:0,0,100,100", "pct:0.0,0,100,100.0"),
        ("window:9,50", "window:9,50"),
        ("window:0,50", "window:pct,px:100,50"),
    ],
    "crop_gravity": [("n", "north"), ("fp:0.5,0", "n:0,0"), ("pos:1,1", "se"), ("px:1,2", "px:1,2,0,0,7")],
    "crop_overflow": [("clip", "clip")],
    "rotate": [("270", "-90"), ("90", "90.0"), ("180", "180"), ("0", "360"), ("37.5", "-322.50")],
    "flip": [("h", "horizontal"), ("hv", "both"), ("v", "vertical"), ("none", "none")],
    "blur": [("0", "0.0"), ("1.5", "1.50")],
    "grayscale": [("1", "true"), ("0", "false")],
    "background": [("red", "%23F00"), ("ff0000ff", "f00f"), ("white", "fff"), ("0000", "ffffff00"), ("aqua", "0ff")],
    "format": [("jpg", "jpeg"), ("png", "png"), ("webp", "webp"), ("gif", "gif"), ("auto", "auto")],
    "quality": [("80", "80"), ("75", "75")],
    "metadata": [("keep", "keep"), ("strip", "strip")],
}
"""Values of each parameter, each in two spellings."""

requests = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, len(values) - 1) for name, values in VALUES.items()}
)


def key(*pieces: str) -> str:
    request = parse(b"/resize", "&".join(("url=a.jpg", *pieces)).encode())
    return result_key(request.source.text, request.plan)


def spellings(chosen: Mapping[str, int], way: int) -> list[str]:
    return [f"{ALIASES[name][way % len(ALIASES[name])]}={VALUES[name][at][way]}" for name, at in chosen.items()]


@settings(max_examples=400, deadline=None)
@given(requests, st.randoms(use_true_random=False))
def test_order_aliases_and_spellings_make_no_difference(chosen: dict[str, int], random: Random) -> None:
    shuffled = spellings(chosen, 1)
    random.shuffle(shuffled)
    assert key(*spellings(chosen, 0)) == key(*shuffled)


@settings(max_examples=200, deadline=None)
@given(requests)
def test_saying_a_default_makes_no_difference(chosen: dict[str, int]) -> None:
    pieces = spellings(chosen, 0)
    defaults = [
        f"{param.name}={quote(param.default)}" for param in PARAMS if param.default and param.name not in chosen
    ]
    assert key(*pieces) == key(*pieces, *defaults)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000), st.sampled_from(["0.5", "1.5", "2", "3.25", "7.99"]))
def test_dpr_is_but_another_way_to_say_the_size(width: int, height: int, dpr: str) -> None:
    thousandths = round(float(dpr) * 100)
    sides = [max(1, (side * thousandths + 50) // 100) for side in (width, height)]
    assert key(f"w={width}", f"h={height}", f"dpr={dpr}") == key(f"w={sides[0]}", f"h={sides[1]}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("w=5", "w=5&fit=cover"),
        ("w=5", "w=5&gravity=north"),
        ("w=5&h=5", "w=5&h=5&gravity=smart"),
        ("", "dpr=2"),
        ("", "enlarge=true"),
        ("", "fit=fill&gravity=ne"),
        ("", "light=gamma"),
        ("w=5", "w=5&light=auto"),
        ("", "extend=blur&trim_color=red&trim_equal=both&adaptive=1&kernel=cubic"),
        ("w=800&h=450&fit=cover", "w=800&aspect=16:9"),
        ("w=800&aspect=16:9", "w=800&aspect=16:9&fit=outside"),
        ("w=5&h=5", "w=5&h=5&aspect=16:9&adaptive=1"),
        ("zoom=0.5", "scale=0.5&enlarge=1"),
        ("w=100", "w=200&zoom=0.5"),
        ("", "crop=pct:0,0,100,100"),
        ("rotate=180", "flip=both"),
        ("", "rotate=180&flip=both"),
        ("flip=v", "rotate=180&flip=h"),
        ("rotate=90&flip=v", "rotate=270&flip=h"),
        ("rotate=270", "rotate=90&flip=hv"),
        ("format=png", "format=png&quality=3"),
        ("format=webp", "format=webp&background=red"),
        ("background=fff", "background=white"),
        ("", "filename=a.jpg"),
        ("tags=a", "tags=b"),
        ("", "tags=a"),
        ("", "expires=2000000000"),
    ],
)
def test_what_cannot_be_seen_makes_no_difference(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_everything_that_can_be_seen_makes_a_difference() -> None:
    """Each of these differs from each other one, for some image, in its pixels or bytes."""
    distinct = [
        "",
        "w=5",
        "h=5",
        "w=5&h=5",
        "w=5&dpr=2",
        *(f"w=5&h=5&fit={fit}" for fit in ("cover", "contain", "fill", "outside")),
        *(
            f"w=5&h=5&fit=cover&gravity={at}"
            for at in ("n", "ne", "e", "se", "s", "sw", "w", "nw", "smart", "fp:0.1,0.2")
        ),
        "w=5&enlarge=1",
        "w=5&mw=6",
        "w=5&mh=6",
        "zoom=2",
        "zoom=2&enlarge=1",
        "aspect=2:1",
        "aspect=2:1&fit=contain",
        "aspect=2:1&adaptive=1",
        "w=5&kernel=cubic",
        "w=5&light=gamma",
        "rotate=1&resample_space=srgb",
        "crop=pct:0,0,5,5&light=linear",
        *(f"w=5&h=5&fit=cover&gravity={at}" for at in ("ne:1,0", "smart:entropy", "face", "fr:0,0,0.1,0.2")),
        "padding=1",
        "padding=1,2",
        "padding=1&extend=blur",
        "trim=9",
        "trim=9&trim_color=red",
        "trim=9&trim_equal=both",
        "rotate=1",
        "rotate=1&background=red",
        "crop=0,0,5,5",
        "crop=0,0,5,6",
        "crop=pct:0,0,5,5",
        "rotate=90",
        "rotate=180",
        "rotate=270",
        "flip=h",
        "flip=v",
        "rotate=90&flip=h",
        "rotate=90&flip=v",
        "blur=1",
        "blur=1.1",
        "grayscale=1",
        "background=red",
        "background=transparent",
        "format=gif&background=red",
        "format=png&w=5&h=5&fit=contain&background=red",
        *(f"format={form}" for form in ("jpeg", "png", "webp", "avif", "gif")),
        "q=79",
        "format=webp&q=79",
        "metadata=keep",
    ]
    assert len({key(query) for query in distinct}) == len(distinct)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="/\\:"), min_size=1, max_size=40))
def test_a_path_is_the_same_however_it_is_escaped(name: str) -> None:
    path = f"x/{name}y"
    every_byte = "".join(f"%{byte:02x}" for byte in path.encode())
    queries = [urlencode({"url": path}), f"url={quote(path)}", f"url={every_byte}"]
    assert len({parse(b"/resize", query.encode()).source.text for query in queries}) == 1
