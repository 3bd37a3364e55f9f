"""The native URLs: each parameter by example, and each kind of invalid request."""

from fractions import Fraction
from urllib.parse import quote_plus

import msgspec
import pytest
from msgspec.structs import replace

from pixmill.dialects.native.dialect import NativeDialect, explain, parse
from pixmill.dialects.native.param import MAX_SIDE
from pixmill.dialects.native.presets import parse_presets
from pixmill.dialects.native.query import MAX_QUERY_BYTES
from pixmill.errors import (
    BadRequest,
    ConflictingParameters,
    InvalidParameter,
    MalformedRequest,
    MissingParameter,
    RepeatedParameter,
    RequestTooLarge,
    RouteNotFound,
    UnknownParameter,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Faces, Point, Smart
from pixmill.plan.key import result_key
from pixmill.plan.lengths import round_length
from pixmill.plan.ops import (
    Aspect,
    AspectRule,
    Crop,
    CropInsets,
    CropOverflow,
    CropUnit,
    CropWindow,
    Fit,
    Flip,
    Output,
    Plan,
    Resize,
)
from pixmill.plan.output import Metadata
from pixmill.plan.source import SourceKind

AUTO = Output(negotiated=True)


def plan(query: str) -> Plan:
    return parse(b"/resize", f"url=a.jpg&{query}".encode()).plan


def error_of(query: bytes, path: bytes = b"/resize") -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse(path, query)
    return caught.value


def test_a_url_of_a_picture_is_all_it_takes() -> None:
    request = parse(b"/resize", b"url=folder/photo.jpg")
    assert (request.source.kind, request.source.text) == (SourceKind.PATH, "folder/photo.jpg")
    assert request.plan == Plan(output=AUTO)


@pytest.mark.parametrize("path", [b"/resize", b"/api/v1/resize", b"/info", b"/api/v1/info"])
def test_each_route_answers_with_and_without_its_version(path: bytes) -> None:
    assert parse(path, b"url=https%3A%2F%2Fexample.com%2Fa.jpg").source.text == "https://example.com/a.jpg"


@pytest.mark.parametrize("path", [b"", b"/", b"/resize/", b"/RESIZE", b"/%72esize", b"/api/v2/resize", b"/\xff\x00"])
def test_no_other_path_is_one_of_ours(path: bytes) -> None:
    assert isinstance(error_of(b"url=a.jpg", path), RouteNotFound)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("width=300", Resize(width=300)),
        ("w=300&h=200", Resize(300, 200)),
        ("width=16383", Resize(width=16_383)),
        ("w=300&h=200&fit=cover&gravity=north", Resize(300, 200, Fit.COVER, Point(0.5, 0))),
        ("w=300&h=200&fit=cover&gravity=se", Resize(300, 200, Fit.COVER, Point(1, 1))),
        ("w=300&h=200&fit=cover&gravity=smart", Resize(300, 200, Fit.COVER, Smart())),
        ("w=300&h=200&fit=cover&gravity=fp:0.25,1", Resize(300, 200, Fit.COVER, Point(0.25, 1))),
        ("w=300&h=200&fit=cover&gravity=centre", Resize(300, 200, Fit.COVER)),
        ("w=300&h=200&fit=fill", Resize(300, 200, Fit.FILL)),
        ("w=300&enlarge=true", Resize(width=300, enlarge=True)),
        ("w=300&h=200&dpr=2", Resize(600, 400)),
        ("w=333&dpr=1.5", Resize(width=500)),
        ("w=1&dpr=0.1", Resize(width=1)),
        ("w=25&dpr=2.3", Resize(width=58)),
        ("w=10000&h=5000&dpr=8", Resize(MAX_SIDE, 8192)),
    ],
)
def test_a_size(query: str, expected: Resize) -> None:
    assert plan(query).resize == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("crop=10,20,300,200", Plan(crop=Crop(10, 20, 300, 200))),
        ("crop=pct,px:10,20,30,200", Plan(crop=Crop(10, 20, 30, 200, CropUnit.PERCENT_PIXELS))),
        ("crop=px,pct:10,20,30,95", Plan(crop=Crop(10, 20, 30, 80, CropUnit.PIXELS_PERCENT))),
        ("crop=1,2,3,4&crop_gravity=n", Plan(crop=Crop(1, 2, 3, 4))),
        ("crop=1,2,3,4&crop_overflow=move", Plan(crop=Crop(1, 2, 3, 4, overflow=CropOverflow.MOVE))),
        (
            "crop=pct:80,0,50,9&crop_overflow=move",
            Plan(crop=Crop(80, 0, 50, 9, CropUnit.PERCENT, CropOverflow.MOVE)),
        ),
        ("crop=window:300,200", Plan(crop=CropWindow(300, 200))),
        ("crop=window:300,0&crop_gravity=ne:1,2", Plan(crop=CropWindow(300, 0, Point(1, 0, -1, 2)))),
        ("crop=window:pct:25,0.5", Plan(crop=CropWindow(25, 0.5, unit=CropUnit.PERCENT))),
        ("crop=window:pct,px:25,50", Plan(crop=CropWindow(25, 50, unit=CropUnit.PERCENT_PIXELS))),
        ("crop=window:pct:100,50", Plan(crop=CropWindow(0, 50, unit=CropUnit.PERCENT))),
        ("crop=window:px,pct:9,100&crop_gravity=smart", Plan(crop=CropWindow(9, 0, Smart()))),
        ("crop=window:0,0&crop_gravity=smart&crop_overflow=refuse", Plan()),
        ("crop_gravity=smart", Plan()),
        ("crop=edges:10,20,30,40", Plan(crop=CropInsets(40, 10, 20, 30))),
        ("crop=edges:100,-100,-0,100&crop_overflow=move", Plan(crop=CropInsets(100, 100, -100, 0))),
        ("crop=window:9,9&crop_gravity=face,close:1,zoom:0.5", Plan(crop=CropWindow(9, 9, Faces()))),
        ("crop=window:9,9&crop_gravity=n,zoom:2", Plan(crop=CropWindow(9, 9, Point(0.5, 0, zoom=2)))),
        ("crop=edges:0,0,0,0", Plan()),
        ("crop=edges:pct,px:0,12.5,0,3", Plan(crop=CropInsets(3, 0, 12.5, 0, CropUnit.PERCENT))),
        ("crop=edges:px,pct:5.5,2,0,0", Plan(crop=CropInsets(0, 5.5, 2, 0, CropUnit.PIXELS_PERCENT))),
        (
            "crop=edges:9,0,0,0&crop_overflow=refuse",
            Plan(crop=CropInsets(0, 9, 0, 0, overflow=CropOverflow.REFUSE)),
        ),
        ("crop_aspect=16:9", Plan(crop=CropWindow(aspect=Aspect(16, 9)))),
        (
            "crop_aspect=16:9&crop_aspect_rule=thumbor",
            Plan(crop=CropWindow(aspect=Aspect(16, 9), aspect_rule=AspectRule.THUMBOR)),
        ),
        ("crop=window:9,9&crop_aspect_rule=thumbor", Plan(crop=CropWindow(9, 9))),
        ("crop=window:9,0&crop_aspect=1:1&dpr=2", Plan(crop=CropWindow(9, aspect=Aspect(1, 1)))),
        ("crop=window:9,9&crop_overflow=refuse", Plan(crop=CropWindow(9, 9, overflow=CropOverflow.REFUSE))),
        ("crop=window:9,9&crop_overflow=ignore", Plan(crop=CropWindow(9, 9))),
        ("crop=pct:12.5,0,50,100", Plan(crop=Crop(12.5, 0, 50, 100, CropUnit.PERCENT))),
        ("rotate=90", Plan(rotate=90)),
        ("rotate=-90", Plan(rotate=270)),
        ("flip=h", Plan(flip=Flip.HORIZONTAL)),
        ("flip=vertical", Plan(flip=Flip.VERTICAL)),
        ("blur=2.5", Plan(blur=2.5)),
        ("blur=250", Plan(blur=250)),
        ("grayscale=true", Plan(grayscale=True)),
        ("greyscale=1", Plan(grayscale=True)),
        ("background=fc0", Plan(background=Colour(255, 204, 0))),
        ("background=%23FFCC00", Plan(background=Colour(255, 204, 0))),
        ("background=00000080", Plan(background=Colour(0, 0, 0, 128))),
        ("background=navy", Plan(background=Colour(0, 0, 128))),
        ("background=transparent", Plan(background=Colour(255, 255, 255, 0))),
    ],
)
def test_a_change(query: str, expected: Plan) -> None:
    read = plan(query)
    assert read == replace(expected, output=AUTO)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("format=webp", Output((Format.WEBP,))),
        ("f=jpg", Output((Format.JPEG,))),
        ("format=auto&q=50", Output(negotiated=True, quality=50)),
        ("q=1", Output(negotiated=True, quality=1)),
        ("metadata=keep", Output(negotiated=True, metadata=Metadata.KEEP)),
    ],
)
def test_an_output(query: str, expected: Output) -> None:
    assert plan(query).output == expected


