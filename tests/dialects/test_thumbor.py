"""The grammar of thumbor and imagor: options, filters in order, signatures; any bytes give a request or a refusal."""

import hmac
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.kit.signatures import Key
from pixmill.dialects.port import (
    Dialect,
    FactsRequest,
    Outcome,
    Redirect,
    RendersFacts,
    RequiresSignatures,
    SignsUrls,
    Text,
)
from pixmill.dialects.thumbor.aws import AwsDialect, AwsOptions
from pixmill.dialects.thumbor.dialect import ThumborDialect
from pixmill.dialects.thumbor.filter_text import split_args, split_flat, split_nested
from pixmill.dialects.thumbor.grammar import (
    ORIGINAL,
    Corner,
    CropOption,
    Flavour,
    PathOptions,
    TrimOption,
    read_options,
)
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.dialects.thumbor.storyblok import StoryblokDialect, StoryblokOptions
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    MalformedRequest,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SourceNotFound,
)
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import AUTO, FocalPixels, Gravity, PixelRegion, Point, Smart
from pixmill.plan.ops import Aspect, AspectRule, CropWindow, Fit, Flip, ImageOverlay, Plan, ResampleSpace, Resize, Stage
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

THUMBOR = ThumborDialect(ThumborOptions())
IMAGOR = ThumborDialect(ThumborOptions(flavour=Flavour.IMAGOR))
STORYBLOK = StoryblokDialect(StoryblokOptions())
AWS = AwsDialect(AwsOptions())
DIALECTS: dict[str, Dialect] = {"thumbor": THUMBOR, "imagor": IMAGOR, "storyblok": STORYBLOK, "aws": AWS}


def request(path: str, dialect: Dialect = THUMBOR) -> ImageRequest:
    outcome = dialect.parse(path.encode(), b"")
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(options: str, dialect: Dialect = THUMBOR) -> Plan:
    return request(f"/unsafe/{options}/a.jpg".replace("//", "/"), dialect).plan


def with_settings(**options: Any) -> ThumborDialect:
    return ThumborDialect(convert(options, ThumborOptions))


def test_values_are_mixed_as_by_the_service_unless_the_entry_asks_for_light() -> None:
    options = "40x40:200x200/300x200/filters:rotate(45):watermark(b.png,1,1,0,30)"
    for space in ResampleSpace:
        found = plan(options, with_settings(resampling=space.value))
        assert {stage.resample_space for stage in (found, *found.stages)} == {space}
    assert plan("300x200").resample_space is ResampleSpace.SRGB


SIGNED = [
    ("my-security-key", "300x200/my.server.com/some/path/to/image.jpg", "8ammJH8D-7tXy6kU3lTvoXlhu4o="),
    (
        "my-security-key",
        "10x10:200x200/300x200/filters:brightness(20):contrast(10)/my.server.com/some/path/to/image.jpg",
        "as8U2DbUUtTMgvPF26LkjS3MocY=",
    ),
    ("my-security-key", "meta/my.server.com/some/path/to/image.jpg", "Ps3ORJDqxlSQ8y00T29GdNAh2CY="),
    ("my-security-key", "fit-in/my.server.com/some/path/to/image.jpg", "uvLnA6TJlF-Cc-L8z9pEtfasO3s="),
    ("MY-SECURITY-KEY", "200x300/myserver.com/myimg.jpg", "G_dykuWBGyEil5JnNh9cBke0Ajo="),
    ("ACME-SEC", "smart/image.jpg", "_wIUeSaeHw8dricKG2MGhqu5thk="),
    ("ACME-SEC", "300x200/L.jpg", "IT91ebCSNBHWZE55IQB0ogGpBDo="),
]

