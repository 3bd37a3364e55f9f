"""imgix and its relatives: which plans parameters become, signatures, hints, and any bytes."""

import base64
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.imgix.dialect import ImgixDialect, ImgixOptions
from pixmill.dialects.imgix.options import ROWS
from pixmill.dialects.imgix.services import SERVICES
from pixmill.dialects.imgix.values import rect, timestamp
from pixmill.dialects.kit.signatures import keys_of
from pixmill.dialects.native.dialect import parse as native
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import Dialect, FactsRequest, Text
from pixmill.errors import (
    BadRequest,
    InvalidParameter,
    MalformedRequest,
    RequestTooLarge,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SourceNotFound,
)
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

IMGIX = ImgixDialect(SERVICES["imgix"])
DIALECTS = [ImgixDialect(service) for service in SERVICES.values()]
SIGNED = ImgixDialect(SERVICES["imgix"], keys=keys_of([b"FOO123bar", b"older"]))
KEPT = "format=auto:original&original_formats=jpeg,png,gif,webp,avif&quality=75"


def image(query: str, dialect: ImgixDialect = IMGIX, path: str = "/a.jpg") -> ImageRequest:
    outcome = dialect.parse(path.encode(), query.encode())
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(query: str, dialect: ImgixDialect = IMGIX) -> Plan:
    return image(query, dialect).plan


def test_it_is_a_dialect() -> None:
    dialect: Dialect = IMGIX
    assert dialect.prefix == ""


@pytest.mark.parametrize(
    ("query", "equal"),
    [
        ("w=300&fm=png", "width=300&enlarge=true&format=png"),
        ("w=300&h=200&fm=webp&fit=crop", "width=300&height=200&fit=cover&enlarge=true&format=webp&quality=75"),
        ("w=300&fm=png&fit=max", "width=300&format=png"),
        ("w=300&h=300&fm=png&fit=min", "width=300&height=300&fit=cover&format=png"),
        ("w=300&h=300&fm=png&fit=scale", "width=300&height=300&fit=fill&enlarge=true&format=png"),
        (
            "w=300&h=300&fm=png&fit=fill&fill=blur",
            "width=300&height=300&fit=contain&enlarge=true&extend=blur&format=png",
        ),
        (
            "w=300&h=300&fm=png&fit=fillmax&fill-max=source",
            "width=300&height=300&fit=contain&clamp=sides&format=png",
        ),
        ("w=300&h=300&fm=png&fit=clamp", "width=300&height=300&fit=contain&enlarge=true&extend=edge&format=png"),
        ("w=100&dpr=1.5&fm=png", "width=150&enlarge=true&format=png"),
        ("w=8192&dpr=5&fm=png", "width=8192&enlarge=true&format=png"),
        ("w=9000&h=4500&fm=png", "width=8192&height=4096&enlarge=true&format=png"),
        ("w=0.5&fm=png", "width=pct:50&enlarge=true&format=png"),
        ("rect=10,20,30,40&fm=png", "crop=10,20,30,40&crop_overflow=ignore&format=png"),
        ("rect=.1,.2,1,.4&fm=png", "crop=pct:10,20,100,40&crop_overflow=ignore&format=png"),
        ("rect=right,bottom,30,40&fm=png", "crop=window:30,40&crop_gravity=se&format=png"),
        ("orient=6&fm=png", "orientation=6&format=png"),
        ("orient=90&fm=png", "orientation=6&format=png"),
        ("rot=90&fm=png", "rotate=270&format=png"),
        ("flip=hv&fm=png", "rotate=180&format=png"),
        (
            "bri=10&con=-5&hue=360&sat=20&vib=5&high=-3&shad=200&fm=png",
            "brightness=10&contrast=-5&saturation=20&vibrance=5&highlights=-3&shadows=100&format=png",
        ),
        ("exp=50&gam=100&fm=png", "exposure=1&gamma=2&format=png"),
        ("blur=50&fm=png", "blur=5&blur_space=srgb&format=png"),
        ("sharp=20&fm=png", "sharpen=1&format=png"),
        ("usm=50&usmrad=2&fm=png", "unsharp=2,1&format=png"),
        ("px=1&usm=-50&nr=-3&face-blur=0&fm=png", "format=png"),
        ("px=8&sepia=30&invert=true&fm=png", "pixelate=8&sepia=30&invert=true&format=png"),
        ("monochrome=f00&fm=png", "monochrome=f00&format=png"),
        ("duotone=000080,FA8072&fm=png", "duotone=000080,fa8072&format=png"),
        ("mask=corners&corner-radius=9&fm=png", "radius=9&format=png"),
        ("border=4,f00&border-radius=5&fm=png", "radius=5&border=4,f00&format=png"),
        ("pad=5&bg=0f0&fm=png", "padding=5&background=0f0&flatten=0f0&format=png"),
        ("fm=png8", "colors=256&format=png"),
        ("fm=pjpg&chromasub=444&q=50", "progressive=true&subsampling=444&quality=50&format=jpeg"),
        ("fm=webp&lossless=true", "lossless=true&format=webp"),
        ("fm=jpg&jpg-progressive=false&cs=origin", "profile=keep&quality=75&format=jpeg"),
        ("fm=gif&fps=10&loop=3&reverse=true&interval=2", "frame_delay=100&loop=3&reverse=true&frame_step=2&format=gif"),
        ("fm=gif&frame=2-4", "page=2&animated=false&format=gif"),
        ("trim=color&trim-tol=3&trim-pad=-2&fm=png", "trim=3&trim_padding=-2&format=png"),
        (
            "w=60&h=60&fit=crop&crop=focalpoint&fp-x=.1&fp-z=2&fm=png",
            "width=60&height=60&fit=cover&gravity=fp:0.1,0.5,zoom:2&enlarge=true&format=png",
        ),
        (
            "w=60&h=60&fit=crop&crop=faces,top&fm=png",
            "width=60&height=60&fit=cover&gravity=face&enlarge=true&format=png",
        ),
        ("w=60&h=60&fit=crop&crop=top,left&fm=png", "width=60&height=60&fit=cover&gravity=nw&enlarge=true&format=png"),
    ],
)
def test_plans_are_those_of_native_urls(query: str, equal: str) -> None:
    assert plan(query) == native(b"/resize", b"url=a.jpg&" + equal.encode()).plan


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("w=300&foo=bar&ixlib=py-1&v=3", "w=300"),
        ("w=abc&h=1.5&dpr=0&fit=foo&crop=&rect=1,2&fp-x=2", ""),
        ("width=300&height=200&f=crop", "w=300&h=200&fit=crop"),
        ("w=100&w=300", "w=300"),
        ("FIT=crop&w=3", "w=3"),
        ("w=300&h=200&fit=CROP", "w=300&h=200&fit=crop"),
        ("w=300&fp-x=1&fp-y=0&h=300&fit=crop", "w=300&h=300&fit=crop"),
        ("ar=1:1&w=300", "w=300"),
        ("ar=0:1&w=300&fit=crop", "w=300"),
        ("q=500&w=9", "q=100&w=9"),
        ("q=0&w=9", "q=1&w=9"),
        ("dpr=3", ""),
        ("auto=format&auto=compress", "auto=format,compress"),
        ("auto=true", "auto=format"),
        ("w64=MzAw", "w=300"),
        ("mark64=Vy5wbmc", "mark=W.png"),
        ("mark=%3A%3A%00", ""),
        ("txt=%00", ""),
        ("w=60&pad=30", "w=60"),
        ("trim=foo", ""),
        ("rect=0,0,0,5", ""),
        ("rect=-5,0,5,5", ""),
        ("fit=max&min-w=500", "fit=max"),
    ],
)
def test_what_has_no_effect(query: str, same: str) -> None:
    assert plan(query) == plan(same)