def test_a_filename_may_have_spaces_and_any_letters() -> None:
    assert parse(b"/resize", b"url=a.jpg&filename=B%C3%BCro+1.jpg").filename == "Büro 1.jpg"


def test_escapes_are_undone_once() -> None:
    assert parse(b"/resize", b"url=a%2525.jpg").source.text == "a%25.jpg"


def test_empty_pieces_are_no_parameters() -> None:
    assert parse(b"/resize", b"&url=a.jpg&&w=5&").plan.resize.width == 5


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("width=0", "width"),
        ("w=", "width"),
        ("w", "width"),
        ("w=16384", "width"),
        ("w=-5", "width"),
        ("w=%2B5", "width"),
        ("w=5.0", "width"),
        ("w=1e3", "width"),
        ("w=1_000", "width"),
        ("w=0300", "width"),
        ("w=+300", "width"),
        ("w=%D9%A3", "width"),
        ("h=" + "9" * 5000, "height"),
        ("fit=crop", "fit"),
        ("gravity=up", "gravity"),
        ("gravity=fp:0.5", "gravity"),
        ("gravity=fp:0.5,1.1", "gravity"),
        ("gravity=fp:0.5,-0", "gravity"),
        ("gravity=fp:nan,0", "gravity"),
        ("format=psd", "format"),
        ("quality=0", "quality"),
        ("quality=101", "quality"),
        ("dpr=0", "dpr"),
        ("dpr=0.05", "dpr"),
        ("dpr=8.01", "dpr"),
        ("dpr=inf", "dpr"),
        ("dpr=.5", "dpr"),
        ("dpr=1.", "dpr"),
        ("background=ff", "background"),
        ("background=%23%23fff", "background"),
        ("background=xyzxyz", "background"),
        ("blur=0.01", "blur"),
        ("blur=250.1", "blur"),
        ("blur=NaN", "blur"),
        ("blur=-0.0", "blur"),
        ("rotate=361", "rotate"),
        ("flip=diagonal", "flip"),
        ("crop=1,2,3", "crop"),
        ("crop=window:1", "crop"),
        ("crop=window:1,2,3", "crop"),
        ("crop=window:-1,2", "crop"),
        ("crop=edges:1,2", "crop"),
        ("crop=edges:1,2,3,--4", "crop"),
        ("crop=edges:pct:1,2,3,101", "crop"),
        ("crop=window:pct:101,2", "crop"),
        ("crop=pct,pct:1,2,3,4", "crop"),
        ("crop=px,pct:1,2,0,4", "crop"),
        ("crop_gravity=north:1", "crop_gravity"),
        ("crop_aspect=0:1", "crop_aspect"),
        ("crop_overflow=cut", "crop_overflow"),
        ("crop=0,0,0,5", "crop"),
        ("crop=-1,0,5,5", "crop"),
        ("crop=1.5,0,5,5", "crop"),
        ("crop=pct:100,0,5,5", "crop"),
        ("crop=pct:0,0,0,5", "crop"),
        ("crop=pct:0,0,0.0000,5", "crop"),
        ("crop=pct:0,0,100.1,5", "crop"),
        ("filename=", "filename"),
        ("filename=..%2Fpasswd", "filename"),
        ("filename=a%5Cb", "filename"),
        ("filename=a%E2%80%AEgpj.exe", "filename"),
        ("filename=" + "a" * 256, "filename"),
        ("tags=", "tags"),
        ("tags=a+b", "tags"),
        ("tags=a,,b", "tags"),
        ("tags=a,%22", "tags"),
        ("tags=%C3%A9", "tags"),
        ("tags=" + "a" * 129, "tags"),
        ("tags=" + ",".join("a" * 17), "tags"),
        ("expires=0", "expires"),
        ("expires=1234567890123", "expires"),
        ("sig=short", "sig"),
        ("sig=" + "A" * 42 + "B", "sig"),
    ],
)
def test_a_value_out_of_bounds_names_its_parameter(query: str, param: str) -> None:
    error = error_of(f"url=a.jpg&{query}".encode())
    assert isinstance(error, InvalidParameter)
    assert error.param == param
    assert error.message.startswith(f"{param} must be ")


