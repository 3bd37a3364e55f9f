"""Corners, masks and borders as parameters."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Plan
from pixmill.plan.shapes import Border, CornerRadii, Ellipse, ImageMask, MaskChannel, Polygon, Shape, Star
from pixmill.plan.source import parse_source


def plan(query: str) -> Plan:
    return parse(b"/resize", f"url=a.jpg&{query}".encode()).plan


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("radius=20", Shape(CornerRadii(20, 20, 20, 20))),
        ("radius=1,2,3,4", Shape(CornerRadii(1, 2, 3, 4))),
        ("radius=pct:12.5", Shape(CornerRadii(12.5, 12.5, 12.5, 12.5, percent=True))),
        ("mask=circle", Shape(mask=Ellipse(circle=True))),
        ("mask=ellipse", Shape(mask=Ellipse())),
        ("mask=star", Shape(mask=Star())),
        ("mask=hexagon", Shape(mask=Polygon(6))),
        ("mask=polygon:12", Shape(mask=Polygon(12))),
        (
            "mask=luminance:s3://bucket/a.png",
            Shape(mask=ImageMask(parse_source("s3://bucket/a.png"), MaskChannel.LUMINANCE)),
        ),
        ("mask=alpha:http://a.example/x%3Fy", Shape(mask=ImageMask(parse_source("http://a.example/x?y")))),
        ("border=3", Shape(border=Border(3))),
        ("border=10,f00", Shape(border=Border(10, Colour(255, 0, 0)))),
    ],
)
def test_each_says_a_shape(query: str, shape: Shape) -> None:
    assert plan(query).shape == shape


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("radius=-1", "radius"),
        ("opacity=101", "opacity"),
        ("opacity=-1", "opacity"),
        ("radius=1,2", "radius"),
        ("radius=pct:101", "radius"),
        ("radius=10000", "radius"),
        ("mask=polygon:2", "mask"),
        ("mask=polygon:13", "mask"),
        ("mask=alpha:", "mask"),
        ("mask=green:a.png", "mask"),
        ("border=0", "border"),
        ("border=1001", "border"),
        ("border=5,", "border"),
        ("border=5,nocolour", "border"),
    ],
)
def test_what_is_none_is_refused_by_name(query: str, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(query)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", "radius=0"),
        ("", "opacity=100.0"),
        ("", "flatten=transparent"),
        ("flatten=red", "flatten=ff0000"),
        ("opacity=40", "opacity=40.0"),
        ("", "radius=pct:0,0,0,0"),
        ("", "border=5,transparent"),
        ("radius=7", "radius=7,7,7,7"),
        ("mask=triangle", "mask=polygon:3"),
        ("border=5", "border=5,black"),
        ("mask=alpha:HTTP://A.example:80/x", "mask=alpha:http://a.example/x"),
    ],
)
def test_what_looks_the_same_is_one_plan(one: str, other: str) -> None:
    assert canonical_json(plan(one)) == canonical_json(plan(other))