META = "meta/10x11:12x13/fit-in/-300x-200/5x6/left/top/smart/filters:some_filter()/img"
GOPHER = "500x500/top/raw.githubusercontent.com/cshum/imagor/master/testdata/gopher.png"
SIGNED_BY_IMAGOR = [
    ("1234", "sha1", 0, META, "VTAq7YIRbEXgtwAcsTMhAjvBuT8="),
    ("1234", "sha256", 40, META, "XBCO7esuLsNQuSF2v9ie36pESRGx2rzLjhUxXWnV"),
    ("abcd", "sha256", 28, "assfasf", "zb6uWXQxwJDOe_zOgxkuj96Etrsz"),
    ("mysecret", "sha1", 0, GOPHER, "cST4Ko5_FqwT3BDn-Wf4gO3RFSk="),
    ("mysecret", "sha256", 40, GOPHER, "IGEn3TxngivD0jy4uuiZim2bdUCvhcnVi1Nm0xGy"),
    ("1234", "sha1", 0, "foo.jpg", "_-19cQt1szHeUV0WyWFntvTImDI="),
]


@pytest.mark.parametrize(("key", "rest", "signature"), SIGNED)
def test_thumbor_signatures(key: str, rest: str, signature: str) -> None:
    dialect = ThumborDialect(ThumborOptions(), (Key(b"another"), Key(key.encode())))
    assert dialect.verify(f"/{signature}/{rest}".encode(), b"", 0) is None
    assert (
        ThumborDialect(ThumborOptions(), (Key(key.encode()),)).sign(f"/{rest}".encode(), b"") == f"/{signature}/{rest}"
    )
    assert (
        ThumborDialect(ThumborOptions(), (Key(key.encode()),))
        .sign(f"/unsafe/{rest}".encode(), b"")
        .startswith(f"/{signature}/")
    )
    for path in (f"/{signature}/{rest}x", f"/{signature[:-2]}x=/{rest}", f"/{signature[:-1]}/{rest}"):
        with pytest.raises(SignatureInvalid):
            dialect.verify(path.encode(), b"", 0)
    with pytest.raises(SignatureMissing):
        dialect.verify(f"/unsafe/{rest}".encode(), b"", 0)
    assert isinstance(dialect, RequiresSignatures)
    assert dialect.requires_signature


@pytest.mark.parametrize(("key", "digest", "chars", "rest", "signature"), SIGNED_BY_IMAGOR)
def test_imagor_signatures(key: str, digest: Any, chars: int, rest: str, signature: str) -> None:
    settings = ThumborOptions(flavour=Flavour.IMAGOR, signer_type=digest, signer_truncate=chars)
    dialect = ThumborDialect(settings, (Key(key.encode()),))
    assert dialect.verify(f"/{signature}/{rest}".encode(), b"", 0) is None
    assert isinstance(dialect, SignsUrls)
    assert dialect.sign(rest.encode(), b"") == f"/{signature}/{rest}"
    with pytest.raises(SignatureInvalid):
        dialect.verify(f"/{signature[:-1]}_/{rest}".encode(), b"", 0)


@pytest.mark.parametrize("chars", [1, 8, 16, -5, 1_000])
def test_a_signature_that_could_be_guessed_is_refused_at_start(chars: int) -> None:
    for name in ("thumbor", "imagor"):
        entry = f'[{{"dialect": "{name}", "host": "a.example", "options": {{"signer_truncate": {chars}}}}}]'
        with pytest.raises(ValueError, match="signer_truncate"):
            parse_mounts(entry)


def test_an_escaped_path_opens_what_its_text_was_signed_for() -> None:
    dialect = ThumborDialect(ThumborOptions(flavour=Flavour.IMAGOR), (Key(b"1234"),))
    path = b"/GSqGN9NrCj-DlGT38BaycScxM9g=/filters%3Afill%28red%29/gopher.png"
    assert dialect.verify(path, b"", 0) is None
    outcome = dialect.parse(path, b"")
    assert isinstance(outcome, ImageRequest)
    assert outcome.source.text == "gopher.png"
    assert outcome.plan.flatten == Colour(255, 0, 0)


