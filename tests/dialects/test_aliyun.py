"""Chains of Aliyun OSS: equal plans of equal images, the order of work, refusals by name, bounds, any bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.aliyun.dialect import SERVICES, AliyunDialect, AliyunOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound, SourceNotFound
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import MAX_STAGES, CropInsets, Fit, ImageOverlay, Plan
from pixmill.plan.request import ImageRequest

DIALECT = AliyunDialect(SERVICES["aliyun"], AliyunOptions({"small": "resize,w_50"}))


def image(chain: bytes) -> ImageRequest:
    outcome = DIALECT.parse(b"/a/b%20c.jpg", b"x-oss-process=" + chain)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(chain: bytes) -> Plan:
    return image(chain).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"image/resize,w_300,h_200", b"image/resize,h_200,m_lfit,w_300,limit_1"),
        (b"image/resize,w_300/format,webp", b"image/format,webp/resize,w_300"),
        (b"image/resize,w_1,w_300", b"image/resize,w_300"),
        (b"image%2fresize%2cw_300", b"image/resize,w_300/"),
        (b"style/small", b"image/resize,w_50"),
        (b"image/crop,w_30,h_20,g_nw", b"image/crop,w_30,h_20,x_0,y_0"),
        (b"image/rotate,0/resize,p_100", b"image/auto-orient,1"),
        (b"image/quality,q_90", b"image/quality,Q_90,q_10"),
        (b"image/format,jpg", b"image/format,jpeg"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "a/b c.jpg"


def test_actions_work_in_the_order_of_the_chain() -> None:
    assert plan(b"image/rotate,90/crop,w_9/resize,w_30/blur,r_3,s_2").stages == ()
    whole = plan(b"image/resize,w_30/crop,w_9/rotate,90")
    assert [bool(stage.crop) for stage in (whole, *whole.stages)] == [False, True, False]
    assert whole.stages[1].rotate == 90


def test_padding_has_its_own_colour() -> None:
    stages = plan(b"image/resize,w_300/resize,m_pad,w_9,h_9,color_ff0000").stages
    assert stages[0].resize.fit is Fit.CONTAIN
    assert (stages[0].background.red, stages[0].background.green) == (255, 0)


@pytest.mark.parametrize(
    ("chain", "insets"),
    [
        (b"image/crop,w_30,h_20,x_5,y_6", (5, 6, -35, -26)),
        (b"image/crop,w_30,h_20,x_5,y_6,g_se", (-25, -14, 0, 0)),
        (b"image/crop,w_30,h_20,x_5,y_6,g_ne", (-25, 6, 0, -26)),
    ],
)
def test_regions_are_cut_at_the_edges(chain: bytes, insets: tuple[int, int, int, int]) -> None:
    assert plan(chain).crop == CropInsets(*insets)


def test_actions_of_a_watermark_are_its_own() -> None:
    [overlay] = plan(
        b"image/watermark,image_dy5wbmc_eC1vc3MtcHJvY2Vzcz1pbWFnZS9yZXNpemUsUF8zMC9yb3RhdGUsOTA,t_50"
    ).overlays
    assert isinstance(overlay, ImageOverlay)
    assert (overlay.source.text, overlay.placement.opacity) == ("w.png", 50)
    assert overlay.width is not None
    assert (overlay.width.value, overlay.width.percent) == (30, True)
    assert [stage.rotate for stage in overlay.prepare] == [90]


def test_the_first_parameter_counts() -> None:
    chains = b"x-oss-process=image/resize,w_1&x-oss-process=image/resize,w_2"
    assert DIALECT.parse(b"/a.jpg", chains) == DIALECT.parse(b"/a.jpg", b"x-oss-process=image/resize,w_1")


@pytest.mark.parametrize(
    ("chain", "named"),
    [
        (b"image/resize", "resize needs"),
        (b"image/resize,w_0", "resize: w must be"),
        (b"image/resize,w_" + b"9" * 400, "resize: w must be"),
        (b"image/resize,m_x,w_1", "resize: m must be"),
        (b"image/resize,300", "no value '300'"),
        (b"image/resize,q_3", "no value 'q'"),
        (b"image/rotate,361", "rotate must be"),
        (b"image/rotate", "rotate must be"),
        (b"image/circle", "circle needs"),
        (b"image/indexcrop,x_1,y_1", "indexcrop needs"),
        (b"image/format,mp4", "format must be"),
        (b"image/quality,q_0", "quality: q must be"),
        (b"image/watermark,t_30", "watermark needs"),
        (b"image/watermark,text_YQ,image_YQ", "watermark needs"),
        (b"image/watermark,text_!!", "text must be"),
        (b"image/watermark,image_YT94PWltYWdlL3dhdGVybWFyayx0ZXh0X1lR", "no watermark"),
        (b"image/blindwatermark,text_YQ", "blindwatermark"),
        (b"image/", "no actions"),
        (b"image", "must be image/"),
        (b"style/none", "no style 'none'"),
        (b"image/" + b"/".join([b"resize,w_9"] * (MAX_STAGES + 2)), "further stages"),
        (b"image/" + b"/".join([b"quality,q_9"] * 40), "at most 32 actions"),
        (b"image/resize," + b",".join([b"w_9"] * 40), "too many values"),
        (b"video/snapshot,t_1/resize,w_3", "the only action"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(chain: bytes, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named) as caught:
        image(chain)
    assert caught.value.param == "x-oss-process"
    answer = DIALECT.error_answer(caught.value, 400, b"", b"")
    assert (answer.status, answer.media_type) == (400, "application/xml")
    assert "<Code>InvalidArgument</Code>" in answer.body


def test_messages_are_escaped() -> None:
    with pytest.raises(InvalidParameter) as caught:
        image(b"image/%3Cscript%3E,1")
    assert "&lt;script&gt;" in DIALECT.error_answer(caught.value, 400, b"", b"").body


def test_a_frame_of_a_video() -> None:
    frame = plan(b"video/snapshot,t_7500,f_png,w_80,h_0,m_fast")
    assert (frame.input.time_s, frame.resize.width) == (7.5, 80)


def test_other_errors_keep_their_status() -> None:
    assert "<Code>NoSuchKey</Code>" in DIALECT.error_answer(SourceNotFound(), 404, b"", b"").body
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize("options", [{"quality": 0}, {"x": 1}, {"styles": {"a": "resize,w_x"}}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "aliyun", "host": "a", "options": options}]))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_outcome_or_a_refusal(data: bytes) -> None:
    for chain in (data, b"image/" + data, b"image/resize,m_fill,w_" + data, b"image/watermark,text_" + data):
        try:
            outcome = DIALECT.parse(b"/a.jpg", b"x-oss-process=" + chain)
        except BadRequest:
            continue
        assert not isinstance(outcome, ImageRequest) or canonical_json(outcome.plan)
