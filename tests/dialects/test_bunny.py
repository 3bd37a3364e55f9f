"""Bunny's Optimizer: equal plans of equal images, refusals that give the original, tokens."""

import json
from typing import Any

import pytest

from pixmill.dialects.bunny.dialect import BunnyDialect, BunnyOptions
from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.kit.signatures import keys_of
from pixmill.errors import Forbidden, SignatureExpired
from pixmill.plan.gravity import Faces, FocalPixels, PixelRegion
from pixmill.plan.ops import CropWindow, Plan
from pixmill.plan.request import ImageRequest

DIALECT = BunnyDialect(BunnyOptions({"thumb": "width=150"}))
ZONE = BunnyDialect(BunnyOptions(), keys_of((b"other", b"SecurityKey")))
EXPIRES = 1598024587


def image(query: bytes, dialect: BunnyDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse(b"/a/b%20c.jpg", query)
    assert isinstance(outcome, ImageRequest)
    return outcome


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"width=300&height=200", b"height=200&width=300"),
        (b"width=1&width=300", b"width=300"),
        (b"class=thumb", b"width=150"),
        (b"class=thumb&width=20", b"width=150"),
        (b"rotate=-90", b"rotate=270"),
        (b"hue=100&brightness=0&blur=0&flip=false", b""),
        (b"auto_optimize=high&foo=%ff", b""),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert image(one) == image(other)
    assert image(one).source.text == "a/b c.jpg"


def test_crops() -> None:
    around = FocalPixels((PixelRegion(400, 300),))
    assert image(b"focus_crop=30,20,400,300").plan.crop == CropWindow(30, 20, around)
    assert image(b"face_crop=30,20").plan.crop == CropWindow(30, 20, Faces())
    assert image(b"face_crop=true&crop=30,20").plan.crop == CropWindow(30, 20, Faces())
    both = image(b"crop=300,200,10,10&aspect_ratio=1:1&width=50&rotate=90").plan
    assert (len(both.stages), both.stages[0].resize.width, both.stages[1].rotate) == (2, 50, 90)


@pytest.mark.parametrize(
    "query",
    [
        *(b"width=abc", b"width=0", b"crop=1", b"crop=1,2,3", b"crop=0,2", b"focus_crop=1,2,3", b"focus_crop=0,2,3,4"),
        *(
            b"rotate=45",
            b"aspect_ratio=0:1",
            b"aspect_ratio=x",
            b"format=tiff",
            b"hue=x",
            b"tint=red%20",
            b"class=none",
        ),
        *(b"face_crop=x", b"crop_gravity=up", b"rotate=90&flip=1", b"width=" + b"9" * 99),
    ],
)
def test_what_is_not_valid_gives_the_original(query: bytes) -> None:
    request = image(query)
    assert request.plan == Plan(output=request.plan.output)
    assert request.plan.output.source_format
    assert dict(request.headers)["X-BO-Processing-Error"].startswith("301 ")


VECTORS = [
    ("token=HS256-o10JRWlsAItyAsdKS6jJKjabHN4FrFsplDHPV1idcX4", ""),
    ("token=HS256-1lwWBD_c1IAGSj1UKPoxreu8ePDQ-Z9FoWLcRn_RRH0&token_ignore_params=true", "&width=300"),
    ("token=HS256-DAVapqNNED3Z7JkjRTYX0UOIHNtbHEuuhRNEc4A7mMQ&limit=1000", ""),
    ("token=HS256-q6oRQr-5ccQ-piO1HSEQu1DVMy9UMppRxGlIQwoeM5Y&v=123", ""),
    ("token=Ao9wBEuhqk4V_zyPZgkzkA", ""),
]


@pytest.mark.parametrize(("token", "rest"), VECTORS)
def test_tokens_of_the_service(token: str, rest: str) -> None:
    query = f"{token}&expires={EXPIRES}{rest}".encode()
    assert ZONE.verify(b"/300kb.jpg", query, EXPIRES - 1) == EXPIRES
    in_path = f"/bcdn_{token}&expires={EXPIRES}/300kb.jpg".encode()
    assert ZONE.verify(in_path, rest.encode(), EXPIRES - 1) == EXPIRES
    assert ZONE.parse(in_path, b"") == ZONE.parse(b"/300kb.jpg", b"")
    with pytest.raises(SignatureExpired):
        ZONE.verify(b"/300kb.jpg", query, EXPIRES)
    for path, bad in (
        (b"/301kb.jpg", query),
        (b"/300kb.jpg", query.replace(b"1598024587", b"1598024588")),
        (b"/300kb.jpg", query.replace(b"token=", b"t=")),
        (b"/300kb.jpg", query.replace(b"token=", b"token=x")),
    ):
        with pytest.raises(Forbidden):
            ZONE.verify(path, bad, 0)


