"""imaginary: equal plans of equal images, the order of work, pipelines, signatures, refusals by name."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.imaginary.dialect import ImaginaryDialect, ImaginaryOptions
from pixmill.dialects.kit.signatures import keys_of
from pixmill.dialects.port import FactsRequest, Text
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MalformedRequest,
    MissingParameter,
    RouteNotFound,
    SignatureInvalid,
    SignatureMissing,
    SourceNotFound,
    SourceUnreachable,
)
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Clamp, Crop, CropOverflow, CropWindow, Fit, Flip, Plan, ResampleSpace
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest
from pixmill.plan.size_rules import SkipSmaller

DIALECT = ImaginaryDialect(ImaginaryOptions())
KEY = b"4f46feebafc4b5e988f131c4ff8b5997"
SIGNED = ImaginaryDialect(ImaginaryOptions(), keys_of((KEY,)))


def image(url: str, dialect: ImaginaryDialect = DIALECT) -> ImageRequest:
    path, _, query = url.partition("?")
    outcome = dialect.parse(path.encode(), f"{query}&file=a.jpg".encode())
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(url: str) -> Plan:
    return image(url).plan


def pipeline(*operations: Mapping[str, object]) -> str:
    return f"/pipeline?operations={quote(json.dumps(operations))}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/resize?width=300&height=200", "/resize?height=200&width=300"),
        ("/resize?width=300", "/resize?width=-299.6"),
        ("/resize?width=300", "/resize?width=300&foo=1&Width=3"),
        ("/resize?width=300", "/resize?width=300&width=200"),
        ("/resize?width=300", "/resize?width=300&width2=%zz&height=%2"),
        ("/resize?width=300&flip=true", "/resize?width=300&flip=T"),
        ("/resize?width=99999999", "/resize?width=65535"),
        ("/crop?width=30&height=20&gravity=smart", "/smartcrop?width=30&height=20"),
        ("/thumbnail?width=30", "/thumbnail?width=30&type="),
        ("/resize?width=30&quality=75", "/resize?width=30"),
        ("/fit?width=30&height=20", "/resize?width=30&height=20&gravity=smart"),
        (pipeline({"operation": "crop", "params": {"width": 30}}), "/crop?width=30"),
        (pipeline({"operation": "crop", "params": {"width": "30", "foo": [1]}}), "/crop?width=30"),
    ],
)
def test_equal_images_have_equal_plans(one: str, other: str) -> None:
    assert plan(one) == plan(other)
    assert image(one).source.text == "a.jpg"


def test_what_an_operation_does_with_its_box() -> None:
    assert plan("/resize?width=30&height=20").resize.fit is Fit.CONTAIN
    assert plan("/resize?width=30&height=20").resize.skip_smaller is SkipSmaller.BELOW
    assert plan("/enlarge?width=30&height=20").resize.skip_smaller is SkipSmaller.NEVER
    assert plan("/crop?width=30").crop == CropWindow(30)
    assert plan("/thumbnail?width=30&height=20").resize.fit is Fit.FILL
    assert plan("/thumbnail?width=30&height=20&rotate=90").resize.fit is Fit.INSIDE
    assert plan("/crop?width=30&force=1").resize.height_share == 1
    assert plan("/crop?width=30&force=1").resize.clamp is Clamp.SHAPE


def test_resizing_mixes_srgb_values_unless_the_entry_says_otherwise() -> None:
    light = ImaginaryDialect(ImaginaryOptions(resampling=ResampleSpace.LINEAR))
    assert plan("/resize?width=30").resample_space is ResampleSpace.SRGB
    assert image("/resize?width=30", light).plan.resample_space is ResampleSpace.LINEAR


def test_mirrors() -> None:
    assert plan("/flip?").flip is Flip.HORIZONTAL
    assert plan("/flop?").flip is Flip.VERTICAL
    assert plan("/flop?flip=1").rotate == 180


def test_a_region_is_cut_from_the_resized_image() -> None:
    whole = plan("/extract?areawidth=3&areaheight=4&width=20")
    assert whole.crop is None
    assert whole.stages[0].crop == Crop(0, 0, 3, 4, overflow=CropOverflow.REFUSE)
    assert plan("/extract?areawidth=3&areaheight=4").stages == ()


def test_operations_of_a_pipeline_share_stages_where_their_order_allows() -> None:
    crop: dict[str, object] = {"width": 30}
    blur: dict[str, object] = {"sigma": 3}
    convert: dict[str, object] = {"type": "png"}
    steps: list[tuple[str, dict[str, object]]] = [("crop", crop), ("blur", blur), ("convert", convert)]
    assert not plan(pipeline(*({"operation": name, "params": params} for name, params in steps))).stages
    steps = [("blur", blur), ("crop", crop)]
    assert len(plan(pipeline(*({"operation": name, "params": params} for name, params in steps))).stages) == 1


def test_metadata_stays_unless_it_is_to_be_stripped() -> None:
    assert plan("/flip?").output.metadata is Metadata.KEEP
    assert plan("/flip?stripmeta=true").output.metadata is Metadata.STRIP


@pytest.mark.parametrize(
    ("url", "param"),
    [
        *((f"/resize?{name}=x", name) for name in ("width", "height", "quality", "sigma", "opacity", "rotate", "dpi")),
        *((f"/resize?width=1&{name}=x", name) for name in ("flip", "force", "nocrop", "interlace", "stripmeta")),
        ("/resize?width=1e99", "width"),
        ("/resize?width=0x10", "width"),
        ("/resize?width=" + "9" * 99, "width"),
        ("/resize?width=1&background=red", "background"),
        ("/resize?width=1&aspectratio=0:1", "aspectratio"),
        ("/resize?width=1&aspectratio=16", "aspectratio"),
        ("/resize?width=1&aspectratio=16:9", "aspectratio"),
        ("/resize?width=1&type=jpg", "type"),
        ("/resize?width=1&type=svg", "type"),
        ("/zoom?factor=100", "factor"),
        ("/pipeline?operations=[1]", "operations"),
        ("/pipeline?operations=" + "[" * 5_000, "operations"),
        ("/pipeline?operations=[{}] x", "operations"),
        (pipeline({"operation": "watermarkimage"}), "operations"),
        (pipeline({"operation": "crop", "params": {"width": [1]}}), "width"),
        (pipeline({"operation": "crop", "params": {"width": None}}), "width"),
        (pipeline({"operation": "convert", "params": {"type": "x"}}), "type"),
        (pipeline({"operation": "rotate", "ignore_failure": True}), "operations"),
        (pipeline(*({"operation": "blur", "params": {"sigma": 2}} for _ in range(10))), "operations"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(url: str, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        image(url)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "url",
    [
        *("/resize?", "/crop?width=", "/fit?width=3", "/enlarge?height=3", "/extract?areawidth=3", "/rotate?rotate=0"),
        *("/zoom?", "/zoom?factor=1&left=3", "/convert?", "/blur?", "/watermark?", "/watermarkimage?", "/pipeline?"),
    ],
)
def test_what_is_missing_is_named(url: str) -> None:
    with pytest.raises(MissingParameter) as caught:
        image(url)
    answer = DIALECT.error_answer(caught.value, 400, b"", b"")
    assert isinstance(answer, Text)
    assert json.loads(answer.body) == {
        "message": f"Error while processing the image: {caught.value.message}",
        "status": 400,
    }


def test_signature_of_the_program() -> None:
    query = b"width=300&file=image.jpg&type=jpeg&height=200"
    signed = SIGNED.sign(b"/resize", query)
    assert "sign=ruEWRoFO-ic-L38vTsjqIYE6DLZ532CTaZXOh1gwuVo" in signed
    SIGNED.verify(b"/resize", signed.partition("?")[2].encode(), 0)
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(b"/crop", signed.partition("?")[2].encode(), 0)
    with pytest.raises(SignatureMissing):
        SIGNED.verify(b"/resize", query, 0)
    SIGNED.verify(b"/health", b"", 0)
    with pytest.raises(MalformedRequest):
        SIGNED.sign(b"/resize", b"", 1)
    with pytest.raises(MalformedRequest):
        DIALECT.sign(b"/resize", b"")


def test_a_signature_covers_the_mount() -> None:
    mounted = ImaginaryDialect(ImaginaryOptions(), keys_of((KEY,)), "/img")
    signed = mounted.sign(b"/flip", b"url=a b&x=%C3%A4~")
    assert signed.startswith("/img/flip?sign=")
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(b"/flip", signed.partition("?")[2].encode(), 0)


def test_an_api_key() -> None:
    keyed = ImaginaryDialect(ImaginaryOptions(api_key="ä"))
    keyed.verify(b"/flip", b"key=%C3%A4", 0)
    keyed.verify(b"/", b"", 0)
    with pytest.raises(Forbidden) as caught:
        keyed.verify(b"/flip", b"key=a", 0)
    answer = keyed.error_answer(caught.value, 403, b"", b"")
    assert isinstance(answer, Text)
    assert answer.status == 401
    assert not keyed.requires_signature


def test_errors_of_sources() -> None:
    def status(error: SourceNotFound | SourceUnreachable, given_status: int, query: bytes) -> int:
        answer = DIALECT.error_answer(error, given_status, b"/flip", query)
        assert isinstance(answer, Text)
        return answer.status

    assert status(SourceNotFound(), 404, b"file=a") == 400
    assert status(SourceNotFound(), 404, b"url=http://a/b") == 404
    assert status(SourceUnreachable(), 502, b"url=http://a/b") == 502


def test_sources() -> None:
    assert image("/flip?url=http://b/c").source.text == "a.jpg"  # a file comes first
    outcome = DIALECT.parse(b"/info", b"url=http%3A%2F%2Fb%2Fc")
    assert isinstance(outcome, FactsRequest)
    assert outcome.request.source.text == "http://b/c"
    with pytest.raises(MissingParameter):
        ImaginaryDialect(ImaginaryOptions(enable_url_source=False)).parse(b"/flip", b"url=http://b/c")
    with pytest.raises(InvalidParameter):
        DIALECT.parse(b"/flip", b"file=../a.jpg")
    outcome = DIALECT.parse(b"/flip", b"file=http://b/c.jpg")
    assert isinstance(outcome, ImageRequest)
    assert outcome.source.text == "http:/b/c.jpg"


def test_disabled_endpoints_and_unknown_ones() -> None:
    dialect = ImaginaryDialect(ImaginaryOptions(disable_endpoints=("crop",)))
    outcome = dialect.parse(b"/crop", b"width=3&file=a")
    assert isinstance(outcome, Text)
    assert outcome.status == 501
    with pytest.raises(RouteNotFound):
        dialect.parse(b"/form", b"")


@given(st.sampled_from(("/resize", "/zoom", "/pipeline", "/watermark", "/extract", "/crop")), st.binary(max_size=60))
def test_any_bytes_give_a_plan_or_a_refusal(path: str, data: bytes) -> None:
    try:
        outcome = DIALECT.parse(path.encode(), b"file=a&" + data)
    except BadRequest:
        return
    assert isinstance(outcome, ImageRequest)
    assert canonical_json(outcome.plan)


@pytest.mark.parametrize("options", [{"http_cache_ttl": -2}, {"x": 1}, {"disable_endpoints": "blur"}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "imaginary", "host": "a", "options": options}]))
