"""Akamai's Image & Video Manager: the grammar of chains, equal plans, the order of work, policies, refusals."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.akamai.chain import MAX_CHAIN_CHARS, Call, Item, read_chain
from pixmill.dialects.akamai.dialect import AkamaiDialect, AkamaiOptions
from pixmill.dialects.akamai.transforms import OPERATIONS
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound, SourceNotFound
from pixmill.media import Format
from pixmill.plan.gravity import Faces, FocalPixels, PixelRegion
from pixmill.plan.ops import CropInsets, Fit, ImageOverlay, Plan
from pixmill.plan.overlays import Blend, TextOverlay
from pixmill.plan.request import ImageRequest

DIALECT = AkamaiDialect(AkamaiOptions({"thumb": "Resize=150"}))


def image(query: bytes, dialect: AkamaiDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/a/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(chain: str, dialect: AkamaiDialect = DIALECT) -> Plan:
    return image(b"im=" + chain.encode(), dialect).plan


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("Blur", [Call("Blur", None, ())]),
        ("Blur=5;;Grayscale;", [Call("Blur", "5", ()), Call("Grayscale", None, ())]),
        (
            "Resize=(3,4),aspect=fit",
            [Call("Resize", (Item("", "3"), Item("", "4")), (Item("aspect", "fit"),))],
        ),
        ("Crop,size(3,4)", [Call("Crop", None, (Item("size", (Item("", "3"), Item("", "4"))),))]),
        (
            "A,b=(url=https://c/d(1).png?e=f)",
            [Call("A", None, (Item("b", (Item("url", "https://c/d(1).png?e=f"),)),))],
        ),
        ('A,b="c,d;(e"', [Call("A", None, (Item("b", "c,d;(e"),))]),
        ("A,(1,2)", [Call("A", None, (Item("", (Item("", "1"), Item("", "2"))),))]),
        ("", []),
    ],
)
def test_grammar(text: str, calls: list[Call]) -> None:
    assert list(read_chain(text)) == calls


@pytest.mark.parametrize(
    "text",
    [
        *("A=(1", "A=1)", "A=((1)", "A,b=c(d", "(1)", "A=(1;2)", 'A="b', "A=" + "(" * 9 + ")" * 9),
        *("A;" * 40, "A," + "b," * 300, "x" * (MAX_CHAIN_CHARS + 1)),
    ],
)
def test_chains_that_are_not_valid(text: str) -> None:
    with pytest.raises(ValueError, match="has "):
        read_chain(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Resize=(300,200)", "resize , HEIGHT = 200 , width = 300 ;"),
        ("Resize=(300,200)", "Resize,size=(300,200)"),
        ("Resize=300", "Resize,(300)"),
        ("Resize,width=300,algorithm=dnn", "Resize=(300),type=Normal"),
        ("Crop,size=(3,4)", "Crop,width=3,height=4,gravity=center,xPosition=0"),
        ("Crop,rect=(1,2,3,4)", "Crop,width=3,height=4,xPosition=1,yPosition=2,gravity=NorthWest"),
        ("Crop,rect=(1,2,3,4),allowExpansion=false", "Crop,rect=(1,2,3,4)"),
        ("AspectCrop=(16,9)", "AspectCrop=(32,18),xPosition=.5,yPosition=0.5"),
        ("Mirror,horizontal", "Mirror,horizontal=1,vertical=0"),
        ("Rotate=-90", "Rotate,degrees=270"),
        ("Rotate=0;Opacity=7;Contrast;HSL;Blur=0", ""),
        ("BackgroundColor=f00", "BackgroundColor,color=#FF0000"),
        ("BackgroundColor=fffff", "BackgroundColor=white"),
        ("MaxColors=300&imformat=png", "MaxColors,colors=256&imformat=png"),
        ("SmartCrop=(3,4)", "FeatureCrop,size=(3,4),style=zoom"),
        (
            "RegionOfInterestCrop=(9,9),regionOfInterest=(1,2,3,4)",
            "RegionOfInterestCrop,size=(9,9),regionOfInterest=(anchor=(x=1,y=2),width=3,height=4)",
        ),
        (
            "RegionOfInterestCrop=(9,9),regionOfInterest=(5,5,2)",
            "RegionOfInterestCrop=(9,9),regionOfInterest=(points=((3,3),(7,3),(5,7)))",
        ),
        (
            "Composite,image=(url=a.png)",
            "Watermark=(type=URL,url=/a.png),gravity=NorthWest,placement=OVER,location=(0,0)",
        ),
        ("Append,image=(url=a.png)", "Append=(url=a.png),gravity=East"),
        ("Resize=9&imwidth=", "Resize=9&imdensity=3&interpolation=x&output-format=jp2&foo=%ff"),
        ("&resize=300px:200", "Resize=(300,200)"),
        ("&downsize=300px:*", "Resize=300,type=downsize"),
        ("&resize=50%25:*", "&resize=0.5xw:*"),
        ("&output-format=PNG", "&imformat=png"),
        ("Resize=1&im=Resize=9", "Resize=9"),
    ],
)
def test_equal_images_have_equal_plans(one: str, other: str) -> None:
    assert plan(one) == plan(other)


def test_order_of_work() -> None:
    assert plan("Crop,rect=(0,0,9,9);Resize=5;Grayscale;Blur=3").stages == ()
    assert len(plan("Resize=5;Crop,rect=(0,0,2,2);Resize=9").stages) == 1
    assert len(plan("Grayscale;Resize=5").stages) == 1
    widths = image(b"im=Resize=500&imwidth=300").plan
    assert [stage.resize.width for stage in (widths, *widths.stages)] == [500, 320]
    assert not widths.stages[0].resize.enlarge


def test_crops() -> None:
    assert plan("RelativeCrop,north=1,west=4").crop == CropInsets(4, 1, 0, 0)
    padded = plan("RelativeCrop,north=-1,west=-4").extend
    assert (padded.top, padded.left, padded.right) == (1, 4, 0)
    around = plan("Resize=90;RegionOfInterestCrop=(9,9),regionOfInterest=(1,2)").stages[-1].resize
    assert (around.fit, around.gravity) == (Fit.COVER, FocalPixels((PixelRegion(1, 2),)))
    assert plan("FaceCrop=(9,9),padding=0").resize.gravity == Faces(closeness=1.0)


def test_images() -> None:
    under = plan("Composite,image=(url=a.png),placement=under,scale=.5").overlays[0]
    assert isinstance(under, ImageOverlay)
    assert under.placement.blend is Blend.BEHIND
    assert under.width
    assert under.width.value == 50
    chain = b"im=Composite,image=(text=%22%3Cb%3E,+%26%22,typeface=https://a/b.ttf),gravity=SouthEast,xPosition=5"
    text = image(chain).plan.overlays[0]
    assert isinstance(text, TextOverlay)
    assert text.markup == "&lt;b&gt;, &amp;"
    assert text.placement.offset_x.value == -5
    assert len(plan(";".join(["Composite=(url=a.png)"] * 20)).stages) == 1


@pytest.mark.parametrize(
    "chain",
    [
        *("Nope", "Goop", "IfDimension,value=3", "Resize", "Resize=0", "Resize=-3", "Resize=x", "Resize=70000", "Scale"),
        *("Resize=3,aspect=x", "Resize=3,type=x", "Scale=0", "Crop=3", "Crop,rect=(1,2)", "Crop,rect=(-9,0,3,3)"),
        *("AspectCrop=(0,1)", "Mirror,horizontal=x", "BackgroundColor", "BackgroundColor=x", "Blur=x", "Trim=x", "Blur=(1,2)x"),
        *("Composite", "Composite,image=(type=x)", "Composite=(text=)", "Composite=(url=a.png),scale=0", "Append=(url=../a)"),
        *("Composite=(url=a.png),placement=x", "Composite=(url=a.png),gravity=up", "FitAndFill=3", "FaceCrop=3"),
        *("RegionOfInterestCrop=(3,3)", "RegionOfInterestCrop=(3,3),regionOfInterest=(1)", "Composite=(type=circle)"),
        *("Composite=(url=a.png,transformation=(Composite,image=(url=b.png)))", "Composite=(url=a.png,transformation=((1)))"),
        *("RegionOfInterestCrop=(3,3),regionOfInterest=(points=(1,2))", "Opacity=((1))", "Resize=(3", ";".join(["Crop,size=(9,9)"] * 20)),
    ],
)  # fmt: skip
def test_what_is_not_valid_is_refused(chain: str) -> None:
    with pytest.raises(BadRequest):
        plan(chain)
    lenient = AkamaiDialect(AkamaiOptions(original_on_error=True))
    assert image(b"im=" + chain.encode(), lenient) == image(b"imbypass=on", lenient)


@pytest.mark.parametrize(
    "query",
    [
        b"imwidth=0",
        b"imwidth=x",
        b"imwidth=9&imdensity=11",
        b"impolicy=none",
        b"resize=3",
        b"resize=*:*",
        b"downsize=0:9",
        b"output-quality=x",
    ],
)
def test_parameters_are_refused_by_name(query: bytes) -> None:
    with pytest.raises(InvalidParameter) as caught:
        DIALECT.parse(b"/a.jpg", query)
    assert caught.value.param == query.rpartition(b"&")[2].partition(b"=")[0].decode()


def test_policies_of_the_api() -> None:
    policy: dict[str, object] = {
        "transformations": [
            {"transformation": "Composite", "image": {"type": "Text", "text": {"var": "label"}, "size": 20}},
            {"transformation": "RegionOfInterestCrop", "width": 9, "height": 9,
             "regionOfInterest": {"anchor": {"x": 1, "y": 2}, "width": 3, "height": 4}},
            {"transformation": "IMQuery", "query": {"var": "chain"}, "allowedTransformations": ["Blur"]},
        ],
        "output": {"perceptualQuality": "mediumHigh"},
        "variables": [{"name": "label", "defaultValue": "A", "prefix": "(", "postfix": ")"}],
    }  # fmt: skip
    dialect = AkamaiDialect(AkamaiOptions({".auto": policy}))
    text = image(b"label=B", dialect).plan.overlays[0]
    assert isinstance(text, TextOverlay)
    assert text.markup == "(B)"
    found = image(b"chain=Blur&im=Grayscale", dialect).plan
    assert found.output.quality == 82
    assert found.stages[-1].blur
    assert found.stages[-1].resize.gravity == FocalPixels((PixelRegion(1, 2, 3, 4),), closeness=1.0)
    with pytest.raises(InvalidParameter, match="label is too long"):
        image(b"label=" + b"x" * 2_000, dialect)


def test_urls_may_be_limited() -> None:
    limited = AkamaiDialect(AkamaiOptions(allowed_transformations=frozenset({"Blur"})))
    assert image(b"im=blur=3", limited) == image(b"im=Blur=3")
    with pytest.raises(InvalidParameter, match="not allowed"):
        image(b"im=Resize=3", limited)
    layered = AkamaiDialect(AkamaiOptions(allowed_transformations=frozenset({"Composite", "Append", "Blur"})))
    for name in (b"Composite", b"Append"):
        inner = b"im=" + name + b",image=(url=S.jpg,transformation=(%s))"
        assert image(inner % b"Blur=3", layered) == image(inner % b"Blur=3")
        with pytest.raises(InvalidParameter, match="Resize is not allowed"):
            image(inner % b"Resize,width=9", layered)
    closed = AkamaiDialect(AkamaiOptions(imquery=False))
    assert image(b"im=Resize=3", closed) == image(b"", closed)


def test_breakpoints_and_formats() -> None:
    dialect = AkamaiDialect(AkamaiOptions({"thumb": "Resize=150"}, breakpoints=(200, 100), formats=(Format.AVIF,)))
    assert image(b"imwidth=101", dialect).plan.resize.width == 200
    assert image(b"imwidth=900&impolicy=thumb", dialect).plan.stages[0].resize.width == 200
    assert image(b"", dialect).plan.output.formats == (Format.AVIF,)
    assert image(b"imformat=generic", dialect).plan.output.formats == ()


def test_errors() -> None:
    assert DIALECT.error_answer(SourceNotFound(), 404, b"", b"") == Text(SourceNotFound().message, 404)
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize(
    "entry",
    [
        *({"options": {"quality": 0}}, {"options": {"x": 1}}, {"options": {"policies": {"a": "Nope"}}}, {"keys": "xyz"}),
        *({"options": {"policies": {"a": {"transformations": "x"}}}}, {"options": {"breakpoints": []}}, {"keys": " , "}),
        *({"options": {"policies": {"a": {"breakpoints": {"widths": [0]}}}}}, {"options": {"policies": {"a": "Resize=("}}}),
        {"options": {"policies": {"a": {"variables": {}}}}},
    ],
)  # fmt: skip
def test_entries_that_are_not_valid_stop_the_start(entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "akamai", "host": "a"} | entry]))


PIECES = [
    *(name.encode() for name in OPERATIONS),
    b"(",
    b")",
    b",",
    b";",
    b"=",
    b"width",
    b"size",
    b"300",
    b"image",
    b"url",
    b"%22",
]
PIECES += [
    b"regionOfInterest",
    b"points",
    b"0.5",
    b"-3",
    b"gravity",
    b"East",
    b"text",
    b"transformation",
    b"a.png",
    b"color",
    b"f00",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=24))
def test_any_bytes_give_a_plan_or_a_refusal(pieces: list[bytes]) -> None:
    try:
        outcome = DIALECT.parse(b"/a.jpg", b"im=" + b"".join(pieces))
    except BadRequest:
        return
    assert isinstance(outcome, ImageRequest)


@pytest.mark.parametrize("piece", ["(", "A=(", "a,", '"', "A;", " ", "=", "A=b(", "(,"])
def test_time_is_linear(piece: str) -> None:
    began = time.monotonic()
    for _ in range(20):
        try:
            read_chain((piece * MAX_CHAIN_CHARS)[:MAX_CHAIN_CHARS])
        except ValueError:
            continue
    assert time.monotonic() - began < 3


def test_sizes_of_image_converter_are_transformations() -> None:
    strict = AkamaiDialect(AkamaiOptions(allowed_transformations=frozenset({"Crop"})))
    for query in (b"resize=300px:*", b"downsize=50%25:*"):
        with pytest.raises(InvalidParameter):
            strict.parse(b"/a.jpg", query)
    closed = AkamaiDialect(AkamaiOptions(imquery=False))
    found, plain = (closed.parse(b"/a.jpg", query) for query in (b"resize=300px:*", b""))
    assert found == plain
    sizes = AkamaiDialect(AkamaiOptions(allowed_transformations=frozenset({"Resize"})))
    assert sizes.parse(b"/a.jpg", b"resize=300px:*") != plain