def test_unsafe_is_allowed_by_setting_only() -> None:
    keys = (Key(b"secret"),)
    with pytest.raises(SignatureMissing):
        ThumborDialect(ThumborOptions(), keys).verify(b"/unsafe/a.jpg", b"", 0)
    dialect = ThumborDialect(ThumborOptions(allow_unsafe_url=True), keys)
    assert dialect.verify(b"/unsafe/a.jpg", b"", 0) is None
    assert not dialect.requires_signature
    with pytest.raises(SignatureInvalid):
        ThumborDialect(ThumborOptions()).verify(b"/IT91ebCSNBHWZE55IQB0ogGpBDo=/300x200/L.jpg", b"", 0)


@pytest.mark.parametrize(("path", "query"), [(b"/unsafe/", b""), (b"/a.jpg", b"x=1"), ("/é.jpg".encode(), b"")])
def test_what_is_not_signed(path: bytes, query: bytes) -> None:
    with pytest.raises(BadRequest):
        ThumborDialect(ThumborOptions(), (Key(b"secret"),)).sign(path, query)
    with pytest.raises(MalformedRequest):
        THUMBOR.sign(b"/a.jpg", b"")


def test_expiry_is_in_milliseconds() -> None:
    path = b"/unsafe/filters:expire(1700000000500)/a.jpg"
    assert IMAGOR.verify(path, b"", 1_700_000_000) == 1_700_000_000
    with pytest.raises(SignatureExpired):
        IMAGOR.verify(path, b"", 1_700_000_001)


OPTIONS: dict[str, dict[str, object]] = {
    "300x200/a.jpg": {"width": 300, "height": 200},
    "300x/a.jpg": {"width": 300},
    "x/a.jpg": {},
    "-x-/a.jpg": {"is_flipped_horizontally": True, "is_flipped_vertically": True},
    "origx-orig/a.jpg": {"width": ORIGINAL, "height": ORIGINAL, "is_flipped_vertically": True},
    "trim/a.jpg": {"trim": TrimOption()},
    "trim:top-left:9/a.jpg": {"trim": TrimOption(Corner.TOP_LEFT, 9)},
    "trim::9/a.jpg": {"trim": TrimOption(Corner.TOP_LEFT, 9)},
    "trim:9/a.jpg": {"trim": TrimOption(Corner.BOTTOM_RIGHT)},
    "trim:bottom-right/a.jpg": {"trim": TrimOption(Corner.BOTTOM_RIGHT)},
    "1x2:3x4/a.jpg": {"crop": CropOption(1, 2, 3, 4)},
    "0x0:0x0/a.jpg": {},
    "adaptive-full-fit-in/1x2/a.jpg": {
        "is_fit_in": True,
        "is_full": True,
        "is_adaptive": True,
        "width": 1,
        "height": 2,
    },
    "debug/meta/left/bottom/smart/a.jpg": {
        "is_debug": True,
        "is_meta": True,
        "halign": "left",
        "valign": "bottom",
        "is_smart": True,
    },
    "filters:a(1):b(x/y)/d/a.jpg": {"filters": b"a(1):b(x/y)", "image": b"d/a.jpg"},
    "filters:a(/a.jpg": {"image": b"filters:a(/a.jpg"},
    "300x200/": {"image": b"300x200/"},
    "fit-in/300x200": {"is_fit_in": True, "image": b"300x200"},
    "smart/left/a.jpg": {"is_smart": True, "image": b"left/a.jpg"},
    "300X200/a.jpg": {"image": b"300X200/a.jpg"},
    "1x2:3/a.jpg": {"image": b"1x2:3/a.jpg"},
    "1.5x2:3x4/a.jpg": {"image": b"1.5x2:3x4/a.jpg"},
}