def test_a_source_that_cannot_be_read_names_url() -> None:
    error = error_of(b"url=ftp://example.com/a.jpg")
    assert isinstance(error, InvalidParameter)
    assert error.param == "url"


@pytest.mark.parametrize(
    ("query", "hint"),
    [(b"widht=5", "width"), (b"W=5", "w"), (b"colour=red", ""), (b"gravty=n", "gravity"), (b"%77=5", "")],
)
def test_an_unknown_parameter_is_named_and_a_near_one_suggested(query: bytes, hint: str) -> None:
    error = error_of(b"url=a.jpg&" + query)
    assert isinstance(error, UnknownParameter)
    assert error.param == query.decode().partition("=")[0]
    assert (f"did you mean {hint}?" in error.message) == bool(hint)


def test_an_unknown_name_is_shown_cut_and_without_control_characters() -> None:
    error = error_of(b"\x1b[31m\n\xff" + b"x" * 1000)
    assert error.param is not None
    assert len(error.param) < 100
    assert error.param.isascii()
    assert error.param.isprintable()


@pytest.mark.parametrize("query", [b"w=1&w=1", b"w=1&width=2", b"url=a.jpg&url=b.jpg", b"format=png&f=png"])
def test_a_repeated_parameter_is_refused_also_through_its_alias(query: bytes) -> None:
    assert isinstance(error_of(query), RepeatedParameter)