def test_services_differ() -> None:
    by_name = {name: ImgixDialect(service) for name, service in SERVICES.items()}
    assert plan("w=300", by_name["prismic"]) == plan("w=300")
    assert plan("w=300&rot=90&txt=x&blur=50", by_name["kontent"]) == plan("w=300")
    assert plan("w=300&txt=x&mark=y", by_name["sanity"]) == plan("w=300")
    assert plan("w=300&fm=png", by_name["gumlet"]) == plan("w=300&fit=max&fm=png")
    assert plan("rotate=90&fm=png", by_name["gumlet"]) == plan("rot=270&fm=png")
    assert plan("extract=0,0,9,9&sharpen=4&mode=crop&ar=1:1&enlarge=true&fm=png", by_name["gumlet"]) == plan(
        "rect=0,0,9,9&sharp=4&fit=crop&ar=1:1&fm=png"
    )
    assert plan("compress=true", by_name["gumlet"]) == plan("auto=compress")
    assert plan("w=30&h=30&fit=crop&fp-x=1", by_name["kontent"]) == plan("w=30&h=30&fit=crop&crop=focalpoint&fp-x=1")


def test_paths_and_urls() -> None:
    assert image("", path="/a%20b/c.jpg").source.text == "a b/c.jpg"
    proxied = image("", path="/https%3A%2F%2Fa.example%2Fb%20c.jpg").source
    assert (proxied.kind, proxied.text) == (SourceKind.HTTP, "https://a.example/b%20c.jpg")
    sanity = ImgixDialect(SERVICES["sanity"])
    assert image("", sanity, "/images/p/d/abc-10x20.png/name.png").source.text == "images/p/d/abc-10x20.png"
    assert image("", sanity, "/images/p/d/abc.png").source.text == "images/p/d/abc.png"


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/a.jpg", "txt64=!", InvalidParameter),
        ("/a.jpg", "txt64=AAAAA", InvalidParameter),
        ("/a.jpg", "fm=mp4", InvalidParameter),
        ("/a.jpg", "upscale=1&upscale-fallback=false", InvalidParameter),
        ("/a.jpg", "fit=fill&fill=gen&fill-gen-fallback=false", InvalidParameter),
        ("/../a.jpg", "", InvalidParameter),
        ("/%FF", "", MalformedRequest),
        (f"/{'a' * 20_000}", "", RequestTooLarge),
        ("/a.jpg", "x" * 70_000, RequestTooLarge),
    ],
)
def test_errors(path: str, query: str, error: type[BadRequest]) -> None:
    with pytest.raises(error):
        IMGIX.parse(path.encode(), query.encode())