@pytest.mark.parametrize("path", OPTIONS)
def test_thumbor_options(path: str) -> None:
    options = read_options(path.encode(), Flavour.THUMBOR)
    expected: dict[str, object] = {"image": b"a.jpg", **OPTIONS[path]}
    assert {name: getattr(options, name) for name in expected} == expected
    default = PathOptions()
    changed = {name for name in options.__struct_fields__ if getattr(options, name) != getattr(default, name)}
    assert changed <= set(expected)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("0.1x0.2:0.9x1/a.jpg", "crop", CropOption(0.1, 0.2, 0.9, 1.0, is_share=True)),
        (".5x.5:1.0x1.0/a.jpg", "crop", CropOption(0.5, 0.5, 1.0, 1.0, is_share=True)),
        ("10x20:30x0/a.jpg", "crop", CropOption(10, 20, 30, 1e9)),
        ("300x200/10x20/a.jpg", "padding", (10, 20, 10, 20)),
        ("0x0/10x20:30x40/a.jpg", "padding", (10, 20, 30, 40)),
        ("10x20:30x40/a.jpg", "padding", (0, 0, 0, 0)),
        ("stretch/9x9/a.jpg", "is_stretched", True),
        ("trim:9/a.jpg", "trim", TrimOption(Corner.TOP_LEFT, 9)),
        ("filters:a(b/c(d)/e):f()/g/h.jpg", "filters", b"a(b/c(d)/e):f()"),
        ("filters:a(b/c(d)/e):f()/g/h.jpg", "image", b"g/h.jpg"),
        ("filters:a((((", "filters", b"a(((("),
        ("300xorig/a.jpg", "image", b"300xorig/a.jpg"),
        ("300x200/", "width", 300),
    ],
)
def test_imagor_options(path: str, name: str, value: object) -> None:
    assert getattr(read_options(path.encode(), Flavour.IMAGOR), name) == value


@pytest.mark.parametrize("path", ["9999999999x1/a.jpg", "1x1:2x99999999999/a.jpg", "trim:top-left:99999999999/a.jpg"])
def test_numbers_without_end_are_refused(path: str) -> None:
    with pytest.raises(InvalidParameter):
        read_options(path.encode(), Flavour.THUMBOR)


def test_filters_are_split_as_each_does() -> None:
    flat = split_flat(b"a(1, '2,3' ,[(4,5),(6)]):b():c(d(e)")
    assert [(call.name, call.args) for call in flat] == [
        ("a", ("1", "2,3", "[(4,5),(6)]")),
        ("b", ()),
        ("c", ("d(e",)),
    ]
    nested = split_nested(b"a(1,b(2,3):c()):d()")
    assert [(call.name, call.args) for call in nested] == [("a", ("1", "b(2,3):c()")), ("d", ())]
    assert split_args("a,(b,c),,d") == ("a", "(b,c)", "", "d")
    for split in (split_flat, split_nested):
        with pytest.raises(InvalidParameter, match="64"):
            split(b":".join([b"a(1)"] * 65))
        assert len(split(b":".join([b"a(1)"] * 64))) == 64


def test_filters_share_a_stage_while_their_order_allows() -> None:
    assert not plan("300x200/filters:brightness(10):blur(3):fill(red)").stages
    assert len(plan("300x200/filters:blur(3):brightness(10)").stages) == 1
    assert len(plan("300x200/filters:brightness(10):brightness(20)").stages) == 1
    both = plan("fit-in/300x200/filters:rotate(90):fill(red)")
    assert both.resize.fit is Fit.INSIDE
    assert both.stages[0].rotate == 270
    assert plan("fit-in/300x200/filters:fill(red)").resize.fit is Fit.CONTAIN


def test_more_stages_than_a_plan_has_are_refused() -> None:
    assert len(plan(f"filters:{':'.join(['rotate(90)'] * 9)}").stages) == 8
    with pytest.raises(InvalidParameter, match="8 further stages") as caught:
        plan(f"filters:{':'.join(['rotate(90)'] * 10)}")
    assert caught.value.param == "filters"


@pytest.mark.parametrize(
    "text",
    [
        "blur(0)",
        "blur(-1)",
        "blur(a)",
        "brightness(1.5)",
        "rgb(1,2)",
        "rgb(1,2,3,4)",
        "colorize(1,2,3,zzz)",
        "curve([(0,300)],[],[],[])",
        "grayscale(1)",
        "saturation()",
        "sharpen(-1,1,true)",
        "noise(0)",
        "quality(a)",
        "format(nope)",
        "rotate(0)",
        "proportion(0)",
        "proportion(2)",
        "upscale(1)",
        "watermark(a.png,0,0)",
        "watermark(a.png,x,0,0)",
        "watermark(a.png,0,0,100)",
        "nope()",
        "nope",
        "()",
        ":::",
    ],
)
def test_what_cannot_be_read_changes_nothing(text: str) -> None:
    assert request(f"/unsafe/filters:{text})/a.jpg".replace("))", ")")).plan == plan("")