def test_tokens_of_a_directory() -> None:
    token = f"token=HS256-uVZvT3SbEoVKYJyDJgbcsDmSFf73cv-uNUVaJiKWpbQ&token_path=%2Fabc&expires={EXPIRES}".encode()
    assert ZONE.verify(b"/abc/x.jpg", token, 0) == EXPIRES
    for path in (b"/x.jpg", b"/abc/../x.jpg", b"/abc/%2e%2e/x.jpg", b"/ab/x.jpg"):
        with pytest.raises(Forbidden):
            ZONE.verify(path, token, 0)


@pytest.mark.parametrize(
    "token",
    [
        "token=HS256-1-L2rISTLcujMY9UFf2tbZ41d5i-Bme1g1oTK_Z2QMLJk",
        "token=HS256-i5s3Uv7mnrFfN5nznwU2BxhILpnipYeE18TapV0WNFM&token_countries=CA,US",
    ],
)
def test_tokens_that_are_bound_to_clients_are_refused(token: str) -> None:
    with pytest.raises(Forbidden):
        ZONE.verify(b"/300kb.jpg", f"{token}&expires={EXPIRES}".encode(), 0)


def test_signing() -> None:
    path, _, query = ZONE.sign(b"/a.jpg", b"width=3", EXPIRES).partition("?")
    assert ZONE.verify(path.encode(), query.encode(), EXPIRES - 1) == EXPIRES
    with pytest.raises(Forbidden):
        ZONE.verify(path.encode(), query.encode().replace(b"width=3", b"width=4"), EXPIRES - 1)


def test_what_is_signed_is_what_is_read() -> None:
    """Neither in the path, nor with escapes, nor by digits that move between expiry and path."""
    path, _, query = ZONE.sign(b"/a.jpg", b"blur=50&width=300", EXPIRES).partition("?")
    token = next(piece for piece in query.split("&") if piece.startswith("token="))
    for other_path, other_query in (
        (f"/bcdn_{token}&expires={EXPIRES}&blur=50&width=300/a.jpg", ""),
        (f"/bcdn_{token}&expires={EXPIRES}&blur=50&width=300/a.jpg", "width=9000&blur=0"),
        (f"/bcdn_{token}&expires={EXPIRES}/a.jpg", f"expires={EXPIRES}&blur=50&width=300"),
        (path, f"blur%3D50%26width=300&{token}&expires={EXPIRES}"),
        (path, f"blur=50%26width%3D300&{token}&expires={EXPIRES}"),
    ):
        with pytest.raises(Forbidden):
            ZONE.verify(other_path.encode(), other_query.encode(), EXPIRES - 1)
    _, _, query = ZONE.sign(b"/photo12", b"", EXPIRES).partition("?")
    token = next(piece for piece in query.split("&") if piece.startswith("token="))
    assert ZONE.verify(b"/photo12", query.encode(), EXPIRES - 1) == EXPIRES
    for moved in (
        f"{token}&expires=2{EXPIRES}",
        f"{token}&expires=2{EXPIRES // 10}&{EXPIRES % 10}=",
        f"{token}&expires=2",
    ):
        with pytest.raises(Forbidden):
            ZONE.verify(b"/photo1", moved.encode(), 0)


def test_other_parameters_than_classes_may_be_forbidden() -> None:
    forced = BunnyDialect(BunnyOptions({"thumb": "width=150"}, force_classes=True))
    assert image(b"class=thumb", forced) == image(b"class=thumb")
    assert image(b"", forced).plan.resize.width == 0
    for query in (b"width=3", b"class=none"):
        with pytest.raises(Forbidden):
            image(query, forced)


@pytest.mark.parametrize("options", [{"classes": {"a": "width=x"}}, {"quality": 0}, {"x": 1}])
def test_options_that_are_not_valid_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        parse_mounts(json.dumps([{"dialect": "bunny", "host": "a", "options": options}]))
