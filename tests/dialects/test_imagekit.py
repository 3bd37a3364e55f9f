"""ImageKit: the grammar of chains, equal plans of equal images, layers, signatures and refusals."""

import json
from typing import Any

import pytest

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.imagekit.dialect import ImageKitDialect, ImageKitOptions
from pixmill.dialects.kit.signatures import keys_of
from pixmill.dialects.port import Text
from pixmill.errors import (
    Forbidden,
    InvalidParameter,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SourceNotFound,
)
from pixmill.plan.gravity import Faces, Smart
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.ops import Crop, CropUnit, Fit, ImageOverlay, Plan
from pixmill.plan.overlays import Blend, Length, TextOverlay
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import Fill

DIALECT = ImageKitDialect(ImageKitOptions({"thumb": "w-150,h-150", "two": "w-150:rt-90"}))
SIGNED = ImageKitDialect(ImageKitOptions(), keys_of((b"dummy-key", b"old-key")))


def image(path: bytes, query: bytes = b"", dialect: ImageKitDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(chain: str) -> Plan:
    return image(b"/a.jpg", b"tr=" + chain.encode()).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("w-300,h-200", "h-200,w-300"),
        ("w-300,h-200", "w-1,w-300,h-200"),
        ("w-300,e-grayscale", "w-300:e-grayscale"),
        ("w-300,h-200", "w-300,ar-3-2"),
        ("w-300,h-200,dpr-2", "w-600,h-400"),
        ("w-300,rt-360", "w-300"),
        ("w-300,rt-N90", "w-300,rt-270"),
        ("w-0.5", "w-iw_div_2"),
        ("w-0.5", "w-cw_mul_0.5"),
        ("n-thumb", "w-150,h-150"),
        ("n-two", "w-150:rt-90"),
        ("w-300,fl-h", "w-300:fl-h"),
        ("w-300,unknown-3,,:", "w-300"),
    ],
)
def test_equal_images_have_equal_plans(one: str, other: str) -> None:
    assert plan(one) == plan(other)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (b"/tr:w-300/a/b.jpg", "a/b.jpg"),
        (b"/tr%3Aw-300/a/b.jpg", "a/b.jpg"),
        (b"/a/tr:w-300/b.jpg", "a/b.jpg"),
        (b"/a%20b.jpg", "a b.jpg"),
        (b"/ik-seo/tr:w-300/a/b/name.jpg", "a/b.jpg"),
        (b"/tr:w-300/https://example.com/a.jpg", "https://example.com/a.jpg"),
        (b"/https%3A%2F%2Fexample.com%2Fa.jpg", "https://example.com/a.jpg"),
    ],
)
def test_paths(path: bytes, source: str) -> None:
    assert image(path).source.text == source


def test_order_of_steps_and_within_them() -> None:
    turned = plan("w-400,h-300,rt-90")
    assert (turned.resize.width, turned.rotate) == (400, 0)
    assert turned.stages[0].rotate == 90
    assert plan("rt-90:w-400,h-300").rotate == 90
    padded = plan("w-300,h-200,cm-pad_resize,r-20")
    assert (padded.resize.fit, padded.stages[0].shape.corner_radii is not None) == (Fit.CONTAIN, True)


def test_what_is_kept() -> None:
    assert plan("w-30,h-20,fo-face,z-2").resize.gravity == Faces(zoom=2.0)
    assert plan("w-30,h-20,fo-bicycle").resize.gravity == plan("w-30,h-20,fo-auto").resize.gravity == Smart()
    assert plan("w-0.5,h-20,cm-extract,x-0.1,y-5").crop == Crop(10, 5, 50, 20, CropUnit.PERCENT_PIXELS)
    assert plan("w-300,h-200,cm-pad_resize,bg-blurred_10_20").extend.fill is Fill.BLUR


def test_layers() -> None:
    chain = "w-300,l-image,i-x@@y.png,w-bw_div_4,l-text,i-Hi%20%3C,fs-20,tg-b,l-end,lfo-top,lm-cutout,l-end,l-text,ie-SGk%3D,al-5,l-end"
    first, second = plan(chain).overlays
    assert isinstance(first, ImageOverlay)
    assert isinstance(second, TextOverlay)
    assert (first.source.text, first.width) == ("x/y.png", Length(25.0, percent=True))
    assert (first.placement.y, first.placement.blend) == (0.0, Blend.ERASE)
    nested = first.stages[0].overlays[0]
    assert isinstance(nested, TextOverlay)
    assert nested.markup == "<b>Hi &lt;</b>"
    assert (second.markup, second.placement.opacity) == ("Hi", 50.0)


def test_the_place_of_a_layer_may_stand_in_any_of_its_steps() -> None:
    assert plan("l-image,i-x.png,w-20:rt-90,lfo-top,l-end") == plan("l-image,i-x.png,w-20,lfo-top:rt-90,l-end")


def test_centres_of_layers() -> None:
    (overlay,) = plan("l-image,i-x.png,w-100,h-50,lxc-200,lyc-bh_mul_0.25,l-end").overlays
    assert overlay.placement.offset_x == Length(150.0)
    assert overlay.placement.offset_y == Length(-25.0, percent=True)