def test_uploads_are_off() -> None:
    with pytest.raises(RouteNotFound):
        IMGIX.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize(
    ("path", "query", "signature"),
    [
        (b"/users/1.png", b"", b"6797c24146142d5b40bde3141fd3600c"),
        (b"/users/1.png", b"w=400&h=300", b"c7b86f666a832434dd38577e38cf86d1"),
        (b"/users/1.png", b"h=300&w=400", b"1a4e48641614d1109c6a7af51be23d18"),
        (b"/http%3A%2F%2Favatars.com%2Fjohn-smith.png", b"", b"493a52f008c91416351f8b33d4883135"),
        (b"/http%3A%2F%2Favatars.com%2Fjohn-smith.png", b"w=400&h=300", b"61ea1cc7add87653bb0695fe25f2b534"),
        (b"/L.jpg", b"w=300", b"bc074575949d39837d5a6cc7a5f2fbb0"),
    ],
)
def test_signatures(path: bytes, query: bytes, signature: bytes) -> None:
    signed = b"&".join(filter(None, (query, b"s=" + signature)))
    assert SIGNED.verify(path, signed, 0) is None
    assert SIGNED.sign(path, query) == f"{path.decode()}?{signed.decode()}"
    with pytest.raises(SignatureInvalid):
        SIGNED.verify(path + b"x", signed, 0)
    with pytest.raises(SignatureMissing):
        SIGNED.verify(path, query, 0)


def test_signatures_expire() -> None:
    path, _, query = SIGNED.sign(b"/a.jpg", b"w=3&expires=5", 1_000).partition("?")
    assert query.startswith("w=3&expires=1000&s=")
    assert SIGNED.verify(path.encode(), query.encode(), 999.0) == 1_000
    with pytest.raises(SignatureExpired):
        SIGNED.verify(path.encode(), query.encode(), 1_000.0)
    with pytest.raises(SignatureExpired):
        IMGIX.verify(b"/a.jpg", b"expires=5", 6.0)
    for unreadable in (
        b"expires=soon",
        b"expires=",
        b"expires=2100-13-01",
        b"expires=5&expires=x",
        b"%65xpires=x",
        b"expires64=eA",
    ):
        with pytest.raises(SignatureInvalid):
            IMGIX.verify(b"/a.jpg", unreadable, 6.0)
    assert IMGIX.verify(b"/a.jpg", b"expires64=MTAwMA", 6.0) == 1_000
    assert IMGIX.verify(b"/a.jpg", b"w=%33", 6.0) is None
    with pytest.raises(MalformedRequest):
        IMGIX.sign(b"/a.jpg", b"")


def test_a_signature_may_be_that_of_the_whole_path() -> None:
    mounted = ImgixDialect(SERVICES["imgix"], keys=keys_of([b"FOO123bar"]), mount="/img")
    path, _, query = mounted.sign(b"/a.jpg", b"").partition("?")
    assert path == "/img/a.jpg"
    assert mounted.verify(b"/a.jpg", query.encode(), 0) is None
    assert mounted.verify(b"/L.jpg", b"w=300&s=bc074575949d39837d5a6cc7a5f2fbb0", 0) is None


def test_times() -> None:
    assert timestamp("2020-01-01") == timestamp("2020-01-01T00:00:00Z") == timestamp("1577836800")
    assert timestamp("2020-01-01T01:00:00+01:00") == 1_577_836_800


def test_a_pixel_is_no_share() -> None:
    assert not rect("0,0,1,1").width.is_share
    assert rect("0,0,0.5,1").height.is_share


