"""Hygraph: transformations in their order, equal plans of equal images, refusals by name."""

import json
from typing import Any

import pytest

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.hygraph.dialect import HygraphDialect, HygraphOptions
from pixmill.dialects.hygraph.options import TASKS
from pixmill.dialects.hygraph.tasks import APPLY
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RequestTooLarge, RouteNotFound, SourceNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Faces, Point
from pixmill.plan.ops import Crop, Fit, Plan
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest

DIALECT = HygraphDialect(HygraphOptions())


def image(path: bytes, query: bytes = b"") -> ImageRequest:
    outcome = DIALECT.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(tasks: bytes) -> Plan:
    return image(b"/env/" + tasks + b"/id").plan


def test_every_transformation_has_its_work() -> None:
    assert APPLY.keys() == TASKS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"resize=width:30,height:20", b"resize=height:20,width:30,fit:clip"),
        (b"resize=w:30,h:20,f:crop,a:top", b"resize=width:30,height:20,fit:crop,align:top"),
        (b"resize=w:30,h:20,fit:crop,align:[top,left]", b"resize=w:30,h:20,fit:crop,align:[left,top]"),
        (b"resize=w:30,h:20,fit:crop,align:center", b"resize=w:30,h:20,fit:crop"),
        (b"resize%3Dw%3A30%2Ch%3A20", b"resize=w:30,h:20"),
        (b"resize=w:30,fit:crop", b"resize=w:30"),
        (b"resize=fit:max/auto_image", b"auto_image"),
        (b"resize=w:1,w:30", b"resize=w:30,filter:lanczos"),
        (b"crop=dim:[1,2,30,40]", b"crop=x:1,y:2,width:30,height:40"),
        (b"crop=d:%5B0,0,30,40%5D", b"crop=width:30,height:40"),
        (b"quality=value:50/output=format:jpg", b"output=format:jpg,quality:50"),
        (b"auto_image/output=f:png", b"output=format:png"),
        (b"output=f:png/auto_image", b"auto_image"),
        (b"compress/cache=expiry:max/cache=false/no_metadata/output=strip:true", b"compress=metadata:false"),
        (b"rotate=deg:exif", b"rotate=deg:0"),
        (b"rounded_corners", b"rounded_corners=radius:10"),
        (b"border", b"border=width:2,color:black"),
        (b"sepia", b"sepia=tone:80"),
        (b"blur=amount:0/sharpen=amount:0/resize=w:3", b"resize=w:3"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (b"/env/id", "env/id"),
        (b"/id", "id"),
        (b"/resize=w:3/id", "id"),
        (b"/resize=w:3/env/auto_image/id", "env/id"),
        (b"/env/resize=w:3/a%20b=c.jpg", "env/a b=c.jpg"),
        (b"/flip/flip", "flip"),
    ],
)
def test_the_other_segments_are_the_original(path: bytes, source: str) -> None:
    assert image(path).source.text == source
    assert image(path, b"opt&w=3") == image(path)


def test_order_of_work() -> None:
    assert plan(b"crop=dim:[1,2,30,40]/resize=w:10").stages == ()
    other = plan(b"resize=w:10/crop=dim:[1,2,30,40]")
    assert (other.crop, other.resize.width, other.stages[0].crop) == (None, 10, Crop(1, 2, 30, 40))
    assert len(plan(b"flip/flop/flip").stages) == 2


def test_fits() -> None:
    resizes = {name: plan(b"resize=w:3,h:2,fit:" + name).resize for name in (b"clip", b"crop", b"scale", b"max")}
    assert {name: (resize.fit, resize.enlarge) for name, resize in resizes.items()} == {
        b"clip": (Fit.INSIDE, True),
        b"crop": (Fit.COVER, True),
        b"scale": (Fit.FILL, True),
        b"max": (Fit.INSIDE, False),
    }
    assert plan(b"resize=w:3,h:2,fit:crop,align:faces").resize.gravity == Faces()
    assert plan(b"resize=w:3,h:2,fit:crop,align:[bottom,right]").resize.gravity == Point(1, 1)


def test_output() -> None:
    automatic = plan(b"auto_image").output
    assert automatic.formats == (Format.AVIF, Format.WEBP)
    assert (automatic.negotiated, automatic.ordered, automatic.fallback_format) == (True, True, Format.JPEG)
    assert plan(b"resize=w:3").output.source_format
    assert plan(b"compress=m:true/output=f:jpg").output.metadata is Metadata.KEEP


@pytest.mark.parametrize(
    "task",
    [
        *(
            b"resize=width:0",
            b"resize=width:10001",
            b"resize=w:3,fit:cover",
            b"resize=3",
        ),
        *(b"resize=w:3,align:[top,bottom]", b"resize=w:3,align:[]", b"resize=w:3,align:[top,left,top]", b"resize=w:x"),
        *(b"crop=dim:[1,2,3]", b"crop=dim:[1,2,3,0]", b"crop=dim:[1,2,3,4,5]", b"crop=x:1", b"crop=x:-1,w:2,h:3"),
        *(b"output=format:pdf", b"quality=value:0", b"quality=amount:3", b"blur=amount:21", b"border=width:1001"),
        *(b"rotate=deg:360", b"polaroid=color:red", b"security=p:abc,s:def", b"compress=metadata:maybe", b"flip=x:1"),
        *(
            b"border=color:nocolour",
            b"rounded_corners=radius:0",
            b"resize=w:3,h",
            b"resize=w:[3",
            b"=x",
            b"resize=w:%ff",
        ),
    ],
)
def test_what_is_not_valid_is_refused_by_name(task: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/env/" + task + b"/id", b"")
    name = task.partition(b"=")[0].decode() or "''"
    assert caught.value.param == ("handle" if b"%" in task else name)


def test_an_asset_and_few_passes_are_needed() -> None:
    with pytest.raises(InvalidParameter, match="handle"):
        DIALECT.parse(b"/env/resize=w:3", b"")
    with pytest.raises(BadRequest):
        DIALECT.parse(b"/env/" + b"flip/" * 20 + b"id", b"")
    with pytest.raises(BadRequest):
        DIALECT.parse(b"/env/../id", b"")
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)
    with pytest.raises(RequestTooLarge):
        DIALECT.parse(b"/" + b"a" * 70_000, b"")
    assert DIALECT.error_answer(SourceNotFound(), 404, b"", b"") == Text(SourceNotFound().message, 404)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "hygraph", "host": "a", "options": options}]))