def test_spellings_of_an_image_are_one_plan() -> None:
    assert plan("300x0") == plan("300x") == plan("300x0/center/middle/filters:nope(1)")
    assert plan("-300x200/left") == plan("-300x200/left/middle")


def _fields(of: Plan) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__struct_fields__}


def gravity_of(found: Plan) -> Gravity:
    return found.crop.gravity if isinstance(found.crop, CropWindow) else found.resize.gravity


def test_gravity_is_that_of_the_original() -> None:
    assert gravity_of(plan("300x200/left/top")) == Point(0.0, 0.0)
    assert gravity_of(plan("-300x-200/left/top")) == Point(0.0, 0.0)
    assert plan("-300x-200/left/top").stages == (Stage(rotate=180),)
    assert plan("-300x200/left/top").stages == (Stage(flip=Flip.HORIZONTAL),)
    assert plan("fit-in/-300x200").flip is Flip.HORIZONTAL
    assert gravity_of(plan("300x200/smart")) == Smart()
    assert gravity_of(plan("300x200/filters:focal(10x20:30x60)")) == FocalPixels((PixelRegion(20, 40),))
    assert gravity_of(plan("300x200/top", IMAGOR)) == Point(0.0, 0.0)
    assert gravity_of(plan("300x-200/top", IMAGOR)) == Point(0.5, 1.0)
    assert with_settings(smart="center").parse(b"/unsafe/300x200/smart/a.jpg", b"") == request("/unsafe/300x200/a.jpg")


def test_smart_keeps_what_its_setting_says() -> None:
    found = with_settings(smart="auto").parse(b"/unsafe/300x200/smart/a.jpg", b"")
    assert isinstance(found, ImageRequest)
    assert gravity_of(found.plan) == AUTO


def test_whole_pixels_of_the_original_are_cut() -> None:
    found = plan("300x200")
    assert found.crop == CropWindow(aspect=Aspect(3, 2), aspect_rule=AspectRule.THUMBOR)
    assert found.resize == Resize(300, 200, Fit.FILL, enlarge=True)
    cropped = plan("10x10:500x500/300x200").stages[0]
    assert (cropped.crop, cropped.resize.fit) == (found.crop, Fit.FILL)


def test_sources_are_decoded_once() -> None:
    assert request("/unsafe/https%3A%2F%2Fexample.com%2Fa%2520b.jpg").source.text == "https://example.com/a%20b.jpg"
    assert request("/unsafe/https://example.com/a.jpg").source.kind is SourceKind.HTTP
    assert request("/unsafe/https:/example.com/a.jpg").source.text == "https://example.com/a.jpg"
    assert request("/unsafe/a%20b.jpg").source.text == "a b.jpg"
    assert request("/unsafe/a+b.jpg").source.text == "a+b.jpg"
    assert request("/unsafe/a+b.jpg", IMAGOR).source.text == "a b.jpg"
    dialect = ThumborDialect(ThumborOptions(), default_scheme="https")
    assert request("/unsafe/example.com/a.jpg", dialect).source.text == "https://example.com/a.jpg"
    watermark = "/unsafe/filters:watermark(example.com/b.png,0,0,0)/example.com/a.jpg"
    (overlay,) = request(watermark, dialect).plan.overlays
    assert isinstance(overlay, ImageOverlay)
    assert overlay.source.text == "https://example.com/b.png"