def test_the_url_must_be_there() -> None:
    error = error_of(b"w=300")
    assert isinstance(error, MissingParameter)
    assert error.param == "url"


def test_another_version_is_another_picture_from_the_same_place() -> None:
    plain, one, two = (parse(b"/resize", b"url=a.jpg&w=9" + version) for version in (b"", b"&v=1", b"&v=2"))
    assert (one.source.text, one.source.version, one.plan) == ("a.jpg", "1", plain.plan)
    keys = {result_key(request.source.identity, request.plan) for request in (plain, one, two)}
    assert (len(keys), explain(one)["key"] in keys) == (3, True)


@pytest.mark.parametrize("version", ["", "a%20b", "a/b", "x" * 65])
def test_a_version_is_a_short_word(version: str) -> None:
    assert error_of(f"url=a.jpg&v={version}".encode()).param == "v"


def test_what_is_sent_has_no_version() -> None:
    with pytest.raises(ConflictingParameters) as caught:
        parse(b"/resize", b"w=300&v=1", upload=True)
    assert caught.value.param == "v"


def test_an_upload_brings_the_original_itself() -> None:
    request = parse(b"/resize", b"w=300", upload=True)
    assert request.source.kind is SourceKind.UPLOAD
    with pytest.raises(ConflictingParameters):
        parse(b"/resize", b"url=a.jpg", upload=True)