def test_hints() -> None:
    query = b"w=300&ch=Width,DPR,Save-Data&fm=jpg"
    said_nothing = IMGIX.parse(b"/a.jpg", query)
    assert isinstance(said_nothing, ImageRequest)
    assert said_nothing.hints == Hints(width=True, dpr=True, save_data=True)
    assert said_nothing.plan == plan("w=300&fm=jpg")
    for hinted, equal in (
        (HintValues(width=640, dpr=Fraction(2)), "w=640&fm=jpg"),
        (HintValues(dpr=Fraction(2)), "w=300&dpr=2&fm=jpg"),
        (HintValues(save_data=True), "w=300&fm=jpg&q=45"),
    ):
        outcome = IMGIX.parse_with_hints(b"/a.jpg", query, hinted)
        assert isinstance(outcome, ImageRequest)
        assert outcome.plan == plan(equal)


def test_facts() -> None:
    facts = {
        "width": 12,
        "height": 8,
        "format": "png",
        "frames": 1,
        "alpha": True,
        "bytes": 99,
        "colour_space": "b-w",
        "profile": "sRGB",
        "exif": {"Make": "X"},
        "iptc": {"Headline": ["Y"]},
        "palette": [{"colour": "#ff0000", "share": 0.75}, {"colour": "#808080", "share": 0.25}],
    }
    assert isinstance(IMGIX.parse(b"/a.jpg", b"fm=json"), FactsRequest)
    text = IMGIX.render_facts(facts, b"/a.jpg", b"fm=json").body
    assert '"PixelWidth":12' in text
    assert '"Content-Type":"image/png"' in text
    assert '"Exif":{"Make":"X"}' in text
    palette = IMGIX.render_facts(facts, b"/a.jpg", b"palette=json").body
    assert '"average_luminance":0.2849' in palette
    assert '"vibrant":{"red":1.0,"hex":"#ff0000"' in palette
    css = IMGIX.render_facts(facts, b"/a.jpg", b"palette=css&prefix=a%7Bb&colors=1")
    assert css.media_type == "text/css"
    assert ".image-bg-1 { background-color:#ff0000 !important; }" in css.body
    assert "-2 " not in css.body


def test_errors_are_texts() -> None:
    answer = IMGIX.error_answer(SourceNotFound("nö\n"), 404, b"/a.jpg", b"")
    assert isinstance(answer, Text)
    assert (answer.status, answer.headers) == (404, (("X-Imgix-Error", "n? "),))
    assert DIALECTS[2].error_answer(SourceNotFound(), 404, b"/a.jpg", b"") == Text("Image not found at the source", 404)


def test_default_parameters() -> None:
    dialect = ImgixDialect(SERVICES["imgix"], ImgixOptions(default_params={"auto": "format", "q": "20"}))
    assert plan("w=3", dialect) == plan("w=3&auto=format&q=20")
    assert plan("w=3&q=50", dialect) == plan("w=3&auto=format&q=50")
    with pytest.raises(ValueError, match="default_params: imgix has no parameter 'foo'"):
        parse_mounts('[{"dialect": "imgix", "host": "a.test", "options": {"default_params": {"foo": "1"}}}]')


def test_a_mark_has_no_mark() -> None:
    inner = plan("mark=" + "a.png%3Fw%3D30%26mark%3Db.png%26mask%3Dellipse").overlays[0]
    assert plan("w=30&mask=ellipse").shape == inner.prepare[0].shape  # type: ignore[union-attr]
    assert not inner.prepare[0].overlays  # type: ignore[union-attr]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_parameter_is_read_from_base64(row: object) -> None:
    name = row.option.names[-1]  # type: ignore[attr-defined]
    encoded = base64.urlsafe_b64encode(b"true").decode().rstrip("=")
    if name not in ("auto", "ch"):
        assert plan(f"{name}64={encoded}") == plan(f"{name}=true")


WORDS = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "300",
        "-5",
        "0.5",
        "9999999",
        "1e9",
        "true",
        "crop",
        "fill",
        "faces",
        "focalpoint,top",
        "ffff",
        "f00",
        "10,f00",
        "0,0,.5,9",
        "16:9",
        "blur",
        "a.png",
        "~text?txt=x",
    ]
)
QUERIES = st.lists(
    st.tuples(st.sampled_from([name for row in ROWS for name in row.option.names]), WORDS), max_size=12
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


@given(QUERIES, st.sampled_from(DIALECTS))
def test_any_values_make_a_plan_that_has_a_native_url(query: str, dialect: ImgixDialect) -> None:
    with suppress(BadRequest):
        outcome = dialect.parse(b"/a.jpg", query.encode())
        if isinstance(outcome, ImageRequest):
            assert canonical_json(outcome.plan)
            native_url(outcome)


@given(st.binary(max_size=100), st.binary(max_size=200), st.sampled_from(DIALECTS))
def test_any_bytes(path: bytes, query: bytes, dialect: ImgixDialect) -> None:
    with suppress(BadRequest):
        dialect.parse(b"/" + path, query)
    assert isinstance(dialect.error_answer(SourceNotFound(), 404, path, query), Text)