def test_the_region_that_a_url_cuts_out_is_kept_of_the_original_behind_it() -> None:
    inner = "http%3A%2F%2Fthumbor%2Funsafe%2F10x20%3A30x60%2F100x100%2Fa.jpg"
    found = request(f"/unsafe/300x200/filters:extract_focal()/{inner}")
    assert found.source.text == "a.jpg"
    assert gravity_of(found.plan) == FocalPixels((PixelRegion(20, 40),))
    assert request("/unsafe/300x200/filters:extract_focal()/a.jpg").source.text == "a.jpg"


def test_the_format_is_the_settings_or_the_originals() -> None:
    assert plan("").output.source_format
    assert plan("filters:format(webp)").output.formats == (Format.WEBP,)
    auto = with_settings(auto_webp=True, auto_avif=True)
    assert plan("", auto).output.formats == (Format.WEBP, Format.AVIF)
    assert plan("", auto).output.ordered
    assert plan("filters:format(png)", auto).output.formats == (Format.PNG,)
    assert plan("filters:quality(0)").output.quality == 1
    assert plan("filters:quality(300)").output.quality == 100
    assert plan("filters:format(webp):quality(100)").output.encoding.lossless
    assert plan("", with_settings(quality=55)).output.quality == 55
    assert plan("filters:format(webp)", with_settings(quality=55, webp_quality=44)).output.quality == 44


def test_settings_of_imagor() -> None:
    settings = ThumborOptions(
        flavour=Flavour.IMAGOR,
        base_params="filters:grayscale()",
        base_path_redirect="/docs",
        disable_filters=("blur",),
        disable_params_endpoint=True,
        disable_error_body=True,
        strip_metadata=True,
    )
    dialect = ThumborDialect(settings)
    found = plan("filters:blur(4)", dialect)
    assert found.grayscale
    assert not found.blur
    assert dialect.parse(b"/", b"") == Redirect("/docs", 307)
    with pytest.raises(BadRequest):
        dialect.parse(b"/params/a.jpg", b"")
    answer = dialect.error_answer(SourceNotFound(), 404, b"/", b"")
    assert isinstance(answer, Text)
    assert (answer.status, answer.body) == (404, "")


def test_facts_have_the_form_of_each() -> None:
    facts = {"width": 1200, "height": 800, "format": "jpeg", "frames": 1, "orientation": 1, "alpha": False}
    assert isinstance(THUMBOR, RendersFacts)
    assert isinstance(THUMBOR.parse(b"/unsafe/meta/300x200/a.jpg", b""), FactsRequest)
    text = THUMBOR.render_facts(facts, b"/unsafe/meta/10x10:310x210/-150x0/a%20b.jpg", b"x=1&callback=f")
    assert text.body == (
        'f({"thumbor": {"source": {"url": "a%20b.jpg", "width": 150, "height": 100, "frameCount": 1}, "operations": '
        '[{"type": "crop", "left": 10, "top": 10, "right": 310, "bottom": 210}, {"type": "resize", "width": 150, '
        '"height": 100}, {"type": "flip_horizontally"}], "target": {"width": 150, "height": 100}, "focal_points": '
        '[{"x": 600, "y": 400, "z": 1.0, "height": 1, "width": 1, "origin": "alignment"}]}});'
    )
    hostile = THUMBOR.render_facts(facts, b"/unsafe/meta/300x200/a.jpg", b"callback=alert(1)//")
    assert hostile.media_type == "application/json"
    turned = facts | {"width": 800, "height": 1200, "orientation": 6}
    assert '"width": 1200' in THUMBOR.render_facts(turned, b"/unsafe/meta/a.jpg", b"").body


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_uploads_are_off(dialect: Dialect) -> None:
    with pytest.raises(RouteNotFound):
        dialect.parse(b"/unsafe/a.jpg", b"", upload=True)


