"""ipx: the grammar of modifiers, the order of sharp, what each version refuses, and any bytes."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.ipx.dialect import IpxDialect, IpxOptions
from pixmill.dialects.ipx.options import MODIFIERS_BY_NAME
from pixmill.dialects.native.dialect import parse as native
from pixmill.dialects.port import Dialect, Text
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    BadRequest,
    Draining,
    Forbidden,
    InvalidParameter,
    PixmillError,
    SignatureMissing,
    SourceForbidden,
    SourceNotFound,
    SourceUnreachable,
    TooManyRedirects,
    UndecodableImage,
    UnsupportedImage,
)
from pixmill.plan.effects import LabSharpen, MorphologyUnit
from pixmill.plan.ops import DecodeScaling, Plan, ResampleSpace
from pixmill.plan.request import ImageRequest

DOMAINS = ("a.example", "http://b.example:80/x")
V3, V4 = (IpxDialect(IpxOptions(version=version, domains=DOMAINS)) for version in (3, 4))


def image(target: str, dialect: IpxDialect = V3, query: bytes = b"") -> ImageRequest:
    outcome = dialect.parse(f"/{target}".encode(), query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(modifiers: str, dialect: IpxDialect = V3) -> Plan:
    return image(f"{modifiers}/a.jpg", dialect).plan


def test_it_is_a_dialect() -> None:
    dialect: Dialect = V3
    assert dialect.prefix == "/_ipx/"


@pytest.mark.parametrize(
    ("modifiers", "query"),
    [
        ("w_300", "width=300&enlarge=never&rounding=reciprocal_half_up"),
        ("h_300,enlarge", "height=300&enlarge=true&rounding=reciprocal_half_up"),
        ("s_300x200", "width=300&height=200&fit=cover&clamp=box&enlarge=never&rounding=reciprocal_half_up"),
        ("s_300x200,enlarge", "width=300&height=200&fit=cover&enlarge=true&rounding=reciprocal_half_up"),
        ("f_webp,grayscale,flop,rotate_90", "rotate=90&flip=v&grayscale=true"),
        ("extract_1_2_3_4,negate", "crop=1,2,3,4&crop_overflow=refuse&invert=true"),
    ],
)
def test_modifiers_are_what_native_parameters_say(modifiers: str, query: str) -> None:
    explicit = plan(f"{modifiers},f_webp")
    scaling = "none" if "extract" in modifiers else "sharp"
    common = f"url=a.jpg&format=webp&animated=false&orientation=none&quality_scale=jpeg&decode_scaling={scaling}"
    expected = native(b"/resize", f"{common}&resample_space=srgb&{query}".encode()).plan
    assert msgspec.structs.replace(explicit, background=expected.background) == expected


def test_an_entry_may_mix_light() -> None:
    for space in ResampleSpace:
        outcome = IpxDialect(IpxOptions(resampling=space)).parse(b"/s_300x200,rotate_30/a.jpg", b"")
        assert isinstance(outcome, ImageRequest)
        assert {stage.resample_space for stage in (outcome.plan, *outcome.plan.stages)} == {space}
    assert plan("w_30").resample_space is ResampleSpace.SRGB


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("w_300,h_200", "w_300"),
        ("w:300&f=webp", "width_300,format_webp"),
        ("h_300,s_20x20", "s_20x20"),
        ("b_f00,w_30", "w_30"),
        ("unknown_1,w_30", "w_30"),
        ("w_10,w_30", "w_30"),
        ("s_30", "s_30x30"),
        ("s_axb", "_"),
        ("pos_centre,s_30", "s_30"),
        ("flip,flip", "flip"),
        ("modulate_1", "x"),
    ],
)
def test_spellings_of_the_same_image(one: str, other: str) -> None:
    if one.startswith("modulate"):
        with pytest.raises(InvalidParameter):
            plan(one)
        return
    assert plan(one) == plan(other)


def test_sharp_does_in_its_own_order() -> None:
    stages = plan("blur_5,threshold_100,extend_1_1_1_1,rotate_90,w_300,sharpen_true,f_png")
    assert stages.rotate == 90
    assert stages.resize.width == 300
    assert stages.extend.top == 1
    assert [bool(stage.blur) for stage in stages.stages] == [True]
    assert stages.stages[0].adjust.colour.threshold == 100
    assert stages.stages[0].effects.convolution is not None
    late = plan("h_300,rotate_90,f_png")
    assert (late.resize.height, late.rotate) == (300, 0)
    assert late.stages[0].rotate == 90


def test_sharpening_has_a_sigma_in_both_versions() -> None:
    for dialect in (V3, V4):
        assert plan("sharpen_2_3,f_png", dialect).effects.sharpen_lab == LabSharpen(2.0, 3.0)
    assert plan("sharpen,f_png", V4).effects.convolution is not None
    assert plan("sharpen_true,f_png").effects.convolution is not None
    assert plan("w_30,sharpen_false") == plan("w_30")
    for bad in ("sharpen", "sharpen_x", "sharpen_0", "sharpen_1_x"):
        with pytest.raises(BadRequest, match="Expected"):
            plan(bad)


def test_dark_areas_grow_by_dilate_bit_by_bit() -> None:
    dilated, eroded = (plan(f"{name}_2,f_png", V4).effects for name in ("dilate", "erode"))
    assert (dilated.dilate, dilated.erode, dilated.morphology) == (0, 2, MorphologyUnit.BITS)
    assert (eroded.dilate, eroded.erode, eroded.morphology) == (2, 0, MorphologyUnit.BITS)


@pytest.mark.parametrize(
    ("modifiers", "scaling"),
    [
        ("w_300", DecodeScaling.SHARP),
        ("w_300,flip,blur_2", DecodeScaling.SHARP),
        ("extract_1_1_9_9,w_300", DecodeScaling.NONE),
        ("rotate_90,s_300x200", DecodeScaling.NONE),
        ("w_300,gamma_2", DecodeScaling.AUTO),  # between its gammas sharp mixes light, of all pixels
    ],
)
def test_an_original_is_scaled_while_decoding_where_sharp_scales_it(modifiers: str, scaling: DecodeScaling) -> None:
    assert plan(modifiers).input.scaling is scaling


def test_too_many_operations_are_refused() -> None:
    many = "extend_1,median_5,threshold_9,blur_5,sharpen_2,normalize,tint_red,negate,gamma_2_3"
    assert plan(many).stages
    with pytest.raises(InvalidParameter, match="passes"):
        plan(many + ",dilate_2,erode_2,linear_2,clahe_9,opacity_0.5,hue_3", V4)


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("w_30/a/b.jpg", "a/b.jpg"),
        ("_ipx/w_30/a%20b.jpg", "a b.jpg"),
        ("w_30//a//./c/../b.jpg", "a/b.jpg"),
        ("w_30/http://a.example:81/x.jpg", "http://a.example:81/x.jpg"),
        ("w_30/http:%2F%2Fb.example%2Fx.jpg", "http://b.example/x.jpg"),
        ("w_30/https:/a.example/x.jpg", "https://a.example/x.jpg"),
    ],
)
def test_originals(target: str, source: str) -> None:
    assert image(target).source.text == source


def test_a_query_belongs_to_the_url_in_version_3() -> None:
    assert image("w_3/http://a.example/x?v=1", query=b"w=2").source.text == "http://a.example/x?v=1&w=2"
    assert image("w_3/http://a.example/x", V4, b"w=2").source.text == "http://a.example/x"


def test_aliases_stand_for_the_beginnings_of_names() -> None:
    dialect = IpxDialect(IpxOptions(alias={"photos": "https://a.example/p", "/local": "/x"}, domains=("a.example",)))
    assert image("w_3/photos/1.jpg", dialect).source.text == "https://a.example/p/1.jpg"
    assert image("w_3/local/1.jpg", dialect).source.text == "x/1.jpg"


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("", 400, "IPX_MISSING_MODIFIERS"),
        ("w_30", 400, "IPX_MISSING_ID"),
        ("w_30/", 400, "IPX_MISSING_ID"),
        ("w_30/http://c.example/x.jpg", 403, "IPX_FORBIDDEN_HOST"),
        ("w_30/ftp://a.example/x.jpg", 500, "IPX_ERROR"),
        ("w_30/../x.jpg", 403, "IPX_FORBIDDEN_PATH"),
        ("w_30/a:b", 403, "IPX_FORBIDDEN_PATH"),
        ("w_0/a.jpg", 500, "IPX_ERROR"),
        ("w_3.5/a.jpg", 500, "IPX_ERROR"),
        ("w_1e9/a.jpg", 500, "IPX_ERROR"),
        ("q_101/a.jpg", 500, "IPX_ERROR"),
        ("blur_0.1/a.jpg", 500, "IPX_ERROR"),
        ("blur/a.jpg", 500, "IPX_ERROR"),
        ("median_1.5/a.jpg", 500, "IPX_ERROR"),
        ("trim_10/a.jpg", 500, "IPX_ERROR"),
        ("extend_-1/a.jpg", 500, "IPX_ERROR"),
        ("crop_1_2_3/a.jpg", 500, "IPX_ERROR"),
        ("kernel_x,s_3/a.jpg", 500, "IPX_ERROR"),
    ],
)
def test_errors_of_version_3(target: str, status: int, code: str) -> None:
    with pytest.raises((BadRequest, Forbidden)) as caught:
        V3.parse(f"/{target}".encode(), b"")
    answer = V3.error_answer(caught.value, 400, f"/{target}".encode(), b"")
    assert isinstance(answer, Text)
    assert (answer.status, answer.media_type) == (status, "application/json")
    assert json.loads(answer.body)["error"]["message"].startswith(f"[{status}] [{code}] ")


@pytest.mark.parametrize(
    "modifiers",
    [
        *("w_0", "w_2.5", "fit_x", "pos_x", "b_zz", "q_0", "enlarge,s_0x3", "blur_0.1", "extend_1_1_1_1_x", "tint_zz"),
        *("negate_x", "hue", "normalize_99_1", "unflatten", "clahe", "opacity_2", "rotate_9999"),
        "extend_1_1_1_1_repeat",
    ],
)
def test_version_4_checks_arguments(modifiers: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(modifiers, V4)
    answer = V4.error_answer(caught.value, 400, b"/x/a", b"")
    assert isinstance(answer, Text)
    assert json.loads(answer.body)["statusText"].startswith("IPX_")
    assert answer.status == 400


@pytest.mark.parametrize(
    ("error", "path", "three", "four"),
    [
        (SourceNotFound(), b"/_/a", (404, "IPX_FILE_NOT_FOUND"), (404, "IPX_FILE_NOT_FOUND")),
        (SourceNotFound(), b"/_/http://a/b", (500, "IPX_ERROR"), (404, "IPX_ERROR")),
        (SourceUnreachable(), b"/_/http://a/b", (500, "IPX_ERROR"), (404, "IPX_ERROR")),
        (TooManyRedirects(), b"/_/http://a/b", (500, "IPX_ERROR"), (502, "IPX_ERROR")),
        (UnsupportedImage(), b"/_/a", (400, "IPX_INVALID_IMAGE"), (400, "IPX_INVALID_IMAGE")),
        (UndecodableImage(), b"/_/a", (500, "IPX_ERROR"), (400, "IPX_INVALID_IMAGE")),
        (InvalidParameter("x"), b"/_/a", (500, "IPX_ERROR"), (400, "IPX_INVALID_MODIFIER")),
        (SourceForbidden(), b"", (403, "IPX_FORBIDDEN_HOST"), (403, "IPX_FORBIDDEN_HOST")),
        (Draining(), b"/", (404, "IPX_ERROR"), (404, "IPX_ERROR")),
    ],
)
def test_errors_that_the_server_finds(
    error: PixmillError, path: bytes, three: tuple[int, str], four: tuple[int, str]
) -> None:
    for dialect, (status, code) in ((V3, three), (V4, four)):
        answer = dialect.error_answer(error, 404, path, b"")
        assert isinstance(answer, Text)
        assert answer.status == status
        assert code in answer.body


@pytest.mark.parametrize("options", [{"version": 5}, {"domain": []}, {"maxAge": -1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "ipx", "options": options}]))


def test_requests_can_be_signed() -> None:
    dialect = IpxDialect(IpxOptions(), keyring=Keyring((b"0123456789abcdef",)))
    signed = dialect.sign(b"/w_3/a.jpg", b"").partition("?")[2].encode()
    assert dialect.verify(b"/w_3/a.jpg", signed, 0) is None
    with pytest.raises(SignatureMissing):
        dialect.verify(b"/w_3/a.jpg", b"", 0)


names = st.sampled_from([*MODIFIERS_BY_NAME, "x", ""])
arguments = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["300", "3x4", "true", "1e99", "-1", "0.5", "top", "auto", "red", "%23f00", "undefined", "9" * 50]),
)
modifiers = st.lists(st.tuples(names, st.lists(arguments, max_size=5)), max_size=8).map(
    lambda items: ",".join("_".join((name, *values)) for name, values in items)
)
paths = st.one_of(
    st.binary(max_size=200),
    st.tuples(modifiers, st.sampled_from(["a.jpg", "http://a.example/x", "http:", "../a", "%2e%2e/%00", "a:b"])).map(
        lambda parts: f"/{parts[0]}/{parts[1]}".encode()
    ),
)


@given(paths, st.binary(max_size=50), st.sampled_from([V3, V4]))
def test_any_bytes_give_an_image_or_a_refusal(path: bytes, query: bytes, dialect: IpxDialect) -> None:
    with suppress(BadRequest, Forbidden):
        assert isinstance(dialect.parse(path, query), ImageRequest)
    assert isinstance(dialect.error_answer(SourceNotFound(), 404, path, query), Text)
