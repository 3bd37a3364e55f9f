"""URLs of AWS Dynamic Image Transformation, in its three forms. What they mean follows from sharp's documentation."""

import hmac
import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from tests.compat.runner import Case, Service, has_alpha, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW
from tests.compat.test_thumbor import uniform

KEY = "0123456789abcdef"


def request(key: str, /, edits: dict[str, object] | None = None, **more: object) -> str:
    body = {"key": key} | ({"edits": edits} if edits else {}) | more
    return "/" + b64encode(json.dumps(body).encode()).decode()


def signed(target: str) -> str:
    path, _, query = target.partition("?")
    message = path + (f"?{'&'.join(sorted(query.split('&')))}" if query else "")
    signature = hmac.digest(KEY.encode(), message.encode(), "sha256").hex()
    return f"{target}{'&' if query else '?'}signature={signature}"


CASES = [
    Case("cover", request("L.jpg", {"resize": {"width": 300, "height": 300}}), format="jpeg", size=(300, 300)),
    Case("one side", request("L.jpg", {"resize": {"width": 300}}), size=(300, 200)),
    Case("enlarged", request("S.jpg", {"resize": {"width": 300, "height": 300, "fit": "inside"}}), size=(300, 240)),
    Case(
        "not enlarged",
        request("S.jpg", {"resize": {"width": 300, "height": 50, "withoutEnlargement": True}}),
        size=(100, 50),
    ),
    Case(
        "contain",
        request(
            "L.jpg",
            {"resize": {"width": 300, "height": 300, "fit": "contain", "background": {"r": 0, "g": 0, "b": 255}}},
        ),
        size=(300, 300),
        checks=[pixel(150, 10, BLUE)],
    ),
    Case(
        "by position",
        request("L.jpg", {"resize": {"width": 100, "height": 100, "position": "left"}}),
        checks=[pixel(70, 10, RED)],
    ),
    Case(
        "distorted",
        request("L.jpg", {"resize": {"width": 300, "height": 300, "fit": "fill"}}),
        checks=[pixel(140, 140, RED)],
    ),
    Case("flop", request("L.jpg", {"flop": True}), checks=[pixel(5, 5, GREEN)]),
    Case("flip and flop", request("L.jpg", {"flop": True, "flip": True}), checks=[pixel(5, 5, YELLOW)]),
    Case("turned", request("L.jpg", {"rotate": 90}), size=(800, 1200), checks=[pixel(5, 5, BLUE)]),
    Case("EXIF applied", request("E6.jpg", {"resize": {"width": 100}}), size=(100, 150)),
    Case("EXIF ignored", request("E6.jpg", {"rotate": None}), size=(300, 200)),
    Case(
        "extract",
        request("L.jpg", {"extract": {"left": 700, "top": 10, "width": 100, "height": 50}}),
        size=(100, 50),
        checks=[uniform(GREEN)],
    ),
    Case("grey", request("L.jpg", {"greyscale": True}), checks=[is_grey()]),
    Case("an edit that is off", request("L.jpg", {"greyscale": False}), checks=[pixel(5, 5, RED)]),
    Case("format", request("L.jpg", {"toFormat": "webp"}), format="webp"),
    Case("output format", request("L.jpg", outputFormat="avif"), format="avif"),
    Case("encoder", request("L.jpg", {"png": {}, "resize": {"width": 30}}), format="png"),
    Case("round", request("W.png", {"roundCrop": True}), checks=[has_alpha()]),
    Case(
        "flattened",
        request("A.png", {"flatten": {"background": {"r": 255, "g": 0, "b": 0}}}),
        checks=[has_alpha(expected=False)],
    ),
    Case(
        "overlay",
        request(
            "L.jpg",
            {
                "resize": {"width": 400, "height": 400},
                "overlayWith": {"key": "W.png", "alpha": "0", "options": {"left": "10", "top": "-10"}},
            },
        ),
        checks=[pixel(20, 300, RED), pixel(205, 385, YELLOW)],
    ),
    Case(
        "all effects",
        request(
            "S.jpg",
            {
                "blur": 2,
                "sharpen": True,
                "normalize": True,
                "negate": True,
                "tint": "red",
                "gamma": 2.2,
                "median": 3,
                "modulate": {"hue": 90},
                "trim": False,
            },
        ),
        size=(100, 80),
    ),
    Case("no edit", request("L.jpg", {"nope": 1}), status=400, format="json", body='"code": "UnknownParameter"'),
    Case("a bad edit", request("L.jpg", {"resize": {"width": "wide"}}), status=400, body="resize"),
    Case("no size", request("L.jpg", {"resize": 7}), status=400),
    Case("no key", "/" + urlsafe_b64encode(b'{"edits": {}}').decode(), status=400),
    Case("a bucket that is not allowed", request("L.jpg", bucket="elsewhere"), status=403),
    Case("thumbor's options", "/fit-in/300x300/filters:grayscale()/L.jpg", size=(300, 200), checks=[is_grey()]),
    Case("thumbor's options, unsafe", "/unsafe/300x200/L.jpg", size=(300, 200)),
    Case("fit-in enlarges", "/fit-in/300x300/S.jpg", size=(300, 240)),
    Case("a query", "/L.jpg?width=300&height=300&fit=inside&format=webp", size=(300, 200), format="webp"),
    Case("a query turns", "/L.jpg?rotate=90&flop=true", size=(800, 1200)),
    Case("a key alone", "/L.jpg", size=(1200, 800)),
    Case("a key like JSON", "/eye.jpg", status=404),
    Case("missing", request("nope.jpg"), status=404, format="json"),
    Case("signed", signed("/fit-in/300x300/L.jpg"), size=(300, 200), mount="aws-signed"),
    Case("signed with a query", signed("/L.jpg?width=300&fit=inside"), size=(300, 200), mount="aws-signed"),
    Case("not signed", "/fit-in/300x300/L.jpg", status=403, mount="aws-signed"),
    Case("wrongly signed", signed("/fit-in/300x300/L.jpg") + "0", status=403, mount="aws-signed"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("aws", case)