@pytest.mark.parametrize(
    "chain",
    [
        *(
            "w-0",
            "w--3",
            "w-abc",
            "h-iw",
            "w-iw_sub_3",
            "w-bw",
            "ar-0-0,w-3",
            "c-x",
            "q-0",
            "q-101",
            "dpr-0",
            "dpr-5.1",
            "f-bmp",
            "e-usm-1",
        ),
        *("l-image,l-end", "l-image,i-a", "l-end", "l-video,i-a,l-end", "l-image,i-a,lap-top,l-end", "if-ar_gt_1"),
        *("e-bgremove", "n-none", "l-image,i-a.png,lxc-20,l-end", "w-3,h-3,cm-extract,xc-1,yc-1", "r-1_2"),
        *(":".join(["rt-90"] * 10), ",".join(["q-1"] * 600), "l-text,i-a," * 5 + "l-end," * 5, "bg-12345", "b-1_x"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(chain: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(chain)
    answer = DIALECT.error_answer(caught.value, 400, b"/a.jpg", b"")
    assert isinstance(answer, Text)
    assert answer.status == 400


def test_what_is_not_supported_may_be_ignored() -> None:
    lenient = ImageKitDialect(ImageKitOptions(ignore_unsupported=True))
    assert image(b"/a.jpg", b"tr=w-3,e-bgremove,if-x", lenient) == image(b"/a.jpg", b"tr=w-3")


def test_what_a_client_decides() -> None:
    query = b"tr=w-auto,dpr-auto"
    request = image(b"/a.jpg", query)
    assert request.hints == Hints(width=True, dpr=True)
    assert request.plan == image(b"/a.jpg").plan
    hinted = DIALECT.parse_with_hints(b"/a.jpg", query, HintValues(width=320))
    assert isinstance(hinted, ImageRequest)
    assert hinted.plan == image(b"/a.jpg", b"tr=w-320").plan


VECTORS = [
    (b"/sdk-testing-files/future-search.png", b"", "32dbbbfc5f945c0403c71b54c38e76896ef2d6b0"),
    (b"/sdk-testing-files/future-search.png", b"version=1.0&cache=false", "f2e5a1b8b6a0b03fd63789dfc6413a94acef9fd8"),
    (
        b"/sdk-testing-files/future-search.png",
        b"version=2.0&tr=w-300,h-200",
        "601d97a7834b7554f4dabf0d3fc3a219ceeb6b31",
    ),
    (
        b"/tr:w-300,h-200/sdk-testing-files/future-search.png",
        b"version=2.0",
        "dd1ee8f83d019bc59fd57a5fc4674a11eb8a3496",
    ),
    (
        b"/sdk-testing-files/%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80.png",
        b"",
        "3fff2f31da1f45e007adcdbe95f88c8c330e743c",
    ),
]


@pytest.mark.parametrize(("path", "query", "signature"), VECTORS)
def test_signatures_of_the_libraries(path: bytes, query: bytes, signature: str) -> None:
    signed = b"&".join(filter(None, (query, b"ik-s=" + signature.encode())))
    assert SIGNED.verify(path, signed, 0) is None
    assert SIGNED.sign(path, query).endswith(signature)
    for bad in (query, signed + b"0", b"a=1&" + signed):
        with pytest.raises((SignatureMissing, SignatureInvalid)):
            SIGNED.verify(path, bad, 0)


def test_signatures_expire() -> None:
    at = 1_700_000_000
    path, _, query = SIGNED.sign(b"/a.jpg", b"tr=w-305", at).partition("?")
    assert SIGNED.verify(path.encode(), query.encode(), at - 1) == at
    with pytest.raises(SignatureExpired) as caught:
        SIGNED.verify(path.encode(), query.encode(), at)
    answer = SIGNED.error_answer(caught.value, 403, b"", b"")
    assert isinstance(answer, Text)
    assert answer.status == 401
    with pytest.raises(Forbidden):
        SIGNED.verify(path.encode(), query.encode().replace(b"ik-t=17", b"ik-t=18"), at - 1)
    moved = query.encode().replace(b"tr=w-305", b"tr=w-30").replace(b"ik-t=", b"ik-t=5")
    with pytest.raises(Forbidden):
        SIGNED.verify(path.encode(), moved, at)


def test_other_errors_keep_their_status() -> None:
    assert DIALECT.error_answer(SourceNotFound(), 404, b"", b"") == Text(SourceNotFound().message, 404)
    with pytest.raises(RouteNotFound):
        DIALECT.parse(b"/a.jpg", b"", upload=True)


@pytest.mark.parametrize(
    "options", [{"named": {"a": "n-b"}}, {"named": {"a": "w-x"}}, {"named": {"?": "w-1"}}, {"quality": 0}, {"x": 1}]
)
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "imagekit", "host": "a", "options": options}]))


def test_an_empty_default_image_is_none() -> None:
    assert image(b"/a.jpg", b"tr=di-").fallback is None