PIECES = st.sampled_from(
    [
        *(b"/ /unsafe/ /meta/ /trim:9/ /1x2:3x4/ /.1x.2:.3x.4/ /fit-in/ /-300x-200/ /5x6/ /left/ /smart/ /filters: "
          b"blur(3) watermark(a.png,-5p,center,3,4) image(f-9xf/filters:image(9x9/b.png)/c.png,1,2) fill(auto) "
          b"rotate(90) crop(.1,.1,.5,.5) text(a,1,2,sans-bold-9,red) focal(1x2:3x4) expire(99) raw() params/ /m/ "
          b"format(webp) round_corner(9,1,2,3) curve([(0,0)],[],[],[]) : ) ( , %28 %zz + color:red b64:YQ "
          b"a.jpg").split(),
        b"/" + b64encode(b'{"key":"a","edits":{"resize":{"width":3}}}'),
        b"/" + urlsafe_b64encode(b'{"key":"a","edits":{"blur":[],"overlayWith":{"key":"b"}}}'),
    ]
)  # fmt: skip
PATHS = st.one_of(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=60)).map(b"/".__add__)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@given(PATHS, st.binary(max_size=30))
def test_any_bytes_give_an_outcome_or_a_bad_request(dialect: Dialect, path: bytes, query: bytes) -> None:
    outcome: Outcome | None = None
    with suppress(BadRequest):
        outcome = dialect.parse(path, query)
    if isinstance(outcome, FactsRequest):
        outcome = outcome.request
    if isinstance(outcome, ImageRequest):
        assert convert(_fields(outcome.plan), Plan) == outcome.plan, "every value is within the bounds of its field"
        assert all(isinstance(stage, Stage) for stage in outcome.plan.stages)
    with suppress(BadRequest, Forbidden):
        dialect.verify(path, query, 0)
    assert dialect.error_answer(SourceNotFound(), 404, path, query) is not None


LONG = [
    b"/unsafe/" + b"filters:" + b"image(" * 9_000,
    b"/unsafe/filters:" + b"(" * 20_000 + b")" * 20_000 + b"/a.jpg",
    b"/unsafe/filters:watermark(" + b"'" * 20_000 + b")/a.jpg",
    b"/unsafe/filters:curve(" + b"[(0,0)," * 6_000 + b")/a.jpg",
    b"/unsafe/filters:a(" + b"):" * 20_000 + b")/a.jpg",
    b"/unsafe/" + b"1x2:" * 10_000 + b"/a.jpg",
    b"/unsafe/" + b"1" * 50_000 + b"x1/a.jpg",
    b"/unsafe/" + b"300x200/" * 6_000 + b"a.jpg",
    b"/unsafe/filters:text(" + b"%26" * 15_000 + b",1,2)/a.jpg",
    b"/unsafe/filters:focal(" + b"1x" * 20_000 + b")/a.jpg",
    b"/unsafe/filters:extract_focal()/" + b"http%3A//a/unsafe/" * 2_000,
    b"/params/" + b"filters:a(:" * 4_000,
    b"/ey" + b"A" * 40_000,
]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("path", LONG, ids=range(len(LONG)))
def test_long_paths_are_read_once(dialect: Dialect, path: bytes) -> None:
    """A loop in a loop over these bytes would take minutes."""
    with suppress(BadRequest):
        dialect.parse(path, b"")


def test_nested_images_have_stages_of_their_own() -> None:
    found = plan("500x500/filters:image(200x100/filters:rotate(90):blur(4)/b.png,10,-20,25,multiply)", IMAGOR)
    (overlay,) = found.overlays
    assert isinstance(overlay, ImageOverlay)
    assert overlay.source.text == "b.png"
    assert [stage.rotate for stage in overlay.prepare] == [0, 270]
    assert overlay.placement.opacity == 75
    assert (overlay.placement.y, overlay.placement.offset_y.value) == (1.0, -20.0)
    parent = plan("filters:image(fx100/b.png)", IMAGOR).overlays[0]
    assert isinstance(parent, ImageOverlay)
    assert (parent.width, parent.height) != (None, None)


def test_a_digest_of_hmac_is_what_python_makes() -> None:
    digest = hmac.digest(b"k", b"a.jpg", "sha512")
    signature = urlsafe_b64encode(digest).decode()
    settings = ThumborOptions(flavour=Flavour.IMAGOR, signer_type="sha512")
    assert ThumborDialect(settings, (Key(b"k"),)).sign(b"/a.jpg", b"") == f"/{signature}/a.jpg"
