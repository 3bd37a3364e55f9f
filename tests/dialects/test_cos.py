"""Pipelines of Tencent COS and Qiniu: equal plans of equal images, the order of work, refusals by name, any bytes."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.cos.dialect import CosDialect, CosOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.errors import BadRequest, InvalidParameter, MalformedRequest, RouteNotFound
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import MAX_STAGES, Crop, CropWindow, Fit, ImageOverlay, Plan
from pixmill.plan.overlays import TextOverlay
from pixmill.plan.request import ImageRequest

COS = CosDialect("cos", CosOptions({"small": "imageView2/2/w/50"}))
QINIU = CosDialect("qiniu", CosOptions())


def image(query: bytes, dialect: CosDialect = COS, path: bytes = b"/a/b%20c.jpg") -> ImageRequest:
    outcome = dialect.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: bytes, dialect: CosDialect = COS) -> Plan:
    return image(query, dialect).plan


def b64(text: str) -> bytes:
    return urlsafe_b64encode(text.encode()).rstrip(b"=")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"imageMogr2/thumbnail/300x/format/webp", b"imageMogr2/format/WEBP/thumbnail/300x"),
        (b"imageMogr2%2Fthumbnail%2F300x", b"imageMogr2/thumbnail/300x/"),
        (b"imageMogr2/thumbnail/!50p", b"imageMogr2/auto-orient/thumbnail/!50p/strip"),
        (b"a=1&imageMogr2/thumbnail/300x&b=2", b"imageMogr2/thumbnail/300x"),
        (b"imageMogr2/quality/80!", b"imageMogr2/quality/80"),
        (b"imageMogr2/gravity/north/crop/3x2", b"imageMogr2/crop/3x2/gravity/North"),
        (b"style/small", b"imageView2/2/w/50"),
        (b"imageMogr2/thumbnail/300x|imageMogr2/rotate/90", b"imageMogr2/thumbnail/300x/rotate/90"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "a/b c.jpg"


def test_operations_work_in_the_order_of_the_url() -> None:
    assert plan(b"imageMogr2/rotate/90/crop/9x8/thumbnail/30x/blur/3x2").stages == ()
    assert len(plan(b"imageMogr2/blur/3x2/thumbnail/30x/crop/9x8/rotate/90").stages) == 3


def test_gravity_counts_for_the_crops_behind_it() -> None:
    whole = plan(b"imageMogr2/gravity/south/crop/9x8/gravity/north/crop/5x4")
    crops = [whole.crop, *(stage.crop for stage in whole.stages)]
    assert [crop.gravity.y for crop in crops if isinstance(crop, CropWindow) and hasattr(crop.gravity, "y")] == [1, 0]
    assert plan(b"imageMogr2/crop/!9x8a1a2").crop == Crop(1, 2, 9, 8)


def test_a_style_may_stand_behind_the_object() -> None:
    assert image(b"", path=b"/a/b%20c.jpg!small") == image(b"style/small")
    assert image(b"", path=b"/a.jpg!other").source.text == "a.jpg!other"


def test_watermarks_of_one_service_are_objects_of_the_bucket() -> None:
    query = b"watermark/1/image/" + b64("http://x.example/w.png") + b"/dissolve/50"
    for dialect, name in ((COS, "w.png"), (QINIU, "http://x.example/w.png")):
        [overlay] = plan(query, dialect).overlays
        assert isinstance(overlay, ImageOverlay)
        assert (overlay.source.text, overlay.placement.opacity) == (name, 50)
        assert overlay.placement.offset_x.value == (0 if dialect is COS else -10)


def test_sizes_of_texts_are_in_points_or_twentieths() -> None:
    query = b"watermark/2/text/" + b64("<b>") + b"/fontsize/400"
    for dialect, size in ((COS, 400), (QINIU, 20)):
        [overlay] = plan(query, dialect).overlays
        assert isinstance(overlay, TextOverlay)
        assert (overlay.size, overlay.markup) == (size, "&lt;b&gt;")


@pytest.mark.parametrize(
    ("mode", "fit"),
    [(0, Fit.INSIDE), (1, Fit.COVER), (2, Fit.INSIDE), (3, Fit.OUTSIDE), (4, Fit.OUTSIDE), (5, Fit.COVER)],
)
def test_views_never_enlarge(mode: int, fit: Fit) -> None:
    resize = plan(b"imageView2/%d/w/300/h/200" % mode).resize
    assert (resize.fit, resize.enlarge) == (fit, False)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        *(
            (b"imageMogr2/thumbnail/" + size, "thumbnail")
            for size in (b"", b"x", b"300", b"0x0", b"3x4?", b"!5q", b"p")
        ),
        (b"imageMogr2/thumbnail/" + b"9" * 300 + b"x", "thumbnail"),
        (b"imageMogr2/crop/x", "crop"),
        (b"imageMogr2/cut/9", "cut"),
        (b"imageMogr2/scrop/9x9x1x1", "scrop"),
        (b"imageMogr2/rotate/361", "rotate"),
        (b"imageMogr2/blur/99x1", "blur"),
        (b"imageMogr2/format/mp4", "format"),
        (b"imageMogr2/quality/0", "quality"),
        (b"imageMogr2/size-limit/0k", "size-limit"),
        (b"imageMogr2/gravity/up", "gravity"),
        (b"imageMogr2/pad/1/color/x", "color"),
        (b"imageMogr2/zoom/1", "zoom"),
        (b"imageView2/6/w/1", "mode"),
        (b"imageView2/1", "needs w or h"),
        (b"watermark/1", "needs image"),
        (b"watermark/2", "needs a text"),
        (b"watermark/3/text/YQ", "kind"),
        (b"imageMogr2/rotate/90|zoom/3", "no operation 'zoom'"),
        (b"imageMogr2/rotate/90|style/small", "only operation"),
        (b"|".join([b"imageMogr2/rotate/90"] * 9), "at most 8"),
        (b"imageMogr2" + b"/rotate/90" * (MAX_STAGES + 2), "further stages"),
        (b"imageMogr2" + b"/rotate/90" * 40, "at most 64 parts"),
        (b"style/none", "no style"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(query: bytes, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named) as caught:
        image(query)
    assert "<Code>InvalidArgument</Code>" in COS.error_answer(caught.value, 400, b"", b"").body
    assert json.loads(QINIU.error_answer(caught.value, 400, b"", b"").body) == {"error": caught.value.message}


def test_errors_may_be_ignored() -> None:
    assert image(b"imageMogr2/rotate/999/ignore-error/1") == image(b"")
    assert image(b"imageView2/9/w/3/ignore-error/1") == image(b"")


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(MalformedRequest):
        image(b"imageMogr2/%ff")
    with pytest.raises(RouteNotFound):
        COS.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}, {"styles": {"a": "imageMogr2/x/1"}}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "cos", "host": "a", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    starts = (
        b"",
        b"imageMogr2/",
        b"imageMogr2/thumbnail/",
        b"imageMogr2/crop/",
        b"imageView2/1/w/",
        b"watermark/2/text/",
    )
    for start in starts:
        try:
            outcome = COS.parse(b"/a.jpg", start + data)
        except BadRequest:
            continue
        assert not isinstance(outcome, ImageRequest) or canonical_json(outcome.plan)