@pytest.mark.parametrize(
    "value", [b"%", b"%4", b"%zz", b"%%41", b"a%", b"%ff", b"\xff", b"%c3%28", b"%ed%a0%80", b"%00", b"a%0Ab", b"\x7f"]
)
def test_broken_escapes_broken_utf8_and_control_characters_are_malformed(value: bytes) -> None:
    assert isinstance(error_of(b"url=" + value), MalformedRequest)
    assert isinstance(error_of(b"url=a.jpg&w=" + value), MalformedRequest)


def test_info_takes_no_parameter_of_a_result() -> None:
    assert isinstance(error_of(b"url=a.jpg&w=5", b"/info"), UnknownParameter)


def test_an_endless_query_is_refused() -> None:
    assert isinstance(error_of(b"url=" + b"a" * MAX_QUERY_BYTES), RequestTooLarge)


def test_dpr_is_exact_where_a_float_is_not() -> None:
    """2.3 × 25 is 57.5 and rounds up; the float product is a little less."""
    assert round(2.3 * 25) == 57
    assert plan("w=25&dpr=2.3").resize.width == round_length(Fraction("57.5")) == 58


def test_tags_are_names_of_their_own_order_and_none_twice() -> None:
    assert parse(b"/resize", b"url=a.jpg&tags=b,a:1,b,%26").tags == ("b", "a:1", "&")
    assert len(parse(b"/resize", b"url=a.jpg&tags=" + ",".join(map(str, range(16))).encode()).tags) == 16
    native = NativeDialect(parse_presets('{"card": {"width": 5, "tags": "cards"}}'))
    assert [native.parse(b"/resize", b"url=a.jpg&preset=card").tags for _ in range(2)] == [("cards",)] * 2


def test_an_explanation_tells_source_plan_and_key() -> None:
    request = parse(b"/resize", b"url=" + quote_plus("https://example.com/a.jpg").encode() + b"&w=300&fit=inside")
    assert explain(request) == {
        "source": {"kind": "http", "text": "https://example.com/a.jpg"},
        "plan": {"resize": {"width": 300}, "output": {"negotiated": True}},
        "filename": "",
        "tags": [],
        "key": result_key("https://example.com/a.jpg", request.plan),
    }


@pytest.mark.parametrize(
    "query",
    [
        "crop=999999,999999,999999,999999&crop_overflow=move",
        "crop=window:999999,999999&crop_gravity=se:99999,-99999,zoom:20",
        "crop=window:px,pct:999999,100&crop_gravity=px:99999,99999,99999,99999,100;0,0",
        "crop=edges:-999999,999999,-999999,999999&crop_overflow=ignore",
        "crop=window:9,9&crop_gravity=pos:1,0.3:pct:-100,pct:100",
        "width=pct:2000&height=pct:2000&dpr=8&zoom=20&fit=cover&gravity=se:99999,99999,zoom:20",
        "width=9&height=9&fit=cover&gravity=px:99999,99999,zoom:1.0001",
        "width=9&height=9&fit=cover&gravity=face,close:1,zoom:0.1",
    ],
)
def test_the_largest_numbers_are_within_the_bounds_of_plans(query: str) -> None:
    """Workers check the bounds of what they are sent."""
    plan = parse(b"/resize", f"url=a.jpg&{query}".encode()).plan
    assert msgspec.convert(msgspec.to_builtins(plan), Plan) == plan
