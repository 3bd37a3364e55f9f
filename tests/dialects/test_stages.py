"""Further stages as text: one query of operations each, one plan for equal stages."""

from urllib.parse import quote

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.params import PARAMS, STAGE_PARAMS
from pixmill.dialects.native.presets import parse_presets
from pixmill.errors import BadRequest, ConflictingParameters, InvalidParameter, RepeatedParameter, UnknownParameter
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.key import canonical_json, result_key
from pixmill.plan.ops import Crop, CropUnit, Fit, Plan, Resize, Stage
from pixmill.plan.references import MAX_REFERENCES, references
from pixmill.plan.size_rules import Dpr, DprRule
from pixmill.plan.transforms import Extend, FreeRotation, Trim, TrimCorner


def plan(then: str, more: str = "") -> Plan:
    return parse(b"/resize", f"url=a.jpg{more}&then={quote(then)}".encode()).plan


def test_each_stage_is_a_query_of_operations() -> None:
    assert plan("width=200&blur=3|crop=pct:10,0,50,100").stages == (
        Stage(resize=Resize(width=200), blur=3.0),
        Stage(crop=Crop(10.0, 0.0, 50.0, 100.0, CropUnit.PERCENT)),
    )


def test_a_stage_may_be_written_as_in_the_reference() -> None:
    query = (
        b"url=a.jpg&width=600&then=rotate=-8%26background=white|crop=pct:10,10,80,80|width=300%26overlay=text:A%2520B"
    )
    turned, cut, smaller = parse(b"/resize", query).plan.stages
    assert turned.rotate_free == FreeRotation(352.0, Colour())
    assert cut.crop == Crop(10.0, 10.0, 80.0, 80.0, CropUnit.PERCENT)
    assert [getattr(text, "markup", "") for text in smaller.overlays] == ["A B"]


def test_stages_take_operations_only() -> None:
    names = {param.name for param in STAGE_PARAMS}
    assert {"width", "rotate", "blur", "overlay", "background", "mask"} <= names < {param.name for param in PARAMS}
    for name in ("url", "format", "quality", "then", "page", "include", "sig", "preset", "filename"):
        with pytest.raises(UnknownParameter, match=f"Stage 2: There is no parameter {name}") as caught:
            plan(f"{name}=1")
        assert caught.value.param == "then"


def test_spellings_that_mean_the_same_have_one_key() -> None:
    def key(then: str) -> str:
        return result_key("a.jpg", plan(then))

    assert key("w=200&fit=cover|blur=0") == key("width=200")
    assert key("flip=hv|rotate=0") == key("rotate=180")
    assert key("width=200") != key("width=200|width=200")
    assert key("blur=1|width=200") != key("width=200|blur=1")
    assert result_key("a.jpg", plan("blur=0|sharpen=0")) == result_key("a.jpg", Plan(output=plan("blur=0").output))
    assert b"stages" not in canonical_json(plan("blur=0"))


def test_dpr_and_background_of_the_request_count_in_each_stage() -> None:
    stages = plan(
        "width=100&height=50&fit=contain|padding=3&background=red|rotate=5|blur=2", "&dpr=2&background=navy"
    ).stages
    navy = Colour(0, 0, 128)
    assert stages == (
        Stage(resize=Resize(200, 100, Fit.CONTAIN), background=navy),
        Stage(extend=Extend(top=6, right=6, bottom=6, left=6), background=Colour(255, 0, 0)),
        Stage(rotate_free=FreeRotation(5.0, navy)),
        Stage(blur=2.0),
    )
    assert plan("rotate=5").stages == (Stage(rotate_free=FreeRotation(5.0, TRANSPARENT)),)


def test_a_stage_may_have_a_ratio_of_its_own() -> None:
    stages = plan("width=100|width=100&dpr=3|width=100&dpr=1|width=9&dpr=2&dpr_rule=capped", "&dpr=2").stages
    assert [stage.resize.width for stage in stages] == [200, 300, 100, 9]
    assert stages[-1].resize.dpr == Dpr(2.0, DprRule.CAPPED)
    assert plan("width=9", "&dpr=2&dpr_rule=capped").stages[0].resize.dpr == Dpr(2.0, DprRule.CAPPED)


def test_a_stage_trims() -> None:
    assert plan("trim=5&trim_corner=top_right").stages == (Stage(trim=Trim(5, corner=TrimCorner.TOP_RIGHT)),)


@pytest.mark.parametrize(
    ("then", "kind", "words"),
    [
        ("", InvalidParameter, "then must be 1 to 8 stages"),
        ("width=1||blur=1", InvalidParameter, "then must be"),
        ("|".join(["blur=1"] * 9), InvalidParameter, "then must be"),
        ("blur=1|width=0", InvalidParameter, "Stage 3: width must be a whole number"),
        ("blur=1&blur=2", RepeatedParameter, "Stage 2: blur is given more than once"),
        ("sharpen=1&unsharp=1,1", ConflictingParameters, "Stage 2: sharpen and unsharp exclude each other"),
        ("overlay=url:a.png,x:1,x:2", InvalidParameter, "Stage 2: Overlay 1: x is given more than once"),
        ("background=%zz", BadRequest, "Stage 2: "),
    ],
)
def test_what_is_wrong_is_told_of_its_stage(then: str, kind: type[BadRequest], words: str) -> None:
    with pytest.raises(kind) as caught:
        plan(then)
    assert words in caught.value.message
    assert caught.value.param == "then"


def test_pictures_that_stages_refer_to_are_fetched_and_named() -> None:
    request = plan("overlay=url:b.png|mask=alpha:m.png&overlay=text:x;url:c.png;url:b.png", "&overlay=url:d.png")
    assert [(one.source.text, one.param, one.name) for one in references(request)] == [
        ("d.png", "overlay", "Overlay 1"),
        ("b.png", "then", "Stage 2: Overlay 1"),
        ("m.png", "then", "Stage 3: The mask"),
        ("c.png", "then", "Stage 3: Overlay 2"),
    ]


def test_a_request_that_refers_to_too_many_pictures_is_refused_before_any_is_fetched() -> None:
    overlays = [";".join(f"url:{stage}-{number}.png" for number in range(10)) for stage in range(5)]
    assert len(references(plan("|".join(f"overlay={one}" for one in overlays[:4])))) == MAX_REFERENCES
    assert len(references(plan("|".join(f"overlay={overlays[0]}" for _ in range(8))))) == len("0123456789")
    with pytest.raises(InvalidParameter, match="at most 40 images"):
        plan("|".join(f"overlay={one}" for one in overlays))


def test_a_preset_may_hold_stages_and_a_request_goes_before_it() -> None:
    presets = parse_presets('{"tilted": "width=400&then=rotate=5%26blur=2", "plain": {"then": "grayscale=true"}}')
    request = parse(b"/resize", b"url=a.jpg&preset=tilted", presets=presets).plan
    assert request == parse(b"/resize", b"url=a.jpg&width=400&then=rotate=5%26blur=2").plan
    assert parse(b"/resize", b"url=a.jpg&preset=tilted,plain", presets=presets).plan.stages == (Stage(grayscale=True),)
    assert parse(b"/resize", b"url=a.jpg&preset=tilted&then=blur=1", presets=presets).plan.stages == (Stage(blur=1.0),)


def test_stages_of_a_preset_are_checked_when_it_is_declared() -> None:
    with pytest.raises(ValueError, match="preset bad: Stage 2: width must be"):
        parse_presets('{"bad": "then=width=0"}')
