"""Shopify: suffixes of file names, equal plans of equal images, refusals by name."""

import json
from typing import Any

import pytest

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Text
from pixmill.dialects.shopify.dialect import ShopifyDialect, ShopifyOptions
from pixmill.errors import InvalidParameter, RequestTooLarge, RouteNotFound, SourceNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Crop, Fit, Plan
from pixmill.plan.request import ImageRequest

DIALECT = ShopifyDialect(ShopifyOptions())


def image(url: bytes, dialect: ShopifyDialect = DIALECT) -> ImageRequest:
    path, _, query = url.partition(b"?")
    outcome = dialect.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(url: bytes) -> Plan:
    return image(url).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/a.jpg?width=300&height=200", b"/a.jpg?height=200&width=300&fit=contain"),
        (b"/a.jpg?width=1&width=300", b"/a.jpg?width=300"),
        (b"/a.jpg?width=300&crop=top", b"/a.jpg?width=300"),
        (b"/a.jpg?width=300&crop=", b"/a.jpg?width=300&height="),
        (b"/a.jpg?width=299.6", b"/a.jpg?width=300"),
        (b"/a.jpg?width=30&crop_left=5", b"/a.jpg?width=30"),
        (b"/a.jpg?width=30&pad_color=f00&format=webp", b"/a.jpg?width=30&format=webp"),
        (b"/a.jpg?pad_color=%23ff0000&width=9&height=9", b"/a.jpg?pad_color=f00&width=9&height=9"),
        (b"/a.jpg?format=jpeg", b"/a.jpg?format=JPG"),
        (b"/a.jpg?v=a/b", b"/a.jpg"),
        (b"/a_300x.jpg", b"/a.jpg?width=300"),
        (b"/a_x300.jpg", b"/a.jpg?height=300"),
        (b"/a_300x200.jpg", b"/a.jpg?width=300&height=200"),
        (b"/a_300x200_crop_left.jpg", b"/a.jpg?width=300&height=200&crop=left"),
        (b"/a_300x200_left.jpg", b"/a.jpg?width=300&height=200&crop=left"),
        (b"/a_30x%402x.jpg", b"/a.jpg?width=60"),
        (b"/a_30x_crop_center@3x.jpg", b"/a.jpg?width=90"),
        (b"/a_small@2x.jpg", b"/a.jpg?width=200&height=200"),
        (b"/a_pico.jpg", b"/a.jpg?width=16&height=16"),
        (b"/a_grande.gif", b"/a.gif?width=600&height=600"),
        (b"/a_original.jpg", b"/a.jpg"),
        (b"/a_master.jpg", b"/a.jpg"),
        (b"/a_300x.progressive.jpg", b"/a.jpg?width=300&format=pjpg"),
        (b"/a.progressive.JPG", b"/a.JPG?format=pjpg"),
        (b"/a_300x.progressive.png", b"/a.png?width=300"),
        (b"/a_300x.png.jpg", b"/a.png?width=300&format=jpg"),
        (b"/a_300x.progressive.png.jpg", b"/a.png?width=300&format=pjpg"),
        (b"/a.b_300x.jpg", b"/a.b.jpg?width=300"),
        (b"/a_300x.jpg?width=40", b"/a.jpg?width=40"),
        (b"/a_300x200_crop_top@2x.jpg?width=40&height=30", b"/a.jpg?width=40&height=30&crop=top"),
        (b"/a_300x200_crop_top.jpg?crop=bottom", b"/a.jpg?width=300&height=200&crop=bottom"),
        (b"/a_300x.progressive.jpg?format=png", b"/a.jpg?width=300&format=png"),
        (b"/a_300x.jpg?crop=region&crop_width=5&crop_height=5", b"/a.jpg?width=300&crop=region&crop_width=5&crop_height=5"),
    ],
)  # fmt: skip
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)


@pytest.mark.parametrize(
    "path",
    [
        *(b"/a@2x.jpg", b"/a_x.jpg", b"/_300x.jpg", b"/a_6000x4000.jpg", b"/a.png.jpg", b"/a_300x", b"/a_300x.b/c.jpg"),
        *(b"/a_crop_center.jpg", b"/a_300x@4x.jpg", b"/a_300y.jpg", b"/a_Small.jpg", b"/a_300x_.jpg", b"/.jpg"),
    ],
)
def test_what_is_no_suffix_belongs_to_the_name(path: bytes) -> None:
    assert image(path).source.text == path.decode().removeprefix("/")
    assert image(path).plan == plan(b"/a.jpg")


def test_suffixes_can_be_off() -> None:
    plain = ShopifyDialect(ShopifyOptions(suffixes=False))
    assert image(b"/banner_1024x400.jpg", plain).source.text == "banner_1024x400.jpg"
    assert image(b"/banner_1024x400.jpg").source.text == "banner.jpg"
    assert image(b"/banner_small_1024x400.jpg").source.text == "banner_small.jpg"


def test_one_version_is_that_of_the_original() -> None:
    assert image(b"/a_small.jpg?v=1683744744").source.version == "1683744744"


def test_crop() -> None:
    top = plan(b"/a.jpg?width=300&height=300&crop=top").resize
    assert (top.fit, top.gravity) == (Fit.COVER, Point(0.5, 0))
    region = plan(b"/a.jpg?crop=region&crop_left=1&crop_top=2&crop_width=3&crop_height=4&width=2&height=2")
    assert (region.crop, region.resize.fit) == (Crop(1, 2, 3, 4), Fit.INSIDE)


def test_format_by_accept() -> None:
    output = plan(b"/a.jpg?width=3").output
    assert output.formats == (Format.AVIF, Format.WEBP)
    assert (output.negotiated, output.ordered, output.source_format) == (True, True, True)
    fixed = ShopifyDialect(ShopifyOptions(negotiate=False))
    assert not image(b"/a.jpg?width=3", fixed).plan.output.negotiated
    assert image(b"/a.jpg?width=3&format=auto", fixed).plan.output == output


@pytest.mark.parametrize(
    "query",
    [
        *(b"width=0", b"width=x", b"height=5761", b"height=-1", b"crop=smart", b"pad_color=red", b"format=tiff"),
        *(b"quality=0", b"quality=101", b"crop_left=-1", b"crop_width=0", b"width=" + b"9" * 99, b"width=1e9"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/a.jpg", query)
    assert caught.value.param == query.partition(b"=")[0].decode()
    assert DIALECT.error_answer(caught.value, 400, b"", b"") == Text(caught.value.message, 400)


def test_other_errors_keep_their_status() -> None:
    assert DIALECT.error_answer(SourceNotFound(), 404, b"", b"") == Text(SourceNotFound().message, 404)
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)
    with pytest.raises(RequestTooLarge):
        DIALECT.parse(b"/" + b"a" * 70_000, b"")
    with pytest.raises(InvalidParameter):
        DIALECT.parse(b"/%ff_300x.jpg", b"")


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "shopify", "host": "a", "options": options}]))
